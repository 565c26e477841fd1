"""A communal flat in the database: rooms share its meter, a late reading takes off what they all paid."""

from __future__ import annotations

import datetime as dt
from typing import Any

from storage.engine import Database
from storage.meter_checks import NewCheck, add_check
from storage.people import Deed
from storage.runs import UNDO
from tests.storage.run_steps import ANNA, EVERYTHING, order
from tests.storage.test_corrections import AUGUST, SEPTEMBER, city, drafted, owner, posted, sql

__all__ = ["city", "owner", "sql"]  # fixtures

COMMUNAL = """
UPDATE accounts SET kind = 'room', flat_id = 1 WHERE id IN (1, 2);
UPDATE meters SET kind = 'flat' WHERE account_id = 1;
UPDATE meters SET removed_on = '2020-02-01' WHERE account_id = 2;
UPDATE account_facts SET residents = account_id WHERE account_id IN (1, 2)
"""
"""Account 1 (one person) holds the meter, 4 m3 a month; account 2 has two people."""


BEFORE_SEPTEMBER = """
SELECT prev1_micro FROM readings
 WHERE meter_id = 1 AND period = '2026-09-01' AND superseded_at IS NULL"""


async def volumes(sql: Any, run_id: int, back: int) -> list[tuple[int, int, int]]:
    """Account, basis, thousandths of a cubic metre of cold water charged anew."""
    rows = await sql.fetch(
        "SELECT account_id, basis, volume_num * 1000 / volume_den / 1000000 AS litres FROM lines "
        "WHERE run_id = $1 AND months_back = $2 AND service = 1 AND kind = 0 AND account_id < 3 ORDER BY 1",
        run_id,
        back,
    )
    return [tuple(row) for row in rows]


async def test_the_common_meter_is_shared_by_people(owner: Database, sql: Any) -> None:
    await sql.execute(COMMUNAL)

    run_id = await drafted(owner, "house", 1)

    assert await volumes(sql, run_id, 2) == [(1, 102, 1333), (2, 102, 2666)]


async def test_a_late_reading_of_the_common_meter_takes_off_what_all_rooms_were_billed(
    owner: Database, sql: Any
) -> None:
    """August was not read: 8 m3 in September less the averages of both rooms in August."""
    await sql.execute(COMMUNAL)
    await sql.execute(
        "UPDATE readings SET superseded_at = now() WHERE meter_id = 1 AND period = '2026-08-01';"
        "UPDATE readings SET prev_period = '2026-07-01', prev1_micro = prev1_micro - 4000000 "
        "WHERE meter_id = 1 AND period = '2026-09-01'"
    )

    run_id = await drafted(owner, "house", 1, AUGUST)
    await posted(owner, run_id)

    assert await volumes(sql, run_id, 2) == [(1, 102, 1333), (2, 102, 2666)]
    assert await volumes(sql, run_id, 1) == [(1, 102, 1333), (2, 102, 2666)]


async def test_an_act_of_the_common_meter_is_shared_by_people_and_waits_for_the_house(
    owner: Database, sql: Any
) -> None:
    """3 m3 above the reading of August on 20 September; the reading of September adds the last one."""
    await sql.execute(COMMUNAL)
    before = await sql.fetchval(BEFORE_SEPTEMBER)
    shown = str(before // 1_000_000 + 3)
    new = NewCheck(1, "7", dt.date(2026, 9, 20), "Контролёр Петров", (shown,))

    async with owner.transaction(EVERYTHING) as session:
        await add_check(session, 1, new, Deed(ANNA, "Акт № 7 от 20.09.2026"))
    alone = await drafted(owner, "account", 1, SEPTEMBER)
    waiting = await sql.fetchrow("SELECT account_id, house_id, run_id FROM late_facts")
    await order(owner, UNDO, alone)
    run_id = await drafted(owner, "house", 1, SEPTEMBER)

    assert tuple(waiting) == (None, 1, None)
    assert await sql.fetchval("SELECT run_id FROM late_facts") == run_id
    assert await volumes(sql, run_id, 1) == [(1, 25, 1000), (1, 102, 333), (2, 25, 2000), (2, 102, 666)]
