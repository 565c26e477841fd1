"""What tests of runs share: ask for a run and plan it in blocks of a given size, read what came of it."""

from __future__ import annotations

from typing import Any

import asyncpg

from billing.period import Period
from storage import runs
from storage.engine import Database
from storage.run_plan import plan_run
from storage.session import raw_connection

PERIOD = Period.parse("2026-10")


async def planned(url: str, block_accounts: int = 20) -> int:
    """An accruing run of the city in blocks of about so many accounts."""
    database = Database(url)
    async with database.transaction() as session:
        run_id = await runs.request_run(session, PERIOD, "city", None, 1)
        await plan_run(await raw_connection(session), run_id, block_accounts)
    await database.close()
    return run_id


async def fetchrow(url: str, query: str, *arguments: Any) -> Any:
    """One row over a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchrow(query, *arguments)
    finally:
        await connection.close()


async def run_row(url: str, run_id: int) -> Any:
    return await fetchrow(url, "SELECT * FROM runs WHERE id = $1", run_id)


async def blocks_done(url: str, run_id: int) -> int:
    row = await fetchrow(
        url, "SELECT count(*) AS n FROM run_blocks WHERE run_id = $1 AND state <> 'planned'", run_id
    )
    return int(row["n"])


async def assert_consistent(url: str, run_id: int) -> None:
    """Nothing doubled, nothing lost: lines, sums by account, house and service, and the run's row agree."""
    run = await run_row(url, run_id)
    assert run["state"] == "checked", dict(run)
    expected = (run["amount_kopecks"], run["surcharge_kopecks"])
    for table in ("lines", "run_accounts", "run_totals", "run_houses", "run_blocks"):
        row = await fetchrow(
            url, f"SELECT sum(amount_kopecks), sum(surcharge_kopecks) FROM {table} WHERE run_id = $1", run_id
        )
        assert tuple(row) == expected, table
    parked = await fetchrow(url, "SELECT count(*) FROM parked_accounts WHERE run_id = $1", run_id)
    good = await fetchrow(url, "SELECT count(*) FROM run_accounts WHERE run_id = $1", run_id)
    assert parked[0] == run["parked_count"]
    assert parked[0] + good[0] == run["accounts_count"]
