"""The ledger kept: entries are posted once, never edited; balances are the month's opening and what came
after.

Balance of an account = opening_balances of the open month + run_accounts of the runs posted in it +
postings on RESIDENTS in it. Closing a month writes the next openings (storage.months); `check` proves them
(storage.ledger_check).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from billing import ledger as books
from billing.ledger import Book, Entry, LedgerError, Posting
from billing.period import Period

MONTH_NOT_OPEN = "PL002"  # error class of the trigger on entries


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry in the book; is_repeat when it was there before."""

    entry_id: int
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account owes now (debt positive) and of what it is made, in kopecks."""

    account_id: int
    period: dt.date | None
    opening_kopecks: int
    charged_kopecks: int
    posted_kopecks: int

    @property
    def amount_kopecks(self) -> int:
        return self.opening_kopecks + self.charged_kopecks + self.posted_kopecks


class EntryKeyReused(ValueError):
    """The same key came with another entry: an alarm, nothing is overwritten."""

    code = "entry_key_reused"
    permanent = True

    def __init__(self, key: str) -> None:
        super().__init__(
            f"Проводка «{key}» уже есть с другим содержанием. Ничего не изменено: проверьте исходный "
            f"документ."
        )


class MonthClosed(ValueError):
    """Nothing is posted in a month that is not open."""

    code = "month_closed"
    permanent = True

    def __init__(self, period: dt.date) -> None:
        super().__init__(
            f"Месяц {Period.of(period).title} не открыт. Исправить можно перерасчётом в открытом месяце."
        )


async def post(session: AsyncSession, entry: Entry, postings: Sequence[Posting]) -> Posted:
    """Write an entry with its postings; the same key with the same content gives the entry that is there.

    For workers. Raises LedgerError, EntryKeyReused, MonthClosed (the transaction is then to be rolled back).
    """
    books.check(entry, postings)
    input_hash = books.digest(entry, postings)
    try:
        entry_id = await session.scalar(text(INSERT_ENTRY), _entry_values(entry, input_hash))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == MONTH_NOT_OPEN:
            raise MonthClosed(entry.period) from error
        raise
    if entry_id is None:
        return await _earlier(session, entry, input_hash)
    await session.execute(text(INSERT_POSTINGS), _posting_columns(int(entry_id), entry, postings))
    return Posted(int(entry_id), is_repeat=False)


INSERT_ENTRY = """
INSERT INTO entries (kind, period, booked_on, happened_at, run_id, idempotency_key, input_hash, reverses_id,
reason, ground, user_id)
VALUES (:kind, :period, :booked_on, :happened_at, :run_id, :key, :input_hash, :reverses_id, :reason,
:ground, :user_id) ON CONFLICT (idempotency_key) DO NOTHING RETURNING id"""

INSERT_POSTINGS = """
INSERT INTO postings (entry_id, ordinal, book, period, account_id, company_id, organisation_id, service,
of_period, amount_kopecks)
SELECT :entry_id, ordinal - 1, book, :period, account_id, company_id, organisation_id, service, of_period,
amount FROM unnest(CAST(:books AS int[]), CAST(:accounts AS int[]), CAST(:companies AS int[]),
  CAST(:organisations AS int[]),
              CAST(:services AS int[]), CAST(:of_periods AS date[]), CAST(:amounts AS bigint[])) WITH
              ORDINALITY
    AS p(book, account_id, company_id, organisation_id, service, of_period, amount, ordinal)"""


def _entry_values(entry: Entry, input_hash: str) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "period": entry.period,
        "booked_on": entry.booked_on,
        "happened_at": entry.happened_at,
        "run_id": entry.run_id,
        "key": entry.idempotency_key,
        "input_hash": input_hash,
        "reverses_id": entry.reverses_id,
        "reason": entry.reason,
        "ground": entry.ground,
        "user_id": entry.user_id,
    }


def _posting_columns(entry_id: int, entry: Entry, postings: Sequence[Posting]) -> dict[str, Any]:
    return {
        "entry_id": entry_id,
        "period": entry.period,
        "books": [int(posting.book) for posting in postings],
        "accounts": [posting.account_id for posting in postings],
        "companies": [posting.company_id for posting in postings],
        "organisations": [posting.organisation_id for posting in postings],
        "services": [posting.service for posting in postings],
        "of_periods": [posting.of_period for posting in postings],
        "amounts": [posting.amount_kopecks for posting in postings],
    }


async def _earlier(session: AsyncSession, entry: Entry, input_hash: str) -> Posted:
    row = (
        await session.execute(
            text("SELECT id, input_hash FROM entries WHERE idempotency_key = :key"),
            {"key": entry.idempotency_key},
        )
    ).one()
    if row.input_hash != input_hash:
        raise EntryKeyReused(entry.idempotency_key)
    return Posted(row.id, is_repeat=True)


async def read(session: AsyncSession, entry_id: int) -> tuple[Entry, list[Posting]]:
    """An entry as it was posted. Raises LedgerError when there is none."""
    row = (
        await session.execute(text("SELECT * FROM entries WHERE id = :id"), {"id": entry_id})
    ).one_or_none()
    if row is None:
        raise LedgerError(f"no entry {entry_id}")
    entry = Entry(
        kind=row.kind,
        period=row.period,
        booked_on=row.booked_on,
        idempotency_key=row.idempotency_key,
        happened_at=row.happened_at,
        run_id=row.run_id,
        reverses_id=row.reverses_id,
        reason=row.reason,
        ground=row.ground,
        user_id=row.user_id,
    )
    found = await session.execute(
        text("SELECT * FROM postings WHERE entry_id = :id ORDER BY ordinal"), {"id": entry_id}
    )
    postings = [
        Posting(
            book=Book(one.book),
            amount_kopecks=one.amount_kopecks,
            account_id=one.account_id,
            company_id=one.company_id,
            organisation_id=one.organisation_id,
            service=one.service,
            of_period=one.of_period,
        )
        for one in found
    ]
    return entry, postings


async def reverse(
    session: AsyncSession,
    entry_id: int,
    *,
    period: dt.date,
    booked_on: dt.date,
    reason: str,
    user_id: int | None,
) -> Posted:
    """Post the opposite of an entry in the open month; a second reversal of the same entry changes
    nothing.
    """
    entry, postings = await read(session, entry_id)
    known = await session.scalar(text("SELECT id FROM entries WHERE reverses_id = :id"), {"id": entry_id})
    if known is not None:
        return Posted(int(known), is_repeat=True)
    made, opposite = books.reversal(
        entry, entry_id, postings, period, booked_on, reason=reason, user_id=user_id
    )
    return await post(session, made, opposite)


# ---- balances ------------------------------------------------------------------------------------

BALANCES = f"""
WITH opened AS (SELECT period FROM months WHERE state = 'open'),
     wanted AS (SELECT unnest(CAST(:accounts AS int[])) AS account_id)
