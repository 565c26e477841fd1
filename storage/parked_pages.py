"""Read model of the parked accounts: facets with counts, a page of rows, all rows for a file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage.run_totals import escaped
from storage.session import Session


@dataclass(frozen=True, slots=True)
class ParkedFilter:
    """What is looked for; empty values are not asked about. `street` and `number` are parts of an address."""

    run_id: int
    reason: str = ""
    company_id: int | None = None
    service: int | None = None
    account: str = ""
    street: str = ""
    house: str = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """A value of a dimension (reason, company, service) and how many accounts have it."""

    dimension: str
    key: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """An account that was not charged, and why. times: runs of different months in a row that parked it."""

    account_id: int
    number: str
    address: str
    company_name: str | None
    service: int
    service_name: str | None
    reason: str
    message: str
    run_id: int
    period: dt.date


@dataclass(frozen=True, slots=True)
class ParkedPage:
    """One page of rows and how many there are in all."""

    rows: list[ParkedRow]
    total: int


async def newest_run(session: Session, period: dt.date) -> int | None:
    """The run whose parked accounts are worked off: the newest of the month, the city's first."""
    found: int | None = await session.scalar(
        text("""
        SELECT id FROM runs WHERE period = :period AND state IN ('accruing', 'checked', 'published')
         ORDER BY (scope_kind = 'city') DESC, id DESC LIMIT 1"""),
        {"period": period},
    )
    return found


async def facets(session: Session, wanted: ParkedFilter) -> list[Facet]:
    """Counts by reason, company and service over the whole run, whatever is filtered."""
    found = await session.execute(
        text("""
        WITH sums AS (
          SELECT CASE WHEN grouping(reason) = 0 THEN 'reason' WHEN grouping(company_id) = 0 THEN 'company'
                      ELSE 'service' END AS dimension,
                 coalesce(reason, company_id::text, service::text) AS key, count(*)::int AS count
            FROM parked_accounts WHERE run_id = :run_id
           GROUP BY GROUPING SETS ((reason), (company_id), (service)))
        SELECT s.dimension, s.key, coalesce(o.short_name, v.label, s.key) AS name, s.count
          FROM sums s
          LEFT JOIN organisations o ON s.dimension = 'company' AND o.id::text = s.key
          LEFT JOIN services v ON s.dimension = 'service' AND v.code::text = s.key
         ORDER BY s.dimension, s.count DESC, name"""),
        {"run_id": wanted.run_id},
    )
    return [Facet(**row._mapping) for row in found]


SORTS = {
    "address": "st.search_name, h.sort_key, f.sort_key, a.number",
    "number": "a.number",
    "company": "o.short_name, st.search_name, h.sort_key, f.sort_key",
    "reason": "p.reason, st.search_name, h.sort_key, f.sort_key",
    "service": "v.position, st.search_name, h.sort_key, f.sort_key",
}

ROWS = """
SELECT a.id AS account_id, a.number,
       st.kind || ' ' || st.name || ', ' || h.number || ', кв. ' || f.number AS address,
       o.short_name AS company_name, p.service, v.label AS service_name, p.reason, p.message,
       p.run_id, r.period,
       count(*) OVER ()::int AS total
  FROM parked_accounts p
  JOIN runs r ON r.id = p.run_id
  JOIN accounts a ON a.id = p.account_id
  JOIN flats f ON f.id = a.flat_id
  JOIN houses h ON h.id = a.house_id
  JOIN streets st ON st.id = h.street_id
  LEFT JOIN organisations o ON o.id = p.company_id
  LEFT JOIN services v ON v.code = p.service
 WHERE p.run_id = :run_id
   AND (:reason = '' OR p.reason = :reason)
   AND (CAST(:company_id AS int) IS NULL OR p.company_id = :company_id)
   AND (CAST(:service AS int) IS NULL OR p.service = :service)
   AND a.number LIKE CAST(:account AS text) || '%'
   AND st.search_name LIKE CAST(:street AS text) || '%'
   AND h.number LIKE CAST(:house AS text) || '%'
"""


async def rows(
    session: Session,
    wanted: ParkedFilter,
    *,
    sort: str = "address",
    is_descending: bool = False,
    limit: int,
    offset: int = 0,
) -> ParkedPage:
    """Found accounts sorted by a key of SORTS."""
    way = "DESC" if is_descending else "ASC"
    order = ", ".join(f"{part} {way}" for part in SORTS[sort].split(", "))
    result = await session.execute(
        text(f"{ROWS} ORDER BY {order}, a.id LIMIT :limit OFFSET :offset"),
        {
            "run_id": wanted.run_id,
            "reason": wanted.reason,
            "company_id": wanted.company_id,
            "service": wanted.service,
            "account": escaped(wanted.account),
            "street": escaped(wanted.street),
            "house": escaped(wanted.house),
            "limit": limit,
            "offset": offset,
        },
    )
    found = result.all()
    return ParkedPage([ParkedRow(*row[:10]) for row in found], found[0].total if found else 0)
