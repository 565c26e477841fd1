"""People who pay by card and СБП while parts die, and staff who give some of it back."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import asyncpg
import httpx
from sqlalchemy.exc import SQLAlchemyError

from gateways.acquiring.fake.till import CODE, GOOD, POOR, SECURE, SLOW
from storage import card_gates, card_orders, card_refunds
from storage.card_orders import EXPIRED, HAS_MONEY, OPEN, REFUSED, Order, OrderRefused, Part, Wish
from storage.engine import Database
from storage.second_person import ValueRefused
from tests.chaos.bank import GATES

PAYERS = 8  # paying at the same time
PAUSE_S, RETRY_S = 0.3, 0.3
PATIENCE_S = 75.0  # a payer whose page does not open leaves; a clerk stops waiting for the money
LIFETIME = dt.timedelta(minutes=20)
LEAVE = ""
CARDS = (GOOD, GOOD, GOOD, SECURE, SLOW, POOR, LEAVE)
REFUNDED_OF_TEN, FORGED_OF_TEN = 4, 3
PROPOSER, APPROVER = 1, 2
T = TypeVar("T")
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError, TimeoutError)


@dataclass(slots=True)
class Paid:
    """An order a payer made. refunds: ordinals of parts whose return was approved, kopecks of each."""

    number: str
    parts: tuple[int, ...]
    refunds: dict[int, int] = field(default_factory=dict)


class Payers:
    """`run` until stop is set; then every order begun is brought to its end."""

    def __init__(self, url: str, database: Database, accounts: list[int], seed: int) -> None:
        self.orders: dict[str, Paid] = {}
        self.retries = 0
        self._url, self._database, self._accounts, self._seed = url, database, accounts, seed
        self._random = random.Random(seed)

    async def run(self, stop: asyncio.Event) -> None:
        async with httpx.AsyncClient(timeout=10.0) as http, asyncio.TaskGroup() as group:
            for payer in range(PAYERS):
                group.create_task(self._live(http, payer, stop))

    async def _live(self, http: httpx.AsyncClient, payer: int, stop: asyncio.Event) -> None:
        count = 0
        while not stop.is_set():
            count += 1
            await self._one(http, f"chaos-{self._seed}-{payer}-{count}")
            await asyncio.sleep(PAUSE_S)

    async def _one(self, http: httpx.AsyncClient, idem: str) -> None:
        """One order from the form to the money, and perhaps back."""
        order = await self._made(idem)
        opened = await self._until(order.number, (OPEN, REFUSED, EXPIRED))
        if opened is None or opened.state != OPEN:
            return
        if self._random.randrange(10) < FORGED_OF_TEN:
            await self._forge(http, opened)
        if not await self._pay(http, opened) or self._random.randrange(10) >= REFUNDED_OF_TEN:
            return
        came = await self._until(order.number, HAS_MONEY)
        if came is not None:
            await self._give_back(came)

    async def _made(self, idem: str) -> Order:
        """An order of one part or of two; the form is sent until it is answered, and is one order."""
        amounts = [self._random.randrange(1_00, 5_000_00) for _ in range(self._random.choice((1, 1, 2)))]
        parts = tuple(Part(amount) for amount in amounts)
        account, code = self._random.choice(self._accounts), self._random.choice(list(GATES.values()))
        method = self._random.choice(("card", "card", "sbp"))

        async def make() -> Order:
            async with self._database.transaction() as session:
                gate = await card_gates.gate(session, code)
                assert gate is not None
                back = f"{self._url}/my/pay/"
                wish = Wish(
                    account, parts, idem, "cabinet", None, "payer@example.ru", method, gate.id, back
                )  # fmt: skip
                now = dt.datetime.now(dt.UTC)
                number = await card_orders.make(session, wish, now, LIFETIME)
                found = await card_orders.by_number(session, number)
            assert found is not None
            return found

        order = await self._tried(make)
        self.orders[order.number] = Paid(order.number, tuple(part.amount_kopecks for part in order.parts))
        return order

    async def _until(self, number: str, states: tuple[str, ...]) -> Order | None:
        """The order once it is in one of these states; None when nobody waits any more."""

        async def look() -> Order | None:
            async with self._database.reading() as session:
                return await card_orders.by_number(session, number)

        for _ in range(int(PATIENCE_S / RETRY_S)):
            order = await self._tried(look)
            assert order is not None, f"order {number} is gone"
            if order.state in states:
                return order
            await asyncio.sleep(RETRY_S)
        return None

    async def _forge(self, http: httpx.AsyncClient, order: Order) -> None:
        """A stranger says that the order is paid."""
        with suppress(httpx.HTTPError):
            said = {"mdOrder": order.bank_id or "", "orderNumber": order.number, "OrderId": order.number}
            said |= {"operation": "deposited", "status": "1", "Status": "CONFIRMED", "checksum": "00" * 32}
            await http.get(f"{self._url}/cards/notice/{order.gate_code}", params=said | {"Token": "00"})

    async def _pay(self, http: httpx.AsyncClient, order: Order) -> bool:
        """At the bank's own page; true when the payer believes to have paid."""
        card = self._random.choice(CARDS)
        if card == LEAVE:
            return False
        if order.method == "sbp":
            await http.post(order.link, data={"deed": "yes" if card != POOR else "no"})
            return card != POOR
        answer = await http.post(order.link, data={"card": card})
        if answer.has_redirect_location and answer.headers["Location"].endswith("/code"):
            await http.post(f"{order.link}/code", data={"code": CODE})
        return card != POOR

    async def _give_back(self, order: Order) -> None:
        """All or the first part, proposed by one and approved by another; each asks until answered."""
        ordinals = [part.ordinal for part in order.left]
        chosen = ordinals if self._random.random() < 0.5 else ordinals[:1]

        async def propose() -> int | None:
            async with self._database.transaction() as session:
                known = await card_refunds.of_order(session, order.id)
                if known:
                    return known[0].id
                return await card_refunds.propose(
                    session, order.id, chosen, reason="оплачено дважды", user_id=PROPOSER
                )

        with suppress(OrderRefused):
            refund_id = await self._tried(propose)
            assert refund_id is not None
            self.orders[order.number].refunds = {
                part.ordinal: part.amount_kopecks for part in order.left if part.ordinal in chosen
            }
            await self._tried(lambda: self._approve(refund_id))

    async def _approve(self, refund_id: int) -> None:
        """Approved once; a repeat after a lost answer finds it decided."""
        with suppress(ValueRefused):
            async with self._database.transaction() as session:
                now = dt.datetime.now(dt.UTC)
                await card_refunds.decide(session, refund_id, agrees=True, user_id=APPROVER, now=now)

    async def _tried(self, deed: Callable[[], Awaitable[T]]) -> T:
        while True:
            with suppress(*AWAY):
                return await deed()
            self.retries += 1
            await asyncio.sleep(RETRY_S)
