"""«Путь денег»: a payment, its postings, the transfers it left in, and the proof to the kopeck."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import money_trail
from storage.money_trail import MoneyTrail, PaymentLine
from web.deps import Reader
from web.errors import NotFound
from web.forms import Typed, blank
from web.payouts.words import BOOKS, ENTRY_KINDS, PAYMENT_STATES, TRANSFER_STATES
from web.render import page
from web.roles import CENTRE_STAFF, allow

router = APIRouter(prefix="/centre/money-trail", dependencies=[allow(*CENTRE_STAFF)])

NUMBER_MAX = 30


@dataclass(frozen=True, slots=True)
class TrailView:
    """The trail with its words."""

    trail: MoneyTrail
    books: dict[int, str]
    kinds: dict[str, str]
    states: dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FindView:
    """Payments of an account that was asked for."""

    form: Typed
    rows: list[PaymentLine]
    states: dict[str, tuple[str, str]]
    is_asked: bool


@router.get("")
async def find(request: Request, session: Reader, account: str = "") -> Response:
    """Payments of an account by its number: the way to a trail from a receipt in the hand."""
    number = account.strip()[:NUMBER_MAX]
    rows = await money_trail.payments_of(session, number) if number else []
    view = FindView(blank(account=number), rows, PAYMENT_STATES, bool(number))
    return page(request, "payouts/trail_find.html", view)


@router.get("/{payment_id}")
async def show(request: Request, payment_id: int, session: Reader) -> Response:
    """The trail of a payment."""
    found = await money_trail.trail(session, payment_id)
    if found is None:
        raise NotFound(f"Платежа {payment_id} нет.", "Проверьте номер платежа.")
    return page(request, "payouts/trail.html", TrailView(found, BOOKS, ENTRY_KINDS, TRANSFER_STATES))
