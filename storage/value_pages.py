"""Read model of «Тарифы и нормативы»: dated values with documents, houses a month lacks a tariff for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage.month_pages import month_after
from storage.session import Session

VALUES_MAX = 2000


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A tariff, norm or coefficient over its dates. value is an integer at the scale of its family.

    family: tariff (1/10 000 rouble), norm (micro-units), coefficient (permille). owner is None for the city.
    """

    family: str
    id: int
    service: int | None
    component: int
    kind: str
    owner: str | None
    house: str | None
    zone_id: int | None
    rooms: int | None
    persons: int | None
    value: int
    valid_from: dt.date
    valid_to: dt.date | None
    document: str
    document_date: dt.date | None
    recorded_at: dt.datetime
    approved_by: str | None
    is_current: bool
    service_label: str | None
    service_unit: str | None


VALUES = f"""
WITH every AS (
  SELECT 'tariff' AS family, t.id, t.service, t.component, t.consumer AS kind, t.organisation_id, t.house_id,
         t.zone_id, NULL::smallint AS rooms, NULL::smallint AS persons, t.rate AS value,
         t.valid_from, t.valid_to, t.document, t.document_date, t.recorded_at, t.approved_by
    FROM tariffs t WHERE t.superseded_at IS NULL
  UNION ALL
  SELECT 'norm', n.id, n.service, 0, n.kind, n.organisation_id, n.house_id, n.zone_id, n.rooms, n.persons,
         n.value_micro, n.valid_from, n.valid_to, n.document, n.document_date, n.recorded_at, NULL
    FROM norms n WHERE n.superseded_at IS NULL
  UNION ALL
  SELECT 'coefficient', c.id, c.service, 0, c.key, c.organisation_id, NULL, c.zone_id, NULL, NULL,
         c.value_permille, c.valid_from, c.valid_to, c.document, NULL, c.recorded_at, NULL
    FROM coefficients c WHERE c.superseded_at IS NULL)
SELECT e.family, e.id, e.service, e.component, e.kind, o.short_name AS owner,
       s.kind || ' ' || s.name || ', ' || h.number AS house, e.zone_id, e.rooms, e.persons, e.value,
       e.valid_from, e.valid_to, e.document, e.document_date, e.recorded_at, u.full_name AS approved_by,
       e.valid_from < :next AND (e.valid_to IS NULL OR e.valid_to > :period) AS is_current,
       v.label AS service_label, v.unit AS service_unit
  FROM every e
  LEFT JOIN services v ON v.code = e.service
  LEFT JOIN organisations o ON o.id = e.organisation_id
  LEFT JOIN houses h ON h.id = e.house_id
  LEFT JOIN streets s ON s.id = h.street_id
  LEFT JOIN users u ON u.id = e.approved_by
 WHERE (CAST(:service AS int) IS NULL OR e.service = :service)
   AND (NOT :current_only OR (e.valid_from < :next AND (e.valid_to IS NULL OR e.valid_to > :period)))
  ORDER BY e.service NULLS LAST, e.family DESC, e.component, e.kind, o.short_name NULLS FIRST,
          e.zone_id NULLS FIRST, e.rooms NULLS FIRST, e.persons NULLS FIRST, e.valid_from DESC
 LIMIT {VALUES_MAX}
"""  # noqa: S608


