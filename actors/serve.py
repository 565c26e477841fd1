"""`python -m actors.serve`: relay, commands, readings and the supervisor of runs in one process and one loop.

Each part is tried again for ever when PostgreSQL, NATS or Ray goes away; nothing here is the only copy of
anything, so the process may be killed at any moment. Several may run: they share events, and one of them
supervises.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from actors.cashier import Cashier
from actors.changes import CONSUMER as CHANGES
from actors.changes import ChangeCounter
from actors.debts import DebtKeeper
from actors.imports import CONSUMER as IMPORTS
from actors.imports import Imports
from actors.intake import CONSUMER as READINGS
from actors.intake import Intake
from actors.keeper import Keeper
from actors.orders import CONSUMER as RUNS
from actors.orders import Orders
from actors.payments import CONSUMER as PAYMENTS
from actors.payments import PaymentIntake
from actors.payouts import CONSUMER as PAYOUTS
from actors.payouts import Payouts
from actors.penalties import CONSUMER as PENALTIES
from actors.penalties import Penalties
from actors.postman import Postman
from actors.press import CONSUMER as PRESS
from actors.press import PressCrew, PressOrders, PressSupervisor, press_store
from actors.registers import CONSUMER as REGISTERS
from actors.registers import Registers
from actors.relay import Relay
from actors.supervisor import Crew, Supervisor
from actors.what_if import CONSUMER as WHAT_IF
from actors.what_if import WhatIfs
from gateways.bus import Bus, Outgoing, connect
from gateways.http import Http
from storage.engine import Database
from storage.run_store import run_store
from storage.warm_blocks import WarmBlocks
from storage.work import BlockStore, is_transient

log = logging.getLogger("paylogic.actors")

RETRY_S = 1.0
RETRY_S_MAX = 10.0
STANDBY_S = 2.0  # how often a second process asks whether it may supervise
NAMESPACE = "paylogic"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Addresses of the stack, from the environment its supervisor gave us."""

    database_url: str
    nats_url: str
    nats_monitor_url: str | None
    nats_sync_confirmed: bool
    ray_address: str
    ready_file: Path | None

    @classmethod
    def from_environment(cls) -> Surroundings:
        """KeyError names what is missing."""
        ready = os.environ.get("PAYLOGIC_READY_FILE")
        return cls(
            database_url=os.environ["PAYLOGIC_DATABASE_URL"],
            nats_url=os.environ["PAYLOGIC_NATS_URL"],
            nats_monitor_url=os.environ.get("PAYLOGIC_NATS_MONITOR_URL"),
            nats_sync_confirmed=os.environ.get("PAYLOGIC_NATS_SYNC_CONFIRMED") == "1",
            ray_address=os.environ["PAYLOGIC_RAY_ADDRESS"],
            ready_file=Path(ready) if ready else None,
        )


class WholeCrew(Crew, PressCrew, Protocol):
    """Workers that compute blocks of runs and render blocks of print runs."""


