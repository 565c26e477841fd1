"""The demo city's agent: a register of its newest day with one of each difference, loaded for comparison.

Never for a real centre: it spoils what it tells.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

from gateways.registers import preset
from gateways.registers.fake import LEAST, Taken, spoiled
from storage import demo_agents
from storage.demo_agents import PROFILE, DemoPayment


async def write_register(database_url: str, day: dt.date | None, path: Path) -> dict[str, int]:
    """Write the file; how many payments are in the day, 0 when too few to differ in."""
    found = await demo_agents.payments(database_url, day)
    if len(found) >= LEAST:
        await asyncio.to_thread(path.write_bytes, spoiled(_taken(found)))
    return {"payments": len(found) if len(found) >= LEAST else 0}


async def show(database_url: str) -> None:
    """A reconciliation to look at, once."""
    found = await demo_agents.payments(database_url)
    if len(found) < LEAST:
        return
    profile = preset(PROFILE)
    await demo_agents.load(
        database_url,
        profile.title,
        profile.model_dump(mode="json"),
        spoiled(_taken(found)),
        found[0].day,
    )


def _taken(found: list[DemoPayment]) -> list[Taken]:
    return [Taken(one.number, one.account, one.amount_kopecks, one.day, one.payer) for one in found]
