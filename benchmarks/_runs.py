"""Runs of a running stack for benchmarks: drafts, their moments, and dropping them again."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from actors.command import run_and_wait
from benchmarks._town import connection
from storage.engine import Database
from storage.run_result import RunResult
from storage.runs import request_undo

GONE_S_MAX = 60
WARM_HOUSES = 6

MOMENTS = """
SELECT r.created_at, r.started_at, max(b.finished_at) AS written_at, r.checked_at, r.published_at,
       (SELECT details FROM run_log g WHERE g.run_id = r.id AND g.event = 'checked') AS details
  FROM runs r JOIN run_blocks b ON b.run_id = r.id WHERE r.id = $1 GROUP BY r.id
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """A run with its seconds from the command to the last stage it came to; the blocks' time is split among
    read, compute and write as the workers spent theirs (worker_seconds).
    """

    result: RunResult
    seconds: float
    stages: dict[str, float]
    worker_seconds: dict[str, float]

    @property
    def rate(self) -> float:
        return self.result.accounts / self.seconds


async def timed(url: str, result: RunResult) -> Timed:
    """Moments of a checked or published run, by the clock of the database."""
    async with connection(url) as database:
        row = await database.fetchrow(MOMENTS, result.run_id)
    assert row is not None
    spent = json.loads(row["details"] or "{}")
    by_worker = {name: spent.get(f"{name}_ms", 0) / 1000 for name in ("read", "compute", "write")}
    whole = sum(by_worker.values()) or 1.0
    blocks = _between(row["started_at"], row["written_at"])
    stages = {
        "plan": _between(row["created_at"], row["started_at"]),
        **{name: blocks * seconds / whole for name, seconds in by_worker.items()},
        "index": _between(row["written_at"], row["checked_at"]),
    }
    last = row["checked_at"]
    if row["published_at"] is not None:
        stages["publish"] = _between(row["checked_at"], row["published_at"])
        last = row["published_at"]
    return Timed(result, _between(row["created_at"], last), stages, by_worker)


def _between(first: dt.datetime, last: dt.datetime) -> float:
    return (last - first).total_seconds()


async def draft(url: str, scope_kind: str = "city", scope_id: int | None = None) -> Timed:
    """A run of the open month up to its check, as `paylogic run` makes it."""
    return await timed(url, await run_and_wait(url, None, scope_kind, scope_id))


async def published(url: str) -> Timed:
    """The same for the city, published by two persons."""
    return await timed(url, await run_and_wait(url, None, "city", None, publish=True))


async def undo(url: str, run_ids: list[int]) -> None:
    """Undo drafts and wait until their tables are gone: the next run begins in peace."""
    database = Database(url, pool_max=1)
    try:
        async with database.transaction() as session:
            for run_id in run_ids:
                await request_undo(session, run_id, None)
    finally:
        await database.close()
    tables = [f"lines_{run_id}" for run_id in run_ids]
    async with connection(url) as raw:
        for _ in range(GONE_S_MAX * 5):
            if not await raw.fetchval("SELECT count(to_regclass(t)) FROM unnest($1::text[]) t", tables):
                return
            await asyncio.sleep(0.2)
    raise TimeoutError(f"drafts are still there after {GONE_S_MAX} s: {tables}")


async def houses_of(url: str, count: int) -> list[int]:
    """Houses spread over the whole city."""
    async with connection(url) as raw:
        rows: list[Any] = await raw.fetch("SELECT id FROM houses ORDER BY id")
    step = max(1, len(rows) // count)
    return [row["id"] for row in rows[::step][:count]]


async def warm_up(url: str) -> None:
    """Drafts of a few houses, undone at once: every worker has started, as in a stack that runs for days."""
    drafts = [await draft(url, "house", house) for house in await houses_of(url, WARM_HOUSES)]
    await undo(url, [one.result.run_id for one in drafts])
