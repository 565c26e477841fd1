"""«Печать квитанций»: print runs, choosing what and how, one run from plan to the last volume."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from billing.receipt import DocumentKind
from receipts.fill import Filler
from receipts.form import LARGE_PERCENT
from receipts.volume import one_receipt
from storage import choices, delivery, press_orders, press_pages, press_routes
from storage.choices import Choice
from storage.press_orders import LAYOUTS, PressChoice, PressRefused
from storage.press_pages import (
    BlockProblem,
    HouseRow,
    NoteRow,
    PressHead,
    PressProgress,
    ProblemRow,
    VolumeRow,
)
from storage.press_plan import NO_ROUTE, WITHOUT_ROUTE, Selection
from storage.press_routes import RouteRow
from storage.session import Session
from web import clock
from web.centre.runs import plain
from web.deps import CurrentUser, Reader, Writer, read
from web.errors import Conflict, NotFound
from web.filters import percent
from web.forms import Typed, blank, read_form
from web.receipt_file import checked, look_for
from web.render import fragment, hx_partial, page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, allow
from web.streams import Tick, stream

router = APIRouter(prefix="/centre/press", dependencies=[allow(*CENTRE_STAFF)])

LAYOUT_WORDS = {
    "a4": "A4, квитанция на листе",
    "a5x2": "A4 пополам: две A5, разрезать и сложить",
    "a5": "A5, квитанция на листе",
}
KIND_WORDS = {
    "regular": "квитанции за месяц, все документы счёта",
    "debt": "долговые документы: долг прошлых месяцев",
    "capital_repair": "только взнос на капитальный ремонт",
}
SIZE_WORDS = {"100": "обычный", "140": "крупный"}
STATE_WORDS = {
    "planned": ("ждёт очереди", ""),
    "printing": ("верстается", "brand"),
    "done": ("готово", "good"),
    "failed": ("не всё напечатано", "bad"),
    "stopped": ("остановлено", "warn"),
}
ORDER_WORDS = {"address": "по улицам", "routes": "по маршрутам доставки"}
VOLUME_SHEETS_USUAL = 500
WHOLE_EVERY = 5
"""The list of volumes follows the progress once in so many seconds."""


@dataclass(frozen=True, slots=True)
class PressListView:
    """All print runs."""

    runs: list[PressHead]
    states: dict[str, tuple[str, str]]
    layouts: dict[str, str]
    may_start: bool


@router.get("")
async def show_list(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Print runs, newest first."""
    runs = await press_pages.press_runs(session)
    return page(
        request, "centre/press.html", PressListView(runs, STATE_WORDS, LAYOUT_WORDS, me.may(*ACCRUERS))
    )


# ---- choosing -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PressNewView:
    """The form of a print run and what it would print; `command` makes a second press harmless."""

    form: Typed
    periods: list[tuple[str, Period]]
    companies: list[Choice]
    found_houses: list[Choice]
    house: Choice | None
    kinds: dict[str, str]
    layouts: dict[str, str]
    sizes: dict[str, str]
    selection: Selection | None
    command: str
    orders: dict[str, str]
    routes: list[Choice]
    chosen_routes: list[int]


@router.get("/new", dependencies=[allow(*ACCRUERS)])
async def show_new(request: Request, session: Reader) -> Response:
    """The form; a change of it shows what would be printed."""
    form = blank(**dict(request.query_params.items()))
    view = await _new_view(session, form)
    return page(request, "centre/press_new.html", view, block="preview", status=422 if form.errors else 200)


async def _new_view(session: Session, form: Typed) -> PressNewView:
    periods = await press_orders.periods(session)
    if not periods:
        raise Conflict(
            "Печатать нечего.", "Ни один месяц ещё не опубликован. Сначала начислите и опубликуйте."
        )
    if not form.value("period"):
        form.values["period"] = str(periods[0])
    sheets = str(VOLUME_SHEETS_USUAL)
    usual = {"kind": "regular", "layout": "a4", "size": "100", "sheets": sheets, "order": "address"}
    form.values = {**usual, **form.values}
    if form.value("kind") not in KIND_WORDS:
        form.refuse("kind", "Выберите документ.")
    form.values.setdefault("routes_on", f"{clock.today():%Y-%m-%d}")
    found, house = await _house(session, form)
    routes_on, route_ids = routes_chosen(form)
    routes = await delivery.in_force(session, routes_on) if routes_on else []
    selection = None
    if form.is_good and not (form.value("street") and house is None):
        period = form.period("period")
        company = form.integer("company", "Выберите организацию.") if form.value("company") else None
        if period is not None and form.is_good:
            houses = [house.id] if house else None
            selection = await press_pages.chosen(
                session, period.first_day, company, houses, routes_on, route_ids, form.value("kind")
            )
    return PressNewView(
        form=form,
        periods=[(str(one), one) for one in periods],
        companies=await choices.companies(session),
        found_houses=found,
        house=house,
        kinds=KIND_WORDS,
        layouts=LAYOUT_WORDS,
        sizes=SIZE_WORDS,
        selection=selection,
        command=secrets.token_hex(16),
        orders=ORDER_WORDS,
        routes=[
            *(
                Choice(one.route_id, f"{one.name}: {one.carrier or 'почтальон не назначен'}")
                for one in routes
            ),
            *([Choice(NO_ROUTE, WITHOUT_ROUTE)] if routes_on else []),
        ],
        chosen_routes=route_ids or [],
    )


