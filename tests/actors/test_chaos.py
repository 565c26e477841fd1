"""Parts killed in the middle of a run over a stack of the test's own: same digest, nothing doubled, nothing
lost.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from actors.local import LocalCrew, run_until_idle
from actors.serve import Service
from cluster.nats import EmbeddedNats
from cluster.postgres import EmbeddedPostgres
from gateways.bus import connect
from storage import runs
from storage.engine import Database
from tests.actors.runs import PERIOD, assert_consistent, blocks_done, planned, run_row
from tests.actors.slow import SlowAccruerOf
from tests.storage import small_city
from tests.support.services import HOME_PREFIX, Services, wait_ready

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(300)]

PAUSE_S = 0.15


@pytest.fixture
def stack() -> Iterator[Services]:
    """PostgreSQL and NATS that this test alone may kill."""
    home = Path(tempfile.mkdtemp(prefix=f"{HOME_PREFIX}chaos-"))
    services = Services(home)
    services.start()
    yield services
    services.stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
async def url(stack: Services) -> str:
    database = await asyncio.to_thread(stack.make_database, "chaos")
    await small_city.build(database.url, houses=24, flats=10)
    return database.url


class SlowCrew(LocalCrew):
    """Two accruers of this process that take their time."""

    def __init__(self, url: str) -> None:
        super().__init__(url, 2)
        build = SlowAccruerOf(url, PAUSE_S)
        self._accruers = {name: build(name) for name in self._accruers}


@asynccontextmanager
async def serving(stack: Services, url: str) -> AsyncIterator[Service]:
    """The process of actors over the stack, as serve() composes it."""
    database, crew = Database(url), SlowCrew(url)
    bus = await connect(stack.stack.nats_url, monitor_url=stack.stack.nats_monitor_url)
    await bus.ensure_streams()

    async def make() -> SlowCrew:
        return crew

    service = Service(database, bus, make)
    task = asyncio.create_task(service.run())
    try:
        yield service
    finally:
        service.stop.set()
        await asyncio.wait_for(task, 30)
        await crew.close()
        await bus.close()
        await database.close()


async def expected_digest(url: str) -> str:
    run_id = await planned(url, 10_000)
    await run_until_idle(url)
    digest: str = (await run_row(url, run_id))["digest"]
    return digest


def kill(part: EmbeddedPostgres | EmbeddedNats) -> None:
    """kill -9 of a server and of what it left, then a new start, as the supervisor of a stack does."""
    process = part.pid_file.process()
    assert process is not None
    psutil.Process(process.pid).send_signal(signal.SIGKILL)
    while part.alive():
        continue
    part.spawn()
    wait_ready(part)


async def finished(url: str, run_id: int, limit_s: float = 90.0) -> None:
    async with asyncio.timeout(limit_s):
        while True:
            with suppress(OSError, asyncpg.PostgresError):  # the database itself may be away
                if (await run_row(url, run_id))["state"] == "checked":
                    return
            await asyncio.sleep(0.2)


async def in_the_middle(url: str, run_id: int) -> None:
    async with asyncio.timeout(60):
        while await blocks_done(url, run_id) < 4:  # noqa: ASYNC110 - rows have no event to wait for
            await asyncio.sleep(0.05)


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
