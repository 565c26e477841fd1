"""«Прогон»: one page from plan to publication; it moves by itself while the run does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import run_pages, run_totals, vat
from storage import runs as deeds
from storage.run_pages import BlockRow, Progress, ReasonCount, RunExtras, RunHead
from storage.run_totals import TotalRow
from storage.runs import RunRefused
from storage.session import Session
from storage.vat import Charged
from web.centre.words import BLOCK_WORDS, SCOPE_WORDS, STATE_WORDS, fix_of_reason, reason_words
from web.charts import PairChart, pairs
from web.deps import CurrentUser, Reader, Writer, read
from web.errors import NotFound
from web.export import Column, export
from web.filters import money, month, percent, plural
from web.forms import read_form
from web.render import fragment, hx_partial, page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, RIGHTS, Me, Role, allow
from web.streams import Tick, stream

router = APIRouter(prefix="/centre/runs/{run_id}", dependencies=[allow(*CENTRE_STAFF)])

STEPS = ("Запланирован", "Считается", "Проверяется", "Готов к публикации", "Опубликован")
DIMENSIONS = {"service": "По услугам", "company": "По организациям", "supplier": "По поставщикам"}
TOTALS_EVERY = 5
"""Totals follow the progress once in so many seconds."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the run's life as it stands now: past, here, ended or ahead ("")."""

    label: str
    state: str


