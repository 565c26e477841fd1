"""/pay/{number}: whoever has the link sees the sum and the account number and may pay; nothing else."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from storage import card_gates, card_orders, card_pages
from storage.card_gates import CardGate
from storage.card_orders import METHODS, OFFERED, OPEN, Order
from storage.scope import SYSTEM
from storage.session import Session
from web import card_words, clock
from web.card_words import OrderCard
from web.deps import FORM_COOKIE, config, database
from web.errors import NotFound
from web.forms import Typed, blank, read_form
from web.render import page, see_other
from web.roles import allow_anyone

TOKEN_BYTES = 24

router = APIRouter(prefix="/pay", dependencies=[allow_anyone()])


@dataclass(frozen=True, slots=True)
class LinkView:
    """The order behind a link."""

    card: OrderCard
    gates: dict[str, CardGate]
    form: Typed

    @property
    def is_offered(self) -> bool:
        """Whether the payer has yet to choose."""
        return self.card.order.state == OFFERED and clock.now() < self.card.order.expires_at


async def _order(session: Session, number: str) -> Order:
    order = await card_orders.by_number(session, number)
    if order is None or order.source != "link":
        raise NotFound("Такой ссылки нет.", "Попросите новую у управляющей организации.")
    return order


async def _view(session: Session, number: str, form: Typed, goes: bool = False) -> LinkView:
    order = await _order(session, number)
    checks = await card_pages.checks_of(session, order.id)
    gates = await card_gates.taking(session, METHODS) if order.state == OFFERED else {}
    return LinkView(OrderCard(order, checks, clock.now(), f"/pay/{number}", goes), gates, form)


@router.get("/{number}")
async def show(request: Request, number: str, go: str = "") -> Response:
    """The sum and the choice, or how it stands."""
    async with database(request).reading(SYSTEM) as session:
        view = await _view(session, number, blank(), go == "1")
    token = request.state.csrf = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(TOKEN_BYTES)
    answer = page(request, "paylink/link.html", view)
    is_https = config(request).is_https
    answer.set_cookie(FORM_COOKIE, token, httponly=True, samesite="lax", secure=is_https, path="/pay")
    return answer


@router.get("/{number}/state")
async def state(request: Request, number: str, go: str = "") -> Response:
    """How it stands, asked by the page itself."""
    async with database(request).reading(SYSTEM) as session:
        view = await _view(session, number, blank(), go == "1")
    if view.card.leaves:
        return Response(status_code=204, headers={"HX-Redirect": view.card.order.link})
    return page(request, "paylink/link.html", view, block="order")


@router.get("/{number}/bank")
async def to_bank(request: Request, number: str) -> Response:
    """Where the payer goes without scripts."""
    async with database(request).reading(SYSTEM) as session:
        order = await _order(session, number)
    return RedirectResponse(order.link if order.state == OPEN else f"/pay/{number}", status_code=303)


@router.post("/{number}")
async def choose(request: Request, number: str) -> Response:
    """The payer has chosen; a second press changes nothing."""
    form = await read_form(request)
    request.state.csrf = request.cookies.get(FORM_COOKIE, "")
    async with database(request).transaction(SYSTEM) as session:
        view = await _view(session, number, form)
        if not view.is_offered:
            return see_other(request, f"/pay/{number}")
        gate = view.gates.get(form.choice("method", view.gates, "Выберите: картой или по СБП."))
        contact = card_words.contact_of(form.value("contact"))
        if contact is None:
            form.refuse("contact", "Введите почту или телефон: на них придёт кассовый чек.")
        if gate is not None and contact is not None and form.is_good:
            await card_orders.choose(
                session,
                view.card.order,
                form.value("method"),
                gate.id,
                contact=contact,
                return_url=f"{request.url.scheme}://{request.url.netloc}/pay/{number}",
                expires_at=clock.now() + card_words.lifetime(gate),
            )
            return see_other(request, f"/pay/{number}?go=1")
    return page(request, "paylink/link.html", view, status=422)
