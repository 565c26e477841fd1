"""What computations of penalties read: months with charges, their lines by service and payee, days to pay.

Used by both ways of finding when a debt was paid: pooled by account (storage.penalty_debts) and with a
surplus kept apart (storage.penalty_purses).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from billing.ledger import Book
from billing.penalty.kernel import Debts, Pauses, Payments
from billing.penalty.plan import Plan
from billing.penalty.timeline import UNNAMED
from billing.period import Period
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.penalty_law import PenaltyLaw
from storage.shelves import SHELF_FROM

I64 = npt.NDArray[np.int64]

DAY_ZERO = dt.date(2000, 1, 1).toordinal()  # dates of PostgreSQL count from here
FREE_DAYS = 30  # nothing accrues on the first thirty days of delay
NO_SERVICE = 0  # a debt of a month that no line of it explains (moved from another account)
RESIDENTS = int(Book.RESIDENTS)

ACCOUNTS = Row.of(id="int4", company="int4")
SUMS = Row.of(account="int4", period="date", amount="int8")
LINES = Row.of(account="int4", period="date", payee="int4", service="int2", amount="int8")

POSTINGS = f"""
  FROM postings p JOIN entries e ON e.id = p.entry_id
  LEFT JOIN payments y ON y.entry_id = e.id AND y.account_id = p.account_id
 WHERE p.book = {RESIDENTS} AND e.kind <> 'reversal'
   AND NOT EXISTS (SELECT 1 FROM entries r WHERE r.reverses_id = e.id)"""  # noqa: S608
PAID_ON = "coalesce(y.paid_on, e.booked_on)"
OWN_MONTH = "(r.period - make_interval(months => l.months_back))::date"
NO_MONTH = "DATE '2000-01-01'"


@dataclass(frozen=True, slots=True)
class Months:
    """Months with published charges, and the runs of each; column 0 of a matrix is debts of no month.

    corrections: runs with tables of their own whose lines belong to earlier months, each line to its own.
    Those on shelves are hundreds of thousands, so they are not named: has_shelves says there are any.
    """

    periods: tuple[Period, ...]
    runs: dict[int, tuple[int, ...]]
    corrections: tuple[int, ...] = ()
    has_shelves: bool = False

    @property
    def late(self) -> str:
        """Which lines `l` are of corrections, as a condition; empty when there are none."""
        named = [f"l.run_id = ANY ({int_array(self.corrections)})"] if self.corrections else []
        shelved = [f"l.run_id >= {SHELF_FROM}"] if self.has_shelves else []
        return " OR ".join(named + shelved)

    def column_of(self, days: I64) -> I64:
        """Column of the month whose first day this is (days of PostgreSQL); −1 when it is not among them."""
        first = np.array([one.first_day.toordinal() - DAY_ZERO for one in self.periods], np.int64)
        at = np.minimum(np.searchsorted(first, days), max(len(first) - 1, 0))
        known = (first[at] == days) if len(first) else np.zeros(len(days), bool)
        return np.asarray(np.where(known, at + 1, UNNAMED), np.int64)


@dataclass(frozen=True, slots=True)
class Block:
    """Debts by account, month, payee and service with their payments.

    netted: of the payments, what a surplus of another service paid (debt, day, kopecks); known only where
    the rule of the organisation keeps a surplus apart. pauses, plan: what agreements change; agreement: the
    one of each pause.
    """

    account: I64
    company: I64
    period: I64
    payee: I64
    service: I64
    debts: Debts
    paid: Payments
    is_daily: npt.NDArray[np.bool_]
    netted: Payments
    pauses: Pauses = field(default_factory=Pauses.none)
    plan: Plan = field(default_factory=Plan.none)
    agreement: I64 = field(default_factory=lambda: np.zeros(0, np.int64))


def no_payments() -> Payments:
    """Columns without rows."""
    empty = np.zeros(0, np.int64)
    return Payments(empty, empty, empty)


def one_block(first: Block, second: Block) -> Block:
    """Two blocks of different accounts as one."""
    shift = len(first.account)

    def joined(one: Payments, two: Payments) -> Payments:
        return Payments(
            np.concatenate([one.debt, two.debt + shift]),
            np.concatenate([one.day, two.day]),
            np.concatenate([one.amount, two.amount]),
        )

    def column(name: str) -> I64:
        return np.concatenate([getattr(first, name), getattr(second, name)])

    one, two = first.debts, second.debts
    return Block(
        account=column("account"),
        company=column("company"),
        period=column("period"),
        payee=column("payee"),
        service=column("service"),
        debts=Debts(
            np.concatenate([one.amount, two.amount]),
            np.concatenate([one.due, two.due]),
            np.concatenate([one.payer, two.payer]),
        ),
        paid=joined(first.paid, second.paid),
        is_daily=np.concatenate([first.is_daily, second.is_daily]),
        netted=joined(first.netted, second.netted),
    )


async def months_of(connection: Connection, before: dt.date) -> Months:
    """Months before the given one that have published runs."""
    rows = await connection.fetch(
        "SELECT id, period FROM runs WHERE state = 'published' AND period < $1 AND id < $2 "
        "ORDER BY period, id",
        before,
        SHELF_FROM,
    )
    periods = tuple(sorted({Period.of(row["period"]) for row in rows}))
    column = {period: at for at, period in enumerate(periods, 1)}
    runs: dict[int, tuple[int, ...]] = {}
    for row in rows:
        at = column[Period.of(row["period"])]
        runs[at] = (*runs.get(at, ()), row["id"])
    late = await connection.fetch(
        "SELECT c.run_id FROM corrections c JOIN runs r ON r.id = c.run_id AND r.state = 'published' "
        "WHERE r.id < $1 ORDER BY 1",
        SHELF_FROM,
    )
    has_shelves = await connection.fetchval(
        "SELECT EXISTS (SELECT 1 FROM runs WHERE state = 'published' AND id >= $1)", SHELF_FROM
    )
    corrections = tuple(row["run_id"] for row in late)
    runs = {at: tuple(run for run in of if run not in corrections) for at, of in runs.items()}
    return Months(periods, runs, corrections, bool(has_shelves))


def between(ids: I64) -> str:
    return f"BETWEEN {int(ids[0])} AND {int(ids[-1])}"


def rows_of(ids: I64, account: npt.NDArray[np.int64]) -> tuple[I64, npt.NDArray[np.int64]]:
    """Places of accounts among ids, and which rows of the query they are; others are left out."""
    at = np.minimum(np.searchsorted(ids, account), len(ids) - 1)
    mine = np.flatnonzero(ids[at] == account)
    return at[mine].astype(np.int64), mine


def due_days(law: PenaltyLaw, months: Months, companies: Sequence[int]) -> I64:
    """Last day to pay by account and column; debts of no month have no such day."""
    never = dt.date.max.toordinal()
    of_company = {
        company: np.array(
            [never, *(law.of(company).terms.due(period).toordinal() for period in months.periods)], np.int64
        )
        for company in set(companies)
    }
    return np.stack([of_company[company] for company in companies])


async def lines_of(
    connection: Connection, months: Months, ids: I64, wanted: npt.NDArray[np.bool_]
) -> Columns:
    """Charges by service and payee of the wanted months: a query a month, over its own partitions."""
    found: list[Columns] = []
    for column, runs in months.runs.items():
        some = ids[wanted[:, column]]
        if len(some):
            first = months.periods[column - 1].first_day
            found.append(
                await copy_out(
                    connection,
                    LINES,
                    f"""SELECT account_id, DATE '{first}', supplier_id, service,
                               sum(amount_kopecks + surcharge_kopecks)::bigint
                          FROM lines WHERE run_id = ANY ({int_array(runs)})
                           AND account_id = ANY ({int_array(some)}) GROUP BY 1, 3, 4""",  # noqa: S608
                )
            )
    some = ids[wanted.any(axis=1)]
    if months.late and len(some):
        late = await copy_out(
            connection,
            LINES,
            f"""SELECT l.account_id, {OWN_MONTH}, l.supplier_id, l.service,
                       sum(l.amount_kopecks + l.surcharge_kopecks)::bigint
                  FROM lines l JOIN runs r ON r.id = l.run_id AND r.state = 'published'
                 WHERE ({months.late})
                   AND l.account_id = ANY ({int_array(some)}) GROUP BY 1, 2, 3, 4""",  # noqa: S608
        )
        rows, mine = rows_of(ids, late["account"])
        at = months.column_of(late["period"].astype(np.int64))[mine]
        own = mine[(at > 0) & wanted[rows, np.maximum(at, 0)]]
        found.append({name: values[own] for name, values in late.items()})
    return _summed(joined_columns(LINES, found))


def _summed(lines: Columns) -> Columns:
    """A row for each account, month, payee and service: a charge and its corrections together."""
    names = ("account", "period", "payee", "service")
    if not len(lines["account"]):
        return lines
    keys = np.stack([lines[name].astype(np.int64) for name in names])
    order = np.lexsort(keys[::-1])
    keys = keys[:, order]
    begins = np.ones(len(order), bool)
    begins[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    starts = np.flatnonzero(begins)
    out: Columns = {name: keys[at, starts] for at, name in enumerate(names)}
    out["amount"] = np.add.reduceat(lines["amount"][order], starts)
    return out


def joined_columns(row: Row, found: list[Columns]) -> Columns:
    if not found:
        return {name: np.zeros(0, np.int64) for name in row.names}
    return {name: np.concatenate([one[name] for one in found]) for name in row.names}
