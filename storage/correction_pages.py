"""Read models of corrections: the list, one package with its sums, what an account got and why.

Every function is one statement; sums are kopecks and include the surcharge.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Row, text

from billing.services import CATALOGUE
from billing.trace_line import Line
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session

LIST_MAX = 500
EXTREMES = 10
SAMPLE = 20
EDGES = (-1_000_000, -100_000, -10_000, 0, 10_000, 100_000, 1_000_000)
"""Kopecks between the columns of the distribution: 10 000, 1 000, 100 roubles either way."""


@dataclass(frozen=True, slots=True)
class CorrectionHead:
    """A package with the names of who did what."""

    id: int
    kind: str
    reason: str
    ground: str
    ground_on: dt.date
    note: str
    first_period: dt.date
    last_period: dt.date
    period: dt.date
    scope_kind: str
    scope_id: int | None
    scope_name: str
    company_id: int | None
    state: str
    stop_requested: bool
    created_by: int | None
    created_by_name: str | None
    created_at: dt.datetime
    requested_by: int | None
    requested_by_name: str | None
    approved_by: int | None
    approved_by_name: str | None
    one_person: bool
    published_at: dt.datetime | None
    posted_in: dt.date | None
    accounts_count: int
    parked_count: int
    lines_count: int
    total_kopecks: int
    error: str | None


HEAD = """
SELECT r.id, c.kind, c.reason, c.ground, c.ground_on, c.note, c.first_period, c.last_period, r.period,
r.scope_kind,
       r.scope_id,
       CASE r.scope_kind WHEN 'city' THEN 'весь город'
         WHEN 'organisation' THEN (SELECT short_name FROM organisations o WHERE o.id = r.scope_id)
         WHEN 'house' THEN (SELECT s.kind || ' ' || s.name || ', ' || h.number
                              FROM houses h JOIN streets s ON s.id = h.street_id WHERE h.id = r.scope_id)
         WHEN 'late' THEN 'факты задним числом, ' || (SELECT count(*) FROM late_facts f WHERE f.run_id = r.id)
         WHEN 'account' THEN (SELECT 'счёт ' || a.number FROM accounts a WHERE a.id = r.scope_id)
       END AS scope_name,
       r.company_id, r.state, r.stop_requested, r.created_by, paylogic_staff_name(r.created_by) AS
       created_by_name,
       r.created_at, r.requested_by, paylogic_staff_name(r.requested_by) AS requested_by_name, r.approved_by,
       paylogic_staff_name(r.approved_by) AS approved_by_name, r.one_person, r.published_at, r.posted_in,
       r.accounts_count, r.parked_count, r.lines_count, r.amount_kopecks + r.surcharge_kopecks AS
       total_kopecks,
       r.error
  FROM runs r JOIN corrections c ON c.run_id = r.id
"""
FOUND = """
 WHERE r.kind = 'correction' AND (CAST(:state AS text) IS NULL OR r.state = :state)
   AND (CAST(:reason AS text) IS NULL OR c.reason = :reason)
   AND (CAST(:words AS text) IS NULL OR c.ground ILIKE '%' || CAST(:words AS text) || '%'
        OR EXISTS (SELECT 1 FROM accounts a WHERE r.scope_kind = 'account' AND a.id = r.scope_id
                     AND a.number = :words))
   AND (CAST(:account_id AS int) IS NULL OR (r.scope_kind = 'account' AND r.scope_id = :account_id))
