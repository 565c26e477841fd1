"""What the demo city's agent needs for a register of its day: its newest payments, a profile, who loads."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage import agent_days
from storage.demo import STAFF, ensure_users
from storage.demo_bank import NotDemo
from storage.engine import Database
from storage.seed import reference

CLERK = next(one.login for one in STAFF if one.role == "centre")
PROFILE = "csv"
ROWS_MAX = 400


@dataclass(frozen=True, slots=True)
class DemoPayment:
    """A payment of the agent."""

    number: str
    account: str
    amount_kopecks: int
    day: dt.date
    payer: str


async def payments(database_url: str, day: dt.date | None = None) -> list[DemoPayment]:
    """Payments of the demo bank on a day, the newest one without it. Raises NotDemo in any other city."""
    database = Database(database_url, pool_max=1)
    try:
        async with database.reading() as session:
            slug = await session.scalar(
                text("SELECT slug FROM organisations WHERE id = :id"), {"id": reference.DISPATCH}
            )
            if slug != "dispatch":
                raise NotDemo("Это не демонстрационный город: реестр даёт настоящий агент.")
            found = await session.execute(
                text("""
                SELECT p.number, p.account_number AS account, p.amount_kopecks, p.paid_on AS day,
                       coalesce(p.payer, '') AS payer
                  FROM payments p
                 WHERE p.agent_id = :agent AND p.state NOT IN ('reversed', 'returned')
                   AND p.paid_on = coalesce(CAST(:day AS date), (
                     SELECT max(paid_on) FROM payments WHERE agent_id = :agent AND entry_id IS NOT NULL
                       AND source = 'online'))
                 ORDER BY p.id LIMIT :limit"""),
                {"agent": reference.BANK, "day": day, "limit": ROWS_MAX},
            )
            return [DemoPayment(**row._mapping) for row in found]
    finally:
        await database.close()


async def load(database_url: str, title: str, profile: dict[str, Any], content: bytes, day: dt.date) -> None:
    """Load the register as the centre's clerk would, when nobody has loaded any."""
    database = Database(database_url, pool_max=1)
    try:
        async with database.transaction() as session:
            if not await ensure_users(session) or await session.scalar(
                text("SELECT EXISTS (SELECT 1 FROM agent_days)")
            ):
                return
            profile_id = await session.scalar(
                text("""
                INSERT INTO register_profiles (code, title, profile)
                VALUES (:code, :title, CAST(:profile AS jsonb))
                ON CONFLICT (code) DO UPDATE SET code = excluded.code RETURNING id"""),
                {"code": PROFILE, "title": title, "profile": json.dumps(profile, ensure_ascii=False)},
            )
            user_id = await session.scalar(
                text("SELECT id FROM users WHERE login = :login"), {"login": CLERK}
            )
            await agent_days.upload(
                session, agent_id=reference.BANK, profile_id=int(profile_id or 0),
                file_name=f"bank-{day:%Y-%m-%d}.csv", content=content, user_id=int(user_id or 0),
            )  # fmt: skip
    finally:
        await database.close()
