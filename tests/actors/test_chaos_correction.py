"""A correction of a city over 36 months, disturbed: the same difference, drafted once, and none again."""

from __future__ import annotations

import asyncio
import datetime as dt

import asyncpg
import pytest

from actors.local import run_until_idle
from billing.period import Period
from storage import corrections, runs
from storage.correction_plan import plan
from storage.corrections import Ground
from storage.engine import Database
from storage.runs import PUBLISH, START, UNDO
from storage.session import raw_connection
from tests.actors.harmed import finished, in_the_middle, kill, serving, stack
from tests.actors.runs import blocks_done, run_row
from tests.storage import small_city
from tests.storage.run_steps import ANNA, BORIS, EVERYTHING, order, signed
from tests.support.services import Services

__all__ = ["stack"]

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(600)]

MONTHS, FLATS = 36, 4
OPENED = Period.parse("2026-10")
FIRST = OPENED.shift(-MONTHS)
GROUND = Ground("court", "Решение суда по делу № 2-100/2026", dt.date(2026, 10, 5))
ANNUL = """
WITH old AS (UPDATE tariffs SET superseded_at = clock_timestamp()
              WHERE service = 1 AND superseded_at IS NULL RETURNING organisation_id, service, component)
INSERT INTO tariffs (organisation_id, service, component, rate, document, valid_from)
SELECT organisation_id, service, component, 391500, 'Решение суда', '2020-01-01' FROM old"""
OPEN_MONTHS = """
INSERT INTO months (period, state)
SELECT m::date, 'closed' FROM generate_series($1::text::date, '2026-08-01', interval '1 month') m"""
BY_MONTH = """
SELECT l.months_back, count(*), sum(l.amount_kopecks)::bigint FROM lines l WHERE l.run_id = $1
 GROUP BY 1 ORDER BY 1"""


@pytest.fixture
async def url(stack: Services) -> str:
    """Three years are published and closed; then a court annuls the tariff of water since their first day."""
    database = await asyncio.to_thread(stack.make_database, "past")
    await small_city.build(database.url, houses=12, flats=FLATS)
    connection = await asyncpg.connect(database.url)
    await connection.execute("UPDATE meters SET removed_on = '2020-02-01'")  # by the norm alone: no sum jumps
    await connection.execute(OPEN_MONTHS, FIRST.first_day.isoformat())
    owner = Database(database.url)
    for back in range(MONTHS, 0, -1):
        async with owner.transaction(EVERYTHING) as session:
            run_id = await runs.request_run(session, OPENED.shift(-back), "city", None, ANNA)
        await order(owner, START, run_id)
        await run_until_idle(owner.url)
        await signed(owner, run_id)
        await order(owner, PUBLISH, run_id)
    await owner.close()
    await connection.execute(ANNUL)
    await connection.close()
    return database.url


async def planned(url: str) -> int:
    """A correction of the city over all its months in blocks of a house."""
    owner = Database(url)
    async with owner.transaction(EVERYTHING) as session:
        run_id = await corrections.request_correction(session, "city", None, FIRST, None, GROUND, ANNA)
        await plan(await raw_connection(session), run_id, FLATS)
    await owner.close()
    return run_id


async def by_month(url: str, run_id: int) -> list[tuple[int, ...]]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(BY_MONTH, run_id)
    await connection.close()
    return [tuple(row) for row in rows]


async def test_city_of_36_months_is_corrected_the_same_whatever_dies(stack: Services, url: str) -> None:
    quiet = await planned(url)
    owner = Database(url)
    await run_until_idle(url)
    expected, months = (await run_row(url, quiet))["digest"], await by_month(url, quiet)
    await order(owner, UNDO, quiet)

    async with serving(stack, url):
        run_id = await planned(url)
        await in_the_middle(url, run_id, 2)
        await asyncio.to_thread(kill, stack.postgres)
        done = await blocks_done_or_none(url, run_id)
        await asyncio.to_thread(kill, stack.nats)
        await finished(url, run_id)

    assert done is not None
    assert [row[0] for row in months] == list(range(1, MONTHS + 1))
    assert (await run_row(url, run_id))["digest"] == expected
    assert await by_month(url, run_id) == months
    await publish(owner, run_id)
    again = await planned(url)
    await run_until_idle(url)
    assert (await run_row(url, again))["lines_count"] == 0
    await owner.close()


async def blocks_done_or_none(url: str, run_id: int) -> int | None:
    """The database has just begun anew."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await blocks_done(url, run_id)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.2)


async def publish(owner: Database, run_id: int) -> None:
    async with owner.transaction(EVERYTHING) as session:
        handed = await corrections.hand_over(session, run_id, ANNA)
    if not handed.is_alone:
        async with owner.transaction(EVERYTHING) as session:
            await runs.approve_publication(session, run_id, BORIS)
    await order(owner, PUBLISH, run_id)
