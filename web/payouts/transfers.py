"""«Переводы»: every transfer to payees (a payee sees its own), and what one is made of."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import payee_act, payout_pages
from storage.payee_act import Payee
from storage.payout_pages import SharePage, Slice, TransferPage, TransferRow
from storage.session import Session
from web.deps import CurrentUser, Reader
from web.errors import NotFound
from web.export import Cell, Column, export_file
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.payouts.words import SHOWN_STATES, TRANSFER_STATES
from web.render import list_page
from web.roles import CENTRE_STAFF, Role, allow

router = APIRouter(prefix="/transfers", dependencies=[allow(*CENTRE_STAFF, Role.SUPPLIER, Role.COMPANY)])

PATH = "/transfers"
FILTERS = ("payee", "state", "since", "until")
SHARE_FILTERS = ("agent", "service")
COLUMNS = (
    Column("№ поручения", "integer", 12),
    Column("Дата", "date", 12),
    Column("Получатель", width=30),
    Column("Состояние", width=18),
    Column("Собрано, ₽", "kopecks", 16),
    Column("Вознаграждение агентов, ₽", "kopecks", 20),
    Column("Вознаграждение РЦ, ₽", "kopecks", 20),
    Column("К переводу, ₽", "kopecks", 16),
    Column("Списано банком", "date", 14),
    Column("Замечание", width=50),
)
SHARE_COLUMNS = (
    Column("Оплачено", "date", 12),
    Column("Агент", width=26),
    Column("Услуга", width=30),
    Column("За месяц", "date", 12),
    Column("Сумма, ₽", "kopecks", 14),
    Column("Вознаграждение агента, ₽", "kopecks", 20),
    Column("Вознаграждение РЦ, ₽", "kopecks", 20),
    Column("Зачёт аванса", width=14),
)


@dataclass(frozen=True, slots=True)
class TransfersView:
    """The list."""

    state: ListState
    found: TransferPage
    payees: list[Payee]
    chips: list[tuple[str, str]]
    states: dict[str, tuple[str, str]]
    shown: list[tuple[str, tuple[str, str]]]
    is_centre: bool


@dataclass(frozen=True, slots=True)
class TransferView:
    """A transfer, its sums and its parts."""

    one: TransferRow
    badge: tuple[str, str]
    state: ListState
    found: SharePage
    agents: list[Slice]
    services: list[Slice]
    chips: list[tuple[str, str]]
    is_centre: bool

    @property
    def difference_kopecks(self) -> int:
        """Nothing, when the parts make the transfer."""
        return self.one.gross_kopecks - sum(one.amount_kopecks for one in self.agents)


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(payout_pages.TRANSFER_SORTS), "-day", PATH)


async def _found(session: Session, state: ListState, limit: int, offset: int) -> TransferPage:
    return await payout_pages.transfer_list(
        session,
        payee_id=state.number("payee"),
        state=state.get("state") if state.get("state") in SHOWN_STATES else "",
        since=state.day("since"),
        until=state.day("until"),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=limit,
        offset=offset,
    )


@router.get("")
async def show_all(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Transfers with filters; the state of the list is in the address."""
    state = _state(request)
    found = await _found(session, state, PAGE_ROWS, state.offset)
    is_centre = me.may(*CENTRE_STAFF)
    payees = await payee_act.payees(session) if is_centre else []
    names = {str(one.id): one.name for one in payees}
    labels = {
        "payee": names.get(state.get("payee"), "получатель"),
        "state": TRANSFER_STATES.get(state.get("state"), ("состояние", ""))[0],
        "since": f"с {state.get('since')}",
        "until": f"по {state.get('until')}",
    }
    chips = [(key, labels[key]) for key in FILTERS if state.get(key)]
    shown = [(one, TRANSFER_STATES[one]) for one in SHOWN_STATES]
    view = TransfersView(state, found, payees, chips, TRANSFER_STATES, shown, is_centre)
    return list_page(request, "payouts/transfers.html", view, state, ("since", "until"))


@router.get(".{form}")
async def file(request: Request, form: str, session: Reader) -> Response:
    """All found transfers as CSV or XLSX."""
    found = await _found(session, _state(request), EXPORT_ROWS_MAX, 0)
    cells: list[list[Cell]] = [
        [
            row.number,
            row.day,
            row.payee_name,
            TRANSFER_STATES[row.state][0],
            row.gross_kopecks,
            row.agent_fee_kopecks,
            row.centre_fee_kopecks,
            row.net_kopecks,
            row.executed_on,
            row.problem,
        ]
        for row in found.rows
    ]
    return await export_file(form, "Переводы", "Переводы получателям", COLUMNS, cells)


def _share_state(request: Request, transfer_id: int) -> ListState:
    path = f"{PATH}/{transfer_id}"
    return list_state(request, SHARE_FILTERS, tuple(payout_pages.SHARE_SORTS), "paid", path)


async def _shares(session: Session, one: TransferRow, state: ListState, limit: int, offset: int) -> SharePage:
    return await payout_pages.shares(
        session,
        one,
        agent_id=state.number("agent"),
        service=state.number("service"),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=limit,
        offset=offset,
    )


@router.get("/{transfer_id}.{form}")
async def shares_file(request: Request, transfer_id: int, form: str, session: Reader) -> Response:
    """All found parts of a transfer as CSV or XLSX."""
    one = await _one(session, transfer_id)
    found = await _shares(session, one, _share_state(request, transfer_id), EXPORT_ROWS_MAX, 0)
    cells: list[list[Cell]] = [
        [
            row.paid_on,
            row.agent_name,
            row.service_name,
            row.of_period,
            row.amount_kopecks,
            row.agent_fee_kopecks,
            row.centre_fee_kopecks,
            "да" if row.is_advance else "",
        ]
        for row in found.rows
    ]
    total: list[Cell] = ["Всего", None, None, None, found.amount_kopecks, None, None, None]
    title = f"Перевод {one.payee_name} № {one.number or '—'}"
    return await export_file(form, f"Перевод {one.number or one.id}", title, SHARE_COLUMNS, cells, total)


@router.get("/{transfer_id}")
async def show(request: Request, transfer_id: int, me: CurrentUser, session: Reader) -> Response:
    """A transfer back to its payments."""
    one = await _one(session, transfer_id)
    state = _share_state(request, transfer_id)
    found = await _shares(session, one, state, PAGE_ROWS, state.offset)
    agents, services = (
        await payout_pages.by_agent(session, one),
        await payout_pages.by_service(session, one),
    )
    labels = {
        "agent": next((part.name for part in agents if part.id == state.number("agent")), "агент"),
        "service": next((part.name for part in services if part.id == state.number("service")), "услуга"),
    }
    chips = [(key, labels[key]) for key in SHARE_FILTERS if state.get(key)]
    view = TransferView(
        one, TRANSFER_STATES[one.state], state, found, agents, services, chips, me.may(*CENTRE_STAFF)
    )
    return list_page(request, "payouts/transfer.html", view, state, ())


async def _one(session: Session, transfer_id: int) -> TransferRow:
    one = await payout_pages.transfer(session, transfer_id)
    if one is None:
        raise NotFound(f"Перевода {transfer_id} нет.", "Проверьте номер или откройте список переводов.")
    return one
