"""What a block knows of the past of heat meters, and of readings taken on the day a tariff changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Any

import asyncpg
import pytest

from billing.accrue import accrue
from billing.basis import Basis
from billing.block import Block
from billing.heat_past import YearKnown
from billing.lines import Lines
from billing.parked import Parked, Reason
from billing.period import Period
from storage.block_values import read_values
from storage.blocks import read_block
from tests.storage import small_city
from tests.support.services import TestDatabase

PERIOD = Period.parse("2026-10")
HEAT, MICRO = 4, 1_000_000
OF_HOUSE = {1: 900, 2: 901, 3: 902}
HEATED = """
INSERT INTO house_services (house_id, company_id, service, supplier_id, method, valid_from)
SELECT id, company_id, 4, 4, 'law', '2020-01-01' FROM houses;
INSERT INTO tariffs (service, component, rate, document, valid_from) VALUES (4, 0, 24801500, 'Приказ',
'2020-01-01');
INSERT INTO norms (service, kind, value_micro, document, valid_from) VALUES (4, 'area', 23700, 'Приказ',
'2020-01-01');
INSERT INTO coefficients (key, value_permille, document, valid_from)
VALUES ('heating_months', 7000, 'Приказ', '2020-01-01');
INSERT INTO meters (id, house_id, account_id, company_id, kind, service, serial, installed_on)
SELECT 899 + id, id, NULL, company_id, 'house', 4, 'ТЕПЛО-' || id, '2020-01-01' FROM houses;
"""
READING = """
INSERT INTO readings (period, meter_id, house_id, account_id, company_id, taken_on, value1_micro, source,
prev_period,
                      prev1_micro, window_months, window1_micro)
SELECT $2::date, id, house_id, account_id, company_id, $2::date + 24, $3, 'company', $4::date, $5, $6, $7
  FROM meters WHERE id = $1
