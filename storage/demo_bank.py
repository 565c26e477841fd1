"""What the demo city's bank needs for a statement: whose money is on its way, and the orders it was given."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.ledger import Book
from storage.arrivals import OpenDay, open_days
from storage.engine import Database
from storage.seed import reference


class NotDemo(ValueError):
    """There is no demo city here."""

    code = "not_demo"
    permanent = True


@dataclass(frozen=True, slots=True)
class DemoAgent:
    """An agent and its days on the way."""

    id: int
    name: str
    inn: str
    account: str
    days: list[OpenDay]


@dataclass(frozen=True, slots=True)
class DemoDay:
    """Our account, what stands on it, agents that will pay, files of orders not paid yet."""

    account: str
    cash_kopecks: int
    agents: list[DemoAgent]
    orders: list[bytes]


async def demo_day(database_url: str, day: dt.date) -> DemoDay:
    """Everything through a day. Raises NotDemo in any other city."""
    database = Database(database_url, pool_max=1)
    try:
        async with database.reading() as session:
            slug = await session.scalar(
                text("SELECT slug FROM organisations WHERE id = :id"), {"id": reference.DISPATCH}
            )
            if slug != "dispatch":
                raise NotDemo("Это не демонстрационный город: выписку даёт настоящий банк.")
            account = await session.scalar(
                text("SELECT bank_account FROM organisations WHERE id = :id"), {"id": reference.CENTRE}
            )
            found = await session.execute(
                text("SELECT id, name, inn, bank_account FROM organisations WHERE kind = 'agent' ORDER BY id")
            )
            agents = [
                DemoAgent(row.id, row.name, row.inn, row.bank_account, await open_days(session, row.id, day))
                for row in found.all()
            ]
            files = await session.execute(
                text("SELECT file FROM payout_runs WHERE state = 'exported' ORDER BY id")
            )
            cash = await session.scalar(
                text("SELECT coalesce(sum(amount_kopecks), 0)::bigint FROM postings WHERE book = :cash"),
                {"cash": int(Book.CASH)},
            )
            return DemoDay(
                str(account), int(cash or 0), agents, [bytes(one) for one in files.scalars().all()]
            )
    finally:
        await database.close()
