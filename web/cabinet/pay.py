"""«Оплатить»: the whole, chosen payees or a sum, by card or СБП; the page to come back to; what was paid."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from storage import card_gates, card_orders, card_pages
from storage.card_gates import CardGate
from storage.card_orders import METHODS, OPEN, Order, Part, Wish
from storage.card_pages import PayeeDebt
from storage.session import Session
from web import card_words, clock
from web.cabinet.frame import Frame, frame
from web.card_words import STATES, OrderCard
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.filters import money
from web.forms import Typed, blank, read_form
from web.render import page, see_other
from web.roles import Me, Role, allow

router = APIRouter(prefix="/my/pay", dependencies=[allow(Role.RESIDENT)])

PATH = "/my/pay"
WHOLE, SUM, PAYEES = "whole", "sum", "payees"


@dataclass(frozen=True, slots=True)
class PayView:
    """The form, and payments made before."""

    frame: Frame
    form: Typed
    gates: dict[str, CardGate]
    by: str
    debts: list[PayeeDebt]
    orders: list[Order]
    states: dict[str, tuple[str, str]] = field(default_factory=lambda: STATES)

    @property
    def due_kopecks(self) -> int:
        """What is owed now."""
        return max(self.frame.account.balance_kopecks, 0)


@dataclass(frozen=True, slots=True)
class PaidView:
    """The page of one order."""

    frame: Frame
    card: OrderCard


@router.get("")
async def show(
    request: Request, me: CurrentUser, session: Reader, account: int | None = None, by: str = WHOLE
) -> Response:
    """The form."""
    view = await _view(session, me, account, by if by in (WHOLE, SUM, PAYEES) else WHOLE, None)
    return page(request, "cabinet/pay.html", view)


async def _view(session: Session, me: Me, account: int | None, by: str, form: Typed | None) -> PayView:
    held = await frame(session, me, account)
    gates = await card_gates.taking(session, METHODS)
    chosen = held.account
    debts = (
        await card_pages.debts_by_payee(session, chosen.id, chosen.company_id, held.today)
        if by == PAYEES
        else []
    )
    orders = await card_pages.history(session, chosen.id)
    contact = next((one.contact for one in orders if one.contact), "")
    typed = form or blank(contact=contact, idem=secrets.token_hex(16))
    return PayView(held, typed, gates, by, debts, orders)


@router.post("")
async def ask(request: Request, me: CurrentUser, session: Writer, account: int | None = None) -> Response:
    """Write the order and go to its page; the bank is spoken with by a worker."""
    form = await read_form(request)
    by = form.choice("by", (WHOLE, SUM, PAYEES), "Выберите, что оплатить.") or WHOLE
    view = await _view(session, me, account, by, form)
    gate = view.gates.get(form.choice("method", view.gates, "Выберите: картой или по СБП."))
    contact = card_words.contact_of(form.value("contact"))
    if contact is None:
        form.refuse("contact", "Введите почту или телефон: на них придёт кассовый чек.")
    raw = await request.form()
    parts = _parts(view, form, {str(value) for value in raw.getlist("payee")})
    _refuse_outside(view, form, sum(part.amount_kopecks for part in parts))
    if not form.is_good or gate is None or contact is None:
        return page(request, "cabinet/pay.html", view, status=422)
    wish = Wish(
        account_id=view.frame.account.id,
        parts=parts,
        idem=f"{me.user_id}:{form.value('idem') or secrets.token_hex(16)}",
        source="cabinet",
        user_id=me.user_id,
        contact=contact,
        method=form.value("method"),
        gate_id=gate.id,
        return_url=f"{request.url.scheme}://{request.url.netloc}{PATH}/",
    )
    number = await card_orders.make(session, wish, clock.now(), card_words.lifetime(gate))
    return see_other(request, f"{PATH}/{number}?go=1")


def _parts(view: PayView, form: Typed, chosen: set[str]) -> tuple[Part, ...]:
    """What is paid; refusals stand in the form."""
    if view.by == WHOLE:
        return (Part(view.due_kopecks),) if view.due_kopecks else ()
    if view.by == SUM:
        amount = form.scaled("sum", 2, "Введите сумму: рубли и копейки через запятую.")
        return (Part(amount),) if amount else ()
    parts = tuple(Part(debt.amount_kopecks, debt.id) for debt in view.debts if str(debt.id or 0) in chosen)
    if not parts:
        form.refuse("payees", "Отметьте, кому заплатить.")
    return parts


def _refuse_outside(view: PayView, form: Typed, amount: int) -> None:
    least, most = card_words.limits(view.gates)
    if form.is_good and not least <= amount <= most:
        words = f"Введите сумму от {money(least)} до {money(most)}."
        form.refuse("sum" if view.by == SUM else "", words)


@router.get("/{number}")
async def show_order(
    request: Request, number: str, me: CurrentUser, session: Reader, go: str = ""
) -> Response:
    """The order's own page: what the bank says, never what the address says."""
    view = await _order(session, me, number, go == "1")
    return page(request, "cabinet/paid.html", view)


@router.get("/{number}/state")
async def state(request: Request, number: str, me: CurrentUser, session: Reader, go: str = "") -> Response:
    """The same, asked by the page itself: once the bank has opened the order, the payer goes there."""
    view = await _order(session, me, number, go == "1")
    if view.card.leaves:
        return Response(status_code=204, headers={"HX-Redirect": view.card.order.link})
    return page(request, "cabinet/paid.html", view, block="order")


@router.get("/{number}/bank")
async def to_bank(number: str, me: CurrentUser, session: Reader) -> Response:
    """Where the payer goes without scripts."""
    view = await _order(session, me, number, False)
    order = view.card.order
    return RedirectResponse(order.link if order.state == OPEN else f"{PATH}/{number}", status_code=303)


async def _order(session: Session, me: Me, number: str, goes: bool) -> PaidView:
    order = await card_orders.by_number(session, number)
    if order is None or order.account_id not in me.account_ids:
        raise NotFound("Такой оплаты в вашем кабинете нет.", "Откройте «Оплатить» на главной.")
    held = await frame(session, me, order.account_id)
    checks = await card_pages.checks_of(session, order.id)
    return PaidView(held, OrderCard(order, checks, clock.now(), f"{PATH}/{number}", goes))
