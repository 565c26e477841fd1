"""Read models of what a run charged: totals by service and organisation, houses, each against last month.

Every function is one statement; sums of money are kopecks and already include the surcharge.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Row, text

from storage.run_pages import RunHead
from storage.session import Session


@dataclass(frozen=True, slots=True)
class TotalRow:
    """A sum of a run by one key against what was published before.

    now: this run; published: other published runs of the same month; before: published runs of last month.
    """

    dimension: str
    key: int
    name: str
    lines_count: int
    now_kopecks: int
    published_kopecks: int
    before_kopecks: int

    @property
    def month_kopecks(self) -> int:
        """The month as it is with this run."""
        return self.now_kopecks + self.published_kopecks

    @property
    def delta_kopecks(self) -> int:
        """The month against last month."""
        return self.month_kopecks - self.before_kopecks


TOTALS = """
WITH others AS (
  SELECT id, period = :period AS is_same FROM runs
   WHERE state = 'published' AND id <> :run_id AND period IN (:period, :before)),
parts AS (
  SELECT t.company_id, t.supplier_id, t.service,
         sum(t.lines_count) FILTER (WHERE t.run_id = :run_id) AS lines_count,
         sum(t.amount_kopecks + t.surcharge_kopecks) FILTER (WHERE t.run_id = :run_id) AS now_kopecks,
         sum(t.amount_kopecks + t.surcharge_kopecks) FILTER (WHERE o.is_same) AS published_kopecks,
         sum(t.amount_kopecks + t.surcharge_kopecks) FILTER (WHERE NOT o.is_same) AS before_kopecks
    FROM run_totals t LEFT JOIN others o ON o.id = t.run_id
   WHERE (t.run_id = :run_id OR o.id IS NOT NULL)
     AND (CAST(:company_id AS int) IS NULL OR t.company_id = :company_id)
   GROUP BY 1, 2, 3),
sums AS (
  SELECT CASE WHEN grouping(service) = 0 THEN 'service' WHEN grouping(company_id) = 0 THEN 'company'
              ELSE 'supplier' END AS dimension,
         coalesce(service, company_id, supplier_id)::int AS key,
         coalesce(sum(lines_count), 0)::bigint AS lines_count,
         coalesce(sum(now_kopecks), 0)::bigint AS now_kopecks,
         coalesce(sum(published_kopecks), 0)::bigint AS published_kopecks,
         coalesce(sum(before_kopecks), 0)::bigint AS before_kopecks
    FROM parts GROUP BY GROUPING SETS ((service), (company_id), (supplier_id)))
SELECT s.dimension, s.key,
       CASE s.dimension WHEN 'service' THEN v.label ELSE o.short_name END AS name,
       s.lines_count, s.now_kopecks, s.published_kopecks, s.before_kopecks
  FROM sums s
  LEFT JOIN services v ON s.dimension = 'service' AND v.code = s.key
  LEFT JOIN organisations o ON s.dimension <> 'service' AND o.id = s.key
 ORDER BY s.dimension, v.position, s.now_kopecks DESC
"""


async def totals(session: Session, run: RunHead) -> list[TotalRow]:
    """Sums by service, company and supplier.

    A run of a house or an account is compared within it, by service only, from the lines themselves.
    """
    if run.scope_kind in ("house", "account"):
        return await _narrow_totals(session, run)
    company = run.scope_id if run.scope_kind == "organisation" else None
    found = await session.execute(
        text(TOTALS),
        {"run_id": run.id, "period": run.period, "before": month_before(run.period), "company_id": company},
    )
    return [_total(row) for row in found]


async def _narrow_totals(session: Session, run: RunHead) -> list[TotalRow]:
    """By service from lines of the house's accounts (or the one account): some thousands of rows at most."""
    found = await session.execute(
        text(NARROW),
        {
            "run_id": run.id,
            "period": run.period,
            "before": month_before(run.period),
            "house_id": run.scope_id if run.scope_kind == "house" else None,
            "account_id": run.scope_id if run.scope_kind == "account" else None,
        },
    )
    return [_total(row) for row in found]


NARROW = """
WITH wanted AS (
  SELECT id, id = :run_id AS is_now, period = :period AS is_same FROM runs
   WHERE id = :run_id OR (state = 'published' AND period IN (:period, :before))),
mine AS (
  SELECT id FROM accounts WHERE house_id = CAST(:house_id AS int) OR id = CAST(:account_id AS int))
SELECT 'service' AS dimension, l.service::int AS key, v.label AS name,
       count(*) FILTER (WHERE w.is_now)::bigint AS lines_count,
       coalesce(sum(m.signed) FILTER (WHERE w.is_now), 0)::bigint AS now_kopecks,
       coalesce(sum(m.signed) FILTER (WHERE NOT w.is_now AND w.is_same), 0)::bigint AS published_kopecks,
       coalesce(sum(m.signed) FILTER (WHERE NOT w.is_same), 0)::bigint AS before_kopecks
  FROM lines l
  JOIN wanted w ON w.id = l.run_id
  CROSS JOIN LATERAL (
    SELECT l.amount_kopecks + l.surcharge_kopecks AS signed) m
  LEFT JOIN services v ON v.code = l.service
 WHERE l.run_id = ANY (ARRAY(SELECT id FROM wanted)) AND l.account_id = ANY (ARRAY(SELECT id FROM mine))
 GROUP BY l.service, v.label, v.position ORDER BY v.position
"""


