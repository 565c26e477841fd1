"""Proof of the books from their rows: nothing here reads a total it does not add up itself.

Each check lists differences (what, where, expected, found). `paylogic ledger check` prints them and ends
with 1 when there is one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.ledger import Book
from billing.period import Period
from storage import book_sums, penalty_check
from storage.engine import Database
from storage.payout_check import PAYOUT_CHECKS

FOUND_MAX = 100  # differences listed of one check; all are counted
RESIDENTS = int(Book.RESIDENTS)
PAYEES = int(Book.PAYEES)
IN_TRANSIT = int(Book.IN_TRANSIT)

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the books do not agree; expected and found in kopecks or pieces."""

    check: str
    where: str
    expected: int
    found: int


@dataclass(frozen=True, slots=True)
class Check:
    """A statement that returns a row (place, expected, found) for each difference."""

    title: str
    sql: str


ENTRIES = (
    Check(
        "Проводки каждой записи дают в сумме ноль",
        """
        SELECT 'запись ' || entry_id, 0::bigint, sum(amount_kopecks)::bigint FROM postings
         GROUP BY entry_id HAVING sum(amount_kopecks) <> 0""",
    ),
    Check(
        "У каждой записи есть проводки, и все её месяца",
        """
        SELECT 'запись ' || e.id, 0::bigint, count(*) FILTER (WHERE p.period IS DISTINCT FROM e.period)
          FROM entries e LEFT JOIN postings p ON p.entry_id = e.id
         GROUP BY e.id HAVING count(*) FILTER (WHERE p.period IS DISTINCT FROM e.period) > 0""",
    ),
    Check(
        "Долг без счёта бывает только у начислений",
        f"""
        SELECT 'запись ' || e.id, 0::bigint, sum(p.amount_kopecks)::bigint
          FROM entries e JOIN postings p ON p.entry_id = e.id
         WHERE p.book = {RESIDENTS} AND (p.account_id IS NULL) <> (e.kind = 'accrual') GROUP BY e.id""",  # noqa: S608
    ),
    Check(
        "Одна запись сторнирована не больше одного раза",
        """
        SELECT 'запись ' || reverses_id, 1::bigint, count(*) FROM entries WHERE reverses_id IS NOT NULL
         GROUP BY reverses_id HAVING count(*) > 1""",
    ),
    Check(
        "Каждый зачисленный платёж проведён на свою сумму",
        f"""
        SELECT 'платёж ' || y.id, y.amount_kopecks, coalesce(-sum(p.amount_kopecks), 0)::bigint
          FROM payments y LEFT JOIN postings p ON p.entry_id = y.entry_id AND p.book <> {IN_TRANSIT}
         WHERE y.entry_id IS NOT NULL
         GROUP BY y.id HAVING coalesce(-sum(p.amount_kopecks), 0) <> y.amount_kopecks""",  # noqa: S608
    ),
    Check(
        "Два платежа не ссылаются на одну запись",
        """
        SELECT 'запись ' || entry_id, 1::bigint, count(*) FROM payments WHERE entry_id IS NOT NULL
         GROUP BY entry_id HAVING count(*) > 1""",
    ),
    Check("Суммы закрытых месяцев по книгам равны их проводкам", book_sums.PROOF),
    *(Check(title, sql) for title, sql in PAYOUT_CHECKS),
)

RUN_SUM = """
SELECT r.id, r.period, r.posted_in, (r.amount_kopecks + r.surcharge_kopecks) AS total, e.id AS entry_id,
       e.period AS entry_period,
       coalesce((SELECT sum(p.amount_kopecks) FROM postings p
                  WHERE p.entry_id = e.id AND p.book = :residents), 0)::bigint AS posted,
       coalesce((SELECT sum(t.amount_kopecks + t.surcharge_kopecks) FROM run_totals t
                  WHERE t.run_id = r.id), 0)::bigint AS totals
  FROM runs r LEFT JOIN entries e ON e.run_id = r.id WHERE r.state = 'published' ORDER BY r.id"""

BY_ACCOUNT = """
SELECT 'прогон ' || CAST(:run AS int) || ', счёт ' || coalesce(l.account_id, c.account_id),
       coalesce(l.amount, 0)::bigint, coalesce(c.amount, 0)::bigint
  FROM (SELECT account_id, sum(amount_kopecks + surcharge_kopecks) AS amount FROM lines
         WHERE run_id = :run GROUP BY 1) l
  FULL JOIN (SELECT account_id, amount_kopecks + surcharge_kopecks AS amount FROM run_accounts
              WHERE run_id = :run) c ON c.account_id = l.account_id
 WHERE coalesce(l.amount, 0) <> coalesce(c.amount, 0)"""

