"""Runs on Ray workers: the same digest as without Ray, also when workers are killed in the middle of a
block.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import ray

from actors.local import run_until_idle
from actors.pool import AccruerOf, RayCrew
from actors.supervisor import Supervisor
from storage.run_store import run_store
from storage.work import BlockStore
from tests.actors.runs import assert_consistent, blocks_done, planned, run_row
from tests.actors.slow import SlowAccruerOf
from tests.storage import small_city
from tests.support.services import TestDatabase

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(240)]

WORKERS = 2


@pytest.fixture
async def url(fresh_database: TestDatabase, ray_cluster: None) -> str:
    await small_city.build(fresh_database.url, houses=20, flats=10)
    return fresh_database.url


@asynccontextmanager
async def crew_of(url: str, pause_s: float) -> AsyncIterator[RayCrew]:
    build = SlowAccruerOf(url, pause_s) if pause_s else AccruerOf(url)
    crew = RayCrew(url, build, WORKERS)
    async with asyncio.timeout(60):
        while len(await crew.refresh()) < WORKERS:  # noqa: ASYNC110 - workers answer in their own time
            await asyncio.sleep(0.2)
    yield crew
    crew.close()


async def supervise(url: str, crew: RayCrew, run_id: int) -> None:
    blocks = BlockStore(url, 1)
    async with run_store(url) as store:
        supervisor = Supervisor(store, blocks, crew)
        async with asyncio.timeout(120):
            while await supervisor.step():
                await supervisor.rest()
    await blocks.close()


async def expected_digest(url: str) -> str:
    run_id = await planned(url, 10_000)
    await run_until_idle(url)
    digest: str = (await run_row(url, run_id))["digest"]
    return digest


async def test_two_workers_give_the_digest_of_one_process(url: str) -> None:
    digest = await expected_digest(url)
    run_id = await planned(url, 10)

    async with crew_of(url, 0) as crew:
        await supervise(url, crew, run_id)

    assert (await run_row(url, run_id))["digest"] == digest
    await assert_consistent(url, run_id)


async def test_workers_killed_in_the_middle_of_blocks_lose_and_double_nothing(url: str) -> None:
    digest = await expected_digest(url)
    run_id = await planned(url, 10)

    async with crew_of(url, 0.2) as crew:
        work = asyncio.create_task(supervise(url, crew, run_id))
        for victim in ("w1", "w2", "w1"):
            await asyncio.sleep(0.7)
            ray.kill(crew._workers[victim], no_restart=False)
        await work

    assert (await run_row(url, run_id))["digest"] == digest
    await assert_consistent(url, run_id)


async def test_a_supervisor_that_died_is_followed_by_one_that_knows_only_the_database(url: str) -> None:
    digest = await expected_digest(url)
    run_id = await planned(url, 10)

    async with crew_of(url, 0.2) as crew:
        first = asyncio.create_task(supervise(url, crew, run_id))
        async with asyncio.timeout(60):
            while await blocks_done(url, run_id) < 4:  # noqa: ASYNC110 - rows have no event to wait for
                await asyncio.sleep(0.05)
        first.cancel()
        assert await blocks_done(url, run_id) < 20
        await supervise(url, crew, run_id)

    assert (await run_row(url, run_id))["digest"] == digest
    await assert_consistent(url, run_id)


async def test_a_worker_lost_for_good_is_forgotten_and_its_blocks_go_to_the_other(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.pool.LOOK_S", 0.3)
    run_id = await planned(url, 10)

    async with crew_of(url, 0.1) as crew:
        work = asyncio.create_task(supervise(url, crew, run_id))
        await asyncio.sleep(0.5)
        ray.kill(crew._workers["w1"], no_restart=True)
        await work

    await assert_consistent(url, run_id)


async def test_a_machine_joins_and_one_leaves_in_the_middle_of_a_run(fresh_database: TestDatabase) -> None:
    url = fresh_database.url
    await small_city.build(url, houses=30, flats=10)
    digest = await expected_digest(url)
    run_id = await planned(url, 10)

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.actors.nodes", url, str(run_id)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"RAY_USAGE_STATS_ENABLED": "0"},
    )
    said, _ = await process.communicate()

    assert process.returncode == 0, said.decode()[-3000:]
    assert "workers 2" in said.decode()
    run = await run_row(url, run_id)
    assert (run["parked_count"], run["digest"]) == (0, digest), said.decode()[-3000:]
    await assert_consistent(url, run_id)


async def test_workers_that_were_idle_for_long_are_still_there(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.pool.PING_S_MAX", 0.5)
    monkeypatch.setattr("actors.pool.LOOK_S", 0.1)

    async with crew_of(url, 0) as crew:
        before = dict(crew._workers)
        await asyncio.sleep(2.0)
        assert len(await crew.refresh()) == WORKERS
        assert crew._workers == before