SELECT w.account_id, (SELECT period FROM opened) AS period,
       coalesce((SELECT o.amount_kopecks FROM opening_balances o
                  WHERE o.account_id = w.account_id AND o.period = (SELECT period FROM opened)), 0) AS
                  opening,
       coalesce((SELECT sum(c.amount_kopecks + c.surcharge_kopecks) FROM run_accounts c
                  WHERE c.account_id = w.account_id AND c.run_id = ANY(CAST(:runs AS int[]))), 0)::bigint AS
                  charged,
       coalesce((SELECT sum(p.amount_kopecks) FROM postings p
                  WHERE p.account_id = w.account_id AND p.period = (SELECT period FROM opened)
                    AND p.book = {int(Book.RESIDENTS)}), 0)::bigint AS posted
  FROM wanted w"""  # noqa: S608 - a number of ours

POSTED_RUNS = """
SELECT id FROM runs WHERE state = 'published' AND posted_in = (SELECT period FROM months WHERE state =
'open')"""


async def balances(session: AsyncSession, account_ids: Sequence[int]) -> dict[int, Balance]:
    """Balances of accounts now. Two queries: the runs of the month are given by number, so that partitions
    are
    pruned."""
    if not account_ids:
        return {}
    runs = list((await session.execute(text(POSTED_RUNS))).scalars())
    found = await session.execute(text(BALANCES), {"accounts": list(account_ids), "runs": runs})
    return {
        row.account_id: Balance(row.account_id, row.period, row.opening, row.charged, row.posted)
        for row in found
    }


async def balance(session: AsyncSession, account_id: int) -> Balance:
    """Balance of one account now."""
    return (await balances(session, [account_id]))[account_id]


async def check(database_url: str, progress: Callable[[int, int, str], None] | None = None) -> dict[str, Any]:
    """Prove the books again from their rows: {"ok", "differences", "checks": sentences, "found": [...],
    counts}.
    """
    from storage.ledger_check import check_ledger

    return await check_ledger(database_url, progress)
