"""Read model of the parked accounts: facets with counts, a page of rows, all rows for a file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage.run_totals import escaped
from storage.search import ADDRESS
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
    """An account that was not charged, and why.

    neighbour_id: the account that is named in the reason. settled_by: a later run that charged it all the
    same, settled_kopecks: how much; settled_state: whether that run is published.
    """

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
    neighbour_id: int | None
    settled_by: int | None
    settled_state: str | None
    settled_kopecks: int | None


@dataclass(frozen=True, slots=True)
class ParkedPage:
    """One page of rows, how many there are in all and how many of them later runs have charged."""

    rows: list[ParkedRow]
    total: int
    settled: int

    @property
    def left(self) -> int:
        """Accounts nobody has charged yet."""
        return self.total - self.settled


COVERS = """(l.scope_kind = 'city' OR (l.scope_kind = 'organisation' AND l.scope_id = p.company_id)
            OR (l.scope_kind = 'house' AND l.scope_id = p.house_id)
            OR (l.scope_kind = 'account' AND l.scope_id = p.account_id))"""
"""Whether run l is over the account of the parked row p."""

LATER = f"""
SELECT l.id, l.state FROM runs l
 WHERE l.period = r.period AND l.id > p.run_id AND l.state IN ('checked', 'published')
   AND l.kind <> 'correction' AND {COVERS}
 ORDER BY l.id DESC LIMIT 1"""  # noqa: S608
"""The newest later run over the account; needs parked_accounts p and its run r."""

SETTLED = f"""
  JOIN runs r ON r.id = p.run_id
  LEFT JOIN LATERAL ({LATER}) later ON true
  LEFT JOIN parked_accounts again ON again.run_id = later.id AND again.account_id = p.account_id"""
IS_LEFT = "(later.id IS NULL OR again.account_id IS NOT NULL)"
"""Not settled: no later run is over the account, or it was parked there again."""


async def newest_run(session: Session, period: dt.date) -> int | None:
    """The run whose parked accounts are worked off: the newest of the month, the city's first."""
    found: int | None = await session.scalar(
        text("""
        SELECT id FROM runs WHERE period = :period AND state IN ('accruing', 'checked', 'published')
           AND kind <> 'correction'
         ORDER BY (scope_kind = 'city') DESC, id DESC LIMIT 1"""),
        {"period": period},
    )
    return found


async def facets(session: Session, wanted: ParkedFilter) -> list[Facet]:
    """Counts by reason, company and service of what is left of the whole run, whatever is filtered."""
    found = await session.execute(
        text(f"""
        WITH sums AS (
          SELECT CASE WHEN grouping(reason) = 0 THEN 'reason' WHEN grouping(company_id) = 0 THEN 'company'
                      ELSE 'service' END AS dimension,
                 coalesce(reason, company_id::text, service::text) AS key, count(*)::int AS count
            FROM (SELECT p.reason, p.company_id, p.service FROM parked_accounts p {SETTLED}
                   WHERE p.run_id = :run_id AND {IS_LEFT}) waiting
           GROUP BY GROUPING SETS ((reason), (company_id), (service)))
        SELECT s.dimension, s.key, coalesce(o.short_name, v.label, s.key) AS name, s.count
          FROM sums s
          LEFT JOIN organisations o ON s.dimension = 'company' AND o.id::text = s.key
          LEFT JOIN services v ON s.dimension = 'service' AND v.code::text = s.key
         ORDER BY s.dimension, s.count DESC, name"""),  # noqa: S608
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

ROWS = f"""
SELECT a.id AS account_id, a.number,
       {ADDRESS} AS address,
       o.short_name AS company_name, p.service, v.label AS service_name, p.reason, p.message,
       p.run_id, r.period,
       CASE p.reason WHEN 'NEIGHBOUR' THEN (
         SELECT n.id FROM accounts n WHERE n.number = substring(p.message FROM 'счёт ([0-9]+)')) END
         AS neighbour_id,
       CASE WHEN NOT {IS_LEFT} THEN later.id END AS settled_by,
       CASE WHEN NOT {IS_LEFT} THEN later.state END AS settled_state,
       CASE WHEN NOT {IS_LEFT} THEN (
         SELECT sum(c.amount_kopecks + c.surcharge_kopecks)::bigint FROM run_accounts c
          WHERE c.run_id = later.id AND c.account_id = p.account_id) END AS settled_kopecks,
       count(*) OVER ()::int AS total, (count(*) FILTER (WHERE NOT {IS_LEFT}) OVER ())::int AS settled
  FROM parked_accounts p {SETTLED}
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
"""  # noqa: S608


async def rows(
    session: Session,
    wanted: ParkedFilter,
    *,
    sort: str = "address",
    is_descending: bool = False,
    limit: int,
    offset: int = 0,
) -> ParkedPage:
    """Found accounts sorted by a key of SORTS; those a later run has charged stand last."""
    way = "DESC" if is_descending else "ASC"
    order = ", ".join(f"{part} {way}" for part in SORTS[sort].split(", "))
    result = await session.execute(
        text(f"{ROWS} ORDER BY {IS_LEFT} DESC, {order}, a.id LIMIT :limit OFFSET :offset"),
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
    if not found:
        return ParkedPage([], 0, 0)
    return ParkedPage([ParkedRow(*row[:14]) for row in found], found[0].total, found[0].settled)
