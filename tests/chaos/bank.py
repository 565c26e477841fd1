"""The world's banks and cashbox, outside the city: the bundled fakes on a thread, unreliable by a seed.

The nemesis never touches them, so what they remember is the truth of who paid. Their answers get lost after
the work is done, they are away now and then, and notices come once, twice, late, changed or never.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cluster import demo_counterparts
from cluster.processes import free_ports
from gateways.acquiring.fake.app import bank_app
from gateways.acquiring.fake.till import BACK, PAID, FakeOrder, Till
from gateways.fiscal.fake import Cashbox, router
from gateways.http import CounterpartAway, Http
from storage import demo_cards
from tests.chaos.city import HarmedCity

GATES = demo_counterparts.CODES
FATES = ("once", "once", "twice", "late", "never", "changed")
LATE_S = (3.0, 12.0)
AWAY, LOST = 0.05, 0.10  # how often a question is not taken, and how often its answer does not arrive
SLOW_S = 2.0
START_S_MAX = 20.0
SPOKEN = ("/sber/", "/yookassa/", "/tbank/", "/atol/")  # what workers ask; pages of payers are never lost


@dataclass(frozen=True, slots=True)
class Truth:
    """What the banks know of one order of ours, kopecks."""

    paid_kopecks: int = 0
    refunded_kopecks: int = 0
    refunds: int = 0


class FickleTill(Till):
    """A bank whose notices have fates. `fates` counts them."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.random = random.Random(0)
        self.fates: dict[str, int] = {}

    async def _tell_twice(self, order: FakeOrder) -> None:
        fate = self.random.choice(FATES)
        self.fates[fate] = self.fates.get(fate, 0) + 1
        if fate == "never":
            return
        if fate == "late":
            await asyncio.sleep(self.random.uniform(*LATE_S))
        if fate == "changed":
            await self._tell_changed(order)
            return
        await self.tell(order)
        if fate == "twice":
            await self.tell(order)

    async def _tell_changed(self, order: FakeOrder) -> None:
        """A genuine notice changed on the way: its signature does not hold, nobody may believe it."""
        assert self._ask is not None
        values = self.notice(order)
        for name in ("amount", "Amount"):
            if name in values:
                values[name] = str(int(values[name]) * 10)
        with suppress(CounterpartAway):
            await self._ask(self._question(order.bank, self.callbacks[order.bank], values))


class Unreliable:
    """An ASGI app between workers and the fakes. `is_calm` stops the losses when the round is over."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.random = random.Random(0)
        self.is_calm = False
        self.lost = self.away = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self.is_calm or not scope["path"].startswith(SPOKEN):
            await self.app(scope, receive, send)
            return
        fate = self.random.random()
        if fate < AWAY:
            self.away += 1
            await _bad_gateway(send)
        elif fate < AWAY + LOST:
            self.lost += 1
            await self.app(scope, receive, _swallow)
            await _bad_gateway(send)
        else:
            await self.app(scope, receive, send)


async def _swallow(message: Message) -> None:
    """The answer nobody gets."""


async def _bad_gateway(send: Send) -> None:
    await send({"type": "http.response.start", "status": 502, "headers": []})
    await send({"type": "http.response.body", "body": b"bad gateway"})


class World:
    """All counterparts of a city on one port."""

    def __init__(self, till: FickleTill, cashbox: Cashbox, line: Unreliable, url: str) -> None:
        self.till, self.cashbox, self.line, self.url = till, cashbox, line, url

    def begin(self, seed: int) -> None:
        """Troubles of a round."""
        self.till.random, self.line.random = random.Random(seed), random.Random(-seed)
        self.till.fates, self.line.lost, self.line.away, self.line.is_calm = {}, 0, 0, False

    def truths(self) -> dict[str, Truth]:
        """By our number of the order; tries whose answer was lost are orders of the same number."""
        found: dict[str, Truth] = {}
        for order in list(self.till.orders.values()):
            number = order.number.partition("-")[0]
            known = found.get(number, Truth())
            paid = order.amount_kopecks if order.state in (PAID, BACK) else 0
            found[number] = Truth(
                known.paid_kopecks + paid,
                known.refunded_kopecks + order.refunded_kopecks,
                known.refunds + len(order.seen_refunds),
            )
        return found

    def said(self) -> str:
        """For the line printed with the seed."""
        fates = ", ".join(f"{name} {count}" for name, count in sorted(self.till.fates.items()))
        return (
            f"{self.line.lost} answers of banks lost, {self.line.away} not given; notices: {fates or 'none'}"
        )


@contextmanager
def world_of(city: HarmedCity) -> Iterator[World]:
    """Banks and a cashbox for a city: its gates lead to them, its workers have their keys."""
    keys = demo_counterparts.passwords("chaos")
    demo_counterparts.write_keys(city.stack.secrets, keys)
    port = free_ports(1)[0]
    callbacks = {bank: f"{city.url}/cards/notice/{code}" for bank, code in GATES.items()}
    ask = Http(timeout_s=5.0)
    till, cashbox = FickleTill(callbacks, keys, ask, slow_s=SLOW_S), Cashbox(keys["kassa"])
    app = bank_app(till)
    app.state.cashbox = cashbox
    app.include_router(router)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        yield
        await ask.close()

    app.router.lifespan_context = lifespan
    line = Unreliable(app)
    config = uvicorn.Config(line, host="127.0.0.1", port=port, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="banks", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_S_MAX
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.started, "the banks did not open"
    url = f"http://127.0.0.1:{port}"
    try:
        opened = asyncio.run(demo_cards.ensure(city.database_url, demo_counterparts.gates(url)))
        assert opened, "the city has no gates of banks"
        yield World(till, cashbox, line, url)
    finally:
        server.should_exit = True
        thread.join(START_S_MAX)
