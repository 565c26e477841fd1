"""The city, or a company, against the month before: the waterfall, its table, houses as a list."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import change_pages, choices
from storage.change_pages import HOUSE_SORTS, HousePage, MonthState, WholeChange
from storage.choices import Choice
from storage.session import Session
from web.changes.frame import CHANGE_READERS
from web.deps import CurrentUser, Reader
from web.export import Column, export
from web.filters import month as month_words
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.months import chosen_month
from web.render import page
from web.roles import CENTRE_STAFF, Me, allow
from web.waterfall import Waterfall, waterfall

router = APIRouter(prefix="/changes", dependencies=[allow(*CHANGE_READERS)])

FILTERS = ("period", "company", "street", "house")
COLUMNS = (
    Column("Адрес", width=36),
    Column("Организация", width=24),
    Column("Счетов", "integer"),
    Column("Платят больше", "integer"),
    Column("Платят меньше", "integer"),
    Column("Было, ₽", "kopecks"),
    Column("Стало, ₽", "kopecks"),
    Column("Разница, ₽", "kopecks"),
    Column("Главная причина", width=28),
    Column("Из-за неё, ₽", "kopecks"),
)
PART_COLUMNS = (Column("Причина", width=28), Column("Услуга", width=36), Column("Разница, ₽", "kopecks"))


@dataclass(frozen=True, slots=True)
class MonthView:
    """The page. whole and chart are None while no month is counted."""

    state: ListState
    is_centre: bool
    months: list[dt.date]
    month: MonthState | None
    whole: WholeChange | None
    chart: Waterfall | None
    found: HousePage
    companies: list[Choice]
    company_name: str

    @property
    def query(self) -> str:
        """Month and company in an address of a file."""
        pairs = [(key, self.state.get(key)) for key in ("period", "company")]
        return "&".join(f"{key}={value}" for key, value in pairs if value)


def _company(me: Me, state: ListState) -> int | None:
    return state.number("company") if me.may(*CENTRE_STAFF) else me.organisation_id


async def _find(
    session: Session, period: dt.date, company_id: int | None, state: ListState, limit: int, offset: int
) -> HousePage:
    return await change_pages.houses(
        session,
        period,
        company_id=company_id,
        street=" ".join(state.get("street").lower().replace("ё", "е").split()),
        number=state.get("house"),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=limit,
        offset=offset,
    )


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(HOUSE_SORTS), "-size", "/changes")


async def _month(session: Session, state: ListState) -> tuple[MonthState | None, list[dt.date]]:
    counted = await change_pages.months(session)
    known = [one.period for one in counted]
    shown = chosen_month(state.get("period"), known)
    return next((one for one in counted if one.period == shown), None), known


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The page; the state of the list is in the address."""
    state = _state(request)
    month, known = await _month(session, state)
    company_id = _company(me, state)
    is_centre = me.may(*CENTRE_STAFF)
    companies = await choices.companies(session) if is_centre else []
    whole, found, chart = None, HousePage([], 0, 0, 0), None
    if month is not None:
        whole = await change_pages.whole(session, month.period, company_id)
        chart = waterfall(whole.told, await change_pages.labels(session))
        found = await _find(session, month.period, company_id, state, PAGE_ROWS, state.offset)
    view = MonthView(
        state=state,
        is_centre=is_centre,
        months=known,
        month=month,
        whole=whole,
        chart=chart,
        found=found,
        companies=companies,
        company_name=next((one.name for one in companies if one.id == company_id), ""),
    )
    return page(request, "changes/month.html", view, block="found", headers={"HX-Replace-Url": state.url()})


@router.get(".{form}")
async def file(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """Houses found, as CSV or XLSX."""
    state = _state(request)
    month, _ = await _month(session, state)
    found = HousePage([], 0, 0, 0)
    if month is not None:
        found = await _find(session, month.period, _company(me, state), state, EXPORT_ROWS_MAX, 0)
    cells = [
        (
            row.address,
            row.company_name,
            row.accounts_count,
            row.more_count,
            row.less_count,
            row.before_kopecks,
            row.now_kopecks,
            row.delta_kopecks,
            row.cause,
            row.part_kopecks,
        )
        for row in found.rows
    ]
    before, now = found.before_kopecks, found.now_kopecks
    total = ("Всего найдено", None, None, None, None, before, now, now - before, None, None)
    name = f"Что изменилось {month_words(month.period)}" if month else "Что изменилось"
    return export(form, name, f"{name}: по домам", COLUMNS, cells, total)


@router.get("/parts.{form}")
async def parts(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """Causes by service, as CSV or XLSX."""
    state = _state(request)
    month, _ = await _month(session, state)
    cells: list[tuple[str, str, int]] = []
    change = 0
    if month is not None:
        whole = await change_pages.whole(session, month.period, _company(me, state))
        change = whole.told.delta_kopecks
        for row in waterfall(whole.told, await change_pages.labels(session)).rows:
            cells += [(row.label, label, kopecks) for label, kopecks in row.services] or [
                (row.label, "", row.kopecks)
            ]
    name = f"Почему изменилось {month_words(month.period)}" if month else "Почему изменилось"
    return export(form, name, name, PART_COLUMNS, cells, ("Всего", None, change))
