"""«Отключения»: an accident or a planned stop begins with its houses, ends with an hour, becomes a break."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from billing.services import CATALOGUE
from storage import choices, incidents
from storage.incidents import SERVICES, STATES, Incident, IncidentFilter, IncidentRefused, NewIncident
from storage.people import Deed
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer, address_of, now
from web.dispatch.words import DISPATCH_STAFF
from web.errors import Conflict, NotFound
from web.export import Cell, Column, export_file
from web.forms import Typed, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import page, see_other
from web.roles import allow

router = APIRouter(prefix="/dispatch/incidents", dependencies=[allow(*DISPATCH_STAFF)])

FILTERS = ("state", "service", "street")
COLUMNS = (
    Column("№", "integer", 8),
    Column("Услуга", "text", 26),
    Column("Вид", "text", 14),
    Column("Дома", "text", 50),
    Column("Домов", "integer", 8),
    Column("Начало", "text", 17),
    Column("План до", "text", 17),
    Column("Конец", "text", 17),
    Column("Причина", "text", 40),
    Column("Организация", "text", 26),
)


@dataclass(frozen=True, slots=True)
class IncidentsView:
    """The list."""

    state: ListState
    rows: Sequence[Incident]
    total: int
    services: list[tuple[int, str]]
    states: dict[str, str]
    chips: list[tuple[str, str]]

    def when(self, row: Incident, at: dt.datetime | None) -> str:
        """An instant by the clock of the houses."""
        return local(row, at)


@dataclass(frozen=True, slots=True)
class NewIncidentView:
    """The form of a new incident."""

    form: Typed
    services: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class EndView:
    """The form of the end of an incident."""

    form: Typed
    row: Incident
    started: str


def local(row: Incident, at: dt.datetime | None) -> str:
    """«10.08.2026 14:30» by the clock of the houses' city; empty for no instant."""
    return f"{at.astimezone(ZoneInfo(row.timezone)):%d.%m.%Y %H:%M}" if at is not None else ""


def _filter(state: ListState) -> IncidentFilter:
    chosen = state.get("state")
    return IncidentFilter(
        is_open={"open": True, "ended": False}.get(chosen),
        service=state.number("service"),
        street=" ".join(state.get("street").lower().replace("ё", "е").split()),
    )


@router.get("")
async def show(request: Request, session: Reader) -> Response:
    """Those that go on first."""
    state = list_state(request, FILTERS, ("started",), "-started")
    chips = []
    if state.get("state") in STATES:
        chips.append(("state", STATES[state.get("state")]))
    if state.number("service") in CATALOGUE:
        chips.append(("service", CATALOGUE[state.number("service") or 0].label))
    if state.get("street"):
        chips.append(("street", f"улица: {state.get('street')}"))
    wanted = _filter(state)
    view = IncidentsView(
        state=state,
        rows=await incidents.incidents(session, wanted, PAGE_ROWS, state.offset),
        total=await incidents.count(session, wanted),
        services=[(code, CATALOGUE[code].label) for code in SERVICES],
        states=STATES,
        chips=chips,
    )
    return page(request, "dispatch/incidents.html", view, "list")


@router.get(".{form}")
async def download(request: Request, form: str, session: Reader) -> Response:
    """The same list as a file."""
    state = list_state(request, FILTERS, ("started",), "-started")
    rows = await incidents.incidents(session, _filter(state), EXPORT_ROWS_MAX)
    return await export_file(form, "Отключения", "Отключения услуг", COLUMNS, [_cells(row) for row in rows])


def _cells(row: Incident) -> list[Cell]:
    return [
        row.id,
        row.service_label,
        "плановое" if row.is_planned else "авария",
        row.houses or "",
        row.houses_count,
        local(row, row.started_at),
        local(row, row.planned_until),
        local(row, row.ended_at),
        row.cause,
        row.company_name,
    ]


# ---- beginning ---------------------------------------------------------------------------------------------


@router.get("/new")
async def show_new(request: Request) -> Response:
    """The form."""
    form = Typed({name: value[:300] for name, value in request.query_params.items()})
    return page(request, "dispatch/incident_new.html", _new_view(form), "form")


def _new_view(form: Typed) -> NewIncidentView:
    return NewIncidentView(form, [(str(code), CATALOGUE[code].label) for code in SERVICES])


