"""«Перечисления»: work out what payees get, look, another person posts, one file for the bank."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from gateways.bank_order import Order, Side
from storage import payout_pages, payouts
from storage.payout_pages import TransferRow
from storage.payouts import OrderRow, Payer, PayoutRefused, PayoutRunPage, PayoutRunRow
from storage.session import Session
from web import clock
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict, NotFound
from web.export import Cell, Column, export_file
from web.filters import MOSCOW
from web.forms import Typed, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.payouts import order_files
from web.payouts.order_files import FORMATS
from web.payouts.words import RUN_STATES, TRANSFER_STATES
from web.render import list_page, page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre/payouts", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/centre/payouts"
DAYS = ("since", "through")
FILTERS = ("state", *DAYS)
COLUMNS = (
    Column("№", "integer", 8),
    Column("По день", "date", 12),
    Column("Состояние", width=26),
    Column("Переводов", "integer", 12),
    Column("Собрано, ₽", "kopecks", 16),
    Column("Удержано, ₽", "kopecks", 16),
    Column("К переводу, ₽", "kopecks", 16),
    Column("Составил", width=26),
    Column("Провёл", width=26),
)
COMMAND_MIN, COMMAND_MAX = 16, 64
REASON_MAX = 300


@dataclass(frozen=True, slots=True)
class PayoutsView:
    """Distributions found, and the form of a new one."""

    state: ListState
    found: PayoutRunPage
    chips: list[tuple[str, str]]
    states: dict[str, tuple[str, str]]
    form: Typed
    may_plan: bool
    command: str


@dataclass(frozen=True, slots=True)
class PayoutRunView:
    """A distribution: its transfers, those that are held, and what may be done with it."""

    run: PayoutRunRow
    badge: tuple[str, str]
    orders: list[TransferRow]
    held: list[TransferRow]
    states: dict[str, tuple[str, str]]
    may_act: bool
    why_not_post: str
    form: Typed
    cash_kopecks: int
    formats: dict[str, str]
    format: str

    @property
    def short_kopecks(self) -> int:
        """How much the account lacks for what is still to leave; nothing when there is enough."""
        is_to_leave = self.run.state in ("checked", "posted", "exported")
        return max(0, self.run.net_kopecks - self.cash_kopecks) if is_to_leave else 0

    @property
    def may_post(self) -> bool:
        return self.may_act and self.run.state == "checked" and bool(self.orders) and not self.run.is_undoing

    @property
    def may_export(self) -> bool:
        return self.may_act and self.run.state == "posted" and bool(self.orders) and not self.run.is_undoing

    @property
    def may_undo(self) -> bool:
        fits = self.run.state in ("checked", "posted", "failed")
        return self.may_act and fits and not self.run.is_undoing


@router.get("")
async def show_all(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Every distribution and the button that begins another."""
    state = _state(request)
    view = await _all(session, me, Typed({}), state)
    return list_page(request, "payouts/runs.html", view, state, DAYS)


@router.get(".{form}")
async def runs_file(request: Request, form: str, session: Reader) -> Response:
    """All found distributions as CSV or XLSX."""
    found = await _found(session, _state(request), EXPORT_ROWS_MAX, 0)
    cells: list[list[Cell]] = [
        [
            row.id,
            row.until,
            RUN_STATES[row.state][0],
            row.transfers_count,
            row.gross_kopecks,
            row.agent_fee_kopecks + row.centre_fee_kopecks,
            row.net_kopecks,
            row.created_by_name or "",
            row.approved_by_name or "",
        ]
        for row in found.rows
    ]
    return await export_file(form, "Распределения", "Распределения собранного", COLUMNS, cells)


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(payouts.RUN_SORTS), "-id", PATH)


async def _found(session: Session, state: ListState, limit: int, offset: int) -> PayoutRunPage:
    return await payouts.run_list(
        session,
        state=state.get("state") if state.get("state") in RUN_STATES else "",
        since=state.day("since"),
        through=state.day("through"),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=limit,
        offset=offset,
    )


def _chips(state: ListState) -> list[tuple[str, str]]:
    words = {
        "state": RUN_STATES.get(state.get("state"), ("состояние", ""))[0],
        "since": f"с {state.get('since')}",
        "through": f"по {state.get('through')}",
    }
    return [(key, words[key]) for key in FILTERS if state.get(key)]


async def _all(session: Session, me: Me, form: Typed, state: ListState) -> PayoutsView:
    if not form.value("until"):
        form = Typed({**form.values, "until": clock.today().isoformat()}, errors=form.errors)
    return PayoutsView(
        state=state,
        found=await _found(session, state, PAGE_ROWS, state.offset),
        chips=_chips(state),
        states=RUN_STATES,
        form=form,
        may_plan=me.may(*ACCRUERS) and me.open_period is not None,
        command=secrets.token_hex(16),
    )


