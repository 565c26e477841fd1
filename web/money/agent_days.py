"""«Сверка с агентами»: days of agents laid against ours, days not compared yet, and the form of a new one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import agent_day_pages, agent_days, partners
from storage.agent_day_pages import DayFilter, DayLine, DayList, Uncompared
from storage.agent_days import AlreadyCompared
from storage.partners import Named
from web import clock
from web.deps import CurrentUser, Reader, Writer
from web.export import Column, export_file
from web.forms import blank, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.money.uploads import may_load, read_sent, upload_view
from web.money.words import DAY_STATES
from web.render import list_page, page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Role, allow

router = APIRouter(prefix="/agent-days", dependencies=[allow(*CENTRE_STAFF, Role.AGENT)])

PATH = "/agent-days"
FILTERS = ("state", "agent", "since", "until")
LOOK_BACK = dt.timedelta(days=14)
"""Days not compared are told this far back; older ones are found by the dates of the list."""
UNCOMPARED_MAX = 12
COLUMNS = (
    Column("№", "integer", 8),
    Column("Агент", width=26),
    Column("День", "date", 12),
    Column("По день", "date", 12),
    Column("Файл", width=34),
    Column("Состояние", width=14),
    Column("Операций у агента", "integer", 14),
    Column("Сумма у агента, ₽", "kopecks", 18),
    Column("Операций у нас", "integer", 14),
    Column("Сумма у нас, ₽", "kopecks", 18),
    Column("Расхождений", "integer", 12),
    Column("Не решено", "integer", 12),
    Column("Замечание", width=50),
)


@dataclass(frozen=True, slots=True)
class DaysView:
    """The list."""

    state: ListState
    found: DayList
    agents: list[Named]
    chips: list[tuple[str, str]]
    states: dict[str, tuple[str, str]]
    uncompared: list[Uncompared]
    may_load: bool
    is_agent: bool


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(agent_day_pages.SORTS), "-recorded", PATH)


def _filter(state: ListState) -> DayFilter:
    return DayFilter(state.get("state"), state.number("agent"), state.day("since"), state.day("until"))


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Reconciliations with filters, and days of the last fortnight nobody compared."""
    state = _state(request)
    found = await agent_day_pages.day_list(
        session,
        _filter(state),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=PAGE_ROWS,
        offset=state.offset,
    )
    is_agent = me.may(Role.AGENT)
    agents = [] if is_agent else await partners.agents(session)
    names = {str(one.id): one.name for one in agents}
    told = {"unsettled": "есть нерешённые", **{key: one[0] for key, one in DAY_STATES.items()}}
    labels = {
        "state": told.get(state.get("state"), "состояние"),
        "agent": names.get(state.get("agent"), "агент"),
        "since": f"с {state.get('since')}",
        "until": f"по {state.get('until')}",
    }
    chips = [(key, labels[key]) for key in FILTERS if state.get(key)]
    yesterday = clock.today() - dt.timedelta(days=1)
    left = await agent_day_pages.uncompared(session, yesterday - LOOK_BACK, yesterday, UNCOMPARED_MAX)
    view = DaysView(state, found, agents, chips, DAY_STATES, left, may_load(me), is_agent)
    return list_page(request, "money/agent_days.html", view, state, ("since", "until"))


@router.get(".{form}")
async def file(request: Request, form: str, session: Reader) -> Response:
    """All found reconciliations as CSV or XLSX."""
    state = _state(request)
    found = await agent_day_pages.day_list(
        session, _filter(state), sort=state.sort, is_descending=state.is_descending, limit=EXPORT_ROWS_MAX
    )
    cells = [_cells(row) for row in found.rows]
    return await export_file(form, "Сверки с агентами", "Сверки с платёжными агентами", COLUMNS, cells)


def _cells(row: DayLine) -> tuple[str | int | dt.date | None, ...]:
    return (
        row.id, row.agent_name, row.first_day, row.last_day, row.file_name, DAY_STATES[row.state][0],
        row.their_count, row.their_kopecks, row.our_count, row.our_kopecks, row.differences, row.unsettled,
        row.message,
    )  # fmt: skip


@router.get("/new", dependencies=[allow(*ACCRUERS, Role.AGENT)])
async def show_new(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The form of a new reconciliation."""
    return page(request, "money/agent_day_new.html", await upload_view(session, me, blank()))


@router.post("", dependencies=[allow(*ACCRUERS, Role.AGENT)])
async def upload(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep a register of a day and have it compared; the same file leads to where it was."""
    form = await read_form(request)
    sent = await read_sent(session, me, form, "Выберите реестр агента за день.")
    twin_id = None
    if sent is not None:
        try:
            day_id = await agent_days.upload(
                session,
                agent_id=sent.agent_id,
                profile_id=sent.profile_id,
                file_name=sent.name,
                content=sent.content,
                user_id=me.user_id,
            )
            return see_other(request, f"{PATH}/{day_id}")
        except AlreadyCompared as refused:
            form.refuse("file", str(refused))
            twin_id = refused.twin_id
    view = await upload_view(session, me, form, twin_id)
    return page(request, "money/agent_day_new.html", view, status=422)
