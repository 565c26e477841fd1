"""Read models of a company's accountant: figures of the month, houses, the list of accounts, parked accounts.

Everything is of one company: the scope hides the rest, company_id only makes the reads narrow.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.ledger import Book
from storage.account_pages import ADDRESS
from storage.month_pages import month_after
from storage.natural import natural_key, search_form
from storage.parked_pages import SETTLED
from storage.run_totals import month_before
from storage.search import after
from storage.session import Session


@dataclass(frozen=True, slots=True)
class ShownMonth:
    """The month whose charges are shown: published runs or the newest draft; and the runs before it."""

    period: dt.date
    run_ids: tuple[int, ...]
    is_draft: bool
    before_ids: tuple[int, ...]


async def shown_month(session: Session, company_id: int, open_period: dt.date) -> ShownMonth:
    """The open month when it has runs over the company, else the last published one."""
    found = await session.execute(
        text("""
        SELECT id, period, state = 'published' AS is_published FROM runs
         WHERE period <= :period AND period >= :first AND kind <> 'correction'
           AND (state = 'published' OR (state = 'checked' AND kind = 'full'))
           AND (scope_kind <> 'organisation' OR scope_id = :company_id)
           AND (state = 'published' OR scope_kind IN ('city', 'organisation'))
         ORDER BY id"""),
        {
            "period": open_period,
            "first": month_before(month_before(month_before(open_period))),
            "company_id": company_id,
        },
    )
    published: dict[dt.date, list[int]] = {}
    drafts: dict[dt.date, int] = {}
    for row in found:
        if row.is_published:
            published.setdefault(row.period, []).append(row.id)
        else:
            drafts[row.period] = row.id
    period = open_period
    while (
        period not in published and period not in drafts and period > month_before(month_before(open_period))
    ):
        period = month_before(period)
    before = tuple(published.get(month_before(period), ()))
    if period in published:
        return ShownMonth(period, tuple(published[period]), False, before)
    draft = (drafts[period],) if period in drafts else ()
    return ShownMonth(period, draft, bool(draft), before)


@dataclass(frozen=True, slots=True)
class CompanyFigures:
    """A company's month: charged against the month before, paid, owed."""

    charged_kopecks: int
    before_kopecks: int
    paid_kopecks: int
    paid_before_kopecks: int
    debt_kopecks: int
    debtors_count: int


FIGURES = f"""
SELECT (SELECT coalesce(sum(amount_kopecks + surcharge_kopecks), 0)::bigint FROM run_totals
         WHERE run_id = ANY (CAST(:runs AS int[])) AND company_id = :company_id) AS charged_kopecks,
       (SELECT coalesce(sum(amount_kopecks + surcharge_kopecks), 0)::bigint FROM run_totals
         WHERE run_id = ANY (CAST(:before_runs AS int[])) AND company_id = :company_id) AS before_kopecks,
       p.paid::bigint AS paid_kopecks, p.before::bigint AS paid_before_kopecks,
       d.kopecks::bigint AS debt_kopecks, d.count::int AS debtors_count
  FROM (SELECT coalesce(sum(-s.amount_kopecks) FILTER (WHERE s.period = :open), 0) AS paid,
               coalesce(sum(-s.amount_kopecks) FILTER (WHERE s.period = :before), 0) AS before
          FROM postings s JOIN entries e ON e.id = s.entry_id
         WHERE s.period IN (:open, :before) AND s.company_id = :company_id AND s.account_id IS NOT NULL
           AND s.book = {int(Book.RESIDENTS)} AND e.kind = 'payment') p,
       (SELECT coalesce(sum(amount_kopecks), 0) AS kopecks, count(*) AS count FROM opening_balances
         WHERE period = :open AND company_id = :company_id AND amount_kopecks > 0) d
"""  # noqa: S608


async def figures(
    session: Session, company_id: int, open_period: dt.date, shown: ShownMonth
) -> CompanyFigures:
    """One statement over sums that exist already."""
    row = (
        await session.execute(
            text(FIGURES),
            {
                "company_id": company_id,
                "open": open_period,
                "before": month_before(open_period),
                "runs": list(shown.run_ids),
                "before_runs": list(shown.before_ids),
            },
        )
    ).one()
    return CompanyFigures(**row._mapping)


WAITING = f"""
SELECT p.account_id, p.house_id, p.reason, p.message FROM parked_accounts p {SETTLED}
 WHERE p.company_id = :company_id AND p.run_id = ANY (CAST(:runs AS int[]))
   AND (later.id IS NULL OR (again.account_id IS NOT NULL AND NOT later.id = ANY (CAST(:runs AS int[]))))"""  # noqa: S608
"""Parked accounts of the shown runs that no later run has charged, each once."""


@dataclass(frozen=True, slots=True)
class HouseRow:
    """A house of the company in the month."""

    house_id: int
    address: str
    accounts_count: int
    meters_count: int
    readings_count: int
    parked_count: int
    charged_kopecks: int
    before_kopecks: int

    @property
    def delta_kopecks(self) -> int:
        """Change against the month before."""
        return self.charged_kopecks - self.before_kopecks


