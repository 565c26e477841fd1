"""An event or a verification recorded later brings the readings after it up to date."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import text

from billing.period import Period
from storage import meter_events, readings
from storage.engine import Database
from storage.meter_events import NewEvent
from storage.meters import derived, load
from tests.storage import town

MICRO = 1_000_000
MONTHS = ("2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10")


@pytest.fixture
async def read(db: Database) -> Database:
    """A water meter with six readings in a row."""
    await town.build(db)
    for number, month in enumerate(MONTHS, 1):
        period = Period.parse(month)
        async with db.transaction() as session:
            await readings.give_reading(
                session,
                1,
                ((100 + 5 * number) * MICRO, 0, 0),
                period.first_day.replace(day=20),
                "company",
                None,
                None,
                dt.date(2026, 10, 22),
                town.OPEN,
                period=period.first_day,
                confirmed=True,
            )
    return db


async def windows(db: Database) -> dict[str, tuple[int, int]]:
    """What is stored, having checked that it is what would be derived."""
    async with db.transaction() as session:
        known = await load(session, 1, Period.parse("2026-10"))
    assert [derived(known, row) for row in known.rows] == list(known.rows)
    return {str(Period(row.month)): (row.window[0] // MICRO, row.window_months) for row in known.rows}


async def test_a_fault_recorded_later_leaves_the_averages_after_it(read: Database) -> None:
    before = await windows(read)

    async with read.transaction() as session:
        fault = NewEvent(1, "fault", dt.date(2026, 8, 3), dt.date(2026, 8, 20), "Акт № 4")
        assert await meter_events.record(session, fault)
        assert not await meter_events.record(session, fault)

    after = await windows(read)
    assert after["2026-07"] == before["2026-07"]
    assert after["2026-10"] != before["2026-10"]
    async with read.reading() as session:
        assert await session.scalar(text("SELECT has_events FROM meters WHERE id = 1")) is True
        assert await session.scalar(text("SELECT count(*) FROM meter_events")) == 1


async def test_an_end_of_verification_known_later_leaves_the_averages_after_it(read: Database) -> None:
    before = await windows(read)

    async with read.transaction() as session:
        assert await meter_events.verify(session, 1, dt.date(2026, 8, 31))
        assert not await meter_events.verify(session, 1, dt.date(2026, 8, 31))
    expired = await windows(read)
    async with read.transaction() as session:
        assert await meter_events.verify(session, 1, dt.date(2032, 8, 31))

    assert expired["2026-08"] == before["2026-08"]
    assert expired["2026-10"] != before["2026-10"]
    assert await windows(read) == before