def routes_chosen(form: Typed) -> tuple[dt.date | None, list[int] | None]:
    """The day whose routes the paper goes by, and which of them; (None, None) is by addresses.

    A route is chosen by a field of its own, «route_7»; none chosen is all.
    """
    if form.value("order") != "routes":
        return None, None
    day = form.date("routes_on", "Впишите, на какой день взять маршруты: 05.10.2026.")
    names = [
        name.removeprefix("route_")
        for name, value in form.values.items()
        if name.startswith("route_") and value == "1"
    ]
    ids = sorted(int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 9)
    return day, ids or None


async def _house(session: Session, form: Typed) -> tuple[list[Choice], Choice | None]:
    """The one house the form means, or those it may mean; an error stands beside the field."""
    if not form.value("street"):
        return [], None
    street, number = plain(form.value("street")), form.value("house").lower()
    found = list(await choices.house_of_address(session, street, number))
    chosen = next((one for one in found if str(one.id) == form.value("house_id")), None)
    if not found:
        where = f"{form.value('street')} {form.value('house')}".strip()
        form.refuse("street", f"Дом «{where}» не найден. Начните с первых букв улицы: «лен», дом 12.")
    return found, chosen or (found[0] if len(found) == 1 else None)


@router.get("/sample.pdf", dependencies=[allow(*ACCRUERS)])
async def sample(request: Request, session: Reader) -> Response:
    """Any receipt of a choice as it would be printed: «number» counts in the order of delivery."""
    form = blank(**dict(request.query_params.items()))
    view = await _new_view(session, form)
    number = form.integer("number", "Впишите номер квитанции.") or 1
    if view.selection is None or not 1 <= number <= len(view.selection.account_ids):
        raise NotFound("Такой квитанции в выборе нет.", "Проверьте выбор и номер.")
    account_id = view.selection.account_ids[number - 1]
    period = Period.parse(form.value("period"))
    kind = DocumentKind(form.choice("kind", KIND_WORDS, "Выберите документ."))
    return await _sheet(session, account_id, period, kind, form.value("layout"), form.value("size"), number)


async def _sheet(
    session: Session, account_id: int, period: Period, kind: DocumentKind, layout: str, size: str, number: int
) -> Response:
    built = await checked(session, account_id, period, kind)
    look = await look_for(session, built.company_id, period)
    paper = "a4" if layout == "a4" else "a5"
    usual = int(size) if size in SIZE_WORDS else 100
    percent_ = LARGE_PERCENT if built.is_large_print else usual

    def render() -> bytes:
        filler = Filler(paper, percent_)
        first, *more = (filler.fill(one, f"№\u00a0{number:06d}", look) for one in built.documents)
        return one_receipt(first, f"Квитанция {built.documents[0].payer.account_number}", *more)

    content = await asyncio.to_thread(render)
    return Response(content, media_type="application/pdf", headers={"Content-Disposition": "inline"})


