"""The demo city's bank: a day's statement that pays every exported order and brings what agents owe.

Never for a real centre: it asks nobody and makes the incomes up.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

from gateways.bank1c.fake import Income, statement
from storage.demo_bank import DemoAgent, demo_day

DOCUMENT_END = "КонецДокумента".encode("cp1251")


async def write_statement(database_url: str, day: dt.date, path: Path) -> dict[str, int]:
    """Write the file; how many incomes and orders are in it. Raises storage.demo_bank.NotDemo."""
    found = await demo_day(database_url, day)
    incomes = [one for one in (_income(agent, day) for agent in found.agents) if one.amount_kopecks > 0]
    orders = b"\r\n".join(one for one in found.orders if not one.startswith(b"<?xml"))
    content = statement(found.account, day, orders or None, incomes, found.cash_kopecks)
    await asyncio.to_thread(path.write_bytes, content)
    return {"incomes": len(incomes), "orders": orders.count(DOCUMENT_END)}


def _income(agent: DemoAgent, day: dt.date) -> Income:
    amount = sum(one.expected_kopecks for one in agent.days)
    since = agent.days[0].day if agent.days else day
    words = f"Платежи населения за {since:%d.%m.%Y}-{day:%d.%m.%Y}"
    return Income(f"{day:%y%m%d}{agent.id}", amount, agent.name, agent.inn, agent.account, words)
