"""«Журнал»: every request ever logged, with search, filters, sorting and the whole found list as a file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.deadline import CATEGORIES
from storage import dispatch_pages
from storage.dispatch_pages import RequestFilter, RequestRow
from web import clock
from web.deps import CurrentUser, Reader
from web.dispatch.board import BoardRow, board_row
from web.dispatch.words import DISPATCH_STAFF, SOURCES, STATES, companies_of, local
from web.export import Cell, Column, export_file
from web.filters import MOSCOW
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import list_page
from web.roles import allow

router = APIRouter(prefix="/dispatch", dependencies=[allow(*DISPATCH_STAFF)])

FILTERS = ("q", "state", "company", "emergency", "since", "until")
COLUMNS = (
    Column("№", "integer", 10),
    Column("Принята", "text", 18),
    Column("Откуда", "text", 14),
    Column("УК", "text", 20),
    Column("Адрес", "text", 34),
    Column("Житель", "text", 26),
    Column("Телефон", "text", 18),
    Column("О чём", "text", 26),
    Column("Суть", "text", 60),
    Column("Авария", "text", 10),
    Column("Состояние", "text", 14),
    Column("Исполнитель", "text", 24),
    Column("Срок", "text", 18),
    Column("Основание срока", "text", 40),
    Column("Выполнена", "text", 18),
)


@dataclass(frozen=True, slots=True)
class JournalView:
    """A page of the journal."""

    state: ListState
    rows: list[BoardRow]
    total: int
    words: str
    chips: list[tuple[str, str]]
    companies: list[tuple[int, str]]
    states: dict[str, tuple[str, str]]
    sources: dict[str, str]


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(dispatch_pages.SORTS), "-number", path="/dispatch/journal")


def _wanted(state: ListState) -> RequestFilter:
    chosen = state.get("state")
    return RequestFilter(
        states=(chosen,) if chosen in STATES else (),
        company_id=state.number("company"),
        is_emergency=state.get("emergency") == "1",
        query=state.get("q"),
        since=_moment(state.day("since")),
        until=_moment(state.day("until"), days=1),
    )


def _moment(day: dt.date | None, days: int = 0) -> dt.datetime | None:
    """The first moment of a day (of the next one for an end)."""
    if day is None:
        return None
    return dt.datetime.combine(day, dt.time(), MOSCOW) + dt.timedelta(days=days)


@router.get("/journal")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """A page of found requests."""
    state = _state(request)
    found = await dispatch_pages.requests(
        session,
        _wanted(state),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=PAGE_ROWS,
        offset=state.offset,
    )
    companies = await dispatch_pages.served_companies(session, companies_of(request))
    now = clock.now()
    view = JournalView(
        state=state,
        rows=[board_row(row, now) for row in found.rows],
        total=found.total,
        words="",
        chips=_chips(state, companies),
        companies=companies,
        states=STATES,
        sources=SOURCES,
    )
    return list_page(request, "dispatch/journal.html", view, state, ("since", "until"))


def _chips(state: ListState, companies: list[tuple[int, str]]) -> list[tuple[str, str]]:
    made = []
    if state.get("q"):
        made.append(("q", f"«{state.get('q')}»"))
    if state.get("state") in STATES:
        made.append(("state", STATES[state.get("state")][0]))
    if state.get("company"):
        made.append(("company", dict(companies).get(state.number("company") or 0, "другая УК")))
    if state.get("emergency"):
        made.append(("emergency", "аварии"))
    if state.get("since") and "since" not in state.errors:
        made.append(("since", f"с {state.get('since')}"))
    if state.get("until") and "until" not in state.errors:
        made.append(("until", f"по {state.get('until')}"))
    return made


@router.get("/journal.{form}")
async def download(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """The whole found list as CSV or XLSX."""
    state = _state(request)
    found = await dispatch_pages.requests(
        session, _wanted(state), sort=state.sort, is_descending=state.is_descending, limit=EXPORT_ROWS_MAX
    )
    return await export_file(form, "zayavki", "Журнал заявок", COLUMNS, (_cells(row) for row in found.rows))


def _cells(row: RequestRow) -> list[Cell]:
    known = CATEGORIES.get(row.category)
    return [
        row.number,
        f"{local(row.recorded_at):%d.%m.%Y %H:%M}",
        SOURCES.get(row.source, row.source),
        row.company_name,
        row.address,
        row.applicant,
        row.phone,
        known.title if known else row.category,
        row.text,
        "да" if row.is_emergency else "нет",
        STATES[row.state][0],
        row.assignee,
        f"{local(row.deadline_at):%d.%m.%Y %H:%M}",
        row.deadline_ground,
        f"{local(row.finished_at):%d.%m.%Y %H:%M}" if row.finished_at else None,
    ]