@router.post("", dependencies=[allow(*ACCRUERS)])
async def begin(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Ask a worker to work a distribution out; the same `command` twice begins it once."""
    form = await read_form(request)
    until = form.date("until", "Укажите день, по который распределить: 12.11.2026.")
    command = form.value("command")
    if not COMMAND_MIN <= len(command) <= COMMAND_MAX:
        form.refuse("", "Форма устарела. Обновите страницу и повторите.")
    if form.is_good and until is not None:
        try:
            run_id = await payouts.request_plan(session, until=until, user_id=me.user_id, command_id=command)
            return see_other(request, f"/centre/payouts/{run_id}")
        except PayoutRefused as refusal:
            form.refuse("until" if refusal.code == "until" else "", refusal.message)
    view = await _all(session, me, form, _state(request))
    return page(request, "payouts/runs.html", view, status=422)


@router.get("/money")
async def money(request: Request, session: Reader) -> Response:
    """Where all money is; a card of its own, so the list does not wait for it."""
    return page(request, "payouts/money.html", await payout_pages.conservation(session), block="money")


@router.get("/{run_id}")
async def show(request: Request, run_id: int, me: CurrentUser, session: Reader) -> Response:
    """One distribution; while a worker is at it the page asks again by itself."""
    return page(request, "payouts/run.html", await _view(session, run_id, me, Typed({})))


async def _view(session: Session, run_id: int, me: Me, form: Typed) -> PayoutRunView:
    run = await _run(session, run_id)
    rows = await payout_pages.transfers(session, run_id)
    return PayoutRunView(
        run=run,
        badge=RUN_STATES[run.state],
        orders=[row for row in rows if not row.problem],
        held=[row for row in rows if row.problem],
        states=TRANSFER_STATES,
        may_act=me.may(*ACCRUERS),
        why_not_post="Составили вы, поэтому провести должен другой сотрудник."
        if run.created_by == me.user_id
        else "",
        form=form,
        cash_kopecks=await payout_pages.cash(session),
        formats=FORMATS,
        format=form.value("kind")
        or order_files.kind_of(await payouts.last_file_head(session) if run.state == "posted" else None),
    )


@router.get("/{run_id}/progress")
async def progress(request: Request, run_id: int, session: Reader) -> Response:
    """Whether the worker is done; then the page opens itself anew."""
    run = await _run(session, run_id)
    if not run.is_live:
        return Response(headers={"HX-Refresh": "true"})
    return page(request, "payouts/progress.html", run, block="progress")


@router.get("/{run_id}/file")
async def file(run_id: int, session: Reader) -> Response:
    """The file of orders, the same bytes each time. It is written by «Выгрузить»."""
    content = await payouts.file_of(session, run_id)
    if content is None:
        raise NotFound("Файла ещё нет.", "Проведите распределение и выгрузите файл.")
    return order_files.download(content)


@router.post("/{run_id}/{act}", dependencies=[allow(*ACCRUERS)])
async def act_on(request: Request, run_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Post (another person), undo with a reason, or write the file."""
    if act not in ("post", "undo", "export"):
        raise NotFound
    await _run(session, run_id)
    form = await read_form(request)
    try:
        if act == "post":
            await payouts.approve(session, run_id, me.user_id)
        elif act == "export":
            kind = form.choice("kind", FORMATS, "Выберите вид файла, который принимает банк.")
            if not form.is_good:
                view = await _view(session, run_id, me, form)
                return page(request, "payouts/run.html", view, status=422)
            await _export(session, run_id, me, kind)
        else:
            reason = form.text("reason", "Напишите, почему отменяете: это останется в журнале.", REASON_MAX)
            if not form.is_good:
                view = await _view(session, run_id, me, form)
                return page(request, "payouts/run.html", view, status=422)
            await payouts.ask_undo(session, run_id, me.user_id, reason)
    except PayoutRefused as refusal:
        titles = {"post": "Не проведено.", "undo": "Не отменено.", "export": "Файл не выгружен."}
        raise Conflict(titles[act], refusal.message) from refusal
    return see_other(request, f"/centre/payouts/{run_id}")


async def _export(session: Session, run_id: int, me: Me, kind: str) -> None:
    """Write the file of orders, once; it is kept before anybody downloads it."""
    orders = await payouts.orders(session, run_id)
    payer = await payouts.payer(session)
    if payer is None:
        raise PayoutRefused(
            "payer", "Не заполнены счёт (20 цифр) или БИК (9 цифр) расчётного центра: платить не с чего."
        )
    made_at = clock.now().astimezone(MOSCOW)
    content = order_files.write(kind, _side(payer), [_order(one) for one in orders], made_at)
    await payouts.exported(session, run_id, content, me.user_id)


def _side(one: Payer) -> Side:
    return Side(one.name, one.inn, one.kpp, one.account, one.bank, one.bic, one.corr_account)


def _order(one: OrderRow) -> Order:
    payee = Side(
        one.payee_name,
        one.payee_inn,
        one.payee_kpp,
        one.payee_account,
        one.payee_bank,
        one.payee_bic,
        one.payee_corr_account,
    )
    return Order(one.number, one.day, one.net_kopecks, payee, one.purpose)


async def _run(session: Session, run_id: int) -> PayoutRunRow:
    run = await payouts.run_row(session, run_id)
    if run is None:
        raise NotFound(f"Распределения {run_id} нет.", "Проверьте номер или откройте список.")
    return run
