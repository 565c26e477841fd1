"""How much of what was charged is collected, by house, service and month: counted by a worker, read by pages.

Charged of a month enters balances in it and is asked for by its document; what came in the next month is set
against it. Closed months do not change, so each is counted once; the open one with every full count.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import text

from billing.ledger import Book
from storage.session import Session

ADVANCE = 0
"""The service of money that named none: an advance."""

COUNT = f"""
INSERT INTO collections (period, house_id, company_id, service, charged_kopecks, paid_kopecks)
SELECT m.period, a.house_id, a.company_id, s.service, sum(s.charged)::bigint, sum(s.paid)::bigint
  FROM unnest(CAST(:periods AS date[])) AS m(period)
  CROSS JOIN LATERAL (
    SELECT l.account_id, l.service, l.amount_kopecks + l.surcharge_kopecks AS charged, 0 AS paid
      FROM runs r JOIN lines l ON l.run_id = r.id
     WHERE r.state = 'published' AND r.posted_in = m.period
    UNION ALL
    SELECT p.account_id, coalesce(p.service, {ADVANCE}), 0, -p.amount_kopecks
      FROM postings p JOIN entries e ON e.id = p.entry_id
      LEFT JOIN entries o ON o.id = e.reverses_id
     WHERE p.period = m.period AND p.book = {int(Book.RESIDENTS)} AND p.account_id IS NOT NULL
       AND coalesce(o.kind, e.kind) IN ('payment', 'transfer', 'return')) s
  JOIN accounts a ON a.id = s.account_id
 GROUP BY 1, 2, 3, 4
HAVING sum(s.charged) <> 0 OR sum(s.paid) <> 0"""  # noqa: S608 - numbers of books


async def count_collections(session: Session) -> None:
    """Count months that were not counted since they closed, and the open one. For workers."""
    found = await session.execute(
        text("""
        SELECT m.period FROM months m
         WHERE m.state = 'open' OR NOT EXISTS (SELECT 1 FROM collections c WHERE c.period = m.period)
            OR EXISTS (SELECT 1 FROM months n WHERE n.state = 'open'
                        AND n.period = (m.period + interval '1 month')::date)
         ORDER BY 1""")
    )
    periods = list(found.scalars())
    await session.execute(text("DELETE FROM collections WHERE period = ANY (:p)"), {"p": periods})
    await session.execute(text(COUNT), {"periods": periods})


@dataclass(frozen=True, slots=True)
class RateRow:
    """Charged in the month before, paid in the month, of one house, company, service or month."""

    id: int
    name: str
    charged_kopecks: int
    paid_kopecks: int


@dataclass(frozen=True, slots=True)
class RatePage:
    """Rows of a page, how many there are, and sums over all of them."""

    rows: list[RateRow]
    total: int
    charged_kopecks: int
    paid_kopecks: int


BY = {
    "company": ("c.company_id", "o.short_name", "JOIN organisations o ON o.id = f.id"),
    "house": (
        "c.house_id",
        "st.kind || ' ' || st.name || ', ' || h.number",
        "JOIN houses h ON h.id = f.id JOIN streets st ON st.id = h.street_id",
    ),
    "service": (
        "c.service::int",
        f"CASE WHEN f.id = {ADVANCE} THEN 'Авансы, без услуги' ELSE coalesce(v.label, 'Услуга ' || f.id) END",
        "LEFT JOIN services v ON v.code = f.id",
    ),
    "month": (
        "(extract(year FROM m.period) * 100 + extract(month FROM m.period))::int",
        "to_char(to_date(f.id::text, 'YYYYMM'), 'MM.YYYY')",
        "",
    ),
}
"""Cuts: key, name of a key, what names it."""
SORTS = {
    "name": "f.id",
    "charged": "f.charged",
    "paid": "f.paid",
    "rate": "(f.paid::numeric / nullif(f.charged, 0))",
    "left": "f.charged - f.paid",
}

RATES = """
SELECT f.id, {name} AS name, f.charged, f.paid, count(*) OVER ()::int AS total,
       sum(f.charged) OVER ()::bigint AS all_charged, sum(f.paid) OVER ()::bigint AS all_paid
  FROM (
    SELECT {key} AS id,
           coalesce(sum(c.charged_kopecks) FILTER (WHERE c.period = (m.period - interval '1 month')::date), 0)
             ::bigint AS charged,
           coalesce(sum(c.paid_kopecks) FILTER (WHERE c.period = m.period), 0)::bigint AS paid
      FROM months m
      JOIN collections c ON c.period IN (m.period, (m.period - interval '1 month')::date)
     WHERE m.period BETWEEN :since AND :until
       AND (CAST(:company AS int) IS NULL OR c.company_id = :company)
       AND (CAST(:house AS int) IS NULL OR c.house_id = :house)
       AND (CAST(:service AS int) IS NULL OR c.service = :service)
     GROUP BY 1) f {joined}
 ORDER BY {order}, f.id LIMIT :limit OFFSET :offset"""


async def rates(
    session: Session,
    by: str,
    *,
    since: dt.date,
    until: dt.date,
    company_id: int | None = None,
    house_id: int | None = None,
    service: int | None = None,
    sort: str = "name",
    is_descending: bool = False,
    limit: int,
    offset: int = 0,
) -> RatePage:
    """Collected in months since … until by a key of BY, sorted by a key of SORTS, in the caller's scope."""
    key, name, joined = BY[by]
    way = "DESC NULLS LAST" if is_descending else "ASC NULLS FIRST"
    order = f"{name if sort == 'name' and by != 'month' else SORTS[sort]} {way}"
    found = await session.execute(
        text(RATES.format(key=key, name=name, joined=joined, order=order)),
        {
            "since": since, "until": until, "company": company_id, "house": house_id, "service": service,
            "limit": limit, "offset": offset,
        },
    )  # fmt: skip
    found_rows = found.all()
    if not found_rows:
        return RatePage([], 0, 0, 0)
    first = found_rows[0]
    rows = [RateRow(row.id, row.name, row.charged, row.paid) for row in found_rows]
    if by == "service":
        rows = _sorted(spread(rows), sort, is_descending)
    return RatePage(rows, len(rows) if by == "service" else first.total, first.all_charged, first.all_paid)


