"""«Платежи»: what the agent has passed on a day, with the day's count and sum, for its own reconciliation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import partner_pages
from storage.partner_pages import AgentDay, AgentPayment
from storage.session import Session
from web import clock
from web.deps import CurrentUser, Reader
from web.export import Cell, Column, export_file
from web.filters import MOSCOW
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import list_page
from web.roles import Me, Role, allow

router = APIRouter(dependencies=[allow(Role.AGENT)])

STATES = {
    "accepted": ("принят", "brand"),
    "posted": ("зачислен", "good"),
    "unmatched": ("счёт не найден", "warn"),
    "reversed": ("возвращён", "bad"),
}
COLUMNS = (
    Column("Номер операции", "text", 26),
    Column("Получен", "text", 20),
    Column("Счёт", "text", 14),
    Column("Дата платежа", "date", 14),
    Column("Сумма, ₽", "kopecks", 14),
    Column("Состояние", "text", 18),
)


@dataclass(frozen=True, slots=True)
class AgentView:
    """A day of payments."""

    state: ListState
    day: dt.date
    found: AgentDay
    states: dict[str, tuple[str, str]]
    before: dt.date
    after: dt.date | None


def _state(request: Request) -> ListState:
    return list_state(request, ("day", "account"), ("number",), "number", path="/agent")


def _agent(me: Me) -> int:
    assert me.organisation_id is not None, "an agent's user belongs to the agent"
    return me.organisation_id


async def _day(session: Session, agent_id: int, state: ListState) -> dt.date:
    """The day of the address; without one, the newest day with payments, else today."""
    asked = state.day("day")
    if asked is not None:
        return asked
    return await partner_pages.last_paid_on(session, agent_id) or clock.today()


@router.get("/agent")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """A page of the day's payments."""
    state = _state(request)
    day = await _day(session, _agent(me), state)
    found = await partner_pages.agent_day(
        session, _agent(me), day, state.get("account"), limit=PAGE_ROWS, offset=state.offset
    )
    tomorrow = day + dt.timedelta(days=1)
    view = AgentView(
        state=state,
        day=day,
        found=found,
        states=STATES,
        before=day - dt.timedelta(days=1),
        after=tomorrow if tomorrow <= clock.today() else None,
    )
    return list_page(request, "agent/home.html", view, state, ("day",))


@router.get("/agent.{form}")
async def download(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """The day as CSV or XLSX: what the agent compares with its own register."""
    state = _state(request)
    day = await _day(session, _agent(me), state)
    found = await partner_pages.agent_day(
        session, _agent(me), day, state.get("account"), limit=EXPORT_ROWS_MAX
    )
    title = f"Платежи за {day:%d.%m.%Y}, {me.organisation_name}"
    total = ["Всего за день", None, None, None, found.amount_kopecks, None]
    cells = [_cells(row) for row in found.rows]
    return await export_file(form, f"platezhi-{day}", title, COLUMNS, cells, total)


def _cells(row: AgentPayment) -> list[Cell]:
    return [
        row.number,
        f"{row.recorded_at.astimezone(MOSCOW):%d.%m.%Y %H:%M}",
        row.account_number,
        row.paid_on,
        row.amount_kopecks,
        STATES.get(row.state, (row.state, ""))[0],
    ]
