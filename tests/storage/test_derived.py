"""What a seeded city wrote for its readings is what storage derives: one definition of a meter's past."""

import asyncio

import pytest
from sqlalchemy import text

from billing.period import Period
from storage.engine import Database
from storage.meters import derived, load
from storage.months import open_month
from storage.seed.city import seed_city
from tests.support.services import TestDatabase

ACCOUNTS, MONTHS = 120, 8


@pytest.fixture(scope="module")
def city(database: TestDatabase) -> TestDatabase:
    asyncio.run(_seed(database.url))
    return database


async def _seed(url: str) -> None:
    await seed_city(url, ACCOUNTS, 7, MONTHS, lambda *_: None, billed=False)


async def test_seeded_readings_are_derived_as_storage_derives_them(
    city: TestDatabase, owner_db: Database
) -> None:
    async with owner_db.reading() as session:
        opened = await open_month(session)
        assert opened is not None
        meters = list((await session.execute(text("SELECT id FROM meters ORDER BY id"))).scalars())
        rows = 0
        for meter_id in meters:
            known = await load(session, meter_id, Period.of(opened))
            for row in known.rows:
                assert derived(known, row) == row, f"meter {meter_id}"
                rows += 1

    assert rows > len(meters) > ACCOUNTS
