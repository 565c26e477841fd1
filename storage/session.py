"""The session as pages and messages see it: a name to annotate with, so that SQLAlchemy stays in storage."""

from __future__ import annotations

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession as Session


async def raw_connection(session: Session) -> asyncpg.Connection[asyncpg.Record]:
    """The bare connection under a session, inside the session's transaction: for COPY."""
    connection = await session.connection()
    await connection.execute(text("SELECT 1"))  # begins the transaction if nothing has yet
    driver: asyncpg.Connection[asyncpg.Record] | None = (
        await connection.get_raw_connection()
    ).driver_connection
    assert driver is not None
    return driver


__all__ = ["Session", "raw_connection"]
