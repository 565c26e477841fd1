"""«Реестры»: every register in one list, and the form that loads a new one."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import partners, register_pages, registers
from storage.partners import Named
from storage.register_pages import RegisterFilter, RegisterList
from storage.registers import FILE_BYTES_MAX
from web.deps import CurrentUser, Reader, Writer
from web.export import Column, export_file
from web.forms import Typed, blank, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.money.uploads import TOO_LARGE, may_load, read_sent, upload_view
from web.money.words import REGISTER_STATES
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Role, allow

router = APIRouter(prefix="/registers", dependencies=[allow(*CENTRE_STAFF, Role.AGENT)])

PATH = "/registers"
FILTERS = ("state", "agent", "name", "since")
COLUMNS = (
    Column("№", "integer", 8),
    Column("Файл", width=40),
    Column("Агент", width=26),
    Column("Вид", width=26),
    Column("Состояние", width=18),
    Column("Строк", "integer", 10),
    Column("Сумма, ₽", "kopecks", 16),
    Column("Загружен", "date", 14),
    Column("Кто", width=26),
    Column("Замечание", width=60),
)


@dataclass(frozen=True, slots=True)
class RegistersView:
    """The list."""

    state: ListState
    found: RegisterList
    agents: list[Named]
    chips: list[tuple[str, str]]
    may_load: bool
    is_agent: bool
    states: dict[str, tuple[str, str]]


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(register_pages.SORTS), "-recorded", PATH)


def _filter(state: ListState) -> RegisterFilter:
    return RegisterFilter(state.get("state"), state.number("agent"), state.get("name"), state.day("since"))


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Registers with filters; the state of the list is in the address."""
    state = _state(request)
    found = await register_pages.register_list(
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
    labels = {
        "state": REGISTER_STATES.get(state.get("state"), ("состояние", ""))[0],
        "agent": names.get(state.get("agent"), "агент"),
        "name": f"файл: {state.get('name')}",
        "since": f"с {state.get('since')}",
    }
    chips = [(key, labels[key]) for key in FILTERS if state.get(key)]
    view = RegistersView(state, found, agents, chips, may_load(me), is_agent, REGISTER_STATES)
    return page(request, "money/registers.html", view, block="list", headers={"HX-Replace-Url": state.url()})


@router.get(".{form}")
async def file(request: Request, form: str, session: Reader) -> Response:
    """All found registers as CSV or XLSX."""
    state = _state(request)
    found = await register_pages.register_list(
        session, _filter(state), sort=state.sort, is_descending=state.is_descending, limit=EXPORT_ROWS_MAX
    )
    cells = [
        (
            row.id,
            row.file_name,
            row.agent_name,
            row.profile_title,
            REGISTER_STATES[row.state][0],
            row.rows_count,
            row.amount_kopecks,
            row.recorded_at.date(),
            row.user_name,
            row.message,
        )
        for row in found.rows
    ]
    return await export_file(form, "Реестры", "Реестры платежей", COLUMNS, cells)


@router.get("/new", dependencies=[allow(*ACCRUERS, Role.AGENT)])
async def show_new(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The form of a new register."""
    return page(request, "money/register_new.html", await upload_view(session, me, blank()))


@router.post("", dependencies=[allow(*ACCRUERS, Role.AGENT)])
async def upload(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep a file and have it read; nothing is posted until a person accepts it."""
    form = await read_form(request)
    sent = await read_sent(session, me, form, "Выберите файл реестра.")
    ticket = await _ticket(form)
    if sent is None or not form.is_good:
        return page(request, "money/register_new.html", await upload_view(session, me, form), status=422)
    register_id = await registers.upload(
        session,
        profile_id=sent.profile_id,
        agent_id=sent.agent_id,
        file_name=sent.name,
        content=sent.content,
        ticket=ticket,
        user_id=me.user_id,
    )
    return see_other(request, f"{PATH}/{register_id}")


async def _ticket(form: Typed) -> tuple[str, bytes] | None:
    sent = form.files.get("ticket")
    if sent is None or not sent.filename:
        return None
    return await form.sent("ticket", "", FILE_BYTES_MAX, TOO_LARGE)
