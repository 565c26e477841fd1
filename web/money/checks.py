"""«Чеки»: fiscal receipts with their troubles; one that failed is sent anew or made good by a correction."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from storage import card_checks, card_pages
from storage.card_checks import CheckRefused
from storage.card_pages import CheckList
from storage.session import Session
from web.card_words import CHECK_KINDS, CHECK_STATES
from web.deps import CurrentUser, Reader, Writer
from web.export import Column, export_file
from web.forms import Typed, blank, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import list_page, page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/card-checks", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/card-checks"
FILTERS = ("state", "words")
GROUND_MAX = 32
COLUMNS = (
    Column("№", "integer", 10),
    Column("Вид", width=18),
    Column("Счёт", width=16),
    Column("Сумма, ₽", "kopecks", 16),
    Column("Состояние", width=18),
    Column("Документ", width=14),
    Column("Когда", "date", 14),
    Column("Замечание", width=60),
)


@dataclass(frozen=True, slots=True)
class ChecksView:
    """The list."""

    state: ListState
    found: CheckList
    counts: dict[str, int]
    chips: list[tuple[str, str]]
    form: Typed
    may_send: bool
    states: dict[str, tuple[str, str]] = field(default_factory=lambda: CHECK_STATES)
    kinds: dict[str, str] = field(default_factory=lambda: CHECK_KINDS)


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, ("recorded",), "-recorded", PATH)


async def _view(request: Request, session: Session, me: Me, form: Typed) -> ChecksView:
    state = _state(request)
    found = await card_pages.check_list(
        session, state.get("state"), state.get("words"), limit=PAGE_ROWS, offset=state.offset
    )
    labels = {
        "state": CHECK_STATES.get(state.get("state"), ("состояние", ""))[0],
        "words": f"счёт или номер: {state.get('words')}",
    }
    chips = [(key, labels[key]) for key in FILTERS if state.get(key)]
    counts = await card_pages.check_counts(session)
    return ChecksView(state, found, counts, chips, form, me.may(*ACCRUERS))


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Checks with filters."""
    view = await _view(request, session, me, blank())
    return list_page(request, "money/checks.html", view, view.state, ())


@router.get(".{form}")
async def file(request: Request, form: str, session: Reader) -> Response:
    """All found checks as CSV or XLSX."""
    state = _state(request)
    found = await card_pages.check_list(
        session, state.get("state"), state.get("words"), limit=EXPORT_ROWS_MAX
    )
    cells = [
        (
            row.id,
            CHECK_KINDS[row.kind],
            row.account_number,
            row.amount_kopecks,
            CHECK_STATES[row.state][0],
            row.document,
            row.recorded_at.date(),
            row.words,
        )
        for row in found.rows
    ]
    return await export_file(form, "Чеки", "Кассовые чеки", COLUMNS, cells)


@router.post("/{check_id:int}", dependencies=[allow(*ACCRUERS)])
async def again(request: Request, check_id: int, me: CurrentUser, session: Writer) -> Response:
    """Send a failed check anew, or make it good by a check of correction with its act."""
    form = await read_form(request)
    deed = form.choice("deed", ("again", "correct"), "Выберите, что сделать.")
    ground, day = "", None
    if deed == "correct":
        ground = form.text("ground", "Впишите номер акта об ошибке кассы.", GROUND_MAX)
        day = form.date("ground_on", "Впишите день акта, например 12.11.2026.")
    if form.is_good:
        try:
            await card_checks.again(session, check_id, user_id=me.user_id, ground=ground, ground_on=day)
            return see_other(request, f"{PATH}?state=failed")
        except CheckRefused as refusal:
            form.refuse("", str(refusal))
    return page(request, "money/checks.html", await _view(request, session, me, form), status=422)
