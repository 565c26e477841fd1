"""Orders of the fake bank: what a card does, what is given back, what is told to the shop and how often."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from gateways.acquiring.profile import SBER, YOOKASSA
from gateways.acquiring.shape import roubles
from gateways.acquiring.sign import sber_checksum, tbank_token
from gateways.http import Ask, CounterpartAway, Question

log = logging.getLogger("paylogic.fakebank")

NEW, PAID, REFUSED, EXPIRED, BACK = "new", "paid", "refused", "expired", "back"
GOOD, POOR, SECURE, SLOW = "4111111111111111", "5555555555554444", "4000000000003220", "2200000000000004"
CARDS = (
    (GOOD, "оплата проходит сразу"),
    (SECURE, "банк спросит код из сообщения: 1234"),
    (POOR, "не хватает денег"),
    (SLOW, "банк отвечает через 20 секунд"),
)
CODE = "1234"
SLOW_S = 20.0
AGAIN_S = 3.0
"""Every notice comes a second time, as it does at real banks."""


@dataclass(slots=True)
class FakeOrder:
    """An order. seen_refunds: numbers of refunds with their sums, so that a repeat gives nothing twice."""

    id: str
    bank: str
    number: str
    amount_kopecks: int
    return_url: str
    is_sbp: bool
    expires_at: float
    description: str = ""
    state: str = NEW
    reason: str = ""
    card: str = ""
    refunded_kopecks: int = 0
    seen_refunds: dict[str, int] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)

    @property
    def is_whole_back(self) -> bool:
        """Whether all of it was given back."""
        return self.refunded_kopecks >= self.amount_kopecks


class Till:
    """The bank's memory. callbacks: gate code of each dialect → address of the shop; ask: how it is told."""

    def __init__(
        self,
        callbacks: Mapping[str, str],
        passwords: Mapping[str, str],
        ask: Ask | None = None,
        slow_s: float = SLOW_S,
        again_s: float = AGAIN_S,
    ) -> None:
        self.callbacks, self.passwords = dict(callbacks), dict(passwords)
        self.orders: dict[str, FakeOrder] = {}
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self._ask, self._slow_s, self._again_s = ask, slow_s, again_s
        self._numbers = itertools.count(7_000_001)
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, bank: str, number: str, amount_kopecks: int, **more: Any) -> FakeOrder:
        """A new order."""
        order_id = str(next(self._numbers)) if bank not in (SBER, YOOKASSA) else str(uuid.uuid4())
        lifetime_s = float(more.pop("lifetime_s", 1200))
        made = FakeOrder(
            order_id, bank, number, amount_kopecks, expires_at=time.monotonic() + lifetime_s, **more
        )
        self.orders[made.id] = made
        return made

    def find(self, order_id: str) -> FakeOrder | None:
        """An order, its time looked at."""
        order = self.orders.get(order_id)
        if order is not None and order.state == NEW and time.monotonic() > order.expires_at:
            order.state, order.reason = EXPIRED, "late"
        return order

    def by_number(self, bank: str, number: str) -> FakeOrder | None:
        """An order by the shop's number."""
        return next((one for one in self.orders.values() if (one.bank, one.number) == (bank, number)), None)

    def pay(self, order: FakeOrder, card: str, is_confirmed: bool = False) -> str:
        """Pay by a test card; what the page shows next: «back», «code», «wait»."""
        if order.state != NEW:
            return "back"
        order.card = card
        if card == SECURE and not is_confirmed:
            return "code"
        if card == POOR:
            self._settle(order, REFUSED, "poor")
        elif card == SLOW:
            self._later(self._slow(order), "slow")
            return "wait"
        elif card in (GOOD, SECURE, ""):
            self._settle(order, PAID)
        else:
            self._settle(order, REFUSED, "card")
        return "back"

    async def _slow(self, order: FakeOrder) -> None:
        await asyncio.sleep(self._slow_s)
        if order.state == NEW:
            self._settle(order, PAID)

    def refuse(self, order: FakeOrder, reason: str) -> None:
        """The payer gave up or the code was wrong."""
        if order.state == NEW:
            self._settle(order, REFUSED, reason)

    def _settle(self, order: FakeOrder, state: str, reason: str = "") -> None:
        order.state, order.reason = state, reason
        self._later(self._tell_twice(order), "notice")

    def give_back(self, order: FakeOrder, kopecks: int, number: str) -> bool:
        """Give money back once under a number; false when there is not so much."""
        if number and number in order.seen_refunds:
            return True
        if order.state not in (PAID, BACK) or order.refunded_kopecks + kopecks > order.amount_kopecks:
            return False
        order.refunded_kopecks += kopecks
        order.seen_refunds[number or str(len(order.seen_refunds))] = kopecks
        order.state = BACK
        return True

    # ---- notices -----------------------------------------------------------------------------------------

    def _later(self, work: Any, name: str) -> None:
        try:
            task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work, name=name)
        except RuntimeError:  # nobody runs: the shop will ask
            work.close()
            return
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell_twice(self, order: FakeOrder) -> None:
        await self.tell(order)
        await asyncio.sleep(self._again_s)
        await self.tell(order)

    async def tell(self, order: FakeOrder) -> None:
        """Send the notice of an order; a shop that does not answer is told by the second one."""
        url = self.callbacks.get(order.bank)
        values = self.notice(order)
        self.sent.append((order.bank, values))
        if url is None or self._ask is None:
            return
        try:
            await self._ask(self._question(order.bank, url, values))
        except CounterpartAway as error:
            log.warning("the shop did not take a notice: %s", error)

    def _question(self, bank: str, url: str, values: dict[str, Any]) -> Question:
        if bank == SBER:
            return Question("GET", f"{url}?{urlencode(values)}")
        body = json.dumps(values, ensure_ascii=False).encode()
        return Question("POST", url, {"Content-Type": "application/json"}, body)

    def notice(self, order: FakeOrder) -> dict[str, Any]:
        """What the dialect sends, signed."""
        is_paid = order.state in (PAID, BACK)
        if order.bank == SBER:
            told: dict[str, Any] = {
                "mdOrder": order.id,
                "orderNumber": order.number,
                "operation": "deposited" if is_paid else "declinedByTimeout",
                "status": "1" if is_paid else "0",
                "amount": str(order.amount_kopecks),
            }
            return told | {"checksum": sber_checksum(told, self.passwords["sber-callback"])}
        if order.bank == YOOKASSA:
            event = "payment.succeeded" if is_paid else "payment.canceled"
            inner = {
                "id": order.id,
                "status": event.partition(".")[2],
                "amount": {"value": roubles(order.amount_kopecks), "currency": "RUB"},
            }
            return {"type": "notification", "event": event, "object": inner}
        told = {
            "TerminalKey": "demo-terminal",
            "OrderId": order.number,
            "Success": is_paid,
            "Status": "CONFIRMED" if is_paid else "REJECTED",
            "PaymentId": int(order.id),
            "ErrorCode": "0",
            "Amount": order.amount_kopecks,
            "Pan": masked(order.card),
        }
        return told | {"Token": tbank_token(told, self.passwords["tbank"])}


def masked(card: str) -> str:
    """411111******1111."""
    return f"{card[:6]}******{card[-4:]}" if len(card) > 10 else ""
