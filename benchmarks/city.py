"""P2: a whole city billed by the real supervisor and workers: read, compute, write, index, totals, publish.

Ceiling: binary COPY of exactly the same rows over two connections. Peer: set-based SQL that does the same
rules; its lines are compared with the engine's, key by key.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import Any

from actors.command import run_and_wait
from actors.local import run_until_idle
from benchmarks._report import Beside, Report, surroundings
from benchmarks._town import Memory, Town, checkpoint, connection, town, whole_stack
from benchmarks.peers import raw_copy, sql_city
from billing.period import Period
from storage import months as calendar
from storage.engine import Database
from storage.robots import robots
from storage.run_orders import obey
from storage.run_result import RunResult, run_result
from storage.runs import PUBLISH, START, approve_publication, request_publication, request_run, request_undo

MONTHS = 3
WARM_HOUSES = 6
GONE_S_MAX = 60


@dataclass(frozen=True, slots=True)
class Timed:
    """A run with its moments: seconds from the command to the publication, by stage."""

    result: RunResult
    seconds: float
    stages: dict[str, float]
    worker_seconds: dict[str, float]
    memory_mb: int
    worker_mb: int


def run(
    accounts: int = 10_000,
    peers: bool = True,
    months: int = MONTHS,
    local: bool = False,
    database_url: str | None = None,
    home: str | None = None,
) -> Report:
    """Seed a city in a private stack and bill its open month.

    local: the same supervisor and accruers in this process, without Ray and NATS. database_url: an empty
    database of another server (its city stays there). home: keep the stack in this folder for the next time.
    """
    with town(accounts, months, database_url, home) as made:
        before = surroundings()
        timed = bill(made, local)
        report = _report(made, timed, before, local)
        ours = report.lines / report.seconds
        raw = asyncio.run(raw_copy.rows_per_second(made.url, timed.result.run_id))
        report.ceilings.append(Beside.of("raw_copy", raw, "lines/s", ours))
        if peers:
            report.peers.append(_sql(made, timed.result, ours))
    return report


def bill(made: Town, local: bool) -> Timed:
    """The open month, from the command to the publication."""
    if local or made.stack is None:
        asyncio.run(checkpoint(made.stack))
        return asyncio.run(_billed(made, _run_here))
    with whole_stack(made):
        asyncio.run(warm_up(made.url))
        asyncio.run(checkpoint(made.stack))
        return asyncio.run(_billed(made, _run_by_stack))


async def warm_up(url: str) -> None:
    """Drafts of a few houses, undone at once: every worker has started, as in a stack that runs for days."""
    database = Database(url, pool_max=1)
    try:
        async with connection(url) as raw:
            houses = await raw.fetch("SELECT id FROM houses ORDER BY id LIMIT $1", WARM_HOUSES)
        drafts = [await run_and_wait(url, None, "house", house["id"]) for house in houses]
        async with database.transaction() as session:
            for draft in drafts:
                await request_undo(session, draft.run_id, None)
        await _gone(url, [draft.run_id for draft in drafts])
    finally:
        await database.close()


async def _gone(url: str, run_ids: list[int]) -> None:
    """Until the tables of undone drafts are dropped: the next run begins in peace."""
    tables = [f"lines_{run_id}" for run_id in run_ids]
    async with connection(url) as database:
        for _ in range(GONE_S_MAX * 5):
            if not await database.fetchval("SELECT count(to_regclass(t)) FROM unnest($1::text[]) t", tables):
                return
            await asyncio.sleep(0.2)
    raise TimeoutError(f"drafts are still there after {GONE_S_MAX} s: {tables}")


async def _billed(made: Town, way: Any) -> Timed:
    with Memory(made.home) as memory:
        result = await way(made.url)
    async with connection(made.url) as database:
        return await _timed(database, result, memory)


async def _run_by_stack(url: str) -> RunResult:
    return await run_and_wait(url, None, "city", None, publish=True)


async def _run_here(url: str) -> RunResult:
    """The same steps without NATS and Ray: commands are obeyed at once, blocks are computed right here."""
    database = Database(url, pool_max=2)
    try:
        async with database.reading() as session:
            opened = await calendar.open_month(session)
        assert opened is not None, "the city has no open month"
        async with database.transaction() as session:
            asker, agreer = await robots(session)
            run_id = await request_run(session, Period.of(opened), "city", None, asker)
        async with database.transaction() as session:
            await obey(session, START, {"run_id": run_id})
        await run_until_idle(url)
        async with database.transaction() as session:
            await request_publication(session, run_id, asker)
            await approve_publication(session, run_id, agreer)
            await obey(session, PUBLISH, {"run_id": run_id})
        async with database.reading() as session:
            return await run_result(session, run_id)
    finally:
        await database.close()


MOMENTS = """
SELECT r.created_at, r.started_at, max(b.finished_at) AS written_at, r.checked_at, r.published_at,
       (SELECT details FROM run_log g WHERE g.run_id = r.id AND g.event = 'checked') AS details
  FROM runs r JOIN run_blocks b ON b.run_id = r.id WHERE r.id = $1 GROUP BY r.id