async def houses(
    session: Session, company_id: int, open_period: dt.date, shown: ShownMonth
) -> list[HouseRow]:
    """Houses of the company in postal order: some hundreds at most."""
    found = await session.execute(
        text(f"""
        WITH waiting AS ({WAITING}),
        people AS (
          SELECT house_id, count(*)::int AS count FROM accounts
           WHERE company_id = :company_id AND (closed_on IS NULL OR closed_on >= :open) GROUP BY 1),
        homes AS (SELECT id FROM houses WHERE company_id = :company_id),
        devices AS (
          SELECT m.house_id, count(*)::int AS count FROM homes JOIN meters m ON m.house_id = homes.id
           WHERE m.account_id IS NOT NULL AND m.installed_on < :next
             AND (m.removed_on IS NULL OR m.removed_on > :open) GROUP BY 1),
        taken AS (
          SELECT r.house_id, count(*)::int AS count FROM homes JOIN readings r ON r.house_id = homes.id
           WHERE r.period = :open AND r.account_id IS NOT NULL
             AND r.superseded_at IS NULL AND r.status = 'accepted' GROUP BY 1),
        aside AS (SELECT house_id, count(*)::int AS parked FROM waiting GROUP BY 1),
        sums AS (
          SELECT house_id,
                 sum(amount_kopecks + surcharge_kopecks)
                   FILTER (WHERE run_id = ANY (CAST(:runs AS int[])))::bigint AS charged,
                 sum(amount_kopecks + surcharge_kopecks)
                   FILTER (WHERE run_id = ANY (CAST(:before_runs AS int[])))::bigint AS before
            FROM run_houses
           WHERE company_id = :company_id
             AND run_id = ANY (CAST(:runs AS int[]) || CAST(:before_runs AS int[]))
           GROUP BY 1)
        SELECT h.id AS house_id, st.kind || ' ' || st.name || ', ' || h.number AS address,
               coalesce(p.count, 0) AS accounts_count, coalesce(d.count, 0) AS meters_count,
               coalesce(t.count, 0) AS readings_count, coalesce(k.parked, 0) AS parked_count,
               coalesce(s.charged, 0) AS charged_kopecks, coalesce(s.before, 0) AS before_kopecks
          FROM houses h JOIN streets st ON st.id = h.street_id
          LEFT JOIN people p ON p.house_id = h.id
          LEFT JOIN devices d ON d.house_id = h.id
          LEFT JOIN taken t ON t.house_id = h.id
          LEFT JOIN sums s ON s.house_id = h.id
          LEFT JOIN aside k ON k.house_id = h.id
         WHERE h.company_id = :company_id
         ORDER BY st.search_name, h.sort_key"""),  # noqa: S608
        {
            "company_id": company_id,
            "open": open_period,
            "next": month_after(open_period),
            "runs": list(shown.run_ids),
            "before_runs": list(shown.before_ids),
        },
    )
    return [HouseRow(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """What is looked for in the list of accounts; empty values are not asked about.

    query: the beginning of an account number or of a surname. debt: debtor, advance.
    """

    house_id: int | None = None
    query: str = ""
    flat: str = ""
    debt: str = ""
    is_parked: bool = False
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account in the list."""

    id: int
    number: str
    address: str
    payer_name: str
    area_dm2: int | None
    residents: int | None
    charged_kopecks: int | None
    balance_kopecks: int
    parked: str | None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """A page of accounts with the sums over all found."""

    rows: list[AccountRow]
    total: int
    charged_kopecks: int
    balance_kopecks: int


SORTS = {
    "address": "search_name, house_key, flat_key, number",
    "number": "number",
    "payer": "payer_key, number",
    "charged": "charged_kopecks",
    "balance": "balance_kopecks",
}

ACCOUNTS = f"""
WITH waiting AS ({WAITING}),
charged AS (
  SELECT account_id, sum(amount_kopecks + surcharge_kopecks)::bigint AS kopecks FROM run_accounts
   WHERE run_id = ANY (CAST(:runs AS int[])) AND company_id = :company_id GROUP BY 1),
published AS (
  SELECT account_id, sum(amount_kopecks + surcharge_kopecks)::bigint AS kopecks FROM run_accounts
   WHERE run_id = ANY (ARRAY(SELECT id FROM runs WHERE state = 'published' AND posted_in = :open))
     AND company_id = :company_id GROUP BY 1),
posted AS (
  SELECT account_id, sum(amount_kopecks)::bigint AS kopecks FROM postings
   WHERE period = :open AND company_id = :company_id AND account_id IS NOT NULL
     AND book = {int(Book.RESIDENTS)}
   GROUP BY 1),
silent AS (
  SELECT DISTINCT m.account_id FROM meters m
   WHERE m.company_id = :company_id AND m.account_id IS NOT NULL AND m.removed_on IS NULL
     AND NOT EXISTS (SELECT 1 FROM readings r WHERE r.meter_id = m.id AND r.period = :open
                        AND r.superseded_at IS NULL AND r.status = 'accepted')),
found AS (
  SELECT a.id, a.number, {ADDRESS} AS address, a.payer_name, t.area_dm2, t.residents,
         c.kopecks AS charged_kopecks,
         (coalesce(b.amount_kopecks, 0) + coalesce(u.kopecks, 0) + coalesce(p.kopecks, 0))::bigint
           AS balance_kopecks,
         k.message AS parked, st.search_name, h.sort_key AS house_key, f.sort_key AS flat_key,
         a.search_name AS payer_key
    FROM accounts a
    JOIN flats f ON f.id = a.flat_id
    LEFT JOIN rooms rm ON rm.id = a.room_id
    JOIN houses h ON h.id = a.house_id
    JOIN streets st ON st.id = h.street_id
    LEFT JOIN account_facts t ON t.account_id = a.id AND t.superseded_at IS NULL AND t.valid_from <= :today
         AND (t.valid_to IS NULL OR t.valid_to > :today)
    LEFT JOIN opening_balances b ON b.account_id = a.id AND b.period = :open
    LEFT JOIN charged c ON c.account_id = a.id
    LEFT JOIN published u ON u.account_id = a.id
    LEFT JOIN posted p ON p.account_id = a.id
    LEFT JOIN waiting k ON k.account_id = a.id
   WHERE a.company_id = :company_id AND (a.closed_on IS NULL OR a.closed_on >= :open)
     AND (CAST(:house_id AS int) IS NULL OR a.house_id = :house_id)
     AND (:flat = '' OR f.sort_key = :flat)
     AND (:query = '' OR (a.number ~>=~ :query AND a.number ~<~ :after)
          OR (a.search_name ~>=~ :query AND a.search_name ~<~ :after))
     AND (NOT CAST(:is_parked AS boolean) OR k.account_id IS NOT NULL)
     AND (NOT CAST(:is_silent AS boolean) OR a.id IN (SELECT account_id FROM silent)))
SELECT id, number, address, payer_name, area_dm2, residents, charged_kopecks, balance_kopecks, parked,
       count(*) OVER ()::int AS total, coalesce(sum(charged_kopecks) OVER (), 0)::bigint AS all_charged,
       coalesce(sum(balance_kopecks) OVER (), 0)::bigint AS all_balance
  FROM found
 WHERE CASE :debt WHEN 'debtor' THEN balance_kopecks > 0 WHEN 'advance' THEN balance_kopecks < 0 ELSE true END
"""  # noqa: S608


async def accounts(
    session: Session,
    company_id: int,
    open_period: dt.date,
    shown: ShownMonth,
    wanted: AccountFilter,
    *,
    today: dt.date,
    sort: str = "address",
    is_descending: bool = False,
    limit: int,
    offset: int = 0,
) -> AccountPage:
    """Found accounts sorted by a key of SORTS, with sums over all of them."""
    way = "DESC NULLS LAST" if is_descending else "ASC"
    order = ", ".join(f"{part} {way}" for part in SORTS[sort].split(", "))
    query = search_form(wanted.query)
    if not (query or wanted.flat or wanted.house_id or wanted.is_parked):
        # Every account of the company is joined: right after a bulk load, before tables are analysed, the
        # planner would choose nested loops that take seconds.
        await session.execute(text("SELECT set_config('enable_nestloop', 'off', true)"))
    result = await session.execute(
        text(f"{ACCOUNTS} ORDER BY {order}, id LIMIT :limit OFFSET :offset"),
        {
            "company_id": company_id,
            "open": open_period,
            "today": today,
            "runs": list(shown.run_ids),
            "house_id": wanted.house_id,
            "flat": natural_key(wanted.flat) if wanted.flat else "",
            "query": query,
            "after": after(query) if query else "",
            "is_parked": wanted.is_parked,
            "is_silent": wanted.is_silent,
            "debt": wanted.debt,
            "limit": limit,
            "offset": offset,
        },
    )
    found = result.all()
    if not found:
        return AccountPage([], 0, 0, 0)
    return AccountPage(
        [AccountRow(*row[:9]) for row in found], found[0].total, found[0].all_charged, found[0].all_balance
    )


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """How many of the company's accounts a run parked for a reason."""

    reason: str
    count: int
    example: str


async def reasons(session: Session, company_id: int, shown: ShownMonth) -> list[ReasonRow]:
    """Reasons of the company's parked accounts, the most frequent first."""
    found = await session.execute(
        text(f"""
        SELECT reason, count(*)::int AS count, min(message) AS example FROM ({WAITING}) waiting
         GROUP BY reason ORDER BY 2 DESC, 1"""),  # noqa: S608
        {"runs": list(shown.run_ids), "company_id": company_id},
    )
    return [ReasonRow(**row._mapping) for row in found]


async def house_choices(session: Session, company_id: int) -> list[tuple[int, str]]:
    """Houses of the company for a filter."""
    found = await session.execute(
        text("""
        SELECT h.id, st.kind || ' ' || st.name || ', ' || h.number AS address
          FROM houses h JOIN streets st ON st.id = h.street_id
         WHERE h.company_id = :company_id ORDER BY st.search_name, h.sort_key"""),
        {"company_id": company_id},
    )
    return [(row.id, row.address) for row in found]
