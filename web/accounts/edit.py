"""Edit in place: area, registration, deregistration, owners; a form on the card, its effect, the history."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from fastapi import APIRouter, Request, Response

from storage import account_pages
from storage.account_history import history
from storage.account_pages import AccountHead
from storage.people import PeopleRefused
from storage.preview import what_if
from storage.session import Session
from web import clock
from web.accounts.card import ACCOUNT_STAFF, OPERATORS, account_view
from web.accounts.edits import (
    SECTIONS,
    Change,
    Effect,
    judge,
    money_words,
    month_words,
    opened,
    person_of,
    view_of,
)
from web.accounts.past import history_view
from web.deps import CurrentUser, Reader, Writer, address_of, database, scope_of
from web.errors import NotFound, PageError
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import Me, allow

router = APIRouter(prefix="/accounts/{account_id}", dependencies=[allow(*ACCOUNT_STAFF)])

FIELDS = {
    "area": {"area": "area_total"},
    "register": {"born": "register_born", "no_end": "register_last", "no_name": "register_surname"},
    "owners": {"born": "owners_born", "share": "", "no_owner": ""},
}
"""Where a refusal of storage.people stands on a form; by the day when it is not here."""


@router.get("/edit/{deed}", dependencies=[allow(*OPERATORS)])
async def show(
    request: Request, account_id: int, deed: str, me: CurrentUser, session: Reader, registration: str = ""
) -> Response:
    """The card with the form open; the section alone for htmx."""
    account, opened_on = await _account(session, me, account_id, deed)
    person = person_of(account, registration) if deed == "deregister" else None
    if deed == "deregister" and person is None:
        raise NotFound("Этой регистрации уже нет.", "Обновите страницу счёта и посмотрите, что записано.")
    edit = opened(deed, account, clock.today(), person, opened_on)
    view = await account_view(session, me, account_id, edit=edit)
    return page(request, "accounts/card.html", view, SECTIONS[deed])


async def _account(session: Session, me: Me, account_id: int, deed: str) -> tuple[AccountHead, dt.date]:
    """The account under the person's scope and the open month; refuses a form that cannot be."""
    if deed not in SECTIONS:
        raise NotFound
    if me.open_period is None:
        raise PageError("Нет открытого месяца.", "Его открывает расчётный центр.", status=409)
    account = await account_pages.head(session, account_id, me.open_period, clock.today())
    if account is None:
        raise NotFound("Такого счёта нет.", "Проверьте номер или найдите квартиру через поиск.")
    if account.closed_on is not None:
        raise PageError(
            "Счёт закрыт, данные не меняются.",
            f"Он закрыт {account.closed_on:%d.%m.%Y}. Откройте действующий счёт этой квартиры.",
            status=409,
        )
    return account, me.open_period


@router.post("/edit/{deed}", dependencies=[allow(*OPERATORS)])
async def change(request: Request, account_id: int, deed: str, me: CurrentUser, session: Writer) -> Response:
    """Do it; 422 with the section and what was typed when it cannot be done."""
    account, open_period = await _account(session, me, account_id, deed)
    form = await read_form(request)
    asked = judge(deed, form, account, clock.today())
    if asked is not None:
        try:
            async with session.begin_nested():
                changed = await asked.make(session, me.user_id, address_of(request))
        except PeopleRefused as refused:
            form.refuse(FIELDS.get(deed, {}).get(refused.code, f"{deed}_day"), refused.message)
        else:
            if changed:
                target = f"/accounts/{account_id}?done={deed}&day={asked.day.isoformat()}#{SECTIONS[deed]}"
                return see_other(request, target)
            form.refuse("", "Ничего не изменилось: на этот день записано то же самое.")
    effect = Effect(month_words(asked.day, open_period)) if asked is not None else Effect()
    edit = view_of(deed, account, form, person_of(account, form.value("registration")), effect)
    view = await account_view(session, me, account_id, edit=edit)
    return page(request, "accounts/card.html", view, SECTIONS[deed], status=422)


@router.post("/edit/{deed}/effect", dependencies=[allow(*OPERATORS)])
async def effect(request: Request, account_id: int, deed: str, me: CurrentUser, session: Reader) -> Response:
    """What the change means before it is kept: the month it touches and the money. Writes nothing."""
    account, open_period = await _account(session, me, account_id, deed)
    form = await read_form(request)
    told = await _effect(request, me, deed, form, account, open_period)
    return page(request, "accounts/_effect.html", told, "effect")


async def _effect(
    request: Request, me: Me, deed: str, form: Typed, account: AccountHead, open_period: dt.date
) -> Effect:
    day = form.date(f"{deed}_day", "")
    if day is None:
        return Effect()
    told = Effect(month_words(day, open_period))
    if not form.value(f"{deed}_ground"):
        form.values[f"{deed}_ground"] = "Ещё не указано"  # money is shown before the paper is found
    form.errors.clear()
    asked = judge(deed, form, account, clock.today())
    if asked is None:
        return told
    return Effect(told.month_words, await _money(request, me, asked, open_period))


async def _money(request: Request, me: Me, asked: Change, open_period: dt.date) -> str:
    """The nearest charge with the change and without it; nothing when the deed would be refused."""

    async def deed(session: Session) -> None:
        await asked.make(session, me.user_id, address_of(request))

    scope = scope_of(request)
    assert scope is not None, "somebody is signed in"
    try:
        before, after = await what_if(database(request), scope, asked.account_id, open_period, deed)
    except PeopleRefused as refused:
        return refused.message
    return money_words(
        None if before.parked else before.total_kopecks,
        None if after.parked else after.total_kopecks,
        after.parked,
        open_period,
    )


@router.get("/history")
async def show_history(request: Request, account_id: int, me: CurrentUser, session: Reader) -> Response:
    """«История»: area, people and owners as they were, who entered what; a panel beside the card."""
    view = await account_view(session, me, account_id)
    past = history_view(await history(session, account_id), view.account)
    return page(request, "accounts/card.html", replace(view, past=past), "panel")
