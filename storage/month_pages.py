"""Read model of the page «Месяц»: figures of the month against the last, how far each stage is, companies."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage.parked_pages import IS_LEFT, SETTLED
from storage.run_totals import month_before
from storage.session import Session

MONTHS_MAX = 36


@dataclass(frozen=True, slots=True)
class MonthInfo:
    """A month as the centre's books have it."""

    period: dt.date
    state: str
    closed_at: dt.datetime | None
    closed_by_name: str | None
    readings_held: int = 0
    """Readings of the month that nobody has decided on."""


async def months(session: Session) -> list[MonthInfo]:
    """Known months, newest first."""
    found = await session.execute(
        text(f"""
        SELECT m.period, m.state, m.closed_at, u.full_name AS closed_by_name,
               (SELECT count(*) FROM held_readings h WHERE h.state = 'held' AND h.period = m.period)::int
                 AS readings_held
          FROM months m LEFT JOIN users u ON u.id = m.closed_by
         ORDER BY m.period DESC LIMIT {MONTHS_MAX}""")  # noqa: S608
    )
    return [MonthInfo(**row._mapping) for row in found]


async def open_period(session: Session) -> dt.date | None:
    """The open month."""
    found: dt.date | None = await session.scalar(text("SELECT period FROM months WHERE state = 'open'"))
    return found


@dataclass(frozen=True, slots=True)
class RunMark:
    """A run as a stage needs it."""

    id: int
    state: str
    scope_kind: str
    requested_by: int | None
    accounts_count: int
    parked_count: int
    total_kopecks: int
    lines_count: int
    sums_held: int = 0
    """Sums that keep it from being published."""


def month_after(period: dt.date) -> dt.date:
    """The first day of the next month."""
    return (period + dt.timedelta(days=32)).replace(day=1)


