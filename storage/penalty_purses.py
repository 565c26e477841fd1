"""Debts of accounts whose organisation keeps a surplus with its payee or service, from lines and the ledger.

Beside storage.penalty_debts, which pools an account by months: here every service of every payee is read, of
only these organisations. Which surplus pays what, and from which day, is billing.penalty.netting.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.penalty import netting
from billing.penalty.kernel import Debts, Payments, payer_of
from billing.penalty.netting import NO_ROW, Paid, Rows, Rules
from billing.penalty.split import Parts
from billing.services import Service
from storage.bulk import Columns, Connection, Row, copy_out
from storage.penalty_law import PenaltyLaw
from storage.penalty_source import (
    DAY_ZERO,
    FREE_DAYS,
    NO_MONTH,
    PAID_ON,
    POSTINGS,
    Block,
    Months,
    between,
    due_days,
    lines_of,
    rows_of,
)

I64 = npt.NDArray[np.int64]

MONEY = Row.of(account="int4", payee="int4", service="int2", period="date", day="date", amount="int8")
SERVICES = 1 << 16  # codes of services are smaller: payee and service are one number of a key


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows by account, payee and service; charge (R, P) by month, money by row."""

    account: I64
    payee: I64
    service: I64
    charge: I64
    money: netting.Money


async def load(
    connection: Connection,
    law: PenaltyLaw,
    months: Months,
    accounts: Columns,
    until: dt.date,
    posted: Columns | None,
) -> Block:
    """Debts of these accounts (ids ascending) that cost something by `until`, and those posted before."""
    ids = accounts["id"].astype(np.int64)
    table = await _table(connection, months, ids)
    companies = accounts["company"].tolist()
    charged_on = np.array([0, *(one.shift(1).first_day.toordinal() for one in months.periods)], np.int64)
    rules = Rules.of([[(day.toordinal(), reach) for day, reach in law.of(one).netting] for one in companies])
    paid = netting.when_paid(
        Rows(table.account, table.payee, table.charge, charged_on),
        table.money,
        rules,
        len(ids),
        until.toordinal(),
    )
    due = due_days(law, months, companies)[table.account]
    wanted = _late(paid, due, until.toordinal())
    if posted is not None and len(posted["account"]):
        _posted_too(wanted, table, ids, months, posted)
    return _block(law, months, accounts, table, paid, due, wanted & (table.charge > 0))


async def _table(connection: Connection, months: Months, ids: I64) -> _Table:
    """What every service of every payee was charged by month, and the money by the row it was put on."""
    wanted = np.ones((len(ids), len(months.periods) + 1), bool)
    lines = await lines_of(connection, months, ids, wanted)
    came = await copy_out(
        connection,
        MONEY,
        f"""SELECT p.account_id, coalesce(p.organisation_id, 0), coalesce(p.service, 0)::smallint,
                   coalesce(p.of_period, {NO_MONTH}), {PAID_ON}, -sum(p.amount_kopecks)::bigint
            {POSTINGS} AND p.account_id {between(ids)} GROUP BY 1, 2, 3, 4, 5
            HAVING sum(p.amount_kopecks) <> 0""",
    )
    line_at, line_mine = rows_of(ids, lines["account"])
    money_at, money_mine = rows_of(ids, came["account"])
    line_key = _key(lines, line_mine)
    money_key = _key(came, money_mine)
    amount = came["amount"][money_mine]
    has_row = (came["service"][money_mine] > 0) | (amount < 0)
    keys = np.unique(
        np.concatenate(
            [
                np.stack([line_at, line_key], axis=1),
                np.stack([money_at[has_row], money_key[has_row]], axis=1),
            ]
        ),
        axis=0,
    )
    whole = keys[:, 0] * (1 << 48) + keys[:, 1]
    charge = np.zeros((len(keys), len(months.periods) + 1), np.int64)
    column = months.column_of(lines["period"][line_mine].astype(np.int64))
    at = np.searchsorted(whole, line_at * (1 << 48) + line_key)
    np.add.at(charge, (at, np.maximum(column, 0)), lines["amount"][line_mine])
    row = np.full(len(money_key), NO_ROW, np.int64)
    row[has_row] = np.searchsorted(whole, (money_at * (1 << 48) + money_key)[has_row])
    named = months.column_of(came["period"][money_mine].astype(np.int64))
    more, less = np.flatnonzero(amount < 0), np.flatnonzero(amount > 0)
    np.add.at(charge, (row[more], np.maximum(named[more], 0)), -amount[more])
    money = netting.Money(
        money_at[less],
        row[less],
        came["day"][money_mine][less].astype(np.int64) + DAY_ZERO,
        amount[less],
        named[less],
    )
    return _Table(keys[:, 0], keys[:, 1] // SERVICES, keys[:, 1] % SERVICES, charge, money)


def _key(columns: Columns, rows: npt.NDArray[np.int64]) -> I64:
    payee, service = columns["payee"][rows].astype(np.int64), columns["service"][rows].astype(np.int64)
    return np.asarray(payee * SERVICES + service, np.int64)


def _late(paid: Paid, due: I64, until: int) -> npt.NDArray[np.bool_]:
    """Months of rows that may have a penalty: unpaid or paid later than thirty days after the due day."""
    wanted = (paid.unpaid > 0) & (until > due + FREE_DAYS)
    late = paid.day > due[paid.row, paid.month] + FREE_DAYS
    wanted[paid.row[late], paid.month[late]] = True
    return np.asarray(wanted)


def _posted_too(
    wanted: npt.NDArray[np.bool_], table: _Table, ids: I64, months: Months, posted: Columns
) -> None:
    """Debts that were posted before, whatever they cost now."""
    at, mine = rows_of(ids, posted["account"])
    column = months.column_of(posted["period"][mine].astype(np.int64))
    place = {key: row for row, key in enumerate(_names(table.account, table.payee, table.service))}
    payee, service = posted["payee"][mine].astype(np.int64), posted["service"][mine].astype(np.int64)
    for key, month in zip(_names(at, payee, service), column.tolist(), strict=True):
        if month > 0 and key in place:
            wanted[place[key], month] = True


def _names(*columns: I64) -> Sequence[tuple[int, ...]]:
    return list(zip(*(one.tolist() for one in columns), strict=True))


def _block(
    law: PenaltyLaw,
    months: Months,
    accounts: Columns,
    table: _Table,
    paid: Paid,
    due: I64,
    wanted: npt.NDArray[np.bool_],
) -> Block:
    row, column = np.nonzero(wanted)
    debt_at = np.full(wanted.shape, -1, np.int64)
    debt_at[row, column] = np.arange(len(row))
    debt = debt_at[paid.row, paid.month]
    mine = debt >= 0
    parts = Parts(debt[mine], paid.day[mine], paid.amount[mine]).order()
    other = mine & paid.is_netted
    netted = Parts(debt[other], paid.day[other], paid.amount[other]).order()
    first = np.array([0, *(one.first_day.toordinal() for one in months.periods)], np.int64)
    account, service = table.account[row], table.service[row]
    company = accounts["company"].astype(np.int64)
    daily = np.array([law.of(one).mode == "daily" for one in company.tolist()], bool)
    return Block(
        account=accounts["id"].astype(np.int64)[account],
        company=company[account],
        period=first[column],
        payee=table.payee[row],
        service=service,
        debts=Debts(table.charge[row, column], due[row, column], payer_of(service == Service.CAPITAL_REPAIR)),
        paid=Payments(parts.of, parts.day, parts.amount),
        is_daily=daily[account],
        netted=Payments(netted.of, netted.day, netted.amount),
    )
