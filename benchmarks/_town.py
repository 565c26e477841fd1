"""A private stack with a seeded city for a benchmark: made, billed up to the open month, removed after it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cluster.postgres import EmbeddedPostgres
from cluster.processes import free_ports
from cluster.settings import Settings
from cluster.stack import Stack
from storage.bulk import Connection
from storage.engine import SOCKET_VARIABLE, connect

SEED = 7
START_S_MAX = 600.0
PAYLOGIC = (sys.executable, "-c", "from cluster.cli import main; main()")


@dataclass(slots=True)
class Town:
    """A city in a database of its own. stack is None when the database is somebody else's."""

    url: str
    stack: Stack | None
    seeded: dict[str, float] = field(default_factory=dict)

    @property
    def home(self) -> Path | None:
        return self.stack.home if self.stack else None


@asynccontextmanager
async def connection(url: str) -> AsyncIterator[Connection]:
    """A connection without limits of time, closed at the end."""
    opened = await connect(url)
    await opened.execute("SET statement_timeout = 0; SET lock_timeout = 0")
    try:
        yield opened
    finally:
        await opened.close()


@contextmanager
def town(
    accounts: int, months: int, database_url: str | None = None, home: str | None = None, seed: int = SEED
) -> Iterator[Town]:
    """A seeded city whose months before the open one are billed, published and paid.

    home: keep the stack there and use it again next time; otherwise a temporary one is removed at the end.
    """
    if database_url is not None:
        made = Town(database_url, None)
        _fill(made, accounts, months, seed)
        yield made
        return
    folder = Path(home) if home else Path(tempfile.mkdtemp(prefix="paylogic-bench-"))
    stack = Stack(_settings(folder))
    server = EmbeddedPostgres(stack)
    try:
        server.spawn()
        _wait(server)
        server.prepare()
        if stack.database_socket is not None:
            os.environ[SOCKET_VARIABLE] = str(stack.database_socket)
        made = Town(stack.database_url, stack)
        _fill(made, accounts, months, seed)
        yield made
    finally:
        os.environ.pop(SOCKET_VARIABLE, None)
        server.stop()
        if not home:
            shutil.rmtree(folder, ignore_errors=True)


def _settings(home: Path) -> Settings:
    return Settings(home=home, database_url=None, web_database_url=None, nats_url=None, ray_address=None)


def _wait(server: EmbeddedPostgres) -> None:
    deadline = time.monotonic() + START_S_MAX
    while not server.ready():
        assert server.alive(), server.log_path.read_text()[-2000:]
        assert time.monotonic() < deadline, "PostgreSQL did not start"
        time.sleep(0.1)


def _fill(made: Town, accounts: int, months: int, seed: int) -> None:
    """Migrate, seed, bill the past. A city that is there already must be of the same size."""
    from cluster.history import bill_history
    from storage.migrate import upgrade
    from storage.seed.city import seed_city

    asyncio.run(upgrade(made.url))
    known = asyncio.run(_accounts(made.url))
    if known:
        assert known == accounts, f"the city there has {known} accounts, not {accounts}"
        return
    began = time.monotonic()
    asyncio.run(seed_city(made.url, accounts, seed, months))
    made.seeded["seed"] = round(time.monotonic() - began, 1)
    began = time.monotonic()
    asyncio.run(bill_history(made.url))
    made.seeded["history"] = round(time.monotonic() - began, 1)
    asyncio.run(_settle(made.url))


async def _accounts(url: str) -> int:
    async with connection(url) as database:
        return int(await database.fetchval("SELECT count(*) FROM accounts"))


async def _settle(url: str) -> None:
    """What a city of any age has behind it: statistics, visibility maps; nothing left to write."""
    async with connection(url) as database:
        await database.execute("VACUUM ANALYZE")


async def checkpoint(stack: Stack | None) -> None:
    """Nothing of earlier work is left to be written while we measure."""
    if stack is None:
        return
    await asyncio.to_thread(EmbeddedPostgres(stack).sql, "CHECKPOINT")


@contextmanager
def whole_stack(made: Town) -> Iterator[None]:
    """NATS, Ray, pages and actors around the database, as `paylogic up` starts them; only it stays after."""
    assert made.stack is not None, "a whole stack is started around a database of ours only"
    port = str(free_ports(1)[0])  # 8000 may have been taken by another stack while the city was being made
    environment = {**os.environ, "PAYLOGIC_HOME": str(made.stack.home), "PAYLOGIC_PORT": port}
    _paylogic("up", environment)
    try:
        yield
    finally:
        _paylogic("down", environment)
        server = EmbeddedPostgres(made.stack)
        server.spawn()
        _wait(server)


def _paylogic(command: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*PAYLOGIC, command, "--json"], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"paylogic {command}: {done.stderr[-2000:]}")
    assert json.loads(done.stdout.splitlines()[-1])["ok"]


class Memory:
    """Peak memory of our own processes of a home while something runs: workers, supervisor, this one."""

    def __init__(self, home: Path | None) -> None:
        self._home = str(home) if home else None
        self._stop = threading.Event()
        self.worker_mb = 0
        self.total_mb = 0

    def __enter__(self) -> Memory:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        ours = self._processes()
        while True:
            sizes = [_rss_mb(process) for process in ours]
            self.worker_mb = max([self.worker_mb, *sizes])
            self.total_mb = max(self.total_mb, sum(sizes))
            if self._stop.wait(0.5):
                return

    def _processes(self) -> list[psutil.Process]:
        """This one, and whatever computes in the home: its environment names it."""
        found = [psutil.Process()]
        for process in psutil.process_iter(["name", "cmdline"]):
            words = " ".join(process.info["cmdline"] or ())
            if "AccrualWorker" not in words and "actors.serve" not in words:
                continue
            try:
                if process.environ().get("PAYLOGIC_HOME") == self._home:
                    found.append(process)
            except psutil.Error:
                continue
        return found


def _rss_mb(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss) // 2**20
    except psutil.Error:
        return 0
