"""Acts of checks of meters (Rules 354, cl. 61) from the desk to posted lines and to the next reading."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from billing.history import Check, Mark, MeterFacts, rebased, state
from storage import readings
from storage.engine import Database
from storage.meter_checks import NewCheck, add_check, checks_of_account, withdraw_check
from storage.people import Deed, PeopleRefused
from storage.preview import preview_account
from tests.storage.run_steps import ANNA, EVERYTHING
from tests.storage.test_corrections import OCTOBER, SEPTEMBER, city, drafted, owner, posted, sql, standing

__all__ = ["city", "owner", "sql"]  # fixtures

DEED = Deed(ANNA, "Акт № 12 от 14.10.2026")
OCTOBER_14 = NewCheck(31, "12", dt.date(2026, 10, 14), "Контролёр Петров", ("30",))
"""Account and meter 31: 4 m3 a month, 28 at the end of September, 32 given on 24 October."""


async def kept(owner: Database, account: int, new: NewCheck) -> int:
    async with owner.transaction(EVERYTHING) as session:
        return await add_check(session, account, new, DEED)


async def water(owner: Database, account: int) -> list[tuple[int, int, int]]:
    """Lines of cold water of the open month: basis, volume, kopecks."""
    found = await preview_account(owner, account)
    assert found is not None
    lines = found.lines.take(found.lines.service == 1)
    volume = lines.volume_num // lines.volume_den
    return sorted(zip(lines.basis.tolist(), volume.tolist(), lines.amount_kopecks.tolist(), strict=True))


async def test_the_difference_is_of_the_open_month_and_the_reading_starts_from_it(owner: Database) -> None:
    await kept(owner, 31, OCTOBER_14)

    assert await water(owner, 31) == [(1, 2_000_000, 9_134), (22, 2_000_000, 9_134)]


async def test_a_check_below_what_was_given_is_a_refund(owner: Database) -> None:
    """25 instead of 28: 3 m3 back; 32 of October is 7 above the check."""
    await kept(owner, 31, replace(OCTOBER_14, texts=("25",)))

    assert await water(owner, 31) == [(1, 7_000_000, 31_969), (22, -3_000_000, -13_701)]


async def test_a_reading_given_before_the_check_gives_way(owner: Database) -> None:
    await kept(owner, 31, replace(OCTOBER_14, checked_on=dt.date(2026, 10, 28), texts=("50",)))

    assert await water(owner, 31) == [(1, 0, 0), (22, 22_000_000, 100_474)]


async def test_the_next_reading_is_judged_and_derived_from_the_check(owner: Database, sql: Any) -> None:
    await kept(owner, 31, replace(OCTOBER_14, texts=("20",)))

    async with owner.transaction(EVERYTHING) as session:
        shown = await readings.meters_of(session, 31, OCTOBER.first_day)
        given = await readings.give_reading(
            session, 31, (21_000_000, 0, 0), dt.date(2026, 10, 25), "company", ANNA, None,
            dt.date(2026, 10, 25), OCTOBER.first_day,
        )  # fmt: skip

    assert shown[0].last == (20_000_000, 0, 0)
    assert given.volume == (1_000_000, 0, 0)
    row = await sql.fetchrow(
        "SELECT prev_period, prev1_micro, window1_micro, window_months FROM readings "
        "WHERE meter_id = 31 AND period = '2026-10-01' AND superseded_at IS NULL"
    )
    assert row["prev_period"] == SEPTEMBER.first_day
    assert row["prev1_micro"] == 20_000_000
    assert row["window_months"] == 6
    assert row["window1_micro"] < 21_000_000
    assert await water(owner, 31) == [(1, 1_000_000, 4_567), (22, -8_000_000, -36_536)]


async def test_a_check_of_a_closed_month_waits_in_the_queue_and_is_corrected(
    owner: Database, sql: Any
) -> None:
    """28 was read on 24 September; the check of the 28th saw 40, so October begins there."""
    before = await standing(sql)
    act = await kept(owner, 31, replace(OCTOBER_14, checked_on=dt.date(2026, 9, 28), texts=("40",)))

    waiting = await sql.fetchval(
        "SELECT words FROM late_facts WHERE account_id = 31 AND dismissed_at IS NULL"
    )
    run_id = await drafted(owner, "account", 31, SEPTEMBER)
    await posted(owner, run_id)
    lines = await sql.fetch(
        "SELECT basis, kind, volume_num / volume_den AS volume FROM lines WHERE run_id = $1 AND service = 1 "
        "ORDER BY basis, kind",
        run_id,
    )

    assert "проверен" in waiting
    assert [tuple(row) for row in lines] == [(1, 0, 0), (1, 1, -4_000_000), (22, 0, 16_000_000)]
    async with owner.transaction(EVERYTHING) as session:
        assert [row.words for row in await checks_of_account(session, 31)] == [
            "Холодное водоснабжение № ХВС-31"
        ]
        assert await withdraw_check(session, act, DEED) == 31
    await posted(owner, await drafted(owner, "account", 31, SEPTEMBER))
    assert await standing(sql) == before


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": ""}, "number"),
        ({"texts": ("",)}, "value1"),
        ({"texts": ("123456",)}, "value1"),
        ({"checked_on": dt.date(2019, 10, 1)}, "checked_on"),
        ({"meter_id": 32}, "meter"),
        ({"meter_id": 9_999}, "meter"),
    ],
)
async def test_what_cannot_be_is_refused(owner: Database, change: dict[str, Any], code: str) -> None:
    with pytest.raises(PeopleRefused) as refused:
        await kept(owner, 31, replace(OCTOBER_14, **change))

    assert refused.value.code == code


async def test_a_second_act_of_the_month_and_a_broken_meter_are_refused(owner: Database, sql: Any) -> None:
    await kept(owner, 31, OCTOBER_14)
    await sql.execute("UPDATE meters SET verified_until = '2026-09-30' WHERE id = 32")

    with pytest.raises(PeopleRefused, match="уже записан"):
        await kept(owner, 31, replace(OCTOBER_14, checked_on=dt.date(2026, 10, 20)))
    with pytest.raises(PeopleRefused, match="не поверен"):
        await kept(owner, 32, replace(OCTOBER_14, meter_id=32))


def test_readings_above_a_check_leave_the_past() -> None:
    marks = [
        Mark(OCTOBER.ordinal - back, (value, 0, 0)) for back, value in ((3, 10), (2, 30), (1, 40), (0, 45))
    ]
    check = Check(OCTOBER.first_day, (25, 0, 0))

    assert rebased(marks, [check], 5) == [marks[0], Mark(SEPTEMBER.ordinal, (25, 0, 0)), marks[3]]


def test_a_check_without_a_reading_is_the_reading_of_its_month() -> None:
    facts = MeterFacts(
        5,
        [Mark(OCTOBER.ordinal - 3, (10_000_000, 0, 0))],
        checks=[Check(dt.date(2026, 10, 9), (16_000_000, 0, 0))],
    )

    found = state(facts, OCTOBER)

    assert found is not None
    assert (found.has_reading, found.silent_months, found.gap_months) == (True, 0, 0)
    assert found.check is not None
    assert (found.check.used, found.check.gap_months) == ((10_000_000, 0, 0), 2)


HEATED = """
INSERT INTO house_services (house_id, company_id, service, supplier_id, method, valid_from)
SELECT id, company_id, 4, 4, 'law', '2026-10-01' FROM houses;
INSERT INTO tariffs (service, component, rate, document, valid_from) VALUES (4, 0, 25000000, 'Приказ',
'2020-01-01');
INSERT INTO norms (service, kind, value_micro, document, valid_from) VALUES (4, 'area', 20000, 'Приказ',
'2020-01-01');
INSERT INTO meters (id, house_id, account_id, company_id, kind, service, serial, installed_on)
SELECT 8031, house_id, id, company_id, 'individual', 4, 'ТЕПЛО-31', '2020-01-01' FROM accounts WHERE id = 31
"""
HOUSE_METER = """
INSERT INTO meters (id, house_id, account_id, company_id, kind, service, serial, installed_on)
SELECT 8000, house_id, NULL, company_id, 'house', 4, 'ТЕПЛО-ДОМ', '2020-01-01' FROM accounts WHERE id = 31
"""
HEAT_READING = """
INSERT INTO readings (period, meter_id, house_id, account_id, company_id, taken_on, value1_micro, source,
prev_period, prev1_micro)
SELECT $2::date, id, house_id, account_id, company_id, $2::date + 9, $3, 'company', $4::date, $5
  FROM meters WHERE id = $1