"""


@pytest.fixture
async def connection(fresh_database: TestDatabase) -> AsyncIterator[Any]:
    await small_city.build(fresh_database.url, houses=3, flats=10)
    opened = await asyncpg.connect(fresh_database.url)
    await opened.execute(HEATED)
    for month in range(24):
        await opened.execute("SELECT ensure_reading_partition($1)", PERIOD.shift(-month).first_day)
    yield opened
    await opened.close()


async def read(connection: Any, meter: int, months: dict[str, int], before: tuple[str, int] | None) -> None:
    """Readings in units by month, one after another; `before` is the one they follow."""
    previous = before
    for month, value in months.items():
        period = Period.parse(month).first_day
        since = None if previous is None else Period.parse(previous[0]).first_day
        was = 0 if previous is None else previous[1] * MICRO
        await connection.execute(READING, meter, period, value * MICRO, since, was, 6, 60 * MICRO)
        previous = (month, value)


async def billed(connection: Any) -> tuple[Block, Lines, Parked]:
    block = await read_block(connection, await read_values(connection, PERIOD), (1, 2, 3))
    return block, *accrue(block)


def heat_of(block: Block, lines: Lines, house: int) -> dict[int, tuple[int, Fraction]]:
    """Basis and volume of heating by account of a house."""
    mine = set(block.accounts.id[block.accounts.house == house - 1].tolist())
    return {
        int(lines.account_id[row]): (
            int(lines.basis[row]),
            Fraction(int(lines.volume_num[row]), int(lines.volume_den[row])),
        )
        for row in range(len(lines))
        if lines.service[row] == HEAT and int(lines.account_id[row]) in mine
    }


WHOLE_YEAR = {  # nobody reads a meter of heat in summer: October bridges the gap
    f"2025-{month:02d}": value
    for month, value in ((1, 110), (2, 120), (3, 130), (4, 135), (10, 140), (11, 150), (12, 160))
}


async def test_a_house_that_pays_evenly_takes_a_twelfth_of_what_its_meter_showed_last_year(
    connection: Any,
) -> None:
    await connection.execute("UPDATE houses SET heating_mode = 'uniform'")
    await connection.execute("UPDATE meters SET installed_on = '2025-03-05' WHERE id = 902")
    await read(connection, 900, WHOLE_YEAR, ("2024-12", 100))
    await read(connection, 901, {k: v for k, v in WHOLE_YEAR.items() if k != "2025-12"}, ("2024-12", 100))
    await read(connection, 902, {k: v for k, v in WHOLE_YEAR.items() if k > "2025-02"}, None)

    block, lines, parked = await billed(connection)

    assert block.heat_year is not None
    assert block.heat_year.state.tolist() == [YearKnown.KNOWN, YearKnown.UNKNOWN, YearKnown.YOUNG]
    known = heat_of(block, lines, 1)
    assert {basis for basis, _ in known.values()} == {Basis.HEAT_YEAR}
    share = Fraction(sum(block.accounts.area_dm2[:10].tolist()), int(block.houses.area_total_dm2[0]))
    assert sum(volume for _, volume in known.values()) == Fraction(60 * MICRO, 12) * share
    assert heat_of(block, lines, 2) == {}
    assert {(reason, detail) for index, (reason, _, detail) in parked.reason.items() if 10 <= index < 20} == {
        (Reason.NO_HOUSE_YEAR, "2025 год")
    }
    assert {basis for basis, _ in heat_of(block, lines, 3).values()} == {Basis.HEAT_NORM_UNIFORM}


async def test_flats_with_a_meter_read_all_last_year_go_by_it(connection: Any) -> None:
    await connection.execute("UPDATE houses SET heating_mode = 'uniform' WHERE id = 1")
    await read(connection, 900, WHOLE_YEAR, ("2024-12", 100))
    for meter in (910, 911):
        await connection.execute(
            "INSERT INTO meters (id, house_id, account_id, company_id, service, serial, installed_on) "
            "SELECT $1::int, house_id, id, company_id, 4, 'КТ-' || $1::int, '2020-01-01' FROM accounts "
            "WHERE id = $1::int - 909",
            meter,
        )
    await read(connection, 910, {"2025-06": 13, "2025-12": 22}, ("2024-12", 10))
    await read(connection, 911, {"2025-06": 13}, ("2024-12", 10))

    block, lines, _ = await billed(connection)

    assert block.heat_year is not None
    assert block.heat_year.metered.tolist()[:3] == [True, False, False]
    assert block.heat_year.account[0] == 12 * MICRO
    known = heat_of(block, lines, 1)
    assert known[1][0] == Basis.HEAT_YEAR_METERED
    assert {basis for account, (basis, _) in known.items() if account > 1} == {Basis.HEAT_YEAR_UNMETERED}


async def test_a_replaced_meter_of_the_house_makes_one_year_with_the_new_one(connection: Any) -> None:
    await connection.execute("UPDATE houses SET heating_mode = 'uniform' WHERE id = 1")
    await connection.execute(
        "UPDATE meters SET removed_on = '2025-07-10' WHERE id = 900;"
        "INSERT INTO meters (id, house_id, company_id, kind, service, serial, installed_on, replaces_id) "
        "SELECT 903, house_id, company_id, 'house', 4, 'НОВЫЙ', '2025-07-10', 900 FROM meters WHERE id = 900"
    )
    await read(connection, 900, {"2025-03": 130, "2025-07": 135}, ("2024-12", 100))
    await read(connection, 903, {"2025-12": 25}, None)

    block, _, _ = await billed(connection)

    assert block.heat_year is not None
    assert (block.heat_year.state[0], block.heat_year.house[0]) == (YearKnown.KNOWN, 60 * MICRO)


@pytest.mark.parametrize(
    ("until", "month", "basis"),
    [
        ("2026-09-30", 1, Basis.HEAT_FAILED),
        ("2026-07-31", 3, Basis.HEAT_FAILED),
        ("2026-06-30", 4, Basis.HEAT_NORM),
    ],
)
async def test_an_expired_meter_of_the_house_goes_by_its_average_then_by_the_norm(
    connection: Any, until: str, month: int, basis: Basis
) -> None:
    await connection.execute(f"UPDATE meters SET verified_until = '{until}' WHERE id = 900")
    months = {"2026-05": 135, "2026-06": 136, "2026-07": 137, "2026-08": 138, "2026-09": 139, "2026-10": 150}
    await read(connection, 900, months, ("2026-04", 130))
    for meter in (901, 902):
        await read(connection, meter, {"2026-10": 30}, ("2026-09", 10))

    block, lines, _ = await billed(connection)

    failure = block.house_meters[HEAT].failure
    assert failure is not None
    assert failure.month.tolist() == [month, 0, 0]
    made = heat_of(block, lines, 1)
    assert {one for one, _ in made.values()} == {basis}
    if basis == Basis.HEAT_FAILED:  # 60 Gcal of six months
        assert failure.average60[0] == 10 * MICRO * 60
        share = Fraction(sum(block.accounts.area_dm2[:10].tolist()), int(block.houses.area_total_dm2[0]))
        assert sum(volume for _, volume in made.values()) == 10 * MICRO * share
    assert {one for one, _ in heat_of(block, lines, 2).values()} == {Basis.HEAT_HOUSE}


async def test_a_fault_of_the_house_meter_is_a_failure_too(connection: Any) -> None:
    await connection.execute(
        "INSERT INTO meter_events (meter_id, house_id, company_id, kind, valid_from) "
        "SELECT id, house_id, company_id, 'fault', '2026-09-12' FROM meters WHERE id = 900;"
        "UPDATE meters SET has_events = true WHERE id = 900"
    )
    await read(connection, 900, {"2026-08": 137}, ("2026-07", 130))

    block, lines, _ = await billed(connection)

    failure = block.house_meters[HEAT].failure
    assert failure is not None
    assert failure.month.tolist() == [2, 0, 0]
    assert {one for one, _ in heat_of(block, lines, 1).values()} == {Basis.HEAT_FAILED}


async def test_a_reading_on_the_day_of_a_new_tariff_cuts_the_volume(connection: Any) -> None:
    """Account 1 read its meter on the 16th and again on the 24th; account 2 only on the 24th."""
    await connection.execute("DELETE FROM house_services WHERE service = 4")
    await connection.execute(
        "UPDATE tariffs SET valid_to = '2026-10-16' WHERE service = 1;"
        "INSERT INTO tariffs (service, component, rate, document, valid_from) "
        "VALUES (1, 0, 500000, 'Приказ 5', '2026-10-16')"
    )
    await connection.execute(
        "INSERT INTO readings (period, meter_id, house_id, account_id, company_id, taken_on, value1_micro, "
        "source, "
        "superseded_at) SELECT period, meter_id, house_id, account_id, company_id, '2026-10-16', "
        "prev1_micro + 1000000, 'resident', clock_timestamp() FROM readings WHERE period = '2026-10-01' "
        "AND meter_id = 1"
    )

    block, lines, _ = await billed(connection)

    def cold(account: int) -> list[tuple[int, int, Fraction, int]]:
        return [
            (
                int(lines.first_day[row]),
                int(lines.days[row]),
                Fraction(int(lines.volume_num[row]), int(lines.volume_den[row]) * MICRO),
                int(lines.rate[row]),
            )
            for row in range(len(lines))
            if lines.service[row] == 1 and lines.account_id[row] == account
        ]

    assert block.meters.cut is not None
    assert block.meters.cut.day.tolist()[:2] == [16, 0]
    assert cold(1) == [(1, 15, Fraction(1), 456_700), (16, 16, Fraction(3), 500_000)]  # 4 m³ in all
    assert cold(2) == [
        (1, 15, Fraction(5 * 15, 31), 456_700),
        (16, 16, Fraction(5 * 16, 31), 500_000),
    ]
