"""«Карты и СБП»: every order, one order with its money, refunds by two persons, a link sent to a payer."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from storage import card_orders, card_pages, card_refunds, card_work
from storage.card_orders import OFFER_DAYS, Order, OrderRefused, Part, Wish
from storage.card_pages import CheckLine, NoticeLine, OrderFilter, OrderList
from storage.card_refunds import Refund
from storage.second_person import ValueRefused
from storage.session import Session
from web import clock
from web.card_words import CHECK_KINDS, CHECK_STATES, METHODS, REFUND_STATES, SOURCES, STATES
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.export import Column, export_file
from web.forms import Typed, blank, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import list_page, page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, Role, allow

router = APIRouter(prefix="/card-payments", dependencies=[allow(*CENTRE_STAFF, Role.COMPANY)])

PATH = "/card-payments"
ASKERS = (*ACCRUERS, Role.COMPANY)
"""Who sends links and asks for refunds; the centre's people approve them."""
FILTERS = ("state", "method", "words", "since")
SPECIAL = {"trouble": ("требуют решения", "bad"), "refunds": ("ждут согласия на возврат", "warn")}
REASON_MAX = 300
LINK_MOST_KOPECKS = 300_000_00
COLUMNS = (
    Column("Номер", width=32),
    Column("Когда", "date", 14),
    Column("Счёт", width=16),
    Column("Способ", width=12),
    Column("Откуда", width=12),
    Column("Банк", width=28),
    Column("Сумма, ₽", "kopecks", 16),
    Column("Возвращено, ₽", "kopecks", 16),
    Column("Состояние", width=24),
    Column("Чек", width=18),
    Column("Замечание", width=60),
)


@dataclass(frozen=True, slots=True)
class CardsView:
    """The list."""

    state: ListState
    found: OrderList
    chips: list[tuple[str, str]]
    may_ask: bool
    states: dict[str, tuple[str, str]] = field(default_factory=lambda: STATES)
    filters: dict[str, tuple[str, str]] = field(default_factory=lambda: STATES | SPECIAL)
    methods: dict[str, str] = field(default_factory=lambda: METHODS)
    sources: dict[str, str] = field(default_factory=lambda: SOURCES)
    check_states: dict[str, tuple[str, str]] = field(default_factory=lambda: CHECK_STATES)


@dataclass(frozen=True, slots=True)
class CardView:
    """One order: its parts, refunds, checks, notices, and what may be done."""

    order: Order
    refunds: list[Refund]
    checks: list[CheckLine]
    notices: list[NoticeLine]
    form: Typed
    me: Me
    link: str
    states: dict[str, tuple[str, str]] = field(default_factory=lambda: STATES)
    methods: dict[str, str] = field(default_factory=lambda: METHODS)
    sources: dict[str, str] = field(default_factory=lambda: SOURCES)
    refund_states: dict[str, tuple[str, str]] = field(default_factory=lambda: REFUND_STATES)
    check_states: dict[str, tuple[str, str]] = field(default_factory=lambda: CHECK_STATES)
    check_kinds: dict[str, str] = field(default_factory=lambda: CHECK_KINDS)

    @property
    def may_ask(self) -> bool:
        """Whether this person may ask for a refund now."""
        live = any(one.state in ("waiting", "approved") for one in self.refunds)
        return self.me.may(*ASKERS) and self.order.has_money and not live

    @property
    def may_decide(self) -> bool:
        """Whether this person may be the second one."""
        return self.me.may(*ACCRUERS)


@dataclass(frozen=True, slots=True)
class LinkView:
    """The form of a link."""

    form: Typed


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(card_pages.SORTS), "-recorded", PATH)


