"""«Рассылка квитанций»: choosing whom to send, what it comes to, sending with progress, stop, undo."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import choices, mail_pages, mail_runs, press_orders
from storage.choices import Choice
from storage.mail_boxes import MailRefused
from storage.mail_pages import RunRow, ServerState
from storage.mail_runs import MailChoice, MailPreview
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict, NotFound
from web.forms import Typed, blank, read_form
from web.receipt_file import receipt_file
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, allow

router = APIRouter(prefix="/centre/mailings", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/centre/mailings"
STATES = {
    "planned": ("готовится", ""),
    "sending": ("отправляется", "brand"),
    "stopped": ("остановлена", "warn"),
    "done": ("закончена", "good"),
    "undone": ("отменена", ""),
}
COMMAND_LENGTH = (16, 64)


@dataclass(frozen=True, slots=True)
class RunsView:
    """All mailings and the mail server."""

    runs: list[RunRow]
    server: ServerState | None
    may_start: bool
    states: dict[str, tuple[str, str]] = field(default_factory=lambda: STATES)


@router.get("")
async def show_list(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Mailings, newest first."""
    view = RunsView(await mail_pages.runs(session), await mail_pages.server(session), me.may(*ACCRUERS))
    return page(request, "mail/runs.html", view)


@dataclass(frozen=True, slots=True)
class NewView:
    """The form of a mailing and whom it reaches; `command` makes a second press harmless."""

    form: Typed
    periods: list[tuple[str, Period]]
    companies: list[Choice]
    houses: list[Choice]
    house: Choice | None
    preview: MailPreview | None
    server: ServerState | None
    command: str


@router.get("/new", dependencies=[allow(*ACCRUERS)])
async def show_new(request: Request, session: Reader) -> Response:
    """The form; a change of it shows whom it reaches."""
    view = await _new_view(session, blank(**dict(request.query_params.items())))
    status = 422 if view.form.errors else 200
    return page(request, "mail/run_new.html", view, block="preview", status=status)


async def _new_view(session: Session, form: Typed) -> NewView:
    periods = await press_orders.periods(session)
    if not periods:
        raise Conflict(
            "Рассылать нечего.", "Ни один месяц ещё не опубликован. Сначала начислите и опубликуйте."
        )
    if not form.value("period"):
        form.values["period"] = str(periods[0])
    houses, house = await _house(session, form)
    choice = _choice(form, house)
    preview = None
    if choice is not None and not (form.value("street") and house is None):
        preview = await mail_runs.preview(session, choice)
    return NewView(
        form,
        [(str(one), one) for one in periods],
        await choices.companies(session),
        houses,
        house,
        preview,
        await mail_pages.server(session),
        secrets.token_hex(16),
    )


async def _house(session: Session, form: Typed) -> tuple[list[Choice], Choice | None]:
    """Houses the typed address may mean, and the one it does."""
    if not form.value("street"):
        return [], None
    found = list(
        await choices.house_of_address(session, form.value("street").lower(), form.value("house").lower())
    )
    chosen = next((one for one in found if str(one.id) == form.value("house_id")), None)
    if not found:
        form.refuse("street", "Такой дом не найден. Начните с первых букв улицы: «лен», дом 12.")
    return found, chosen or (found[0] if len(found) == 1 else None)


def _choice(form: Typed, house: Choice | None) -> MailChoice | None:
    period = form.period("period")
    company = form.integer("company", "Выберите организацию.") if form.value("company") else None
    if period is None or not form.is_good:
        return None
    return MailChoice(period.first_day, company, None if house is None else (house.id,))


@router.get("/sample.pdf", dependencies=[allow(*ACCRUERS)])
async def sample(session: Reader, account: int, period: str) -> Response:
    """The file one of the letters would carry."""
    return await receipt_file(session, account, period)


@router.post("", dependencies=[allow(*ACCRUERS)])
async def start(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Ask for the mailing; the same command twice is one."""
    form = await read_form(request)
    period = form.period("period")
    company = form.integer("company", "Выберите организацию.") if form.value("company") else None
    house = form.integer("house_id", "Выберите дом.") if form.value("house_id") else None
    command = form.value("command")
    low, high = COMMAND_LENGTH
    if not form.is_good or period is None or not low <= len(command) <= high:
        raise Conflict(
            "Рассылка не начата: форма заполнена не до конца.", "Вернитесь и выберите, что рассылать."
        )
    choice = MailChoice(period.first_day, company, None if house is None else (house,))
    run_id = await mail_runs.request(session, choice, me.user_id, command)
    return see_other(request, f"{PATH}/{run_id}")


# ---- one mailing -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunView:
    """A mailing with how far it is."""

    run: RunRow
    server: ServerState | None
    may_act: bool
    refusal: str = ""
    states: dict[str, tuple[str, str]] = field(default_factory=lambda: STATES)

    @property
    def counts(self) -> list[tuple[str, str, int]]:
        """State, words, letters: what is not zero."""
        run = self.run
        rows = [
            ("waiting", "ждут отправки", run.waiting),
            ("sent", "отправлены, сервер принял", run.sent),
            ("delivered", "доставлены, есть отчёт", run.delivered),
            ("unclear", "неизвестно, дошли ли: решите", run.unclear),
            ("refused", "сервер не принял", run.refused),
            ("bounced", "вернулись", run.bounced),
            ("cancelled", "отменены", run.cancelled),
        ]
        return [row for row in rows if row[2]]


async def _view(session: Session, run_id: int, may_act: bool, refusal: str = "") -> RunView:
    run = await mail_pages.run(session, run_id)
    if run is None:
        raise NotFound(f"Рассылки {run_id} нет.", "Проверьте номер или откройте список.")
    return RunView(run, await mail_pages.server(session), may_act, refusal)


@router.get("/{run_id:int}")
async def show(request: Request, run_id: int, me: CurrentUser, session: Reader) -> Response:
    """The page; while letters go it asks again by itself."""
    view = await _view(session, run_id, me.may(*ACCRUERS))
    return page(request, "mail/run.html", view, block="whole", retitle=True)


DEEDS = {"stop": mail_runs.stop, "resume": mail_runs.resume, "undo": mail_runs.undo}


@router.post("/{run_id:int}/{deed}", dependencies=[allow(*ACCRUERS)])
async def act(request: Request, run_id: int, deed: str, session: Writer) -> Response:
    """Stop, go on, or take back what has not gone."""
    if deed not in DEEDS:
        raise NotFound("Такого действия нет.", "Обновите страницу рассылки.")
    await _view(session, run_id, True)
    try:
        await DEEDS[deed](session, run_id)
    except MailRefused as refusal:
        view = await _view(session, run_id, True, str(refusal))
        return page(request, "mail/run.html", view, status=409)
    return see_other(request, f"{PATH}/{run_id}")
