"""Parts killed in the middle of a run over a stack of the test's own: same digest, nothing doubled, nothing
lost.
"""

from __future__ import annotations

import asyncio
import os

import pytest

from actors.local import run_until_idle
from storage import runs
from storage.engine import Database
from tests.actors.harmed import finished, in_the_middle, kill, serving, stack
from tests.actors.runs import PERIOD, assert_consistent, blocks_done, planned, run_row
from tests.storage import small_city
from tests.support.services import Services

__all__ = ["stack"]

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
async def url(stack: Services) -> str:
    database = await asyncio.to_thread(stack.make_database, "chaos")
    await small_city.build(database.url, houses=24, flats=10)
    return database.url


async def expected_digest(url: str) -> str:
    run_id = await planned(url, 10_000)
    await run_until_idle(url)
    digest: str = (await run_row(url, run_id))["digest"]
    return digest


async def test_postgres_killed_in_the_middle_of_a_run(stack: Services, url: str) -> None:
    digest = await expected_digest(url)
    run_id = await planned(url, 10)

    async with serving(stack, url):
        await in_the_middle(url, run_id)
        await asyncio.to_thread(kill, stack.postgres)
        await finished(url, run_id)

    assert (await run_row(url, run_id))["digest"] == digest
    await assert_consistent(url, run_id)


@pytest.mark.parametrize("when", ["before", "during"])
async def test_nats_killed_around_a_command(stack: Services, url: str, when: str) -> None:
    digest = await expected_digest(url)
    database = Database(url)

    async def ask() -> int:
        async with database.transaction() as session:
            return await runs.request_run(session, PERIOD, "city", None, 1)

    async with serving(stack, url):
        await asyncio.sleep(0.5)
        if when == "before":
            await asyncio.to_thread(kill, stack.nats)
            run_id = await ask()
        else:
            run_id, _ = await asyncio.gather(ask(), asyncio.to_thread(kill, stack.nats))
        await finished(url, run_id)
    await database.close()

    assert (await run_row(url, run_id))["digest"] == digest
    await assert_consistent(url, run_id)


async def test_the_whole_process_cut_off_and_begun_again(stack: Services, url: str) -> None:
    digest = await expected_digest(url)
    run_id = await planned(url, 10)

    for _ in range(3):
        done = await blocks_done(url, run_id)
        async with serving(stack, url):
            async with asyncio.timeout(60):
                while await blocks_done(url, run_id) < min(done + 3, 20):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
    async with serving(stack, url):
        await finished(url, run_id)

    assert (await run_row(url, run_id))["digest"] == digest
    await assert_consistent(url, run_id)


async def test_postgres_killed_again_and_again(stack: Services, url: str) -> None:
    digest = await expected_digest(url)
    rounds = int(os.environ.get("PAYLOGIC_CHAOS_ROUNDS", "2"))
    run_id = await planned(url, 10)
    async with serving(stack, url):
        for _ in range(rounds):
            await asyncio.sleep(1.5)
            await asyncio.to_thread(kill, stack.postgres)
        await finished(url, run_id)

    assert (await run_row(url, run_id))["digest"] == digest
    await assert_consistent(url, run_id)
