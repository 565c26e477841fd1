"""«Задним числом»: facts learnt after their month was closed wait here for a correction.

One, a house or all that the filter found become a draft; the draft's page is the preview: who is touched,
sums, extremes, a sample. A fact that needs no money is taken out with words.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.services import CATALOGUE
from storage import late_facts
from storage.corrections import request_late
from storage.late_facts import KINDS, Chosen, Filter
from storage.late_pages import STATES, LateRow, late_count, late_rows
from storage.runs import RunRefused
from web import clock
from web.corrections.words import CORRECTORS, READERS
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict
from web.export import Cell, Column, export_file
from web.filters import month
from web.forms import Typed, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import page, see_other
from web.roles import allow

router = APIRouter(prefix="/corrections/late", dependencies=[allow(*READERS)])

FILTERS = ("account", "street", "kind", "state", "house_id", "run")
STATE_WORDS = {
    "waiting": ("ждёт", "warn"),
    "draft": ("в черновике", "brand"),
    "done": ("пересчитан", "good"),
    "dismissed": ("убран", ""),
}
ANY_STATE = "any"
WHY_MAX = 300
COLUMNS = (
    Column("Внесено", "text", 17),
    Column("Что", "text", 20),
    Column("Факт", "text", 44),
    Column("Счёт", "text", 14),
    Column("Адрес", "text", 40),
    Column("Организация", "text", 26),
    Column("С месяца", "text", 16),
    Column("По месяц", "text", 16),
    Column("Основание", "text", 40),
    Column("Кто внёс", "text", 26),
    Column("Состояние", "text", 16),
)


@dataclass(frozen=True, slots=True)
class QueueView:
    """A page of the queue; waiting: what the filter finds among those that wait."""

    state: ListState
    rows: list[LateRow]
    total: int
    waiting: Chosen
    kinds: dict[str, str]
    states: dict[str, tuple[str, str]]
    shown: str
    chips: list[tuple[str, str]]
    may_draft: bool
    command: str

    def badge(self, row: LateRow) -> tuple[str, str]:
        """State of a fact in words, with its tone."""
        return STATE_WORDS[row.state]

    def place(self, row: LateRow) -> str:
        """Where a value reaches."""
        label = CATALOGUE[row.service].label if row.service in CATALOGUE else ""
        return f"все дома с услугой «{label}»"


def _shown(state: ListState) -> str:
    chosen = state.get("state")
    return chosen if chosen in (*STATES, ANY_STATE) else ("waiting" if not state.number("run") else ANY_STATE)


def _filter(state: ListState) -> Filter:
    kind = state.get("kind")
    return Filter(
        kind=kind if kind in KINDS else None,
        street=" ".join(state.get("street").lower().replace("ё", "е").split()),
        number=state.get("account"),
        house_id=state.number("house_id"),
        run_id=state.number("run"),
    )


def _chips(state: ListState) -> list[tuple[str, str]]:
    chips = [(key, f"{words}: {state.get(key)}") for key, words in CHIP_WORDS.items() if state.get(key)]
    if state.get("kind") in KINDS:
        chips.append(("kind", KINDS[state.get("kind")]))
    if state.number("house_id"):
        chips.append(("house_id", "один дом"))
    return chips


CHIP_WORDS = {"account": "счёт", "street": "улица", "run": "перерасчёт"}


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The newest first; those that wait, unless asked otherwise."""
    state = list_state(request, FILTERS, ("recorded",), "-recorded")
    wanted, shown = _filter(state), _shown(state)
    only = None if shown == ANY_STATE else shown
    view = QueueView(
        state=state,
        rows=await late_rows(session, wanted, only, PAGE_ROWS, state.offset),
        total=await late_count(session, wanted, only),
        waiting=await late_facts.chosen(session, wanted),
        kinds=KINDS,
        states=STATE_WORDS,
        shown=shown,
        chips=_chips(state),
        may_draft=me.may(*CORRECTORS),
        command=secrets.token_hex(16),
    )
    return page(request, "corrections/queue.html", view, "list")


@router.get(".{form}")
async def download(request: Request, form: str, session: Reader) -> Response:
    """The found facts as a file."""
    state = list_state(request, FILTERS, ("recorded",), "-recorded")
    shown = _shown(state)
    only = None if shown == ANY_STATE else shown
    rows = await late_rows(session, _filter(state), only, EXPORT_ROWS_MAX)
    return await export_file(
        form, "Задним числом", "Факты задним числом", COLUMNS, [_cells(row) for row in rows]
    )


def _cells(row: LateRow) -> list[Cell]:
    return [
        f"{row.recorded_at:%d.%m.%Y %H:%M}",
        row.kind_label,
        row.words,
        row.account_number or "",
        row.address or "",
        row.company_name or "",
        month(row.first_period),
        month(row.last_period),
        row.ground,
        row.recorded_by_name or "",
        STATE_WORDS[row.state][0],
    ]


@router.post("", dependencies=[allow(*CORRECTORS)])
async def draft(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Draft a correction of one fact, of a house, or of everything the filter found."""
    form = await read_form(request)
    wanted = _asked(form)
    command = form.value("command")
    try:
        run_id = await request_late(
            session,
            wanted,
            clock.today(),
            me.user_id,
            f"{command}-{form.value('fact') or form.value('house_id')}" if len(command) >= 16 else None,
        )
    except RunRefused as refused:
        raise Conflict("Черновика нет.", refused.message) from refused
    return see_other(request, f"/corrections/{run_id}")


def _asked(form: Typed) -> Filter:
    """One fact by its number; a house; or the filter of the page as hidden fields."""
    if form.value("fact"):
        number = form.integer("fact", "Выберите факт.")
        return Filter(ids=(number or 0,))
    house = form.value("house_id")
    kind = form.value("kind")
    return Filter(
        kind=kind if kind in KINDS else None,
        street=" ".join(form.value("street").lower().replace("ё", "е").split()),
        number=form.value("account"),
        house_id=int(house) if house.isascii() and house.isdigit() and len(house) < 10 else None,
    )


@router.post("/{fact_id:int}/dismiss", dependencies=[allow(*CORRECTORS)])
async def dismiss(request: Request, fact_id: int, me: CurrentUser, session: Writer) -> Response:
    """Take a fact out of the queue without a correction."""
    form = await read_form(request)
    why = form.value("why").strip()[:WHY_MAX]
    if not why:
        raise Conflict("Факт остался в очереди.", "Напишите, почему пересчитывать не нужно.")
    if not await late_facts.dismiss(session, [fact_id], why, me.user_id):
        raise Conflict("Факт не убран.", "Его уже взяли в перерасчёт или убрали. Обновите страницу.")
    return see_other(request, "/corrections/late?done=dismissed")
