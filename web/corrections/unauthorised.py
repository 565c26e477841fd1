"""Acts about tampering and unauthorised connections at the desk: judged, withdrawn (Rules 354, cl. 62)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from billing.services import CATALOGUE
from billing.unauthorised import Way
from storage.account_pages import AccountHead
from storage.people import Deed, PeopleRefused
from storage.session import Session
from storage.unauthorised import SERVICES, WAYS, NewUse, add_use, withdraw_use
from web.corrections.words import CORRECTORS
from web.deps import CurrentUser, Writer, address_of
from web.errors import Conflict
from web.forms import Typed, read_form
from web.render import see_other
from web.roles import allow

router = APIRouter(prefix="/corrections/accounts/{account_id:int}/unauthorised")

USE_SERVICES = [("", "Выберите"), *((str(int(code)), CATALOGUE[code].label) for code in SERVICES)]
USE_WAYS = [("", "Выберите"), *((str(int(way)), words) for way, words in WAYS.items())]


def unauthorised(
    form: Typed, account: AccountHead, deed: Deed
) -> tuple[dt.date, Callable[[Session], Awaitable[object]]] | None:
    """The act of a form: the month of the finding is the one it is charged in."""
    service = form.choice("service", tuple(code for code, _ in USE_SERVICES[1:]), "Выберите услугу.")
    way = form.choice("way", tuple(code for code, _ in USE_WAYS[1:]), "Выберите, что нашли.")
    found = form.date("found_on", "Укажите день проверки: 10.09.2026.")
    first = form.date("first", "Укажите, с какого дня: 01.07.2026.")
    fixed = form.date("fixed", "Укажите день, когда устранено: 15.09.2026.")
    capacity: int | None = 0
    if way == str(int(Way.CONNECTION)):
        capacity = form.scaled("capacity", 6, "Введите, сколько единиц в час: 2,5.")
    if found is None or first is None or fixed is None or capacity is None or not form.is_good:
        return None
    known = form.value("first_known") == "1"
    new = NewUse(int(service), int(way), found, first, fixed, capacity, known)

    async def make(session: Session) -> object:
        return await add_use(session, account.id, new, deed)

    return found, make


@router.post("/{act_id:int}/withdraw", dependencies=[allow(*CORRECTORS)])
async def withdraw(
    request: Request, account_id: int, act_id: int, me: CurrentUser, session: Writer
) -> Response:
    """Take an act back; the month it was charged in is corrected from the page that follows."""
    form = await read_form(request)
    ground = form.value("ground") or "Внесено ошибочно"
    try:
        account = await withdraw_use(session, act_id, Deed(me.user_id, ground, address_of(request)))
    except PeopleRefused as refused:
        raise Conflict("Акт не отменён.", refused.message) from refused
    return see_other(request, f"/corrections/accounts/{account}?fact=since&done=withdrawn")
