"""Acts of checks of meters at the desk: judged, withdrawn (Rules 354, cl. 61)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from storage.account_pages import AccountHead
from storage.meter_checks import WORDS_MAX, NewCheck, add_check, withdraw_check
from storage.people import Deed, PeopleRefused
from storage.session import Session
from web import clock
from web.corrections.words import CORRECTORS
from web.deps import CurrentUser, Writer, address_of
from web.errors import Conflict
from web.forms import Typed, read_form
from web.render import see_other
from web.roles import allow

router = APIRouter(prefix="/corrections/accounts/{account_id:int}/checks")


def check(
    form: Typed, account: AccountHead, deed: Deed
) -> tuple[dt.date, Callable[[Session], Awaitable[object]]] | None:
    """The act of a form: the month of the check is the one its difference is charged in."""
    meter = form.integer("meter", "Выберите счётчик.")
    number = form.text("number", "Укажите номер акта: 12.", WORDS_MAX)
    day = form.date("checked_on", "Укажите день проверки: 14.09.2026.")
    inspector = form.text("inspector", "Укажите, кто проверял: контролёр Петров.", WORDS_MAX)
    form.text("value1", "Введите показание, которое увидели на проверке: 124,35.")
    if day is not None and day > clock.today():
        form.refuse("checked_on", "Этот день ещё не наступил. Проверьте дату.")
    if meter is None or day is None or not form.is_good:
        return None
    texts = tuple(form.value(f"value{zone}") for zone in (1, 2, 3))
    new = NewCheck(meter, number, day, inspector, texts)

    async def make(session: Session) -> object:
        return await add_check(session, account.id, new, deed)

    return day, make


@router.post("/{act_id:int}/withdraw", dependencies=[allow(*CORRECTORS)])
async def withdraw(
    request: Request, account_id: int, act_id: int, me: CurrentUser, session: Writer
) -> Response:
    """Take an act back; the month it was charged in is corrected from the page that follows."""
    form = await read_form(request)
    ground = form.value("ground") or "Внесено ошибочно"
    try:
        account = await withdraw_check(session, act_id, Deed(me.user_id, ground, address_of(request)))
    except PeopleRefused as refused:
        raise Conflict("Акт не отменён.", refused.message) from refused
    return see_other(request, f"/corrections/accounts/{account}?fact=since&done=withdrawn")
