"""An ordinary month of a seeded city, the first of heating, passes the gate as the product comes."""

from __future__ import annotations

from sqlalchemy import text

from actors.local import run_until_idle
from cluster.history import bill_history
from storage.engine import Database
from storage.run_orders import obey
from storage.runs import START, request_run
from storage.seed.city import OPEN_MONTH, seed_city
from tests.support.services import TestDatabase

ACCOUNTS = 900


async def test_the_first_month_of_heating_passes(fresh_database: TestDatabase) -> None:
    await seed_city(fresh_database.url, ACCOUNTS, 11, 2)
    await bill_history(fresh_database.url)
    owner = Database(fresh_database.url, pool_max=2)

    async with owner.transaction() as session:
        run_id = await request_run(session, OPEN_MONTH, "city", None, None)
        await obey(session, START, {"run_id": run_id})
    await run_until_idle(fresh_database.url)

    async with owner.reading() as session:
        held = (
            await session.execute(text("SELECT dimension, key, now_kopecks, before_kopecks FROM run_holds"))
        ).all()
        compared = await session.scalar(text("SELECT count(*) FROM runs WHERE state = 'published'"))
    await owner.close()
    assert compared == 1
    assert held == []
