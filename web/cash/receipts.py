"""Money taken: its page, its slip on 80 mm or A5, storno within the shift."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from billing.cash import Slip, SlipPart
from receipts.slip import ROLL, SIZES, render_slip
from storage import cash, cash_pages, desk_checks
from storage.cash import REASON_MAX, CashRefused
from storage.cash_pages import Receipt
from storage.desk_checks import NUMBER_MAX, DeskCheck
from storage.session import Session
from web.card_words import CHECK_KINDS, CHECK_STATES
from web.cash.desk import CASHIERS
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound, PageError
from web.filters import MOSCOW
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import Me, allow

router = APIRouter(prefix="/cash/receipts", dependencies=[allow(*CASHIERS)])


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A receipt; parts are empty while the worker posts it."""

    one: Receipt
    parts: list[SlipPart]
    form: Typed
    may_void: bool
    checks: list[DeskCheck]
    kinds: dict[str, str] = field(default_factory=lambda: CHECK_KINDS)
    states: dict[str, tuple[str, str]] = field(default_factory=lambda: CHECK_STATES)

    @property
    def is_posted(self) -> bool:
        return self.one.entry_id is not None


async def _receipt(session: Session, receipt_id: int) -> Receipt:
    one = await cash_pages.receipt(session, receipt_id)
    if one is None:
        raise NotFound("Такого чека нет.", "Откройте смену: там все принятые платежи.")
    return one


async def _view(session: Session, me: Me, receipt_id: int, form: Typed) -> ReceiptView:
    one = await _receipt(session, receipt_id)
    parts = await cash_pages.parts(session, one.entry_id) if one.entry_id is not None else []
    may_void = one.voided_at is None and one.shift_closed_at is None and one.opened_by == me.user_id
    return ReceiptView(one, parts, form, may_void, await desk_checks.of_receipt(session, receipt_id))


@router.get("/{receipt_id:int}")
async def show(request: Request, receipt_id: int, me: CurrentUser, session: Reader) -> Response:
    """The receipt with how its money fell."""
    view = await _view(session, me, receipt_id, Typed())
    return page(request, "cash/receipt.html", view, block="receipt")


@router.get("/{receipt_id:int}.pdf")
async def slip(receipt_id: int, session: Reader, size: str = ROLL) -> Response:
    """The slip to be printed; ?size= is 80 or a5."""
    one = await _receipt(session, receipt_id)
    if one.entry_id is None:
        raise PageError(
            "Платёж ещё разносится.", "Подождите несколько секунд и напечатайте ещё раз.", status=409
        )
    if size not in SIZES:
        raise NotFound("Такого размера чека нет.", "Печатают на ленте 80 мм и на листе А5.")
    taken = one.taken_at.astimezone(MOSCOW)
    told = Slip(
        one.payment_number, taken, one.desk, one.company, one.inn, one.cashier, one.account_number,
        one.address, one.payer_name, one.amount_kopecks, one.given_kopecks,
        await cash_pages.parts(session, one.entry_id), one.voided_at is not None,
    )  # fmt: skip
    content = await asyncio.to_thread(render_slip, told, size)
    headers = {"Content-Disposition": f'inline; filename="slip-{one.payment_number}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


@router.post("/{receipt_id:int}/void")
async def void(request: Request, receipt_id: int, me: CurrentUser, session: Writer) -> Response:
    """Give the money back, with a reason."""
    form = await read_form(request)
    reason = form.text("reason", "Напишите причину: ошиблись счётом, суммой.", REASON_MAX)
    if form.is_good:
        try:
            await cash.void(session, receipt_id, reason, me.user_id, form.value("check")[:NUMBER_MAX])
            return see_other(request, f"/cash/receipts/{receipt_id}")
        except CashRefused as refusal:
            form.refuse("", refusal.message)
    view = await _view(session, me, receipt_id, form)
    return page(request, "cash/receipt.html", view, block="receipt", status=422)