BY_PAYEE = f"""
SELECT 'прогон ' || CAST(:run AS int) || ', получатель ' || coalesce(l.payee, p.payee) || ', услуга '
       || coalesce(l.service, p.service), coalesce(l.amount, 0)::bigint, coalesce(p.amount, 0)::bigint
  FROM (SELECT supplier_id AS payee, service, sum(amount_kopecks + surcharge_kopecks) AS amount FROM lines
         WHERE run_id = :run GROUP BY 1, 2) l
  FULL JOIN (SELECT q.organisation_id AS payee, q.service, -sum(q.amount_kopecks) AS amount FROM postings q
               JOIN entries e ON e.id = q.entry_id WHERE e.run_id = :run AND q.book = {PAYEES} GROUP BY 1,
               2) p
    ON p.payee = l.payee AND p.service = l.service
 WHERE coalesce(l.amount, 0) <> coalesce(p.amount, 0)"""  # noqa: S608

OPENINGS = f"""
SELECT 'счёт ' || a.id || ', ' || to_char(CAST(:following AS date), 'MM.YYYY'),
       (coalesce(o.amount_kopecks, 0) + coalesce(c.amount, 0) + coalesce(p.amount, 0))::bigint,
       coalesce(n.amount_kopecks, 0)
  FROM accounts a
  LEFT JOIN opening_balances o ON o.account_id = a.id AND o.period = :period
  LEFT JOIN opening_balances n ON n.account_id = a.id AND n.period = :following
  LEFT JOIN (SELECT account_id, sum(amount_kopecks + surcharge_kopecks) AS amount FROM lines
              WHERE run_id = ANY(CAST(:runs AS int[])) GROUP BY 1) c ON c.account_id = a.id
  LEFT JOIN (SELECT account_id, sum(amount_kopecks) AS amount FROM postings
              WHERE period = :period AND book = {RESIDENTS} AND account_id IS NOT NULL GROUP BY 1) p
    ON p.account_id = a.id
 WHERE coalesce(o.amount_kopecks, 0) + coalesce(c.amount, 0) + coalesce(p.amount, 0)
       <> coalesce(n.amount_kopecks, 0)"""  # noqa: S608

COUNTS = """
SELECT (SELECT count(*) FROM entries) AS entries, (SELECT count(*) FROM postings) AS postings,
       (SELECT count(*) FROM runs WHERE state = 'published') AS runs, (SELECT count(*) FROM months) AS months,
       (SELECT count(*) FROM payments) AS payments"""


class _Report:
    """What was looked at and what was found."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0
        self.checks: list[str] = []
        self.found: list[Difference] = []
        self.count = 0

    def add(self, title: str, rows: Sequence[Any]) -> None:
        self.count += len(rows)
        self.found += [Difference(title, str(row[0]), int(row[1]), int(row[2])) for row in rows[:FOUND_MAX]]
        self.checks.append(f"{title}: {'сходится' if not rows else f'расхождений {len(rows)}'}")
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total, title)


async def check_ledger(database_url: str, progress: Progress | None = None) -> dict[str, Any]:
    """Run every check in one snapshot of the database, under the owner's role."""
    database = Database(database_url, pool_max=1)
    try:
        async with database.reading() as session:
            return await _check(session, progress)
    finally:
        await database.close()


async def _check(session: AsyncSession, progress: Progress | None) -> dict[str, Any]:
    runs = (await session.execute(text(RUN_SUM), {"residents": RESIDENTS})).all()
    months = list((await session.execute(text("SELECT period FROM months ORDER BY period"))).scalars())
    total = len(ENTRIES) + 1 + 2 * len(runs) + max(0, len(months) - 1) + penalty_check.CHECKS_COUNT
    report = _Report(progress, total)
    for one in ENTRIES:
        report.add(one.title, (await session.execute(text(one.sql))).all())
    report.add("Итог каждого прогона равен его записи и суммам по получателям", _run_differences(runs))
    for run in runs:
        name = f"Прогон № {run.id}"
        rows = (await session.execute(text(BY_ACCOUNT), {"run": run.id})).all()
        report.add(f"{name}: строки равны суммам по счетам", rows)
        rows = (await session.execute(text(BY_PAYEE), {"run": run.id})).all()
        report.add(f"{name}: строки равны долгу перед получателями", rows)
    for period in months[:-1]:
        rows = (await session.execute(text(OPENINGS), _opening_values(period, runs))).all()
        report.add(f"Остатки после месяца {Period.of(period).title} выводятся из начислений и платежей", rows)
    for title, rows in await penalty_check.checks(session):
        report.add(title, rows)
    counts = (await session.execute(text(COUNTS))).one()
    return {
        "ok": report.count == 0,
        "differences": report.count,
        "checks": report.checks,
        "found": [asdict(one) for one in report.found],
        **counts._mapping,
    }


def _run_differences(runs: Sequence[Any]) -> list[tuple[str, int, int]]:
    """A published run without its entry, in another month than it says, or with other sums."""
    out = []
    for run in runs:
        if run.posted != run.total or run.totals != run.total:
            out.append((f"прогон {run.id}", run.total, run.totals if run.totals != run.total else run.posted))
        if run.entry_id is not None and run.entry_period != run.posted_in:
            out.append((f"прогон {run.id}, месяц записи", 0, 1))
    return out


def _opening_values(period: dt.date, runs: Sequence[Any]) -> dict[str, Any]:
    return {
        "period": period,
        "following": Period.of(period).shift(1).first_day,
        "runs": [run.id for run in runs if run.posted_in == period],
    }
