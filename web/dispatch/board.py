"""«Доска»: who burns. Requests grouped by the clock, not by their state; re-drawn every half a minute."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.deadline import CATEGORIES
from storage import dispatch_pages
from storage.dispatch_pages import RequestFilter, RequestRow
from web import clock
from web.deps import CurrentUser, Reader
from web.dispatch.words import BURNING, DISPATCH_STAFF, STATES, companies_of, left_tone, left_words, local
from web.lists import ListState, list_state
from web.render import page
from web.roles import allow

router = APIRouter(prefix="/dispatch", dependencies=[allow(*DISPATCH_STAFF)])

FILTERS = ("company", "who", "emergency", "q")
WHO = {"none": "без исполнителя"}


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A request with what is left of its term."""

    request: RequestRow
    category: str
    left: str
    tone: str
    state: tuple[str, str]


@dataclass(frozen=True, slots=True)
class BoardGroup:
    """Requests of one urgency; an empty group is not drawn."""

    key: str
    title: str
    tone: str
    rows: tuple[BoardRow, ...]


@dataclass(frozen=True, slots=True)
class BoardView:
    """The board with its filters."""

    state: ListState
    groups: list[BoardGroup]
    chips: list[tuple[str, str]]
    companies: list[tuple[int, str]]
    total: int
    late: int
    moment: dt.datetime
    logged: str


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The board; a poll gets 304 while no request and no minute has changed."""
    state = list_state(request, FILTERS, ("deadline",), "deadline", path="/dispatch")
    mine = companies_of(request)
    wanted = RequestFilter(
        company_id=state.number("company"),
        is_emergency=state.get("emergency") == "1",
        without_assignee=state.get("who") == "none",
        query=state.get("q"),
    )
    rows = await dispatch_pages.board(session, wanted)
    companies = await dispatch_pages.served_companies(session, mine)
    now = clock.now()
    groups = _groups(rows, now)
    view = BoardView(
        state=state,
        groups=groups,
        chips=_chips(state, companies),
        companies=companies,
        total=len(rows),
        late=sum(len(group.rows) for group in groups if group.key == "late"),
        moment=now,
        logged="",
    )
    tag = f'"{hashlib.sha256(repr(groups).encode()).hexdigest()[:16]}"'
    if request.headers.get("HX-PTag") == tag:
        return Response(status_code=304, headers={"HX-PTag": tag})
    return page(request, "dispatch/board.html", view, "board", headers={"HX-PTag": tag})


def _groups(rows: Sequence[RequestRow], now: dt.datetime) -> list[BoardGroup]:
    """Late, burning, today, later, postponed."""
    tomorrow = (local(now) + dt.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    parts: dict[str, list[BoardRow]] = {key: [] for key in ("late", "burning", "today", "later", "postponed")}
    for row in rows:
        if row.state == "postponed":
            key = "postponed"
        elif row.deadline_at < now:
            key = "late"
        elif row.deadline_at - now < BURNING:
            key = "burning"
        elif row.deadline_at < tomorrow:
            key = "today"
        else:
            key = "later"
        parts[key].append(board_row(row, now))
    titles = {
        "late": ("Просрочено", "bad"),
        "burning": ("Горит, меньше 30 минут", "warn"),
        "today": ("Сегодня", ""),
        "later": ("Позже", ""),
        "postponed": ("Отложены", ""),
    }
    return [BoardGroup(key, *titles[key], tuple(made)) for key, made in parts.items() if made]


def board_row(row: RequestRow, now: dt.datetime) -> BoardRow:
    """A request as tables show it."""
    known = CATEGORIES.get(row.category)
    if row.state == "postponed" and row.postponed_until is not None:
        left, tone = f"до {local(row.postponed_until):%d.%m}", ""
    elif row.state in ("done", "closed", "cancelled"):
        left, tone = "", ""
    else:
        left, tone = left_words(row.deadline_at, now), left_tone(row.deadline_at, now)
    return BoardRow(row, known.title if known else row.category, left, tone, STATES[row.state])


def _chips(state: ListState, companies: Sequence[tuple[int, str]]) -> list[tuple[str, str]]:
    """Filters that are set, in words."""
    made = []
    if state.get("q"):
        made.append(("q", f"«{state.get('q')}»"))
    if state.get("company"):
        made.append(("company", dict(companies).get(state.number("company") or 0, "другая УК")))
    if state.get("who"):
        made.append(("who", WHO.get(state.get("who"), state.get("who"))))
    if state.get("emergency"):
        made.append(("emergency", "аварии"))
    return made
