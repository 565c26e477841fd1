"""Houses of a month by their common needs: meter, flats, what was charged, what goes on; a list and files."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.services import CATALOGUE
from storage import choices, common_modes, common_pages
from storage.choices import Choice
from storage.common_modes import service_words
from storage.common_pages import SORTS, CommonFilter, CommonFound, CommonRow
from storage.common_past import SERVICES
from storage.session import Session
from web.commons.words import METHOD_OPTIONS, SERVICE_OPTIONS, SHORT, ModeView, method_words, seen, volume
from web.deps import CurrentUser, Reader
from web.export import Cell, Column, export_file
from web.filters import month
from web.forms import Typed
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.months import chosen_month
from web.render import page
from web.roles import ACCRUERS, CENTRE_STAFF, Me, Role, allow

READERS = (*CENTRE_STAFF, Role.COMPANY)
router = APIRouter(prefix="/commons", dependencies=[allow(*READERS)])

FILTERS = ("period", "company", "service", "method", "street", "house", "only")
ONLY = {"balance": "с остатком на следующие месяцы", "over": "больше норматива"}
DONE = {
    "proposed": "Способ внесён и ждёт второго сотрудника. Пока он не утвердит, расчёт прежний.",
    "approved": "Способ утверждён: следующий прогон посчитает по нему.",
    "declined": "Способ отклонён, расчёт прежний.",
}
COLUMNS = (
    Column("Адрес", width=36),
    Column("Организация", width=22),
    Column("Услуга", width=30),
    Column("Ед.", width=8),
    Column("Способ", width=30),
    Column("Счётчик дома", "text", 14),
    Column("Квартиры", "text", 14),
    Column("Сверх квартир", "text", 14),
    Column("Остаток с прошлых месяцев", "text", 14),
    Column("Норматив", "text", 14),
    Column("К оплате", "text", 14),
    Column("Разница с домом", "text", 14),
    Column("Остаток на следующие", "text", 14),
)
MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class CommonsView:
    """The page: the list, who waits for a second person, the form of an organisation's way."""

    state: ListState
    period: dt.date | None
    months: list[dt.date]
    found: CommonFound
    companies: list[Choice]
    chips: list[tuple[str, str]]
    waiting: list[ModeView]
    form: Typed
    may_write: bool
    is_centre: bool
    done: str
    services: list[tuple[int, str]]
    methods: list[tuple[str, str]]
    ways: list[tuple[int, str]]

    @staticmethod
    def volume(micro: int | None, row: CommonRow) -> str:
        """A volume of the row, rounded for the eye."""
        return volume(micro, row.service)

    @staticmethod
    def unit_of(row: CommonRow) -> str:
        """Unit of the volumes."""
        return CATALOGUE[row.service].unit

    @staticmethod
    def label_of(row: CommonRow) -> str:
        """The service in words."""
        return CATALOGUE[row.service].short_label

    @staticmethod
    def way_of(row: CommonRow) -> str:
        """The way of the month in words."""
        return method_words(row.method)


def _filter(state: ListState, period: dt.date) -> CommonFilter:
    return CommonFilter(
        period=period,
        company_id=state.number("company"),
        service=state.number("service"),
        method=state.number("method"),
        street=" ".join(state.get("street").lower().replace("ё", "е").split()),
        house=state.get("house"),
        only_balance=state.get("only") == "balance",
        only_over_norm=state.get("only") == "over",
    )


async def _found(
    request: Request, session: Session, limit: int
) -> tuple[ListState, dt.date | None, list[dt.date], CommonFound]:
    state = list_state(request, FILTERS, tuple(SORTS), "address", path="/commons")
    known = await common_pages.months(session)
    period = chosen_month(state.get("period"), known)
    if period is None:
        return state, None, known, CommonFound([], 0)
    offset = state.offset if limit == PAGE_ROWS else 0
    found = await common_pages.listed(
        session, _filter(state, period), state.sort, state.is_descending, limit, offset
    )
    return state, period, known, found


async def commons_view(
    request: Request, session: Session, me: Me, form: Typed | None = None, done: str = ""
) -> CommonsView:
    """The page for this person; form: what was typed and refused."""
    state, period, known, found = await _found(request, session, PAGE_ROWS)
    is_centre = me.may(*CENTRE_STAFF)
    companies = await choices.companies(session) if is_centre else []
    typed = form or Typed({"valid_from": f"{me.open_period:%Y-%m}" if me.open_period else ""})
    return CommonsView(
        state=state,
        period=period,
        months=known,
        found=found,
        companies=companies,
        chips=_chips(state, companies),
        waiting=seen(await common_modes.waiting(session), me),
        form=typed,
        may_write=me.may(*ACCRUERS),
        is_centre=is_centre,
        done=DONE.get(done, ""),
        services=SERVICE_OPTIONS,
        methods=METHOD_OPTIONS,
        ways=[(int(method), words) for method, words in SHORT.items()],
    )


def _chips(state: ListState, companies: list[Choice]) -> list[tuple[str, str]]:
    company = next((one.name for one in companies if one.id == state.number("company")), "")
    service, method = state.number("service"), state.number("method")
    named = {
        "company": company,
        "service": service_words(service) if service in SERVICES else "",
        "method": method_words(method) if method in set(SHORT) else "",
        "street": f"улица: {state.get('street')}" if state.get("street") else "",
        "house": f"дом: {state.get('house')}" if state.get("house") else "",
        "only": ONLY.get(state.get("only"), ""),
    }
    return [(key, words) for key, words in named.items() if words]


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """The list; its state is in the address."""
    view = await commons_view(request, session, me, done=done)
    return page(
        request, "commons/list.html", view, block="list", headers={"HX-Replace-Url": view.state.url()}
    )


@router.get(".{form}")
async def file(request: Request, form: str, session: Reader) -> Response:
    """All found houses as CSV or XLSX."""
    _, period, _, found = await _found(request, session, EXPORT_ROWS_MAX)
    title = f"Общее имущество домов, {month(period)}" if period else "Общее имущество домов"
    return await export_file(form, "Общее имущество", title, COLUMNS, [_cells(row) for row in found.rows])


def _cells(row: CommonRow) -> list[Cell]:
    return [
        row.address,
        row.company_name,
        CATALOGUE[row.service].label,
        CATALOGUE[row.service].unit,
        method_words(row.method),
        *(
            _volume(value)
            for value in (
                row.house_micro if row.is_known else None,
                row.flats_micro if row.is_known else None,
                row.over_micro,
                row.carried_micro,
                row.norm,
                row.charged_micro,
                row.difference_micro,
                row.balance_micro,
            )
        ),
    ]


def _volume(micro: int | None) -> str:
    if micro is None:
        return ""
    whole, rest = divmod(abs(micro), MICRO)
    return f"{'−' if micro < 0 else ''}{whole},{rest:06d}"
