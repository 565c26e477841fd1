"""«Перерывы и качество»: what was wrong with a service in a house, an entrance or a flat, with hours."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from billing.period import Period
from billing.reduction import Mark, Trouble
from billing.services import CATALOGUE
from storage import choices
from storage.choices import Choice
from storage.people import Deed, PeopleRefused
from storage.session import Session
from storage.troubles import (
    KINDS,
    MEASURES,
    NewTrouble,
    TroubleRefused,
    TroubleView,
    add_trouble,
    troubles,
    withdraw_trouble,
)
from web.corrections.start import house_of
from web.corrections.words import CORRECTORS, LOGGERS, READERS
from web.deps import CurrentUser, Reader, Writer, address_of, now
from web.errors import Conflict
from web.export import Cell, Column, export_file
from web.forms import Typed, read_form
from web.lists import ListState, list_state
from web.render import page, see_other
from web.roles import Role, allow

router = APIRouter(prefix="/corrections/events", dependencies=[allow(*READERS, Role.DISPATCHER)])

FILTERS = ("street", "service")
COLUMNS = (
    Column("Адрес", "text", 34),
    Column("Подъезд", "text", 9),
    Column("Счёт", "text", 13),
    Column("Услуга", "text", 26),
    Column("Что было", "text", 34),
    Column("Начало", "text", 17),
    Column("Конец", "text", 17),
    Column("Минут", "integer", 9),
    Column("Основание", "text", 40),
)
SERVICES = sorted({service for _, services in KINDS.values() for service in services})
REQUIRED_USUAL = "18"


@dataclass(frozen=True, slots=True)
class EventsView:
    """The list of events."""

    state: ListState
    rows: list[TroubleView]
    services: list[tuple[int, str]]
    chips: list[tuple[str, str]]
    may_log: bool
    may_draft: bool

    def when(self, row: TroubleView, at: dt.datetime) -> str:
        """An instant by the clock of the house."""
        return local(row, at)

    def correction(self, row: TroubleView) -> str:
        """The address of a correction that takes this event into account."""
        first = Period.of(row.started_at.astimezone(ZoneInfo(row.timezone)).date())
        last = Period.of(row.ended_at.astimezone(ZoneInfo(row.timezone)).date())
        street, _, number = row.address.rpartition(", ")
        query = {
            "scope": "house",
            "street": street.partition(" ")[2],
            "house": number,
            "first": str(first),
            "last": str(last),
            "reason": "quality",
            "ground": row.ground,
        }
        return f"/corrections/new?{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class NewView:
    """The form of an event."""

    form: Typed
    kinds: list[tuple[str, str]]
    services: list[tuple[str, str]]
    found: list[Choice]
    measure: str
    trouble: Trouble


def local(row: TroubleView, at: dt.datetime) -> str:
    """«10.08.2026 14:30» by the clock of the house's city."""
    return f"{at.astimezone(ZoneInfo(row.timezone)):%d.%m.%Y %H:%M}"


async def _found(session: Session, state: ListState) -> list[TroubleView]:
    street = " ".join(state.get("street").lower().replace("ё", "е").split())
    return await troubles(session, service=state.number("service"), street=street)


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """What was entered, newest first."""
    state = list_state(request, FILTERS, ("started",), "-started")
    chips = []
    if state.get("street"):
        chips.append(("street", f"улица: {state.get('street')}"))
    if state.number("service") in CATALOGUE:
        chips.append(("service", CATALOGUE[state.number("service") or 0].label))
    view = EventsView(
        state=state,
        rows=await _found(session, state),
        services=[(code, CATALOGUE[code].label) for code in SERVICES],
        chips=chips,
        may_log=me.may(*LOGGERS),
        may_draft=me.may(*CORRECTORS),
    )
    return page(request, "corrections/events.html", view, "list")


@router.get(".{form}")
async def download(request: Request, form: str, session: Reader) -> Response:
    """The same list as a file."""
    rows = await _found(session, list_state(request, FILTERS, ("started",), "-started"))
    cells = [_cells(row) for row in rows]
    return await export_file(form, "Перерывы и качество", "Перерывы и качество услуг", COLUMNS, cells)


def _cells(row: TroubleView) -> list[Cell]:
    return [
        row.address,
        str(row.entrance or ""),
        row.account_number or "",
        row.service_label,
        row.label,
        local(row, row.started_at),
        local(row, row.ended_at),
        row.minutes,
        row.ground,
    ]


# ---- entering ----------------------------------------------------------------------------------------------


