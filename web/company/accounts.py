"""«Лицевые счета» of a company: search, chips, sorting, totals over all found, the whole list as a file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import company_pages
from storage.company_pages import AccountFilter, AccountPage, AccountRow, ShownMonth
from web import clock
from web.company.home import month_and_company
from web.deps import CurrentUser, Reader
from web.export import Cell, Column, export_file
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import page
from web.roles import Role, allow

router = APIRouter(prefix="/company", dependencies=[allow(Role.COMPANY)])

FILTERS = ("q", "house", "flat", "debt", "parked", "silent")
DEBT_WORDS = {"debtor": "с долгом", "advance": "с авансом"}
COLUMNS = (
    Column("Счёт", "text", 14),
    Column("Адрес", "text", 36),
    Column("Плательщик", "text", 34),
    Column("Площадь, м²", "text", 12),
    Column("Людей", "integer", 8),
    Column("Начислено, ₽", "kopecks", 14),
    Column("Долг, ₽", "kopecks", 14),
    Column("Отложен", "text", 60),
)
DM2_IN_M2 = 100


@dataclass(frozen=True, slots=True)
class AccountsView:
    """A page of the list."""

    state: ListState
    page: AccountPage
    shown: ShownMonth
    open_period: dt.date
    houses: list[tuple[int, str]]
    chips: list[tuple[str, str]]


def _wanted(state: ListState) -> AccountFilter:
    debt = state.get("debt")
    return AccountFilter(
        house_id=state.number("house"),
        query=state.get("q"),
        flat=state.get("flat"),
        debt=debt if debt in DEBT_WORDS else "",
        is_parked=state.get("parked") == "1",
        is_silent=state.get("silent") == "1",
    )


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(company_pages.SORTS), "address", path="/company/accounts")


@router.get("/accounts")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Found accounts, a hundred a page."""
    opened, company_id = month_and_company(me)
    state = _state(request)
    shown = await company_pages.shown_month(session, company_id, opened)
    found = await company_pages.accounts(
        session,
        company_id,
        opened,
        shown,
        _wanted(state),
        today=clock.today(),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=PAGE_ROWS,
        offset=state.offset,
    )
    choices = await company_pages.house_choices(session, company_id)
    view = AccountsView(state, found, shown, opened, choices, _chips(state, dict(choices)))
    return page(request, "company/accounts.html", view, "list", headers={"HX-Replace-Url": state.url()})


def _chips(state: ListState, houses: dict[int, str]) -> list[tuple[str, str]]:
    made = []
    if state.get("q"):
        made.append(("q", f"«{state.get('q')}»"))
    if state.get("house"):
        made.append(("house", houses.get(state.number("house") or 0, "другой дом")))
    if state.get("flat"):
        made.append(("flat", f"кв. {state.get('flat')}"))
    if state.get("debt") in DEBT_WORDS:
        made.append(("debt", DEBT_WORDS[state.get("debt")]))
    if state.get("parked"):
        made.append(("parked", "отложены"))
    if state.get("silent"):
        made.append(("silent", "без показаний"))
    return made


@router.get("/accounts.{form}")
async def download(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """The whole found list as CSV or XLSX."""
    opened, company_id = month_and_company(me)
    state = _state(request)
    shown = await company_pages.shown_month(session, company_id, opened)
    found = await company_pages.accounts(
        session,
        company_id,
        opened,
        shown,
        _wanted(state),
        today=clock.today(),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=EXPORT_ROWS_MAX,
    )
    title = f"Лицевые счета, {me.organisation_name}, {shown.period:%m.%Y}"
    total = ["Всего найдено", None, None, None, None, found.charged_kopecks, found.balance_kopecks, None]
    cells = (_cells(row) for row in found.rows)
    return await export_file(form, "scheta", title, COLUMNS, cells, total)


def _cells(row: AccountRow) -> list[Cell]:
    area = None if row.area_dm2 is None else f"{row.area_dm2 // DM2_IN_M2},{row.area_dm2 % DM2_IN_M2:02d}"
    return [
        row.number,
        row.address,
        row.payer_name,
        area,
        row.residents,
        row.charged_kopecks,
        row.balance_kopecks,
        row.parked,
    ]
