"""Debts of a block of accounts with the days they were paid on, from lines of published runs and the ledger.

First months of accounts, cheap and for all; then services, only of months that have or had a penalty. A
payment and its reversal are as if they had never been; a recalculation lessens the debt of its own month.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt

from billing.penalty.kernel import Debts, Payments, payer_of
from billing.penalty.split import Parts, split
from billing.penalty.timeline import Charged, Money, Paid, when_paid
from billing.services import Service
from storage import penalty_purses
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.penalty_agreements import with_agreements
from storage.penalty_law import PenaltyLaw
from storage.penalty_source import (
    DAY_ZERO,
    FREE_DAYS,
    NO_MONTH,
    NO_SERVICE,
    OWN_MONTH,
    PAID_ON,
    POSTINGS,
    SUMS,
    Block,
    Months,
    between,
    due_days,
    joined_columns,
    lines_of,
    no_payments,
    one_block,
    rows_of,
)

I64 = npt.NDArray[np.int64]

MONEY = Row.of(account="int4", period="date", day="date", amount="int8")
KNOWN = Row.of(account="int4", period="date", payee="int4", service="int2", day="date", amount="int8")


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
    apart = np.array([law.of(one).keeps_apart for one in accounts["company"].tolist()], bool)
    block = None
    if not apart.all():
        rest = {name: column[~apart] for name, column in accounts.items()}
        block = await _pooled(connection, law, months, rest, until, posted)
    if apart.any():
        some = {name: column[apart] for name, column in accounts.items()}
        own = await penalty_purses.load(connection, law, months, some, until, posted)
        block = own if block is None else one_block(block, own)
    assert block is not None, "a block has accounts"
    return await with_agreements(connection, law, block, until)


async def _pooled(
    connection: Connection,
    law: PenaltyLaw,
    months: Months,
    accounts: Columns,
    until: dt.date,
    posted: Columns | None,
) -> Block:
    """The same of accounts whose every surplus pays any debt of theirs."""
    ids = accounts["id"].astype(np.int64)
    principal, money = await charged_and_money(connection, months, ids)
    charged_on = np.array([0, *(one.shift(1).first_day.toordinal() for one in months.periods)], np.int64)
    paid = when_paid(Charged(principal, charged_on), money, until.toordinal())
    due = due_days(law, months, accounts["company"].tolist())
    wanted = _late(paid, due, until.toordinal())
    if posted is not None and len(posted["account"]):
        at, mine = rows_of(ids, posted["account"])
        column = months.column_of(posted["period"][mine].astype(np.int64))
        wanted[at[column > 0], column[column > 0]] = True
    lines = await lines_of(connection, months, ids, wanted)
    known_parts = await _known(connection, months, ids, wanted)
    return _block(accounts, law, months, principal, due, paid, wanted, lines, known_parts, charged_on)


async def charged_and_money(connection: Connection, months: Months, ids: I64) -> tuple[I64, Money]:
    """What was charged by account and month, and the money that came."""
    principal = np.zeros((len(ids), len(months.periods) + 1), np.int64)
    runs = [run for of_month in months.runs.values() for run in of_month]
    of_block = between(ids)
    if runs:
        sums = await copy_out(
            connection,
            SUMS,
            f"""SELECT c.account_id, r.period, sum(c.amount_kopecks + c.surcharge_kopecks)::bigint
                  FROM run_accounts c JOIN runs r ON r.id = c.run_id
                 WHERE c.run_id = ANY ({int_array(runs)}) AND c.account_id {of_block} GROUP BY 1, 2""",  # noqa: S608
        )
        rows, mine = rows_of(ids, sums["account"])
        np.add.at(
            principal, (rows, months.column_of(sums["period"].astype(np.int64))[mine]), sums["amount"][mine]
        )
    if months.late:
        late = await copy_out(
            connection,
            SUMS,
            f"""SELECT l.account_id, {OWN_MONTH}, sum(l.amount_kopecks + l.surcharge_kopecks)::bigint
                  FROM lines l JOIN runs r ON r.id = l.run_id AND r.state = 'published'
                 WHERE ({months.late}) AND l.account_id {of_block}
                 GROUP BY 1, 2""",  # noqa: S608
        )
        rows, mine = rows_of(ids, late["account"])
        column = months.column_of(late["period"].astype(np.int64))[mine]
        np.add.at(principal, (rows, np.maximum(column, 0)), late["amount"][mine])
    came = await copy_out(
        connection,
        MONEY,
        f"""SELECT p.account_id, coalesce(p.of_period, {NO_MONTH}), {PAID_ON}, -sum(p.amount_kopecks)::bigint
            {POSTINGS} AND p.account_id {of_block} GROUP BY 1, 2, 3 HAVING sum(p.amount_kopecks) <> 0""",
    )
    rows, mine = rows_of(ids, came["account"])
    named = months.column_of(came["period"].astype(np.int64))[mine]
    day, amount = came["day"][mine].astype(np.int64) + DAY_ZERO, came["amount"][mine]
    more = amount < 0
    np.add.at(principal, (rows[more], np.maximum(named[more], 0)), -amount[more])
    return principal, Money(rows[~more], day[~more], amount[~more], named[~more])


def _late(paid: Paid, due: I64, until: int) -> npt.NDArray[np.bool_]:
    """Months of accounts that may have a penalty: unpaid or paid later than thirty days after the due day."""
    wanted = (paid.unpaid > 0) & (until > due + FREE_DAYS)
    late = paid.day > due[paid.account, paid.month] + FREE_DAYS
    wanted[paid.account[late], paid.month[late]] = True
    return np.asarray(wanted)


async def _known(connection: Connection, months: Months, ids: I64, wanted: npt.NDArray[np.bool_]) -> Columns:
    """Payments the ledger already put on a month, payee and service of the wanted accounts."""
    some = ids[wanted.any(axis=1)]
    if not len(some):
        return joined_columns(KNOWN, [])
    return await copy_out(
        connection,
        KNOWN,
        f"""SELECT p.account_id, p.of_period, p.organisation_id, p.service, {PAID_ON},
                   -sum(p.amount_kopecks)::bigint
            {POSTINGS} AND p.account_id = ANY ({int_array(some)}) AND p.of_period IS NOT NULL
               AND p.organisation_id IS NOT NULL AND p.service IS NOT NULL
             GROUP BY 1, 2, 3, 4, 5 HAVING sum(p.amount_kopecks) < 0""",
    )


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
        netted=no_payments(),
    )


def _debts(
    ids: I64, months: Months, principal: I64, cells: I64, lines: Columns, width: int
) -> tuple[tuple[I64, I64, I64], I64]:
    """Debts above nothing in order of cell, payee, service; a month owed more than its lines has one more."""
    rows, mine = rows_of(ids, lines["account"]) if len(ids) else (np.zeros(0, np.int64),) * 2
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
    rows, mine = rows_of(ids, known["account"])
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
