"""Lines of a run: a partition a run, filled block by block, each block by exactly one transaction.

While a run accrues, its tables `lines_N` and `run_accounts_N` stand alone (storage.line_partitions), so that
loading and dropping them disturbs no reader. When every block is done they are attached.

Fencing: write_block locks the row of the block, loads its rows, then locks the run's row for sharing and
commits all of it with state 'done'. A second attempt at the block sees 'done' and takes the stored result; an
attempt for a run that was stopped for good, undone or published meanwhile is refused, and nothing of it
stays.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import numpy as np
import numpy.typing as npt

from billing.block import Block
from billing.lines import DTYPES, Lines
from billing.parked import Reason
from billing.period import Period
from billing.services import Service
from storage.bulk import Connection, Row, copy_in, copy_out, int_array
from storage.common_past import write_common
from storage.compute import Computed
from storage.formulas import write_told
from storage.line_partitions import usual_of
from storage.meter_reads import rows_of
from storage.parked import parked_message, write_parked
from storage.shelves import partition

I64 = npt.NDArray[np.int64]

NUMPY_TO_SQL = {"int16": "int2", "int32": "int4", "int64": "int8"}
COLUMNS = {name: NUMPY_TO_SQL[np.dtype(dtype).name] for name, dtype in DTYPES.items()}
LINE = Row.of(**COLUMNS)  # run_id is the default of the run's own table: a field fewer to take apart
ACCOUNT_SUM = Row.of(
    account_id="int4",
    company_id="int4",
    lines_count="int2",
    amount_kopecks="int8",
    surcharge_kopecks="int8",
)
TOTAL = Row.of(
    run_id="int4",
    block_no="int4",
    company_id="int4",
    supplier_id="int4",
    service="int2",
    component="int2",
    lines_count="int4",
    amount_kopecks="int8",
    surcharge_kopecks="int8",
)
HOUSE_SUM = Row.of(
    run_id="int4",
    house_id="int4",
    company_id="int4",
    accounts_count="int4",
    parked_count="int4",
    amount_kopecks="int8",
    surcharge_kopecks="int8",
)
DENSE_MAX = 100_000
COMPONENTS_MAX = 8  # parts of a service: billing.services.Component


class RunGone(Exception):
    """The run no longer takes lines: undone, stopped for good or already published. Nothing was written."""

    code = "run-gone"
    permanent = True


@dataclass(frozen=True, slots=True)
class BlockDone:
    """What a block came to; small, so that it can travel between processes."""

    run_id: int
    block_no: int
    state: str  # done, parked
    accounts: int
    parked: int
    lines: int
    amount_kopecks: int
    surcharge_kopecks: int
    digest: str


def hex_digest(digest: int) -> str:
    """128 bits as 32 hex figures, as stored."""
    return f"{digest:032x}"


# ---- a block in ----------------------------------------------------------------------------------------


async def write_block(
    connection: Connection, run_id: int, block_no: int, block: Block, computed: Computed, worker: str
) -> BlockDone:
    """Write all that a block came to, once. A repeat returns what the first attempt stored. Raises
    RunGone.
    """
    lines, parked = computed.lines, computed.parked.mask()
    good = computed.mine & ~parked
    done = BlockDone(
        run_id=run_id,
        block_no=block_no,
        state="done",
        accounts=int(good.sum()),
        parked=int(parked.sum()),
        lines=len(lines),
        amount_kopecks=int(lines.amount_kopecks.sum()),
        surcharge_kopecks=int(lines.surcharge_kopecks.sum()),
        digest=hex_digest(lines.digest()),
    )
    lines, account = by_account(block, lines)
    await write_told(connection, block.formulas)  # of itself harmless where the block is refused
    try:
        async with connection.transaction():
            stored = await lock_block(connection, run_id, block_no)
            if stored is not None:
                return stored
            columns = _unusual(lines, block.days_in_month)
            await copy_in(connection, partition("lines", run_id), _row_of(columns), columns, len(lines))
            await _write_sums(connection, run_id, block_no, lines)
            await _write_houses(connection, run_id, block, lines, account, good, parked)
            await write_parked(connection, run_id, block, computed.parked)
            await write_common(connection, run_id, block.period, block, computed.common)
            await finish_block(connection, done, worker)
    except asyncpg.UndefinedTableError as error:
        raise RunGone(f"run {run_id} has no tables") from error
    return done


def by_account(block: Block, lines: Lines) -> tuple[Lines, npt.NDArray[np.intp]]:
    """Lines in the block's order of accounts, so that an account's lines lie together; index of each one's
    account.

    Lines of accounts that left the block (a difference takes their charges back) come last, with index
    len(block).
    """
    ids = block.accounts.id
    starts = _starts(lines.account_id)  # the rules give lines account by account: few stretches to look up
    stretch = rows_of(lines.account_id[starts], ids)
    stretch = np.where(stretch < 0, len(ids), stretch)
    index = np.repeat(stretch, np.diff(np.append(starts, len(lines))))
    if (stretch[1:] >= stretch[:-1]).all():
        return lines, index
    rows = np.argsort(index, kind="stable")
    return lines.take(rows), index[rows]


def _starts(ids: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Where each stretch of equal ids begins."""
    return np.flatnonzero(np.append(True, ids[1:] != ids[:-1])) if len(ids) else np.zeros(0, np.intp)


