"""«Письма»: every letter and what became of it, bounces brought as files, one letter and its deeds."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from gateways.mail import dsn
from storage import mail_pages, mail_work
from storage.mail_boxes import MailRefused
from storage.mail_pages import LetterFilter, LetterList, LetterRow, ReturnRow
from storage.mail_work import Returned
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.export import Column, export_file
from web.filters import month
from web.forms import Typed, blank, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.mail_words import KINDS, LETTER_STATES, RETURNS
from web.render import list_page, page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, allow

router = APIRouter(prefix="/centre/mail", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/centre/mail"
FILTERS = ("state", "kind", "words", "run", "since")
COLUMNS = (
    Column("Создано", "date", 14),
    Column("Письмо", width=20),
    Column("Месяц", width=16),
    Column("Счёт", width=16),
    Column("Организация", width=24),
    Column("Кому", width=32),
    Column("Состояние", width=22),
    Column("Отправлено", "date", 14),
    Column("Ответ сервера", width=60),
    Column("SHA-256 квитанции", width=66),
)
DONE = {"returned": "Возврат прочитан и записан."}


@dataclass(frozen=True, slots=True)
class JournalView:
    """The list."""

    state: ListState
    found: LetterList
    chips: list[tuple[str, str]]
    may_act: bool
    form: Typed
    done: str
    states: dict[str, tuple[str, str]] = field(default_factory=lambda: LETTER_STATES)
    kinds: dict[str, str] = field(default_factory=lambda: KINDS)


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(mail_pages.SORTS), "-recorded", PATH)


def _filter(state: ListState) -> LetterFilter:
    return LetterFilter(
        state.get("state"), state.get("kind"), state.get("words"), state.number("run"), state.day("since")
    )


async def _view(request: Request, session: Session, may_act: bool, form: Typed, done: str) -> JournalView:
    state = _state(request)
    found = await mail_pages.letters(
        session,
        _filter(state),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=PAGE_ROWS,
        offset=state.offset,
    )
    labels = {
        "state": LETTER_STATES.get(state.get("state"), ("состояние", ""))[0],
        "kind": KINDS.get(state.get("kind"), "письмо"),
        "words": f"счёт или адрес: {state.get('words')}",
        "run": f"рассылка {state.get('run')}",
        "since": f"с {state.get('since')}",
    }
    chips = [(key, labels[key]) for key in FILTERS if state.get(key)]
    return JournalView(state, found, chips, may_act, form, done)


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """Letters with filters; the state of the list is in the address."""
    view = await _view(request, session, me.may(*ACCRUERS), blank(), DONE.get(done, ""))
    return list_page(request, "mail/journal.html", view, view.state, ("since",))


@router.get(".{form}")
async def file(request: Request, form: str, session: Reader) -> Response:
    """All found letters as CSV or XLSX."""
    state = _state(request)
    found = await mail_pages.letters(
        session, _filter(state), sort=state.sort, is_descending=state.is_descending, limit=EXPORT_ROWS_MAX
    )
    cells = [
        (
            row.recorded_at.date(),
            KINDS[row.kind],
            month(row.period) if row.period else "",
            row.account_number,
            row.company_name,
            row.address,
            LETTER_STATES[row.state][0],
            row.sent_at.date() if row.sent_at else None,
            row.words,
            row.digest or "",
        )
        for row in found.rows
    ]
    return await export_file(form, "Письма", "Письма жителям", COLUMNS, cells)


@router.post("/returned", dependencies=[allow(*ACCRUERS)])
async def take_back(request: Request, me: CurrentUser, session: Writer) -> Response:
    """A bounce saved from a mailbox as a file .eml."""
    form = await read_form(request)
    upload = form.files.get("file")
    raw = await upload.read(dsn.RAW_MAX + 1) if upload is not None else b""
    if not raw or len(raw) > dsn.RAW_MAX:
        form.refuse("file", "Выберите файл .eml с возвратом, не больше 256 КБ.")
    else:
        found = dsn.read(raw)
        came = Returned(found.kind, found.status, found.words, found.token, raw)
        if not found.token or not await mail_work.take_back(session, came, me.user_id):
            form.refuse("file", "В файле нет письма, которое мы отправляли. Сохраните возврат целиком.")
    if form.is_good:
        return see_other(request, f"{PATH}?done=returned")
    view = await _view(request, session, True, form, "")
    return page(request, "mail/journal.html", view, status=422)


# ---- one letter ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LetterView:
    """One letter, what came back, what may be done."""

    letter: LetterRow
    returns: list[ReturnRow]
    may_act: bool
    refusal: str = ""
    states: dict[str, tuple[str, str]] = field(default_factory=lambda: LETTER_STATES)
    kinds: dict[str, str] = field(default_factory=lambda: KINDS)
    return_kinds: dict[str, str] = field(default_factory=lambda: RETURNS)


async def _letter(session: Session, letter_id: int, may_act: bool, refusal: str = "") -> LetterView:
    letter = await mail_pages.letter(session, letter_id)
    if letter is None:
        raise NotFound("Такого письма нет.", "Откройте список писем.")
    return LetterView(letter, await mail_pages.returns(session, letter_id), may_act, refusal)


@router.get("/{letter_id:int}")
async def show_one(request: Request, letter_id: int, me: CurrentUser, session: Reader) -> Response:
    """One letter."""
    return page(request, "mail/letter.html", await _letter(session, letter_id, me.may(*ACCRUERS)))


@router.post("/{letter_id:int}/{deed}", dependencies=[allow(*ACCRUERS)])
async def act(request: Request, letter_id: int, deed: str, session: Writer) -> Response:
    """Send it again, or note that an unclear one came."""
    deeds = {"again": mail_pages.again, "came": mail_pages.settle_unclear}
    if deed not in deeds:
        raise NotFound("Такого действия нет.", "Обновите страницу письма.")
    await _letter(session, letter_id, True)
    try:
        await deeds[deed](session, letter_id)
    except MailRefused as refusal:
        view = await _letter(session, letter_id, True, str(refusal))
        return page(request, "mail/letter.html", view, status=409)
    return see_other(request, f"{PATH}/{letter_id}")
