"""«Прогоны»: what was computed, and starting another: choose the scope, see what it touches, press."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import choices, run_pages
from storage import runs as deeds
from storage.choices import Choice, ScopePreview
from storage.run_pages import RunHead
from storage.runs import RunRefused
from storage.session import Session
from web.centre.words import SCOPE_WORDS, STATE_WORDS
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, allow

router = APIRouter(prefix="/centre/runs", dependencies=[allow(*CENTRE_STAFF)])


@dataclass(frozen=True, slots=True)
class RunsView:
    """The list of runs, newest first."""

    runs: list[RunHead]
    open_period: dt.date | None
    states: dict[str, tuple[str, str]]
    may_start: bool


@router.get("")
async def show_runs(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Runs of all months."""
    view = RunsView(
        await run_pages.runs(session),
        me.open_period,
        STATE_WORDS,
        me.may(*ACCRUERS) and me.open_period is not None,
    )
    return page(request, "centre/runs.html", view)


@dataclass(frozen=True, slots=True)
class StartView:
    """The form of a run with what it would touch; `command` makes a second press of the button harmless."""

    form: Typed
    period: Period
    scopes: dict[str, str]
    companies: list[Choice]
    found_houses: list[Choice]
    preview: ScopePreview | None
    scope_kind: str
    scope_id: int | None
    command: str


@router.get("/new", dependencies=[allow(*ACCRUERS)])
async def show_start(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The form; the query chooses the scope, so a link to a chosen scope works for a colleague."""
    form = Typed({name: value[:200] for name, value in request.query_params.items()})
    view = await _start_view(session, form, _open(me.open_period))
    return page(request, "centre/run_new.html", view, block="preview", status=422 if form.errors else 200)


def _open(period: dt.date | None) -> Period:
    """Raises Conflict when no month is open: nothing may be charged then."""
    if period is None:
        raise Conflict(
            "Открытого месяца нет.", "Начислять можно только в открытом месяце. Сначала откройте его."
        )
    return Period.of(period)


async def _start_view(session: Session, form: Typed, period: Period) -> StartView:
    kind = form.value("scope") or "city"
    if kind not in SCOPE_WORDS:
        kind = "city"
    found: list[Choice] = []
    scope_id = None
    if kind == "house" and form.value("street"):
        found = list(
            await choices.house_of_address(session, plain(form.value("street")), form.value("house").lower())
        )
    if kind != "city":
        scope_id = await _scope_id(session, form, kind, found)
    preview = None
    if kind == "city" or scope_id is not None:
        preview = await choices.scope_preview(session, period.first_day, kind, scope_id)
    return StartView(
        form=form,
        period=period,
        scopes=SCOPE_WORDS,
        companies=await choices.companies(session),
        found_houses=found,
        preview=preview,
        scope_kind=kind,
        scope_id=scope_id,
        command=secrets.token_hex(16),
    )


async def _scope_id(session: Session, form: Typed, kind: str, found: list[Choice]) -> int | None:
    """Which organisation, house or account the form means; errors go beside the fields."""
    if kind == "organisation":
        chosen = form.value("company")
        return form.integer("company", "Выберите организацию.") if chosen else None
    if kind == "account":
        number = form.value("account")
        if not number:
            return None
        account = await choices.account_of_number(session, number)
        if account is None:
            form.refuse("account", f"Счёт {number} не найден. Проверьте номер или найдите счёт через поиск.")
        return account
    chosen = form.value("house_id")
    if chosen:
        return form.integer("house_id", "Выберите дом.")
    if form.value("street") and not found:
        where = f"{form.value('street')} {form.value('house')}".strip()
        form.refuse("street", f"Дом «{where}» не найден. Начните с первых букв улицы: «лен», дом 12.")
    return found[0].id if len(found) == 1 else None


def plain(words: str) -> str:
    """As search keys are kept: lower case, «е» for «ё», one space."""
    return " ".join(words.lower().replace("ё", "е").split())


@router.post("", dependencies=[allow(*ACCRUERS)])
async def start(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Ask for the run; the same `command` twice starts it once."""
    form = await read_form(request)
    kind = form.choice("scope", tuple(SCOPE_WORDS), "Выберите, что считать.")
    scope_id = form.integer("scope_id", "Выберите, что считать.") if kind != "city" else None
    command = form.value("command")
    period = form.period("period")
    if not form.is_good or period is None or not 16 <= len(command) <= 64:
        raise Conflict("Прогон не начат: форма заполнена не до конца.", "Вернитесь и выберите, что считать.")
    try:
        run_id = await deeds.request_run(session, period, kind, scope_id, me.user_id, command)
    except RunRefused as refusal:
        raise Conflict("Прогон не начат.", refusal.message) from refusal
    return see_other(request, f"/centre/runs/{run_id}")
