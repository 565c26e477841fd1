"""The example workbook of a company, end to end: imported into an empty base, billed and published.

Expected sums are written as arithmetic over what stands in the workbook and in the tariffs of October 2026,
and are computed with exact fractions here, not by the engine.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import text

from actors.local import run_until_idle
from billing.services import Service
from storage import ledger
from storage.engine import Database
from storage.importer import run_import
from storage.robots import robots
from storage.run_orders import obey
from storage.run_result import RunResult, run_result
from storage.runs import PUBLISH, START, approve_publication, request_publication, request_run
from storage.seed.city import seed_reference
from tests.importer.workbooks import COMPANY, EXAMPLE, OCTOBER, TODAY
from tests.support.services import TestDatabase

S = Service
COLD, HOT, SEWAGE, HEAT, LIGHT, GAS, WASTE, UPKEEP, REPAIR = (
    "38.99", "38.99", "30.85", "2666.13", "6.68", "9.85", "767.43", "32.60", "14.13",
)  # fmt: skip
LIGHT_ELECTRIC, DAY, NIGHT, HALF_PEAK = "4.68", "7.48", "4.11", "6.68"
TO_HEAT = "0.0583"  # Gcal to heat a cubic metre
GUEST = "20 / 31"  # 6 … 25 October

Lines = dict[tuple[int, int], tuple[int, int]]


def kopecks(*terms: str) -> int:
    """Roubles written as arithmetic → kopecks; every term is a line of its own, rounded half up."""
    total = 0
    for term in terms:
        exact = Fraction(eval(re.sub(r"\d+(?:\.\d+)?", r"F('\g<0>')", term), {"F": Fraction}))
        total += (exact * 200 + 1).numerator // (2 * (exact * 200 + 1).denominator)
    return total


def charged(**of: tuple[int, int] | int) -> Lines:
    """Expected (charge, surcharge) by service name."""
    return {
        (int(Service[name.upper().removesuffix("_HEAT_PART")]), 2 if name.endswith("_heat_part") else part): (
            value if isinstance(value, tuple) else (value, 0)
        )
        for name, value in of.items()
        for part in [1 if name.endswith("hot_water") else 0]
    }


def common(area: str, total: str, halls: str, light: str) -> dict[str, int]:
    """Common needs by norm of an account."""
    share = f"{area} / {total} * {halls}"
    return {
        "common_hot_water": kopecks(f"{share} * 0.0191 * {HOT}"),
        "common_hot_water_heat_part": kopecks(f"{share} * 0.0191 * {TO_HEAT} * {HEAT}"),
        "common_sewerage": kopecks(f"{share} * 0.0407 * {SEWAGE}"),
        "common_electricity": kopecks(f"{share} * 1.84 * {light}"),
    }


@pytest.fixture(scope="module")
def published(database: TestDatabase) -> tuple[RunResult, dict[str, Any]]:
    """The base of this module with the workbook loaded and October published."""
    return asyncio.run(_publish(database.url))


async def _publish(url: str) -> tuple[RunResult, dict[str, Any]]:
    await seed_reference(url, 1, OCTOBER)
    report = await run_import(url, EXAMPLE, organisation_id=COMPANY, today=TODAY)
    base = Database(url, pool_max=2)
    async with base.transaction() as session:
        asker, agreer = await robots(session)
        run_id = await request_run(session, OCTOBER, "city", None, asker)
        await obey(session, START, {"run_id": run_id})
    await run_until_idle(url)
    async with base.transaction() as session:
        await request_publication(session, run_id, asker)
        await approve_publication(session, run_id, agreer)
        await obey(session, PUBLISH, {"run_id": run_id})
    async with base.reading() as session:
        result = await run_result(session, run_id)
    await base.close()
    return result, report


@pytest.fixture
async def billed(
    database: TestDatabase, published: tuple[RunResult, dict[str, Any]]
) -> AsyncIterator[tuple[Database, RunResult, dict[str, Any]]]:
    base = Database(database.url, pool_max=2)
    yield base, *published
    await base.close()


Billed = tuple[Database, RunResult, dict[str, Any]]


async def lines(billed: Billed, number: str) -> Lines:
    """(charge, surcharge) of an account by service and component."""
    base, result, _ = billed
    async with base.reading() as session:
        rows = await session.execute(
            text(
                "SELECT l.service, CASE l.service WHEN 5 THEN 0 ELSE l.component END AS part, "
                "sum(l.amount_kopecks)::bigint AS amount, sum(l.surcharge_kopecks)::bigint AS surcharge "
                "FROM lines l JOIN accounts a ON a.id = l.account_id "
                "WHERE l.run_id = :run AND a.number = :number GROUP BY 1, 2"
            ),
            {"run": result.run_id, "number": number},
        )
        return {(row.service, row.part): (row.amount, row.surcharge) for row in rows}


async def number_of(billed: Billed, sql: str) -> str:
    """A sum read from the base, as text for the arithmetic."""
    async with billed[0].reading() as session:
        return str(await session.scalar(text(sql), {"run": billed[1].run_id} if ":run" in sql else {}))


def workbook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_workbook", EXAMPLE.with_name("make_workbook.py"))
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_committed_workbook_is_what_its_maker_writes() -> None:
    assert workbook().content() == Path(EXAMPLE).read_bytes()


async def test_every_row_is_loaded_and_everybody_is_billed(billed: Billed) -> None:
    _, result, report = billed

    assert (report["state"], report["verdicts"]) == ("imported", [])
    assert {name: counts["added"] for name, counts in report["sheets"].items()} == {
        name: counts["rows"] for name, counts in report["sheets"].items()
    }
    assert (result.state, result.accounts, result.parked) == ("published", 124, 0)


async def test_meters_of_a_flat_without_a_house_heat_meter(billed: Billed) -> None:
    assert await lines(billed, "500010") == charged(
        cold_water=kopecks(f"5.055 * {COLD}"),
        hot_water=kopecks(f"3.027 * {HOT}"),
        hot_water_heat_part=kopecks(f"3.027 * {TO_HEAT} * {HEAT}"),
        sewerage=kopecks(f"(5.055 + 3.027) * {SEWAGE}"),
        heating=kopecks(f"46.2 * 0.0237 * {HEAT}"),
        electricity=kopecks(f"168 * {LIGHT}"),
        gas=kopecks(f"13.255 * {GAS}"),
        waste=kopecks(f"2 * 2.28 / 12 * {WASTE}"),
        upkeep=kopecks(f"46.2 * {UPKEEP}"),
        capital_repair=kopecks(f"46.2 * {REPAIR}"),
        common_cold_water=kopecks(f"46.2 / 3052 * 352.6 * 0.0216 * {COLD}"),
        **common("46.2", "3052", "352.6", LIGHT),
    )


async def test_three_people_and_a_guest_without_meters_pay_norms_with_the_coefficient(billed: Billed) -> None:
    cold = kopecks(f"3 * 4.33 * {COLD}", f"4.33 * {GUEST} * {COLD}")
    cold_more = kopecks(f"3 * 4.33 * {COLD} * 2", f"4.33 * {GUEST} * {COLD} * 2")  # K = 3
    hot = kopecks(f"3 * 3.17 * {HOT}", f"3.17 * {GUEST} * {HOT}")
    hot_more = kopecks(f"3 * 3.17 * {HOT} / 2", f"3.17 * {GUEST} * {HOT} / 2")  # K = 1.5
    light = kopecks(f"3 * 57 * {LIGHT}", f"57 * {GUEST} * {LIGHT}")
    light_more = kopecks(f"3 * 57 * {LIGHT} / 2", f"57 * {GUEST} * {LIGHT} / 2")

    assert await lines(billed, "500020") == charged(
        cold_water=(cold, cold_more),
        hot_water=(hot, hot_more),
        hot_water_heat_part=kopecks(f"3 * 3.17 * {TO_HEAT} * {HEAT}", f"3.17 * {GUEST} * {TO_HEAT} * {HEAT}"),
        sewerage=kopecks(f"3 * 7.5 * {SEWAGE}", f"7.5 * {GUEST} * {SEWAGE}"),
        heating=kopecks(f"31.4 * 0.0237 * {HEAT}"),
        electricity=(light, light_more),
        gas=kopecks(f"3 * 10.2 * {GAS}", f"10.2 * {GUEST} * {GAS}"),
        waste=kopecks(f"3 * 2.28 / 12 * {WASTE}", f"2.28 / 12 * {GUEST} * {WASTE}"),
        upkeep=kopecks(f"31.4 * {UPKEEP}"),
        capital_repair=kopecks(f"31.4 * {REPAIR}"),
        common_cold_water=kopecks(f"31.4 / 3052 * 352.6 * 0.0216 * {COLD}"),
        **common("31.4", "3052", "352.6", LIGHT),
    )


async def test_silent_october_is_billed_by_the_average_of_six_months(billed: Billed) -> None:
    found = await lines(billed, "500040")

    # April's 193.920 are spread over the 48 months since the installation, then five months are read
    average = await number_of(
        billed,
        "SELECT window1_micro FROM readings r JOIN meters m ON m.id = r.meter_id "
        "WHERE m.serial = 'В-500040' AND r.period = '2026-09-01'",
    )
    assert found[S.COLD_WATER, 0] == (kopecks(f"{average} / 1000000 / 6 * {COLD}"), 0)
    assert average == "28175000"  # 193,920 / 48 + 4,901 + 4,954 + 5,007 + 5,060 + 4,213


async def test_house_heat_and_cold_water_meters_share_what_is_left(billed: Billed) -> None:
    used = await number_of(
        billed,
        "SELECT sum(l.volume_num::numeric / l.volume_den)::text FROM lines l "
        "JOIN accounts a ON a.id = l.account_id JOIN houses h ON h.id = a.house_id "
        "WHERE l.run_id = :run AND l.service = 1 AND h.number = '7'",
    )
    assert await lines(billed, "700010") == charged(
        cold_water=kopecks(f"4.355 * {COLD}"),
        hot_water=kopecks(f"2.677 * {HOT}"),
        hot_water_heat_part=kopecks(f"2.677 * {TO_HEAT} * {HEAT}"),
        sewerage=kopecks(f"(4.355 + 2.677) * {SEWAGE}"),
        heating=kopecks(f"52.6 * 46.2 / 2240 * {HEAT}"),
        electricity=kopecks(f"45.22 * {DAY}", f"39.9 * {NIGHT}", f"47.88 * {HALF_PEAK}"),
        gas=kopecks(f"12.555 * {GAS}"),
        waste=kopecks(f"46.2 * 0.098 / 12 * {WASTE}"),
        upkeep=kopecks(f"46.2 * {UPKEEP}"),
        capital_repair=kopecks(f"46.2 * {REPAIR}"),
        common_cold_water=kopecks(f"(318 - {used} / 1000000) * 46.2 / 2240 * {COLD}"),
        **common("46.2", "2240", "268.4", LIGHT),
    )


async def test_heat_meters_in_every_flat_of_an_electric_house(billed: Billed) -> None:
    flats = await number_of(
        billed,
        # b of such a line is the flat's own volume
        "SELECT sum(l.b)::text FROM lines l JOIN accounts a ON a.id = l.account_id "
        "JOIN houses h ON h.id = a.house_id WHERE l.run_id = :run AND l.service = 4 AND h.number = '1А'",
    )
    found = await lines(billed, "900010")

    own = "0.638"
    assert found[S.HEATING, 0] == (
        kopecks(f"({own} + 57.8 / 1452.5 * (27.9 - {flats} / 1000000)) * {HEAT}"),
        0,
    )
    assert found[S.ELECTRICITY, 0] == (kopecks(f"191 * {LIGHT_ELECTRIC}"), 0)
    assert (S.CAPITAL_REPAIR, 0) not in found  # the house is too new
    assert (S.GAS, 0) not in found


async def test_shop_pays_non_residential_prices_and_nothing_of_its_direct_contracts(billed: Billed) -> None:
    used = await number_of(
        billed,
        "SELECT (r.value1_micro - r.prev1_micro)::text FROM readings r JOIN meters m ON m.id = r.meter_id "
        "WHERE m.serial = 'В-909010' AND r.period = '2026-10-01'",
    )
    found = await lines(billed, "909010")

    assert found[S.COLD_WATER, 0] == (kopecks(f"{used} / 1000000 * 46.79"), 0)
    assert found[S.UPKEEP, 0] == (kopecks(f"118.5 * {UPKEEP}"), 0)
    assert not {S.ELECTRICITY, S.WASTE} & {service for service, _ in found}


async def test_books_agree_and_a_balance_is_what_was_brought_and_charged(billed: Billed) -> None:
    base, _, _ = billed

    proof = await ledger.check(base.url)
    async with base.reading() as session:
        account = await session.scalar(text("SELECT id FROM accounts WHERE number = '500020'"))
        balance = await ledger.balance(session, int(account or 0))

    assert proof["ok"], proof["found"]
    assert balance.posted_kopecks == 188_740  # 1850,40 + 37
    assert balance.charged_kopecks == sum(sum(pair) for pair in (await lines(billed, "500020")).values())
    assert balance.amount_kopecks == balance.posted_kopecks + balance.charged_kopecks
