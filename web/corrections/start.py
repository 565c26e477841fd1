"""A new correction of a house, an organisation or the city: months, why, by what document."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import choices
from storage.choices import Choice
from storage.corrections import Ground, request_correction
from storage.recompute import MONTHS_MAX
from storage.runs import RunRefused
from storage.session import Session
from web import clock
from web.corrections.words import CORRECTORS, REASON_CHOICES, SCOPES
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict
from web.filters import month
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import Me, Role, allow

router = APIRouter(prefix="/corrections", dependencies=[allow(*CORRECTORS)])

GROUND_MAX, NOTE_MAX = 300, 1000


@dataclass(frozen=True, slots=True)
class StartView:
    """The form of a correction; `command` makes a second press of the button harmless."""

    form: Typed
    scopes: dict[str, str]
    companies: list[tuple[str, str]]
    found: list[Choice]
    reasons: list[tuple[str, str]]
    months: list[tuple[str, str]]


@router.get("/new")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The form; the address may choose the scope, the first month and the reason."""
    form = Typed({name: value[:300] for name, value in request.query_params.items()})
    opened = _open(me)
    if form.value("scope") not in SCOPES:
        form.values["scope"] = "house"
    form.values.setdefault("first", str(opened.shift(-1)))
    form.values.setdefault("last", str(opened.shift(-1)))
    form.values["command"] = secrets.token_hex(16)
    return page(request, "corrections/start.html", await _view(session, me, form), "form")


def _open(me: Me) -> Period:
    if me.open_period is None:
        raise Conflict(
            "Открытого месяца нет.", "Перерасчёт проводят в открытом месяце. Сначала откройте его."
        )
    return Period.of(me.open_period)


async def _view(session: Session, me: Me, form: Typed, found: list[Choice] | None = None) -> StartView:
    opened = _open(me)
    months = [opened.shift(-back) for back in range(1, MONTHS_MAX + 1)]
    in_centre = me.may(Role.CENTRE, Role.PUBLISHER)
    companies = [(str(one.id), one.name) for one in await choices.companies(session)]
    return StartView(
        form=form,
        scopes={key: words for key, words in SCOPES.items() if key != "city" or in_centre},
        companies=[("", "Выберите"), *companies] if in_centre else [],
        found=found or [],
        reasons=REASON_CHOICES,
        months=[(str(one), month(one.first_day)) for one in months],
    )


@router.post("/new")
async def draft(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Ask for the draft; nothing is posted until somebody looks at it."""
    form = await read_form(request)
    kind = form.choice("scope", tuple(SCOPES), "Выберите, что пересчитать.")
    if kind == "city" and not me.may(Role.CENTRE, Role.PUBLISHER):
        form.refuse("scope", "Весь город пересчитывает расчётный центр. Выберите организацию, дом или счёт.")
    first, last = form.period("first"), form.period("last")
    ground = ground_of(form)
    scope_id, found = await _scope(session, me, form, kind)
    if form.is_good and first is not None and last is not None and ground is not None:
        try:
            async with session.begin_nested():
                run_id = await request_correction(
                    session, kind, scope_id, first, last, ground, me.user_id, _command(form)
                )
            return see_other(request, f"/corrections/{run_id}")
        except RunRefused as refused:
            form.refuse(
                "first" if refused.code in ("months", "month-open", "too-many-months") else "",
                refused.message,
            )
    view = await _view(session, me, form, found)
    return page(request, "corrections/start.html", view, "form", status=422, retitle=True)


def _command(form: Typed) -> str | None:
    value = form.value("command")
    return value if 16 <= len(value) <= 64 else None


def ground_of(form: Typed) -> Ground | None:
    """Reason, document, its day and a note; None with errors beside the fields."""
    reason = form.choice("reason", tuple(key for key, _ in REASON_CHOICES if key), "Выберите причину.")
    document = form.text("ground", "Укажите документ и номер: «Справка № 5».", GROUND_MAX)
    day = form.date("ground_on", "Укажите дату документа: 03.10.2026.")
    note = form.value("note")
    if len(note) > NOTE_MAX:
        form.refuse("note", f"Слишком длинно: {len(note)} знаков, помещается {NOTE_MAX}.")
    if day is not None and day > clock.today():
        form.refuse("ground_on", "Документ из будущего. Проверьте дату.")
    if day is None or not form.is_good:
        return None
    return Ground(reason, document, day, note)


async def _scope(session: Session, me: Me, form: Typed, kind: str) -> tuple[int | None, list[Choice]]:
    """Which account, house or organisation the form means; houses to choose from when there are several."""
    if kind == "city":
        return None, []
    if kind == "organisation":
        if me.may(Role.COMPANY):
            return me.organisation_id, []
        return form.integer("company", "Выберите организацию."), []
    if kind == "account":
        number = form.text("account", "Введите номер лицевого счёта.", 20)
        account = await choices.account_of_number(session, number) if number else None
        if number and account is None:
            form.refuse("account", f"Счёта {number} нет. Проверьте номер.")
        return account, []
    if form.value("house_id"):
        return form.integer("house_id", "Выберите дом."), []
    return await house_of(session, form)


async def house_of(session: Session, form: Typed) -> tuple[int | None, list[Choice]]:
    """A house by street and number."""
    street, number = form.value("street"), form.value("house").lower()
    plain = " ".join(street.lower().replace("ё", "е").split())
    found = list(await choices.house_of_address(session, plain, number)) if plain and number else []
    if len(found) == 1:
        return found[0].id, []
    if not found:
        form.refuse("street", "Дом не найден. Начните с первых букв улицы и номера: «лен», 12.")
    else:
        form.refuse("house_id", "Домов с таким адресом несколько. Выберите один.")
    return None, found
