"""Read model of «Что изменилось»: parts of a month's change for the city, a company and a house; houses as a
list.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.period import Period
from billing.why import WORDS, Part
from storage.changes import ChangeTold, account_changes, tell
from storage.run_totals import escaped
from storage.session import Session

MONTHS_MAX = 36
ACCOUNTS_MAX = 2_000
"""The largest house of the country has fewer flats."""


@dataclass(frozen=True, slots=True)
class MonthState:
    """How far the sums of a month are: counting or done, and how many houses of all are there."""

    period: dt.date
    state: str
    counted_at: dt.datetime


@dataclass(frozen=True, slots=True)
class HouseChange:
    """A house against the month before, with its greatest cause."""

    house_id: int
    address: str
    company_name: str
    accounts_count: int
    more_count: int
    less_count: int
    before_kopecks: int
    now_kopecks: int
    part: int | None
    part_kopecks: int

    @property
    def delta_kopecks(self) -> int:
        return self.now_kopecks - self.before_kopecks

    @property
    def cause(self) -> str:
        """The greatest cause in a word or two."""
        return WORDS[Part(self.part)] if self.part else ""


@dataclass(frozen=True, slots=True)
class HousePage:
    """A page of houses, how many were found, and the sums of all of them."""

    rows: list[HouseChange]
    total: int
    before_kopecks: int
    now_kopecks: int


@dataclass(frozen=True, slots=True)
class WholeChange:
    """The change of all houses in sight, and how many accounts pay more and less."""

    told: ChangeTold
    accounts_count: int
    more_count: int
    less_count: int


@dataclass(frozen=True, slots=True)
class AccountChange:
    """An account of a house with its change."""

    account_id: int
    number: str
    flat: str
    told: ChangeTold


async def months(session: Session) -> list[MonthState]:
    """Months with sums, newest first."""
    found = await session.execute(
        text(f"""
        SELECT m.period, m.state, m.counted_at FROM change_months m
         WHERE EXISTS (SELECT 1 FROM change_houses h WHERE h.period = m.period AND h.before_kopecks <> 0)
         ORDER BY m.period DESC LIMIT {MONTHS_MAX}""")  # noqa: S608
    )
    return [MonthState(**row._mapping) for row in found]


async def whole(session: Session, period: dt.date, company_id: int | None) -> WholeChange:
    """The city, or one company of it."""
    values = {"period": period, "company": company_id}
    heads = (
        await session.execute(
            text("""
            SELECT coalesce(sum(before_kopecks), 0)::bigint AS before, coalesce(sum(now_kopecks), 0)::bigint
                   AS now, coalesce(sum(accounts_count), 0)::int AS accounts,
                   coalesce(sum(more_count), 0)::int AS more, coalesce(sum(less_count), 0)::int AS less
              FROM change_houses
             WHERE period = :period AND (CAST(:company AS int) IS NULL OR company_id = :company)"""),
            values,
        )
    ).one()
    rows = await session.execute(
        text("""
        SELECT part, service, sum(kopecks)::bigint AS kopecks FROM change_sums
         WHERE period = :period AND (CAST(:company AS int) IS NULL OR company_id = :company)
         GROUP BY part, service HAVING sum(kopecks) <> 0"""),
        values,
    )
    told = tell(period, heads.before, heads.now, [(row.part, row.service, row.kopecks) for row in rows])
    return WholeChange(told, heads.accounts, heads.more, heads.less)


HOUSE_SORTS = {
    "address": "street, sort_key",
    "company": "company_name",
    "before": "before",
    "now": "now",
    "delta": "now - before",
    "size": "abs(now - before)",
    "more": "more",
}
HOUSES = """
WITH mine AS (
  SELECT h.id AS house_id, st.kind || ' ' || st.name || ', ' || h.number AS address, st.search_name AS street,
         h.sort_key, o.short_name AS company_name, c.accounts_count AS accounts, c.more_count AS more,
         c.less_count AS less, c.before_kopecks AS before, c.now_kopecks AS now, p.part,
         coalesce(p.kopecks, 0) AS kopecks
    FROM change_houses c JOIN houses h ON h.id = c.house_id JOIN streets st ON st.id = h.street_id
    JOIN organisations o ON o.id = c.company_id
    LEFT JOIN LATERAL (
      SELECT part, sum(kopecks)::bigint AS kopecks FROM change_sums s
       WHERE s.period = c.period AND s.house_id = c.house_id AND s.company_id = c.company_id
       GROUP BY part ORDER BY abs(sum(kopecks)) DESC, part LIMIT 1) p ON true
   WHERE c.period = :period AND (CAST(:company AS int) IS NULL OR c.company_id = :company)
     AND (:street = '' OR st.search_name LIKE :street || '%') AND (:number = '' OR h.number = :number))