def _total(row: Row[tuple[object, ...]]) -> TotalRow:
    values = dict(row._mapping)
    values["name"] = values["name"] or f"№ {values['key']}"
    return TotalRow(**values)


def month_before(period: dt.date) -> dt.date:
    """The first day of the month before."""
    return (period - dt.timedelta(days=1)).replace(day=1)


@dataclass(frozen=True, slots=True)
class HouseRow:
    """A house of a run against last month."""

    house_id: int
    address: str
    company_name: str | None
    accounts_count: int
    parked_count: int
    now_kopecks: int
    before_kopecks: int

    @property
    def delta_kopecks(self) -> int:
        """Change against last month."""
        return self.now_kopecks - self.before_kopecks


@dataclass(frozen=True, slots=True)
class HousePage:
    """One page of houses with the sums over all found."""

    rows: list[HouseRow]
    total: int
    accounts_count: int
    parked_count: int
    now_kopecks: int
    before_kopecks: int


HOUSE_SORTS = {
    "address": "street, sort_key, house_id",
    "company": "company_name, street, sort_key",
    "accounts": "accounts_count",
    "parked": "parked_count",
    "amount": "now_kopecks",
    "before": "before_kopecks",
    "delta": "now_kopecks - before_kopecks",
}

HOUSES = """
WITH before AS (
  SELECT p.house_id, sum(p.amount_kopecks + p.surcharge_kopecks) AS kopecks FROM run_houses p
   WHERE p.run_id = ANY (ARRAY(SELECT id FROM runs WHERE state = 'published' AND period = :before))
   GROUP BY 1),
found AS (
  SELECT r.house_id, s.kind || ' ' || s.name || ', ' || h.number AS address,
         s.search_name AS street, h.sort_key,
         o.short_name AS company_name, r.accounts_count, r.parked_count,
         r.amount_kopecks + r.surcharge_kopecks AS now_kopecks,
         coalesce(b.kopecks, 0)::bigint AS before_kopecks
    FROM run_houses r
    JOIN houses h ON h.id = r.house_id
    JOIN streets s ON s.id = h.street_id
    LEFT JOIN organisations o ON o.id = r.company_id
    LEFT JOIN before b ON b.house_id = r.house_id
   WHERE r.run_id = :run_id AND (CAST(:company_id AS int) IS NULL OR r.company_id = :company_id)
     AND s.search_name LIKE CAST(:street AS text) || '%' AND h.number LIKE CAST(:number AS text) || '%')
SELECT house_id, address, company_name, accounts_count, parked_count, now_kopecks, before_kopecks,
       count(*) OVER ()::int AS total, sum(accounts_count) OVER ()::int AS all_accounts,
       sum(parked_count) OVER ()::int AS all_parked, sum(now_kopecks) OVER ()::bigint AS all_now,
       sum(before_kopecks) OVER ()::bigint AS all_before
  FROM found
"""


async def houses(
    session: Session,
    run: RunHead,
    *,
    company_id: int | None = None,
    street: str = "",
    number: str = "",
    sort: str = "address",
    is_descending: bool = False,
    limit: int = 100,
    offset: int = 0,
) -> HousePage:
    """Houses of a run, sorted by a key of HOUSE_SORTS. `street` is lower case without «ё»."""
    way = "DESC" if is_descending else "ASC"
    order = ", ".join(f"{part} {way}" for part in HOUSE_SORTS[sort].split(", "))
    result = await session.execute(
        text(f"{HOUSES} ORDER BY {order}, house_id LIMIT :limit OFFSET :offset"),
        {
            "run_id": run.id,
            "before": month_before(run.period),
            "company_id": company_id,
            "street": escaped(street),
            "number": escaped(number),
            "limit": limit,
            "offset": offset,
        },
    )
    found = result.all()
    if not found:
        return HousePage([], 0, 0, 0, 0, 0)
    rows = [HouseRow(*row[:7]) for row in found]
    first = found[0]
    return HousePage(rows, first.total, first.all_accounts, first.all_parked, first.all_now, first.all_before)


def escaped(pattern: str) -> str:
    """A text for LIKE as itself."""
    return pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
