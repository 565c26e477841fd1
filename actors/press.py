"""The supervisor of print runs: gives planned blocks to the crew's workers, one a worker, until none is left.

Which blocks are done is told by rows alone; what it holds in memory is only which are in flight. A block
that fails
by itself is tried again and then waits for a person; a lost worker or a database that is away cost no
attempt.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

from actors.orders import bury
from actors.pressed import NotPrinted, Outcome
from gateways.bus import Buried, Event
from storage import outbox
from storage.bulk import Connection
from storage.engine import Database, connect
from storage.press_orders import obey
from storage.press_work import PressTask, finish_ended, note_failure, planned

log = logging.getLogger("paylogic.press")

CONSUMER = "press"
SUPERVISOR_LOCK = 7_120_356  # any number, the same in every process; released when the connection ends
IDLE_S = 1.0
BUSY_S = 0.25
AGAIN_S = 1.0  # before a block that could not be done is given out again


class PressCrew(Protocol):
    """Workers that render blocks."""

    async def refresh(self) -> Sequence[str]:
        """Names of workers there are now."""

    async def press(self, worker: str, task: PressTask) -> Outcome:
        """Have a worker render a block. A lost worker is an outcome, never an exception."""


class PressStore:
    """The supervisor's way to PostgreSQL over a connection of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def is_mine(self) -> bool:
        """Take the lock of the acting supervisor; false while another process holds it."""
        return bool(await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", SUPERVISOR_LOCK))

    async def planned(self, limit: int, in_flight: Sequence[tuple[int, int]]) -> list[PressTask]:
        """Blocks to give out."""
        return await planned(self._connection, limit, in_flight)

    async def finish_ended(self) -> list[int]:
        """Runs that came to their end just now."""
        return await finish_ended(self._connection)

    async def note_failure(self, task: PressTask, error: str, is_spent: bool) -> None:
        """An attempt that failed."""
        async with self._connection.transaction():
            await note_failure(self._connection, task, error, is_spent)


@asynccontextmanager
async def press_store(url: str) -> AsyncIterator[PressStore]:
    """A store over its own connection, closed at the end."""
    connection = await connect(url)
    try:
        yield PressStore(connection)
    finally:
        connection.terminate()


class PressSupervisor:
    """One step after another until stopped; `wake` makes it look at once."""

    def __init__(self, store: PressStore, crew: PressCrew) -> None:
        self._store = store
        self._crew = crew
        self._flying: dict[asyncio.Task[Outcome], tuple[PressTask, str]] = {}
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at once: a command came."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Step until stop is set; blocks in flight are left to the fence of the write."""
        try:
            while not stop.is_set():
                is_busy = await self.step()
                await self._rest(BUSY_S if is_busy else IDLE_S)
        finally:
            for task in self._flying:
                task.cancel()

    async def step(self) -> bool:
        """Take what landed, give out what may fly. True while there is work."""
        await self._land()
        await self._store.finish_ended()
        busy = {worker for _, worker in self._flying.values()}
        waiting = await self._store.planned(1, self._in_flight()) if not self._flying else [None]
        if not waiting:
            return False
        free = [name for name in await self._crew.refresh() if name not in busy]
        tasks = await self._store.planned(len(free), self._in_flight()) if free else []
        for task, worker in zip(tasks, free, strict=False):
            flight = asyncio.create_task(self._crew.press(worker, task))
            flight.add_done_callback(lambda _: self._woken.set())
            self._flying[flight] = (task, worker)
        return True

    def _in_flight(self) -> list[tuple[int, int]]:
        return [task.key for task, _ in self._flying.values()]

    async def _land(self) -> None:
        for flight in [one for one in self._flying if one.done()]:
            task, worker = self._flying[flight]
            outcome = flight.result()
            if isinstance(outcome, NotPrinted):
                log.warning("press %s block %s by %s: %s", *task.key, worker, outcome.message)
                await self._store.note_failure(task, outcome.message, outcome.is_spent)
                await asyncio.sleep(AGAIN_S)
            else:
                log.info("press %s block %s: %s receipts", *task.key, outcome.receipts)
            del self._flying[flight]

    async def _rest(self, limit_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), limit_s)
        self._woken.clear()


class PressOrders:
    """Handler of the consumer `press`: plan a run, go on with one that stopped; once each."""

    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        self._database = database
        self._wake = wake

    async def handle(self, events: Sequence[Event]) -> None:
        """Each in a transaction of its own; a repeat changes nothing."""
        for event in events:
            async with self._database.transaction() as session:
                if await outbox.once(session, CONSUMER, event.id):
                    await obey(session, event.subject, event.payload)
                    log.info("%s %s", event.subject, event.payload)
        self._wake()

    async def bury(self, buried: Buried) -> None:
        """Keep a command that cannot be obeyed."""
        await bury(self._database, buried)


async def press_until_idle(url: str, crew: PressCrew) -> None:
    """Render every printing run to its end in this very process: for tests and benchmarks."""
    async with press_store(url) as store:
        supervisor: Any = PressSupervisor(store, crew)
        if not await store.is_mine():
            raise RuntimeError("another process supervises print runs")
        while await supervisor.step():
            await supervisor._rest(BUSY_S)
