"""«Перерасчёты»: every package with its ground, found by state, reason, document or account; as a file
too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from fastapi import APIRouter, Request, Response

from storage import late_facts
from storage.correction_pages import CorrectionHead, corrections, corrections_count
from storage.corrections import REASONS
from storage.late_facts import Filter
from web.corrections.words import CORRECTORS, READERS, STATES, state_words
from web.deps import CurrentUser, Reader
from web.export import Cell, Column, export_file
from web.filters import month
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import page
from web.roles import allow

router = APIRouter(prefix="/corrections", dependencies=[allow(*READERS)])

FILTERS = ("q", "state", "reason")
COLUMNS = (
    Column("Перерасчёт", "text", 14),
    Column("Что пересчитали", "text", 34),
    Column("За месяцы", "text", 28),
    Column("Причина", "text", 30),
    Column("Основание", "text", 40),
    Column("Дата документа", "date", 14),
    Column("Состояние", "text", 20),
    Column("Сумма, ₽", "kopecks", 14),
    Column("Внёс", "text", 26),
    Column("Утвердил", "text", 26),
)


@dataclass(frozen=True, slots=True)
class ListingView:
    """The list with its filters."""

    state: ListState
    rows: list[CorrectionHead]
    total: int
    reasons: dict[str, str]
    states: dict[str, tuple[str, str]]
    chips: list[tuple[str, str]]
    may_draft: bool
    waiting: int

    def words(self, row: CorrectionHead) -> tuple[str, str]:
        """State of a row."""
        return state_words(row)


class Wanted(TypedDict):
    """What the list is filtered by."""

    state: str | None
    reason: str | None
    words: str | None


def _filter(state: ListState) -> Wanted:
    chosen, reason = state.get("state"), state.get("reason")
    return {
        "state": chosen if chosen in STATES else None,
        "reason": reason if reason in REASONS else None,
        "words": state.get("q") or None,
    }


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The newest first."""
    state = list_state(request, FILTERS, ("created",), "-created")
    chips = []
    if state.get("state") in STATES:
        chips.append(("state", STATES[state.get("state")][0]))
    if state.get("reason") in REASONS:
        chips.append(("reason", REASONS[state.get("reason")]))
    if state.get("q"):
        chips.append(("q", f"документ или счёт: {state.get('q')}"))
    wanted = _filter(state)
    rows = await corrections(session, **wanted, limit=PAGE_ROWS, offset=state.offset)
    total = await corrections_count(session, **wanted)
    waiting = (await late_facts.chosen(session, Filter())).facts_count
    view = ListingView(state, rows, total, REASONS, STATES, chips, me.may(*CORRECTORS), waiting)
    return page(request, "corrections/listing.html", view, "list")


@router.get(".{form}")
async def download(request: Request, form: str, session: Reader) -> Response:
    """The same list as CSV or XLSX."""
    wanted = _filter(list_state(request, FILTERS, ("created",), "-created"))
    rows = await corrections(session, **wanted, limit=EXPORT_ROWS_MAX)
    return await export_file(
        form, "Перерасчёты", "Перерасчёты прошлых месяцев", COLUMNS, [_cells(row) for row in rows]
    )


def months_words(row: CorrectionHead) -> str:
    """«август 2026 — октябрь 2026», or one month."""
    if row.first_period == row.last_period:
        return month(row.first_period)
    return f"{month(row.first_period)} — {month(row.last_period)}"


def _cells(row: CorrectionHead) -> list[Cell]:
    return [
        str(row.id),
        row.scope_name,
        months_words(row),
        REASONS.get(row.reason, row.reason),
        row.ground,
        row.ground_on,
        state_words(row)[0],
        row.total_kopecks,
        row.created_by_name or "",
        row.approved_by_name or "",
    ]
