"""What every bank can do for us, in our words: the shape that three banks and the fake have alike."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import Any, Protocol

from gateways.acquiring.profile import Profile
from gateways.http import Answer, CounterpartAway, CounterpartRefused
from storage.card_orders import Order, Seen
from storage.card_refunds import RefundJob
from storage.card_work import Job

ROUBLES = re.compile(r"(\d{1,13})(?:\.(\d{1,2}))?")
UNCLEAR = "Банк ответил непонятно, спросим ещё раз"
NOT_KNOWN_TO_BANK = "Банк нас не узнал: проверьте имя магазина и ключ"
DECLINED = "Банк отклонил оплату. Деньги не списаны, сумма сохранена."
NO_MONEY = "Банк отказал: не хватает денег на карте. Деньги не списаны, сумма сохранена."
NO_3DS = "Банк не получил подтверждения от вас. Деньги не списаны, сумма сохранена."
BAD_CARD = "Банк не принял эту карту: проверьте номер и срок или возьмите другую. Деньги не списаны."
GONE_BY = "Вы не закончили оплату на странице банка. Деньги не списаны, сумма сохранена."


@dataclass(frozen=True, slots=True)
class Opened:
    """An order at a bank: its number there and where the payer goes (a page, or the payload of СБП)."""

    bank_id: str
    link: str


class Bank(Protocol):
    """Raises gateways.http.CounterpartAway (asked again) and CounterpartRefused (never for this order)."""

    async def open(self, job: Job) -> Opened:
        """Make the order at the bank."""

    async def look(self, order: Order) -> Seen:
        """How the order stands: the only thing money is credited on."""

    async def give_back(self, refund: RefundJob, today: dt.date) -> int | None:
        """Send a refund; the total given back so far when the bank says it at once."""


def purpose(job: Job) -> str:
    """The words of the payment, by which the payer knows it."""
    order = job.order
    return f"Оплата ЖКУ, лицевой счёт {order.account_number}"


def roubles(kopecks: int) -> str:
    """127500 → «1275.00»."""
    return f"{kopecks // 100}.{kopecks % 100:02d}"


def kopecks(value: object) -> int:
    """«1275.00» → 127500, exactly. Raises CounterpartAway for what is no sum."""
    found = ROUBLES.fullmatch(str(value))
    if found is None:
        raise CounterpartAway(UNCLEAR)
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


def whole(value: object) -> int:
    """A sum in kopecks as a bank writes it: 127500 or «127500». Raises CounterpartAway."""
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > 15:
        raise CounterpartAway(UNCLEAR)
    return int(text)


def json_of(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer. Raises CounterpartAway: 5xx, 429 say nothing, 401, 403 wait for a key."""
    if answer.status in (401, 403):
        raise CounterpartAway(NOT_KNOWN_TO_BANK)
    if answer.status >= 500 or answer.status in (404, 408, 429):
        raise CounterpartAway(f"Банк отвечает кодом {answer.status}")
    try:
        found = json.loads(answer.body)
    except ValueError as error:
        raise CounterpartAway(UNCLEAR) from error
    if not isinstance(found, dict):
        raise CounterpartAway(UNCLEAR)
    return found


def refused(words: object) -> CounterpartRefused:
    """A refusal in the bank's own words."""
    return CounterpartRefused(f"Банк отказал: {str(words or 'без объяснения')[:300]}")


def check_items(order: Order) -> list[tuple[str, int]]:
    """Lines of the fiscal receipt that the bank makes: words and kopecks."""
    base = f"ЖКУ, лицевой счёт {order.account_number}"
    return [
        (f"{base}, {part.payee_name}" if part.payee_name else base, part.amount_kopecks)
        for part in order.left
    ]


def is_email(contact: str) -> bool:
    """Whether the contact of the payer is an address; else it is a phone."""
    return "@" in contact


__all__ = ["Bank", "Job", "Opened", "Profile", "RefundJob", "Seen"]
