"""Penalties of payment documents: a row for each month of debt, apart from services (Rules 354, cl. 69).

The sum is what the book of penalties says at the end of the month; base, days and rate are of the newest
computation posted by then.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.ledger import Book
from billing.penalty.scale import SCALES, Payer
from billing.receipt import PenaltyRow
from billing.receipt_split import Bucket, Placing
from storage.session import Session

TITLE = "Пени"

OWED = f"""
WITH owed AS (
  SELECT account_id, of_period, {{payee}} AS payee, {{service}} AS service,
         sum(amount_kopecks)::bigint AS amount FROM postings
   WHERE book = {int(Book.PENALTIES)} AND account_id = ANY (CAST(:accounts AS int[])) AND period <= :period
   GROUP BY 1, 2, 3, 4 HAVING sum(amount_kopecks) <> 0),
newest AS (
  SELECT DISTINCT ON (l.account_id, l.of_period, l.payee_id, l.service) l.*, r.until
    FROM penalty_lines l
    JOIN penalty_runs r ON r.id = l.run_id AND r.state = 'posted' AND r.posted_in <= :period
   WHERE l.account_id = ANY (CAST(:accounts AS int[]))
   ORDER BY l.account_id, l.of_period, l.payee_id, l.service, l.run_id DESC),
based AS (
  SELECT account_id, of_period, {{line_payee}} AS payee, {{service}} AS service,
         sum(unpaid_kopecks)::bigint AS base, max(until) AS until, min(due_on) AS due_on,
         bool_or(payer = {int(Payer.CAPITAL_REPAIR)}) AS has_repair,
         bool_or(payer <> {int(Payer.CAPITAL_REPAIR)}) AS has_others
    FROM newest WHERE total_kopecks > 0 GROUP BY 1, 2, 3, 4)
SELECT o.account_id, o.of_period, o.payee, o.service, o.amount, b.base, b.until, b.due_on, b.has_repair,
       b.has_others
  FROM owed o
  LEFT JOIN based b ON b.account_id = o.account_id AND b.of_period IS NOT DISTINCT FROM o.of_period
       AND b.payee = o.payee AND b.service = o.service
 ORDER BY o.account_id, o.of_period NULLS FIRST, o.payee, o.service"""  # noqa: S608 - numbers of ours
WHOLE = text(OWED.format(payee="0", line_payee="0", service="0"))
APART = text(
    OWED.format(payee="coalesce(organisation_id, 0)", line_payee="payee_id", service="coalesce(service, 0)")
)
Found = dict[int, list[tuple[Bucket, PenaltyRow]]]


@dataclass(slots=True)
class _Debt:
    """Penalties of an account for a month at one block: columns as in OWED."""

    of_period: dt.date | None
    amount: int = 0
    base: int = 0
    until: dt.date | None = None
    due_on: dt.date | None = None
    has_repair: bool = False
    has_others: bool = False

    def add(self, row: Any) -> None:
        self.amount += row.amount
        if row.until is None:
            return
        self.base += row.base
        self.until = max(self.until or row.until, row.until)
        self.due_on = min(self.due_on or row.due_on, row.due_on)
        self.has_repair |= row.has_repair
        self.has_others |= row.has_others


async def read_penalties(session: Session, placings: Mapping[int, Placing], month: dt.date) -> Found:
    """Rows of each account that owes penalties, or has paid more than it owed, at the end of the month, with
    the block each belongs to. placings: of each account wanted.
    """
    apart = [account for account, placing in placings.items() if not placing.is_single]
    single = [account for account, placing in placings.items() if placing.is_single]
    debts: dict[tuple[int, dt.date | None, Bucket], _Debt] = {}
    for query, accounts in ((WHOLE, single), (APART, apart)):
        if not accounts:
            continue
        for row in await session.execute(query, {"accounts": accounts, "period": month}):
            key = (row.account_id, row.of_period, placings[row.account_id].of(row.payee, row.service))
            debts.setdefault(key, _Debt(row.of_period)).add(row)
    found: Found = defaultdict(list)
    for (account_id, _, bucket), debt in debts.items():
        if debt.amount:
            found[account_id].append((bucket, _row(debt)))
    return found


def _row(row: _Debt) -> PenaltyRow:
    until, due_on = row.until, row.due_on
    is_known = until is not None and due_on is not None and row.of_period is not None
    return PenaltyRow(
        title=TITLE,
        amount_kopecks=row.amount,
        base_kopecks=row.base if is_known else None,
        month=row.of_period,
        days=(until - due_on).days if until and due_on and row.of_period else None,
        ground=_ground(row) if is_known else "Оплачено больше начисленного" if row.amount < 0 else "",
    )


def _ground(row: _Debt) -> str:
    """The clause with its shares of the rate, and the day the penalty was counted through."""
    scales = [SCALES[Payer.RESIDENT]] if row.has_others else []
    scales += [SCALES[Payer.CAPITAL_REPAIR]] if row.has_repair else []
    return "; ".join(f"{one.clause}: {one.words}" for one in scales) + f", по {row.until:%d.%m.%Y}"
