"""«Работа с долгом»: drafts to approve in bulk, papers to hand over, everything with a file."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import choices, overdue_batches, overdue_pages
from storage.overdue_batches import NOTE_MAX, PICKS_MAX, StepRefused
from storage.overdue_pages import StageCount, StepFilter, StepPage
from storage.session import Session
from web import clock
from web.debts.words import DELIVERIES, READERS, STAGES, STATES, WORKERS, company_of
from web.deps import CurrentUser, Reader, Writer
from web.export import Cell, Column, export_file
from web.forms import Typed, blank, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import list_page, page, see_other
from web.roles import Me, Role, allow

router = APIRouter(prefix="/debts/steps", dependencies=[allow(*READERS)])

PATH = "/debts/steps"
FILTERS = ("state", "stage", "company", "q")
COLUMNS = (
    Column("Счёт", width=14),
    Column("Адрес", width=36),
    Column("Плательщик", width=30),
    Column("Организация", width=24),
    Column("Шаг", width=18),
    Column("Состояние", width=24),
    Column("Составлен", "date", 12),
    Column("Долг с пенями, ₽", "kopecks", 16),
    Column("Документ", width=14),
    Column("Как вручён", width=20),
    Column("Когда", "date", 12),
    Column("Пояснение", width=40),
)
DONE = {
    "delivered": "Вручение записано. Срок следующего шага идёт с этого дня.",
    "undone": "Утверждение отменено: черновики снова в списке, составленные документы хранятся с пометкой.",
}


@dataclass(frozen=True, slots=True)
class StepsView:
    """Steps found, what waits, the form of a delivery."""

    state: ListState
    found: StepPage
    counts: dict[str, StageCount]
    companies: list[tuple[int, str]]
    form: Typed
    may_work: bool
    done: str

    @property
    def stages(self) -> dict[str, str]:
        return STAGES

    @property
    def states(self) -> dict[str, tuple[str, str]]:
        return STATES

    @property
    def deliveries(self) -> dict[str, str]:
        return DELIVERIES

    @property
    def shown(self) -> str:
        return self.state.get("state")

    def waiting(self, stage: str) -> int:
        """How many of a step wait in the state shown."""
        one = self.counts.get(stage)
        if one is None:
            return 0
        return one.approved if self.shown == "approved" else one.drafts


def _state(request: Request) -> ListState:
    state = list_state(request, FILTERS, tuple(overdue_pages.SORTS), "-amount", PATH)
    if state.get("state") not in overdue_pages.SHOWN:
        state.filters["state"] = "draft"
    return state


def _wanted(me: Me, state: ListState) -> StepFilter:
    stage = state.get("stage")
    return StepFilter(
        state.get("state"),
        stage if stage in STAGES else "",
        company_of(me, state.number("company")),
        q=state.get("q"),
    )


async def _view(session: Session, request: Request, me: Me, form: Typed, done: str = "") -> StepsView:
    state = _state(request)
    found = await overdue_pages.steps(
        session,
        _wanted(me, state),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=PAGE_ROWS,
        offset=state.offset,
    )
    counts = {one.stage: one for one in await overdue_pages.stage_counts(session)}
    companies = (
        [] if me.role is Role.COMPANY else [(one.id, one.name) for one in await choices.companies(session)]
    )
    return StepsView(state, found, counts, companies, form, me.may(*WORKERS), DONE.get(done, ""))


def _form() -> Typed:
    return blank(day=clock.today().isoformat(), how="receipt")


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """What waits, the largest debts first."""
    view = await _view(session, request, me, _form(), done)
    return list_page(request, "debts/steps.html", view, view.state, ())


@router.get(".{form}")
async def file(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """All found steps as CSV or XLSX."""
    state = _state(request)
    found = await overdue_pages.steps(
        session, _wanted(me, state), sort=state.sort, is_descending=state.is_descending, limit=EXPORT_ROWS_MAX
    )
    cells: list[list[Cell]] = [
        [
            row.number,
            row.address,
            row.payer_name,
            row.company_name,
            STAGES[row.stage],
            STATES["delivered" if row.delivered_on else row.state][0],
            row.drafted_on,
            row.amount_kopecks,
            row.paper_number or "",
            DELIVERIES.get(row.delivery or "", ""),
            row.delivered_on,
            row.delivery_note or "",
        ]
        for row in found.rows
    ]
    return await export_file(form, "Работа с долгом", "Работа с долгом", COLUMNS, cells)


async def _picks(request: Request, session: Session, me: Me, form: Typed) -> list[int]:
    if form.value("everything") == "yes":
        return await overdue_pages.step_ids(session, _wanted(me, _state(request)), PICKS_MAX + 1)
    picked = [str(value) for value in (await request.form()).getlist("pick")]
    return [int(value) for value in picked if value.isascii() and value.isdigit() and len(value) < 10]


@router.post("", dependencies=[allow(*WORKERS)])
async def choose(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Drafts ticked, or everything found: to the preview."""
    form = await read_form(request)
    stage = form.choice("step", STAGES, "Выберите один шаг: напоминания и предупреждения утверждают порознь.")
    if form.is_good:
        try:
            ids = await _picks(request, session, me, form)
            made = await overdue_batches.preview(session, stage, ids, me.user_id)
            return see_other(request, f"/debts/batches/{made}")
        except StepRefused as refusal:
            form.refuse("", refusal.message)
    view = await _view(session, request, me, form)
    return page(request, "debts/steps.html", view, block="list", status=422)


@router.post("/deliver", dependencies=[allow(*WORKERS)])
async def deliver(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Papers ticked, or everything found, were handed over."""
    form = await read_form(request)
    how = form.choice("how", DELIVERIES, "Выберите, как вручили.")
    day = form.date("day", "Укажите день вручения: 24.11.2026.")
    note = form.value("note")
    if len(note) > NOTE_MAX:
        form.refuse("note", f"Слишком длинно: помещается {NOTE_MAX} знаков.")
    if form.is_good and day is not None:
        try:
            ids = await _picks(request, session, me, form)
            if await overdue_batches.deliver(session, ids, how, day, clock.today(), note, me.user_id):
                return see_other(request, f"{PATH}?state=delivered&done=delivered")
            form.refuse("", "Отметьте документы, которые вручили: уже вручённые второй раз не записывают.")
        except StepRefused as refusal:
            form.refuse("day" if refusal.code in ("future", "early") else "", refusal.message)
    view = await _view(session, request, me, form)
    return page(request, "debts/steps.html", view, block="list", status=422)
