"""Sums of closed months by book and kind of entry: kept once, since a closed month never changes.

What is asked of all the time there has been is answered by these rows and the postings of the open month
(SINCE_EVER); `paylogic ledger check` proves them from the postings.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

KEEP = """
INSERT INTO book_sums (period, book, kind, of_kind, amount_kopecks)
SELECT p.period, p.book, e.kind, coalesce(o.kind, ''), sum(p.amount_kopecks)
  FROM postings p JOIN entries e ON e.id = p.entry_id LEFT JOIN entries o ON o.id = e.reverses_id
 WHERE p.period <= :through AND p.period > coalesce((SELECT max(k.period) FROM book_sums k), '-infinity')
 GROUP BY 1, 2, 3, 4"""

SINCE_EVER = """
  SELECT book, kind, of_kind, amount_kopecks AS amount FROM book_sums
  UNION ALL
  SELECT p.book, e.kind, coalesce(o.kind, ''), p.amount_kopecks
    FROM postings p JOIN entries e ON e.id = p.entry_id LEFT JOIN entries o ON o.id = e.reverses_id
   WHERE p.period > coalesce((SELECT max(k.period) FROM book_sums k), '-infinity')"""
"""Kopecks by book, kind of entry and, of a reversal, kind of what it reverses; to be added up."""

PROOF = """
SELECT to_char(coalesce(k.period, m.period), 'MM.YYYY') || ', книга ' || coalesce(k.book, m.book) || ', '
         || coalesce(k.kind, m.kind), coalesce(m.amount, 0)::bigint, coalesce(k.amount_kopecks, 0)::bigint
  FROM book_sums k
  FULL JOIN (SELECT p.period, p.book, e.kind, coalesce(o.kind, '') AS of_kind, sum(p.amount_kopecks) AS amount
               FROM postings p JOIN entries e ON e.id = p.entry_id
               LEFT JOIN entries o ON o.id = e.reverses_id
              WHERE p.period <= (SELECT max(k.period) FROM book_sums k) GROUP BY 1, 2, 3, 4) m
    ON (m.period, m.book, m.kind, m.of_kind) = (k.period, k.book, k.kind, k.of_kind)
 WHERE m.amount IS DISTINCT FROM k.amount_kopecks"""
"""Rows that deny that kept sums are those of the postings: where, by postings, kept."""


async def keep(session: AsyncSession, through: dt.date) -> None:
    """Keep sums of months through this one that are not kept yet; the month is being closed."""
    await session.execute(text(KEEP), {"through": through})
