"""What goes wrong, chosen by a seed: one fault after another, each healed or left to the supervisor."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import nats
import nats.errors
import psutil

from tests.chaos.city import PARTS, HarmedCity

PAUSES_S = (1.0, 3.0)  # between two faults
FREEZE_S = (1.0, 4.0)
FULL_S = (1.0, 2.5)
HOLD_S = 1.5
LEFT_FREE_BYTES = 256 * 1024  # a full disk is rarely full to the byte
CONNECT_S_MAX = 2.0

Fault = Callable[[], Awaitable[str]]


class Nemesis:
    """Faults over one city until stop is set. `done` tells what happened, to be printed with the seed."""

    def __init__(self, city: HarmedCity, seed: int) -> None:
        self.done: list[str] = []
        self._city = city
        self._random = random.Random(seed)
        self._faults: list[Fault] = [
            *[self._killer(part) for part in PARTS],
            self.kill_ray_worker,
            self.freeze,
            self.send_twice,
            self.hold_back,
            self.lose_consumer,
            self.delete_store,
        ]
        if city.has_disk:
            self._faults.append(self.fill_disk)

    async def run(self, stop: asyncio.Event) -> None:
        """Every fault once in the order of the seed, then any, until the time is over."""
        order = self._faults.copy()
        self._random.shuffle(order)
        while not stop.is_set():
            fault = order.pop() if order else self._random.choice(self._faults)
            self.done.append(await fault())
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._random.uniform(*PAUSES_S))

    # ---- processes -----------------------------------------------------------------------------------

    def _killer(self, part: str) -> Fault:
        async def kill() -> str:
            process = self._city.part(part)
            if process is None:
                return f"{part} is away already"
            with suppress(psutil.NoSuchProcess):
                process.kill()
            return f"kill -9 {part}"

        return kill

    async def kill_ray_worker(self) -> str:
        """One process of Ray that computes; the head lives."""
        workers = []
        for process in self._city.family("ray"):
            with suppress(psutil.Error):
                if process.name().startswith("ray::") or "default_worker.py" in " ".join(process.cmdline()):
                    workers.append(process)
        if not workers:
            return "no Ray worker to kill"
        victim = self._random.choice(workers)
        with suppress(psutil.NoSuchProcess):
            victim.kill()
        return "kill -9 a Ray worker"

    async def freeze(self) -> str:
        """A part with its children stands still for a while and goes on as if nothing was."""
        part = self._random.choice(PARTS)
        family = self._city.family(part)
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(self._random.uniform(*FREEZE_S))
        finally:
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGCONT)
        return f"froze {part}"

    # ---- events --------------------------------------------------------------------------------------

    async def send_twice(self) -> str:
        """The relay forgets what it has sent."""
        return await self._sql(
            "UPDATE outbox SET sent_at = NULL WHERE sent_at IS NOT NULL AND id % 3 = 0",
            "events sent twice",
        )

    async def hold_back(self) -> str:
        """Half of what waits is hidden from the relay and comes after what is newer."""
        held: list[int] = []
        try:
            connection = await asyncpg.connect(self._city.database_url, timeout=CONNECT_S_MAX)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return "no database to reorder events in"
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            for _ in range(20):
                rows = await connection.fetch(
                    "UPDATE outbox SET sent_at = 'epoch' WHERE id IN (SELECT id FROM outbox "
                    "WHERE sent_at IS NULL AND id % 2 = 0 FOR UPDATE SKIP LOCKED) RETURNING id"
                )
                held += [row["id"] for row in rows]
                await asyncio.sleep(HOLD_S / 20)
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await connection.close(timeout=CONNECT_S_MAX)
        await self.let_go()
        return f"{len(held)} events out of order"

    async def let_go(self) -> None:
        """Events hidden from the relay are shown again, however long the database stays away."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                connection = await asyncpg.connect(self._city.database_url, timeout=CONNECT_S_MAX)
                await connection.execute("UPDATE outbox SET sent_at = NULL WHERE sent_at = 'epoch'")
                await connection.close(timeout=CONNECT_S_MAX)
                return
            await asyncio.sleep(0.3)

    async def lose_consumer(self) -> str:
        """The server forgets how far the intake has read: every event of payments comes again."""
        try:
            client = await nats.connect(
                self._city.stack.nats_url, connect_timeout=CONNECT_S_MAX, allow_reconnect=False
            )
        except (OSError, nats.errors.Error, TimeoutError):
            return "no NATS to forget in"
        try:
            await client.jetstream(timeout=CONNECT_S_MAX).delete_consumer("payments", "payments-intake")
        except (OSError, nats.errors.Error, TimeoutError):
            return "NATS went away while it was to forget"
        finally:
            await client.close()
        await self._killer("actors")()
        return "the consumer of payments begins anew"

    async def delete_store(self) -> str:
        """kill -9 of NATS, and its streams are gone from the disk."""
        process = self._city.part("nats")
        if process is None:
            return "nats is away already"
        with suppress(psutil.NoSuchProcess):
            process.kill()
        shutil.rmtree(self._city.home / "nats" / "jetstream", ignore_errors=True)
        return "store of NATS deleted"

    # ---- disk ----------------------------------------------------------------------------------------

    async def fill_disk(self) -> str:
        """No room for PostgreSQL, NATS, journals and pid files; then there is room again."""
        filler = self._city.home / "filler"
        stat = os.statvfs(self._city.home)
        size = stat.f_bavail * stat.f_frsize - LEFT_FREE_BYTES
        try:
            with filler.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(1, size))
            await asyncio.sleep(self._random.uniform(*FULL_S))
        except OSError:
            return "the disk could not be filled"
        finally:
            filler.unlink(missing_ok=True)
        return "disk full"

    async def _sql(self, statement: str, words: str) -> str:
        try:
            connection = await asyncpg.connect(self._city.database_url, timeout=CONNECT_S_MAX)
            try:
                await connection.execute(statement, timeout=CONNECT_S_MAX)
            finally:
                await connection.close(timeout=CONNECT_S_MAX)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return f"no database: not {words}"
        return words
