"""«Невыясненные платежи»: money that is here but whose account is not known, and what to do with each."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.ledger import Book
from storage import partners, payment_moves, unidentified
from storage.partners import Named
from storage.payment_moves import ASSIGN, DEEDS, UNDO, WAITING, MoveRefused
from storage.session import Session
from storage.unidentified import Decision, Suggestion, Trail, Unmatched, UnmatchedFilter, UnmatchedPage
from web.deps import CurrentUser, Reader, Writer, read
from web.errors import Conflict, NotFound
from web.export import Column, export_file
from web.forms import Typed, blank, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.money.words import DECISION_STATES, ENTRY_KINDS, PAYMENT_STATES, SOURCES
from web.money.words import DEEDS as DEED_WORDS
from web.render import fragment, hx_partial, page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow
from web.streams import Tick, stream

router = APIRouter(prefix="/centre/unidentified", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/centre/unidentified"
FILTERS = ("state", "agent", "words", "least", "most")
COLUMNS = (
    Column("Дата", "date", 14),
    Column("Агент", width=26),
    Column("Номер операции", width=30),
    Column("Счёт, как назван", width=18),
    Column("Плательщик", width=40),
    Column("Сумма, ₽", "kopecks", 14),
    Column("Дней", "integer", 8),
    Column("Состояние", width=16),
)
REASON_MAX = 300


@dataclass(frozen=True, slots=True)
class QueueView:
    """The queue."""

    state: ListState
    found: UnmatchedPage
    counts: dict[str, tuple[int, int]]
    agents: list[Named]
    states: dict[str, tuple[str, str]]
    chips: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class CardView:
    """One payment: whose it may be, what was done, where the money went."""

    payment: Unmatched
    form: Typed
    suggestions: list[Suggestion]
    matches: list[tuple[int, str, str]]
    decisions: list[Decision]
    trail: list[Trail]
    may_act: bool
    states: dict[str, tuple[str, str]]
    steps: dict[str, tuple[str, str]]
    deeds: dict[str, str]
    kinds: dict[str, str]
    sources: dict[str, str]
    words: str

    @property
    def is_live(self) -> bool:
        """Whether a decision is on its way."""
        return any(one.state == "planned" for one in self.decisions)

    @property
    def is_waiting(self) -> bool:
        """Whether something is to be decided."""
        return self.payment.state in WAITING

    @property
    def may_undo(self) -> bool:
        """Whether an assignment may be taken back."""
        done = [one for one in self.decisions if one.state == "done" and one.deed in (ASSIGN, UNDO)]
        return self.payment.state == "posted" and bool(done) and done[-1].deed == ASSIGN

    def book(self, number: int) -> str:
        """The book of a posting in words."""
        return unidentified.BOOK_WORDS.get(Book(number), str(number))


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(unidentified.SORTS), "paid", PATH)


def _filter(state: ListState) -> UnmatchedFilter:
    wanted = state.get("state")
    return UnmatchedFilter(
        state=wanted if wanted in WAITING else WAITING[0],
        agent_id=state.number("agent"),
        words=state.get("words"),
        least_kopecks=_kopecks(state, "least"),
        most_kopecks=_kopecks(state, "most"),
    )


def _kopecks(state: ListState, key: str) -> int | None:
    number = state.number(key)
    return None if number is None else number * 100


@router.get("")
async def show(request: Request, session: Reader) -> Response:
    """The queue with filters, the oldest first."""
    state = _state(request)
    found = await unidentified.queue(
        session,
        _filter(state),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=PAGE_ROWS,
        offset=state.offset,
    )
    agents = await partners.agents(session)
    names = {str(one.id): one.name for one in agents}
    labels = {
        "agent": names.get(state.get("agent"), "агент"),
        "words": state.get("words"),
        "least": f"от {state.get('least')} ₽",
        "most": f"до {state.get('most')} ₽",
    }
    chips = [(key, labels[key]) for key in FILTERS if key in labels and state.get(key)]
    view = QueueView(state, found, await unidentified.counts(session), agents, PAYMENT_STATES, chips)
    return page(
        request, "money/unidentified.html", view, block="list", headers={"HX-Replace-Url": state.url()}
    )


@router.get(".{form}")
async def file(request: Request, form: str, session: Reader) -> Response:
    """The found queue as CSV or XLSX."""
    state = _state(request)
    found = await unidentified.queue(
        session, _filter(state), sort=state.sort, is_descending=state.is_descending, limit=EXPORT_ROWS_MAX
    )
    cells = [
        (
            row.paid_on,
            row.agent_name,
            row.number,
            row.account_number,
            row.payer,
            row.amount_kopecks,
            row.days,
            PAYMENT_STATES[row.state][0],
        )
        for row in found.rows
    ]
    return await export_file(form, "Невыясненные", "Невыясненные платежи", COLUMNS, cells)


@router.get("/{payment_id}")
async def show_one(request: Request, payment_id: int, me: CurrentUser, session: Reader) -> Response:
    """A payment with suggestions and steps; ?q= looks for an account by hand."""
    words = request.query_params.get("q", "").strip()[:100]
    return page(request, "money/payment.html", await _card(session, me, payment_id, blank(), words))


async def _card(session: Session, me: Me, payment_id: int, form: Typed, words: str = "") -> CardView:
    payment = await unidentified.one(session, payment_id)
    if payment is None:
        raise NotFound("Такого невыясненного платежа нет.", "Откройте список невыясненных.")
    waits = payment.state in WAITING
    return CardView(
        payment=payment,
        form=form,
        suggestions=await unidentified.suggestions(session, payment) if waits else [],
        matches=list(await unidentified.accounts_like(session, words)) if waits and words else [],
        decisions=await unidentified.decisions(session, payment_id),
        trail=await unidentified.trail(session, payment_id),
        may_act=me.may(*ACCRUERS),
        states=PAYMENT_STATES,
        steps=DECISION_STATES,
        deeds=DEED_WORDS,
        kinds=ENTRY_KINDS,
        sources=SOURCES,
        words=words,
    )


@router.get("/{payment_id}/stream")
async def follow(request: Request, payment_id: int, me: CurrentUser) -> Response:
    """Waits until the decision is made; then the whole card."""
    async with read(request) as session:
        await _card(session, me, payment_id, blank())

    async def look(number: int) -> Tick:
        async with read(request) as session:
            view = await _card(session, me, payment_id, blank())
        if view.is_live:
            return Tick("", is_live=True)
        html = fragment(request, "money/payment.html", view, "card")
        return Tick(hx_partial("#payment", html, "outerHTML"), is_live=False)

    return stream(request, look)


@router.post("/{payment_id}/{deed}", dependencies=[allow(*ACCRUERS)])
async def decide(request: Request, payment_id: int, deed: str, me: CurrentUser, session: Writer) -> Response:
    """Assign, return, keep or undo: the decision is written, a worker moves the money."""
    if deed not in DEEDS:
        raise NotFound
    form = await read_form(request)
    reason = form.text("reason", "Напишите основание: заявление, ответ агента, что нашли.", REASON_MAX)
    account_id = form.integer("account", "Выберите счёт.") if deed == ASSIGN else None
    if not form.is_good:
        view = await _card(session, me, payment_id, form)
        return page(request, "money/payment.html", view, status=422)
    try:
        await payment_moves.decide(
            session, payment_id, deed, reason=reason, user_id=me.user_id, account_id=account_id
        )
    except MoveRefused as refused:
        raise Conflict("Ничего не сделано.", str(refused)) from refused
    return see_other(request, f"{PATH}/{payment_id}")