"""


async def _timed(database: Any, result: RunResult, memory: Memory) -> Timed:
    """Wall seconds by stage; the time of the blocks is split as the workers spent theirs."""
    import json

    row = await database.fetchrow(MOMENTS, result.run_id)
    spent = json.loads(row["details"] or "{}")
    by_worker = {name: spent.get(f"{name}_ms", 0) / 1000 for name in ("read", "compute", "write")}
    whole = sum(by_worker.values()) or 1.0
    blocks = _between(row["started_at"], row["written_at"])
    stages = {
        "plan": _between(row["created_at"], row["started_at"]),
        **{name: blocks * seconds / whole for name, seconds in by_worker.items()},
        "index": _between(row["written_at"], row["checked_at"]),
        "publish": _between(row["checked_at"], row["published_at"]),
    }
    seconds = _between(row["created_at"], row["published_at"])
    return Timed(result, seconds, stages, by_worker, memory.total_mb, memory.worker_mb)


def _between(first: dt.datetime, last: dt.datetime) -> float:
    return (last - first).total_seconds()


def _report(made: Town, timed: Timed, before: dict[str, Any], local: bool) -> Report:
    result = timed.result
    return Report(
        bench="city",
        accounts=result.accounts,
        lines=result.lines,
        seconds=timed.seconds,
        rate=result.accounts / timed.seconds,
        unit="accounts/s",
        stages=timed.stages,
        peak_rss_mb=timed.memory_mb,
        digest=result.digest or "",
        details={
            "period": result.period,
            "parked": result.parked,
            "lines_per_account": round(result.lines / max(result.accounts, 1), 2),
            "blocks": result.blocks,
            "way": "local" if local or made.stack is None else "ray",
            "worker_seconds": {name: round(value, 2) for name, value in timed.worker_seconds.items()},
            "worker_rss_mb": timed.worker_mb,
            "prepared": made.seeded,
            **before,
        },
    )


def _sql(made: Town, result: RunResult, ours: float) -> Beside:
    done = asyncio.run(sql_city.accrue(made.url, Period.parse(result.period), result.run_id))
    compared = asyncio.run(sql_city.compare(made.url, result.run_id))
    asyncio.run(sql_city.drop(made.url))
    return Beside.of(
        "sql_set_based",
        done.lines / done.seconds,
        "lines/s",
        ours,
        lines=done.lines,
        seconds=round(done.seconds, 2),
        share_covered=round(compared.share_covered, 6),
        lines_different=compared.different,
        lines_only_ours=compared.only_ours,
        lines_only_sql=compared.only_theirs,
        sums_by_service=compared.by_service,
    )
