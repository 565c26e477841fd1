"""«Касса»: find the account by words or by a scanned code, see how the money falls, take it once."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from billing.cash import CASH_MAX_KOPECKS, SlipPart, account_of
from storage import cash, cash_pages
from storage.cash import CashRefused, Desk
from storage.cash_pages import WindowAccount
from storage.desk_checks import NUMBER_MAX
from storage.session import Session
from web import clock
from web.cash.desk import CASHIERS, desk_of
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.filters import MOSCOW, money
from web.forms import Typed, blank, read_form
from web.lists import ListState, list_state
from web.render import list_page, page, see_other
from web.roles import allow

router = APIRouter(prefix="/cash", dependencies=[allow(*CASHIERS)])

QUERY_MIN = 2
"""Fewer letters than that would find the whole company."""
CHECK_MISSING = "Пробейте чек на кассовом аппарате и впишите его номер."


@dataclass(frozen=True, slots=True)
class WindowView:
    """The search at the window."""

    desk: Desk
    state: ListState
    found: list[WindowAccount]
    is_asked: bool


@dataclass(frozen=True, slots=True)
class TakeView:
    """An account before the money is taken; parts: how the typed sum would fall, None before it is asked."""

    desk: Desk
    account: WindowAccount
    form: Typed
    parts: list[SlipPart] | None
    change_kopecks: int | None


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Found accounts; one exact number opens at once, as a scanner wants it."""
    desk = await desk_of(session, me)
    state = list_state(request, ("q",), ("address",), "address", "/cash")
    words = account_of(state.get("q"))
    is_asked = len(words) >= QUERY_MIN
    found = await cash_pages.window(session, desk.company_id, words) if is_asked else []
    if len(found) == 1 and found[0].number == words and "HX-Request" not in request.headers:
        return see_other(request, f"/cash/accounts/{found[0].id}")
    return list_page(request, "cash/window.html", WindowView(desk, state, found, is_asked), state, ())


async def _account(session: Session, desk: Desk, account_id: int) -> WindowAccount:
    found = await cash_pages.window_account(session, account_id)
    if found is None or found.company_id != desk.company_id:
        raise NotFound("Счёт не найден.", "Найдите его в кассе по номеру, адресу или фамилии.")
    return found


@router.get("/accounts/{account_id:int}")
async def account(request: Request, account_id: int, me: CurrentUser, session: Reader) -> Response:
    """The account and the form of a payment; the whole debt is proposed."""
    desk = await desk_of(session, me)
    one = await _account(session, desk, account_id)
    form = blank(amount=_roubles(one.owed_kopecks) if one.owed_kopecks else "", command=uuid4().hex)
    return page(request, "cash/take.html", TakeView(desk, one, form, None, None))


def _roubles(kopecks: int) -> str:
    return f"{kopecks // 100},{kopecks % 100:02d}"


def _sums(form: Typed) -> tuple[int, int]:
    """What is paid and what was given, kopecks; errors stay in the form."""
    amount = form.scaled("amount", 2, "Введите сумму: 1 250,50.")
    if amount is not None and not 0 < amount <= CASH_MAX_KOPECKS:
        form.refuse("amount", f"Введите сумму от копейки до {money(CASH_MAX_KOPECKS)} за один раз.")
    given = amount
    if form.value("given"):
        given = form.scaled("given", 2, "Введите, сколько дали: 2 000.")
        if given is not None and amount is not None and given < amount:
            form.refuse("given", f"Дали меньше суммы: не хватает {money(amount - given)}.")
    return amount or 0, given or 0


@router.post("/accounts/{account_id:int}/split")
async def split(request: Request, account_id: int, me: CurrentUser, session: Reader) -> Response:
    """How the sum would fall by the order of the company; nothing is written."""
    form = await read_form(request)
    desk = await desk_of(session, me)
    one = await _account(session, desk, account_id)
    amount, given = _sums(form)
    parts = await cash_pages.split(session, one, amount, clock.today()) if form.is_good else None
    view = TakeView(desk, one, form, parts, given - amount if form.is_good else None)
    return page(request, "cash/take.html", view, block="form", status=200 if form.is_good else 422)


@router.post("/accounts/{account_id:int}")
async def take(request: Request, account_id: int, me: CurrentUser, session: Writer) -> Response:
    """Take the money: once, however often the button is pressed."""
    form = await read_form(request)
    desk = await desk_of(session, me)
    one = await _account(session, desk, account_id)
    amount, given = _sums(form)
    check = form.text("check", CHECK_MISSING, NUMBER_MAX) if desk.has_own_register else ""
    command = form.value("command")
    if not command:
        form.refuse("", "Форма устарела. Откройте счёт ещё раз.")
    if form.is_good:
        try:
            made = await cash.take(
                session,
                desk,
                one.till,
                amount_kopecks=amount,
                given_kopecks=given,
                command_id=f"{me.user_id}:{command}",
                user_id=me.user_id,
                moment=clock.now(),
                zone=MOSCOW,
                check_number=check,
            )
            return see_other(request, f"/cash/receipts/{made}")
        except CashRefused as refusal:
            form.refuse("", refusal.message)
    view = TakeView(desk, one, form, None, None)
    return page(request, "cash/take.html", view, block="form", status=422)
