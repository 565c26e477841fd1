"""What the page of a computation of penalties shows: totals, distribution, accounts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import text

from storage.run_totals import escaped
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session

STEPS_KOPECKS = (0, 1_00, 10_00, 100_00, 1_000_00, 10_000_00)  # ends of the stripes of the distribution


@dataclass(frozen=True, slots=True)
class Stripe:
    """Accounts whose sum is above `over` and not above `upto` kopecks (None: without end)."""

    over: int | None
    upto: int | None
    accounts: int
    amount_kopecks: int


@dataclass(frozen=True, slots=True)
class CompanyTotal:
    """What a computation adds for accounts of a company."""

    company_id: int
    name: str
    accounts: int
    debt_kopecks: int
    amount_kopecks: int


@dataclass(frozen=True, slots=True)
class AccountTotal:
    """What a computation adds to an account."""

    account_id: int
    number: str
    address: str
    company_name: str
    debts: int
    oldest: dt.date
    unpaid_kopecks: int
    total_kopecks: int
    amount_kopecks: int


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Accounts of a page and how many there are in all."""

    rows: list[AccountTotal]
    total: int
    amount_kopecks: int


BY_COMPANY = """
SELECT l.company_id, coalesce(o.short_name, '—') AS name, count(DISTINCT l.account_id)::int AS accounts,
       sum(l.unpaid_kopecks)::bigint AS debt_kopecks, sum(l.amount_kopecks)::bigint AS amount_kopecks
  FROM penalty_lines l LEFT JOIN organisations o ON o.id = l.company_id
 WHERE l.run_id = :run GROUP BY 1, 2 ORDER BY 5 DESC, 2"""

STRIPES = """
SELECT width_bucket(amount - 1, CAST(:steps AS bigint[])) AS stripe, count(*)::int AS accounts,
       sum(amount)::bigint AS amount
  FROM (SELECT account_id, sum(amount_kopecks)::bigint AS amount FROM penalty_lines WHERE run_id = :run
         GROUP BY 1) a GROUP BY 1"""


async def by_company(session: Session, run_id: int) -> list[CompanyTotal]:
    """Totals by company, the largest first."""
    found = await session.execute(text(BY_COMPANY), {"run": run_id})
    return [CompanyTotal(**row._mapping) for row in found]


async def stripes(session: Session, run_id: int) -> list[Stripe]:
    """Accounts by how much is added to them; the first stripe is those with less than nothing."""
    found = await session.execute(text(STRIPES), {"run": run_id, "steps": list(STEPS_KOPECKS)})
    by = {row.stripe: row for row in found}
    ends = [None, *STEPS_KOPECKS, None]
    return [
        Stripe(over, upto, by[at].accounts if at in by else 0, by[at].amount if at in by else 0)
        for at, (over, upto) in enumerate(pairwise(ends))
        if at in by or at > 0
    ]


SORTS = {
    "amount": "amount_kopecks",
    "debt": "unpaid_kopecks",
    "number": "number",
    "address": "address",
    "oldest": "oldest",
}


FOUND = f"""
WITH sums AS (
  SELECT l.account_id, count(*)::int AS debts, min(l.of_period) AS oldest,
         sum(l.unpaid_kopecks)::bigint AS unpaid_kopecks, sum(l.total_kopecks)::bigint AS total_kopecks,
         sum(l.amount_kopecks)::bigint AS amount_kopecks
    FROM penalty_lines l
   WHERE l.run_id = :run AND (CAST(:company AS int) IS NULL OR l.company_id = :company) GROUP BY 1),
named AS (
  SELECT s.*, a.number, {ADDRESS} AS address, o.short_name AS company_name
    FROM sums s JOIN accounts a ON a.id = s.account_id {ADDRESS_JOINS}
    JOIN organisations o ON o.id = a.company_id
   WHERE (:account = '' OR a.number LIKE :account || '%')
     AND (:street = '' OR st.search_name LIKE :street || '%')
     AND (:house = '' OR lower(h.number) = lower(:house))
     AND (CAST(:least AS bigint) IS NULL OR s.amount_kopecks >= :least))
SELECT *, count(*) OVER ()::int AS found, sum(amount_kopecks) OVER ()::bigint AS found_kopecks FROM named"""  # noqa: S608


async def accounts(
    session: Session,
    run_id: int,
    *,
    company_id: int | None = None,
    account: str = "",
    street: str = "",
    house: str = "",
    least_kopecks: int | None = None,
    sort: str = "amount",
    is_descending: bool = True,
    limit: int,
    offset: int = 0,
) -> AccountPage:
    """Accounts of a computation that are looked for."""
    order = f"{SORTS[sort]} {'DESC' if is_descending else 'ASC'}, account_id"
    found = (
        await session.execute(
            text(f"{FOUND} ORDER BY {order} LIMIT :limit OFFSET :offset"),
            {
                "run": run_id,
                "company": company_id,
                "account": escaped(account),
                "street": escaped(street),
                "house": house,
                "least": least_kopecks,
                "limit": limit,
                "offset": offset,
            },
        )
    ).all()
    names = AccountTotal.__slots__
    rows = [AccountTotal(**{name: getattr(row, name) for name in names}) for row in found]
    return AccountPage(rows, found[0].found if found else 0, found[0].found_kopecks if found else 0)
