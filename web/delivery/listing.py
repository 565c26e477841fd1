"""The list of routes on a day, and houses no route has: search, filter, files."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from storage import choices, delivery_pages
from storage.choices import Choice
from storage.delivery_file import Loaded
from storage.delivery_pages import HouseWithout, RouteRow
from storage.natural import search_form
from storage.session import Session
from web import clock
from web.deps import CurrentUser, Reader
from web.export import Column, export_file
from web.forms import Typed
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import page
from web.roles import ACCRUERS, CENTRE_STAFF, Me, Role, allow

READERS = (*CENTRE_STAFF, Role.COMPANY)
WRITERS = (*ACCRUERS, Role.COMPANY)
router = APIRouter(prefix="/delivery", dependencies=[allow(*READERS)])

DONE = {
    "saved": "Маршрут сохранён. Печать по маршрутам пойдёт по нему с его дня.",
    "loaded": "Маршруты из таблицы загружены. Прежние версии остались в истории каждого.",
}
HOUSE_COLUMNS = (
    Column("Адрес", width=40),
    Column("Организация", width=30),
    Column("Подъезды без маршрута", width=24),
    Column("Бумажных квитанций", "integer"),
)


@dataclass(frozen=True, slots=True)
class RoutesView:
    """Routes of a day; loaded is what a checked file would do."""

    state: ListState
    day: dt.date
    today: dt.date
    routes: list[RouteRow]
    without_count: int
    without_more: bool
    without_accounts: int
    form: Typed
    loaded: Loaded | None
    is_centre: bool
    may_write: bool
    done: str = ""
    owners: list[Choice] = field(default_factory=list)


def company_of(me: Me) -> int | None:
    """Whose routes this person keeps; None is the centre's."""
    return me.organisation_id if me.role is Role.COMPANY else None


def _listed(routes: list[RouteRow], state: ListState) -> list[RouteRow]:
    words, owner = search_form(state.get("q")), state.get("owner")
    return [
        one
        for one in routes
        if words in search_form(f"{one.name} {one.carrier}")
        and owner in ("", "0" if one.company_id is None else str(one.company_id))
    ]


async def routes_view(
    request: Request,
    session: Session,
    me: Me,
    form: Typed | None = None,
    loaded: Loaded | None = None,
    done: str = "",
) -> RoutesView:
    """The page for this person."""
    state = list_state(request, ("q", "owner", "day"), (), "", path="/delivery")
    today = clock.today()
    day = state.day("day") or today
    every = await delivery_pages.routes(session, day)
    without = await delivery_pages.without_route(
        session, day, company_id=company_of(me), limit=EXPORT_ROWS_MAX
    )
    owners = {one.company_id or 0: one.owner for one in every}
    return RoutesView(
        state=state,
        day=day,
        today=today,
        routes=_listed(every, state),
        without_count=len(without),
        without_more=len(without) == EXPORT_ROWS_MAX,
        without_accounts=sum(one.accounts for one in without),
        form=form or Typed({"starts_on": f"{today:%Y-%m-%d}"}),
        loaded=loaded,
        is_centre=me.may(*CENTRE_STAFF),
        may_write=me.may(*WRITERS),
        done=DONE.get(done, ""),
        owners=[Choice(key, name) for key, name in owners.items()],
    )


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """Routes on a day."""
    view = await routes_view(request, session, me, done=done)
    return page(
        request, "delivery/list.html", view, block="list", headers={"HX-Replace-Url": view.state.url()}
    )


# ---- houses without a route --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WithoutView:
    """Houses no route of today has."""

    state: ListState
    houses: list[HouseWithout]
    has_more: bool
    companies: list[Choice]


async def _without(
    request: Request, session: Session, me: Me, limit: int
) -> tuple[ListState, list[HouseWithout]]:
    state = list_state(request, ("street", "house", "company"), (), "", path="/delivery/houses")
    found = await delivery_pages.without_route(
        session,
        clock.today(),
        company_id=company_of(me) or state.number("company"),
        street=search_form(state.get("street")),
        house=state.get("house").lower(),
        limit=limit + 1,
        offset=state.offset if limit == PAGE_ROWS else 0,
    )
    return state, found


@router.get("/houses")
async def show_houses(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Houses with paper receipts that no postman carries today."""
    state, found = await _without(request, session, me, PAGE_ROWS)
    companies = await choices.companies(session) if me.may(*CENTRE_STAFF) else []
    view = WithoutView(state, found[:PAGE_ROWS], len(found) > PAGE_ROWS, companies)
    return page(request, "delivery/houses.html", view, block="list", headers={"HX-Replace-Url": state.url()})


@router.get("/houses.{form}")
async def houses_file(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """The same as CSV or XLSX."""
    _, found = await _without(request, session, me, EXPORT_ROWS_MAX)
    cells = [(one.address, one.company_name, one.entrances, one.accounts) for one in found]
    return await export_file(form, "Дома без маршрута", "Дома без маршрута", HOUSE_COLUMNS, cells)