@router.post("", dependencies=[allow(*ACCRUERS)])
async def start(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Ask for the print run; the same `command` twice starts it once."""
    form = await read_form(request)
    period = form.period("period")
    kind = form.choice("kind", KIND_WORDS, "Выберите документ.")
    layout = form.choice("layout", LAYOUTS, "Выберите бумагу.")
    size = form.choice("size", SIZE_WORDS, "Выберите размер шрифта.")
    sheets = form.integer("sheets", "Впишите, сколько листов в томе.")
    company = form.integer("company", "Выберите организацию.") if form.value("company") else None
    routes_on, route_ids = routes_chosen(form)
    house = form.integer("house_id", "Выберите дом.") if form.value("house_id") else None
    command = form.value("command")
    if not form.is_good or period is None or sheets is None or not 16 <= len(command) <= 64:
        raise Conflict(
            "Печать не начата: форма заполнена не до конца.", "Вернитесь и выберите, что печатать."
        )
    choice = PressChoice(
        period=period.first_day,
        company_id=company,
        house_ids=None if house is None else (house,),
        layout=layout,
        is_duplex=form.value("duplex") == "1",
        has_separators=form.value("separators") == "1",
        size_percent=int(size),
        volume_sheets=sheets,
        routes_on=routes_on,
        route_ids=None if route_ids is None else tuple(route_ids),
        kind=kind,
    )
    try:
        run_id = await press_orders.request_press(session, choice, me.user_id, command)
    except PressRefused as refusal:
        raise Conflict("Печать не начата.", refusal.message) from refusal
    return see_other(request, f"/centre/press/{run_id}")


# ---- one run --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PressView:
    """Everything of a print run on one page."""

    run: PressHead
    progress: PressProgress
    state_words: tuple[str, str]
    layout_words: str
    volumes: list[VolumeRow]
    houses: list[HouseRow]
    problems: list[ProblemRow]
    failed: list[BlockProblem]
    routes: list[RouteRow]
    notes: list[NoteRow]
    note_words: dict[str, str]
    form: Typed
    refusal: str
    may_act: bool


NOTE_WORDS = {
    "downloaded": "скачано",
    "handed": "передано",
    "reprinted": "перепечатано",
    "again": "продолжено",
}


async def found(session: Session, run_id: int) -> PressHead:
    """The run, or NotFound in words."""
    run = await press_pages.press_head(session, run_id)
    if run is None:
        raise NotFound(f"Печати {run_id} нет.", "Проверьте номер или откройте список.")
    return run


async def press_view(
    session: Session, run: PressHead, may_act: bool, form: Typed | None = None, refusal: str = ""
) -> PressView:
    """The page of a run as it stands now."""
    progress = await press_pages.press_progress(session, run.id)
    assert progress is not None, "the head was found a moment ago"
    return PressView(
        run=run,
        progress=progress,
        state_words=STATE_WORDS[run.state],
        layout_words=_layout_words(run),
        volumes=await press_pages.volumes(session, run.id),
        houses=await press_pages.register(session, run.id),
        problems=await press_pages.problems(session, run.id),
        failed=await press_pages.failed_blocks(session, run.id),
        routes=await press_routes.routes_of(session, run.id) if run.routes_on else [],
        notes=await press_pages.notes(session, run.id),
        note_words=NOTE_WORDS,
        form=form or blank(),
        refusal=refusal,
        may_act=may_act,
    )


def _layout_words(run: PressHead) -> str:
    parts: Sequence[str] = (
        "" if run.kind == "regular" else KIND_WORDS[run.kind],
        LAYOUT_WORDS[run.layout],
        "с двух сторон" if run.is_duplex else "с одной стороны",
        "крупный шрифт" if run.size_percent > 100 else "",
        "с разделителями домов" if run.has_separators else "",
        f"по маршрутам на {run.routes_on:%d.%m.%Y}" if run.routes_on else "",
    )
    return ", ".join(part for part in parts if part)


@router.get("/{run_id}")
async def show(request: Request, run_id: int, me: CurrentUser, session: Reader) -> Response:
    """The page; while the run moves it also listens to the stream."""
    view = await press_view(session, await found(session, run_id), me.may(*ACCRUERS))
    return page(request, "centre/press_run.html", view, block="whole", retitle=True)


@router.get("/{run_id}/stream")
async def follow(request: Request, run_id: int, me: CurrentUser) -> Response:
    """Progress every second, volumes every fifth, «done» when the run stops moving."""
    async with read(request) as session:
        await found(session, run_id)  # a run that is not there is refused before anything is sent

    async def look(number: int) -> Tick:
        async with read(request) as session:
            progress = await press_pages.press_progress(session, run_id)
            if progress is None:
                return Tick("", is_live=False)
            parts = [_progress_html(request, run_id, progress)]
            if number % WHOLE_EVERY == 0:
                view = await press_view(session, await found(session, run_id), me.may(*ACCRUERS))
                html = fragment(request, "centre/press_run.html", view, "volumes")
                parts.append(hx_partial("#volumes", html, "outerHTML"))
        return Tick("".join(parts), progress.is_live)

    return stream(request, look)


def _progress_html(request: Request, run_id: int, progress: PressProgress) -> str:
    share = percent(progress.receipts_done, progress.receipts_total)
    title = f"<title>{share} · Печать {run_id} · Pay-logic</title>" if progress.is_live else ""
    html = fragment(request, "centre/_press_progress.html", progress, "progress")
    return title + hx_partial("#progress", html)


@router.post("/{run_id}/stop", dependencies=[allow(*ACCRUERS)])
async def stop(request: Request, run_id: int, me: CurrentUser, session: Writer) -> Response:
    """Begin no more volumes."""
    run = await found(session, run_id)
    try:
        await press_orders.stop_press(session, run_id)
    except PressRefused as refusal:
        view = await press_view(session, run, True, refusal=refusal.message)
        return page(request, "centre/press_run.html", view, status=409)
    return see_other(request, f"/centre/press/{run_id}")


@router.post("/{run_id}/resume", dependencies=[allow(*ACCRUERS)])
async def resume(request: Request, run_id: int, me: CurrentUser, session: Writer) -> Response:
    """Go on from where it stopped."""
    run = await found(session, run_id)
    try:
        await press_orders.resume_press(session, run_id)
    except PressRefused as refusal:
        view = await press_view(session, run, True, refusal=refusal.message)
        return page(request, "centre/press_run.html", view, status=409)
    await press_orders.note(session, run_id, "again", "Продолжено после остановки или сбоя", me.user_id)
    return see_other(request, f"/centre/press/{run_id}")