@router.post("/new")
async def begin(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep the incident."""
    form = await read_form(request)
    new = await _judged(session, form)
    if new is not None:
        deed = Deed(me.user_id, new.cause, address_of(request))
        try:
            async with session.begin_nested():
                await incidents.begin(session, new, deed, now())
            return see_other(request, "/dispatch/incidents?done=begun")
        except IncidentRefused as refused:
            form.refuse(refused.field, refused.message)
    return page(request, "dispatch/incident_new.html", _new_view(form), "form", status=422, retitle=True)


async def _judged(session: Session, form: Typed) -> NewIncident | None:
    service = form.integer("service", "Выберите услугу.")
    houses = await _houses(session, form)
    zone = await choices.house_timezone(session, houses[0]) if houses else "Europe/Moscow"
    started = moment_of(form, "from", "Начало", zone)
    until = moment_of(form, "until", "План", zone) if form.value("until_day") else None
    if service is None or started is None or not form.is_good:
        return None
    return NewIncident(
        service=service,
        house_ids=houses,
        is_planned=form.value("planned") == "1",
        started_at=started,
        planned_until=until,
        cause=form.value("cause"),
        words=form.value("words"),
    )


async def _houses(session: Session, form: Typed) -> tuple[int, ...]:
    """Houses of one street by numbers: «12, 14, 16к1»."""
    street = " ".join(form.value("street").lower().replace("ё", "е").split())
    numbers = [one.lower() for one in re.split(r"[,;\s]+", form.value("houses")) if one]
    if not street or not numbers:
        form.refuse("houses", "Укажите улицу и номера домов через запятую: 12, 14, 16к1.")
        return ()
    ids: list[int] = []
    for number in numbers:
        found = await choices.house_of_address(session, street, number)
        if len(found) == 1:
            ids.append(found[0].id)
        elif found:
            named = "; ".join(one.name for one in found)
            form.refuse(
                "street", f"Дом {number} есть на нескольких улицах: {named}. Напишите улицу полностью."
            )
        else:
            form.refuse("houses", f"Дома {number} на такой улице нет. Проверьте номер.")
    return tuple(ids)


def moment_of(form: Typed, name: str, label: str, zone: str) -> dt.datetime | None:
    """A day and an hour of the form as an instant."""
    day = form.date(f"{name}_day", f"{label}: укажите день.")
    try:
        time = dt.time.fromisoformat(form.value(f"{name}_time"))
    except ValueError:
        form.refuse(f"{name}_time", f"{label}: укажите время, например 14:30.")
        return None
    return None if day is None else dt.datetime.combine(day, time, ZoneInfo(zone))


# ---- the end -----------------------------------------------------------------------------------------------


async def _one(session: Session, incident_id: int) -> Incident:
    found = await incidents.incidents(session, IncidentFilter(id=incident_id), 1)
    if not found:
        raise NotFound("Такого отключения нет.", "Проверьте номер или откройте список.")
    return found[0]


@router.get("/{incident_id:int}/end")
async def show_end(request: Request, incident_id: int, session: Reader) -> Response:
    """The form of the end: now, by the clock of the houses."""
    row = await _one(session, incident_id)
    at = (row.ended_at or now()).astimezone(ZoneInfo(row.timezone))
    form = Typed({"to_day": f"{at:%Y-%m-%d}", "to_time": f"{at:%H:%M}"})
    return page(request, "dispatch/incident_end.html", EndView(form, row, local(row, row.started_at)), "form")


@router.post("/{incident_id:int}/end")
async def end(request: Request, incident_id: int, me: CurrentUser, session: Writer) -> Response:
    """Keep the end: houses get the break."""
    row = await _one(session, incident_id)
    form = await read_form(request)
    at = moment_of(form, "to", "Конец", row.timezone)
    if at is not None and form.is_good:
        deed = Deed(me.user_id, row.cause or "Отключение", address_of(request))
        try:
            async with session.begin_nested():
                await incidents.end(session, incident_id, at, deed, now())
            return see_other(request, "/dispatch/incidents?done=ended")
        except IncidentRefused as refused:
            if not refused.field:
                raise Conflict("Не записано.", refused.message) from refused
            form.refuse(refused.field, refused.message)
    view = EndView(form, row, local(row, row.started_at))
    return page(request, "dispatch/incident_end.html", view, "form", status=422, retitle=True)