class Service:
    """All parts over one database, one bus and one crew."""

    def __init__(self, database: Database, bus: Bus, make_crew: Callable[[], Awaitable[WholeCrew]]) -> None:
        self.database = database
        self.bus = bus
        self._make_crew = make_crew
        self._crew: WholeCrew | None = None
        self._making_crew = asyncio.Lock()
        self._wake_press: Callable[[], None] = lambda: None
        self._wake: Callable[[], None] = lambda: None
        self._warm = WarmBlocks()
        self.stop = asyncio.Event()

    async def run(self) -> None:
        """Until `stop` is set."""
        parts = {
            "streams": self._streams,
            "relay": self._relay,
            "commands": self._commands,
            "readings": self._readings,
            "payments": self._payments,
            "imports": self._imports,
            "registers": self._registers,
            "penalties": self._penalties,
            "changes": self._changes,
            "what if": self._what_if,
            "payouts": self._payouts,
            "debts": self._debts,
            "cashier": self._cashier,
            "postman": self._postman,
            "press orders": self._press_orders,
            "press": self._press,
            "supervisor": self._supervise,
        }
        tasks = [asyncio.create_task(self._forever(name, part), name=name) for name, part in parts.items()]
        await self.stop.wait()
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _forever(self, name: str, part: Callable[[], Awaitable[None]]) -> None:
        """Begin a part again whenever it fails, with a growing pause."""
        pause_s = RETRY_S
        loop = asyncio.get_running_loop()
        while not self.stop.is_set():
            began = loop.time()
            try:
                await part()
            except Exception as error:
                expected = is_transient(error) or getattr(error, "permanent", True) is False
                log.warning("%s stopped: %r, beginning again", name, error, exc_info=not expected)
            pause_s = RETRY_S if loop.time() - began > RETRY_S_MAX else min(RETRY_S_MAX, pause_s * 2)
            await self._pause(pause_s)

    async def _pause(self, limit_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), limit_s)

    # ---- parts -----------------------------------------------------------------------------------------

    async def _streams(self) -> None:
        await Keeper(self.database, self.bus).run(self.stop)

    async def _debts(self) -> None:
        await DebtKeeper(self.database).run(self.stop)

    async def _relay(self) -> None:
        await Relay(self.database, self._publish).run()

    async def _publish(self, events: Sequence[Outgoing]) -> list[str]:
        return await self.bus.publish_many(events)

    async def _commands(self) -> None:
        orders = Orders(self.database, lambda: self._wake())
        consumer = await self.bus.consumer(RUNS)
        await consumer.run(orders.handle, orders.bury, self.stop, is_transient)

    async def _readings(self) -> None:
        intake = Intake(self.database)
        consumer = await self.bus.consumer(READINGS)
        await consumer.run(intake.handle, intake.bury, self.stop, is_transient)

    async def _payments(self) -> None:
        intake = PaymentIntake(self.database)
        consumer = await self.bus.consumer(PAYMENTS)
        await consumer.run(intake.handle, intake.bury, self.stop, is_transient)

    async def _imports(self) -> None:
        imports = Imports(self.database)
        consumer = await self.bus.consumer(IMPORTS)
        await consumer.run(imports.handle, imports.bury, self.stop, is_transient)

    async def _press_orders(self) -> None:
        orders = PressOrders(self.database, lambda: self._wake_press())
        consumer = await self.bus.consumer(PRESS)
        await consumer.run(orders.handle, orders.bury, self.stop, is_transient)

    async def _press(self) -> None:
        crew = await self._crew_once()
        try:
            async with press_store(self.database.url) as store:
                while not await store.is_mine():
                    await self._pause(STANDBY_S)
                supervisor = PressSupervisor(store, crew)
                self._wake_press = supervisor.wake
                await supervisor.run(self.stop)
        finally:
            self._wake_press = lambda: None

    async def _crew_once(self) -> WholeCrew:
        """One crew for runs and for printing, made at the first need of it."""
        async with self._making_crew:
            if self._crew is None:
                self._crew = await self._make_crew()
        return self._crew

    async def _penalties(self) -> None:
        penalties = Penalties(self.database)
        consumer = await self.bus.consumer(PENALTIES)
        await consumer.run(penalties.handle, penalties.bury, self.stop, is_transient)

    async def _changes(self) -> None:
        counter = ChangeCounter(self.database)
        consumer = await self.bus.consumer(CHANGES)
        await consumer.run(counter.handle, counter.bury, self.stop, is_transient)

    async def _what_if(self) -> None:
        what_ifs = WhatIfs(self.database, self._warm)
        consumer = await self.bus.consumer(WHAT_IF)
        await consumer.run(what_ifs.handle, what_ifs.bury, self.stop, is_transient)

    async def _payouts(self) -> None:
        payouts = Payouts(self.database)
        consumer = await self.bus.consumer(PAYOUTS)
        await consumer.run(payouts.handle, payouts.bury, self.stop, is_transient)

    async def _cashier(self) -> None:
        ask = Http()
        try:
            await Cashier(self.database, ask).run(self.stop)
        finally:
            await ask.close()

    async def _postman(self) -> None:
        await Postman(self.database).run(self.stop)

    async def _registers(self) -> None:
        registers = Registers(self.database)
        consumer = await self.bus.consumer(REGISTERS)
        await consumer.run(registers.handle, registers.bury, self.stop, is_transient)

    async def _supervise(self) -> None:
        crew = await self._crew_once()
        blocks = BlockStore(self.database.url, 1)
        try:
            async with run_store(self.database.url) as store:
                while not await store.is_mine():
                    await self._pause(STANDBY_S)
                supervisor = Supervisor(store, blocks, crew)
                self._wake = supervisor.wake
                await supervisor.run(self.stop)
        finally:
            self._wake = lambda: None
            await blocks.close()


async def ray_crew(surroundings: Surroundings) -> WholeCrew:
    """Connect to Ray (a second time as well) and start its workers, while the other parts go on working."""
    return await (await asyncio.to_thread(_connected_crew, surroundings))


def _connected_crew(surroundings: Surroundings) -> Awaitable[WholeCrew]:
    """Importing and joining Ray takes seconds, hence outside the loop."""
    import ray

    from actors.pool import started_crew

    if not ray.is_initialized():
        ray.init(address=surroundings.ray_address, namespace=NAMESPACE, log_to_driver=False)
    return started_crew(surroundings.database_url)


async def serve(surroundings: Surroundings) -> None:
    """The whole process: until SIGTERM or SIGINT."""
    database = Database(surroundings.database_url)
    bus = await _bus(surroundings)
    service = Service(database, bus, lambda: ray_crew(surroundings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.stop.set)
    if surroundings.ready_file is not None:
        await asyncio.to_thread(surroundings.ready_file.touch)
    try:
        await service.run()
    finally:
        await bus.close()
        await database.close()


async def _bus(surroundings: Surroundings) -> Bus:
    """The bus, waited for; BusNotDurable when it may lose what it acknowledged."""
    while True:
        try:
            bus = await connect(
                surroundings.nats_url,
                monitor_url=surroundings.nats_monitor_url,
                sync_confirmed=surroundings.nats_sync_confirmed,
                name="paylogic-actors",
            )
            await bus.require_durable()
            await bus.ensure_streams()
            return bus
        except Exception as error:
            if getattr(error, "permanent", True):
                raise
            log.warning("NATS is not there yet: %s", error)
            await asyncio.sleep(RETRY_S)


def main() -> None:
    logging.basicConfig(
        level=os.environ.get("PAYLOGIC_LOG_LEVEL", "INFO"),
        format="%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
    asyncio.run(serve(Surroundings.from_environment()))


if __name__ == "__main__":
    main()