async def values(
    session: Session, period: dt.date, *, service: int | None = None, current_only: bool = False
) -> list[ValueRow]:
    """Values by service and family, the newest first; is_current: in force on some day of the month."""
    found = await session.execute(
        text(VALUES),
        {"period": period, "next": month_after(period), "service": service, "current_only": current_only},
    )
    return [ValueRow(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class OldValue:
    """A value as it is known now, and the one that was in force before it; whole = of no house or size."""

    family: str
    id: int
    service: int
    component: int
    kind: str
    organisation_id: int | None
    owner: str | None
    zone_id: int | None
    value: int
    valid_from: dt.date
    valid_to: dt.date | None
    document: str
    before: int | None
    service_label: str | None
    service_unit: str | None


ONE = {
    "tariff": """
SELECT 'tariff' AS family, t.id, t.service, t.component, t.consumer AS kind, t.organisation_id,
       o.short_name AS owner, t.zone_id, t.rate AS value, t.valid_from, t.valid_to, t.document,
       (SELECT b.rate FROM tariffs b
         WHERE b.superseded_at IS NULL AND b.service = t.service AND b.component = t.component
           AND b.consumer = t.consumer AND b.house_id IS NULL AND b.valid_from < t.valid_from
           AND b.organisation_id IS NOT DISTINCT FROM t.organisation_id
           AND b.zone_id IS NOT DISTINCT FROM t.zone_id
         ORDER BY b.valid_from DESC LIMIT 1) AS before,
       v.label AS service_label, v.unit AS service_unit
  FROM tariffs t LEFT JOIN organisations o ON o.id = t.organisation_id
  LEFT JOIN services v ON v.code = t.service
 WHERE t.id = :id AND t.superseded_at IS NULL AND t.house_id IS NULL""",
    "norm": """
SELECT 'norm' AS family, t.id, t.service, 0 AS component, t.kind, t.organisation_id, o.short_name AS owner,
       t.zone_id, t.value_micro AS value, t.valid_from, t.valid_to, t.document,
       (SELECT b.value_micro FROM norms b
         WHERE b.superseded_at IS NULL AND b.service = t.service AND b.kind = t.kind AND b.house_id IS NULL
           AND b.rooms IS NULL AND b.persons IS NULL AND b.valid_from < t.valid_from
           AND b.organisation_id IS NOT DISTINCT FROM t.organisation_id
           AND b.zone_id IS NOT DISTINCT FROM t.zone_id
         ORDER BY b.valid_from DESC LIMIT 1) AS before,
       v.label AS service_label, v.unit AS service_unit
  FROM norms t LEFT JOIN organisations o ON o.id = t.organisation_id
  LEFT JOIN services v ON v.code = t.service
 WHERE t.id = :id AND t.superseded_at IS NULL AND t.house_id IS NULL AND t.rooms IS NULL
   AND t.persons IS NULL""",
}


async def old_value(session: Session, family: str, value_id: int) -> OldValue | None:
    """A tariff or norm that may be annulled or changed backwards; None when there is no such one."""
    row = (await session.execute(text(ONE[family]), {"id": value_id})).one_or_none()
    return None if row is None else OldValue(**row._mapping)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many houses have a service in a month and for how many of them no tariff is in force all month."""

    service: int
    houses_count: int
    without_count: int
    example: str | None
    service_label: str | None


COVERAGE = """
WITH served AS (
  SELECT hs.service, h.id AS house_id, h.zone_id, h.company_id, hs.supplier_id
    FROM house_services hs JOIN houses h ON h.id = hs.house_id
   WHERE hs.superseded_at IS NULL AND hs.valid_from < :next
     AND (hs.valid_to IS NULL OR hs.valid_to > :period)),
places AS (
  SELECT service, zone_id, company_id, supplier_id, count(*) AS houses, min(house_id) AS example
    FROM served GROUP BY 1, 2, 3, 4),
judged AS (
  SELECT p.*, EXISTS (
    SELECT 1 FROM tariffs t
     WHERE t.service = p.service AND t.consumer = 'population'
       AND t.superseded_at IS NULL AND t.house_id IS NULL AND t.valid_from <= :period
       AND (t.valid_to IS NULL OR t.valid_to > :period)
       AND (t.zone_id IS NULL OR t.zone_id = p.zone_id)
       AND (t.organisation_id IS NULL OR t.organisation_id IN (p.company_id, p.supplier_id))) AS has_tariff
    FROM places p)
SELECT j.service, sum(j.houses)::int AS houses_count,
       coalesce(sum(j.houses) FILTER (WHERE NOT j.has_tariff), 0)::int AS without_count,
       (SELECT s.kind || ' ' || s.name || ', ' || h.number FROM houses h JOIN streets s ON s.id = h.street_id
         WHERE h.id = min(j.example) FILTER (WHERE NOT j.has_tariff)) AS example,
       min(v.label) AS service_label
  FROM judged j LEFT JOIN services v ON v.code = j.service
 GROUP BY j.service ORDER BY min(v.position), j.service
"""


async def coverage(session: Session, period: dt.date) -> list[Coverage]:
    """By service: houses that have it in the month, and those no tariff of the first day reaches."""
    found = await session.execute(text(COVERAGE), {"period": period, "next": month_after(period)})
    return [Coverage(**row._mapping) for row in found]
