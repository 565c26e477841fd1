"""«Должники»: who owes, how old it is, which step comes next; the whole list as a file."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import choices, company_pages, debt_pages
from storage.debt_pages import DebtFilter, DebtRow, DebtTotals
from storage.session import Session
from web.debts.words import AGES, GROUPS, READERS, STAGES, company_of
from web.deps import CurrentUser, Reader
from web.export import Cell, Column, export_file
from web.filters import month
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import list_page
from web.roles import Me, Role, allow

router = APIRouter(prefix="/debts", dependencies=[allow(*READERS)])

PATH = "/debts"
FILTERS = ("q", "company", "house", "age", "group", "least", "stage", "agreed")
AGREED = {"yes": "есть соглашение", "no": "без соглашения"}
COLUMNS = (
    Column("Счёт", width=14),
    Column("Адрес", width=36),
    Column("Плательщик", width=30),
    Column("Организация", width=24),
    Column("Просрочено, ₽", "kopecks", 14),
    *(Column(f"{words}, ₽", "kopecks", 14) for words in AGES.values()),
    *(Column(f"{words[0].upper()}{words[1:]}, ₽", "kopecks", 16) for words in GROUPS.values()),
    Column("Срок ещё не прошёл, ₽", "kopecks", 16),
    Column("Пени, ₽", "kopecks", 12),
    Column("Месяцев", "integer", 10),
    Column("Самый ранний", width=16),
    Column("Последняя оплата", "date", 16),
    Column("Сделано", width=18),
    Column("Дальше", width=18),
    Column("Не раньше", "date", 14),
    Column("Соглашение", width=12),
)


@dataclass(frozen=True, slots=True)
class AgeBar:
    """An age over all found: its sum, its share of the largest for the bar, where a click leads."""

    key: str
    label: str
    kopecks: int
    count: int
    href: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class DebtorsView:
    """A page of debtors."""

    state: ListState
    totals: DebtTotals
    rows: list[DebtRow]
    ages: list[AgeBar]
    companies: list[tuple[int, str]]
    houses: list[tuple[int, str]]
    chips: list[tuple[str, str]]

    @property
    def groups(self) -> dict[str, str]:
        return GROUPS

    @property
    def stages(self) -> dict[str, str]:
        return STAGES

    @property
    def largest(self) -> int:
        """The longest bar."""
        return max((one.kopecks for one in self.ages), default=0)


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(debt_pages.SORTS), "-overdue", PATH)


def _wanted(me: Me, state: ListState) -> DebtFilter:
    least = state.get("least").replace(" ", "")
    if least and not (least.isascii() and least.isdigit() and len(least) < 10):
        state.errors["least"] = "Введите сумму в рублях: 5000. Отбор по ней не применён."
        least = ""
    return DebtFilter(
        company_id=company_of(me, state.number("company")),
        house_id=state.number("house"),
        age=state.get("age"),
        group=state.get("group"),
        least_kopecks=int(least) * 100 if least else None,
        stage=state.get("stage"),
        agreed=state.get("agreed"),
        q=state.get("q"),
    )


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Debtors found, a hundred a page, with ages over all of them."""
    state = _state(request)
    wanted = _wanted(me, state)
    totals = await debt_pages.totals(session, wanted)
    rows = await debt_pages.rows(
        session,
        wanted,
        sort=state.sort,
        is_descending=state.is_descending,
        limit=PAGE_ROWS,
        offset=state.offset,
    )
    companies, houses = await _choices(session, me, state)
    names = {"company": dict(companies), "house": dict(houses)}
    view = DebtorsView(state, totals, rows, _bars(state, totals), companies, houses, _chips(state, names))
    return list_page(request, "debts/debtors.html", view, state, ("least",))


async def _choices(
    session: Session, me: Me, state: ListState
) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Companies for the centre; houses of the company chosen."""
    if me.role is Role.COMPANY and me.organisation_id is not None:
        return [], await company_pages.house_choices(session, me.organisation_id)
    return [(one.id, one.name) for one in await choices.companies(session)], []


def _bars(state: ListState, totals: DebtTotals) -> list[AgeBar]:
    on = state.get("age")
    return [
        AgeBar(
            key,
            label,
            totals.ages[int(key)],
            totals.counts[int(key)],
            state.without("age") if key == on else state.with_filter("age", key),
            key == on,
        )
        for key, label in AGES.items()
    ]


def _chips(state: ListState, names: dict[str, dict[int, str]]) -> list[tuple[str, str]]:
    labels = {
        "q": f"«{state.get('q')}»",
        "company": names["company"].get(state.number("company") or 0, "организация"),
        "house": names["house"].get(state.number("house") or 0, "один дом"),
        "age": AGES.get(state.get("age"), "возраст"),
        "group": GROUPS.get(state.get("group"), "группа услуг"),
        "least": f"от {state.get('least')} ₽",
        "stage": STAGES.get(state.get("stage"), "шагов не было"),
        "agreed": AGREED.get(state.get("agreed"), "соглашение"),
    }
    return [(key, labels[key]) for key in FILTERS if state.get(key) and key not in state.errors]


@router.get(".{form}")
async def file(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """All found debtors as CSV or XLSX."""
    state = _state(request)
    wanted = _wanted(me, state)
    rows = await debt_pages.rows(
        session, wanted, sort=state.sort, is_descending=state.is_descending, limit=EXPORT_ROWS_MAX
    )
    total: list[Cell] = [f"Всего: {len(rows)}", None, None, None, sum(row.overdue_kopecks for row in rows)]
    total += [sum(row.ages[at] for row in rows) for at in range(len(AGES))]
    total += [sum(row.groups[at] for row in rows) for at in range(len(GROUPS))]
    total += [sum(row.coming_kopecks for row in rows), sum(row.penalty_kopecks for row in rows)]
    total += [None] * (len(COLUMNS) - len(total))
    return await export_file(form, "Должники", "Должники", COLUMNS, [_cells(row) for row in rows], total)


def _cells(row: DebtRow) -> list[Cell]:
    return [
        row.number,
        row.address,
        row.payer_name,
        row.company_name,
        row.overdue_kopecks,
        *row.ages,
        *row.groups,
        row.coming_kopecks,
        row.penalty_kopecks,
        row.months,
        month(row.oldest) if row.oldest else "",
        row.last_paid_on,
        STAGES.get(row.stage or "", ""),
        STAGES.get(row.next_stage or "", ""),
        row.ready_on,
        "да" if row.is_agreed else "",
    ]
