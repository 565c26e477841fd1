"""«Карта домов»: houses as tiles by street, the darker the more a flat owes, and the same as a table."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from fastapi import APIRouter, Request, Response

from storage import choices, debt_pages
from storage.debt_pages import HouseDebt, HousesPage
from web.debts.words import READERS, company_of
from web.deps import CurrentUser, Reader
from web.export import Cell, Column, export_file
from web.filters import money
from web.lists import PAGE_ROWS, ListState, list_state
from web.render import list_page
from web.roles import Role, allow

router = APIRouter(prefix="/debts/houses", dependencies=[allow(*READERS)])

PATH = "/debts/houses"
FILTERS = ("q", "company")
SORTS = ("address", "debtors", "overdue", "old", "flat")
HEATS = (0, 500_00, 1_500_00, 3_000_00, 6_000_00, 12_000_00)
"""Kopecks of debt a flat from which a tile is darker; the first is «долга нет»."""
TILES_MAX = 4_000
"""More houses than that are a map nobody reads: one company at a time."""
COLUMNS = (
    Column("Дом", width=36),
    Column("Организация", width=24),
    Column("Счетов", "integer", 10),
    Column("Должников", "integer", 12),
    Column("Просрочено, ₽", "kopecks", 16),
    Column("Старше года, ₽", "kopecks", 16),
    Column("На счёт, ₽", "kopecks", 14),
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A house on the map: how dark it is (0 … 6) and the words of it."""

    house_id: int
    number: str
    heat: int
    words: str


@dataclass(frozen=True, slots=True)
class HousesView:
    """The map and its table."""

    state: ListState
    found: HousesPage
    streets: list[tuple[str, list[Tile]]]
    legend: list[tuple[int, str]]
    rows: list[HouseDebt]
    companies: list[tuple[int, str]]
    chips: list[tuple[str, str]]


def heat_of(kopecks: int) -> int:
    """0 without a debt, then 1 … 6."""
    return sum(1 for least in HEATS if kopecks > least)


def _legend() -> list[tuple[int, str]]:
    ends = [f"до {money(end)}" for end in HEATS[1:]]
    return list(enumerate(["долга нет", *ends, f"больше {money(HEATS[-1])}"]))


def _tiles(rows: list[HouseDebt]) -> list[tuple[str, list[Tile]]]:
    return [
        (street, [_tile(one) for one in houses]) for street, houses in groupby(rows, lambda one: one.street)
    ]


def _tile(one: HouseDebt) -> Tile:
    words = (
        f"{one.address}: {money(one.per_account_kopecks)} на счёт, должников {one.debtors_count} "
        f"из {one.accounts_count}"
    )
    return Tile(one.id, one.number, heat_of(one.per_account_kopecks), words)


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, SORTS, "address", PATH)


def _sorted(rows: list[HouseDebt], state: ListState) -> list[HouseDebt]:
    """Rows come in postal order: that is the sort by address."""
    keys = {
        "debtors": lambda one: one.debtors_count,
        "overdue": lambda one: one.overdue_kopecks,
        "old": lambda one: one.old_kopecks,
        "flat": lambda one: one.per_account_kopecks,
    }
    if state.sort in keys:
        return sorted(rows, key=keys[state.sort], reverse=state.is_descending)
    return rows[::-1] if state.is_descending else rows


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Tiles by street and the table under them."""
    state = _state(request)
    company = company_of(me, state.number("company"))
    found = await debt_pages.houses(session, company, state.get("q"))
    companies = (
        [] if me.role is Role.COMPANY else [(one.id, one.name) for one in await choices.companies(session)]
    )
    labels = {
        "q": f"«{state.get('q')}»",
        "company": dict(companies).get(state.number("company") or 0, "организация"),
    }
    rows = _sorted(found.rows, state)
    view = HousesView(
        state,
        found,
        _tiles(found.rows) if len(found.rows) <= TILES_MAX else [],
        _legend(),
        rows[state.offset : state.offset + PAGE_ROWS],
        companies,
        [(key, labels[key]) for key in FILTERS if state.get(key)],
    )
    return list_page(request, "debts/houses.html", view, state, ())


@router.get(".{form}")
async def file(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """All found houses as CSV or XLSX."""
    state = _state(request)
    found = await debt_pages.houses(session, company_of(me, state.number("company")), state.get("q"))
    cells: list[list[Cell]] = [
        [
            row.address,
            row.company_name,
            row.accounts_count,
            row.debtors_count,
            row.overdue_kopecks,
            row.old_kopecks,
            row.per_account_kopecks,
        ]
        for row in _sorted(found.rows, state)
    ]
    total: list[Cell] = [
        f"Всего: {len(cells)}",
        None,
        sum(row.accounts_count for row in found.rows),
        found.debtors_count,
        found.overdue_kopecks,
        sum(row.old_kopecks for row in found.rows),
        None,
    ]
    return await export_file(form, "Долги домов", "Долги домов", COLUMNS, cells, total)
