"""One register: what was read, every row with its verdict, and the decision to take it or to put it aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import register_pages, register_readings, registers
from storage.register_pages import RegisterHead, RegisterRows
from storage.register_readings import RowReading
from storage.registers import RegisterStopped
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer, read
from web.errors import Conflict, NotFound
from web.export import Column, export_file
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.money.uploads import may_load
from web.money.words import READING_STATES, REGISTER_STATES, VERDICTS
from web.render import fragment, hx_partial, page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, Role, allow
from web.streams import Tick, stream

router = APIRouter(prefix="/registers", dependencies=[allow(*CENTRE_STAFF, Role.AGENT)])

FILTERS = ("verdict", "words")
COLUMNS = (
    Column("Строка", "integer", 8),
    Column("Вердикт", width=18),
    Column("Что не так и что сделать", width=70),
    Column("Счёт", width=16),
    Column("Плательщик", width=36),
    Column("Сумма, ₽", "kopecks", 14),
    Column("Дата платежа", "date", 14),
    Column("Номер операции", width=30),
    Column("Показания", width=60),
    Column("Как в файле", width=80),
)


@dataclass(frozen=True, slots=True)
class RegisterView:
    """A register with a page of its rows."""

    head: RegisterHead
    state: ListState
    found: RegisterRows
    states: dict[str, tuple[str, str]]
    verdicts: dict[str, tuple[str, str]]
    may_act: bool
    is_agent: bool
    readings: Mapping[int, list[RowReading]]
    readings_words: str

    @property
    def reading_states(self) -> dict[str, tuple[str, str]]:
        return READING_STATES


async def _head(session: Session, register_id: int) -> RegisterHead:
    head = await register_pages.register_head(session, register_id)
    if head is None:
        raise NotFound("Такого реестра нет.", "Откройте список реестров.")
    return head


def _state(request: Request, register_id: int) -> ListState:
    path = f"/registers/{register_id}"
    return list_state(request, FILTERS, tuple(register_pages.ROW_SORTS), "line", path)


async def _view(request: Request, session: Session, me: Me, register_id: int) -> RegisterView:
    head = await _head(session, register_id)
    state = _state(request, register_id)
    found = await register_pages.register_rows(
        session,
        register_id,
        verdict=state.get("verdict"),
        words=state.get("words"),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=PAGE_ROWS,
        offset=state.offset,
    )
    is_agent = me.may(Role.AGENT)  # what was answered about meters is not for agents
    readings, counts = await _readings(session, register_id, found, is_agent)
    return RegisterView(
        head,
        state,
        found,
        REGISTER_STATES,
        VERDICTS,
        may_load(me),
        is_agent,
        readings,
        _readings_words(counts),
    )


async def _readings(
    session: Session, register_id: int, found: RegisterRows, is_agent: bool
) -> tuple[Mapping[int, list[RowReading]], Mapping[str, int]]:
    """Readings of the rows found and how all of the register stand; an agent is told of none."""
    if is_agent:
        return {}, {}
    lines = [row.line for row in found.rows if row.readings_count]
    return await register_readings.of_register(session, register_id, lines)


def _readings_words(counts: Mapping[str, int]) -> str:
    """«Показаний 12: принято 9, на проверке 2, не принято 1»; nothing when the register brought none."""
    parts = [f"{words} {counts[key]}" for key, (words, _) in READING_STATES.items() if key in counts]
    return f"Показаний {sum(counts.values())}: {', '.join(parts)}" if parts else ""


def _reading_words(one: RowReading) -> str:
    said = f": {one.message}" if one.message else ""
    return f"{one.meter} — {one.value}, {READING_STATES[one.state][0]}{said}"


@router.get("/{register_id}.{form}")
async def file(request: Request, register_id: int, form: str, me: CurrentUser, session: Reader) -> Response:
    """The protocol: every found row with its verdict."""
    head = await _head(session, register_id)
    state = _state(request, register_id)
    found = await register_pages.register_rows(
        session,
        register_id,
        verdict=state.get("verdict"),
        words=state.get("words"),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=EXPORT_ROWS_MAX,
    )
    readings, _ = await _readings(session, register_id, found, me.may(Role.AGENT))
    cells = [
        (
            row.line,
            VERDICTS[row.verdict][0],
            row.message,
            row.account_number,
            row.payer,
            row.total_kopecks,
            row.paid_on,
            row.number,
            "; ".join(map(_reading_words, readings.get(row.line, []))),
            row.raw,
        )
        for row in found.rows
    ]
    title = f"Протокол реестра № {head.id}, файл {head.file_name}"
    return await export_file(form, f"Протокол {head.id}", title, COLUMNS, cells)


@router.get("/{register_id}")
async def show(request: Request, register_id: int, me: CurrentUser, session: Reader) -> Response:
    """The register; its rows alone when the filter changes."""
    view = await _view(request, session, me, register_id)
    return page(request, "money/register.html", view, block="rows")


@router.get("/{register_id}/stream")
async def follow(request: Request, register_id: int, me: CurrentUser) -> Response:
    """Waits for the worker; then the whole register and «done»."""
    async with read(request) as session:
        await _head(session, register_id)

    async def look(number: int) -> Tick:
        async with read(request) as session:
            view = await _view(request, session, me, register_id)
        if view.head.is_live:
            return Tick("", is_live=True)
        html = fragment(request, "money/register.html", view, "register")
        return Tick(hx_partial("#register", html, "outerHTML"), is_live=False)

    return stream(request, look)


@router.post("/{register_id}/{act}", dependencies=[allow(*ACCRUERS, Role.AGENT)])
async def act(request: Request, register_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Accept what can be taken, or put the register aside."""
    await _head(session, register_id)
    try:
        if act == "accept":
            await registers.ask_to_accept(session, register_id, me.user_id)
        elif act == "withdraw":
            await registers.withdraw(session, register_id)
        else:
            raise NotFound
    except RegisterStopped as stopped:
        raise Conflict("Ничего не сделано.", str(stopped)) from stopped
    return see_other(request, f"/registers/{register_id}")
