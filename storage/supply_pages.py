"""Read models of a supplier down to an account: doors and its own lines, never a name, a debt or a meter.

Doors come from a function of the database (functions/partners.sql); lines are what the scope leaves of
table lines: those of the supplier's services in published runs.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage.natural import natural_key
from storage.session import Session

MONTHS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Door:
    """An account as a supplier may see it."""

    account_id: int
    number: str
    house_id: int
    house_address: str
    company_id: int
    company_name: str
    flat: str

    @property
    def address(self) -> str:
        """The whole address."""
        return f"{self.house_address}, {self.flat}"


FLAT = """CASE d.flat_kind WHEN 'nonresidential' THEN 'пом. ' ELSE 'кв. ' END || d.flat
       || coalesce(', комн. ' || d.room, '')"""
DOOR = f"""
SELECT d.account_id, d.number, d.house_id, st.kind || ' ' || st.name || ', ' || h.number AS house_address,
       d.company_id, o.short_name AS company_name, {FLAT} AS flat
  FROM paylogic_supplier_accounts(NULL, CAST(:account AS int), CAST(:number AS text)) d
  JOIN houses h ON h.id = d.house_id
  JOIN streets st ON st.id = h.street_id
  JOIN organisations o ON o.id = d.company_id
"""  # noqa: S608


async def door(session: Session, account_id: int | None = None, number: str | None = None) -> Door | None:
    """One account by its id or number; None when the supplier supplies no such account."""
    row = (await session.execute(text(DOOR), {"account": account_id, "number": number})).one_or_none()
    return None if row is None else Door(**row._mapping)


@dataclass(frozen=True, slots=True)
class SupplyMonth:
    """What a month's published runs charged an account for the supplier's services."""

    period: dt.date
    total_kopecks: int


async def months(session: Session, account_id: int) -> list[SupplyMonth]:
    """The last twelve months with charges, newest first."""
    found = await session.execute(
        text("""
        SELECT r.period, sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS total_kopecks
          FROM runs r JOIN lines l ON l.run_id = r.id
         WHERE l.account_id = :account AND r.state = 'published'
         GROUP BY 1 ORDER BY 1 DESC LIMIT :count"""),
        {"account": account_id, "count": MONTHS_SHOWN},
    )
    return [SupplyMonth(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class SupplyHouseHead:
    """A house by its address."""

    id: int
    address: str
    company_name: str


@dataclass(frozen=True, slots=True)
class SupplyAccount:
    """A service of the supplier on an account of a house; volume_micro is rounded."""

    account_id: int
    number: str
    flat: str
    service: int
    component: int
    volume_micro: int
    surcharge_kopecks: int
    total_kopecks: int
    service_label: str | None
    service_unit: str | None


@dataclass(frozen=True, slots=True)
class SupplyAccounts:
    """A page of rows with the count and sums over all found."""

    rows: list[SupplyAccount]
    total: int
    accounts_count: int
    surcharge_kopecks: int
    total_kopecks: int


SORTS = {"flat": "flat_key, number", "number": "number", "total": "total_kopecks"}

ACCOUNTS = f"""
WITH found AS (
  SELECT d.account_id, d.number, {FLAT} AS flat, d.flat_key, l.service::int AS service,
         l.component::int AS component,
         coalesce(round(sum(l.volume_num::numeric / l.volume_den) FILTER (WHERE l.basis < 92)), 0)::bigint
           AS volume_micro,
         sum(l.surcharge_kopecks)::bigint AS surcharge_kopecks,
         sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS total_kopecks
    FROM paylogic_supplier_accounts(CAST(:house AS int), NULL, NULL) d
    JOIN lines l ON l.account_id = d.account_id
   WHERE l.run_id = ANY (ARRAY(SELECT id FROM runs WHERE state = 'published' AND period = :period))
     AND (:flat = '' OR d.flat_key = :flat) AND d.number LIKE CAST(:number AS text) || '%'
   GROUP BY 1, 2, 3, 4, 5, 6)
SELECT account_id, number, flat, service, component, volume_micro, surcharge_kopecks, total_kopecks,
       (SELECT v.label FROM services v WHERE v.code = found.service) AS service_label,
       (SELECT v.unit FROM services v WHERE v.code = found.service) AS service_unit,
       count(*) OVER ()::int AS total,
       (SELECT count(DISTINCT account_id) FROM found)::int AS accounts_count,
       sum(surcharge_kopecks) OVER ()::bigint AS all_surcharge,
       sum(total_kopecks) OVER ()::bigint AS all_total
  FROM found
"""  # noqa: S608


async def house(session: Session, house_id: int) -> SupplyHouseHead | None:
    """The address of a house: public."""
    row = (
        await session.execute(
            text("""
            SELECT h.id, st.kind || ' ' || st.name || ', ' || h.number AS address,
                   o.short_name AS company_name
              FROM houses h JOIN streets st ON st.id = h.street_id
              JOIN organisations o ON o.id = h.company_id WHERE h.id = :house"""),
            {"house": house_id},
        )
    ).one_or_none()
    return None if row is None else SupplyHouseHead(**row._mapping)


async def accounts(
    session: Session,
    house_id: int,
    period: dt.date,
    *,
    flat: str = "",
    number: str = "",
    sort: str = "flat",
    is_descending: bool = False,
    limit: int,
    offset: int = 0,
) -> SupplyAccounts:
    """Accounts of a house with the supplier's services in a month, sorted by a key of SORTS."""
    way = "DESC" if is_descending else "ASC"
    order = ", ".join(f"{part} {way}" for part in SORTS[sort].split(", "))
    result = await session.execute(
        text(f"{ACCOUNTS} ORDER BY {order}, account_id, service, component LIMIT :limit OFFSET :offset"),
        {
            "house": house_id,
            "period": period,
            "flat": natural_key(flat) if flat else "",
            "number": number if number.isdigit() else "",
            "limit": limit,
            "offset": offset,
        },
    )
    found = result.all()
    if not found:
        return SupplyAccounts([], 0, 0, 0, 0)
    first = found[0]
    rows = [SupplyAccount(*row[:10]) for row in found]
    return SupplyAccounts(rows, first.total, first.accounts_count, first.all_surcharge, first.all_total)
