"""P4: payments by the network, asked of the gate as an agent asks: answered after the commit, then posted.

Ceiling: pgbench committing single rows on the same server, with as many clients. Then the same gate at an
even 300 a second, for how long an agent waits; and how soon everything was in the ledger.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import random
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import uvloop
from sqlalchemy import text

from benchmarks._report import Beside, Report, surroundings
from benchmarks._town import Town, checkpoint, connection, town, whole_stack
from cluster.postgres import binaries
from cluster.stack import Stack
from gateways.agents.profile import preset
from storage import agent_gates, ledger
from storage.engine import Database

CLIENTS = 64
PAYMENTS = 20_000
WARM = 1_000
PACE_RATE = 300
PACE_S = 10
CEILING_S = 8
POSTED_S_MAX = 300.0
GATE = "bench"
MOMENT = "20261012093000"
TABLE = "CREATE TABLE IF NOT EXISTS bench_rows (id bigserial PRIMARY KEY, key text, hash text, payload jsonb)"
INSERT = (
    "\\set n random(1, 1000000000)\n"
    "INSERT INTO bench_rows (key, hash, payload) VALUES (:n::text, md5(:n::text), "
    "jsonb_build_object('account_number', '0100000058', 'amount_kopecks', :n, 'paid_on', '2026-10-12'));\n"
)


@dataclass(frozen=True, slots=True)
class Door:
    """Where the gate listens and what opens it."""

    host: str
    port: int
    header: str


def run(accounts: int = 10_000, payments: int = PAYMENTS) -> Report:
    """A billed city with its whole stack; `payments` asked by CLIENTS connections as fast as answered."""
    with town(accounts, 2) as made, whole_stack(made):
        assert made.stack is not None
        before = surroundings()
        return uvloop.run(_measure(made, made.stack, payments, before))


async def _measure(made: Town, stack: Stack, payments: int, before: dict[str, Any]) -> Report:
    door = await _open(made.url, stack)
    async with connection(made.url) as database:
        numbers = [row["number"] for row in await database.fetch("SELECT number FROM accounts LIMIT 20000")]
    asker = Asker(door, numbers)
    await asker.flood(WARM, CLIENTS)
    await checkpoint(stack)
    began = time.perf_counter()
    waits = await asker.flood(payments, CLIENTS)
    seconds = time.perf_counter() - began
    posted_seconds = await _posted(made.url, WARM + payments, began)
    paced = await asker.pace(PACE_RATE, PACE_S)
    await _posted(made.url, WARM + payments + len(paced), time.perf_counter())
    books = await ledger.check(made.url)
    assert books["ok"], books["found"]
    ceiling = await asyncio.to_thread(_pgbench, made.url)
    rate = payments / seconds
    return Report(
        bench="intake",
        accounts=len(numbers),
        lines=payments,
        seconds=seconds,
        rate=rate,
        unit="payments/s",
        ceilings=[Beside.of("pgbench, single-row commits", ceiling, "commits/s", rate, clients=CLIENTS)],
        details={
            "clients": CLIENTS,
            "wait_ms": _percentiles(waits),
            f"wait_ms_at_{PACE_RATE}": _percentiles(paced),
            "posted_rate": round(payments / posted_seconds, 1),
            "posted_after_s": round(posted_seconds - seconds, 2),
            **before,
        },
    )


async def _open(url: str, stack: Stack) -> Door:
    """A gate of the first agent for this measurement."""
    database = Database(url, pool_max=1)
    profile = preset("osmp", in_flight_max=1000).model_dump(mode="json")
    async with database.transaction() as session:
        agent = int(await session.scalar(text("SELECT min(id) FROM organisations WHERE kind = 'agent'")) or 0)
        await agent_gates.add_gate(session, agent, GATE, profile, None)
        gate = await agent_gates.gate(session, GATE)
        assert gate is not None
        await agent_gates.change_gate(session, gate, profile, True, 1)
        login, secret = await agent_gates.new_secret(session, gate, None)
    await database.close()
    address = urlsplit(Stack(stack.settings).url)  # the port was chosen when the pages started
    basic = base64.b64encode(f"{login}:{secret}".encode()).decode()
    return Door("127.0.0.1", address.port or 8000, f"Authorization: Basic {basic}")


class Asker:
    """An agent with kept connections; sockets by hand, so that asking costs the machine little."""

    def __init__(self, door: Door, numbers: list[str]) -> None:
        self._door = door
        self._numbers = numbers
        self._random = random.Random(7)
        self._last = dt.datetime.now(dt.UTC).microsecond * 1_000_000

    async def flood(self, count: int, clients: int) -> list[float]:
        """So many payments by so many connections, each asking as soon as it is answered; waits, seconds."""
        waits: list[float] = []
        left = iter(range(count))

        async def client() -> None:
            reader, writer = await asyncio.open_connection(self._door.host, self._door.port)
            waits.extend([await self._ask(reader, writer) for _ in left])
            writer.close()

        await asyncio.gather(*(client() for _ in range(clients)))
        return waits

    async def pace(self, rate: int, seconds: int) -> list[float]:
        """An even stream; a wait counts from when the payment was due, so a stall is not forgiven."""
        free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        for _ in range(CLIENTS):
            free.put_nowait(await asyncio.open_connection(self._door.host, self._door.port))
        waits: list[float] = []

        async def one(due: float) -> None:
            channel = await free.get()
            await self._ask(*channel)
            waits.append(time.perf_counter() - due)
            free.put_nowait(channel)

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(rate * seconds):
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(one(due))
        while not free.empty():
            free.get_nowait()[1].close()
        return waits

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> float:
        self._last += 1
        asked = {
            "command": "pay",
            "txn_id": str(self._last),
            "txn_date": MOMENT,
            "account": self._random.choice(self._numbers),
            "sum": f"{self._random.randrange(10, 9000)}.{self._random.randrange(100):02d}",
        }
        began = time.perf_counter()
        head = f"GET /gate/{GATE}?{urlencode(asked)} HTTP/1.1\r\nHost: bench\r\n{self._door.header}\r\n\r\n"
        writer.write(head.encode())
        headers = await reader.readuntil(b"\r\n\r\n")
        size = int(headers.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(size)
        assert headers.startswith(b"HTTP/1.1 200"), headers
        assert b"<result>0</result>" in body, body
        return time.perf_counter() - began


async def _posted(url: str, count: int, began: float) -> float:
    """Seconds from `began` until so many payments of the gate are in the books."""
    query = "SELECT count(*) FROM inbox WHERE source LIKE 'agent-%' AND state = 'processed'"
    async with connection(url) as database:
        while True:
            if await database.fetchval(query) >= count:
                return time.perf_counter() - began
            assert time.perf_counter() - began < POSTED_S_MAX, "payments are not posted"
            await asyncio.sleep(0.1)


def _percentiles(waits: list[float]) -> dict[str, float]:
    ordered = sorted(waits)
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {
        name: round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
        for name, share in at.items()
    }


def _pgbench(url: str) -> float:
    """Commits a second of one row each, by as many clients."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(INSERT)
        script.flush()
        subprocess.run([str(binaries() / "psql"), "-q", "-c", TABLE, url], check=True, capture_output=True)
        words = ("-n", "-f", script.name, "-c", str(CLIENTS), "-j", "1", "-T", str(CEILING_S))
        called = subprocess.run(
            [str(binaries() / "pgbench"), *words, url],
            check=True,
            capture_output=True,
            text=True,
        )
    said = next(line for line in called.stdout.splitlines() if line.startswith("tps = "))
    return float(said.split()[2])
