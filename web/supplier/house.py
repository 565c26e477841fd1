"""A house of a supplier, account by account: door, volume, sum; a name never."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import partner_pages, supply_pages
from storage.session import Session
from storage.supply_pages import SupplyAccount, SupplyAccounts, SupplyHouseHead
from web.charges import label_of, unit_of
from web.deps import CurrentUser, Reader
from web.errors import NotFound
from web.export import Cell, Column, export_file
from web.filters import month
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.months import chosen_month
from web.render import page
from web.roles import Role, allow

router = APIRouter(prefix="/supplier", dependencies=[allow(Role.SUPPLIER)])

FILTERS = ("period", "flat", "number")
MICRO = 1_000_000
COLUMNS = (
    Column("Помещение", "text", 20),
    Column("Счёт", "text", 14),
    Column("Услуга", "text", 30),
    Column("Объём", "text", 16),
    Column("Ед.", "text", 8),
    Column("За коэффициент, ₽", "kopecks", 16),
    Column("Начислено, ₽", "kopecks", 16),
)


@dataclass(frozen=True, slots=True)
class HouseView:
    """Accounts of a house in a published month."""

    state: ListState
    house: SupplyHouseHead
    period: dt.date
    months: list[dt.date]
    found: SupplyAccounts
    chips: list[tuple[str, str]]

    @staticmethod
    def label_of(row: SupplyAccount) -> str:
        """The service or its part in words."""
        return label_of(row.service, row.component, row.service_label)

    @staticmethod
    def unit_of(row: SupplyAccount) -> str:
        """Unit of the volume."""
        return unit_of(row.service, row.component, row.service_unit)


async def _view(request: Request, session: Session, house_id: int, limit: int) -> HouseView:
    state = list_state(
        request, FILTERS, tuple(supply_pages.SORTS), "flat", path=f"/supplier/houses/{house_id}"
    )
    known = await partner_pages.published_months(session)
    period = chosen_month(state.get("period"), known)
    head = await supply_pages.house(session, house_id)
    if head is None or period is None:
        raise NotFound("Такого дома у вас нет.", "Откройте его из списка домов организации.")
    found = await supply_pages.accounts(
        session,
        house_id,
        period,
        flat=state.get("flat"),
        number=state.get("number"),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=limit,
        offset=state.offset if limit == PAGE_ROWS else 0,
    )
    chips = [("flat", f"помещение {state.get('flat')}")] if state.get("flat") else []
    chips += [("number", f"счёт {state.get('number')}…")] if state.get("number") else []
    return HouseView(state, head, period, known, found, chips)


@router.get("/houses/{house_id}.{form}")
async def download(request: Request, house_id: int, form: str, me: CurrentUser, session: Reader) -> Response:
    """All found accounts as CSV or XLSX."""
    view = await _view(request, session, house_id, EXPORT_ROWS_MAX)
    title = f"{view.house.address}, {me.organisation_name}, {month(view.period)}"
    raised, charged = view.found.surcharge_kopecks, view.found.total_kopecks
    total = ["Всего найдено", None, None, None, None, raised, charged]
    cells = [_cells(row) for row in view.found.rows]
    return await export_file(form, f"dom-{house_id}", title, COLUMNS, cells, total)


@router.get("/houses/{house_id}")
async def show(request: Request, house_id: int, me: CurrentUser, session: Reader) -> Response:
    """The list; its state is in the address."""
    view = await _view(request, session, house_id, PAGE_ROWS)
    return page(request, "supplier/house.html", view, "list", headers={"HX-Replace-Url": view.state.url()})


def _cells(row: SupplyAccount) -> list[Cell]:
    whole, rest = divmod(row.volume_micro, MICRO)
    return [
        row.flat,
        row.number,
        label_of(row.service, row.component, row.service_label),
        f"{whole},{rest:06d}",
        unit_of(row.service, row.component, row.service_unit),
        row.surcharge_kopecks,
        row.total_kopecks,
    ]
