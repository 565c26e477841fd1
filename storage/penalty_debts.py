"""Debts of a block of accounts with the days they were paid on, from lines of published runs and the ledger.

First months of accounts, cheap and for all; then services, only of months that have or had a penalty. A
payment and its reversal are as if they had never been; a recalculation lessens the debt of its own month.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.ledger import Book
from billing.penalty.kernel import Debts, Payments, payer_of
from billing.penalty.split import Parts, split
from billing.penalty.timeline import UNNAMED, Charged, Money, Paid, when_paid
from billing.period import Period
from billing.services import Service
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.penalty_law import PenaltyLaw
from storage.shelves import SHELF_FROM

I64 = npt.NDArray[np.int64]

DAY_ZERO = dt.date(2000, 1, 1).toordinal()  # dates of PostgreSQL count from here
FREE_DAYS = 30  # nothing accrues on the first thirty days of delay
NO_SERVICE = 0  # a debt of a month that no line of it explains (moved from another account)
RESIDENTS = int(Book.RESIDENTS)


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
    """Debts by account, month, payee and service, in this order, with their payments; until of the run."""

    account: I64
    company: I64
    period: I64
    payee: I64
    service: I64
    debts: Debts
    paid: Payments
    is_daily: npt.NDArray[np.bool_]


ACCOUNTS = Row.of(id="int4", company="int4")
SUMS = Row.of(account="int4", period="date", amount="int8")
MONEY = Row.of(account="int4", period="date", day="date", amount="int8")
LINES = Row.of(account="int4", period="date", payee="int4", service="int2", amount="int8")
KNOWN = Row.of(account="int4", period="date", payee="int4", service="int2", day="date", amount="int8")

POSTINGS = f"""
  FROM postings p JOIN entries e ON e.id = p.entry_id
  LEFT JOIN payments y ON y.entry_id = e.id AND y.account_id = p.account_id
 WHERE p.book = {RESIDENTS} AND e.kind <> 'reversal'
   AND NOT EXISTS (SELECT 1 FROM entries r WHERE r.reverses_id = e.id)"""  # noqa: S608
PAID_ON = "coalesce(y.paid_on, e.booked_on)"
OWN_MONTH = "(r.period - make_interval(months => l.months_back))::date"
NO_MONTH = "DATE '2000-01-01'"


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


async def load(
    connection: Connection,
    law: PenaltyLaw,
    months: Months,
    accounts: Columns,
    until: dt.date,
    posted: Columns | None = None,
) -> Block:
    """Debts of these accounts (ids ascending) that cost something by `until`.

    posted: account and period of what was posted before; loaded even if it costs nothing now.
    """
    ids = accounts["id"].astype(np.int64)
    principal, money = await _months(connection, months, ids)
    charged_on = np.array([0, *(one.shift(1).first_day.toordinal() for one in months.periods)], np.int64)
    paid = when_paid(Charged(principal, charged_on), money, until.toordinal())
    due = _due(law, months, accounts["company"].tolist())
    wanted = _late(paid, due, until.toordinal())
    if posted is not None and len(posted["account"]):
        column = months.column_of(posted["period"].astype(np.int64))
        known = column > 0
        wanted[np.searchsorted(ids, posted["account"][known]), column[known]] = True
    lines = await _lines(connection, months, ids, wanted)
    known_parts = await _known(connection, months, ids, wanted)
    return _block(accounts, law, months, principal, due, paid, wanted, lines, known_parts, charged_on)


async def _months(connection: Connection, months: Months, ids: I64) -> tuple[I64, Money]:
    """What was charged by account and month, and the money that came."""
    principal = np.zeros((len(ids), len(months.periods) + 1), np.int64)
    runs = [run for of_month in months.runs.values() for run in of_month]
    between = _between(ids)
    if runs:
        sums = await copy_out(
            connection,
            SUMS,
            f"""SELECT c.account_id, r.period, sum(c.amount_kopecks + c.surcharge_kopecks)::bigint
                  FROM run_accounts c JOIN runs r ON r.id = c.run_id
                 WHERE c.run_id = ANY ({int_array(runs)}) AND c.account_id {between} GROUP BY 1, 2""",  # noqa: S608
        )
        rows, mine = _rows(ids, sums["account"])
        np.add.at(
            principal, (rows, months.column_of(sums["period"].astype(np.int64))[mine]), sums["amount"][mine]
        )
    if months.late:
        late = await copy_out(
            connection,
            SUMS,
            f"""SELECT l.account_id, {OWN_MONTH}, sum(l.amount_kopecks + l.surcharge_kopecks)::bigint
                  FROM lines l JOIN runs r ON r.id = l.run_id AND r.state = 'published'
                 WHERE ({months.late}) AND l.account_id {between}
                 GROUP BY 1, 2""",  # noqa: S608
        )
        rows, mine = _rows(ids, late["account"])
        column = months.column_of(late["period"].astype(np.int64))[mine]
        np.add.at(principal, (rows, np.maximum(column, 0)), late["amount"][mine])
    came = await copy_out(
        connection,
        MONEY,
        f"""SELECT p.account_id, coalesce(p.of_period, {NO_MONTH}), {PAID_ON}, -sum(p.amount_kopecks)::bigint
            {POSTINGS} AND p.account_id {between} GROUP BY 1, 2, 3 HAVING sum(p.amount_kopecks) <> 0""",
    )
    rows, mine = _rows(ids, came["account"])
    named = months.column_of(came["period"].astype(np.int64))[mine]
    day, amount = came["day"][mine].astype(np.int64) + DAY_ZERO, came["amount"][mine]
    more = amount < 0
    np.add.at(principal, (rows[more], np.maximum(named[more], 0)), -amount[more])
    return principal, Money(rows[~more], day[~more], amount[~more], named[~more])


def _between(ids: I64) -> str:
    return f"BETWEEN {int(ids[0])} AND {int(ids[-1])}"


def _rows(ids: I64, account: npt.NDArray[np.int64]) -> tuple[I64, npt.NDArray[np.int64]]:
    """Places of accounts among ids, and which rows of the query they are; others are left out."""
    at = np.minimum(np.searchsorted(ids, account), len(ids) - 1)
    mine = np.flatnonzero(ids[at] == account)
    return at[mine].astype(np.int64), mine


def _due(law: PenaltyLaw, months: Months, companies: Sequence[int]) -> I64:
    """Last day to pay by account and column; debts of no month have no such day."""
    never = dt.date.max.toordinal()
    of_company = {
        company: np.array(
            [never, *(law.of(company).terms.due(period).toordinal() for period in months.periods)], np.int64
        )
        for company in set(companies)
    }
    return np.stack([of_company[company] for company in companies])


def _late(paid: Paid, due: I64, until: int) -> npt.NDArray[np.bool_]:
    """Months of accounts that may have a penalty: unpaid or paid later than thirty days after the due day."""
    wanted = (paid.unpaid > 0) & (until > due + FREE_DAYS)
    late = paid.day > due[paid.account, paid.month] + FREE_DAYS
    wanted[paid.account[late], paid.month[late]] = True
    return np.asarray(wanted)


async def _lines(connection: Connection, months: Months, ids: I64, wanted: npt.NDArray[np.bool_]) -> Columns:
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
        rows, mine = _rows(ids, late["account"])
        at = months.column_of(late["period"].astype(np.int64))[mine]
        own = mine[(at > 0) & wanted[rows, np.maximum(at, 0)]]
        found.append({name: values[own] for name, values in late.items()})
    return _summed(_joined(LINES, found))


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


async def _known(connection: Connection, months: Months, ids: I64, wanted: npt.NDArray[np.bool_]) -> Columns:
    """Payments the ledger already put on a month, payee and service of the wanted accounts."""
    some = ids[wanted.any(axis=1)]
    if not len(some):
        return _joined(KNOWN, [])
    return await copy_out(
        connection,
        KNOWN,
        f"""SELECT p.account_id, p.of_period, p.organisation_id, p.service, {PAID_ON},
                   -sum(p.amount_kopecks)::bigint
            {POSTINGS} AND p.account_id = ANY ({int_array(some)}) AND p.of_period IS NOT NULL
               AND p.organisation_id IS NOT NULL AND p.service IS NOT NULL
             GROUP BY 1, 2, 3, 4, 5 HAVING sum(p.amount_kopecks) < 0""",
    )


def _joined(row: Row, found: list[Columns]) -> Columns:
    if not found:
        return {name: np.zeros(0, np.int64) for name in row.names}
    return {name: np.concatenate([one[name] for one in found]) for name in row.names}


def _block(
    accounts: Columns,
    law: PenaltyLaw,
    months: Months,
    principal: I64,
    due: I64,
    paid: Paid,
    wanted: npt.NDArray[np.bool_],
    lines: Columns,
    known: Columns,
    charged_on: I64,
) -> Block:
    """Services of the wanted months with their payments."""
    ids, width = accounts["id"].astype(np.int64), principal.shape[1]
    cells = np.flatnonzero(wanted.ravel())
    keys, amount = _debts(ids, months, principal, cells, lines, width)
    cell, payee, service = keys
    at = np.searchsorted(cells, paid.account * width + paid.month)
    at = np.minimum(at, max(len(cells) - 1, 0))
    of_cell = paid.account * width + paid.month
    mine = np.flatnonzero(cells[at] == of_cell) if len(cells) else np.zeros(0, np.int64)
    total = np.zeros(len(principal) * width, np.int64)
    np.add.at(total, cell, amount)
    credit = total[cells] - np.maximum(principal.ravel()[cells], 0)
    credited = np.flatnonzero(credit > 0)
    parts = split(
        cell,
        amount,
        Parts(
            np.concatenate([cells[credited], of_cell[mine]]),
            np.concatenate([charged_on[cells[credited] % width], paid.day[mine]]),
            np.concatenate([credit[credited], paid.amount[mine]]),
        ),
        _known_parts(ids, months, keys, known, width),
    )
    account, column = cell // width, cell % width
    first = np.array([0, *(one.first_day.toordinal() for one in months.periods)], np.int64)
    company = accounts["company"].astype(np.int64)
    daily = np.array([law.of(one).mode == "daily" for one in company.tolist()], bool)
    return Block(
        account=ids[account],
        company=company[account],
        period=first[column],
        payee=payee,
        service=service,
        debts=Debts(amount, due[account, column], payer_of(service == Service.CAPITAL_REPAIR)),
        paid=Payments(parts.of, parts.day, parts.amount),
        is_daily=daily[account],
    )


def _debts(
    ids: I64, months: Months, principal: I64, cells: I64, lines: Columns, width: int
) -> tuple[tuple[I64, I64, I64], I64]:
    """Debts above nothing in order of cell, payee, service; a month owed more than its lines has one more."""
    rows, mine = _rows(ids, lines["account"]) if len(ids) else (np.zeros(0, np.int64),) * 2
    cell = rows * width + months.column_of(lines["period"].astype(np.int64))[mine]
    payee, service = lines["payee"][mine].astype(np.int64), lines["service"][mine].astype(np.int64)
    amount = lines["amount"][mine]
    some = amount > 0
    cell, payee, service, amount = cell[some], payee[some], service[some], amount[some]
    total = np.zeros(len(principal) * width, np.int64)
    np.add.at(total, cell, amount)
    lacking = principal.ravel()[cells] - total[cells]
    extra = np.flatnonzero(lacking > 0)
    nothing = np.zeros(len(extra), np.int64)
    cell = np.concatenate([cell, cells[extra]])
    payee, service = np.concatenate([payee, nothing]), np.concatenate([service, nothing + NO_SERVICE])
    amount = np.concatenate([amount, lacking[extra]])
    order = np.lexsort((service, payee, cell))
    return (cell[order], payee[order], service[order]), amount[order]


def _known_parts(ids: I64, months: Months, keys: tuple[I64, I64, I64], known: Columns, width: int) -> Parts:
    """Payments of the ledger as parts of debts; what names no debt here is left to the proportion."""
    cell, payee, service = keys
    rows, mine = _rows(ids, known["account"])
    column = months.column_of(known["period"].astype(np.int64))[mine]
    place = {
        key: at for at, key in enumerate(zip(cell.tolist(), payee.tolist(), service.tolist(), strict=True))
    }
    asked = zip(
        (rows * width + column).tolist(),
        known["payee"][mine].tolist(),
        known["service"][mine].tolist(),
        strict=True,
    )
    at = np.array([place.get(key, -1) for key in asked], np.int64)
    found = np.flatnonzero((at >= 0) & (column > 0))
    day = known["day"][mine].astype(np.int64) + DAY_ZERO
    return Parts(at[found], day[found], known["amount"][mine][found])