@dataclass(frozen=True, slots=True)
class Act:
    """A deed on a run: its button, or why there is none for this person now."""

    name: str
    label: str
    tone: str = ""
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Accounts parked for one reason: what to do about them and the link to where it is put right."""

    key: str
    words: str
    count: int
    deed: str
    href: str
    link: str


@dataclass(frozen=True, slots=True)
class Sums:
    """The total row of a table of totals."""

    now_kopecks: int
    published_kopecks: int
    before_kopecks: int

    @property
    def delta_kopecks(self) -> int:
        """The month against last month."""
        return self.now_kopecks + self.published_kopecks - self.before_kopecks

    @property
    def month_kopecks(self) -> int:
        """The month with this run."""
        return self.now_kopecks + self.published_kopecks


@dataclass(frozen=True, slots=True)
class RunView:
    """Everything of a run on one page."""

    run: RunHead
    progress: Progress
    steps: list[Step]
    acts: list[Act]
    refusal: str
    by: str
    dimensions: dict[str, str]
    totals: list[TotalRow]
    sums: Sums
    chart: PairChart
    reasons: list[Reason]
    blocks: list[BlockRow]
    extras: RunExtras
    state_words: tuple[str, str]
    block_words: dict[str, tuple[str, str]]
    scope_words: str
    undone_by: str

    @property
    def held_left(self) -> int:
        """Sums that keep the run from being published."""
        return self.extras.held_left

    @property
    def held_total(self) -> int:
        """Sums that were held, whatever became of them."""
        return self.extras.held_total

    @property
    def has_published(self) -> bool:
        """Whether a part of the month was published before, so that a column for it is shown."""
        return any(row.published_kopecks for row in self.totals)

    @property
    def is_comparable(self) -> bool:
        """A part of a month says nothing against a whole one: differences are shown when all is counted."""
        return self.progress.state not in ("planned", "accruing")

    @property
    def blocks_open(self) -> bool:
        """Blocks are shown opened while they matter: in work or failed."""
        return self.progress.is_live or self.progress.blocks_parked > 0


async def _found(session: Session, run_id: int) -> RunHead:
    run = await run_pages.run_head(session, run_id)
    if run is None:
        raise NotFound(f"Прогона {run_id} нет.", "Проверьте номер или откройте список прогонов.")
    return run


@router.get("")
async def show(
    request: Request, run_id: int, me: CurrentUser, session: Reader, by: str = "service"
) -> Response:
    """The page; while the run moves it also listens to the stream."""
    view = await _view(session, me, await _found(session, run_id), by)
    return page(request, "centre/run.html", view, block="whole", retitle=True)


async def _view(session: Session, me: Me, run: RunHead, by: str, refusal: str = "") -> RunView:
    extras = await run_pages.extras(session, run.id)
    assert extras is not None, "the head was found a moment ago"
    totals = await run_totals.totals(session, run)
    known = {row.dimension for row in totals}
    dimensions = {key: words for key, words in DIMENSIONS.items() if key in known or key == "service"}
    chosen = [row for row in totals if row.dimension == (by if by in dimensions else "service")]
    return RunView(
        run=run,
        progress=extras.progress,
        steps=steps(run),
        acts=[] if extras.progress.is_undoing else acts(run, me, extras.held_left),
        refusal=refusal,
        by=by if by in dimensions else "service",
        dimensions=dimensions,
        totals=chosen,
        sums=sums(chosen),
        chart=_chart(run, chosen),
        reasons=[_reason(one, run.id) for one in extras.parked],
        blocks=await run_pages.blocks(session, run.id),
        extras=extras,
        state_words=("отменяется", "warn") if extras.progress.is_undoing else _state_words(run),
        undone_by=_undone_by(extras),
        block_words=BLOCK_WORDS,
        scope_words=_scope_words(run),
    )


def _scope_words(run: RunHead) -> str:
    kind = SCOPE_WORDS[run.scope_kind]
    return kind if run.scope_kind == "city" else f"{kind}: {run.scope_name}"


def _reason(one: ReasonCount, run_id: int) -> Reason:
    fix = fix_of_reason(one.reason, run_id)
    return Reason(one.reason, reason_words(one.reason), one.count, fix.deed, fix.place, fix.label)


def _undone_by(extras: RunExtras) -> str:
    """Who asked to undo it, as the log has it."""
    return next((line.user_name or "" for line in extras.log if line.event == "undo_asked"), "")


def _state_words(run: RunHead) -> tuple[str, str]:
    if run.state == "checked" and run.approved_by is not None:
        return ("публикуется", "brand")
    if run.state == "checked" and run.requested_by is not None:
        return ("ждёт второго человека", "warn")
    if run.state == "accruing" and run.stop_requested:
        return ("остановлен", "warn")
    return STATE_WORDS[run.state]


def steps(run: RunHead) -> list[Step]:
    """Where the run is in its life."""
    reached = {"planned": 0, "accruing": 1, "checked": 2, "published": 4}.get(run.state, 2)
    if run.state == "checked" and run.requested_by is not None:
        reached = 3
    states = ["past" if at < reached else "here" if at == reached else "" for at in range(len(STEPS))]
    if run.state == "published":
        states[-1] = "past"
    if run.state in ("undone", "failed"):
        at_end = 2 if run.checked_at is not None else 1
        states = ["past" if at < at_end else "ended" if at == at_end else "" for at in range(len(STEPS))]
    return [Step(label, state) for label, state in zip(STEPS, states, strict=True)]


def acts(run: RunHead, me: Me, held: int = 0) -> list[Act]:
    """What may be done with a run in this state by this person; a forbidden main deed explains itself."""
    if not me.may(*ACCRUERS):
        return []
    undo = Act("undo", "Отменить черновик", "danger")
    match run.state:
        case "planned" | "accruing" if run.stop_requested:
            return [Act("resume", "Продолжить", "primary"), undo]
        case "planned" | "accruing":
            return [Act("stop", "Остановить")]
        case "failed":
            return [undo]
        case "checked" if run.approved_by is not None:
            return []
        case "checked" if run.requested_by is not None:
            return [_approve(run, me, held), Act("return", "Вернуть на проверку")]
        case "checked":
            return [_hand_over(run, held), undo]
        case _:
            return []


def _approve(run: RunHead, me: Me, held: int) -> Act:
    why = ""
    if held:
        why = _held_words(held)
    elif run.requested_by == me.user_id:
        why = "Передали вы, поэтому опубликовать должен другой сотрудник."
    elif not me.may(Role.PUBLISHER):
        why = f"Здесь нужно право «{RIGHTS[Role.PUBLISHER]}». Его даёт администратор РЦ."
    return Act("publish", f"Опубликовать {month(run.period)}", "primary", why)


def _held_words(held: int) -> str:
    return (
        f"{plural(held, 'сумма держит', 'суммы держат', 'сумм держат')} публикацию: разберите проверку сумм."
    )


def _hand_over(run: RunHead, held: int) -> Act:
    why = ""
    if held:
        why = _held_words(held)
    elif not run.lines_count and run.kind == "difference":
        why = "Различий с опубликованным нет, публиковать нечего."
    elif not run.lines_count:
        why = "Нельзя передать: в черновике нет ни одного начисления."
    return Act("hand-over", "Передать на публикацию", "primary", why)


def sums(rows: list[TotalRow]) -> Sums:
    """Sums over the rows shown."""
    return Sums(
        sum(row.now_kopecks for row in rows),
        sum(row.published_kopecks for row in rows),
        sum(row.before_kopecks for row in rows),
    )


def _chart(run: RunHead, rows: list[TotalRow]) -> PairChart:
    title = f"{month(run.period)} и {month(run_totals.month_before(run.period))}, ₽"
    largest = sorted(rows, key=lambda row: -max(row.month_kopecks, row.before_kopecks))[:12]
    return pairs(
        title,
        [
            (_short(row.name), row.month_kopecks, row.before_kopecks, money(row.month_kopecks))
            for row in largest
        ],
    )


def _short(name: str, longest: int = 36) -> str:
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"


# ---- live -----------------------------------------------------------------------------------------


@router.get("/stream")
async def follow(request: Request, run_id: int, me: CurrentUser) -> Response:
    """Progress every second, totals every fifth, «done» when the run stops moving."""
    async with read(request) as session:
        await _found(session, run_id)  # a run that is not there is refused before anything is sent

    async def look(number: int) -> Tick:
        async with read(request) as session:
            if number % TOTALS_EVERY:
                progress = await run_pages.progress(session, run_id)
                if progress is None:
                    return Tick("", is_live=False)
                return Tick(_progress_html(request, run_id, progress), progress.is_live)
            view = await _view(session, me, await _found(session, run_id), request.query_params.get("by", ""))
        parts = [
            _progress_html(request, run_id, view.progress),
            hx_partial("#totals", fragment(request, "centre/run.html", view, "totals")),
            hx_partial("#blocks", fragment(request, "centre/run.html", view, "blocks")),
        ]
        return Tick("".join(parts), view.progress.is_live)

    return stream(request, look)


def _progress_html(request: Request, run_id: int, progress: Progress) -> str:
    """The bar, and the title of the tab: a person in another tab sees how far it is."""
    share = percent(progress.accounts_done, progress.accounts_total)
    title = f"<title>{share} · Прогон {run_id} · Pay-logic</title>" if progress.is_live else ""
    return title + hx_partial("#progress", fragment(request, "centre/_progress.html", progress, "progress"))


# ---- deeds ----------------------------------------------------------------------------------------

Deed = Callable[[Session, int, int], Awaitable[None]]
DEEDS: dict[str, Deed] = {
    "stop": deeds.stop_run,
    "resume": deeds.resume_run,
    "hand-over": deeds.request_publication,
    "return": deeds.return_to_check,
    "undo": deeds.request_undo,
}


async def _do(request: Request, run_id: int, me: Me, session: Session, deed: Deed) -> Response:
    """Make a deed; a refusal is shown on the page of the run with its words."""
    try:
        await deed(session, run_id, me.user_id)
    except RunRefused as refusal:
        view = await _view(session, me, await _found(session, run_id), "service", refusal.message)
        return page(request, "centre/run.html", view, status=refusal.status)
    return see_other(request, f"/centre/runs/{run_id}")


@router.post("/publish", dependencies=[allow(Role.PUBLISHER)])
async def publish(request: Request, run_id: int, me: CurrentUser, session: Writer) -> Response:
    """The second person signs; the words of what is signed stand beside the button."""
    form = await read_form(request)
    run = await _found(session, run_id)
    if form.value("total") != str(run.total_kopecks):
        words = "Данные изменились после просмотра. Проверьте суммы и опубликуйте ещё раз."
        return page(request, "centre/run.html", await _view(session, me, run, "service", words), status=409)
    return await _do(request, run_id, me, session, deeds.approve_publication)


@router.post("/{act}", dependencies=[allow(*ACCRUERS)])
async def act_on(request: Request, run_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Stop, go on, hand over, return, undo."""
    if act not in DEEDS:
        raise NotFound
    return await _do(request, run_id, me, session, DEEDS[act])


