"""One reconciliation with an agent: totals of both sides, every operation, deeds, the act as PDF and XLSX."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.agent_day import VERDICTS
from receipts.agent_day import ActRow, ActTotal, agent_day_pdf
from storage import agent_day_deeds, agent_day_pages, agent_days, partners
from storage.agent_day_deeds import AGENT_DEEDS, CENTRE_DEEDS, GROUND_MAX, deeds_of
from storage.agent_day_pages import DayHead, DayRow, DayRows
from storage.agent_days import DayRefused
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer, now, read
from web.errors import Conflict, NotFound, PageError
from web.export import Cell, Column, export_file
from web.forms import read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.money.uploads import may_load
from web.money.words import DAY_DEEDS, DAY_OUTCOMES, DAY_ROW_STATES, DAY_STATES, DAY_VERDICTS
from web.render import fragment, hx_partial, page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, Role, allow
from web.streams import Tick, stream

router = APIRouter(prefix="/agent-days", dependencies=[allow(*CENTRE_STAFF, Role.AGENT)])

PATH = "/agent-days"
FILTERS = ("verdict", "state", "words")
ACT_ROWS_MAX = 2_000
"""Differences of one act on paper: more is a file that was never this agent's."""
NEEDS_WORDS = {
    "post": "Напишите основание: письмо агента, чек плательщика.",
    "ask": "Напишите, что просите: отменить платёж, прислать подтверждение.",
    "keep": "Напишите, почему оставляем как есть.",
    "answer": "Напишите ответ расчётному центру.",
}
COLUMNS = (
    Column("Итог", width=22),
    Column("Номер операции", width=30),
    Column("Счёт", width=16),
    Column("Дата у агента", "date", 14),
    Column("Сумма у агента, ₽", "kopecks", 18),
    Column("Дата у нас", "date", 14),
    Column("Сумма у нас, ₽", "kopecks", 18),
    Column("Разница, ₽", "kopecks", 14),
    Column("Состояние", width=24),
    Column("Что решено", width=70),
)


@dataclass(frozen=True, slots=True)
class DayView:
    """A reconciliation with a page of its operations."""

    head: DayHead
    state: ListState
    found: DayRows
    me_id: int
    may_act: bool
    is_agent: bool
    states: dict[str, tuple[str, str]]
    verdicts: dict[str, tuple[str, str]]
    row_states: dict[str, tuple[str, str]]
    deed_words: dict[str, str]

    @property
    def days(self) -> str:
        """The day, or the days, in words."""
        return days_of(self.head)

    def deeds(self, row: DayRow) -> tuple[str, ...]:
        """Buttons of a difference for this person."""
        if not self.may_act or self.head.line.state != "compared":
            return ()
        fit = deeds_of(row.verdict, row.state, row.payment_id, is_agent=self.is_agent)
        own = row.proposed_by == self.me_id
        return tuple(one for one in fit if one != "approve" or not own)

    def outcome(self, row: DayRow) -> str:
        """What was decided, by whom and why."""
        return outcome(row, with_names=not self.is_agent)


def days_of(head: DayHead) -> str:
    """13.11.2026 or 13.11–15.11.2026."""
    first, last = head.line.first_day, head.line.last_day
    if first is None or last is None:
        return ""
    return f"{last:%d.%m.%Y}" if first == last else f"{first:%d.%m}–{last:%d.%m.%Y}"


def outcome(row: DayRow, *, with_names: bool) -> str:
    """What was decided of a difference and why, for a page and for paper."""
    parts = [row.message]
    if row.deed and row.deed != "later":
        by = f", {row.decided_name or row.proposed_name}" if with_names and row.proposed_name else ""
        parts.append(f"{DAY_OUTCOMES[row.deed].capitalize()}{by}: {row.ground}.")
    if row.answer:
        parts.append(f"Ответ агента: {row.answer}.")
    return " ".join(part for part in parts if part).replace("..", ".")


async def _head(session: Session, day_id: int) -> DayHead:
    head = await agent_day_pages.day_head(session, day_id)
    if head is None:
        raise NotFound("Такой сверки нет.", "Откройте список сверок с агентами.")
    return head


def _state(request: Request, day_id: int) -> ListState:
    sorts = tuple(agent_day_pages.ROW_SORTS)
    return list_state(request, FILTERS, sorts, "line", f"{PATH}/{day_id}")


async def _rows(session: Session, state: ListState, day_id: int, limit: int, offset: int = 0) -> DayRows:
    return await agent_day_pages.day_rows(
        session,
        day_id,
        verdict=state.get("verdict"),
        state=state.get("state"),
        words=state.get("words"),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=limit,
        offset=offset,
    )


async def _view(request: Request, session: Session, me: Me, day_id: int) -> DayView:
    head = await _head(session, day_id)
    state = _state(request, day_id)
    return DayView(
        head,
        state,
        await _rows(session, state, day_id, PAGE_ROWS, state.offset),
        me.user_id,
        may_load(me),
        me.may(Role.AGENT),
        DAY_STATES,
        DAY_VERDICTS,
        DAY_ROW_STATES,
        DAY_DEEDS,
    )


@router.get("/{day_id:int}")
async def show(request: Request, day_id: int, me: CurrentUser, session: Reader) -> Response:
    """The reconciliation; its operations alone when the filter changes."""
    return page(request, "money/agent_day.html", await _view(request, session, me, day_id), block="rows")


