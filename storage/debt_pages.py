"""Read models of debtors: the list with its ages, houses by debt. Counted rows only: no query an account."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy import text

from billing.overdue import AGES_COUNT, STAGES
from storage.debt_count import GROUPS
from storage.natural import search_form
from storage.run_totals import escaped
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session

SORTS = {
    "overdue": "d.overdue_kopecks",
    "penalty": "d.penalty_kopecks",
    "months": "d.months",
    "oldest": "d.oldest",
    "address": "st.search_name, h.sort_key, f.sort_key",
    "number": "a.number",
    "ready": "c.ready_on",
}
NULLABLE = ("oldest", "ready")
AGES = tuple(str(age) for age in range(AGES_COUNT))
WITHOUT = "none"
"""The filter by step: no step was approved yet."""


@dataclass(frozen=True, slots=True)
class DebtFilter:
    """What is looked for; empty values are not asked about. least_kopecks: overdue at least."""

    company_id: int | None = None
    house_id: int | None = None
    age: str = ""
    group: str = ""
    least_kopecks: int | None = None
    stage: str = ""
    agreed: str = ""
    q: str = ""

    def source(self, order: str = "") -> str:
        """Debtors with what the conditions and the order speak of: cases, accounts with addresses."""
        said = f"{self.where} {order}"
        joins = [CASE] if "c." in said else []
        joins += [ACCOUNT] if any(name in said for name in ("a.", "st.", "h.", "f.")) else []
        return " ".join(["debtors d", *joins])

    @property
    def where(self) -> str:
        """Conditions over d, c and, for words, a and st."""
        said = ["d.overdue_kopecks > 0"]
        if self.company_id is not None:
            said.append("d.company_id = :company")
        if self.house_id is not None:
            said.append("d.house_id = :house")
        if self.age in AGES:
            said.append(f"d.age{self.age}_kopecks > 0")
        if self.group in GROUPS:
            said.append(f"d.{self.group}_kopecks > 0")
        if self.least_kopecks is not None:
            said.append("d.overdue_kopecks >= :least")
        if self.stage == WITHOUT:
            said.append("c.stage IS NULL")
        elif self.stage in STAGES:
            said.append("c.stage = :stage")
        if self.agreed in ("yes", "no"):
            said.append("d.is_agreed" if self.agreed == "yes" else "NOT d.is_agreed")
        if self.q:
            said.append(
                "(a.number LIKE :q || '%' OR st.search_name LIKE :q || '%' OR a.search_name LIKE :q || '%')"
            )
        return " AND ".join(said)

    @property
    def values(self) -> dict[str, object]:
        known: dict[str, object] = {
            "company": self.company_id,
            "house": self.house_id,
            "least": self.least_kopecks,
            "stage": self.stage,
            "q": escaped(search_form(self.q)),
        }
        return {name: value for name, value in known.items() if f":{name}" in self.where}


CASE = "LEFT JOIN debt_cases c ON c.account_id = d.account_id AND c.closed_on IS NULL"
ACCOUNT = f"JOIN accounts a ON a.id = d.account_id {ADDRESS_JOINS}"


@dataclass(frozen=True, slots=True)
class DebtTotals:
    """Over all found: accounts, kopecks by age and in all, the day of the count (None: not counted yet)."""

    count: int
    overdue_kopecks: int
    penalty_kopecks: int
    ages: tuple[int, ...]
    counts: tuple[int, ...]
    day: dt.date | None


async def totals(session: Session, wanted: DebtFilter) -> DebtTotals:
    """Sums over all found debtors; one query."""
    ages = ", ".join(
        f"coalesce(sum(d.age{age}_kopecks), 0)::bigint AS age{age}, "
        f"(count(*) FILTER (WHERE d.age{age}_kopecks > 0))::int AS count{age}"
        for age in AGES
    )
    row = (
        await session.execute(
            text(f"""
            SELECT count(*)::int AS debtors, coalesce(sum(d.overdue_kopecks), 0)::bigint AS overdue,
                   coalesce(sum(d.penalty_kopecks), 0)::bigint AS penalty, {ages},
                   (SELECT max(day) FROM debtors) AS day
              FROM {wanted.source()} WHERE {wanted.where}"""),  # noqa: S608
            wanted.values,
        )
    ).one()
    return DebtTotals(
        row.debtors,
        row.overdue,
        row.penalty,
        tuple(getattr(row, f"age{age}") for age in AGES),
        tuple(getattr(row, f"count{age}") for age in AGES),
        row.day,
    )


@dataclass(frozen=True, slots=True)
class DebtRow:
    """A debtor in the list; ages and groups in kopecks, in the order of AGES and GROUPS."""

    account_id: int
    number: str
    address: str
    payer_name: str
    company_name: str
    overdue_kopecks: int
    coming_kopecks: int
    penalty_kopecks: int
    months: int
    oldest: dt.date | None
    ages: tuple[int, ...]
    groups: tuple[int, ...]
    is_agreed: bool
    case_id: int | None
    stage: str | None
    next_stage: str | None
    ready_on: dt.date | None
    held_until: dt.date | None
    is_drafted: bool
    last_paid_on: dt.date | None


async def rows(
    session: Session,
    wanted: DebtFilter,
    *,
    sort: str = "overdue",
    is_descending: bool = True,
    limit: int,
    offset: int = 0,
) -> list[DebtRow]:
    """Found debtors sorted by a key of SORTS; one query: the page is picked first, then told in words."""
    way = "DESC" if is_descending else "ASC"
    last = " NULLS LAST" if sort in NULLABLE else ""  # without it an index gives the order
    order = ", ".join(f"{part} {way}{last}" for part in SORTS[sort].split(", "))
    ages = ", ".join(f"d.age{age}_kopecks" for age in AGES)
    groups = ", ".join(f"d.{group}_kopecks" for group in GROUPS)
    found = await session.execute(
        text(f"""
        SELECT d.account_id, a.number, {ADDRESS} AS address, a.payer_name, o.short_name AS company_name,
               d.overdue_kopecks, d.coming_kopecks, d.penalty_kopecks, d.months, d.oldest,
               ARRAY[{ages}] AS ages, ARRAY[{groups}] AS groups, d.is_agreed, c.id AS case_id, c.stage,
               c.next_stage, c.ready_on, c.held_until,
               EXISTS (SELECT 1 FROM debt_steps s WHERE s.case_id = c.id AND s.state = 'draft') AS is_drafted,
               (SELECT max(p.paid_on) FROM payments p WHERE p.account_id = d.account_id) AS last_paid_on
          FROM (SELECT d.* FROM {wanted.source(order)} WHERE {wanted.where}
                 ORDER BY {order}, d.account_id LIMIT :limit OFFSET :offset) d
          {CASE} {ACCOUNT} JOIN organisations o ON o.id = d.company_id
         ORDER BY {order}, d.account_id"""),  # noqa: S608
        {**wanted.values, "limit": limit, "offset": offset},
    )
    return [
        DebtRow(**{**row._mapping, "ages": tuple(row.ages), "groups": tuple(row.groups)}) for row in found
    ]


@dataclass(frozen=True, slots=True)
class HouseDebt:
    """A house with what its debtors owe."""

    id: int
    street: str
    number: str
    company_name: str
    accounts_count: int
    debtors_count: int
    overdue_kopecks: int
    old_kopecks: int
    """Older than a year."""

    @property
    def address(self) -> str:
        """«ул. Мира, 4»."""
        return f"{self.street}, {self.number}"

    @property
    def per_account_kopecks(self) -> int:
        """Overdue a flat, whole kopecks."""
        return self.overdue_kopecks // self.accounts_count if self.accounts_count else 0


@dataclass(frozen=True, slots=True)
class HousesPage:
    """Houses of a company or of the city with a day of the count."""

    rows: list[HouseDebt] = field(default_factory=list)

    @property
    def overdue_kopecks(self) -> int:
        return sum(one.overdue_kopecks for one in self.rows)

    @property
    def debtors_count(self) -> int:
        return sum(one.debtors_count for one in self.rows)


HOUSES = """
SELECT h.id, st.kind || ' ' || st.name AS street, h.number, o.short_name AS company_name,
       n.accounts AS accounts_count, coalesce(d.debtors, 0)::int AS debtors_count,
       coalesce(d.overdue, 0)::bigint AS overdue_kopecks, coalesce(d.old, 0)::bigint AS old_kopecks
  FROM (SELECT house_id, count(*)::int AS accounts FROM accounts
         WHERE closed_on IS NULL AND (CAST(:company AS int) IS NULL OR company_id = :company) GROUP BY 1) n
  JOIN houses h ON h.id = n.house_id
  JOIN streets st ON st.id = h.street_id
  JOIN organisations o ON o.id = h.company_id
  LEFT JOIN (SELECT house_id, count(*) AS debtors, sum(overdue_kopecks) AS overdue,
                    sum(age5_kopecks + age6_kopecks) AS old
               FROM debtors WHERE overdue_kopecks > 0
                AND (CAST(:company AS int) IS NULL OR company_id = :company) GROUP BY 1) d
    ON d.house_id = h.id
 WHERE (:q = '' OR st.search_name LIKE :q || '%')
 ORDER BY st.search_name, h.sort_key"""


async def houses(session: Session, company_id: int | None, q: str = "") -> HousesPage:
    """Houses in postal order; some thousands in a city; one query."""
    found = await session.execute(text(HOUSES), {"company": company_id, "q": escaped(search_form(q))})
    return HousesPage([HouseDebt(**row._mapping) for row in found])
