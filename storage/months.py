"""Months: one is open; closing writes the next openings set-based and is for good.

Whoever posts holds a shared advisory lock until commit (a trigger on entries and runs), closing holds it
alone: so no sum can slip between the openings that are computed and the month that is closed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.ledger import Book
from billing.period import Period
from storage import book_sums

MONTH_LOCK = 7_120_357  # the same number in functions/ledger.sql
LIVE_STATES = ("planned", "accruing", "checked")


class MonthRefused(ValueError):
    """A month that cannot be opened or closed now; the message says what to do first."""

    permanent = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed month: how many accounts carry a balance over, and the sum of debts and advances in
    kopecks.
    """

    period: dt.date
    next_period: dt.date
    accounts_count: int
    debt_kopecks: int
    advance_kopecks: int


async def open_month(session: AsyncSession) -> dt.date | None:
    """First day of the open month."""
    found: dt.date | None = await session.scalar(text("SELECT period FROM months WHERE state = 'open'"))
    return found


async def open_first(session: AsyncSession, period: dt.date) -> None:
    """Open the very first month of a new base. Raises MonthRefused when there are months already."""
    known = await session.scalar(text("SELECT max(period) FROM months"))
    if known is not None:
        raise MonthRefused(
            "months_known",
            f"Месяцы уже ведутся, последний — {Period.of(known).title}. Закройте его, откроется новый.",
        )
    await session.execute(
        text("INSERT INTO months (period, state) VALUES (:period, 'open')"), {"period": period}
    )
    await _partitions(session, period)


async def close_month(session: AsyncSession, period: dt.date, user_id: int | None = None) -> Closed:
    """Close the open month: write openings of the next one, open it. For workers; one transaction.

    Raises MonthRefused when the month is not the open one or has runs that are neither published nor undone.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MONTH_LOCK})
    opened = await open_month(session)
    if opened != period:
        state = "Открытого месяца нет." if opened is None else f"Открыт {Period.of(opened).title}."
        raise MonthRefused(
            "not_open", f"Месяц {Period.of(period).title} не открыт, закрыть его нельзя. {state}"
        )
    await _refuse_live_runs(session, period)
    following = Period.of(period).shift(1).first_day
    await session.execute(
        text(
            "UPDATE months SET state = 'closed', closed_at = clock_timestamp(), closed_by = :user_id "
            "WHERE period = :period"
        ),
        {"period": period, "user_id": user_id},
    )
    await session.execute(
        text("INSERT INTO months (period, state) VALUES (:period, 'open')"), {"period": following}
    )
    row = (await session.execute(text(CARRY_OVER), await _sources(session, period, following))).one()
    await book_sums.keep(session, period)
    await _partitions(session, following)
    return Closed(period, following, row.accounts, row.debt, row.advance)


async def write_openings(session: AsyncSession, period: dt.date) -> int:
    """Openings of the month after `period`, when a load of history writes months already closed; rows
    written.
    """
    following = Period.of(period).shift(1).first_day
    row = (await session.execute(text(CARRY_OVER), await _sources(session, period, following))).one()
    return int(row.accounts)


CARRY_OVER = f"""
WITH carried AS (
  INSERT INTO opening_balances (period, account_id, company_id, amount_kopecks)
  SELECT :following, a.id, a.company_id,
         coalesce(o.amount_kopecks, 0) + coalesce(c.amount, 0) + coalesce(p.amount, 0)
    FROM accounts a
    LEFT JOIN opening_balances o ON o.account_id = a.id AND o.period = :period
    LEFT JOIN (SELECT account_id, sum(amount_kopecks + surcharge_kopecks)::bigint AS amount
                 FROM run_accounts WHERE run_id = ANY(CAST(:runs AS int[])) GROUP BY 1) c ON c.account_id =
                 a.id
    LEFT JOIN (SELECT account_id, sum(amount_kopecks)::bigint AS amount
                 FROM postings WHERE period = :period AND book = {int(Book.RESIDENTS)} AND account_id IS NOT
                 NULL
                GROUP BY 1) p ON p.account_id = a.id
   WHERE a.opened_on < :after AND (a.closed_on IS NULL OR a.closed_on >= :period
         OR o.amount_kopecks <> 0 OR c.amount <> 0 OR p.amount <> 0)
  RETURNING amount_kopecks)
SELECT count(*)::int AS accounts, coalesce(sum(greatest(amount_kopecks, 0)), 0)::bigint AS debt,
       coalesce(sum(least(amount_kopecks, 0)), 0)::bigint AS advance FROM carried"""  # noqa: S608 - a number of ours


async def _sources(session: AsyncSession, period: dt.date, following: dt.date) -> dict[str, object]:
    """Parameters of CARRY_OVER; runs by number, so that only their partitions are read."""
    runs = await session.execute(
        text("SELECT id FROM runs WHERE state = 'published' AND posted_in = :period"), {"period": period}
    )
    after = Period.of(following).shift(1).first_day
    return {"period": period, "following": following, "after": after, "runs": list(runs.scalars())}


async def _refuse_live_runs(session: AsyncSession, period: dt.date) -> None:
    live = list(
        (
            await session.execute(
                text("SELECT id FROM runs WHERE state = ANY(:states) ORDER BY id"),
                {"states": list(LIVE_STATES)},
            )
        ).scalars()
    )
    if live:
        numbers = ", ".join(str(run_id) for run_id in live[:5])
        raise MonthRefused(
            "live_runs",
            f"Нельзя закрыть {Period.of(period).title}: не опубликованы и не отменены прогоны № {numbers}. "
            "Опубликуйте их или отмените.",
        )


async def _partitions(session: AsyncSession, period: dt.date) -> None:
    """Readings of this month and of the next one (given after the window) have where to go."""
    for month in (period, Period.of(period).shift(1).first_day):
        await session.execute(text("SELECT ensure_reading_partition(:month)"), {"month": month})
