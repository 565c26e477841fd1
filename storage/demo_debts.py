"""What the demo city shows of debts: cases on every step for weeks back, and a day of a cash desk."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from sqlalchemy import text

from billing.overdue import Stage
from storage import cash, desk_checks, overdue_batches, overdue_pages
from storage.cash import Till
from storage.debt_count import count_debtors
from storage.demo import STAFF, ensure_users
from storage.engine import Database
from storage.overdue import advance
from storage.overdue_pages import StepFilter
from storage.seed import reference
from storage.session import Session

ZONE = ZoneInfo("Europe/Moscow")
WEEKS_AGO = dt.timedelta(days=45)
"""Enough for a reminder, a warning with its twenty days and a restriction ready to be approved."""
STEPS_MAX = 1_000
TAKEN = (1_500_00, 900_50, 4_200_00, 650_00)
STORNO = "Плательщик назвал чужой счёт"
CASHIER = next(one.login for one in STAFF if one.role == "company")


async def show(database_url: str) -> None:
    """Make both when the city is the demo one and has none of it yet."""
    database = Database(database_url, pool_max=2)
    try:
        async with database.transaction() as session:
            if not await ensure_users(session):
                return
            cashier = int(
                await session.scalar(text("SELECT id FROM users WHERE login = :l"), {"l": CASHIER}) or 0
            )
            is_new = not await session.scalar(text("SELECT EXISTS (SELECT 1 FROM cash_desks)"))
        if is_new:
            await _process(database, cashier)
            async with database.transaction() as session:
                await _shift(session, cashier)
    finally:
        await database.close()


async def _process(database: Database, user_id: int) -> None:
    """Weeks of the process as people would have done it: approved the day it was drafted, sent by letter."""
    today = dt.datetime.now(ZONE).date()
    begun = today - WEEKS_AGO
    await _day(database, begun, Stage.REMINDER, user_id)
    warned = begun + dt.timedelta(days=15)
    await _day(database, warned, Stage.NOTICE, user_id)
    await _day(database, warned + dt.timedelta(days=22), None, user_id)
    await count_debtors(database, today)
    async with database.transaction() as session:
        await advance(session, today)


async def _day(database: Database, day: dt.date, stage: Stage | None, user_id: int) -> None:
    """Count, draft and, when a step is named, approve it and hand it over."""
    await count_debtors(database, day)
    async with database.transaction() as session:
        if stage is Stage.REMINDER:  # what the workers drafted of today while the city was being made
            await session.execute(text("DELETE FROM debt_steps"))
            await session.execute(text("DELETE FROM debt_cases"))
        await advance(session, day)
        wanted = StepFilter("draft", str(stage), reference.FIRST_COMPANY)
        ids = await overdue_pages.step_ids(session, wanted, STEPS_MAX) if stage else []
        if stage is None or not ids:
            return
        batch = await overdue_batches.preview(session, str(stage), ids, user_id)
        await overdue_batches.approve(session, batch, user_id, day)
        await session.execute(
            text("UPDATE debt_batches SET approved_at = :at WHERE id = :id"),
            {"at": dt.datetime.combine(day, dt.time(12), ZONE), "id": batch},
        )
        if stage is Stage.NOTICE:
            sent = ids[: len(ids) - len(ids) // 3]  # some are still with the postman
            await overdue_batches.deliver(session, sent, "letter", day, day, "Почта России", user_id)


async def _shift(session: Session, user_id: int) -> None:
    """A desk and a closed shift with a storno; the intake posts the money like any other, the fiscal service
    makes the checks where the city has one.
    """
    desk_id = await cash.open_desk(session, reference.FIRST_COMPANY, user_id)
    for gate_id, _ in (await desk_checks.services(session))[:1]:
        await desk_checks.change(session, desk_id, desk_checks.SERVICE, gate_id, user_id)
    desk = await cash.desk_of(session, reference.FIRST_COMPANY, user_id)
    assert desk is not None
    await cash.open_shift(session, desk, user_id)
    desk = await cash.desk_of(session, reference.FIRST_COMPANY, user_id)
    assert desk is not None
    found = await session.execute(
        text("""
        SELECT id, number, company_id, false AS is_closed FROM accounts
         WHERE company_id = :company AND closed_on IS NULL ORDER BY id LIMIT :limit"""),
        {"company": reference.FIRST_COMPANY, "limit": len(TAKEN)},
    )
    moment = dt.datetime.now(dt.UTC)
    last = 0
    for at, (row, amount) in enumerate(zip(found.all(), TAKEN, strict=False)):
        given = -(-amount // 500_00) * 500_00
        last = await cash.take(
            session, desk, Till(**row._mapping), amount_kopecks=amount, given_kopecks=given,
            command_id=f"demo-{at}", user_id=user_id, moment=moment, zone=ZONE,
        )  # fmt: skip
    await cash.void(session, last, STORNO, user_id)
    assert desk.shift_id is not None
    await cash.close_shift(session, desk.shift_id, user_id)
