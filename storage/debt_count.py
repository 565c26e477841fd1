"""Counts debtors: unpaid charges of accounts by age and group, block after block, for pages and the process.

A cache of the ledger. A full count a day (ages move); between, accounts something was posted to. For workers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from billing.ledger import Book
from billing.overdue import AGES_COUNT, NOT_DUE, RESTRICTABLE, age_of
from billing.period import Period
from billing.services import CATALOGUE
from storage.collection import count_collections
from storage.debt_plans import parted
from storage.debts import NO_PERIOD, AccountDebts, open_debts
from storage.engine import Database
from storage.payment_policy import policies
from storage.penalty_law import PenaltyLaw, penalty_law
from storage.session import Session

I64 = npt.NDArray[np.int64]

COUNT_LOCK = 7_120_390  # one count at a time, whichever process asks
BLOCK_ACCOUNTS = 20_000
CHANGED_MAX = 20_000
"""More accounts changed than that: everything is counted, for it costs no more."""
LATE_ENTRIES = 1_000
"""Entries looked at again with every count: a transaction may commit a number below one already seen. A run
seen late waits for the night: what it charges is not overdue yet."""
KEPT_DAYS = 7
"""Notes of counts older than that say nothing to anybody."""
GROUPS = ("housing", "utility", "common", "capital", "other")
NAMED = {service: service.name.lower() for service in RESTRICTABLE}
COLUMNS = (
    "overdue", "coming", "penalty", *(f"age{age}" for age in range(AGES_COUNT)), *GROUPS, *NAMED.values()
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Last:
    """The latest count."""

    day: dt.date
    entries_until: int


async def count_debtors(database: Database, day: dt.date) -> int | None:
    """Count what needs it: everything once a day, else what changed. Accounts looked at; None: nothing to do.

    Each block is a transaction of its own; killed in the middle it begins again and changes nothing twice.
    """
    async with database.transaction() as session:
        last = await _last(session)
        until = int(await session.scalar(text("SELECT coalesce(max(id), 0) FROM entries")) or 0)
        if last is not None and last.day == day and last.entries_until == until:
            return None
        changed = None if last is None or last.day != day else await _changed(session, last, until)
        law = await penalty_law(session)
    looked = 0
    if changed is None:
        low = 0
        while True:
            async with database.transaction() as session:
                await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": COUNT_LOCK})
                rows = await _accounts(session, low)
                if not rows:
                    break
                await count_block(session, rows, day, law)
            looked, low = looked + len(rows), rows[-1].id
        async with database.transaction() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": COUNT_LOCK})
            await count_collections(session)
    elif changed:
        async with database.transaction() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": COUNT_LOCK})
            rows = await _named(session, changed)
            await count_block(session, rows, day, law)
            looked = len(rows)
    await _note(database, day, changed is None, until, looked)
    return looked


async def _note(database: Database, day: dt.date, is_full: bool, until: int, looked: int) -> None:
    async with database.transaction() as session:
        await session.execute(
            text("DELETE FROM debt_counts WHERE recorded_at < now() - make_interval(days => :days)"),
            {"days": KEPT_DAYS},
        )
        await session.execute(
            text(
                "INSERT INTO debt_counts (day, is_full, entries_until, accounts_count) "
                "VALUES (:day, :full, :until, :count)"
            ),
            {"day": day, "full": is_full, "until": until, "count": looked},
        )


async def _last(session: Session) -> _Last | None:
    row = (
        await session.execute(text("SELECT day, entries_until FROM debt_counts ORDER BY id DESC LIMIT 1"))
    ).one_or_none()
    return None if row is None else _Last(row.day, row.entries_until)


async def _changed(session: Session, last: _Last, until: int) -> list[int] | None:
    """Accounts something was posted to after the last count; None when they are too many to name."""
    found = await session.execute(
        text("""
        SELECT DISTINCT account_id FROM (
          SELECT p.account_id FROM postings p
           WHERE p.entry_id > :late AND p.entry_id <= :until AND p.account_id IS NOT NULL
          UNION ALL
          SELECT c.account_id FROM entries e JOIN run_accounts c ON c.run_id = e.run_id
           WHERE e.id > :since AND e.id <= :until) s LIMIT :limit"""),
        {
            "since": last.entries_until,
            "late": last.entries_until - LATE_ENTRIES,
            "until": until,
            "limit": CHANGED_MAX + 1,
        },
    )
    ids = list(found.scalars())
    return None if len(ids) > CHANGED_MAX else ids


async def _accounts(session: Session, low: int) -> list[Any]:
    found = await session.execute(
        text("SELECT id, company_id, house_id FROM accounts WHERE id > :low ORDER BY id LIMIT :limit"),
        {"low": low, "limit": BLOCK_ACCOUNTS},
    )
    return list(found.all())


async def _named(session: Session, ids: Sequence[int]) -> list[Any]:
    found = await session.execute(
        text("SELECT id, company_id, house_id FROM accounts WHERE id = ANY (:ids) ORDER BY id"),
        {"ids": list(ids)},
    )
    return list(found.all())


OWING = f"""
WITH opened AS (SELECT period FROM months WHERE state = 'open'),
asked AS (SELECT unnest(CAST(:ids AS int[])) AS id)
SELECT a.id FROM asked a
  LEFT JOIN opening_balances b ON b.account_id = a.id AND b.period = (SELECT period FROM opened)
  LEFT JOIN (SELECT account_id, sum(amount_kopecks + surcharge_kopecks) AS kopecks FROM run_accounts
              WHERE run_id = ANY (ARRAY(SELECT r.id FROM runs r, opened o
                                         WHERE r.state = 'published' AND r.posted_in = o.period))
                AND account_id = ANY (:ids) GROUP BY 1) c ON c.account_id = a.id
  LEFT JOIN (SELECT account_id, sum(amount_kopecks) AS kopecks FROM postings
              WHERE account_id = ANY (:ids) AND book = {int(Book.RESIDENTS)}
                AND period = (SELECT period FROM opened) GROUP BY 1) p ON p.account_id = a.id
 WHERE coalesce(b.amount_kopecks, 0) + coalesce(c.kopecks, 0) + coalesce(p.kopecks, 0) > 0"""  # noqa: S608


async def count_block(session: Session, rows: Sequence[Any], day: dt.date, law: PenaltyLaw) -> None:
    """Count these accounts (id, company_id, house_id) and write what is left of them."""
    if not rows:
        return
    all_ids = [row.id for row in rows]
    owing = set((await session.execute(text(OWING), {"ids": all_ids})).scalars())
    mine = [row for row in rows if row.id in owing]
    sums: dict[str, I64] = {name: np.zeros(len(mine), np.int64) for name in COLUMNS}
    months = np.zeros(len(mine), np.int64)
    oldest: list[dt.date | None] = [None] * len(mine)
    if mine:
        companies = [row.company_id for row in mine]
        by_company = await policies(session, sorted(set(companies)), day)
        ids = [row.id for row in mine]
        whole = await open_debts(session, ids, companies, by_company)
        cut = await parted(session, ids, [day] * len(ids), whole)
        debts, first = cut.debts, await _first_month(session)
        ages = np.where(cut.later, NOT_DUE, _ages(debts, companies, day, law, first))
        _sum_up(debts, ages, sums)
        months, oldest = _months(debts, ages, len(mine), first)
    await _write(session, all_ids, mine, day, sums, months, oldest)


async def _first_month(session: Session) -> Period:
    """The month before the first one kept here: what was brought from another system is not younger."""
    first = await session.scalar(text("SELECT min(period) FROM months"))
    assert first is not None, "debts are of accounts with months"
    return Period.of(first).shift(-1)


def _ages(debts: AccountDebts, companies: Sequence[int], day: dt.date, law: PenaltyLaw, first: Period) -> I64:
    """Age of each debt; a due day is found once for a company and month."""
    company = np.array(companies, np.int64)[debts.account]
    keys, place = np.unique(np.stack([company, debts.period]), axis=1, return_inverse=True)
    age = [
        age_of(law.of(int(owner)).terms.due(first if month == NO_PERIOD else Period(int(month))), day)
        for owner, month in keys.T
    ]
    return np.array(age, np.int64)[place.reshape(-1)] if age else np.zeros(0, np.int64)


def _sum_up(debts: AccountDebts, ages: I64, sums: dict[str, I64]) -> None:
    plain = ~debts.penalty
    late = plain & (ages != NOT_DUE)

    def add(name: str, rows: npt.NDArray[np.bool_]) -> None:
        np.add.at(sums[name], debts.account[rows], debts.amount[rows])

    add("penalty", debts.penalty)
    add("coming", plain & (ages == NOT_DUE))
    add("overdue", late)
    for age in range(AGES_COUNT):
        add(f"age{age}", late & (ages == age))
    group = _groups(debts.service)
    for at, name in enumerate(GROUPS):
        add(name, late & (group == at))
    for service, name in NAMED.items():
        add(name, late & (debts.service == service))


def _groups(services: I64) -> I64:
    other = len(GROUPS) - 1
    known = {code: GROUPS.index(info.group) for code, info in CATALOGUE.items()}
    codes, place = np.unique(services, return_inverse=True)
    return np.array([known.get(int(code), other) for code in codes], np.int64)[place.reshape(-1)]


def _months(debts: AccountDebts, ages: I64, size: int, first: Period) -> tuple[I64, list[dt.date | None]]:
    """How many months are unpaid past their day, and the oldest of them."""
    late = ~debts.penalty & (ages != NOT_DUE)
    pairs = np.unique(np.stack([debts.account[late], debts.period[late]]), axis=1)
    months = np.zeros(size, np.int64)
    np.add.at(months, pairs[0], 1)
    oldest: list[dt.date | None] = [None] * size
    for account, month in pairs[:, ::-1].T.tolist():  # the smallest month of an account comes last
        oldest[account] = (first if month == NO_PERIOD else Period(month)).first_day
    return months, oldest


async def _write(
    session: Session,
    all_ids: Sequence[int],
    mine: Sequence[Any],
    day: dt.date,
    sums: dict[str, I64],
    months: I64,
    oldest: Sequence[dt.date | None],
) -> None:
    gone = await session.execute(
        text("DELETE FROM debtors WHERE account_id = ANY (:ids) RETURNING account_id, is_agreed"),
        {"ids": list(all_ids)},
    )
    agreed = {row.account_id for row in gone if row.is_agreed}
    keep = np.flatnonzero((sums["overdue"] > 0) | (sums["coming"] > 0)).tolist()
    if not keep:
        return
    names = ", ".join(f"{name}_kopecks" for name in COLUMNS)
    arrays = ", ".join(f"CAST(:{name} AS bigint[])" for name in COLUMNS)
    await session.execute(
        text(f"""
        INSERT INTO debtors (account_id, company_id, house_id, day, months, oldest, is_agreed, {names})
        SELECT n.account_id, n.company_id, n.house_id, :day, n.months, n.oldest, n.is_agreed, {names}
          FROM unnest(CAST(:ids AS int[]), CAST(:companies AS int[]), CAST(:houses AS int[]),
                      CAST(:months AS smallint[]), CAST(:oldest AS date[]),
                      CAST(:agreed AS boolean[]), {arrays})
            AS n(account_id, company_id, house_id, months, oldest, is_agreed, {names})"""),  # noqa: S608
        {
            "day": day,
            "ids": [mine[at].id for at in keep],
            "companies": [mine[at].company_id for at in keep],
            "houses": [mine[at].house_id for at in keep],
            "months": months[keep].tolist(),
            "oldest": [oldest[at] for at in keep],
            "agreed": [mine[at].id in agreed for at in keep],
            **{name: sums[name][keep].tolist() for name in COLUMNS},
        },
    )
