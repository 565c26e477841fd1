"""«Собираемость»: what came in a month against what was charged for the month before, by any cut."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import choices, collection, company_pages
from storage.collection import RatePage
from storage.session import Session
from web.debts.words import READERS, company_of
from web.deps import CurrentUser, Reader
from web.export import Cell, Column, export_file
from web.filters import percent
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import list_page
from web.roles import Me, Role, allow

router = APIRouter(prefix="/debts/rates", dependencies=[allow(*READERS)])

PATH = "/debts/rates"
FILTERS = ("by", "since", "until", "company", "house")
BY = {"month": "по месяцам", "company": "по организациям", "house": "по домам", "service": "по услугам"}
NAMES = {"month": "Месяц", "company": "Организация", "house": "Дом", "service": "Услуга"}
SHOWN_MONTHS = 12


@dataclass(frozen=True, slots=True)
class RatesView:
    """One cut over some months."""

    state: ListState
    by: str
    found: RatePage
    since: Period
    until: Period
    companies: list[tuple[int, str]]
    houses: list[tuple[int, str]]
    chips: list[tuple[str, str]]

    @property
    def cuts(self) -> dict[str, str]:
        return BY

    @property
    def name(self) -> str:
        return NAMES[self.by]


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(collection.SORTS), "name", PATH)


def _month(state: ListState, key: str, otherwise: Period) -> Period:
    value = state.get(key)
    if not value:
        return otherwise
    try:
        return Period.parse(value)
    except ValueError as error:
        state.errors[key] = str(error)
        return otherwise


def _span(me: Me, state: ListState) -> tuple[Period, Period]:
    last = Period.of(me.open_period or dt.date(2000, 1, 1))
    until = _month(state, "until", last)
    return _month(state, "since", until.shift(1 - SHOWN_MONTHS)), until


def _by(state: ListState) -> str:
    return state.get("by") if state.get("by") in BY else "month"


async def _found(session: Session, me: Me, state: ListState, limit: int, offset: int) -> RatePage:
    since, until = _span(me, state)
    return await collection.rates(
        session,
        _by(state),
        since=since.first_day,
        until=until.first_day,
        company_id=company_of(me, state.number("company")),
        house_id=state.number("house"),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=limit,
        offset=offset,
    )


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Charged, paid and the share of it, by the cut chosen."""
    state = _state(request)
    found = await _found(session, me, state, PAGE_ROWS, state.offset)
    is_company = me.role is Role.COMPANY and me.organisation_id is not None
    companies = [] if is_company else [(one.id, one.name) for one in await choices.companies(session)]
    houses = await company_pages.house_choices(session, me.organisation_id or 0) if is_company else []
    since, until = _span(me, state)
    names = {"company": dict(companies), "house": dict(houses)}
    chips = [
        (key, names[key].get(state.number(key) or 0, NAMES[key].lower()))
        for key in ("company", "house")
        if state.get(key)
    ]
    view = RatesView(state, _by(state), found, since, until, companies, houses, chips)
    return list_page(request, "debts/rates.html", view, state, ("since", "until"))


@router.get(".{form}")
async def file(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """The whole cut as CSV or XLSX."""
    state = _state(request)
    found = await _found(session, me, state, EXPORT_ROWS_MAX, 0)
    columns = (
        Column(NAMES[_by(state)], width=36),
        Column("Начислено за прошлый месяц, ₽", "kopecks", 20),
        Column("Поступило, ₽", "kopecks", 16),
        Column("Собрано", width=10),
        Column("Осталось собрать, ₽", "kopecks", 18),
    )
    cells: list[list[Cell]] = [
        [
            row.name,
            row.charged_kopecks,
            row.paid_kopecks,
            percent(row.paid_kopecks, row.charged_kopecks) if row.charged_kopecks else "",
            row.charged_kopecks - row.paid_kopecks,
        ]
        for row in found.rows
    ]
    total: list[Cell] = [
        "Всего",
        found.charged_kopecks,
        found.paid_kopecks,
        percent(found.paid_kopecks, found.charged_kopecks) if found.charged_kopecks else "",
        found.charged_kopecks - found.paid_kopecks,
    ]
    return await export_file(form, "Собираемость", f"Собираемость {BY[_by(state)]}", columns, cells, total)