async def run_marks(session: Session, period: dt.date) -> list[RunMark]:
    """Runs of the month that were not undone, newest first."""
    found = await session.execute(
        text("""
        SELECT id, state, scope_kind, requested_by, accounts_count, parked_count,
               amount_kopecks + surcharge_kopecks AS total_kopecks, lines_count,
               (SELECT count(*) FROM run_holds h WHERE h.run_id = runs.id AND h.state <> 'released')::int
                 AS sums_held
          FROM runs WHERE period = :period AND state <> 'undone' AND kind <> 'correction'
         ORDER BY id DESC LIMIT 100"""),
        {"period": period},
    )
    return [RunMark(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """A company in the month: readings, parked, charged against last month, how much of it is published."""

    company_id: int
    name: str
    houses_count: int
    accounts_count: int
    meters_count: int
    readings_count: int
    house_meters_count: int
    house_readings_count: int
    parked_count: int
    charged_kopecks: int
    before_kopecks: int
    is_published: bool


async def companies(session: Session, period: dt.date) -> list[CompanyRow]:
    """Every company with houses. Charged is what was posted in the month (a correction of a closed month
    too),
    with the newest draft of the city while the month itself is not published; parked accounts are of the run
    that is worked off, the same as of the list of them.

    One statement over per-company sums; the count of readings reads one monthly partition by its index.
    """
    found = await session.execute(
        text(f"""
        WITH draft AS (
          SELECT id FROM runs
           WHERE period = :period AND state IN ('accruing', 'checked') AND scope_kind = 'city'
             AND kind <> 'correction'
           ORDER BY id DESC LIMIT 1),
        homes AS (SELECT company_id, count(*) AS houses FROM houses GROUP BY 1),
        people AS (SELECT company_id, count(*) AS accounts FROM accounts
                    WHERE opened_on < :next AND (closed_on IS NULL OR closed_on >= :period) GROUP BY 1),
        devices AS (SELECT company_id, count(*) FILTER (WHERE kind <> 'house') AS meters,
                           count(*) FILTER (WHERE kind = 'house') AS house_meters
                      FROM meters WHERE installed_on < :next AND (removed_on IS NULL OR removed_on > :period)
                     GROUP BY 1),
        taken AS (SELECT company_id, count(*) FILTER (WHERE account_id IS NOT NULL) AS readings,
                         count(*) FILTER (WHERE account_id IS NULL) AS house_readings
                    FROM readings WHERE period = :period AND superseded_at IS NULL AND status = 'accepted'
                   GROUP BY 1),
        sums AS (SELECT t.company_id,
                        sum(k.kopecks) FILTER (WHERE r.posted_in = :period AND r.state = 'published')
                          AS posted,
                        bool_or(r.period = :period AND r.state = 'published' AND r.kind <> 'correction')
                          AS is_published,
                        sum(k.kopecks) FILTER (WHERE r.id = (SELECT id FROM draft)) AS drafted,
                        sum(k.kopecks) FILTER (WHERE r.posted_in = :before) AS before
                   FROM run_totals t JOIN runs r ON r.id = t.run_id
                  CROSS JOIN LATERAL (SELECT t.amount_kopecks + t.surcharge_kopecks AS kopecks) k
                  WHERE r.id = (SELECT id FROM draft)
                     OR (r.state = 'published' AND r.posted_in IN (:period, :before)) GROUP BY 1),
        aside AS (SELECT p.company_id, count(*) AS parked FROM parked_accounts p {SETTLED}
                   WHERE {IS_LEFT} AND p.run_id = (
                     SELECT id FROM runs
                      WHERE period = :period AND state IN ('accruing', 'checked', 'published')
                        AND kind <> 'correction'
                      ORDER BY (scope_kind = 'city') DESC, id DESC LIMIT 1)
                   GROUP BY 1)
        SELECT o.id AS company_id, o.short_name AS name, h.houses::int AS houses_count,
               coalesce(a.accounts, 0)::int AS accounts_count,
               coalesce(d.meters, 0)::int AS meters_count, coalesce(t.readings, 0)::int AS readings_count,
               coalesce(d.house_meters, 0)::int AS house_meters_count,
               coalesce(t.house_readings, 0)::int AS house_readings_count,
               coalesce(x.parked, 0)::int AS parked_count,
               (coalesce(s.posted, 0) + CASE WHEN s.is_published THEN 0 ELSE coalesce(s.drafted, 0) END
               )::bigint AS charged_kopecks,
               coalesce(s.before, 0)::bigint AS before_kopecks,
               coalesce(s.is_published, false) AS is_published
          FROM homes h
          JOIN organisations o ON o.id = h.company_id
          LEFT JOIN people a ON a.company_id = o.id
          LEFT JOIN devices d ON d.company_id = o.id
          LEFT JOIN taken t ON t.company_id = o.id
          LEFT JOIN sums s ON s.company_id = o.id
          LEFT JOIN aside x ON x.company_id = o.id
         ORDER BY o.short_name"""),  # noqa: S608 - our own words
        {"period": period, "before": month_before(period), "next": month_after(period)},
    )
    return [CompanyRow(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class MonthSum:
    """Charged and paid in a month: a pair of bars of the chart."""

    period: dt.date
    charged_kopecks: int
    paid_kopecks: int


async def year(session: Session, last: dt.date) -> list[MonthSum]:
    """Twelve months that end with `last`, oldest first; months without runs are there with zeros."""
    found = await session.execute(
        text("""
        WITH wanted AS (
          SELECT (CAST(:last AS date) - make_interval(months => n))::date AS period
            FROM generate_series(0, 11) AS n),
        charged AS (
          SELECT posted_in AS period, sum(amount_kopecks + surcharge_kopecks) AS kopecks FROM runs
           WHERE state = 'published' AND posted_in IN (SELECT period FROM wanted) GROUP BY 1),
        paid AS (
          SELECT e.period, sum(-s.amount_kopecks) AS kopecks
            FROM entries e JOIN postings s ON s.entry_id = e.id
           WHERE e.kind = 'payment' AND s.account_id IS NOT NULL AND e.period IN (SELECT period FROM wanted)
           GROUP BY 1)
        SELECT w.period, coalesce(c.kopecks, 0)::bigint AS charged_kopecks,
               coalesce(p.kopecks, 0)::bigint AS paid_kopecks
          FROM wanted w LEFT JOIN charged c USING (period) LEFT JOIN paid p USING (period)
         ORDER BY w.period"""),
        {"last": last},
    )
    return [MonthSum(**row._mapping) for row in found]
