"""A tariff or norm annulled or changed backwards: another value on days that were charged already.

Approved by another person it is in force at once; closed months wait for a correction in «Задним числом».
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import value_pages, value_proposals
from storage.second_person import ValueRefused
from storage.session import Session
from storage.value_pages import OldValue
from storage.value_proposals import NewValue
from web.centre.value_new import DOCUMENT_MAX, NORM_DIGITS, RATE_DIGITS
from web.centre.value_words import service_label, worded
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, allow

router = APIRouter(prefix="/centre/values/{family}/{value_id:int}/past", dependencies=[allow(*ACCRUERS)])


@dataclass(frozen=True, slots=True)
class PastView:
    """The form over an old value; before: what was in force until it, in words."""

    form: Typed
    old: OldValue
    label: str
    what: str
    value: str
    unit: str
    before: str
    last_day: dt.date | None
    address: str


async def _old(session: Session, family: str, value_id: int) -> OldValue:
    found = None
    if family in value_pages.ONE:
        found = await value_pages.old_value(session, family, value_id)
    if found is None:
        raise NotFound("Такого значения нет.", "Его изменили или оно одного дома. Откройте историю услуги.")
    return found


def _view(form: Typed, old: OldValue) -> PastView:
    own = (old.service_label, old.service_unit)
    what, value, unit = worded(old.family, old.service, old.component, old.kind, old.value, own)
    before = ""
    if old.before is not None:
        before = worded(old.family, old.service, old.component, old.kind, old.before, own)[1]
    return PastView(
        form=form,
        old=old,
        label=service_label(old.service, old.service_label),
        what=what,
        value=value,
        unit=unit,
        before=before,
        last_day=old.valid_to - dt.timedelta(days=1) if old.valid_to else None,
        address=f"/centre/values/{old.family}/{old.id}/past",
    )


@router.get("")
async def show(request: Request, family: str, value_id: int, session: Reader) -> Response:
    """The form: the days of the value and the one before it are filled in, so an annulment is one press."""
    old = await _old(session, family, value_id)
    view = _view(Typed({}), old)
    values = {
        "value": view.before.replace("\u2009", ""),
        "valid_from": old.valid_from.isoformat(),
        "last_day": view.last_day.isoformat() if view.last_day else "",
    }
    return page(request, "centre/value_past.html", _view(Typed(values), old), "form")


@router.post("")
async def propose(request: Request, family: str, value_id: int, me: CurrentUser, session: Writer) -> Response:
    """Keep the change until another person agrees."""
    old = await _old(session, family, value_id)
    form = await read_form(request)
    new = _read(form, old)
    if new is not None:
        try:
            await value_proposals.propose(session, new, me.user_id)
            return see_other(request, f"/centre/values?service={old.service}&done=proposed")
        except ValueRefused as refusal:
            form.refuse("value" if refusal.code == "same" else "valid_from", refusal.message)
    view = _view(form, old)
    return page(request, "centre/value_past.html", view, "form", status=422, retitle=True)


def _read(form: Typed, old: OldValue) -> NewValue | None:
    digits, example = (NORM_DIGITS, "7,16") if old.family == "norm" else (RATE_DIGITS, "51,2345")
    value = form.scaled("value", digits, f"Введите значение числом, например {example}.")
    first = form.date("valid_from", "Укажите первый день: 01.07.2026.")
    last = (
        form.date("last_day", "Укажите последний день или оставьте пусто.")
        if form.value("last_day")
        else None
    )
    document = form.text("document", "Укажите основание: решение суда, приказ, номер.", DOCUMENT_MAX)
    document_date = form.date("document_date", "Укажите дату документа: 16.12.2025.")
    if first is not None and last is not None and last < first:
        form.refuse("last_day", "Последний день раньше первого. Поменяйте одну из дат.")
    if not form.is_good or value is None or first is None or document_date is None:
        return None
    return NewValue(
        family=old.family,
        service=old.service,
        component=old.component,
        kind=old.kind,
        organisation_id=old.organisation_id,
        zone_id=old.zone_id,
        value=value,
        valid_from=first,
        document=document,
        document_date=document_date,
        valid_to=last + dt.timedelta(days=1) if last is not None else None,
        is_backward=True,
    )
