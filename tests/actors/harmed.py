"""PostgreSQL and NATS a test may kill, actors over them that take their time, and waiting for the end."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from actors.local import LocalCrew
from actors.serve import Service
from cluster.nats import EmbeddedNats
from cluster.postgres import EmbeddedPostgres
from gateways.bus import connect
from storage.engine import Database
from tests.actors.runs import blocks_done, run_row
from tests.actors.slow import SlowAccruerOf
from tests.support.services import HOME_PREFIX, Services, wait_ready

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


async def in_the_middle(url: str, run_id: int, blocks: int = 4) -> None:
    """Some blocks are done and others are not."""
    async with asyncio.timeout(60):
        while await blocks_done(url, run_id) < blocks:  # noqa: ASYNC110 - rows have no event to wait for
            await asyncio.sleep(0.05)