"""
PAGE = " ORDER BY r.created_at DESC, r.id DESC LIMIT :limit OFFSET :offset"


def _head(row: Row[tuple[object, ...]]) -> CorrectionHead:
    values = dict(row._mapping)
    values["scope_name"] = values["scope_name"] or "область не найдена"
    return CorrectionHead(**values)


async def correction_head(session: Session, run_id: int) -> CorrectionHead | None:
    """One package, or None when there is none we may see."""
    row = (await session.execute(text(f"{HEAD} WHERE r.id = :id"), {"id": run_id})).one_or_none()
    return None if row is None else _head(row)


async def corrections(
    session: Session,
    *,
    state: str | None = None,
    reason: str | None = None,
    words: str | None = None,
    account_id: int | None = None,
    limit: int = LIST_MAX,
    offset: int = 0,
) -> list[CorrectionHead]:
    """Packages we may see, newest first; words: a part of the ground, or the number of an account."""
    values: dict[str, object] = {"state": state, "reason": reason, "words": words, "account_id": account_id}
    values |= {"limit": limit, "offset": offset}
    return [_head(row) for row in await session.execute(text(HEAD + FOUND + PAGE), values)]


async def corrections_count(
    session: Session, *, state: str | None = None, reason: str | None = None, words: str | None = None
) -> int:
    """How many packages the same filter finds."""
    values = {"state": state, "reason": reason, "words": words, "account_id": None}
    counted = f"SELECT count(*)::int FROM runs r JOIN corrections c ON c.run_id = r.id {FOUND}"  # noqa: S608
    return int(await session.scalar(text(counted), values) or 0)


# ---- what a draft would do ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spread:
    """Accounts whose sum changes, sums up and down, how they are distributed.

    same_count: accounts whose lines change (another basis) and whose sum does not.
    """

    accounts_count: int
    same_count: int
    up_count: int
    up_kopecks: int
    down_count: int
    down_kopecks: int
    moved_kopecks: int
    buckets: tuple[int, ...]


SPREAD = """
WITH sums AS (SELECT amount_kopecks + surcharge_kopecks AS kopecks FROM run_accounts WHERE run_id = :id)
SELECT (count(*) FILTER (WHERE kopecks <> 0))::int AS accounts_count,
       (count(*) FILTER (WHERE kopecks = 0))::int AS same_count, (count(*) FILTER (WHERE kopecks > 0))::int
       AS up_count,
       coalesce(sum(kopecks) FILTER (WHERE kopecks > 0), 0)::bigint AS up_kopecks,
       (count(*) FILTER (WHERE kopecks < 0))::int AS down_count,
       coalesce(sum(kopecks) FILTER (WHERE kopecks < 0), 0)::bigint AS down_kopecks,
       coalesce(sum(abs(kopecks)), 0)::bigint AS moved_kopecks,
       ARRAY(SELECT coalesce(n, 0)::int FROM generate_series(0, :last) AS place
               LEFT JOIN (SELECT width_bucket(kopecks, CAST(:edges AS bigint[])) AS at, count(*) AS n
               FROM sums
                           WHERE kopecks <> 0 GROUP BY 1) b ON b.at = place
              ORDER BY place) AS buckets
  FROM sums"""


async def spread(session: Session, run_id: int) -> Spread:
    """Counts and sums over the accounts of a package."""
    row = (
        await session.execute(text(SPREAD), {"id": run_id, "edges": list(EDGES), "last": len(EDGES)})
    ).one()
    values = dict(row._mapping)
    values["buckets"] = tuple(values["buckets"])
    return Spread(**values)


@dataclass(frozen=True, slots=True)
class Touched:
    """An account of a package and how much its bill changes."""

    account_id: int
    number: str
    address: str
    kopecks: int
    lines_count: int


TOUCHED = f"""
SELECT x.account_id, a.number, {ADDRESS} AS address,
       x.amount_kopecks + x.surcharge_kopecks AS kopecks, x.lines_count::int AS lines_count
  FROM run_accounts x JOIN accounts a ON a.id = x.account_id {ADDRESS_JOINS}
 WHERE x.run_id = :id {{more}} ORDER BY {{order}} LIMIT :limit"""  # noqa: S608 - words of ours
ORDERS = {
    "most": ("AND x.amount_kopecks + x.surcharge_kopecks > 0", "kopecks DESC, a.number"),
    "least": ("AND x.amount_kopecks + x.surcharge_kopecks < 0", "kopecks, a.number"),
    "sample": ("", "(x.account_id * 2654435761) % 4294967296, x.account_id"),
    "moved": (
        "AND x.amount_kopecks + x.surcharge_kopecks <> 0",
        "(x.account_id * 2654435761) % 4294967296, x.account_id",
    ),
    "all": ("", "st.search_name, h.sort_key, f.sort_key, a.number"),
}


async def touched(session: Session, run_id: int, order: str, limit: int | None) -> list[Touched]:
    """Accounts of a package: the greatest additions, the greatest reductions, a steady sample, or all."""
    more, by = ORDERS[order]
    rows = await session.execute(text(TOUCHED.format(more=more, order=by)), {"id": run_id, "limit": limit})
    return [Touched(**row._mapping) for row in rows]


def service_name(service: int, own: str | None) -> str:
    """Name of a service; own: of a service of an organisation, which the law does not know."""
    return CATALOGUE[service].label if service in CATALOGUE else own or f"Услуга № {service}"


@dataclass(frozen=True, slots=True)
class MonthSum:
    """A service of a past month in a package."""

    period: dt.date
    service: int
    kopecks: int
    lines_count: int
    service_label: str | None = None

    @property
    def label(self) -> str:
        """Name of the service."""
        return service_name(self.service, self.service_label)


MONTHS = """
SELECT (r.period - t.months_back * interval '1 month')::date AS period, t.service,
       sum(t.amount_kopecks + t.surcharge_kopecks)::bigint AS kopecks,
       sum(t.lines_count)::int AS lines_count, min(v.label) AS service_label
  FROM run_totals t JOIN runs r ON r.id = t.run_id LEFT JOIN services v ON v.code = t.service
 WHERE t.run_id = :id
 GROUP BY 1, 2 ORDER BY 1, 2"""


async def by_month(session: Session, run_id: int) -> list[MonthSum]:
    """Sums of a package by month and service."""
    return [MonthSum(**row._mapping) for row in await session.execute(text(MONTHS), {"id": run_id})]


# ---- what an account got -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccountCorrection:
    """A service of a past month corrected for an account, with its ground; was and now are of that line's
    package alone: what it took back and what it put in its place.
    """

    run_id: int
    state: str
    reason: str
    ground: str
    ground_on: dt.date
    posted_in: dt.date | None
    of_period: dt.date
    service: int
    was_kopecks: int
    now_kopecks: int
    kopecks: int
    is_manual: bool
    service_label: str | None = None

    @property
    def label(self) -> str:
        """Name of the service."""
        return service_name(self.service, self.service_label)


OF_ACCOUNT = """
SELECT r.id AS run_id, r.state, c.reason, coalesce(late.ground, c.ground) AS ground, c.ground_on, r.posted_in,
       (r.period - l.months_back * interval '1 month')::date AS of_period, l.service,
       coalesce(-sum(l.amount_kopecks + l.surcharge_kopecks) FILTER (WHERE l.kind = 1), 0)::bigint AS
       was_kopecks,
       coalesce(sum(l.amount_kopecks + l.surcharge_kopecks) FILTER (WHERE l.kind = 0), 0)::bigint AS
       now_kopecks,
       sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS kopecks, c.kind = 'manual' AS is_manual,
       (SELECT v.label FROM services v WHERE v.code = l.service) AS service_label
  FROM lines l JOIN runs r ON r.id = l.run_id JOIN corrections c ON c.run_id = r.id
  LEFT JOIN LATERAL (
    SELECT string_agg(DISTINCT f.ground, '; ') AS ground FROM late_facts f
     WHERE r.scope_kind = 'late' AND f.run_id = r.id AND f.ground <> '' AND (f.account_id = l.account_id
       OR f.account_id IS NULL AND f.house_id = (SELECT a.house_id FROM accounts a WHERE a.id = l.account_id))
    ) late ON true
 WHERE l.account_id = :account_id AND l.run_id = ANY (ARRAY(
         SELECT r2.id FROM runs r2 JOIN run_accounts x ON x.run_id = r2.id AND x.account_id = :account_id
          WHERE r2.kind = 'correction' AND (r2.state = 'published' OR (r2.state = 'checked' AND :drafts))))
   AND (CAST(:posted_in AS date) IS NULL OR coalesce(r.posted_in, r.period) = :posted_in)
   AND (CAST(:run_id AS int) IS NULL OR r.id = :run_id)
 GROUP BY r.id, c.run_id, late.ground, 7, l.service
