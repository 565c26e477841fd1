"""Why a month is dearer than the one before: bills of both months read for any accounts at once, and their
parts.

A bill is what was published for the month, the corrections posted in it and the penalties of it. A month
that is not published yet is read from its newest draft of the city.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.correction import net
from billing.ledger import Book
from billing.period import Period
from billing.why import WORDS, Changes, MonthBill, Part, changes
from storage.bulk import Connection, Row, copy_out, int_array
from storage.lines import read_lines
from storage.session import Session, raw_connection

I64 = npt.NDArray[np.int64]

PENALTY = Row.of(account="int4", before="int8", now="int8")
RUNS = """
SELECT r.id, r.period, r.kind, r.state FROM runs r
 WHERE r.period = ANY ($1::date[]) AND (r.state = 'published' OR (
       r.state = 'checked' AND r.kind = 'full' AND r.scope_kind = 'city'))
 ORDER BY r.id
"""


@dataclass(frozen=True, slots=True)
class MonthRuns:
    """Runs that make a month: charges of it, corrections posted in it; is_draft: nothing is published yet."""

    charged: tuple[int, ...]
    corrected: tuple[int, ...]
    is_draft: bool

    @property
    def ids(self) -> list[int]:
        return sorted((*self.charged, *self.corrected))


@dataclass(frozen=True, slots=True)
class Bills:
    """Bills of accounts in two months, kopecks by account, and the parts of their difference."""

    accounts: npt.NDArray[np.int32]
    before: I64
    now: I64
    parts: Changes


@dataclass(frozen=True, slots=True)
class PartTold:
    """A cause with its kopecks, and the services it is made of, the greatest first."""

    part: Part
    kopecks: int
    services: tuple[tuple[int, int], ...]

    @property
    def words(self) -> str:
        """The cause in a word or two."""
        return WORDS[self.part]


@dataclass(frozen=True, slots=True)
class ChangeTold:
    """A bill against that of the month before. The parts add up to the difference, to the kopeck."""

    period: dt.date
    before_kopecks: int
    now_kopecks: int
    parts: tuple[PartTold, ...]
    is_draft: bool = False

    @property
    def before(self) -> dt.date:
        """The month it is compared with."""
        return Period.of(self.period).shift(-1).first_day

    @property
    def delta_kopecks(self) -> int:
        return self.now_kopecks - self.before_kopecks


async def month_runs(connection: Connection, period: Period) -> tuple[MonthRuns, MonthRuns]:
    """Runs of the month before and of the month."""
    months = [period.shift(-1).first_day, period.first_day]
    rows = await connection.fetch(RUNS, months)
    found = []
    for month in months:
        mine = [row for row in rows if row["period"] == month]
        charged = [row["id"] for row in mine if row["state"] == "published" and row["kind"] != "correction"]
        corrected = [row["id"] for row in mine if row["state"] == "published" and row["kind"] == "correction"]
        drafts = [row["id"] for row in mine if row["state"] == "checked"]
        is_draft = not charged and bool(drafts)
        found.append(MonthRuns(tuple(drafts[-1:] if is_draft else charged), tuple(corrected), is_draft))
    return found[0], found[1]


async def read_bills(
    connection: Connection, period: Period, accounts: Sequence[int], runs: tuple[MonthRuns, MonthRuns]
) -> Bills:
    """Bills of these accounts (in order of id) and the parts of each one's difference."""
    ids = np.unique(np.asarray(accounts, np.int32))
    months = []
    for of_month, month in zip(runs, (period.shift(-1), period), strict=True):
        charged = net(await read_lines(connection, of_month.charged, ids.tolist()))
        corrected = await read_lines(connection, of_month.corrected, ids.tolist())
        months.append(MonthBill(month.days, charged, corrected))
    penalties = await _penalties(connection, period, ids)
    before, now = (
        _sums(ids, month) + owed for month, owed in zip(months, (penalties[1], penalties[2]), strict=True)
    )
    parts = changes(months[0], months[1], (penalties[0], penalties[2] - penalties[1]))
    return Bills(ids, before, now, parts)


def _sums(ids: npt.NDArray[np.int32], month: MonthBill) -> I64:
    """Kopecks of each account."""
    out = np.zeros(len(ids), np.int64)
    for lines in (month.charged, month.corrected):
        np.add.at(out, np.searchsorted(ids, lines.account_id), lines.amount_kopecks + lines.surcharge_kopecks)
    return out


async def _penalties(
    connection: Connection, period: Period, ids: npt.NDArray[np.int32]
) -> tuple[I64, I64, I64]:
    """Account ids, penalties posted in the month before and in the month."""
    months = (period.shift(-1).first_day, period.first_day)
    before, now = (
        f"coalesce(sum(p.amount_kopecks) FILTER (WHERE p.period = '{month}'), 0)::bigint" for month in months
    )
    found = await copy_out(
        connection,
        PENALTY,
        f"SELECT p.account_id, {before}, {now} FROM postings p JOIN entries e ON e.id = p.entry_id "
        f"LEFT JOIN entries x ON x.id = e.reverses_id WHERE p.book = {int(Book.PENALTIES)} "
        f"AND p.period IN ('{months[0]}', '{months[1]}') AND p.account_id = ANY ({int_array(ids)}) "
        "AND (e.kind = 'penalty' OR x.kind = 'penalty') GROUP BY p.account_id",
    )
    made = [np.zeros(len(ids), np.int64) for _ in range(2)]
    at = np.searchsorted(ids, found["account"])
    made[0][at], made[1][at] = found["before"], found["now"]
    return ids.astype(np.int64), made[0], made[1]


async def account_changes(session: Session, accounts: Sequence[int], month: dt.date) -> dict[int, ChangeTold]:
    """Of each account its change, for pages and for receipts; accounts without any bill are left out.

    Reads five times, however many accounts there are.
    """
    connection = await raw_connection(session)
    period = Period.of(month)
    runs = await month_runs(connection, period)
    bills = await read_bills(connection, period, accounts, runs)
    parts = bills.parts
    starts = np.searchsorted(parts.account_id, bills.accounts)
    ends = np.searchsorted(parts.account_id, bills.accounts, side="right")
    told = {}
    for at, account in enumerate(bills.accounts.tolist()):
        here = slice(int(starts[at]), int(ends[at]))
        if not bills.before[at] and not bills.now[at] and here.start == here.stop:
            continue
        columns = (parts.part[here], parts.service[here], parts.kopecks[here])
        rows = zip(*(column.tolist() for column in columns), strict=True)
        sums = (month, int(bills.before[at]), int(bills.now[at]))
        told[account] = tell(*sums, list(rows), is_draft=runs[1].is_draft)
    return told


def tell(
    period: dt.date, before: int, now: int, rows: Sequence[tuple[int, int, int]], *, is_draft: bool = False
) -> ChangeTold:
    """Rows of (part, service, kopecks) by cause, the greatest first; rounding last."""
    by_part: dict[int, dict[int, int]] = {}
    for part, service, kopecks in rows:
        of_part = by_part.setdefault(part, {})
        of_part[service] = of_part.get(service, 0) + kopecks
    parts = [
        PartTold(
            Part(part),
            sum(services.values()),
            tuple(sorted(services.items(), key=lambda one: (-abs(one[1]), one[0]))),
        )
        for part, services in by_part.items()
    ]
    parts.sort(key=lambda one: (one.part == Part.ROUNDING, -abs(one.kopecks), one.part))
    told = ChangeTold(period, before, now, tuple(parts), is_draft)
    assert sum(one.kopecks for one in parts) == told.delta_kopecks, "parts do not add up to the change"
    return told
