"""«Пени»: count through a day, look at totals and accounts, another person posts, undo takes back."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import choices, penalty_pages, penalty_runs
from storage.choices import Choice
from storage.penalty_pages import AccountPage, CompanyTotal, Stripe
from storage.penalty_runs import PenaltyRefused, PenaltyRunRow
from storage.session import Session
from web.charts import PairChart, pairs
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict, NotFound
from web.export import Column, export_file
from web.filters import sum_only
from web.forms import Typed, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.progress import Counting, ticked
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre/penalties", dependencies=[allow(*CENTRE_STAFF)])

STATES = {
    "planned": ("ждёт очереди", ""),
    "counting": ("считается", "warn"),
    "checked": ("посчитан, не проведён", "warn"),
    "posting": ("проводится", "warn"),
    "posted": ("проведён", "good"),
    "undone": ("отменён", ""),
    "failed": ("не удался", "bad"),
}
FILTERS = ("company", "account", "street", "house", "least")
COLUMNS = (
    Column("Счёт", width=14),
    Column("Адрес", width=40),
    Column("Организация", width=26),
    Column("Долгов", "integer", 10),
    Column("Старейший месяц", "date", 16),
    Column("Неоплаченный долг, ₽", "kopecks", 20),
    Column("Пени нарастающим итогом, ₽", "kopecks", 24),
    Column("К начислению, ₽", "kopecks", 18),
)
COMMAND_MIN, COMMAND_MAX = 16, 64


@dataclass(frozen=True, slots=True)
class PenaltiesView:
    """Computations, newest first, and the form of a new one; `command` makes a second press harmless."""

    runs: list[PenaltyRunRow]
    states: dict[str, tuple[str, str]]
    form: Typed
    companies: list[tuple[str, str]]
    open_period: dt.date | None
    may_count: bool
    command: str


@dataclass(frozen=True, slots=True)
class PenaltyRunView:
    """A computation: totals, distribution, accounts, and what may be done with it."""

    run: PenaltyRunRow
    counting: Counting
    state: ListState
    badge: tuple[str, str]
    companies: list[CompanyTotal]
    stripes: list[tuple[str, Stripe]]
    chart: PairChart
    found: AccountPage
    chips: list[tuple[str, str]]
    may_act: bool
    why_not_post: str

    @property
    def may_post(self) -> bool:
        return self.may_act and self.run.state == "checked"

    @property
    def may_undo(self) -> bool:
        return self.may_act and self.run.state in ("checked", "posted", "failed")


@router.get("")
async def show_all(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Every computation and the button that begins another."""
    return page(request, "centre/penalties.html", await _all(session, me, Typed({})))


async def _all(session: Session, me: Me, form: Typed) -> PenaltiesView:
    period = me.open_period
    if period is not None and not form.value("until"):
        form = Typed({**form.values, "until": Period.of(period).last_day.isoformat()}, errors=form.errors)
    return PenaltiesView(
        runs=await penalty_runs.runs(session),
        states=STATES,
        form=form,
        companies=[("", "Весь город"), *_named(await choices.companies(session))],
        open_period=period,
        may_count=me.may(*ACCRUERS) and period is not None,
        command=secrets.token_hex(16),
    )


def _named(companies: list[Choice]) -> list[tuple[str, str]]:
    return [(str(one.id), one.name) for one in companies]


