"""Acts under Rules 354, cl. 62 from the desk to posted lines: people and volumes of earlier months."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from billing.unauthorised import Way
from storage.engine import Database
from storage.people import Deed, PeopleRefused
from storage.unauthorised import NewUse, add_use, uses_of, withdraw_use
from tests.storage.run_steps import ANNA, EVERYTHING
from tests.storage.test_corrections import SEPTEMBER, city, drafted, owner, posted, sql, standing

__all__ = ["city", "owner", "sql"]  # fixtures

DEED = Deed(ANNA, "Акт № 12")
AUGUST_ALL = NewUse(1, Way.TAMPERING, dt.date(2026, 9, 10), dt.date(2026, 8, 1), dt.date(2026, 9, 1))


async def kept(owner: Database, account: int, new: NewUse) -> int:
    async with owner.transaction(EVERYTHING) as session:
        return await add_use(session, account, new, DEED)


async def lines_of(sql: Any, run_id: int, account: int) -> list[tuple[Any, ...]]:
    rows = await sql.fetch(
        "SELECT months_back, service, basis, volume_num::numeric / volume_den, amount_kopecks FROM lines "
        "WHERE run_id = $1 AND account_id = $2 AND basis BETWEEN 17 AND 19 ORDER BY 1, 2",
        run_id,
        account,
    )
    return [(row[0], row[1], row[2], int(row[3]), row[4]) for row in rows]


async def test_tampering_is_ten_norms_less_what_was_billed_and_can_be_taken_back(
    owner: Database, sql: Any
) -> None:
    """Account 31: three people, a meter that shows 4 m3 a month. (3 × 4,3 × 10 − 4) × 45,67 ₽."""
    before = await standing(sql)
    act = await kept(owner, 31, AUGUST_ALL)

    run_id = await drafted(owner, "account", 31, SEPTEMBER)
    await posted(owner, run_id)
    again = await drafted(owner, "account", 31, SEPTEMBER)

    assert await lines_of(sql, run_id, 31) == [(1, 1, 17, 125_000_000, 570_875)]
    assert await sql.fetchval("SELECT count(*) FROM lines WHERE run_id = $1", again) == 0
    async with owner.transaction(EVERYTHING) as session:
        assert [row.words for row in await uses_of(session, 31)] == [
            "Холодное водоснабжение: вмешательство в счётчик"
        ]
        assert await withdraw_use(session, act, DEED) == 31
    await posted(owner, await drafted(owner, "account", 31, SEPTEMBER))
    assert await standing(sql) == before


async def test_the_month_of_the_finding_counts_by_its_days(owner: Database, sql: Any) -> None:
    """1–15 September are half of it: 3 × 0,5 × 4,3 × 10 − 4 / 2."""
    await kept(owner, 31, replace(AUGUST_ALL, first=dt.date(2026, 9, 1), fixed=dt.date(2026, 9, 16)))

    run_id = await drafted(owner, "account", 31, SEPTEMBER)

    assert await lines_of(sql, run_id, 31) == [(1, 1, 17, 62_500_000, 285_438)]


async def test_a_connection_goes_by_its_capacity(owner: Database, sql: Any) -> None:
    """0,5 m3 an hour for ten days: 120 m3."""
    use = replace(
        AUGUST_ALL,
        way=int(Way.CONNECTION),
        first=dt.date(2026, 8, 31),
        fixed=dt.date(2026, 9, 10),
        capacity_micro=500_000,
    )
    await kept(owner, 31, use)

    run_id = await drafted(owner, "account", 31, SEPTEMBER)

    assert await lines_of(sql, run_id, 31) == [(1, 1, 18, 120_000_000, 548_040)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"service": 8}, "service"),
        ({"fixed": dt.date(2026, 8, 1)}, "fixed"),
        ({"fixed": dt.date(2026, 10, 2)}, "fixed"),
        ({"first": dt.date(2026, 6, 9)}, "first"),
        ({"first": dt.date(2023, 6, 9), "is_first_known": True}, "first"),
        ({"first": dt.date(2026, 9, 11), "fixed": dt.date(2026, 9, 12)}, "first"),
        ({"way": 2}, "capacity"),
        ({"capacity_micro": 5}, "capacity"),
    ],
)
async def test_what_cannot_be_is_refused(owner: Database, change: dict[str, Any], code: str) -> None:
    with pytest.raises(PeopleRefused) as refused:
        await kept(owner, 31, replace(AUGUST_ALL, **change))

    assert refused.value.code == code


async def test_a_second_act_of_the_month_is_refused(owner: Database) -> None:
    await kept(owner, 31, AUGUST_ALL)

    with pytest.raises(PeopleRefused, match="уже записан"):
        await kept(owner, 31, replace(AUGUST_ALL, found=dt.date(2026, 9, 20)))
