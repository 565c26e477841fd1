"""«Банк»: statements of the bank client with a verdict a row, and the queue that waits for a person."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import payout_pages, payouts
from storage.payout_pages import LinePage, StatementRow
from storage.payouts import PayoutRefused
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.export import Cell, Column, export_file
from web.forms import Typed, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.payouts.words import STATEMENT_STATES, VERDICTS
from web.render import list_page, page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre/statements", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/centre/statements"
FILE_BYTES_MAX = 16 * 1024 * 1024
NO_FILE = "Выберите файл выписки: kl_to_1c.txt или camt.053 (XML)."
TOO_LARGE = "Файл больше 16 МБ. Выгрузите выписку за меньший срок."
FILTERS = ("verdict", "words")
COLUMNS = (
    Column("День", "date", 12),
    Column("№", width=12),
    Column("Приход, ₽", "kopecks", 16),
    Column("Расход, ₽", "kopecks", 16),
    Column("Другая сторона", width=34),
    Column("ИНН", width=14),
    Column("Счёт", width=24),
    Column("Назначение", width=60),
    Column("Вердикт", width=18),
    Column("Пояснение", width=60),
)


@dataclass(frozen=True, slots=True)
class StatementsView:
    """Statements, newest first, the form of a new one, and how many rows wait."""

    rows: list[StatementRow]
    states: dict[str, tuple[str, str]]
    form: Typed
    queue: LinePage
    may_load: bool


@dataclass(frozen=True, slots=True)
class StatementView:
    """Rows of one statement, or the queue of all (head None)."""

    head: StatementRow | None
    badge: tuple[str, str]
    state: ListState
    found: LinePage
    verdicts: dict[str, tuple[str, str]]
    chips: list[tuple[str, str]]


@router.get("")
async def show_all(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Statements and the form that loads a new one."""
    return page(request, "payouts/statements.html", await _all(session, me, Typed()))


async def _all(session: Session, me: Me, form: Typed) -> StatementsView:
    queue = await payout_pages.lines(
        session, statement_id=None, verdict="waiting", words="", sort="day", is_descending=True, limit=1
    )
    rows = await payout_pages.statements(session)
    return StatementsView(rows, STATEMENT_STATES, form, queue, me.may(*ACCRUERS))


@router.post("", dependencies=[allow(*ACCRUERS)])
async def upload(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep a statement and have it read; the same file is not taken twice."""
    form = await read_form(request)
    name, content = await form.sent("file", NO_FILE, FILE_BYTES_MAX, TOO_LARGE)
    if form.is_good:
        try:
            made = await payouts.upload(session, file_name=name, content=content, user_id=me.user_id)
            return see_other(request, f"{PATH}/{made}")
        except PayoutRefused as refusal:
            form.refuse("file", refusal.message)
    return page(request, "payouts/statements.html", await _all(session, me, form), status=422)


def _state(request: Request, path: str, default: str) -> ListState:
    return list_state(request, FILTERS, tuple(payout_pages.LINE_SORTS), default, path)


async def _found(
    session: Session, statement_id: int | None, state: ListState, limit: int, offset: int
) -> LinePage:
    verdict = state.get("verdict")
    if statement_id is None:
        verdict = verdict or "waiting"
    return await payout_pages.lines(
        session,
        statement_id=statement_id,
        verdict=verdict if verdict in VERDICTS else "",
        words=state.get("words").lower(),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=limit,
        offset=offset,
    )


def _chips(state: ListState) -> list[tuple[str, str]]:
    labels = {
        "verdict": VERDICTS.get(state.get("verdict"), ("вердикт", ""))[0],
        "words": f"слова: {state.get('words')}",
    }
    return [(key, labels[key]) for key in FILTERS if state.get(key)]


@router.get("/queue")
async def show_queue(request: Request, session: Reader) -> Response:
    """Rows of all statements that wait for a person."""
    state = _state(request, f"{PATH}/queue", "day")
    found = await _found(session, None, state, PAGE_ROWS, state.offset)
    view = StatementView(None, ("", ""), state, found, VERDICTS, _chips(state))
    return list_page(request, "payouts/statement.html", view, state, ())


@router.get("/queue.{form}")
async def queue_file(request: Request, form: str, session: Reader) -> Response:
    """The queue as CSV or XLSX."""
    found = await _found(session, None, _state(request, f"{PATH}/queue", "day"), EXPORT_ROWS_MAX, 0)
    return await _export(form, "Очередь банка", found)


@router.get("/{statement_id}.{form}")
async def file(request: Request, statement_id: int, form: str, session: Reader) -> Response:
    """Rows of a statement as CSV or XLSX."""
    await _head(session, statement_id)
    state = _state(request, f"{PATH}/{statement_id}", "line")
    found = await _found(session, statement_id, state, EXPORT_ROWS_MAX, 0)
    return await _export(form, f"Выписка {statement_id}", found)


async def _export(form: str, name: str, found: LinePage) -> Response:
    cells: list[list[Cell]] = [
        [
            row.moved_on,
            row.number,
            row.amount_kopecks if row.is_in else None,
            None if row.is_in else row.amount_kopecks,
            row.other_name,
            row.other_inn,
            row.other_account,
            row.purpose,
            VERDICTS[row.verdict][0],
            row.ground or row.message,
        ]
        for row in found.rows
    ]
    return await export_file(form, name, name, COLUMNS, cells)


@router.get("/{statement_id}")
async def show(request: Request, statement_id: int, session: Reader) -> Response:
    """A statement row by row; while it is read the page asks again by itself."""
    head = await _head(session, statement_id)
    state = _state(request, f"{PATH}/{statement_id}", "line")
    found = await _found(session, statement_id, state, PAGE_ROWS, state.offset)
    view = StatementView(head, STATEMENT_STATES[head.state], state, found, VERDICTS, _chips(state))
    return list_page(request, "payouts/statement.html", view, state, ())


@router.get("/{statement_id}/progress")
async def progress(request: Request, statement_id: int, session: Reader) -> Response:
    """Whether the worker has read the file; then the page opens itself anew."""
    head = await _head(session, statement_id)
    if head.state != "uploaded":
        return Response(headers={"HX-Refresh": "true"})
    return page(request, "payouts/statement_progress.html", head, block="progress")


async def _head(session: Session, statement_id: int) -> StatementRow:
    head = await payout_pages.statement(session, statement_id)
    if head is None:
        raise NotFound(f"Выписки {statement_id} нет.", "Проверьте номер или откройте список выписок.")
    return head
