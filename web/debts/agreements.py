"""«Рассрочки»: agreements on paying in parts, their list; one with its schedule and decisions."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.paper import PaperMismatchError
from receipts.bargains import render_bargain
from receipts.papers import AGREEMENT
from storage import agreement_pages, agreements, audit, choices, papers
from storage.agreement_pages import AgreementFound, AgreementPartRow, AgreementRow
from storage.agreement_paper import bargain
from storage.agreements import AgreementRefused
from storage.papers import NewPaper
from storage.relief_values import reliefs_on
from storage.session import Session
from web import clock
from web.agreement_words import KINDS, ON_BREAK, PENALTIES, STATES, about, percent
from web.debts.words import READERS, WORKERS, company_of
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict, NotFound
from web.export import Column, export_file
from web.forms import Typed, read_form
from web.instalment_words import RATE
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.papers import as_file
from web.render import list_page, page, see_other
from web.roles import Me, Role, allow

router = APIRouter(prefix="/debts/agreements", dependencies=[allow(*READERS)])

PATH = "/debts/agreements"
FILTERS = ("q", "kind", "state", "company")
GROUND_MAX = 300
ACTS = ("grant", "decline", "cancel", "confirm", "keep")
COLUMNS = (
    Column("№", "integer", 8),
    Column("Счёт", width=14),
    Column("Адрес", width=36),
    Column("Плательщик", width=30),
    Column("Организация", width=24),
    Column("Что", width=40),
    Column("Состояние", width=16),
    Column("С какого дня", "date", 12),
    Column("Сумма, ₽", "kopecks", 14),
    Column("Частей", "integer", 8),
    Column("Оплачено, ₽", "kopecks", 14),
    Column("Следующая часть до", "date", 16),
    Column("Следующая часть, ₽", "kopecks", 16),
    Column("Документ", width=36),
)


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """An agreement in words."""

    row: AgreementRow
    about: str
    kind: str
    badge: tuple[str, str]
    rate: str


@dataclass(frozen=True, slots=True)
class AgreementsView:
    """The list."""

    state: ListState
    found: AgreementFound
    lines: list[AgreementLine]
    companies: list[tuple[int, str]]
    chips: list[tuple[str, str]]

    @property
    def kinds(self) -> dict[str, str]:
        return KINDS

    @property
    def states(self) -> dict[str, tuple[str, str]]:
        return STATES


@dataclass(frozen=True, slots=True)
class AgreementView:
    """One agreement: terms, schedule, what may be done."""

    line: AgreementLine
    parts: list[AgreementPartRow]
    form: Typed
    rate_max: str
    penalties: str
    on_break: str
    may_work: bool
    is_own: bool
    """Whether the cancelling was proposed by the one who looks."""

    @property
    def row(self) -> AgreementRow:
        return self.line.row


def line_of(row: AgreementRow) -> AgreementLine:
    """An agreement in words."""
    return AgreementLine(row, about(row), KINDS[row.kind], STATES[row.state], percent(row.rate_permille))


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(agreement_pages.SORTS), "-id", PATH)


async def _found(session: Session, me: Me, state: ListState, limit: int, offset: int) -> AgreementFound:
    return await agreement_pages.found(
        session,
        kind=state.get("kind"),
        state=state.get("state"),
        company_id=company_of(me, state.number("company")),
        q=state.get("q"),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=limit,
        offset=offset,
    )


@router.get("")
async def show_all(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Agreements found, a hundred a page."""
    state = _state(request)
    found = await _found(session, me, state, PAGE_ROWS, state.offset)
    companies = (
        [] if me.role is Role.COMPANY else [(one.id, one.name) for one in await choices.companies(session)]
    )
    view = AgreementsView(
        state, found, [line_of(row) for row in found.rows], companies, _chips(state, dict(companies))
    )
    return list_page(request, "debts/agreements.html", view, state, ())


def _chips(state: ListState, companies: dict[int, str]) -> list[tuple[str, str]]:
    words = {
        "q": f"«{state.get('q')}»",
        "kind": KINDS.get(state.get("kind"), "вид"),
        "state": STATES.get(state.get("state"), ("состояние", ""))[0],
        "company": companies.get(state.number("company") or 0, "организация"),
    }
    return [(key, words[key]) for key in FILTERS if state.get(key)]


