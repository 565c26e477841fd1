"""Penalties of payment documents: a row for each month of debt, apart from services (Rules 354, cl. 69).

The sum is what the book of penalties says at the end of the month; base, days and rate are of the newest
computation posted by then.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

from sqlalchemy import text

from billing.ledger import Book
from billing.penalty.scale import SCALES, Payer
from billing.receipt import PenaltyRow
from storage.session import Session

TITLE = "Пени"

OWED = text(f"""
WITH owed AS (
  SELECT account_id, of_period, sum(amount_kopecks)::bigint AS amount FROM postings
   WHERE book = {int(Book.PENALTIES)} AND account_id = ANY (CAST(:accounts AS int[])) AND period <= :period
   GROUP BY 1, 2 HAVING sum(amount_kopecks) <> 0),
newest AS (
  SELECT DISTINCT ON (l.account_id, l.of_period, l.payee_id, l.service) l.*, r.until
    FROM penalty_lines l
    JOIN penalty_runs r ON r.id = l.run_id AND r.state = 'posted' AND r.posted_in <= :period
   WHERE l.account_id = ANY (CAST(:accounts AS int[]))
   ORDER BY l.account_id, l.of_period, l.payee_id, l.service, l.run_id DESC),
based AS (
  SELECT account_id, of_period, sum(unpaid_kopecks)::bigint AS base, max(until) AS until,
         min(due_on) AS due_on,
         bool_or(payer = {int(Payer.CAPITAL_REPAIR)}) AS has_repair,
         bool_or(payer <> {int(Payer.CAPITAL_REPAIR)}) AS has_others
    FROM newest WHERE total_kopecks > 0 GROUP BY 1, 2)
SELECT o.account_id, o.of_period, o.amount, b.base, b.until, b.due_on, b.has_repair, b.has_others
  FROM owed o
  LEFT JOIN based b ON b.account_id = o.account_id AND b.of_period IS NOT DISTINCT FROM o.of_period
 ORDER BY o.account_id, o.of_period NULLS FIRST""")  # noqa: S608 - numbers of ours


async def read_penalties(
    session: Session, account_ids: list[int], month: dt.date
) -> dict[int, list[PenaltyRow]]:
    """Rows of each account that owes penalties, or has paid more than it owed, at the end of the month."""
    found: dict[int, list[PenaltyRow]] = defaultdict(list)
    for row in await session.execute(OWED, {"accounts": account_ids, "period": month}):
        found[row.account_id].append(_row(row))
    return found


def _row(row: Any) -> PenaltyRow:
    is_known = row.until is not None and row.of_period is not None
    return PenaltyRow(
        title=TITLE,
        amount_kopecks=row.amount,
        base_kopecks=row.base if is_known else None,
        month=row.of_period,
        days=(row.until - row.due_on).days if is_known else None,
        ground=_ground(row) if is_known else "Оплачено больше начисленного" if row.amount < 0 else "",
    )


def _ground(row: Any) -> str:
    """The clause with its shares of the rate, and the day the penalty was counted through."""
    scales = [SCALES[Payer.RESIDENT]] if row.has_others else []
    scales += [SCALES[Payer.CAPITAL_REPAIR]] if row.has_repair else []
    return "; ".join(f"{one.clause}: {one.words}" for one in scales) + f", по {row.until:%d.%m.%Y}"