SELECT house_id, address, company_name, accounts, more, less, before, now, part, kopecks,
       count(*) OVER () AS found, sum(before) OVER () AS all_before, sum(now) OVER () AS all_now FROM mine
"""


async def houses(
    session: Session, period: dt.date, *, company_id: int | None, street: str, number: str, sort: str,
    is_descending: bool, limit: int, offset: int,
) -> HousePage:  # fmt: skip
    """Houses by a key of HOUSE_SORTS. `street` is lower case without «ё»."""
    way = "DESC" if is_descending else "ASC"
    order = ", ".join(f"{part} {way}" for part in HOUSE_SORTS[sort].split(", "))
    found = (
        await session.execute(
            text(f"{HOUSES} ORDER BY {order}, house_id LIMIT :limit OFFSET :offset"),
            {
                "period": period, "company": company_id, "street": escaped(street), "number": number,
                "limit": limit, "offset": offset,
            },
        )
    ).all()  # fmt: skip
    if not found:
        return HousePage([], 0, 0, 0)
    rows = [HouseChange(*row[:10]) for row in found]
    return HousePage(rows, found[0].found, int(found[0].all_before), int(found[0].all_now))


async def house(session: Session, house_id: int, period: dt.date) -> tuple[ChangeTold, list[AccountChange]]:
    """A house as its accounts add up; those the scope does not show are not in it."""
    found = (
        await session.execute(
            text(f"""
            SELECT a.id, a.number, f.number AS flat FROM accounts a JOIN flats f ON f.id = a.flat_id
             WHERE a.house_id = :house ORDER BY f.sort_key, a.number LIMIT {ACCOUNTS_MAX}"""),  # noqa: S608
            {"house": house_id},
        )
    ).all()
    told = await account_changes(session, [row.id for row in found], period)
    accounts = [AccountChange(row.id, row.number, row.flat, told[row.id]) for row in found if row.id in told]
    rows = [
        (int(part.part), service, kopecks)
        for one in accounts
        for part in one.told.parts
        for service, kopecks in part.services
    ]
    before = sum(one.told.before_kopecks for one in accounts)
    now = sum(one.told.now_kopecks for one in accounts)
    is_draft = any(one.told.is_draft for one in accounts)
    return tell(period, before, now, rows, is_draft=is_draft), accounts


async def known_months(session: Session) -> list[dt.date]:
    """Months that can be compared with the one before, newest first; published or of a draft of the city."""
    found = await session.execute(
        text(f"""
        SELECT DISTINCT period FROM runs WHERE kind <> 'correction' AND (state = 'published'
               OR (state = 'checked' AND scope_kind = 'city' AND kind = 'full'))
         ORDER BY period DESC LIMIT {MONTHS_MAX}""")  # noqa: S608
    )
    every = [row.period for row in found]
    return [month for month in every if Period.of(month).shift(-1).first_day in every] or every[:1]


async def labels(session: Session) -> dict[int, str]:
    """Names of services of organisations, which the law does not know."""
    rows = await session.execute(text("SELECT code, label FROM services WHERE code >= 100"))
    return {row.code: row.label for row in rows}