@router.post("", dependencies=[allow(*ACCRUERS)])
async def begin(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Ask a worker to count; the same `command` twice begins it once."""
    form = await read_form(request)
    until = form.date("until", "Укажите день, по который считать: 31.10.2026.")
    company = form.integer("company", "Выберите организацию из списка.") if form.value("company") else None
    known = {None, *(one.id for one in await choices.companies(session))}
    if company not in known:
        form.refuse("company", "Такой организации нет. Выберите из списка.")
    command = form.value("command")
    if not COMMAND_MIN <= len(command) <= COMMAND_MAX:
        form.refuse("", "Форма устарела. Обновите страницу и повторите.")
    if form.is_good and until is not None:
        try:
            run_id = await penalty_runs.request_count(
                session, until=until, company_id=company, user_id=me.user_id, command_id=command
            )
            return see_other(request, f"/centre/penalties/{run_id}")
        except PenaltyRefused as refusal:
            form.refuse("until" if refusal.code == "until" else "", refusal.message)
    view = await _all(session, me, form)
    return page(request, "centre/penalties.html", view, block="form", status=422, retitle=True)


@router.get("/{run_id}.{form}")
async def file(request: Request, run_id: int, form: str, session: Reader) -> Response:
    """All found accounts as CSV or XLSX."""
    run = await _run(session, run_id)
    state = _state(request, run_id)
    found = await _found(session, run_id, state, EXPORT_ROWS_MAX, 0)
    cells = [
        (
            row.number,
            row.address,
            row.company_name,
            row.debts,
            row.oldest,
            row.unpaid_kopecks,
            row.total_kopecks,
            row.amount_kopecks,
        )
        for row in found.rows
    ]
    title = f"Пени по {run.until:%d.%m.%Y}, расчёт {run.id}"
    return await export_file(form, f"Пени {run.id}", title, COLUMNS, cells)


@router.get("/{run_id}")
async def show(request: Request, run_id: int, me: CurrentUser, session: Reader) -> Response:
    """One computation; while a worker is at it the page asks again by itself."""
    run = await _run(session, run_id)
    state = _state(request, run_id)
    found = await _found(session, run_id, state, PAGE_ROWS, state.offset)
    stripes = await penalty_pages.stripes(session, run_id)
    named = [(_stripe_words(one), one) for one in stripes]
    companies = await penalty_pages.by_company(session, run_id)
    view = PenaltyRunView(
        run=run,
        counting=Counting(f"{router.prefix}/{run_id}", run),
        state=state,
        badge=STATES[run.state],
        companies=companies,
        stripes=named,
        chart=pairs(
            "Сколько счетов получит какие пени",
            [
                (words, one.accounts, 0, f"{one.accounts} · {sum_only(one.amount_kopecks)} ₽")
                for words, one in named
            ],
        ),
        found=found,
        chips=_chips(state, companies),
        may_act=me.may(*ACCRUERS),
        why_not_post="Считали вы, поэтому провести должен другой сотрудник."
        if run.created_by == me.user_id
        else "",
    )
    return page(
        request, "centre/penalty_run.html", view, block="list", headers={"HX-Replace-Url": state.url()}
    )


@router.get("/{run_id}/progress")
async def progress(request: Request, run_id: int, session: Reader) -> Response:
    """How far the worker is; when it has ended the page opens itself anew."""
    return ticked(request, f"{router.prefix}/{run_id}", await _run(session, run_id))


def _stripe_words(one: Stripe) -> str:
    if one.over is None:
        return "уменьшение"
    if one.upto is None:
        return f"больше {one.over // 100} ₽"
    return f"до {one.upto // 100} ₽"


@router.post("/{run_id}/{act}", dependencies=[allow(*ACCRUERS)])
async def act_on(request: Request, run_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Post (another person) or undo."""
    if act not in ("post", "undo"):
        raise NotFound
    try:
        if act == "post":
            await penalty_runs.approve(session, run_id, me.user_id)
        else:
            await penalty_runs.ask_undo(session, run_id, me.user_id)
    except PenaltyRefused as refusal:
        raise Conflict(
            "Пени не проведены." if act == "post" else "Расчёт не отменён.", refusal.message
        ) from refusal
    return see_other(request, f"/centre/penalties/{run_id}")


async def _run(session: Session, run_id: int) -> PenaltyRunRow:
    run = await penalty_runs.run_row(session, run_id)
    if run is None:
        raise NotFound(f"Расчёта пеней {run_id} нет.", "Проверьте номер или откройте список расчётов.")
    return run


def _state(request: Request, run_id: int) -> ListState:
    path = f"/centre/penalties/{run_id}"
    return list_state(request, FILTERS, tuple(penalty_pages.SORTS), "-amount", path)


async def _found(session: Session, run_id: int, state: ListState, limit: int, offset: int) -> AccountPage:
    return await penalty_pages.accounts(
        session,
        run_id,
        company_id=state.number("company"),
        account=state.get("account"),
        street=" ".join(state.get("street").lower().replace("ё", "е").split()),
        house=state.get("house"),
        least_kopecks=_roubles(state),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=limit,
        offset=offset,
    )


def _roubles(state: ListState) -> int | None:
    """The least sum in kopecks; what is not a number of roubles is told beside the field."""
    value = state.get("least")
    if not value:
        return None
    number = state.number("least")
    if number is None:
        state.errors["least"] = "Введите целое число рублей, например 100."
        return None
    return number * 100


def _chips(state: ListState, companies: list[CompanyTotal]) -> list[tuple[str, str]]:
    names = {str(one.company_id): one.name for one in companies}
    words = {
        "company": names.get(state.get("company"), "организация"),
        "account": f"счёт {state.get('account')}…",
        "street": f"улица: {state.get('street')}",
        "house": f"дом: {state.get('house')}",
        "least": f"от {state.get('least')} ₽",
    }
    return [(key, words[key]) for key in FILTERS if state.get(key)]