def spread(rows: Sequence[RateRow]) -> list[RateRow]:
    """Advances over what services have not collected, in proportion, to the kopeck; the rest stays.

    Money that came before its charge names no service; without this every service would look unpaid.
    """
    advance = sum(row.paid_kopecks for row in rows if row.id == ADVANCE)
    left = {row.id: max(row.charged_kopecks - row.paid_kopecks, 0) for row in rows if row.id != ADVANCE}
    total = sum(left.values())
    given = min(max(advance, 0), total)
    out, seen, before = [], 0, 0
    for row in rows:
        if row.id == ADVANCE:
            continue
        seen += left[row.id]
        through = given * seen // total if total else 0
        out.append(dataclasses.replace(row, paid_kopecks=row.paid_kopecks + through - before))
        before = through
    rest = [row for row in rows if row.id == ADVANCE and advance != given]
    return [*(dataclasses.replace(row, paid_kopecks=advance - given) for row in rest), *out]


def _sorted(rows: list[RateRow], sort: str, is_descending: bool) -> list[RateRow]:
    """By a key of SORTS; services are a dozen."""
    keys: dict[str, Callable[[RateRow], Any]] = {
        "name": lambda row: row.name,
        "charged": lambda row: row.charged_kopecks,
        "paid": lambda row: row.paid_kopecks,
        "rate": lambda row: Fraction(row.paid_kopecks, row.charged_kopecks) if row.charged_kopecks else -1,
        "left": lambda row: row.charged_kopecks - row.paid_kopecks,
    }
    return sorted(rows, key=keys[sort], reverse=is_descending)
