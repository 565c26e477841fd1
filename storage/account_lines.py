"""Charges of an account as they stand after corrections, with the trace of each. One statement.

Sums are kopecks, the surcharge apart.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage.session import Session


@dataclass(frozen=True, slots=True)
class LineRow:
    """A charge as it stands after corrections; run_id is the newest run that wrote it.

    service_label and service_unit are of the catalogue in the books. The trace columns (volume, rate, a,
    b …) are those of table lines.
    """

    period: dt.date
    run_id: int
    is_draft: bool
    supplier_id: int
    supplier_name: str | None
    service: int
    component: int
    basis: int
    first_day: int
    days: int
    volume_num: int
    volume_den: int
    rate: int
    amount_kopecks: int
    surcharge_kopecks: int
    raised_num: int
    a: int
    b: int
    service_label: str | None = None
    service_unit: str | None = None

    @property
    def total_kopecks(self) -> int:
        """With the surcharge of the raising coefficient."""
        return self.amount_kopecks + self.surcharge_kopecks

    @property
    def key(self) -> str:
        """How an address names the line."""
        return f"{self.run_id}-{self.service}-{self.component}-{self.first_day}-{self.basis}"


LINES = """
WITH shown AS (
  SELECT r.id, r.period, r.state FROM runs r
   WHERE r.period = ANY (CAST(:periods AS date[])) AND r.kind <> 'correction' AND (
         r.state = 'published'
         OR (r.state = 'checked' AND r.id = (
               SELECT max(d.id) FROM runs d
                WHERE d.period = r.period AND d.state = 'checked' AND d.kind = 'full'
                  AND (d.scope_kind = 'city' OR (d.scope_kind = 'organisation' AND d.scope_id = :company_id)
                       OR (d.scope_kind = 'house' AND d.scope_id = :house_id)
                       OR (d.scope_kind = 'account' AND d.scope_id = :account_id)))
             AND NOT EXISTS (
               SELECT 1 FROM run_accounts x WHERE x.account_id = :account_id AND x.run_id = ANY (ARRAY(
                 SELECT p.id FROM runs p
                  WHERE p.state = 'published' AND p.kind <> 'correction' AND p.period = r.period)))))
),
mine AS (
  SELECT w.period, w.state, l.* FROM lines l JOIN shown w ON w.id = l.run_id
   WHERE l.account_id = :account_id AND l.run_id = ANY (ARRAY(SELECT id FROM shown)))
SELECT m.period, coalesce(max(m.run_id) FILTER (WHERE m.kind = 0), max(m.run_id)) AS run_id,
       bool_or(m.state = 'checked') AS is_draft, m.supplier_id, o.short_name AS supplier_name,
       m.service, m.component, m.basis, m.first_day, m.days, m.volume_den, m.rate,
       sum(m.volume_num)::bigint AS volume_num, sum(m.raised_num)::bigint AS raised_num,
       sum(m.amount_kopecks)::bigint AS amount_kopecks, sum(m.surcharge_kopecks)::bigint AS surcharge_kopecks,
       (array_agg(m.a ORDER BY m.kind, m.run_id DESC))[1] AS a,
       (array_agg(m.b ORDER BY m.kind, m.run_id DESC))[1] AS b,
       v.label AS service_label, CASE WHEN m.basis = 77 AND m.rate = 10000 THEN '₽' ELSE v.unit END
         AS service_unit
  FROM mine m
  LEFT JOIN organisations o ON o.id = m.supplier_id
  LEFT JOIN services v ON v.code = m.service
 GROUP BY m.period, m.supplier_id, o.short_name, m.service, m.component, m.basis, m.first_day, m.days,
          m.volume_den, m.rate, v.label, v.unit
HAVING sum(m.amount_kopecks) <> 0 OR sum(m.surcharge_kopecks) <> 0 OR sum(m.volume_num) <> 0
       OR bool_and(m.kind = 0)
 ORDER BY m.period, m.service, m.component, m.first_day
"""


async def lines(
    session: Session, account_id: int, house_id: int, company_id: int, periods: tuple[dt.date, ...]
) -> list[LineRow]:
    """Lines of the months: the published ones, or of the newest draft while nothing is published."""
    found = await session.execute(
        text(LINES),
        {
            "account_id": account_id,
            "house_id": house_id,
            "company_id": company_id,
            "periods": list(periods),
        },
    )
    return [LineRow(**row._mapping) for row in found]
