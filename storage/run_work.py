"""What workers do to runs: observe, note what was given out, finish, publish, undo. No pages here.

Everything takes a bare connection inside the caller's transaction or opens its own, and may be repeated:
after a crash the supervisor reads what is here and goes on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from billing.lines import add_digests
from billing.period import Period
from storage.bulk import Connection
from storage.line_partitions import attach_partitions, drop_partitions
from storage.lines import RunGone, hex_digest
from storage.run_plan import write_log
from storage.shelves import is_shelved, partition
from storage.sum_gate import counted, hold_sums

DROP_WAIT_MS = 2_000  # readers of lines wait behind a drop that waits: give way and try again


@dataclass(frozen=True, slots=True)
class BlockTask:
    """One block to compute: all a worker needs to know. key: the first house, the same block of another run
    has it.
    """

    run_id: int
    block_no: int
    period: int
    law_version: str
    house_ids: tuple[int, ...]
    account_id: int | None
    is_difference: bool
    attempts: int
    months: tuple[int, ...] = ()  # of a correction: past months in order
    is_manual: bool = False

    @property
    def key(self) -> int:
        return self.house_ids[0]


@dataclass(frozen=True, slots=True)
class LiveRun:
    """An accruing run with the blocks still to do, in order."""

    id: int
    period: int
    stop_requested: bool
    pending: tuple[BlockTask, ...]


async def observe(connection: Connection) -> list[LiveRun]:
    """Accruing runs, oldest first, with their planned blocks."""
    rows = await connection.fetch(
        "SELECT r.id, r.period, r.stop_requested, r.law_version, r.kind, r.scope_kind, r.scope_id, "
        "b.block_no, "
        "b.house_ids, b.attempts, c.first_period, c.last_period, c.kind AS correction FROM runs r LEFT JOIN "
        "run_blocks b ON b.run_id = r.id AND b.state = 'planned' LEFT JOIN corrections c ON c.run_id = r.id "
        "WHERE r.state = 'accruing' ORDER BY r.id, b.block_no"
    )
    pending: dict[int, list[BlockTask]] = {}
    heads: dict[int, asyncpg.Record] = {}
    for row in rows:
        heads[row["id"]] = row
        tasks = pending.setdefault(row["id"], [])
        if row["block_no"] is not None:
            tasks.append(_task(row))
    return [
        LiveRun(run_id, Period.of(head["period"]).ordinal, head["stop_requested"], tuple(pending[run_id]))
        for run_id, head in heads.items()
    ]


def _task(row: asyncpg.Record) -> BlockTask:
    return BlockTask(
        run_id=row["id"],
        block_no=row["block_no"],
        period=Period.of(row["period"]).ordinal,
        law_version=row["law_version"],
        house_ids=tuple(row["house_ids"]),
        account_id=row["scope_id"] if row["scope_kind"] == "account" else None,
        is_difference=row["kind"] == "difference",
        attempts=row["attempts"],
        months=_months(row),
        is_manual=row["correction"] == "manual",
    )


def _months(row: asyncpg.Record) -> tuple[int, ...]:
    if row["correction"] is None:
        return ()
    first, last = Period.of(row["first_period"]), Period.of(row["last_period"])
    return tuple(range(first.ordinal, last.ordinal + 1))


async def note_given(connection: Connection, given: Sequence[tuple[int, int, str]]) -> None:
    """Checkpoint before the act: (run, block, worker) are about to be given out."""
    await connection.execute(
        "UPDATE run_blocks b SET attempts = b.attempts + 1, worker = g.worker, started_at = "
        "clock_timestamp() "
        "FROM unnest($1::int[], $2::int[], $3::text[]) AS g (run_id, block_no, worker) "
        "WHERE b.run_id = g.run_id AND b.block_no = g.block_no AND b.state = 'planned'",
        [one[0] for one in given],
        [one[1] for one in given],
        [one[2] for one in given],
    )


async def note_failure(connection: Connection, run_id: int, block_no: int, error: str) -> None:
    """Keep why an attempt at a block failed."""
    await connection.execute(
        "UPDATE run_blocks SET error = $3 WHERE run_id = $1 AND block_no = $2 AND state = 'planned'",
        run_id,
        block_no,
        error[:2000],
    )
    await write_log(
        connection, run_id, "retry", f"Часть {block_no}: попытка не удалась, повторим. {error[:300]}"
    )


async def note_progress(connection: Connection, run_ids: Iterable[int]) -> None:
    """Sums of finished blocks into the runs' rows, and a sign to the pages that watch."""
    await connection.execute(
        "UPDATE runs r SET parked_count = s.parked, lines_count = s.lines, amount_kopecks = s.amount, "
        "surcharge_kopecks = s.surcharge FROM (SELECT run_id, sum(parked_count) AS parked, "
        "sum(lines_count) AS lines, "
        "sum(amount_kopecks) AS amount, sum(surcharge_kopecks) AS surcharge FROM run_blocks WHERE run_id = "
        "ANY ($1) "
        "GROUP BY run_id) s WHERE r.id = s.run_id AND r.state = 'accruing'",
        list(run_ids),
    )
    for run_id in run_ids:
        await connection.execute("SELECT pg_notify('run_progress', $1)", str(run_id))


