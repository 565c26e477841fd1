"""Common needs of houses over months: what a run keeps, what the next reads, the yearly correction, ways of
paying.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Any

import asyncpg
import pytest

from billing.accrue import accrue
from billing.basis import Basis
from billing.period import Period
from billing.services import Method
from storage import common_modes
from storage.block_values import read_values
from storage.blocks import read_block
from storage.common_fix import HouseYear
from storage.common_modes import NewMode
from storage.engine import Database
from storage.run_orders import obey
from storage.run_work import drop_undone
from storage.second_person import ValueRefused
from tests.storage import small_city
from tests.storage.run_steps import ANNA, BORIS, EVERYTHING, PERIOD, computed, published
from tests.storage.test_heat_past import READING
from tests.support.services import TestDatabase

MICRO = 1_000_000
MARCH = Period.parse("2026-03")
COMMON = """
INSERT INTO house_services (house_id, company_id, service, supplier_id, method, valid_from)
SELECT id, company_id, 21, company_id, 'common_actual', '2020-01-01' FROM houses WHERE id = 1;
INSERT INTO house_services (house_id, company_id, service, supplier_id, method, valid_from)
SELECT id, company_id, 21, company_id, 'law', '2020-01-01' FROM houses WHERE id > 1;
INSERT INTO norms (service, kind, value_micro, document, valid_from) VALUES (21, 'common', 50000, 'Приказ',
'2020-01-01');
INSERT INTO meters (id, house_id, account_id, company_id, kind, service, serial, installed_on)
SELECT 899 + id, id, NULL, company_id, 'house', 1, 'ДОМ-' || id, '2020-01-01' FROM houses;
"""
WAY = "UPDATE house_services SET method = $2 WHERE house_id = $1 AND service = 21"
LINE = """
INSERT INTO lines (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day,
days, volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
VALUES ($1, $2, 2, 2, 21, 0, 80, 0, 1, $3, $4, 1, $5, 10000, 0, 0, 4010, 50000)"""
MONTH = """
INSERT INTO common_months (run_id, house_id, service, period, company_id, method, is_known, flats_known,
house_micro, flats_micro, norm_micro, carried_micro, charged_micro, balance_micro)
VALUES ($1, 2, 21, $2, 2, 4, $3, true, $4, $5, 100000000, 0, 100000000, 0)"""


@pytest.fixture
async def place(fresh_database: TestDatabase) -> AsyncIterator[tuple[Database, Any]]:
    await small_city.build(fresh_database.url, houses=3, flats=10)
    owner = Database(fresh_database.url)
    connection = await asyncpg.connect(fresh_database.url)
    await connection.execute(COMMON)
    for month in range(24):
        await connection.execute("SELECT ensure_reading_partition($1)", PERIOD.shift(-month).first_day)
    yield owner, connection
    await connection.close()
    await owner.close()


async def shown(connection: Any, house: int, volume: int) -> None:
    """The meter of the house in the month of the runs."""
    before = PERIOD.shift(-1).first_day
    await connection.execute(
        READING, 899 + house, PERIOD.first_day, (1000 + volume) * MICRO, before, 1000 * MICRO, 0, 0
    )


async def month_of(connection: Any, house: int) -> list[Any]:
    rows = await connection.fetch("SELECT * FROM common_months WHERE house_id = $1 ORDER BY run_id", house)
    return list(rows)


async def carried(connection: Any, house: int) -> int:
    """What the next month would take in."""
    after = PERIOD.shift(1)
    await connection.execute("SELECT ensure_reading_partition($1)", after.first_day)
    block = await read_block(connection, await read_values(connection, after), (1, 2, 3))
    return 0 if block.common is None else int(block.common[21].carried[house - 1])


async def test_a_month_below_zero_is_kept_and_lessens_the_next(place: tuple[Database, Any]) -> None:
    owner, connection = place
    await shown(connection, 1, 1)

    await published(owner)
    row = (await month_of(connection, 1))[0]

    assert (row["is_known"], row["charged_micro"], row["house_micro"]) == (True, 0, MICRO)
    assert row["balance_micro"] == row["house_micro"] - row["flats_micro"] < 0
    assert await carried(connection, 1) == row["balance_micro"]
    by_norm = (await month_of(connection, 2))[0]
    assert (by_norm["method"], by_norm["is_known"]) == (Method.COMMON_NORM, False)
    assert by_norm["charged_micro"] == by_norm["norm_micro"] == 10 * 500 * 50000 // 100
    for wrong in ("UPDATE common_months SET balance_micro = 0", "DELETE FROM common_months"):
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(wrong)


async def test_a_draft_leaves_nothing_and_its_undo_takes_its_months_away(place: tuple[Database, Any]) -> None:
    owner, connection = place
    await shown(connection, 1, 1)

    run_id = await computed(owner)
    assert len(await month_of(connection, 1)) == 1
    assert await carried(connection, 1) == 0, "nobody has signed it"
    async with owner.transaction() as session:
        await obey(session, "commands.runs.undo", {"run_id": run_id})
    await drop_undone(connection)

    assert await month_of(connection, 1) == []


async def test_a_second_run_of_the_month_takes_in_the_same_and_the_last_published_counts(
    place: tuple[Database, Any],
) -> None:
    owner, connection = place
    await shown(connection, 1, 1)
    await published(owner)
    await connection.execute(WAY, 1, "common_norm")

    await published(owner)
    first, second = await month_of(connection, 1)

    assert (first["carried_micro"], second["carried_micro"]) == (0, 0), "the month does not read itself"
    assert second["charged_micro"] == second["norm_micro"] > 0
    assert await carried(connection, 1) == second["balance_micro"] == 0


# ---- last year -------------------------------------------------------------------------------------------


async def year(connection: Any, silent: tuple[int, ...] = (), used: int = 120) -> None:
    """House 2 in 2025: `used` m3 a month for the common property (100 charged by the norm); account 11 was
    charged 8 m3 at 45,00 and, from July, at 46,00, 100 RUB each month.
    """
    for number in range(12):
        at, run = Period((2025 * 12) + number), 100 + number
        known = number not in silent
        gap = len([one for one in silent if one < number and all(k in silent for k in range(one, number))])
        await connection.execute(f"CREATE TABLE lines_{run} PARTITION OF lines FOR VALUES IN ({run})")
        await connection.execute(
            "INSERT INTO runs (id, period, scope_kind, state, command_id, amount_kopecks, published_at) "
            "VALUES ($1, $2, 'city', 'published', $3, 10000, now())",
            run,
            at.first_day,
            f"c{run}",
        )
        house = (300 + used + gap * (300 + used)) * MICRO if known else 0
        await connection.execute(MONTH, run, at.first_day, known, house, 300 * MICRO)
        rate = 450_000 if number < 6 else 460_000
        await connection.execute(LINE, run, 11, at.days, 8 * MICRO, rate)


async def fixed(connection: Any) -> tuple[Any, Any]:
    block = await read_block(connection, await read_values(connection, MARCH), (1, 2, 3))
    lines, _ = accrue(block)
    return block, lines


async def test_the_year_paid_by_the_norm_is_corrected_in_march(place: tuple[Database, Any]) -> None:
    """8 m3 of 100 charged are 9,6 of 120 used: 9,6 × 6 × (45 + 46) less 1200,00."""
    _, connection = place
    await year(connection)

    block, lines = await fixed(connection)

    assert block.common is not None
    mine = lines.basis == Basis.COMMON_YEAR_FIX
    cost = Fraction(96, 10) * 6 * (45 + 46) * 100
    assert lines.account_id[mine].tolist() == [11]
    assert (int(lines.a[mine][0]), int(lines.b[mine][0])) == (round(cost), 120_000)
    assert int(lines.amount_kopecks[mine][0]) == round(cost) - 120_000


async def test_a_silent_month_is_taken_together_with_the_next(place: tuple[Database, Any]) -> None:
    _, connection = place
    await year(connection, silent=(3, 4))

    _, lines = await fixed(connection)

    mine = lines.basis == Basis.COMMON_YEAR_FIX
    assert int(lines.a[mine][0]) == round(Fraction(96, 10) * 6 * (45 + 46) * 100)


async def test_a_year_below_zero_costs_nothing_and_leaves_the_rest_for_later(
    place: tuple[Database, Any],
) -> None:
    _, connection = place
    await year(connection, used=-5)

    block, lines = await fixed(connection)

    mine = lines.basis == Basis.COMMON_YEAR_FIX
    assert int(lines.amount_kopecks[mine][0]) == -120_000
    assert block.common is not None
    fix = block.common[21].fix
    assert fix is not None
    assert int(fix.left[1]) == -60 * MICRO


@pytest.mark.parametrize("silent", [(11,), (10, 11)])
async def test_a_year_without_its_december_is_not_corrected(
    place: tuple[Database, Any], silent: tuple[int, ...]
) -> None:
    _, connection = place
    await year(connection, silent=silent)

    _, lines = await fixed(connection)

    assert not (lines.basis == Basis.COMMON_YEAR_FIX).any()


async def test_the_centre_may_choose_another_month_or_none(place: tuple[Database, Any]) -> None:
    _, connection = place
    await year(connection)
    await connection.execute(
        "INSERT INTO coefficients (key, value_permille, document, valid_from) "
        "VALUES ('choice_common_fix', 3, 'Решение', '2020-01-01')"
    )

    _, lines = await fixed(connection)

    assert not (lines.basis == Basis.COMMON_YEAR_FIX).any()


async def test_the_average_of_last_year_is_of_its_known_months(place: tuple[Database, Any]) -> None:
    """12 × 120 over 12 months; account 11 has 40,10 of 500 m2: 120 × 40,1 / 500."""
    _, connection = place
    await year(connection)
    await connection.execute(WAY, 2, "common_average")
    block = await read_block(connection, await read_values(connection, PERIOD), (1, 2, 3))
    lines, _ = accrue(block)

    row = int(((lines.account_id == 11) & (lines.service == 21)).nonzero()[0][0])

    assert lines.basis[row] == Basis.COMMON_AVERAGE
    assert lines.a[row] == 12 * 120 * MICRO
    assert Fraction(int(lines.volume_num[row]), int(lines.volume_den[row])) == Fraction(
        120 * MICRO * 4010, 50_000
    )


def test_a_balance_of_before_lessens_the_months_of_the_year() -> None:
    rows = [(month, True, True, 110, 100, int(Method.COMMON_NORM), 5) for month in range(12)]
    made = HouseYear.of(rows)

    over, left = made.priced(-30)

    assert (sum(over.values()), left) == (90, 0)
    assert made.priced(-150) == (dict.fromkeys(range(12), 0), -30)


# ---- heat of hot water -----------------------------------------------------------------------------------

HOT = """
INSERT INTO house_services (house_id, company_id, service, supplier_id, method, valid_from)
VALUES (2, 2, 22, 2, 'common_average', '2020-01-01');
INSERT INTO norms (service, kind, value_micro, document, valid_from, valid_to) VALUES
(22, 'heat_per_m3', 50000, 'Приказ', '2020-01-01', '2025-07-01'),
(22, 'heat_per_m3', 60000, 'Приказ', '2025-07-01', NULL);
"""
HOT_MONTH = """
INSERT INTO common_months (run_id, house_id, service, period, company_id, method, is_known, flats_known,
house_micro, flats_micro, norm_micro, carried_micro, charged_micro, balance_micro)
VALUES ($1, 2, 22, $2, 2, 10, true, true, 120000000, 0, 0, 0, $3, 0)"""
HOT_LINE = """
INSERT INTO lines (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day,
days, volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
VALUES ($1, 11, 2, 2, 22, $2, 111, 0, $3, $4, $5, 1, $6, 0, 0, 0, 0, 4010)"""


async def hot_year(connection: Any, cut: int = 0, billed: tuple[int, ...] = ()) -> None:
    """House 2 in 2025: 120 m3 of hot water a month for the common property, an average that charged nothing,
    or 60 m3 in the months `billed`. Account 11 pays 40,00 a m3 and 2000,00 a Gcal, from day `cut` of July
    3000,00.
    """
    await connection.execute(HOT)
    for number in range(12):
        at, run = Period(2025 * 12 + number), 100 + number
        await connection.execute(f"CREATE TABLE lines_{run} PARTITION OF lines FOR VALUES IN ({run})")
        await connection.execute(
            "INSERT INTO runs (id, period, scope_kind, state, command_id, amount_kopecks, published_at) "
            "VALUES ($1, $2, 'city', 'published', $3, 0, now())",
            run,
            at.first_day,
            f"c{run}",
        )
        charged = 60 * MICRO if number in billed else 0
        await connection.execute(HOT_MONTH, run, at.first_day, charged)
        cold, heat = charged * 4010 // 50_000, charged * 4010 // 50_000 // 20
        await connection.execute(HOT_LINE, run, 1, 1, at.days, cold, 400_000)
        if cut and number == 6:
            await connection.execute(HOT_LINE, run, 2, 1, cut - 1, 0, 20_000_000)
            await connection.execute(HOT_LINE, run, 2, cut, at.days - cut + 1, 0, 30_000_000)
        else:
            await connection.execute(HOT_LINE, run, 2, 1, at.days, heat, 20_000_000)


async def hot_cost(connection: Any) -> Fraction:
    """What the year of account 11 should have cost, roubles."""
    block = await read_block(connection, await read_values(connection, MARCH), (1, 2, 3))
    assert block.common is not None
    fix = block.common[22].fix
    assert fix is not None
    assert fix.due.sum() == 1
    return Fraction(int(fix.cost.max()), MICRO * 10_000)


async def test_heat_of_months_an_average_charged_nothing_for_is_counted_too(
    place: tuple[Database, Any],
) -> None:
    """120 × 40,1 / 500 m3 a month: × 40,00, and × 0,05 (from July 0,06) × 2000,00."""
    _, connection = place
    await hot_year(connection)

    cost = await hot_cost(connection)

    share = Fraction(120 * 4010, 50_000)
    assert cost == share * (12 * 40 + 6 * 100 + 6 * 120)


async def test_heat_goes_by_the_days_of_each_tariff(place: tuple[Database, Any]) -> None:
    _, connection = place
    await hot_year(connection, cut=11)

    cost = await hot_cost(connection)

    share = Fraction(120 * 4010, 50_000)
    july = Fraction(6, 100) * (2000 * 10 + 3000 * 21) / 31
    assert abs(cost - share * (12 * 40 + 6 * 100 + 5 * 120 + july)) < Fraction(1, 10**6)


async def test_months_with_a_volume_keep_the_heat_of_their_lines(place: tuple[Database, Any]) -> None:
    """In three months 60 of 120 m3 were charged with 0,05 Gcal each."""
    _, connection = place
    await hot_year(connection, billed=(0, 1, 2))

    cost = await hot_cost(connection)

    share = Fraction(120 * 4010, 50_000)
    assert cost == share * (12 * 40 + 6 * 100 + 6 * 120)


async def test_without_a_norm_of_common_needs_heat_goes_by_that_of_the_service(
    place: tuple[Database, Any],
) -> None:
    _, connection = place
    await hot_year(connection)
    await connection.execute("DELETE FROM norms WHERE service = 22 AND kind = 'heat_per_m3'")
    await connection.execute(
        "INSERT INTO norms (service, kind, value_micro, document, valid_from, house_id) "
        "VALUES (2, 'heat_per_m3', 40000, 'Приказ', '2020-01-01', 2)"
    )

    cost = await hot_cost(connection)

    assert cost == Fraction(120 * 4010, 50_000) * 12 * (40 + 80)


# ---- ways of paying --------------------------------------------------------------------------------------


def mode(**other: Any) -> NewMode:
    usual: dict[str, Any] = {
        "house_id": 2,
        "organisation_id": None,
        "service": 21,
        "method": "common_actual",
        "valid_from": PERIOD.first_day,
        "document": "Протокол 7",
        "document_date": dt.date(2026, 9, 20),
    }
    return NewMode(**usual | other)


async def put(owner: Database, new: NewMode) -> None:
    async with owner.transaction(EVERYTHING) as session:
        made = await common_modes.propose(session, new, ANNA)
    async with owner.transaction(EVERYTHING) as session:
        await common_modes.approve(session, made, BORIS, dt.datetime.now(dt.UTC))


async def ways(connection: Any, period: Period) -> list[int]:
    block = await read_block(connection, await read_values(connection, period), (1, 2, 3))
    return [int(one) for one in block.services[21].method]


async def test_a_house_takes_its_way_from_the_month_on(place: tuple[Database, Any]) -> None:
    owner, connection = place

    await put(owner, mode())

    assert await ways(connection, PERIOD) == [Method.COMMON_ACTUAL, Method.COMMON_ACTUAL, Method.LAW]
    assert await ways(connection, PERIOD.shift(-1)) == [Method.COMMON_ACTUAL, Method.LAW, Method.LAW]


async def test_an_organisations_way_is_of_its_houses_without_one(place: tuple[Database, Any]) -> None:
    """Houses 1 and 3 are of company 3; the first has a way of its own."""
    owner, connection = place

    await put(owner, mode(house_id=None, organisation_id=3, service=0, method="common_average"))

    assert await ways(connection, PERIOD) == [Method.COMMON_ACTUAL, Method.LAW, Method.COMMON_AVERAGE]


async def test_a_way_since_a_closed_month_waits_in_the_queue(place: tuple[Database, Any]) -> None:
    owner, connection = place

    await put(owner, mode(valid_from=dt.date(2026, 9, 1)))

    row = await connection.fetchrow("SELECT kind, house_id, words FROM late_facts")
    assert (row["kind"], row["house_id"]) == ("method", 2)
    assert "по счётчику дома" in row["words"]


async def test_a_way_is_not_approved_by_who_entered_it_nor_without_the_service(
    place: tuple[Database, Any],
) -> None:
    owner, _ = place
    async with owner.transaction(EVERYTHING) as session:
        made = await common_modes.propose(session, mode(), ANNA)

    async with owner.transaction(EVERYTHING) as session:
        with pytest.raises(ValueRefused, match="другой сотрудник"):
            await common_modes.approve(session, made, ANNA, dt.datetime.now(dt.UTC))
        with pytest.raises(ValueRefused, match="нет такой услуги"):
            await common_modes.propose(session, mode(service=25), ANNA)
        with pytest.raises(ValueRefused, match="первого числа"):
            await common_modes.propose(session, mode(valid_from=dt.date(2026, 10, 5)), ANNA)
