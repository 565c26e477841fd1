"""Houses of a run against last month: a list to sort, filter, page through and take away as a file."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import choices, run_pages, run_totals
from storage.choices import Choice
from storage.run_pages import RunHead
from storage.run_totals import HOUSE_SORTS, HousePage
from storage.session import Session
from web.deps import Reader
from web.errors import NotFound
from web.export import Column, export
from web.filters import month
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import page
from web.roles import CENTRE_STAFF, allow

router = APIRouter(prefix="/centre/runs/{run_id}", dependencies=[allow(*CENTRE_STAFF)])

FILTERS = ("company", "street", "house")
COLUMNS = (
    Column("Адрес", width=36),
    Column("Организация", width=24),
    Column("Счетов", "integer"),
    Column("Отложено", "integer"),
    Column("Этот прогон, ₽", "kopecks"),
    Column("Прошлый месяц, ₽", "kopecks"),
    Column("Разница, ₽", "kopecks"),
)


@dataclass(frozen=True, slots=True)
class HousesView:
    """A page of houses of a run."""

    run: RunHead
    state: ListState
    found: HousePage
    companies: list[Choice]
    company_name: str


async def _run(session: Session, run_id: int) -> RunHead:
    run = await run_pages.run_head(session, run_id)
    if run is None:
        raise NotFound(f"Прогона {run_id} нет.", "Проверьте номер или откройте список прогонов.")
    return run


async def _find(session: Session, run: RunHead, state: ListState, limit: int, offset: int) -> HousePage:
    return await run_totals.houses(
        session,
        run,
        company_id=state.number("company"),
        street=" ".join(state.get("street").lower().replace("ё", "е").split()),
        number=state.get("house"),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=limit,
        offset=offset,
    )


def _state(request: Request, run_id: int) -> ListState:
    path = f"/centre/runs/{run_id}/houses"
    return list_state(request, FILTERS, tuple(HOUSE_SORTS), "address", path)


@router.get("/houses")
async def show(request: Request, run_id: int, session: Reader) -> Response:
    """The list; its state is in the address."""
    run = await _run(session, run_id)
    state = _state(request, run_id)
    companies = await choices.companies(session)
    view = HousesView(
        run=run,
        state=state,
        found=await _find(session, run, state, PAGE_ROWS, state.offset),
        companies=companies,
        company_name=next((one.name for one in companies if one.id == state.number("company")), ""),
    )
    return page(
        request, "centre/run_houses.html", view, block="list", headers={"HX-Replace-Url": state.url()}
    )


@router.get("/houses.{form}")
async def file(request: Request, run_id: int, form: str, session: Reader) -> Response:
    """All found houses as CSV or XLSX."""
    run = await _run(session, run_id)
    found = await _find(session, run, _state(request, run_id), EXPORT_ROWS_MAX, 0)
    cells = [
        (
            row.address,
            row.company_name,
            row.accounts_count,
            row.parked_count,
            row.now_kopecks,
            row.before_kopecks,
            row.delta_kopecks,
        )
        for row in found.rows
    ]
    title = f"Прогон {run.id}, {month(run.period)}, {run.scope_name}: по домам"
    now, before = found.now_kopecks, found.before_kopecks
    total = ("Всего найдено", None, found.accounts_count, found.parked_count, now, before, now - before)
    return export(form, f"Прогон {run.id} дома", title, COLUMNS, cells, total)