"""
HEAT_CHECK = NewCheck(8031, "12", dt.date(2026, 10, 14), "Контролёр Петров", ("11,5",))


async def test_a_meter_of_heat_is_charged_by_its_act_where_the_house_pays_by_meters(
    owner: Database, sql: Any
) -> None:
    """10 at the end of September, 11.5 on 14 October, nothing read since: 1.5 Gcal and none of the month."""
    await sql.execute(HEATED)
    with pytest.raises(PeopleRefused, match="нет счётчика тепла"):
        await kept(owner, 31, HEAT_CHECK)
    await sql.execute(HOUSE_METER)
    await sql.execute(HEAT_READING, 8031, SEPTEMBER.first_day, 10_000_000, None, 0)
    await sql.execute(HEAT_READING, 8000, OCTOBER.first_day, 100_000_000, SEPTEMBER.first_day, 80_000_000)
    await sql.execute("UPDATE houses SET heating_mode = 'uniform'")
    with pytest.raises(PeopleRefused, match="равными долями"):
        await kept(owner, 31, HEAT_CHECK)
    await sql.execute("UPDATE houses SET heating_mode = 'season'")

    await kept(owner, 31, HEAT_CHECK)
    found = await preview_account(owner, 31)

    assert found is not None
    heat = found.lines.take(found.lines.service == 4)
    assert sorted(heat.basis.tolist()) == [22, 33]
    act = heat.take(heat.basis == 22)
    assert (act.volume_num // act.volume_den).tolist() == [1_500_000]
    assert act.amount_kopecks.tolist() == [375_000]
