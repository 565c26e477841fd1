"""«Заявка»: where, who, what, and the steps allowed now; a change by somebody else is told, not lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.deadline import CATEGORIES
from storage import dispatch_pages
from storage.dispatch_pages import RequestCard
from storage.requests import MOVES, RequestChanged, RequestRefused, Step, move, prolong, say
from storage.session import Session
from web import clock
from web.deps import CurrentUser, Reader, Writer
from web.dispatch.words import DISPATCH_STAFF, SOURCES, STATES, left_tone, left_words, local
from web.errors import NotFound
from web.filters import MOSCOW
from web.forms import Typed, blank, read_form
from web.render import page, see_other
from web.roles import allow

router = APIRouter(prefix="/dispatch/requests", dependencies=[allow(*DISPATCH_STAFF)])


@dataclass(frozen=True, slots=True)
class MoveForm:
    """A step that may be taken now: its button, what it asks for and why."""

    to: str
    label: str
    asks: str
    hint: str
    with_assignee: bool
    with_until: bool
    is_main: bool


NOT_NEEDED, RESIDENT_SEES = "Можно не заполнять.", "Это увидит житель."
MOVE_FORMS: dict[str, MoveForm] = {
    one.to: one
    for one in (
        MoveForm("in_work", "Взять в работу", "Что сказать исполнителю", NOT_NEEDED, True, False, True),
        MoveForm("done", "Выполнена", "Что сделано", RESIDENT_SEES, False, False, True),
        MoveForm("closed", "Закрыть: житель подтвердил", "Заметка", NOT_NEEDED, False, False, True),
        MoveForm("postponed", "Отложить", "Почему и что будет потом", RESIDENT_SEES, False, True, False),
        MoveForm("open", "Вернуть в открытые", "Причина", RESIDENT_SEES, False, False, False),
        MoveForm("cancelled", "Отменить", "Причина", RESIDENT_SEES, False, False, False),
    )
}


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request: card, history, allowed steps, and a refusal of the last one."""

    card: RequestCard
    category: str
    state: tuple[str, str]
    source: str
    states: dict[str, tuple[str, str]]
    left: str
    tone: str
    moves: list[MoveForm]
    form: Typed
    refused_step: str
    changed: str
    can_prolong: bool
    me_name: str

    @property
    def refusal(self) -> str:
        """Words of a refusal whose form is not on the page: the step is not allowed any more."""
        shown = {"say", *(["prolong"] if self.can_prolong else []), *(one.to for one in self.moves)}
        if not self.form.errors or self.refused_step in shown:
            return ""
        return next(iter(self.form.errors.values()))


@router.get("/{request_id}")
async def show(request: Request, request_id: int, me: CurrentUser, session: Reader) -> Response:
    """The page."""
    return page(request, "dispatch/request.html", await _view(session, request_id, me.full_name))


async def _view(
    session: Session,
    request_id: int,
    me_name: str,
    form: Typed | None = None,
    refused_step: str = "",
    changed: str = "",
) -> RequestView:
    card = await dispatch_pages.card(session, request_id)
    if card is None:
        raise NotFound("Такой заявки нет.", "Проверьте номер или найдите её в журнале.")
    known, now = CATEGORIES.get(card.row.category), clock.now()
    is_active = card.row.state in ("open", "in_work", "postponed")
    return RequestView(
        card=card,
        category=known.title if known else card.row.category,
        state=STATES[card.row.state],
        source=SOURCES.get(card.row.source, card.row.source),
        states=STATES,
        left=left_words(card.row.deadline_at, now) if is_active else "",
        tone=left_tone(card.row.deadline_at, now) if is_active else "",
        moves=[MOVE_FORMS[to] for to in MOVES[card.row.state]],
        form=form or blank(),
        refused_step=refused_step,
        changed=changed,
        can_prolong=is_active,
        me_name=me_name,
    )


@router.post("/{request_id}/move")
async def step(request: Request, request_id: int, me: CurrentUser, session: Writer) -> Response:
    """One allowed step; 409 with the page anew when somebody was faster."""
    form = await read_form(request)
    to = form.choice("to", MOVE_FORMS, "Выберите, что сделать с заявкой.")
    version = form.integer("version", "Обновите страницу: заявка открыта слишком давно.")
    until = _moment(form, "until") if to == "postponed" else None
    if not form.is_good or version is None:
        return await _refused(request, session, request_id, me.full_name, form, to)
    taken = Step(to, version, me.user_id, form.value("words"), form.value("assignee")[:200], until)
    done = move(session, request_id, taken, local(clock.now()))
    return await _try(request, session, request_id, me.full_name, form, to, done)


@router.post("/{request_id}/prolong")
async def later(request: Request, request_id: int, me: CurrentUser, session: Writer) -> Response:
    """A later deadline with a reason."""
    form = await read_form(request)
    version = form.integer("version", "Обновите страницу: заявка открыта слишком давно.")
    until = _moment(form, "until")
    if not form.is_good or version is None or until is None:
        return await _refused(request, session, request_id, me.full_name, form, "prolong")
    done = prolong(session, request_id, version, until, form.value("words"), me.user_id, local(clock.now()))
    return await _try(request, session, request_id, me.full_name, form, "prolong", done)


@router.post("/{request_id}/say")
async def speak(request: Request, request_id: int, me: CurrentUser, session: Writer) -> Response:
    """Words to the resident or among colleagues."""
    form = await read_form(request)
    to_resident = form.value("whom") == "resident"
    done = say(session, request_id, form.value("message"), me.user_id, to_resident=to_resident)
    return await _try(request, session, request_id, me.full_name, form, "say", done)


async def _try(
    request: Request,
    session: Session,
    request_id: int,
    me_name: str,
    form: Typed,
    name: str,
    deed: Awaitable[None],
) -> Response:
    """The deed, then the page; a refusal stands beside the field, a change by another above all."""
    try:
        await deed
    except RequestChanged as changed:
        view = await _view(session, request_id, me_name, form, name, changed.message)
        return page(request, "dispatch/request.html", view, status=409)
    except RequestRefused as refused:
        if refused.code == "unknown":
            raise NotFound("Такой заявки нет.", refused.message) from refused
        form.refuse(refused.field, refused.message)
        return await _refused(request, session, request_id, me_name, form, name)
    return see_other(request, f"/dispatch/requests/{request_id}")


async def _refused(
    request: Request, session: Session, request_id: int, me_name: str, form: Typed, name: str
) -> Response:
    view = await _view(session, request_id, me_name, form, name)
    return page(request, "dispatch/request.html", view, status=422)


def _moment(form: Typed, name: str) -> dt.datetime | None:
    """«24.10.2026 18:00», or a day alone (then its end of work, 18:00)."""
    text = form.value(name)
    for pattern in ("%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M"):
        try:
            return dt.datetime.strptime(text, pattern).replace(tzinfo=MOSCOW)
        except ValueError:
            continue
    day = form.date(name, "Введите день, можно со временем: 24.10.2026 18:00.")
    return None if day is None else dt.datetime.combine(day, dt.time(18), tzinfo=MOSCOW)