HAVING sum(l.amount_kopecks + l.surcharge_kopecks) <> 0
 ORDER BY r.id DESC, 7, l.service"""


async def of_account(
    session: Session,
    account_id: int,
    *,
    posted_in: dt.date | None = None,
    run_id: int | None = None,
    with_drafts: bool = False,
) -> list[AccountCorrection]:
    """Corrections of an account: of one month of posting, of one package, or all."""
    rows = await session.execute(
        text(OF_ACCOUNT),
        {"account_id": account_id, "posted_in": posted_in, "run_id": run_id, "drafts": with_drafts},
    )
    return [AccountCorrection(**row._mapping) for row in rows]


EXPLAINED = """
SELECT (r.period - l.months_back * interval '1 month')::date AS of_period, l.account_id, l.company_id,
       l.supplier_id, l.service, l.component, l.basis, l.kind, l.first_day, l.days, l.volume_num,
       l.volume_den,
       l.rate, l.amount_kopecks, l.surcharge_kopecks, l.raised_num, l.a, l.b
  FROM lines l JOIN runs r ON r.id = l.run_id
 WHERE l.account_id = :account_id AND l.run_id = :run_id
 ORDER BY 1, l.service, l.kind DESC, l.component, l.first_day, l.basis"""


async def lines_of(session: Session, account_id: int, run_id: int) -> list[tuple[dt.date, Line]]:
    """Every line of a package for an account with its old month: what was taken back, then what was put."""
    rows = await session.execute(text(EXPLAINED), {"account_id": account_id, "run_id": run_id})
    return [(row.of_period, Line.of(dict(row._mapping))) for row in rows]
