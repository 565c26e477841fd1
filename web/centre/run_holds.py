"""«Проверка сумм»: what jumped against the month before, why, and the decision of the second person."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import run_pages, sum_gate_decide, sum_gate_pages
from storage.run_pages import RunHead
from storage.runs import RunRefused
from storage.session import Session
from storage.sum_gate_decide import DECISIONS
from storage.sum_gate_pages import SORTS, Cause, HoldCount, HoldFilter, HoldPage, HoldRow, PartRow
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.export import Column, export
from web.filters import month
from web.forms import Typed, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre/runs/{run_id}/holds", dependencies=[allow(*CENTRE_STAFF)])

FILTERS = ("dimension", "state", "company", "q")
DIMENSIONS = {"account": "Счета", "house": "Дома", "service": "Услуги", "supplier": "Поставщики"}
STATES = {
    "held": ("задержано", "warn"),
    "released": ("пропущено", "good"),
    "correction": ("на исправление", "bad"),
}
BULK_MAX = 200_000
"""A bulk decision over the found rows: no more than a file of them holds."""
COLUMNS = (
    Column("Разрез", width=12),
    Column("Что", width=40),
    Column("Счёт", width=14),
    Column("Организация", width=24),
    Column("Было, ₽", "kopecks"),
    Column("Стало, ₽", "kopecks"),
    Column("Разница, ₽", "kopecks"),
    Column("Порог, %", "integer", 10),
    Column("Порог, ₽", "kopecks"),
    Column("Состояние", width=16),
    Column("Кто решил", width=28),
    Column("Почему", width=50),
)


@dataclass(frozen=True, slots=True)
class HoldsView:
    """The list of held sums of a run."""

    run: RunHead
    state: ListState
    found: HoldPage
    counts: list[HoldCount]
    companies: list[tuple[str, str]]
    form: Typed
    why_not: str

    @property
    def total(self) -> int:
        """All sums that were held in the run."""
        return sum(one.count for one in self.counts)

    @property
    def left(self) -> int:
        """Those that keep the run from being published."""
        return sum(one.count for one in self.counts if one.state != "released")

    @property
    def dimensions(self) -> list[tuple[str, str, int]]:
        """Chips of dimensions with what is left of each."""
        return [(key, words, self.count(key)) for key, words in DIMENSIONS.items() if self.count(key)]

    @property
    def states(self) -> dict[str, tuple[str, str]]:
        return STATES

    def count(self, dimension: str) -> int:
        """Everything of a dimension."""
        return sum(one.count for one in self.counts if one.dimension == dimension)


@dataclass(frozen=True, slots=True)
class HoldView:
    """One held sum with what it is made of."""

    run: RunHead
    row: HoldRow
    title: str
    parts: list[PartRow]
    causes: list[Cause]
    form: Typed
    why_not: str

    @property
    def states(self) -> dict[str, tuple[str, str]]:
        return STATES

    @property
    def parts_delta(self) -> int:
        return sum(part.delta_kopecks for part in self.parts)


async def _run(session: Session, run_id: int) -> RunHead:
    run = await run_pages.run_head(session, run_id)
    if run is None:
        raise NotFound(f"Прогона {run_id} нет.", "Проверьте номер или откройте список прогонов.")
    return run


def _state(request: Request, run_id: int) -> ListState:
    return list_state(request, FILTERS, tuple(SORTS), "-delta", f"/centre/runs/{run_id}/holds")


def _filter(state: ListState, run_id: int) -> HoldFilter:
    return HoldFilter(
        run_id, state.get("dimension"), state.get("state"), state.number("company"), state.get("q")
    )


def _why_not(run: RunHead, me: Me) -> str:
    """Why this person may not decide; empty when they may."""
    if run.state != "checked":
        return "Прогон уже не черновик: решения остались для истории."
    if not me.may(*ACCRUERS):
        return "Решает расчётчик или ответственный за публикацию."
    if run.created_by == me.user_id:
        return "Прогон запустили вы, поэтому задержанные суммы разбирает другой сотрудник."
    return ""


async def _view(session: Session, request: Request, run: RunHead, me: Me, form: Typed) -> HoldsView:
    state = _state(request, run.id)
    found = await sum_gate_pages.rows(
        session,
        _filter(state, run.id),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=PAGE_ROWS,
        offset=state.offset,
    )
    counts = await sum_gate_pages.counts(session, run.id)
    companies = await sum_gate_pages.companies(session, run.id)
    return HoldsView(run, state, found, counts, companies, form, _why_not(run, me))


@router.get("")
async def show(request: Request, run_id: int, me: CurrentUser, session: Reader) -> Response:
    """What is held, the largest change first; filters and sort are in the address."""
    view = await _view(session, request, await _run(session, run_id), me, Typed())
    return page(
        request, "centre/run_holds.html", view, block="list", headers={"HX-Replace-Url": view.state.url()}
    )


@router.get(".{form}")
async def file(request: Request, run_id: int, form: str, session: Reader) -> Response:
    """All found sums as CSV or XLSX, with who decided and why."""
    run, state = await _run(session, run_id), _state(request, run_id)
    found = await sum_gate_pages.rows(
        session,
        _filter(state, run_id),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=EXPORT_ROWS_MAX,
    )
    cells = [
        (
            DIMENSIONS[row.dimension],
            row.name,
            row.number,
            row.company_name,
            row.before_kopecks,
            row.now_kopecks,
            row.delta_kopecks,
            row.limit_percent,
            row.limit_kopecks,
            STATES[row.state][0],
            row.decided_by_name,
            row.reason,
        )
        for row in found.rows
    ]
    title = f"Проверка сумм, прогон {run.id}, {month(run.period)}"
    return export(form, f"Проверка сумм {run.id}", title, COLUMNS, cells)


@router.get("/{dimension}/{key}")
async def card(
    request: Request, run_id: int, dimension: str, key: int, me: CurrentUser, session: Reader
) -> Response:
    """One sum: by causes and by services."""
    return page(request, "centre/run_hold.html", await _card(session, run_id, dimension, key, me, Typed()))


async def _card(session: Session, run_id: int, dimension: str, key: int, me: Me, form: Typed) -> HoldView:
    run = await _run(session, run_id)
    row = await sum_gate_pages.one(session, run_id, dimension, key)
    if row is None:
        raise NotFound("Эта сумма не задержана.", "Вернитесь к списку проверки сумм.")
    return HoldView(
        run,
        row,
        f"счёт {row.number}" if row.number else row.name,
        await sum_gate_pages.parts(session, run_id, dimension, key),
        await sum_gate_pages.causes(session, run_id, dimension, key),
        form,
        _why_not(run, me),
    )


@router.post("", dependencies=[allow(*ACCRUERS)])
async def decide(request: Request, run_id: int, me: CurrentUser, session: Writer) -> Response:
    """Release, send to correction or hold again: the ticked rows, or everything found."""
    form, run = await read_form(request), await _run(session, run_id)
    decision = form.choice("decision", DECISIONS, "Выберите, что сделать с отмеченным.")
    picks = await _picks(request, session, run_id, form)
    if form.is_good:
        try:
            await sum_gate_decide.decide(session, run_id, picks, decision, form.value("reason"), me.user_id)
            return see_other(request, form.value("back") or f"/centre/runs/{run_id}/holds")
        except RunRefused as refusal:
            form.refuse("reason" if refusal.code in ("no-reason", "too-long") else "", refusal.message)
    view = await _view(session, request, run, me, form)
    return page(request, "centre/run_holds.html", view, block="list", status=422)


async def _picks(request: Request, session: Session, run_id: int, form: Typed) -> list[tuple[str, int]]:
    if form.value("everything") == "yes":
        found = await sum_gate_pages.rows(session, _filter(_state(request, run_id), run_id), limit=BULK_MAX)
        return [(row.dimension, row.key) for row in found.rows]
    picked = []
    for value in (await request.form()).getlist("pick"):
        dimension, _, key = str(value).partition(":")
        if dimension in DIMENSIONS and key.isascii() and key.isdigit() and len(key) < 10:
            picked.append((dimension, int(key)))
    return picked
