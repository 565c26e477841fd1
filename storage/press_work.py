"""The work of a print run as the supervisor and a worker see it: blocks to render, results once, the end.

Hard state is rows; a block's volumes, its receipts and the mark that it is done are one transaction, so a
second
copy of a worker that was thought dead changes nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage.bulk import Connection

CHANNEL = "press_progress"
ATTEMPTS_MAX = 3


@dataclass(frozen=True, slots=True)
class RouteOfBlock:
    """What the cover of a route says; numbers of its first and last receipt."""

    name: str
    carrier: str
    first_number: int
    last_number: int
    houses_count: int


@dataclass(frozen=True, slots=True)
class PressTask:
    """A block to render and how it lies on paper."""

    run_id: int
    block_no: int
    first_number: int
    account_ids: tuple[int, ...]
    period: dt.date
    layout: str
    is_duplex: bool
    has_separators: bool
    size_percent: int
    volume_sheets: int
    attempts: int
    forms_until: int | None = None
    """Versions of forms made after the run was planned are not looked at."""
    kind: str = "regular"
    route: RouteOfBlock | None = None
    """The route all its receipts lie on, when the run goes by routes."""

    @property
    def key(self) -> tuple[int, int]:
        """What it is known by."""
        return self.run_id, self.block_no


@dataclass(frozen=True, slots=True)
class VolumeFile:
    """A finished volume."""

    part: int
    first_number: int
    last_number: int
    receipts_count: int
    leaves: int
    sheets: int
    due_kopecks: int
    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a receipt lies, or why there is none."""

    number: int
    account_id: int
    house_id: int
    company_id: int
    part: int
    first_leaf: int
    leaves: int
    due_kopecks: int
    problem: str | None = None
    form_id: int | None = None
    """The version of the form it was laid out by; None is the standard one."""
    page_digest: str | None = None


OBSERVE = """
SELECT b.run_id, b.block_no, b.first_number, b.account_ids, r.period, r.layout, r.is_duplex, r.has_separators,
       r.size_percent, r.volume_sheets, b.attempts, r.forms_until, r.kind, w.name, w.carrier,
       w.first_number AS route_first, w.last_number AS route_last, w.houses_count
  FROM press_blocks b JOIN press_runs r ON r.id = b.run_id
  LEFT JOIN press_routes w ON w.run_id = b.run_id AND w.route_no = b.route_no
 WHERE r.state = 'printing' AND b.state = 'planned' AND NOT (b.run_id, b.block_no) IN (
       SELECT * FROM unnest($2::int[], $3::int[]))
 ORDER BY b.run_id, b.block_no LIMIT $1
"""


async def planned(
    connection: Connection, limit: int, in_flight: Sequence[tuple[int, int]]
) -> list[PressTask]:
    """Blocks to give out, the oldest first, less those in flight."""
    rows = await connection.fetch(
        OBSERVE, limit, [run_id for run_id, _ in in_flight], [block_no for _, block_no in in_flight]
    )
    return [_task(row) for row in rows]


OF_ROUTE = ("name", "carrier", "route_first", "route_last", "houses_count")


def _task(row: Any) -> PressTask:
    own = {name: value for name, value in dict(row).items() if name not in OF_ROUTE}
    route = RouteOfBlock(*(row[name] for name in OF_ROUTE)) if row["name"] is not None else None
    return PressTask(**{**own, "account_ids": tuple(row["account_ids"]), "route": route})


async def write_block(
    connection: Connection,
    task: PressTask,
    volumes: Sequence[VolumeFile],
    places: Sequence[Place],
    form_digest: str,
) -> bool:
    """Keep what a block came to, once; False when it was done before."""
    async with connection.transaction():
        fresh = await connection.fetchval(
            "UPDATE press_blocks SET state = 'done', error = NULL, done_at = clock_timestamp() "
            "WHERE run_id = $1 AND block_no = $2 AND state <> 'done' RETURNING block_no",
            task.run_id,
            task.block_no,
        )
        if fresh is None:
            return False
        await connection.executemany(
            "INSERT INTO press_volumes (run_id, block_no, part, first_number, last_number, receipts_count, "
            "leaves, sheets, due_kopecks, bytes_count, digest, content) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            [
                (
                    task.run_id, task.block_no, one.part, one.first_number, one.last_number,
                    one.receipts_count,
                    one.leaves, one.sheets, one.due_kopecks, len(one.content), one.digest, one.content,
                )
                for one in volumes
            ],
        )  # fmt: skip
        await connection.copy_records_to_table(
            "press_receipts",
            records=[
                (
                    task.run_id, one.number, one.account_id, one.house_id, one.company_id, task.block_no,
                    one.part,
                    one.first_leaf, one.leaves, one.due_kopecks, one.problem, one.form_id, one.page_digest,
                )
                for one in places
            ],
            columns=[
                "run_id", "number", "account_id", "house_id", "company_id", "block_no", "part", "first_leaf",
                "leaves", "due_kopecks", "problem", "form_id", "page_digest",
            ],
        )  # fmt: skip
        await connection.execute(
            "UPDATE press_runs SET form_digest = $2 WHERE id = $1 AND form_digest IS DISTINCT FROM $2",
            task.run_id,
            form_digest,
        )
        await _tell(connection, task.run_id)
    return True


async def note_failure(connection: Connection, task: PressTask, error: str, is_spent: bool) -> None:
    """An attempt that failed; a block whose attempts are spent waits for a person."""
    await connection.execute(
        "UPDATE press_blocks SET error = $3, attempts = attempts + CASE WHEN $4 THEN 1 ELSE 0 END, "
        "state = CASE WHEN $4 AND attempts + 1 >= $5 THEN 'failed' ELSE state END "
        "WHERE run_id = $1 AND block_no = $2 AND state = 'planned'",
        task.run_id,
        task.block_no,
        error[:2000],
        is_spent,
        ATTEMPTS_MAX,
    )
    await _tell(connection, task.run_id)


ENDED = """
SELECT id FROM press_runs r WHERE state = 'printing'
   AND NOT EXISTS (SELECT 1 FROM press_blocks b WHERE b.run_id = r.id AND b.state = 'planned')
"""


async def finish_ended(connection: Connection) -> list[int]:
    """Runs with no block left become done (with the digest of all volumes) or failed (with words)."""
    ended = [row["id"] for row in await connection.fetch(ENDED)]
    for run_id in ended:
        async with connection.transaction():
            await _finish(connection, run_id)
    return ended


async def _finish(connection: Connection, run_id: int) -> None:
    failed = await connection.fetchval(
        "SELECT count(*) FROM press_blocks WHERE run_id = $1 AND state = 'failed'", run_id
    )
    digests = await connection.fetch(
        "SELECT digest FROM press_volumes WHERE run_id = $1 ORDER BY block_no, part", run_id
    )
    digest = hashlib.sha256("".join(row["digest"] for row in digests).encode()).hexdigest()
    words = (
        f"Не напечатано частей: {failed}. Готовые тома можно скачать. Причина записана у части; "
        "устраните её и нажмите «Продолжить»."
    )
    await connection.execute(
        "UPDATE press_runs SET state = $2, error = $3, digest = $4, finished_at = clock_timestamp() "
        "WHERE id = $1 AND state = 'printing'",
        run_id,
        "failed" if failed else "done",
        words if failed else None,
        None if failed else digest,
    )
    await _tell(connection, run_id)


async def _tell(connection: Connection, run_id: int) -> None:
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, str(run_id))
