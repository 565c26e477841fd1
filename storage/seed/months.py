"""Which month the history of a seeded city ends with."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.period import Period


async def last_month(session: AsyncSession) -> Period:
    """The last month with readings: the one that stays open."""
    last = await session.scalar(text("SELECT max(period) FROM readings"))
    assert last is not None, "a seeded city has readings"
    return Period.of(last)
