"""A block of a correction: its houses over all its months, written once as one transaction.

Fenced exactly as a block of any run (storage.lines): a repeat finds it done, a run undone meanwhile refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from billing.basis import Basis
from billing.lines import DTYPES, Lines, add_digests
from billing.money import I64
from billing.period import Period
from billing.quantity import KOPECKS_PER_RUBLE, MICRO, RATE_PER_RUBLE
from storage.bulk import Connection, Row, copy_in
from storage.common_past import write_common
from storage.formulas import write_told
from storage.lines import (
    ACCOUNT_SUM,
    COLUMNS,
    HOUSE_SUM,
    TOTAL,
    BlockDone,
    account_sums,
    finish_block,
    hex_digest,
    lock_block,
    totals_by_payee,
)
from storage.meter_reads import rows_of
from storage.parked import parked_message, write_rows
from storage.recompute import MonthChanged, ValuesOf, recompute
from storage.run_work import BlockTask
from storage.shelves import partition

LINE = Row.of(run_id="int4", months_back="int2", **COLUMNS)
SUM = Row.of(run_id="int4", **dict(zip(ACCOUNT_SUM.names, ACCOUNT_SUM.types, strict=True)))
MONTH_TOTAL = Row.of(**dict(zip(TOTAL.names, TOTAL.types, strict=True)), months_back="int2")
SUMS = """
SELECT s.account_id, s.company_id, s.period, s.service, s.supplier_id, s.amount_kopecks
  FROM correction_sums s JOIN accounts a ON a.id = s.account_id
 WHERE s.run_id = $1 AND a.house_id = ANY ($2) ORDER BY s.account_id, s.period, s.service"""


@dataclass(frozen=True, slots=True)
class Drafted:
    """Lines of a block of a correction with the month each is about, in order of accounts."""

    lines: Lines
    period: I64  # ordinals
    looked_at: int
    parked: dict[int, tuple[int, str, str]]  # account → service, reason, message
    common: list[MonthChanged] = field(default_factory=list)

    @classmethod
    def of(
        cls, parts: Sequence[tuple[Period, Lines]], looked_at: int, parked: dict[int, tuple[int, str, str]]
    ) -> Drafted:
        lines = Lines.concat([part for _, part in parts])
        month = np.concatenate(
            [np.full(len(part), at.ordinal, np.int64) for at, part in parts] or [np.zeros(0, np.int64)]
        )
        order = np.lexsort((month, lines.account_id))
        return cls(lines.take(order), month[order], looked_at, parked)

    def digest(self) -> int:
        """Of each month apart: equal lines of different months are different things."""
        parts = []
        for month in np.unique(self.period).tolist():
            digest = self.lines.take(self.period == month).digest()
            parts.append(digest * (2 * month + 1) % 2**128)
        return add_digests(parts)


async def correct_block(
    connection: Connection, task: BlockTask, values_of: ValuesOf, worker: str
) -> BlockDone:
    """Compute and write one block of a correction. Raises RunGone."""
    drafted = await (
        _manual(connection, task) if task.is_manual else _recomputed(connection, task, values_of)
    )
    return await _write(connection, task, drafted, worker)


async def _recomputed(connection: Connection, task: BlockTask, values_of: ValuesOf) -> Drafted:
    months = [Period(month) for month in task.months]
    parts: list[tuple[Period, Lines]] = []
    parked: dict[int, tuple[int, str, str]] = {}
    seen: set[int] = set()
    common: list[MonthChanged] = []
    async for done in recompute(connection, months, task.house_ids, values_of, task.account_id):
        parts.append((done.period, done.changes))
        await write_told(connection, done.block.formulas)
        seen.update(done.block.accounts.id[done.looked_at].tolist())
        _add_parked(parked, done)
        common.append(done)
    return replace(Drafted.of(parts, len(seen), parked), common=common)


def _add_parked(parked: dict[int, tuple[int, str, str]], done: MonthChanged) -> None:
    """The first month in which an account could not be computed says why."""
    for at, (reason, service, detail) in sorted(done.parked.reason.items()):
        words = f"{done.period.title}: {parked_message(reason, service, detail)}"
        parked.setdefault(int(done.block.accounts.id[at]), (service, reason.name, words))


async def _manual(connection: Connection, task: BlockTask) -> Drafted:
    """Sums written by hand, as lines."""
    rows = await connection.fetch(SUMS, task.run_id, list(task.house_ids))
    parts = [
        (
            Period.of(row["period"]),
            Lines.of(
                1,
                account_id=row["account_id"],
                company_id=row["company_id"],
                supplier_id=row["supplier_id"],
                service=row["service"],
                basis=int(Basis.MANUAL),
                first_day=1,
                days=Period.of(row["period"]).days,
                volume_num=MICRO if row["amount_kopecks"] > 0 else -MICRO,
                volume_den=1,
                rate=abs(row["amount_kopecks"]) * (RATE_PER_RUBLE // KOPECKS_PER_RUBLE),
                amount_kopecks=row["amount_kopecks"],
                a=1 if row["amount_kopecks"] > 0 else -1,
            ),
        )
        for row in rows
    ]
    for _, line in parts:
        line.check()
    return Drafted.of(parts, len({row["account_id"] for row in rows}), {})


# ---- writing -----------------------------------------------------------------------------------------------


async def _write(connection: Connection, task: BlockTask, drafted: Drafted, worker: str) -> BlockDone:
    lines, run_id = drafted.lines, task.run_id
    done = BlockDone(
        run_id=run_id,
        block_no=task.block_no,
        state="done",
        accounts=max(drafted.looked_at - len(drafted.parked), 0),
        parked=len(drafted.parked),
        lines=len(lines),
        amount_kopecks=int(lines.amount_kopecks.sum()),
        surcharge_kopecks=int(lines.surcharge_kopecks.sum()),
        digest=hex_digest(drafted.digest()),
    )
    async with connection.transaction():
        stored = await lock_block(connection, run_id, task.block_no)
        if stored is not None:
            return stored
        columns = {name: getattr(lines, name) for name in DTYPES}
        columns |= {"run_id": run_id, "months_back": task.period - drafted.period}
        await copy_in(connection, partition("lines", run_id), LINE, columns, len(lines))
        sums = account_sums(lines)
        size = len(sums["account_id"])
        await copy_in(connection, partition("run_accounts", run_id), SUM, {"run_id": run_id, **sums}, size)
        await _write_totals(connection, task, drafted)
        await _write_houses(connection, task, drafted)
        for month in drafted.common:
            await write_common(connection, run_id, month.period, month.block, month.common)
        await finish_block(connection, done, worker)
    return done


async def _write_totals(connection: Connection, task: BlockTask, drafted: Drafted) -> None:
    for month in np.unique(drafted.period).tolist():
        totals = totals_by_payee(drafted.lines.take(drafted.period == month))
        keys = {"run_id": task.run_id, "block_no": task.block_no, "months_back": task.period - month}
        await copy_in(connection, "run_totals", MONTH_TOTAL, {**keys, **totals}, len(totals["service"]))


async def _write_houses(connection: Connection, task: BlockTask, drafted: Drafted) -> None:
    """Sums by house, of accounts that may be closed by now too; accounts_count: with any difference."""
    rows = await connection.fetch(
        "SELECT a.id, a.house_id, a.company_id FROM accounts a WHERE a.house_id = ANY ($1) ORDER BY a.id",
        list(task.house_ids),
    )
    companies = {row["house_id"]: row["company_id"] for row in rows}
    houses = np.array(sorted(companies), np.int32)
    ids = np.array([row["id"] for row in rows], np.int32)
    home = rows_of(np.array([row["house_id"] for row in rows], np.int32), houses)
    of = home[rows_of(drafted.lines.account_id, ids)] if len(drafted.lines) else np.zeros(0, np.intp)
    size = len(houses)
    sums: dict[str, npt.NDArray[np.int64]] = {}
    for name in ("amount_kopecks", "surcharge_kopecks"):
        sums[name] = np.zeros(size, np.int64)
        np.add.at(sums[name], of, getattr(drafted.lines, name))
    touched = np.unique(drafted.lines.account_id)
    parked = np.array(sorted(drafted.parked), np.int32)
    columns = {
        "run_id": task.run_id,
        "house_id": houses,
        "company_id": np.array([companies[house] for house in houses.tolist()], np.int32),
        "accounts_count": np.bincount(home[rows_of(touched, ids)], minlength=size),
        "parked_count": np.bincount(home[rows_of(parked, ids)], minlength=size),
        **sums,
    }
    await copy_in(connection, "run_houses", HOUSE_SUM, columns, size)
    home_of = {row["id"]: (row["company_id"], row["house_id"]) for row in rows}
    records = [
        (task.run_id, account, *home_of[account], *why) for account, why in sorted(drafted.parked.items())
    ]
    await write_rows(connection, records)