def _unusual(lines: Lines, days: int) -> dict[str, npt.NDArray[Any]]:
    """Columns that are not the same usual value all over."""
    columns = {name: getattr(lines, name) for name in DTYPES}
    for name, value in usual_of(days).items():
        if (columns[name] == value).all():
            del columns[name]
    return columns


def _row_of(columns: dict[str, npt.NDArray[Any]]) -> Row:
    return Row.of(**{name: COLUMNS[name] for name in columns})


async def lock_block(connection: Connection, run_id: int, block_no: int) -> BlockDone | None:
    row = await connection.fetchrow(
        "SELECT state, accounts_count - parked_count AS accounts, parked_count, lines_count, amount_kopecks, "
        "surcharge_kopecks, digest FROM run_blocks WHERE run_id = $1 AND block_no = $2 FOR UPDATE",
        run_id,
        block_no,
    )
    if row is None:
        raise RunGone(f"run {run_id} has no block {block_no}")
    if row["state"] == "planned":
        return None
    return BlockDone(
        run_id,
        block_no,
        row["state"],
        row["accounts"],
        row["parked_count"],
        row["lines_count"],
        row["amount_kopecks"],
        row["surcharge_kopecks"],
        row["digest"] or hex_digest(0),
    )


async def finish_block(
    connection: Connection, done: BlockDone, worker: str, error: str | None = None
) -> None:
    """The run is looked at last, so that its row is held for a moment only."""
    state = await connection.fetchval("SELECT state FROM runs WHERE id = $1 FOR SHARE", done.run_id)
    if state != "accruing":
        raise RunGone(f"run {done.run_id} is {state}")
    await connection.execute(
        "UPDATE run_blocks SET state = $3, accounts_count = $4, parked_count = $5, lines_count = $6, "
        "amount_kopecks = $7, surcharge_kopecks = $8, digest = $9, worker = $10, error = $11, "
        "finished_at = clock_timestamp() WHERE run_id = $1 AND block_no = $2",
        done.run_id,
        done.block_no,
        done.state,
        done.accounts + done.parked,
        done.parked,
        done.lines,
        done.amount_kopecks,
        done.surcharge_kopecks,
        done.digest,
        worker,
        error,
    )


async def _write_sums(connection: Connection, run_id: int, block_no: int, lines: Lines) -> None:
    sums = account_sums(lines)
    size = len(sums["account_id"])
    await copy_in(connection, partition("run_accounts", run_id), ACCOUNT_SUM, sums, size)
    totals = totals_by_payee(lines)
    size = len(totals["service"])
    await copy_in(connection, "run_totals", TOTAL, {"run_id": run_id, "block_no": block_no, **totals}, size)


def account_sums(lines: Lines) -> dict[str, npt.NDArray[Any]]:
    """Sums by account; lines come grouped by account."""
    if not len(lines):
        empty = np.zeros(0, np.int64)
        return dict.fromkeys(ACCOUNT_SUM.names, empty)
    starts = _starts(lines.account_id)
    counts = np.diff(np.append(starts, len(lines)))
    return {
        "account_id": lines.account_id[starts],
        "company_id": lines.company_id[starts],
        "lines_count": counts,
        "amount_kopecks": np.add.reduceat(lines.amount_kopecks, starts),
        "surcharge_kopecks": np.add.reduceat(lines.surcharge_kopecks, starts),
    }


def totals_by_payee(lines: Lines) -> dict[str, npt.NDArray[Any]]:
    """Sums by company, supplier, service and component."""
    company, companies = _dense(lines.company_id)
    supplier, suppliers = _dense(lines.supplier_id)
    service, services = _dense(lines.service)
    assert not len(lines) or int(lines.component.max()) < COMPONENTS_MAX, "component too wide"
    shape = (len(companies), len(suppliers), len(services), COMPONENTS_MAX)
    cell = np.ravel_multi_index((company, supplier, service, lines.component), shape)
    counts = np.bincount(cell, minlength=int(np.prod(shape)))
    used = np.flatnonzero(counts)
    at = np.unravel_index(used, shape)
    sums = {}
    for name in ("amount_kopecks", "surcharge_kopecks"):
        sums[name] = np.zeros(len(counts), np.int64)
        np.add.at(sums[name], cell, getattr(lines, name))
        sums[name] = sums[name][used]
    return {
        "company_id": companies[at[0]],
        "supplier_id": suppliers[at[1]],
        "service": services[at[2]],
        "component": at[3],
        "lines_count": counts[used],
        **sums,
    }