def _filter(state: ListState) -> OrderFilter:
    return OrderFilter(state.get("state"), state.get("method"), state.get("words"), state.day("since"))


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Orders with filters; the state of the list is in the address."""
    state = _state(request)
    found = await card_pages.order_list(
        session,
        _filter(state),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=PAGE_ROWS,
        offset=state.offset,
    )
    labels = {
        "state": (STATES | SPECIAL).get(state.get("state"), ("состояние", ""))[0],
        "method": METHODS.get(state.get("method"), "способ"),
        "words": f"счёт или номер: {state.get('words')}",
        "since": f"с {state.get('since')}",
    }
    chips = [(key, labels[key]) for key in FILTERS if state.get(key)]
    view = CardsView(state, found, chips, me.may(*ASKERS))
    return list_page(request, "money/cards.html", view, state, ("since",))


@router.get(".{form}")
async def file(request: Request, form: str, session: Reader) -> Response:
    """All found orders as CSV or XLSX."""
    state = _state(request)
    found = await card_pages.order_list(
        session, _filter(state), sort=state.sort, is_descending=state.is_descending, limit=EXPORT_ROWS_MAX
    )
    cells = [
        (
            row.number,
            row.recorded_at.date(),
            row.account_number,
            METHODS[row.method],
            SOURCES[row.source],
            row.gate_title,
            row.amount_kopecks,
            row.refunded_kopecks,
            STATES[row.state][0],
            CHECK_STATES[row.check_state][0] if row.check_state else "",
            row.words,
        )
        for row in found.rows
    ]
    return await export_file(form, "Карты и СБП", "Оплаты картой и по СБП", COLUMNS, cells)


@router.get("/new", dependencies=[allow(*ASKERS)])
async def show_new(request: Request, account: str = "") -> Response:
    """The form of a link."""
    form = blank(account=account[:20], idem=secrets.token_hex(16))
    return page(request, "money/card_new.html", LinkView(form))


@router.post("", dependencies=[allow(*ASKERS)])
async def make(request: Request, me: CurrentUser, session: Writer) -> Response:
    """A link for a payer: an order that waits until they choose how to pay."""
    form = await read_form(request)
    account = await card_pages.account_by_number(session, form.value("account"))
    if account is None:
        form.refuse("account", "Такого открытого счёта нет. Проверьте номер.")
    due = account[2] if account else 0
    amount = form.scaled("sum", 2, "Введите сумму: рубли и копейки.") if form.value("sum") else due
    if form.is_good and not (amount and 1_00 <= amount <= LINK_MOST_KOPECKS):
        form.refuse("sum", "Долга нет: введите сумму от 1 до 300 000 ₽.")
    if not form.is_good or account is None or not amount:
        return page(request, "money/card_new.html", LinkView(form), status=422)
    wish = Wish(
        account_id=account[0],
        parts=(Part(amount),),
        idem=f"{me.user_id}:{form.value('idem') or secrets.token_hex(16)}",
        source="link",
        user_id=me.user_id,
    )
    number = await card_orders.make(session, wish, clock.now(), dt.timedelta(days=OFFER_DAYS))
    return see_other(request, f"{PATH}/{number}")


@router.get("/{number}")
async def show_one(request: Request, number: str, me: CurrentUser, session: Reader) -> Response:
    """One order."""
    return page(request, "money/card.html", await _view(request, session, me, number, blank()))


async def _found(session: Session, number: str) -> Order:
    order = await card_orders.by_number(session, number)
    if order is None:
        raise NotFound("Такой оплаты нет.", "Откройте список оплат картой и по СБП.")
    return order


async def _view(request: Request, session: Session, me: Me, number: str, form: Typed) -> CardView:
    order = await _found(session, number)
    return CardView(
        order,
        await card_refunds.of_order(session, order.id),
        await card_pages.checks_of(session, order.id),
        list(await card_pages.notices_of(session, order.id)),
        form,
        me,
        f"{request.url.scheme}://{request.url.netloc}/pay/{order.number}",
    )


@router.post("/{number}/refund", dependencies=[allow(*ASKERS)])
async def propose(request: Request, number: str, me: CurrentUser, session: Writer) -> Response:
    """Ask for money to be given back: the whole, or chosen parts."""
    form = await read_form(request)
    order = await _found(session, number)
    reason = form.text("reason", "Напишите, почему возвращаем.", REASON_MAX)
    raw = await request.form()
    chosen = [int(str(one)) for one in raw.getlist("part") if str(one).isdecimal() and len(str(one)) < 4]
    if form.is_good:
        try:
            await card_refunds.propose(session, order.id, chosen, reason=reason, user_id=me.user_id)
            return see_other(request, f"{PATH}/{number}")
        except OrderRefused as refusal:
            form.refuse("", str(refusal))
    view = await _view(request, session, me, number, form)
    return page(request, "money/card.html", view, status=422)


@router.post("/{number}/refunds/{refund_id:int}", dependencies=[allow(*ACCRUERS)])
async def decide(request: Request, number: str, refund_id: int, me: CurrentUser, session: Writer) -> Response:
    """The second person agrees or declines."""
    form = await read_form(request)
    deed = form.choice("deed", ("approve", "decline"), "Выберите, что сделать.")
    order = await _found(session, number)
    known = {one.id for one in await card_refunds.of_order(session, order.id)}
    if refund_id not in known:
        raise NotFound("Такого возврата нет.", "Обновите страницу оплаты.")
    if form.is_good:
        try:
            await card_refunds.decide(
                session, refund_id, agrees=deed == "approve", user_id=me.user_id, now=clock.now()
            )
            return see_other(request, f"{PATH}/{number}")
        except ValueRefused as refusal:
            form.refuse("", refusal.message)
    view = await _view(request, session, me, number, form)
    return page(request, "money/card.html", view, status=422)


@router.post("/{number}/accept", dependencies=[allow(*ACCRUERS)])
async def accept(request: Request, number: str, me: CurrentUser, session: Writer) -> Response:
    """Take what the bank really has, when it is not what was asked."""
    form = await read_form(request)
    order = await _found(session, number)
    reason = form.text("reason", "Напишите, почему зачисляем другую сумму.", REASON_MAX)
    if form.is_good:
        try:
            await card_work.accept_actual(session, order.id, reason=reason, user_id=me.user_id)
            return see_other(request, f"{PATH}/{number}")
        except OrderRefused as refusal:
            form.refuse("", str(refusal))
    view = await _view(request, session, me, number, form)
    return page(request, "money/card.html", view, status=422)