@router.get("/{day_id:int}/stream")
async def follow(request: Request, day_id: int, me: CurrentUser) -> Response:
    """Waits for the worker; then the whole reconciliation."""
    async with read(request) as session:
        await _head(session, day_id)

    async def look(number: int) -> Tick:
        async with read(request) as session:
            view = await _view(request, session, me, day_id)
        if view.head.is_live:
            return Tick("", is_live=True)
        html = fragment(request, "money/agent_day.html", view, "day")
        return Tick(hx_partial("#day", html, "outerHTML"), is_live=False)

    return stream(request, look)


# ---- the act ----------------------------------------------------------------------------------------


@router.get("/{day_id:int}/act.pdf")
async def act_paper(day_id: int, session: Reader) -> Response:
    """The act of reconciliation to be signed by both sides."""
    head = await _compared(session, day_id)
    found = await agent_day_pages.day_rows(session, day_id, verdict="differences", limit=ACT_ROWS_MAX + 1)
    if found.total > ACT_ROWS_MAX:
        raise PageError(
            f"Расхождений {found.total}: на бумагу они не помещаются.",
            "Скачайте XLSX или проверьте, тот ли это реестр.",
            status=409,
        )
    content = await asyncio.to_thread(
        agent_day_pdf,
        f"Акт сверки платежей за {days_of(head)}",
        await partners.centre_name(session),
        head.line.agent_name,
        _totals(head),
        [_act_row(row) for row in found.rows],
        now(),
    )
    headers = {"Content-Disposition": f'inline; filename="act-{day_id}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


@router.get("/{day_id:int}.{form}")
async def file(request: Request, day_id: int, form: str, session: Reader) -> Response:
    """The act as CSV or XLSX: found operations of both sides, their totals in the last row."""
    head = await _compared(session, day_id)
    found = await _rows(session, _state(request, day_id), day_id, EXPORT_ROWS_MAX)
    theirs = sum(row.their_kopecks or 0 for row in found.rows)
    ours = sum(row.our_kopecks or 0 for row in found.rows)
    total: list[Cell] = ["Всего", None, None, None, theirs, None, ours, theirs - ours, None, None]
    title = f"Сверка № {day_id}: {head.line.agent_name}, {days_of(head)}"
    cells = [_cells(row) for row in found.rows]
    return await export_file(form, f"Сверка {day_id}", title, COLUMNS, cells, total)


async def _compared(session: Session, day_id: int) -> DayHead:
    head = await _head(session, day_id)
    if head.line.first_day is None:
        raise PageError("Реестр ещё не сверен.", "Подождите несколько секунд и откройте снова.", status=409)
    return head


def _totals(head: DayHead) -> list[ActTotal]:
    kinds = [head.of(verdict) for verdict in VERDICTS]
    return [
        ActTotal(
            DAY_VERDICTS[one.verdict][0], one.their_count, one.their_kopecks, one.our_count, one.our_kopecks
        )
        for one in kinds
        if one.count or one.verdict in ("same", "theirs", "ours", "differs")
    ]


def _act_row(row: DayRow) -> ActRow:
    decided = outcome(row, with_names=False) or DAY_ROW_STATES[row.state][0]
    kind = DAY_VERDICTS[row.verdict][0]
    return ActRow(row.number, row.account, kind, row.their_kopecks, row.our_kopecks, decided)


def _cells(row: DayRow) -> tuple[str | int | dt.date | None, ...]:
    return (
        DAY_VERDICTS[row.verdict][0], row.number, row.account, row.their_day, row.their_kopecks, row.our_day,
        row.our_kopecks, row.difference_kopecks, DAY_ROW_STATES[row.state][0], outcome(row, with_names=False),
    )  # fmt: skip


# ---- deeds ------------------------------------------------------------------------------------------


@router.post("/{day_id:int}/withdraw", dependencies=[allow(*ACCRUERS)])
async def withdraw(request: Request, day_id: int, me: CurrentUser, session: Writer) -> Response:
    """Put a wrong file aside."""
    await _head(session, day_id)
    try:
        await agent_days.withdraw(session, day_id, me.user_id)
    except DayRefused as refused:
        raise Conflict("Не отозвано.", str(refused)) from refused
    return see_other(request, f"{PATH}/{day_id}")


@router.post("/{day_id:int}/rows/{row_id:int}", dependencies=[allow(*ACCRUERS, Role.AGENT)])
async def decide(request: Request, day_id: int, row_id: int, me: CurrentUser, session: Writer) -> Response:
    """A deed with a difference: of the centre, or the agent's answer."""
    await _head(session, day_id)
    form = await read_form(request)
    is_agent = me.may(Role.AGENT)
    deed = form.value("deed")
    if deed not in (AGENT_DEEDS if is_agent else CENTRE_DEEDS):
        raise NotFound
    words = form.text("words", NEEDS_WORDS[deed], GROUND_MAX) if deed in NEEDS_WORDS else ""
    if not form.is_good:
        raise PageError("Ничего не сделано.", form.errors["words"], status=422)
    try:
        await agent_day_deeds.act(
            session, day_id, row_id, deed, words=words, user_id=me.user_id, is_agent=is_agent
        )
    except DayRefused as refused:
        raise Conflict("Ничего не сделано.", str(refused)) from refused
    return see_other(request, f"{PATH}/{day_id}?verdict=differences")