def _dense(ids: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], npt.NDArray[Any]]:
    """Each id as its place among the distinct ones, and those."""
    if not len(ids) or int(ids.max()) > DENSE_MAX:
        distinct, place = np.unique(ids, return_inverse=True)
        return place, distinct
    distinct = np.flatnonzero(np.bincount(ids))  # small numbers: counted, not sorted
    places = np.zeros(int(distinct[-1]) + 1, np.intp)
    places[distinct] = np.arange(len(distinct))
    return places[ids], distinct


async def _write_houses(
    connection: Connection,
    run_id: int,
    block: Block,
    lines: Lines,
    account: npt.NDArray[np.intp],
    good: npt.NDArray[np.bool_],
    parked: npt.NDArray[np.bool_],
) -> None:
    size, house = len(block.houses), block.accounts.house
    inside = account < len(block)
    sums = {}
    for name in ("amount_kopecks", "surcharge_kopecks"):
        sums[name] = np.zeros(size, np.int64)
        np.add.at(sums[name], house[account[inside]], getattr(lines, name)[inside])
    columns = {
        "run_id": run_id,
        "house_id": block.houses.id,
        "company_id": block.houses.company_id,
        "accounts_count": np.bincount(house[good], minlength=size),
        "parked_count": np.bincount(house[parked], minlength=size),
        **sums,
    }
    await copy_in(connection, "run_houses", HOUSE_SUM, columns, size)


async def park_block(
    connection: Connection, run_id: int, block_no: int, period: Period, error: str
) -> BlockDone:
    """Give a block up: all its accounts are parked with BLOCK_FAILED and the run goes on. Fenced as
    write_block.
    """
    async with connection.transaction():
        stored = await lock_block(connection, run_id, block_no)
        if stored is not None:
            return stored
        message = parked_message(Reason.BLOCK_FAILED, Service.UPKEEP, "")
        status = await connection.execute(
            "INSERT INTO parked_accounts (run_id, account_id, company_id, house_id, service, reason, "
            "message) "
            "SELECT b.run_id, a.id, a.company_id, a.house_id, 0, $5, $6 FROM run_blocks b "
            "JOIN accounts a ON a.house_id = ANY (b.house_ids) JOIN runs r ON r.id = b.run_id "
            "WHERE b.run_id = $1 AND b.block_no = $2 AND a.opened_on < $4 "
            "AND (a.closed_on IS NULL OR a.closed_on >= $3) "
            "AND (r.scope_kind <> 'account' OR a.id = r.scope_id)",
            run_id,
            block_no,
            period.first_day,
            period.shift(1).first_day,
            Reason.BLOCK_FAILED.name,
            message,
        )
        parked = int(status.split()[-1])
        await connection.execute(
            "INSERT INTO run_houses (run_id, house_id, company_id, accounts_count, parked_count, "
            "amount_kopecks, "
            "surcharge_kopecks) SELECT run_id, house_id, min(company_id), 0, count(*), 0, 0 FROM "
            "parked_accounts "
            "WHERE run_id = $1 AND house_id = ANY (SELECT unnest(house_ids) FROM run_blocks "
            "WHERE run_id = $1 AND block_no = $2) GROUP BY run_id, house_id",
            run_id,
            block_no,
        )
        done = BlockDone(run_id, block_no, "parked", 0, parked, 0, 0, 0, hex_digest(0))
        await finish_block(connection, done, worker="", error=error[:2000])
    return done


# ---- lines out -----------------------------------------------------------------------------------------


async def read_lines(connection: Connection, run_ids: Sequence[int], account_ids: Sequence[int]) -> Lines:
    """Lines of these accounts in these runs, in order of account and key."""
    if not len(run_ids) or not len(account_ids):
        return Lines.empty()
    names = ", ".join(f"l.{name}" for name in LINE.names)
    columns = await copy_out(
        connection,
        LINE,
        f"SELECT {names} FROM lines l WHERE l.run_id = ANY({int_array(run_ids)}) "
        f"AND l.account_id = ANY({int_array(account_ids)})",
    )
    return Lines(**columns).ordered()


async def read_published(connection: Connection, period: Period, house_ids: Sequence[int]) -> Lines:
    """What is already published for the month over these houses, whatever runs it came by: its own, and
    corrections posted in later months.
    """
    runs = await connection.fetch(
        "SELECT id, period FROM runs WHERE state = 'published' AND (period = $1 OR (kind = 'correction' "
        "AND period > $1))",
        period.first_day,
    )
    parts = []
    backs = {row["id"]: Period.of(row["period"]).ordinal - period.ordinal for row in runs}
    for back in sorted(set(backs.values())):
        ids = [run_id for run_id, months in backs.items() if months == back]
        names = ", ".join(f"l.{name}" for name in LINE.names)
        columns = await copy_out(
            connection,
            LINE,
            f"SELECT {names} FROM accounts a JOIN lines l ON l.account_id = a.id "
            f"WHERE a.house_id = ANY({int_array(house_ids)}) AND l.run_id = ANY ({int_array(ids)}) "
            f"AND l.months_back = {back}",
        )
        parts.append(Lines(**columns))
    return Lines.concat(parts)