@router.get("/new", dependencies=[allow(*LOGGERS)])
async def show_new(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The form; what happened is chosen by the address, because fields depend on it."""
    form = Typed({name: value[:300] for name, value in request.query_params.items()})
    form.values.setdefault("required", REQUIRED_USUAL)
    form.values["key"] = secrets.token_hex(8)
    return page(request, "corrections/event_new.html", _new_view(form), "form")


def _new_view(form: Typed, found: list[Choice] | None = None) -> NewView:
    trouble = _trouble(form)
    return NewView(
        form=form,
        kinds=[(str(int(kind)), words) for kind, (words, _) in KINDS.items()],
        services=[(str(code), CATALOGUE[code].label) for code in KINDS[trouble][1]],
        found=found or [],
        measure=MEASURES.get(trouble, ""),
        trouble=trouble,
    )


def _trouble(form: Typed) -> Trouble:
    chosen = form.value("trouble")
    return next((kind for kind in KINDS if str(int(kind)) == chosen), Trouble.BREAK)


@router.post("/new", dependencies=[allow(*LOGGERS)])
async def enter(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep the event."""
    form = await read_form(request)
    house, found = await _house(session, form)
    new = await _judged(session, form, house)
    ground = form.text("ground", "Укажите акт, журнал или запись диспетчера с номером.", 300)
    if form.is_good and new is not None:
        try:
            async with session.begin_nested():
                await add_trouble(session, new, Deed(me.user_id, ground, address_of(request)), now())
            return see_other(request, "/corrections/events?done=added")
        except TroubleRefused as refused:
            form.refuse(refused.field, refused.message)
        except PeopleRefused as refused:
            form.refuse("ground", refused.message)
    view = _new_view(form, found)
    return page(request, "corrections/event_new.html", view, "form", status=422, retitle=True)


async def _house(session: Session, form: Typed) -> tuple[int | None, list[Choice]]:
    if form.value("house_id"):
        return form.integer("house_id", "Выберите дом."), []
    return await house_of(session, form)


async def _judged(session: Session, form: Typed, house: int | None) -> NewTrouble | None:
    trouble = _trouble(form)
    service = form.integer("service", "Выберите услугу.")
    zone = await choices.house_timezone(session, house) if house is not None else "Europe/Moscow"
    started = _moment(form, "from", "Начало", zone)
    ended = _moment(form, "to", "Конец", zone)
    value, required = _measures(form, trouble)
    entrance = (
        form.integer("entrance", "Введите номер подъезда или оставьте пусто.")
        if form.value("entrance")
        else None
    )
    marks = (Mark.DEAD_END if form.value("dead_end") == "1" else 0) | (
        Mark.TWO_FEEDS if form.value("two_feeds") == "1" else 0
    )
    account = None
    if form.value("account"):
        account = await choices.account_of_number(session, form.value("account"))
        if account is None:
            form.refuse("account", f"Счёта {form.value('account')} нет. Проверьте номер.")
    if account is not None and entrance is not None:
        form.refuse("account", "Укажите или подъезд, или один счёт.")
    if house is None or service is None or started is None or ended is None or not form.is_good:
        return None
    return NewTrouble(house, service, trouble, started, ended, value, required, marks, entrance, account)


def _measures(form: Typed, trouble: Trouble) -> tuple[int, int]:
    """What was measured and what is required, in tenths; a break of heating without a measure is +18 °C."""
    usual = int(REQUIRED_USUAL) * 10
    if trouble not in MEASURES or (trouble == Trouble.BREAK and not form.value("value")):
        return usual if trouble == Trouble.BREAK else 0, 0
    text = form.value("value")
    sign = -1 if text.startswith(("-", "−")) else 1
    plain = Typed({"value": text.lstrip("-−+ ")})
    value = plain.scaled("value", 1, f"{MEASURES[trouble]}: введите число, например 16,5.")
    if value is None:
        form.refuse("value", plain.errors["value"])
        return 0, 0
    required = (
        form.scaled("required", 1, "Введите температуру по норме: 18 или 20.")
        if trouble == Trouble.AIR
        else 0
    )
    return sign * value, required or 0


def _moment(form: Typed, name: str, label: str, zone: str) -> dt.datetime | None:
    day = form.date(f"{name}_day", f"{label}: укажите день.")
    try:
        time = dt.time.fromisoformat(form.value(f"{name}_time"))
    except ValueError:
        form.refuse(f"{name}_time", f"{label}: укажите время, например 14:30.")
        return None
    return None if day is None else dt.datetime.combine(day, time, ZoneInfo(zone))


@router.post("/{event_id:int}/withdraw", dependencies=[allow(*LOGGERS)])
async def withdraw(request: Request, event_id: int, me: CurrentUser, session: Writer) -> Response:
    """Take an event back; its months are corrected again after that."""
    form = await read_form(request)
    ground = form.value("ground") or "Внесено ошибочно"
    try:
        await withdraw_trouble(session, event_id, Deed(me.user_id, ground, address_of(request)))
    except TroubleRefused as refused:
        raise Conflict("Запись не отменена.", refused.message) from refused
    return see_other(request, "/corrections/events?done=withdrawn")
