"""Read models of common needs: houses of a month as a list, the months of a house, its yearly correction.

Of a month that is not published yet its latest draft is shown and said to be one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.basis import Basis
from billing.services import Method
from storage.common_past import SERVICES
from storage.run_totals import escaped
from storage.session import Session

SORTS = {
    "address": "st.search_name {way}, h.sort_key {way}, m.service",
    "over": "(m.house_micro - m.flats_micro) {way}, m.house_id, m.service",
    "charged": "m.charged_micro {way}, m.house_id, m.service",
    "difference": "(m.house_micro - m.flats_micro - m.charged_micro) {way}, m.house_id, m.service",
    "balance": "m.balance_micro {way}, m.house_id, m.service",
}
COUNTS = """
  SELECT DISTINCT ON (c.house_id, c.service, c.period) c.*, r.state <> 'published' AS is_draft
    FROM common_months c JOIN runs r ON r.id = c.run_id
   WHERE {where} AND r.state IN ('published', 'checked')
   ORDER BY c.house_id, c.service, c.period, r.state = 'published' DESC, r.published_at DESC NULLS LAST,
            c.run_id DESC
"""


@dataclass(frozen=True, slots=True)
class CommonRow:
    """A service of common needs in a house and month; micro-units."""

    house_id: int
    address: str
    company_name: str
    service: int
    period: dt.date
    method: int
    is_known: bool
    house_micro: int
    flats_micro: int
    norm_micro: int
    carried_micro: int
    charged_micro: int
    balance_micro: int
    is_draft: bool

    @property
    def over_micro(self) -> int | None:
        """What the house used above its flats; None where the meter or the flats are not known."""
        return self.house_micro - self.flats_micro if self.is_known else None

    @property
    def difference_micro(self) -> int | None:
        """What the house used and was not charged for (less than zero: charged more)."""
        return None if self.over_micro is None else self.over_micro - self.charged_micro

    @property
    def norm(self) -> int | None:
        return None if self.norm_micro < 0 else self.norm_micro


@dataclass(frozen=True, slots=True)
class CommonFound:
    """A page of a list and how many rows there are in all."""

    rows: list[CommonRow]
    total: int


@dataclass(frozen=True, slots=True)
class CommonFilter:
    """What is looked for in a month."""

    period: dt.date
    company_id: int | None = None
    service: int | None = None
    method: int | None = None
    street: str = ""
    house: str = ""
    only_balance: bool = False
    only_over_norm: bool = False


LIST = """
WITH m AS ({months})
SELECT m.house_id, st.kind || ' ' || st.name || ', д. ' || h.number AS address, o.short_name AS company_name,
       m.service, m.period, m.method, m.is_known, m.house_micro, m.flats_micro, m.norm_micro, m.carried_micro,
       m.charged_micro, m.balance_micro, m.is_draft, count(*) OVER () AS total
  FROM m JOIN houses h ON h.id = m.house_id JOIN streets st ON st.id = h.street_id
  LEFT JOIN organisations o ON o.id = m.company_id
 WHERE {conditions} ORDER BY {order} LIMIT :limit OFFSET :offset
"""


async def listed(
    session: Session, wanted: CommonFilter, sort: str, is_descending: bool, limit: int, offset: int
) -> CommonFound:
    """Houses of a month by service. RLS leaves a company its own."""
    conditions, values = ["true"], {"period": wanted.period, "limit": limit, "offset": offset}
    choices: dict[str, tuple[str, object]] = {
        "company": ("m.company_id = :company", wanted.company_id),
        "service": ("m.service = :service", wanted.service),
        "method": ("m.method = :method", wanted.method),
        "street": ("st.search_name LIKE CAST(:street AS text) || '%'", escaped(wanted.street)),
        "house": ("lower(h.number) = lower(:house)", wanted.house),
    }
    for name, (condition, value) in choices.items():
        if value:
            conditions.append(condition)
            values[name] = value
    if wanted.only_balance:
        conditions.append("m.balance_micro < 0")
    if wanted.only_over_norm:
        conditions.append("m.is_known AND m.norm_micro >= 0 AND m.house_micro - m.flats_micro > m.norm_micro")
    order = SORTS[sort].format(way="DESC" if is_descending else "ASC")
    query = LIST.format(
        months=COUNTS.format(where="c.period = :period"), conditions=" AND ".join(conditions), order=order
    )
    rows = (await session.execute(text(query), values)).all()
    return CommonFound([_row(row) for row in rows], rows[0].total if rows else 0)


def _row(row: object) -> CommonRow:
    return CommonRow(**{name: getattr(row, name) for name in CommonRow.__slots__})


async def of_house(session: Session, house_id: int, year: int) -> list[CommonRow]:
    """Months of the house in a year, service by service."""
    query = LIST.format(
        months=COUNTS.format(where="c.house_id = :house_id AND c.period BETWEEN :first AND :last"),
        conditions="true",
        order="m.service, m.period",
    )
    found = await session.execute(
        text(query),
        {
            "house_id": house_id,
            "first": dt.date(year, 1, 1),
            "last": dt.date(year, 12, 1),
            "limit": 12 * len(SERVICES),
            "offset": 0,
        },
    )
    return [_row(row) for row in found]


async def months(session: Session) -> list[dt.date]:
    """Months any house keeps, the newest first."""
    found = await session.execute(
        text("""
        WITH RECURSIVE seen AS (
          (SELECT period FROM common_months ORDER BY period DESC LIMIT 1)
          UNION ALL
          SELECT (SELECT c.period FROM common_months c WHERE c.period < s.period ORDER BY c.period DESC LIMIT
          1) FROM seen s WHERE s.period IS NOT NULL)
        SELECT period FROM seen WHERE period IS NOT NULL""")
    )
    return [row.period for row in found]


@dataclass(frozen=True, slots=True)
class FixSum:
    """What the yearly correction of a service charged the accounts of a house."""

    service: int
    accounts_count: int
    amount_kopecks: int
    is_draft: bool


async def fixes(session: Session, house_id: int, year: int) -> list[FixSum]:
    """Lines of the correction of `year`, in the first quarter of the next one."""
    found = await session.execute(
        text("""
        SELECT l.service, count(DISTINCT l.account_id)::int AS accounts_count,
               sum(l.amount_kopecks)::bigint AS amount_kopecks, bool_or(r.state <> 'published') AS is_draft
          FROM runs r JOIN lines l ON l.run_id = r.id
         WHERE r.period BETWEEN :first AND :last AND r.state IN ('published', 'checked')
           AND l.account_id IN (SELECT id FROM accounts WHERE house_id = :house_id)
           AND l.basis = :basis
         GROUP BY l.service ORDER BY l.service"""),
        {
            "house_id": house_id,
            "first": dt.date(year + 1, 1, 1),
            "last": dt.date(year + 1, 3, 1),
            "basis": int(Basis.COMMON_YEAR_FIX),
        },
    )
    return [FixSum(**row._mapping) for row in found]


PLAIN_METHODS = (int(Method.COMMON_NORM), int(Method.COMMON_AVERAGE))
"""Ways whose months the yearly correction compares with the meter."""
