"""Money of a whole city: months of payments distributed to payees, and the proof that all books agree.

Ceiling of the check: PostgreSQL adding up every posting once; of the distribution: adding up the postings of
payments by payee, service and month.
"""

from __future__ import annotations

import time
from typing import Any

import uvloop
from sqlalchemy import text

from benchmarks._report import Beside, Report, Stopwatch, surroundings
from benchmarks._town import checkpoint, connection, town
from storage import ledger, payout_terms, payout_work, payouts
from storage.engine import Database
from storage.robots import robots

MONTHS = 12
SUM_ALL = "SELECT sum(amount_kopecks), count(*) FROM postings"
SUM_PAID = """
SELECT count(*) FROM (
  SELECT organisation_id, service, of_period, sum(amount_kopecks) FROM postings p
    JOIN entries e ON e.id = p.entry_id AND e.kind = 'payment' GROUP BY 1, 2, 3) s"""


def run(accounts: int = 10_000, months: int = MONTHS, home: str | None = None) -> Report:
    """A city with so many billed and paid months; home keeps it for the next time."""
    with town(accounts, months, None, home) as made:
        before = surroundings()
        return uvloop.run(_measure(made.url, accounts, made.stack, made.seeded, before))


async def _measure(
    url: str, accounts: int, stack: Any, seeded: dict[str, float], before: dict[str, Any]
) -> Report:
    clock = Stopwatch()
    await checkpoint(stack)
    async with connection(url) as database:
        began = time.perf_counter()
        row = await database.fetchrow(SUM_ALL)
        sum_s = time.perf_counter() - began
        began = time.perf_counter()
        await database.fetchval(SUM_PAID)
        paid_s = time.perf_counter() - began
        size_mb = int(await database.fetchval("SELECT pg_database_size(current_database())")) // 2**20
    assert row is not None
    assert row[0] == 0, "the books do not sum to zero"
    postings = int(row[1])
    with clock("check"):
        books = await ledger.check(url)
    assert books["ok"], books["found"]
    shares = await _distribute(url, clock)
    with clock("check_after"):
        after = await ledger.check(url)
    assert after["ok"], after["found"]
    check_s = clock.stages["check"]
    return Report(
        bench="books",
        accounts=accounts,
        lines=postings,
        seconds=check_s,
        rate=postings / check_s,
        unit="postings/s",
        ceilings=[Beside.of("one sum of every posting", postings / sum_s, "postings/s", postings / check_s)],
        stages=clock.stages,
        details={
            "shares": shares,
            "distribution_to_one_sum_of_payments": round(clock.stages["plan"] / paid_s, 2),
            "database_mb": size_mb,
            "seeded": seeded,
            **before,
        },
    )


async def _distribute(url: str, clock: Stopwatch) -> int:
    """Everything collected so far: worked out, approved, posted; how many shares it has."""
    database = Database(url, pool_max=1)
    try:
        async with database.transaction() as session:
            asks, agrees = await robots(session)
            day = await session.scalar(text(payouts.TODAY))
            assert day is not None
            await payout_terms.set_before_arrival(session, None, True, day, "замер", asks)
            run_id = await payouts.request_plan(session, until=day, user_id=asks, command_id=f"bench-{day}")
        with clock("plan"):
            async with database.transaction() as session:
                await payout_work.plan(session, run_id)
        async with database.transaction() as session:
            await payouts.approve(session, run_id, agrees)
        with clock("post"):
            async with database.transaction() as session:
                await payout_work.post(session, run_id)
        async with database.reading() as session:
            row = await payouts.run_row(session, run_id)
    finally:
        await database.close()
    assert row is not None
    return row.shares_count
