"""«Сбои обмена»: events nobody could process, sent again or set aside with a reason; how the way out is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import dead_letters
from storage.dead_letters import AT_ONCE_MAX, STATES, Health, Letter, LetterFilter, LetterPage
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.export import Column, export_file
from web.filters import plural
from web.forms import Typed, blank, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import page, see_other
from web.roles import CENTRE_STAFF, allow

router = APIRouter(prefix="/centre/letters", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/centre/letters"
FILTERS = ("state", "consumer", "words", "done")
REASON_MAX = 300
STATE_WORDS = {"waiting": "Ждут решения", "sent": "Отправлены снова", "aside": "Отложены"}
CONSUMER_WORDS = {
    "payments-intake": "Приём платежей",
    "readings-intake": "Приём показаний",
    "runs": "Прогоны начислений",
    "imports": "Загрузка данных",
    "press": "Печать",
    "registers": "Реестры платежей",
    "penalties": "Пени",
    "notices": "Извещения",
}
COLUMNS = (
    Column("Когда", "date", 14),
    Column("Куда", width=24),
    Column("Событие", width=40),
    Column("Ошибка", width=70),
    Column("Попыток", "integer", 10),
    Column("Состояние", width=18),
    Column("Основание", width=40),
    Column("Содержание", width=80),
)


@dataclass(frozen=True, slots=True)
class LettersView:
    """The queue of letters."""

    state: ListState
    found: LetterPage
    counts: dict[str, int]
    consumers: list[tuple[str, str]]
    health: Health
    form: Typed
    told: str
    chips: list[tuple[str, str]]

    @property
    def now(self) -> str:
        """The state shown."""
        return _shown(self.state)

    @property
    def states(self) -> list[tuple[str, str, int]]:
        """Each state with its words and how many there are."""
        return [(key, STATE_WORDS[key], self.counts.get(key, 0)) for key in STATES]

    @property
    def at_once(self) -> int:
        """How many of those found one press sends."""
        return min(self.found.total, AT_ONCE_MAX)

    def consumer(self, name: str) -> str:
        """A consumer in words."""
        return CONSUMER_WORDS.get(name, name)

    def content(self, row: Letter) -> str:
        """What the event carries, as it was written."""
        return _content(row)


def _content(row: Letter) -> str:
    return json.dumps(row.payload, ensure_ascii=False, indent=1, sort_keys=True)


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, ("id",), "id", PATH)


def _shown(state: ListState) -> str:
    wanted = state.get("state")
    return wanted if wanted in STATES else STATES[0]


def _filter(state: ListState) -> LetterFilter:
    return LetterFilter(_shown(state), state.get("consumer"), state.get("words"))


@router.get("")
async def show(request: Request, session: Reader) -> Response:
    """Letters with filters, the newest first."""
    state = _state(request)
    view = await _view(session, state, blank())
    return page(
        request, "centre/letters.html", view, block="list", headers={"HX-Replace-Url": state.without("done")}
    )


async def _view(session: Session, state: ListState, form: Typed) -> LettersView:
    labels = {
        "consumer": CONSUMER_WORDS.get(state.get("consumer"), state.get("consumer")),
        "words": state.get("words"),
    }
    return LettersView(
        state=state,
        found=await dead_letters.queue(session, _filter(state), limit=PAGE_ROWS, offset=state.offset),
        counts=await dead_letters.counts(session),
        consumers=[(one, CONSUMER_WORDS.get(one, one)) for one in await dead_letters.consumers(session)],
        health=await dead_letters.health(session),
        form=form,
        told=_told(state.get("done")),
        chips=[(key, words) for key, words in labels.items() if words],
    )


def _told(done: str) -> str:
    """What the last deed did, from the address it led to."""
    deed, _, number = done.partition("-")
    if not number.isascii() or not number.isdigit() or len(number) > 6:
        return ""
    events = plural(int(number), "событие", "события", "событий")
    if deed == "sent":
        return f"{events}: отправлено снова. Неудачное вернётся в эту очередь."
    return f"{events}: отложено. Ничего не удалено." if deed == "aside" else ""


@router.get(".{form}")
async def file(form: str, request: Request, session: Reader) -> Response:
    """The found letters as CSV or XLSX."""
    found = await dead_letters.queue(session, _filter(_state(request)), limit=EXPORT_ROWS_MAX)
    cells = [
        (
            row.recorded_at.date(),
            CONSUMER_WORDS.get(row.consumer, row.consumer),
            row.event_id,
            row.error,
            row.attempts,
            STATE_WORDS[row.resolution or "waiting"],
            row.reason or "",
            _content(row),
        )
        for row in found.rows
    ]
    return await export_file(form, "Сбои обмена", "Сбои обмена", COLUMNS, cells)


@router.post("/{deed}")
async def act(request: Request, deed: str, me: CurrentUser, session: Writer) -> Response:
    """Send the picked (or all found) again, or set the picked aside with a reason."""
    if deed not in ("send", "aside"):
        raise NotFound
    form, state = await read_form(request), _state(request)
    picked = [int(key[2:]) for key in form.values if key.startswith("l-") and key[2:].isdigit()][:AT_ONCE_MAX]
    if form.value("all") == "1":
        found = await dead_letters.queue(session, _filter(state), limit=AT_ONCE_MAX)
        picked = [row.id for row in found.rows]
    if not picked:
        form.refuse("", "Не выбрано ни одного события. Отметьте строки галочкой.")
    reason = ""
    if deed == "aside":
        reason = form.text("reason", "Напишите, почему с событием ничего не делать.", REASON_MAX)
    if not form.is_good:
        return page(request, "centre/letters.html", await _view(session, state, form), status=422)
    count = await _do(session, deed, picked, reason, me.user_id)
    return see_other(request, state.with_filter("done", f"{'sent' if deed == 'send' else 'aside'}-{count}"))


async def _do(session: Session, deed: str, picked: Sequence[int], reason: str, user_id: int) -> int:
    if deed == "send":
        return await dead_letters.send_again(session, picked, user_id=user_id)
    return await dead_letters.set_aside(session, picked, reason=reason, user_id=user_id)
