"""A reading entered at the desk: the same refusals as the resident's, and the nearest charge after it."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Request, Response

from billing.reading import ReadingAsked, ReadingRefused
from storage import account_meters, account_pages
from storage.inbox import KeyReused
from storage.reading_inbox import send_reading, state_of
from web import clock
from web.accounts.card import ACCOUNT_STAFF, OPERATORS, account_view
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict, NotFound, PageError
from web.forms import Typed, read_form
from web.meter_cards import MeterInput
from web.nearest import Nearest, nearest_charge
from web.render import page, see_other
from web.roles import allow

router = APIRouter(prefix="/accounts", dependencies=[allow(*ACCOUNT_STAFF)])


@router.post("/{account_id}/readings/{meter_id}", dependencies=[allow(*OPERATORS)])
async def enter(
    request: Request, account_id: int, meter_id: int, me: CurrentUser, session: Writer
) -> Response:
    """Judge and send a reading; 422 with the page and what was typed when it cannot be taken."""
    if me.open_period is None:
        raise PageError("Нет открытого месяца.", "Его открывает расчётный центр.", status=409)
    form = await read_form(request)
    today = clock.today()
    account = await account_pages.head(session, account_id, me.open_period, today)
    if account is None:
        raise NotFound("Такого счёта нет.", "Проверьте номер или найдите квартиру через поиск.")
    if meter_id not in await account_meters.meter_ids(session, account_id):
        raise NotFound("У этого счёта нет такого счётчика.", "Обновите страницу счёта.")
    typed = typed_of(form)
    try:
        await send_reading(
            session,
            meter_id,
            typed.texts,
            taken_on=_taken_on(form, today),
            source="company",
            user_id=me.user_id,
            key=typed.key,
            today=today,
            open_period=me.open_period,
            confirmed=form.value("confirmed") == "yes",
        )
    except ReadingAsked as asked:
        answer = MeterInput(typed.texts, question=asked.message, key=typed.key)
    except ReadingRefused as refused:
        answer = MeterInput(typed.texts, error=refused.message, key=typed.key)
    except KeyReused as reused:
        raise Conflict("Эта форма уже отправлена с другими цифрами.", str(reused)) from reused
    else:
        return see_other(request, f"/accounts/{account_id}?sent={typed.key}#meter-{meter_id}")
    view = await account_view(session, me, account_id, inputs={meter_id: answer})
    return page(request, "accounts/card.html", view, "meters", status=422)


def typed_of(form: Typed) -> MeterInput:
    """Texts by zone and the key of the form."""
    texts = tuple(form.value(f"value{zone}") for zone in (1, 2, 3) if f"value{zone}" in form.values)
    key = form.value("key")
    return MeterInput(texts, key=key) if 0 < len(key) <= 100 else MeterInput(texts)


def _taken_on(form: Typed, today: dt.date) -> dt.date:
    """The day the reading was taken: today unless the desk says otherwise."""
    if not form.value("taken_on"):
        return today
    day = form.date("taken_on", "Введите день снятия: 24.10.2026.")
    if day is None:
        raise ReadingRefused("bad_date", form.errors["taken_on"])
    return day


@router.get("/{account_id}/sent/{key}")
async def sent(request: Request, account_id: int, key: str, me: CurrentUser, session: Reader) -> Response:
    """The state of a reading on its way; a card asks until the intake has taken it."""
    state = await state_of(session, "company", key)
    if state is None:
        raise NotFound("Такого показания нет.")
    view = await account_view(session, me, account_id, sent=key)
    return page(request, "accounts/card.html", view, "meters")


@router.get("/{account_id}/nearest")
async def nearest(request: Request, account_id: int, me: CurrentUser, session: Reader) -> Response:
    """«Ближайшее начисление»: what the open month would charge if it were billed this minute."""
    if me.open_period is None:
        raise PageError("Нет открытого месяца.", "Его открывает расчётный центр.", status=409)
    account = await account_pages.head(session, account_id, me.open_period, clock.today())
    if account is None:
        raise NotFound("Такого счёта нет.", "Проверьте номер или найдите квартиру через поиск.")
    view: Nearest = await nearest_charge(request, account_id, account.number, account.address, me.open_period)
    return page(request, "accounts/nearest.html", view, "nearest")