async def finish_run(connection: Connection, run_id: int, spent: Mapping[str, int] | None = None) -> bool:
    """accruing → checked when every block is done: keys, attach, totals, digest. False when it is not (any
    more).

    One transaction: killed in the middle, it begins again. Takes seconds for a city. spent: milliseconds of
    workers by stage, kept in the run's log (what a killed supervisor counted is not in them).
    """
    async with connection.transaction():
        left = await connection.fetchval(
            "SELECT count(*) FROM run_blocks WHERE run_id = $1 AND state = 'planned'", run_id
        )
        state = await connection.fetchval("SELECT state FROM runs WHERE id = $1", run_id)
        if left or state != "accruing":
            return False
        await attach_partitions(connection, run_id)
        return await _check(connection, run_id, spent)


async def _check(connection: Connection, run_id: int, spent: Mapping[str, int] | None) -> bool:
    blocks = await connection.fetch(
        "SELECT accounts_count, parked_count, lines_count, amount_kopecks, surcharge_kopecks, digest "
        "FROM run_blocks WHERE run_id = $1",
        run_id,
    )
    digest = hex_digest(add_digests(int(block["digest"] or "0", 16) for block in blocks))
    sums = {
        name: sum(block[name] for block in blocks)
        for name in ("accounts_count", "parked_count", "lines_count", "amount_kopecks", "surcharge_kopecks")
    }
    kind = await connection.fetchval(
        "UPDATE runs SET state = 'checked', checked_at = clock_timestamp(), digest = $2, accounts_count = "
        "$3, "
        "parked_count = $4, lines_count = $5, amount_kopecks = $6, surcharge_kopecks = $7 "
        "WHERE id = $1 AND state = 'accruing' RETURNING kind",
        run_id,
        digest,
        *sums.values(),
    )
    if kind is None:
        raise RunGone(f"run {run_id} was undone while it was being finished")
    held = await hold_sums(connection, run_id)
    words = "Посчитано и проверено"
    if kind != "full" and sums["lines_count"] == 0:
        words = "Посчитано: различий с опубликованным нет, публиковать нечего"
    if held:
        words += f". Задержано проверкой сумм: {', '.join(counted(n, what) for what, n in held.items())}"
    await write_log(connection, run_id, "checked", words, spent)
    return True


async def fail_run(connection: Connection, run_id: int, words: str) -> None:
    """accruing → failed: the run cannot go on as a whole (the law changed under it)."""
    changed = await connection.fetchval(
        "UPDATE runs SET state = 'failed', error = $2 WHERE id = $1 AND state = 'accruing' RETURNING id",
        run_id,
        words,
    )
    if changed is not None:
        await write_log(connection, run_id, "failed", words)


# ---- undo --------------------------------------------------------------------------------------------------


async def undo_run(connection: Connection, run_id: int) -> bool:
    """A draft → undone, at once; its lines are dropped next by drop_undone. False when it is not a draft,
    or was handed over for publication between the command and now.
    """
    changed = await connection.fetchval(
        "UPDATE runs SET state = 'undone', undone_at = clock_timestamp() "
        "WHERE id = $1 AND state IN ('planned', 'accruing', 'checked', 'failed') AND requested_by IS NULL "
        "RETURNING id",
        run_id,
    )
    if changed is None:
        is_handed_over = await connection.fetchval(
            "SELECT true FROM runs WHERE id = $1 AND state = 'checked' AND requested_by IS NOT NULL", run_id
        )
        if is_handed_over:
            words = "Не отменён: его успели передать на публикацию. Верните на проверку и отмените снова"
            await write_log(connection, run_id, "undo_refused", words)
        return False
    if is_shelved(run_id):
        await drop_partitions(connection, run_id)
    await write_log(connection, run_id, "undone", "Черновик отменён, его строки удалены")
    return True


async def drop_undone(connection: Connection) -> int:
    """Drop what undone runs left; how many were dropped. Gives way to readers and is called again."""
    rows = await connection.fetch(
        "SELECT r.id FROM runs r WHERE r.state = 'undone' AND (to_regclass('lines_' || r.id) IS NOT NULL "
        "OR to_regclass('run_accounts_' || r.id) IS NOT NULL) ORDER BY r.id"
    )
    dropped = 0
    for row in rows:
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = {DROP_WAIT_MS}")
                dropped += await drop_partitions(connection, row["id"])
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            continue
    return dropped


async def tables_of(connection: Connection, run_id: int) -> bool:
    """Whether the lines of a run are there."""
    return bool(await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", partition("lines", run_id)))


async def now(connection: Connection) -> dt.datetime:
    """The clock of the database."""
    moment: dt.datetime = await connection.fetchval("SELECT clock_timestamp()")
    return moment