@router.get(".{form}")
async def file(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """All found agreements as CSV or XLSX."""
    found = await _found(session, me, _state(request), EXPORT_ROWS_MAX, 0)
    cells = [
        (
            row.id,
            row.number,
            row.address,
            row.payer_name,
            row.company_name,
            about(row),
            STATES[row.state][0],
            row.made_on,
            row.amount_kopecks,
            row.months,
            row.paid_kopecks,
            row.next_on,
            row.next_kopecks,
            row.document,
        )
        for row in found.rows
    ]
    return await export_file(form, "Рассрочки", "Рассрочки", COLUMNS, cells)


async def _one(session: Session, agreement_id: int) -> AgreementRow:
    row = await agreement_pages.one(session, agreement_id)
    if row is None:
        raise NotFound(f"Рассрочки № {agreement_id} нет.", "Откройте список рассрочек.")
    return row


async def _view(session: Session, me: Me, row: AgreementRow, form: Typed) -> AgreementView:
    if row.state == "asked" and not form.value("rate"):
        rate = (await reliefs_on(session, clock.today())).value(RATE) or 0
        form = Typed({**form.values, "rate": f"{rate // 10},{rate % 10}"}, errors=form.errors)
    parts = (await agreement_pages.parts_of(session, [row]))[row.id]
    most = await agreements.rate_max(session, clock.today()) if row.state == "asked" else 0
    return AgreementView(
        line=line_of(row),
        parts=parts,
        form=form,
        rate_max=percent(most),
        penalties=dict(PENALTIES)[row.penalties],
        on_break=dict(ON_BREAK)[row.on_break],
        may_work=me.may(*WORKERS),
        is_own=row.cancel_asked_by == me.user_id,
    )


@router.get("/{agreement_id:int}")
async def show(request: Request, agreement_id: int, me: CurrentUser, session: Reader) -> Response:
    """One agreement."""
    row = await _one(session, agreement_id)
    return page(request, "debts/agreement.html", await _view(session, me, row, Typed({})))


@router.get("/{agreement_id:int}/paper.pdf")
async def paper(agreement_id: int, session: Reader) -> Response:
    """The very paper that was handed out."""
    row = await _one(session, agreement_id)
    if row.paper_id is None:
        raise NotFound("Документа ещё нет.", "Он появится, когда рассрочка будет оформлена.")
    return as_file(await papers.paper_file(session, row.account_id, row.paper_id))


@router.post("/{agreement_id:int}/{act}", dependencies=[allow(*WORKERS)])
async def act_on(request: Request, agreement_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Grant or decline what was asked for; propose to cancel, confirm it as a second person, or keep."""
    if act not in ACTS:
        raise NotFound
    form = await read_form(request)
    row = await _one(session, agreement_id)
    today = clock.today()
    rate, words = 0, ""
    if act == "grant":
        rate = form.scaled("rate", 1, "Введите проценты годовых: 0 или 12,5.") or 0
        words = form.text("document", "Назовите документ: заявление, решение.", GROUND_MAX)
    elif act in ("decline", "cancel"):
        words = form.text("reason", "Напишите причину: её увидит плательщик.", GROUND_MAX)
    if form.is_good:
        try:
            await _do(session, act, agreement_id, rate, words, me, today)
        except AgreementRefused as refusal:
            if refusal.code != "rate":
                raise Conflict("Ничего не изменено.", refusal.message) from refusal
            form.refuse("rate", refusal.message)
    if not form.is_good:
        return page(request, "debts/agreement.html", await _view(session, me, row, form), status=422)
    await audit.record(
        session, f"agreement_{act}", "account", row.account_id, user_id=me.user_id, company_id=row.company_id,
        after={"agreement": agreement_id}, ground=words or None,
    )  # fmt: skip
    if act == "grant":
        await issue_paper(session, agreement_id, me)
    return see_other(request, f"{PATH}/{agreement_id}")


async def _do(
    session: Session, act: str, agreement_id: int, rate: int, words: str, me: Me, today: dt.date
) -> None:
    if act == "grant":
        await agreements.grant(session, agreement_id, rate, words, me.user_id, today)
    elif act == "decline":
        await agreements.decline(session, agreement_id, words, me.user_id, today)
    elif act == "cancel":
        await agreements.ask_cancel(session, agreement_id, words, me.user_id)
    elif act == "confirm":
        await agreements.cancel(session, agreement_id, me.user_id, today)
    else:
        await agreements.keep_going(session, agreement_id)


async def issue_paper(session: Session, agreement_id: int, me: Me) -> None:
    """Draw the paper of an agreement that has just come into force and keep it."""
    row = await _one(session, agreement_id)
    parts = (await agreement_pages.parts_of(session, [row]))[row.id]
    today = clock.today()
    told = await bargain(session, row, parts, about(row), today)
    number = await papers.next_number(session, today)
    try:
        content = await asyncio.to_thread(render_bargain, told, number)
    except PaperMismatchError as error:
        raise Conflict("Рассрочка не оформлена.", str(error)) from error
    new = NewPaper(
        f"agreement-{agreement_id}", AGREEMENT, number, row.account_id, None, None, "", content, me.user_id
    )
    await agreements.set_paper(session, agreement_id, await papers.keep(session, new))
