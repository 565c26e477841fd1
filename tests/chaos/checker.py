"""What must hold when the faults are over: nothing acknowledged is lost or doubled, and the books agree."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import asyncpg

from billing.ledger import Book
from storage import ledger
from tests.chaos.bank import World
from tests.chaos.card_checker import check_cards, still_unknown
from tests.chaos.city import HarmedCity
from tests.chaos.payers import Paid
from tests.chaos.workload import Deeds, Ground

SETTLE_S_MAX = 240.0  # a worker killed with a job in hand leaves it for the minute of its lease
POLL_S = 0.5
SAID_MAX = 6_000  # characters of a journal shown with a failure

WAITING = """
SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL) AS unsent,
       (SELECT count(*) FROM inbox WHERE state = 'accepted') AS unsettled,
       (SELECT count(*) FROM registers WHERE state IN ('uploaded', 'accepting')) AS registers,
       (SELECT count(*) FROM card_notices WHERE verdict = 'new') AS notices,
       (SELECT count(*) FROM card_refunds WHERE state = 'approved') AS refunds,
       (SELECT count(*) FROM card_checks WHERE state IN ('waiting', 'sent')) AS checks"""


async def settle(city: HarmedCity, world: World, orders: dict[str, Paid]) -> None:
    """Wait until everything taken is worked off. Fails with what still waits."""
    deadline = time.monotonic() + SETTLE_S_MAX
    row: Any = None
    late: list[str] = []
    while time.monotonic() < deadline:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            connection = await asyncpg.connect(city.database_url, timeout=2.0)
            try:
                late = await still_unknown(connection, orders, world)
                row = await connection.fetchrow(WAITING)
            finally:
                await connection.close(timeout=2.0)
            if row is not None and not late and not any(row.values()):
                return
        await asyncio.sleep(POLL_S)
    journals = "\n".join(f"{name}:\n{city.journal(name)[-SAID_MAX:]}" for name in ("supervisor", "actors"))
    raise AssertionError(
        f"after {SETTLE_S_MAX:.0f} s of peace there still wait: {row and dict(row)}, cards {late}\n{journals}"
    )


async def check(
    database_url: str, ground: Ground, deeds: Deeds, world: World, orders: dict[str, Paid]
) -> None:
    """Raises AssertionError naming every promise that was not kept."""
    connection = await asyncpg.connect(database_url)
    try:
        wrong = [
            *deeds.wrong,
            *await _payments(connection, ground, deeds),
            *await _rows_of_answers(connection, ground, deeds),
            *await _readings(connection, deeds),
            *await _buried(connection),
            *await check_cards(connection, orders, world, Book.IN_TRANSIT.value),
        ]
    finally:
        await connection.close()
    books = await ledger.check(database_url)
    wrong += [str(one) for one in books["found"]]
    assert not wrong, "\n".join(wrong[:40])
    assert books["ok"]


async def _payments(connection: Any, ground: Ground, deeds: Deeds) -> list[str]:
    """Each acknowledged payment has one row with one entry of its sum; nothing is there nobody sent."""
    rows = await connection.fetch(
        """
        SELECT p.number, p.account_number, p.amount_kopecks, s.amount_kopecks AS posted_kopecks
          FROM payments p
          LEFT JOIN (SELECT entry_id, sum(amount_kopecks) AS amount_kopecks, count(*) AS n FROM postings
                      WHERE book = $3 GROUP BY entry_id) s ON s.entry_id = p.entry_id AND s.n = 1
         WHERE p.agent_id = $1 AND p.number = ANY($2)""",
        ground.agent_id,
        list(deeds.sent),
        Book.IN_TRANSIT.value,
    )
    found = {row["number"]: row for row in rows}
    wrong = [
        f"payment {number} is acknowledged and lost" for number in deeds.acknowledged.keys() - found.keys()
    ]
    if len(rows) != len(found):
        wrong.append("a number of a payment is there twice")
    for number, row in found.items():
        if (row["account_number"], row["amount_kopecks"]) != deeds.sent[number]:
            wrong.append(f"payment {number} has another content: {dict(row)}")
        if row["posted_kopecks"] != row["amount_kopecks"]:
            wrong.append(f"payment {number}: {row['amount_kopecks']} came, {row['posted_kopecks']} is posted")
    return wrong


async def _rows_of_answers(connection: Any, ground: Ground, deeds: Deeds) -> list[str]:
    """No OK without a row: the number of an answer is the row of that payment."""
    given = {one.our_id: number for number, one in deeds.acknowledged.items() if one.our_id is not None}
    rows = await connection.fetch("SELECT id, key FROM inbox WHERE id = ANY($1)", list(given))
    kept = {row["id"]: row["key"] for row in rows}
    return [
        f"OK {our_id} of payment {number} has no row"
        for our_id, number in given.items()
        if kept.get(our_id) != number
    ]


async def _readings(connection: Any, deeds: Deeds) -> list[str]:
    """Each reading that was taken is settled, and there once."""
    rows = await connection.fetch(
        "SELECT key, state FROM inbox WHERE source = 'cabinet' AND key = ANY($1)", list(deeds.readings)
    )
    states = {row["key"]: row["state"] for row in rows}
    wrong = [f"reading {key} is lost" for key in deeds.readings - states.keys()]
    wrong += [f"reading {key} is {state}" for key, state in states.items() if state == "accepted"]
    twice = await connection.fetch(
        "SELECT event_id FROM readings WHERE event_id IS NOT NULL GROUP BY event_id HAVING count(*) > 1"
    )
    return wrong + [f"event {row['event_id']} gave two readings" for row in twice]


async def _buried(connection: Any) -> list[str]:
    rows = await connection.fetch(
        "SELECT consumer, event_id, error FROM dead_letters WHERE resolved_at IS NULL"
    )
    return [f"{row['consumer']} buried {row['event_id']}: {row['error']}" for row in rows]
