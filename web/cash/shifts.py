"""«Смены»: open, close with a Z-report, hand the cash to the bank; the report of a shift with files."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from storage import cash, cash_pages
from storage.cash import CashRefused, Desk
from storage.cash_pages import DeskMoney, PayeeSum, ShiftPage, ShiftReceipt, ShiftRow
from storage.session import Session
from web import clock
from web.card_words import CHECK_STATES
from web.cash.desk import CASHIERS, desk_of
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict, NotFound
from web.export import Cell, Column, export_file
from web.filters import moment
from web.forms import Typed, blank, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import list_page, page, see_other
from web.roles import Me, allow

router = APIRouter(prefix="/cash/shifts", dependencies=[allow(*CASHIERS)])

PATH = "/cash/shifts"
STATES = {
    "": "все",
    "open": "открытые",
    "undeposited": "выручка не сдана",
    "deposited": "выручка сдана",
}
DOCUMENT_MAX = 200
DONE = {
    "deposited": "Сдача выручки записана. Когда банк зачислит деньги, они уйдут из «в пути» по его выписке.",
}
COLUMNS = (
    Column("Смена", "integer", 10),
    Column("Кассир", width=30),
    Column("Открыта", width=20),
    Column("Закрыта", width=20),
    Column("Чеков", "integer", 10),
    Column("Принято, ₽", "kopecks", 14),
    Column("Сторно", "integer", 10),
    Column("Сторнировано, ₽", "kopecks", 16),
    Column("Сдано в банк", "date", 14),
    Column("Документ", width=30),
)
RECEIPT_COLUMNS = (
    Column("Чек", width=12),
    Column("Принят", width=20),
    Column("Счёт", width=14),
    Column("Адрес", width=36),
    Column("Сумма, ₽", "kopecks", 14),
    Column("Сторно", width=40),
)


@dataclass(frozen=True, slots=True)
class ShiftsView:
    """Shifts of the company and where its cash is."""

    desk: Desk
    state: ListState
    found: ShiftPage
    money: DeskMoney | None
    form: Typed
    done: str

    @property
    def states(self) -> dict[str, str]:
        return STATES


@dataclass(frozen=True, slots=True)
class ShiftView:
    """The report of a shift."""

    one: ShiftRow
    receipts: list[ShiftReceipt]
    payees: list[PayeeSum]
    may_close: bool
    check_states: dict[str, tuple[str, str]] = field(default_factory=lambda: CHECK_STATES)

    @property
    def waiting(self) -> int:
        """Receipts the worker has not posted yet: the report by payee is without them."""
        return sum(1 for one in self.receipts if not one.is_posted)


def _state(request: Request) -> ListState:
    state = list_state(request, ("state",), ("number",), "-number", PATH)
    if state.get("state") not in STATES:
        state.filters.pop("state", None)
    return state


async def _view(session: Session, request: Request, me: Me, form: Typed, done: str = "") -> ShiftsView:
    desk = await desk_of(session, me)
    state = _state(request)
    found = await cash_pages.shifts(
        session, desk.company_id, state.get("state"), limit=PAGE_ROWS, offset=state.offset
    )
    known = [one for one in await cash_pages.desks(session) if one.desk_id == desk.id]
    return ShiftsView(desk, state, found, known[0] if known else None, form, DONE.get(done, ""))


def _form() -> Typed:
    return blank(day=clock.today().isoformat(), command=uuid4().hex)


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """Shifts, the newest first."""
    view = await _view(session, request, me, _form(), done)
    return list_page(request, "cash/shifts.html", view, view.state, ())


@router.get(".{form}")
async def file(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """All found shifts as CSV or XLSX."""
    desk = await desk_of(session, me)
    state = _state(request)
    found = await cash_pages.shifts(session, desk.company_id, state.get("state"), limit=EXPORT_ROWS_MAX)
    cells: list[list[Cell]] = [
        [
            row.number,
            row.cashier,
            moment(row.opened_at),
            moment(row.closed_at) if row.closed_at else "",
            row.taken_count,
            row.taken_kopecks,
            row.voided_count,
            row.voided_kopecks,
            row.deposit_day,
            row.document or "",
        ]
        for row in found.rows
    ]
    return await export_file(form, "Смены кассы", "Смены кассы", COLUMNS, cells)


@router.post("")
async def begin(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Open a shift; a second press finds the first."""
    await cash.open_shift(session, await desk_of(session, me), me.user_id)
    return see_other(request, "/cash")


async def _shift(session: Session, me: Me, shift_id: int) -> ShiftRow:
    await desk_of(session, me)
    one = await cash_pages.shift(session, shift_id)
    if one is None:
        raise NotFound("Такой смены нет.", "Откройте список смен.")
    return one


@router.get("/{shift_id:int}")
async def report(request: Request, shift_id: int, me: CurrentUser, session: Reader) -> Response:
    """The Z-report of a closed shift, or an open one as of now."""
    one = await _shift(session, me, shift_id)
    receipts = await cash_pages.shift_receipts(session, shift_id)
    payees = await cash_pages.by_payee(session, shift_id)
    view = ShiftView(one, receipts, payees, one.closed_at is None and one.opened_by == me.user_id)
    return page(request, "cash/shift.html", view)


@router.get("/{shift_id:int}.{form}")
async def report_file(shift_id: int, form: str, me: CurrentUser, session: Reader) -> Response:
    """Receipts of a shift as CSV or XLSX."""
    one = await _shift(session, me, shift_id)
    receipts = await cash_pages.shift_receipts(session, shift_id)
    cells: list[list[Cell]] = [
        [
            row.payment_number,
            moment(row.taken_at),
            row.account_number,
            row.address,
            row.amount_kopecks,
            row.void_reason or "",
        ]
        for row in receipts
    ]
    total: list[Cell] = ["Принято без сторно", None, None, None, one.taken_kopecks, None]
    title = f"Смена № {one.number}"
    return await export_file(form, title, title, RECEIPT_COLUMNS, cells, total)


@router.post("/{shift_id:int}/close")
async def close(request: Request, shift_id: int, me: CurrentUser, session: Writer) -> Response:
    """Close a shift of mine."""
    try:
        await cash.close_shift(session, shift_id, me.user_id)
    except CashRefused as refusal:
        raise Conflict("Смена не закрыта.", refusal.message) from refusal
    return see_other(request, f"{PATH}/{shift_id}")


@router.post("/deposit")
async def deposit(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Hand the cash of whole shifts to the bank."""
    form = await read_form(request)
    desk = await desk_of(session, me)
    day = form.date("day", "Укажите день, когда сдали деньги: 24.11.2026.")
    if day is not None and day > clock.today():
        form.refuse("day", "Этот день ещё не наступил.")
    document = form.text("document", "Укажите документ банка: объявление на взнос, квитанция.", DOCUMENT_MAX)
    command = form.value("command")
    if not command:
        form.refuse("", "Форма устарела. Откройте страницу ещё раз.")
    if form.is_good and day is not None:
        picked = [str(value) for value in (await request.form()).getlist("pick")]
        ids = [int(value) for value in picked if value.isascii() and value.isdigit() and len(value) < 10]
        try:
            await cash.deposit(
                session,
                desk.company_id,
                ids,
                day=day,
                document=document,
                command_id=f"{me.user_id}:{command}",
                user_id=me.user_id,
            )
            return see_other(request, f"{PATH}?done=deposited")
        except CashRefused as refusal:
            form.refuse("", refusal.message)
    view = await _view(session, request, me, form)
    return page(request, "cash/shifts.html", view, block="list", status=422)
