"""A late reading that was held, accepted and posted; put back again, the two corrections sum to zero."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from sqlalchemy import text

from actors.intake import Intake
from actors.local import run_until_idle
from billing.quantity import MICRO
from gateways.bus import Event
from storage import held_readings
from storage.engine import Database
from storage.readings import give_reading
from storage.runs import START
from tests.storage.run_steps import BORIS, EVERYTHING, order
from tests.storage.test_corrections import city, owner, posted, sql, standing

__all__ = ["city", "owner", "sql"]  # fixtures

OPEN, AUGUST = dt.date(2026, 10, 1), dt.date(2026, 8, 1)
TODAY = dt.date(2026, 10, 20)
METER = 1
"""Uses four cubic metres a month: 24 stand in August."""


async def hold_and_accept(database: Database, value: int, event_id: str) -> int:
    """A bank gives a reading of August, it is held, a person accepts it; the draft that this brought."""
    async with database.transaction() as session:
        given = await give_reading(
            session,
            METER,
            (value * MICRO, 0, 0),
            dt.date(2026, 8, 24),
            "payment",
            None,
            event_id,
            TODAY,
            OPEN,
            period=AUGUST,
        )
    assert given.is_held, given.message
    async with database.transaction(EVERYTHING) as session:
        held = int(await session.scalar(text("SELECT max(id) FROM held_readings")) or 0)
        assert await held_readings.decide(session, [held], held_readings.ACCEPTED, "Фото", BORIS) == 1
    async with database.transaction() as session:
        found = await session.execute(
            text("SELECT event_id, payload::text FROM outbox WHERE subject = 'readings.decided'")
        )
        events = [Event(key, held_readings.SUBJECT, json.loads(payload), 1) for key, payload in found]
    await Intake(database).handle(events)
    async with database.reading() as session:
        query = text("SELECT correction_id FROM held_readings WHERE id = :id")
        draft = await session.scalar(query, {"id": held})
    assert draft is not None, "nobody types a correction: it is there"
    return int(draft)


async def test_a_reading_there_and_back_sums_to_zero(owner: Database, sql: Any) -> None:
    before = await standing(sql)
    async with owner.transaction() as session:
        # a rule nobody can read holds every reading
        await session.execute(
            text(
                "INSERT INTO settings (key, value, valid_from) VALUES ('vee_swapped', 'строго', '2020-01-01')"
            )
        )

    there = await hold_and_accept(owner, 26, "there:1")
    await order(owner, START, there)
    await run_until_idle(owner.url)
    await posted(owner, there)
    changed = await standing(sql)
    back = await hold_and_accept(owner, 24, "back:1")
    await order(owner, START, back)
    await run_until_idle(owner.url)
    await posted(owner, back)

    assert changed != before
    assert await standing(sql) == before
    assert (
        await sql.fetchval(
            "SELECT sum(amount_kopecks + surcharge_kopecks) FROM lines WHERE run_id = ANY ($1)", [there, back]
        )
        == 0
    )
