"""P2: a whole city billed by the real supervisor and workers: read, compute, write, index, totals, publish.

Ceiling: binary COPY of exactly the same rows over two connections. Peer: set-based SQL that does the same
rules; its lines are compared with the engine's, key by key. As people work, a draft of the city comes first
and is undone: the published run finds a warm database, the draft (`first_draft`) did not.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import uvloop

from actors.local import run_until_idle
from benchmarks._report import Beside, Report, surroundings
from benchmarks._runs import Timed, draft, published, timed, undo, warm_up
from benchmarks._town import Memory, Town, checkpoint, town, whole_stack
from benchmarks.peers import raw_copy, sql_city
from billing.period import Period
from storage import months as calendar
from storage.engine import Database
from storage.robots import robots
from storage.run_orders import obey
from storage.run_result import RunResult, run_result
from storage.runs import PUBLISH, START, approve_publication, request_publication, request_run

MONTHS = 3


@dataclass(frozen=True, slots=True)
class Billed:
    """The published run, the draft before it (None without a stack), memory of our own processes."""

    run: Timed
    first: Timed | None
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
        billed = bill(made, local)
        report = _report(made, billed, before, local)
        ours = report.lines / report.seconds
        run_id = billed.run.result.run_id
        raw = asyncio.run(raw_copy.rows_per_second(made.url, run_id))
        report.ceilings.append(Beside.of("raw_copy", raw, "lines/s", ours))
        if peers:
            report.peers.append(_sql(made, billed.run.result, ours))
    return report


def bill(made: Town, local: bool) -> Billed:
    """The open month, from the command to the publication."""
    if local or made.stack is None:
        asyncio.run(checkpoint(made.stack))
        with Memory(made.home) as memory:
            result = uvloop.run(run_here(made.url))
        return Billed(asyncio.run(timed(made.url, result)), None, memory.total_mb, memory.worker_mb)
    with whole_stack(made):
        asyncio.run(warm_up(made.url))
        asyncio.run(checkpoint(made.stack))
        first = asyncio.run(draft(made.url))
        asyncio.run(undo(made.url, [first.result.run_id]))
        asyncio.run(checkpoint(made.stack))
        with Memory(made.home) as memory:
            done = asyncio.run(published(made.url))
    assert done.result.digest == first.result.digest, "two runs of one city came to different lines"
    return Billed(done, first, memory.total_mb, memory.worker_mb)


async def run_here(url: str) -> RunResult:
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


def _report(made: Town, billed: Billed, before: dict[str, Any], local: bool) -> Report:
    done, result = billed.run, billed.run.result
    return Report(
        bench="city",
        accounts=result.accounts,
        lines=result.lines,
        seconds=done.seconds,
        rate=done.rate,
        unit="accounts/s",
        stages=done.stages,
        peak_rss_mb=billed.memory_mb,
        digest=result.digest or "",
        details={
            "lines_per_s": round(result.lines / done.seconds, 1),
            "period": result.period,
            "parked": result.parked,
            "lines_per_account": round(result.lines / max(result.accounts, 1), 2),
            "blocks": result.blocks,
            "way": "ray" if billed.first else "local",
            "first_draft": _draft(billed.first),
            "worker_seconds": {name: round(value, 2) for name, value in done.worker_seconds.items()},
            "worker_rss_mb": billed.worker_mb,
            "prepared": made.seeded,
            **before,
        },
    )


def _draft(first: Timed | None) -> dict[str, Any] | None:
    if first is None:
        return None
    stages = {name: round(value, 3) for name, value in first.stages.items()}
    return {"seconds": round(first.seconds, 3), "rate": round(first.rate, 1), "stages": stages}


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
