"""«Дома с распределителями»: coverage of a year, readings that came, the yearly correction; files."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.quantity import DM2_PER_M2, format_scaled
from storage import choices, distributor_pages
from storage.choices import Choice
from storage.distributor_pages import SORTS, DistributorHouse, HousesFilter, HousesFound
from storage.importer.verdicts import Counts, Verdict
from storage.session import Session
from web import clock
from web.corrections.words import CORRECTORS, READERS
from web.deps import CurrentUser, Reader
from web.export import Cell, Column, export_file
from web.filters import money, month
from web.forms import Typed, blank
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import page
from web.roles import CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/distributors", dependencies=[allow(*READERS)])

YEARS = 4
FIRST_YEAR, LAST_YEAR = 2019, 2100
FIX_LAST_MONTH = 3
"""The year is put right in the first quarter of the next one (Rules 354, cl. 42(1))."""
DONE = "loaded"
FILTERS = ("year", "company", "street", "house", "only")
ONLY = {
    "missing": "Пришли не все показания",
    "few": "Не больше половины площади",
    "enough": "Больше половины площади",
}
COLUMNS = (
    Column("Адрес", width=36),
    Column("Организация", width=24),
    Column("Площадь дома, м²", width=16),
    Column("С показаниями, м²", width=16),
    Column("Доля, %", width=10),
    Column("Помещений с распределителями", "integer", 16),
    Column("Показаний пришло", "integer", 14),
    Column("Корректировка", width=34),
    Column("Месяц корректировки", width=18),
    Column("Перераспределено, ₽", "kopecks", 18),
)


@dataclass(frozen=True, slots=True)
class FileView:
    """What a checked file would do, or why it was not taken."""

    verdicts: list[Verdict]
    verdicts_count: int
    sheets: list[tuple[str, Counts]]

    @property
    def is_good(self) -> bool:
        """No row of it is bad."""
        return not self.verdicts_count


@dataclass(frozen=True, slots=True)
class HousesView:
    """The page: the list with its filters."""

    state: ListState
    year: int
    years: list[int]
    found: HousesFound
    companies: list[Choice]
    chips: list[tuple[str, str]]
    only: dict[str, str]
    open_period: dt.date | None
    is_centre: bool
    may_load: bool
    form: Typed
    loaded: FileView | None
    done: str

    def fix(self, row: DistributorHouse) -> tuple[str, str, str]:
        """State of the yearly correction: words, tone, what stands below them."""
        return fix_words(row, self.year, self.open_period)

    @staticmethod
    def share(row: DistributorHouse) -> str:
        """«62,5 %»."""
        return share_words(row.share_permille)


def share_words(permille: int) -> str:
    """Tenths of a percent without needless zeros, rounded down: 100 % means all."""
    whole, tenth = divmod(permille, 10)
    return f"{whole}{f',{tenth}' if tenth else ''} %"


def fix_words(row: DistributorHouse, year: int, open_period: dt.date | None) -> tuple[str, str, str]:
    """State of the correction of `year` in words, its tone, the details."""
    if row.fix is not None:
        state = ("черновик", "warn") if row.fix.is_draft else ("проведена", "good")
        return *state, f"{month(row.fix.period)}, между помещениями {money(row.fix.moved_kopecks)}"
    if not row.came_count:
        return "показаний нет", "warn", "внесите их до первого квартала"
    if not row.is_enough:
        return "не делят", "bad", "показания не больше чем с половины площади"
    if open_period is not None and open_period > dt.date(year + 1, FIX_LAST_MONTH, 1):
        return "не проведена", "bad", "месяц корректировки прошёл: нужен перерасчёт"
    return "ждёт", "", f"первый квартал {year + 1} года"


async def _found(request: Request, session: Session, limit: int) -> tuple[ListState, int, HousesFound]:
    state = list_state(request, FILTERS, tuple(SORTS), "address", path="/distributors")
    year = state.number("year") or 0
    if not FIRST_YEAR <= year <= LAST_YEAR:
        year = clock.today().year - 1
    wanted = HousesFilter(
        year=year,
        company_id=state.number("company"),
        street=" ".join(state.get("street").lower().replace("ё", "е").split()),
        house=state.get("house"),
        only=state.get("only"),
    )
    offset = state.offset if limit == PAGE_ROWS else 0
    found = await distributor_pages.listed(session, wanted, state.sort, state.is_descending, limit, offset)
    return state, year, found


async def houses_view(
    request: Request, session: Session, me: Me, form: Typed, loaded: FileView | None = None, done: str = ""
) -> HousesView:
    """The page for this person; form and loaded: what became of a table that was sent."""
    state, year, found = await _found(request, session, PAGE_ROWS)
    is_centre = me.may(*CENTRE_STAFF)
    companies = await choices.companies(session) if is_centre else []
    last = clock.today().year
    return HousesView(
        state=state,
        year=year,
        years=sorted({year, *range(last, last - YEARS, -1)}, reverse=True),
        found=found,
        companies=companies,
        chips=_chips(state, companies),
        only=ONLY,
        open_period=me.open_period,
        is_centre=is_centre,
        may_load=me.may(*CORRECTORS),
        form=form,
        loaded=loaded,
        done="Таблица загружена. Разница войдёт в месяц годовой корректировки отопления."
        if done == DONE
        else "",
    )


def _chips(state: ListState, companies: list[Choice]) -> list[tuple[str, str]]:
    named = {
        "company": next((one.name for one in companies if one.id == state.number("company")), ""),
        "street": f"улица: {state.get('street')}" if state.get("street") else "",
        "house": f"дом: {state.get('house')}" if state.get("house") else "",
        "only": ONLY.get(state.get("only"), "").lower(),
    }
    return [(key, words) for key, words in named.items() if words]


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """The list; its state is in the address."""
    view = await houses_view(request, session, me, blank(), done=done)
    headers = {"HX-Replace-Url": view.state.url()}
    return page(request, "corrections/distributor_houses.html", view, block="list", headers=headers)


@router.get(".{form}")
async def file(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """All found houses as CSV or XLSX."""
    _, year, found = await _found(request, session, EXPORT_ROWS_MAX)
    rows = [_cells(row, year, me.open_period) for row in found.rows]
    title = f"Дома с распределителями тепла, {year} год"
    return await export_file(form, f"Дома с распределителями {year}", title, COLUMNS, rows)


def _cells(row: DistributorHouse, year: int, open_period: dt.date | None) -> list[Cell]:
    words, _, details = fix_words(row, year, open_period)
    return [
        row.address,
        row.company_name,
        _area(row.area_total_dm2),
        _area(row.area_dm2),
        share_words(row.share_permille).removesuffix(" %"),
        row.known_count,
        row.came_count,
        words if row.fix is not None else f"{words}: {details}",
        month(row.fix.period) if row.fix is not None else "",
        row.fix.moved_kopecks if row.fix is not None else None,
    ]


def _area(dm2: int) -> str:
    return format_scaled(dm2, DM2_PER_M2, 2)
