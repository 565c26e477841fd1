"""Money of an account by month: owed, charged, paid, other facts of the books. One statement.

Sums are kopecks with the surcharge inside; a debt is positive.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.ledger import Book
from storage.jsonb import parsed
from storage.session import Session

MONTHS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class MoneyMark:
    """A payment or another fact of money of a month."""

    booked_on: dt.date
    kind: str
    amount_kopecks: int
    agent_name: str | None
    number: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class MonthMoney:
    """A month of an account: owed at its start, charged, paid, other facts, owed at its end."""

    period: dt.date
    is_open: bool
    opening_kopecks: int
    charged_kopecks: int
    is_charged: bool
    paid_kopecks: int
    other_kopecks: int
    marks: tuple[MoneyMark, ...]

    @property
    def closing_kopecks(self) -> int:
        """Owed at the end of the month (now, while it is open)."""
        return self.opening_kopecks + self.charged_kopecks - self.paid_kopecks + self.other_kopecks


YEAR = f"""
WITH wanted AS (
  SELECT period, state FROM months WHERE period <= :last ORDER BY period DESC LIMIT :count),
published AS (
  SELECT id, posted_in AS period FROM runs
   WHERE state = 'published' AND posted_in IN (SELECT period FROM wanted)),
charged AS (
  SELECT p.period, sum(a.amount_kopecks + a.surcharge_kopecks) AS kopecks
    FROM run_accounts a JOIN published p ON p.id = a.run_id
   WHERE a.account_id = :account_id AND a.run_id = ANY (ARRAY(SELECT id FROM published)) GROUP BY 1),
facts AS (
  SELECT s.period, e.kind, sum(s.amount_kopecks) AS kopecks, e.booked_on, e.id, e.reason,
         o.short_name AS agent_name, y.number
    FROM postings s JOIN entries e ON e.id = s.entry_id
    LEFT JOIN payments y ON y.entry_id = e.id AND y.account_id = :account_id
    LEFT JOIN organisations o ON o.id = y.agent_id
   WHERE s.account_id = :account_id AND s.book = {int(Book.RESIDENTS)}
     AND s.period IN (SELECT period FROM wanted)
   GROUP BY s.period, e.id, o.short_name, y.number),
sums AS (
  SELECT period, sum(-kopecks) FILTER (WHERE kind = 'payment') AS paid,
         sum(kopecks) FILTER (WHERE kind <> 'payment') AS other,
         jsonb_agg(jsonb_build_array(booked_on, kind, kopecks, agent_name, number, reason)
                   ORDER BY booked_on, id) AS marks
    FROM facts GROUP BY 1)
SELECT w.period, w.state = 'open' AS is_open, coalesce(b.amount_kopecks, 0)::bigint AS opening_kopecks,
       coalesce(c.kopecks, 0)::bigint AS charged_kopecks, c.period IS NOT NULL AS is_charged,
       coalesce(s.paid, 0)::bigint AS paid_kopecks, coalesce(s.other, 0)::bigint AS other_kopecks, s.marks
  FROM wanted w
  LEFT JOIN opening_balances b ON b.account_id = :account_id AND b.period = w.period
  LEFT JOIN charged c ON c.period = w.period
  LEFT JOIN sums s ON s.period = w.period
 ORDER BY w.period DESC
"""  # noqa: S608


async def year(
    session: Session, account_id: int, last: dt.date, count: int = MONTHS_SHOWN
) -> list[MonthMoney]:
    """Months of the books that end with `last`, newest first."""
    found = await session.execute(
        text(YEAR), {"account_id": account_id, "last": last, "count": min(count, 10 * MONTHS_SHOWN)}
    )
    rows = []
    for row in found:
        values = dict(row._mapping)
        marks = parsed(values.pop("marks")) or []
        rows.append(
            MonthMoney(
                **values, marks=tuple(MoneyMark(dt.date.fromisoformat(on), *rest) for on, *rest in marks)
            )
        )
    return rows