# ---- files ----------------------------------------------------------------------------------------

TOTAL_COLUMNS = (
    Column("Название", width=42),
    Column("Строк", "integer"),
    Column("Этот прогон, ₽", "kopecks"),
    Column("Опубликовано раньше, ₽", "kopecks"),
    Column("Прошлый месяц, ₽", "kopecks"),
    Column("Разница, ₽", "kopecks"),
    Column("в т. ч. НДС этого прогона, ₽", "kopecks"),
)
VAT_KEYS: dict[str, Callable[[Charged], object]] = {
    "service": lambda one: one.service,
    "company": lambda one: one.company_id,
    "supplier": lambda one: one.supplier_id,
}


@router.get("/totals.{form}")
async def totals_file(run_id: int, form: str, session: Reader, by: str = "service") -> Response:
    """Totals of one dimension as CSV or XLSX."""
    run = await _found(session, run_id)
    if by not in DIMENSIONS:
        raise NotFound(
            "Такой сводки нет.", f"Выберите, по чему сводить: {', '.join(DIMENSIONS.values()).lower()}."
        )
    rows = [row for row in await run_totals.totals(session, run) if row.dimension == by]
    inside = vat.by(await vat.of_run(session, run_id), VAT_KEYS[by])
    cells = [
        (
            row.name,
            row.lines_count,
            row.now_kopecks,
            row.published_kopecks,
            row.before_kopecks,
            row.delta_kopecks,
            inside.get(row.key, 0),
        )
        for row in rows
    ]
    title = f"Прогон {run.id}, {month(run.period)}, {run.scope_name}: {DIMENSIONS.get(by, '').lower()}"
    all_ = sums(rows)
    lines = sum(row.lines_count for row in rows)
    money_of_all = (all_.now_kopecks, all_.published_kopecks, all_.before_kopecks, all_.delta_kopecks)
    total = ("Всего", lines, *money_of_all, sum(inside.values()))
    return export(form, f"Прогон {run.id} итоги", title, TOTAL_COLUMNS, cells, total)
