"""Read models of distributors of heat: houses of a year as a list, with what the yearly correction moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from billing.basis import Basis
from billing.quantity import PERMILLE
from storage.run_totals import escaped
from storage.session import Session

SHARE = "m.area_dm2::bigint * 1000 / nullif(h.area_total_dm2, 0)"
SORTS = {
    "address": "s.search_name {way}, h.sort_key {way}, h.id",
    "share": SHARE + " {way} NULLS LAST, h.id",
    "came": "(m.known_count - m.came_count) {way}, h.id",
}
ENOUGH = "coalesce(2 * m.area_dm2 > h.area_total_dm2, false)"
ONLY = {
    "missing": "m.came_count < m.known_count",
    "few": f"NOT {ENOUGH}",
    "enough": ENOUGH,
}
"""Choices of a list: readings are awaited, half of the area or less, more than half."""


@dataclass(frozen=True, slots=True)
class Fix:
    """What lines of the yearly correction moved between premises: the sum of those who pay more."""

    period: dt.date
    moved_kopecks: int
    is_draft: bool


@dataclass(frozen=True, slots=True)
class DistributorHouse:
    """A house of a year: premises known to have distributors, those whose readings came, their area."""

    house_id: int
    address: str
    company_name: str
    area_total_dm2: int
    area_dm2: int
    known_count: int
    came_count: int
    fix: Fix | None = None

    @property
    def share_permille(self) -> int:
        """Of the area of the house: premises whose readings came."""
        return self.area_dm2 * PERMILLE // self.area_total_dm2 if self.area_total_dm2 > 0 else 0

    @property
    def is_enough(self) -> bool:
        """More than half of the house: the year may be divided by readings (cl. 42(1))."""
        return self.area_total_dm2 > 0 and 2 * self.area_dm2 > self.area_total_dm2

    @property
    def missing_count(self) -> int:
        """Premises that had distributors a year before or in the register, without readings of the year."""
        return self.known_count - self.came_count


@dataclass(frozen=True, slots=True)
class HousesFound:
    """A page of a list and how many houses there are in all."""

    rows: list[DistributorHouse]
    total: int


@dataclass(frozen=True, slots=True)
class HousesFilter:
    """What is looked for in a year; only: a key of ONLY."""

    year: int
    company_id: int | None = None
    street: str = ""
    house: str = ""
    only: str = ""


LIST = """
WITH known AS (
  SELECT u.house_id, u.account_id, bool_or(u.is_in) AS is_in
    FROM (SELECT d.house_id, d.account_id, d.year = :year AS is_in FROM heat_distributors d
           WHERE d.superseded_at IS NULL AND d.year IN (:year, :year - 1)
          UNION ALL
          SELECT v.house_id, v.account_id, false FROM distributor_devices v
           WHERE v.superseded_at IS NULL AND v.installed_on <= :last_day
             AND (v.removed_on IS NULL OR v.removed_on >= :first_day)) u GROUP BY 1, 2),
m AS (
  SELECT k.house_id, count(*)::int AS known_count, (count(*) FILTER (WHERE k.is_in))::int AS came_count,
         coalesce(sum(x.area_dm2) FILTER (WHERE k.is_in), 0)::bigint AS area_dm2
    FROM known k JOIN accounts a ON a.id = k.account_id AND a.closed_on IS NULL
    LEFT JOIN LATERAL (SELECT x.area_dm2 FROM account_facts x WHERE x.account_id = a.id
                          AND x.superseded_at IS NULL ORDER BY x.valid_from DESC LIMIT 1) x ON true
   GROUP BY 1)
SELECT h.id AS house_id, s.kind || ' ' || s.name || ', д. ' || h.number AS address,
       coalesce(o.short_name, '') AS company_name, coalesce(h.area_total_dm2, 0) AS area_total_dm2,
       m.area_dm2, m.known_count, m.came_count, count(*) OVER () AS total
  FROM m JOIN houses h ON h.id = m.house_id JOIN streets s ON s.id = h.street_id
  LEFT JOIN organisations o ON o.id = h.company_id
 WHERE {conditions} ORDER BY {order} LIMIT :limit OFFSET :offset"""
FIXES = """
SELECT a.house_id, max(r.period) AS period, bool_and(r.state <> 'published') AS is_draft,
       coalesce(sum(l.amount_kopecks) FILTER (WHERE l.amount_kopecks > 0 AND r.state = 'published'),
                sum(l.amount_kopecks) FILTER (WHERE l.amount_kopecks > 0), 0)::bigint AS moved_kopecks
  FROM runs r JOIN lines l ON l.run_id = r.id JOIN accounts a ON a.id = l.account_id
 WHERE r.state IN ('published', 'checked') AND r.period >= :first
   AND (r.period - l.months_back * interval '1 month')::date BETWEEN :first AND :last AND l.basis = :basis
   AND l.account_id IN (SELECT d.account_id FROM heat_distributors d
                         WHERE d.house_id = ANY(:houses) AND d.year = :year AND d.superseded_at IS NULL)
 GROUP BY a.house_id"""


async def listed(
    session: Session, wanted: HousesFilter, sort: str, is_descending: bool, limit: int, offset: int
) -> HousesFound:
    """Houses with distributors in the register of the year, read in it or a year before; two queries.

    RLS leaves a company its own.
    """
    conditions = ["true"]
    values: dict[str, object] = {"year": wanted.year, "limit": limit, "offset": offset}
    values |= {"first_day": dt.date(wanted.year, 1, 1), "last_day": dt.date(wanted.year, 12, 31)}
    choices: dict[str, tuple[str, object]] = {
        "company": ("h.company_id = :company", wanted.company_id),
        "street": ("s.search_name LIKE CAST(:street AS text) || '%'", escaped(wanted.street)),
        "house": ("lower(h.number) = lower(:house)", wanted.house),
    }
    for name, (condition, value) in choices.items():
        if value:
            conditions.append(condition)
            values[name] = value
    if wanted.only in ONLY:
        conditions.append(ONLY[wanted.only])
    order = SORTS[sort].format(way="DESC" if is_descending else "ASC")
    query = LIST.format(conditions=" AND ".join(conditions), order=order)
    rows = (await session.execute(text(query), values)).all()
    fixed = await _fixes(session, wanted.year, [row.house_id for row in rows])
    names = [name for name in DistributorHouse.__slots__ if name != "fix"]
    found = [
        DistributorHouse(**{name: getattr(row, name) for name in names}, fix=fixed.get(row.house_id))
        for row in rows
    ]
    return HousesFound(found, rows[0].total if rows else 0)


async def _fixes(session: Session, year: int, houses: Sequence[int]) -> dict[int, Fix]:
    """Lines of the correction of `year`, charged in the first quarter of the next one."""
    if not houses:
        return {}
    found = await session.execute(
        text(FIXES),
        {
            "houses": list(houses),
            "year": year,
            "first": dt.date(year + 1, 1, 1),
            "last": dt.date(year + 1, 3, 1),
            "basis": int(Basis.DISTRIBUTORS),
        },
    )
    return {row.house_id: Fix(row.period, row.moved_kopecks, row.is_draft) for row in found}
