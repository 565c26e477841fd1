"""«Начислено за ваши услуги»: by company and service, then by house of a company; no names anywhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import partner_pages, vat
from storage.partner_pages import SupplyHouse, SupplyRow
from storage.vat import Charged
from web.charges import label_of, unit_of
from web.deps import CurrentUser, Reader
from web.export import Cell, Column, export_file
from web.months import chosen_month
from web.render import page
from web.roles import Role, allow

router = APIRouter(dependencies=[allow(Role.SUPPLIER)])

HOUSE_COLUMNS = (
    Column("Дом", "text", 34),
    Column("Услуга", "text", 30),
    Column("Счетов", "integer", 10),
    Column("Объём", "text", 16),
    Column("Ед.", "text", 8),
    Column("Начислено, ₽", "kopecks", 16),
    Column("в том числе за коэффициент, ₽", "kopecks", 16),
)
COMPANY_COLUMNS = (
    Column("Управляющая организация", "text", 34),
    Column("Услуга", "text", 30),
    Column("Строк", "integer", 10),
    Column("Начислено, ₽", "kopecks", 16),
    Column("Месяц раньше, ₽", "kopecks", 16),
    Column("в т. ч. НДС, ₽", "kopecks", 16),
)


@dataclass(frozen=True, slots=True)
class SupplierView:
    """A published month of the supplier. company_id: whose houses are shown below."""

    period: dt.date | None
    months: list[dt.date]
    rows: list[SupplyRow]
    now_kopecks: int
    before_kopecks: int
    company_id: int | None
    company_name: str
    houses: list[SupplyHouse]

    @property
    def houses_kopecks(self) -> int:
        """Sum over the shown houses."""
        return sum(house.total_kopecks for house in self.houses)

    @staticmethod
    def label_of(house: SupplyHouse) -> str:
        """The service or its part in words."""
        return label_of(house.service, house.component, house.service_label)

    @staticmethod
    def unit_of(house: SupplyHouse) -> str:
        """Unit of the volume: parts of hot water are in different ones."""
        return unit_of(house.service, house.component, house.service_unit)


@router.get("/supplier")
async def show(
    request: Request, me: CurrentUser, session: Reader, period: str = "", company: int | None = None
) -> Response:
    """The page."""
    months = await partner_pages.published_months(session)
    month = chosen_month(period, months)
    rows = await partner_pages.supply(session, month) if month else []
    chosen = company if company in {row.company_id for row in rows} else None
    houses = await partner_pages.supply_houses(session, month, chosen) if month and chosen else []
    view = SupplierView(
        period=month,
        months=months,
        rows=rows,
        now_kopecks=sum(row.now_kopecks for row in rows),
        before_kopecks=sum(row.before_kopecks for row in rows),
        company_id=chosen,
        company_name=_name_of(rows, chosen),
        houses=houses,
    )
    return page(request, "supplier/home.html", view)


def _name_of(rows: Sequence[SupplyRow], company_id: int | None) -> str:
    return next((row.company_name for row in rows if row.company_id == company_id), "")


@router.get("/supplier.{form}")
async def download(
    request: Request,
    form: str,
    me: CurrentUser,
    session: Reader,
    period: str = "",
    company: int | None = None,
) -> Response:
    """Companies, or houses of one, as CSV or XLSX."""
    months = await partner_pages.published_months(session)
    month = chosen_month(period, months)
    if company is not None:
        houses = await partner_pages.supply_houses(session, month, company) if month else []
        charged, raised = (
            sum(one.total_kopecks for one in houses),
            sum(one.surcharge_kopecks for one in houses),
        )
        total: list[Cell] = ["Всего", None, None, None, None, charged, raised]
        rows_of = [_house(one) for one in houses]
        return await export_file(form, "doma", "Начислено по домам", HOUSE_COLUMNS, rows_of, total)
    rows = await partner_pages.supply(session, month) if month else []
    inside = vat.by(await vat.of_month(session, month), _place) if month else {}
    cells = ([*_company(row), inside.get((row.company_id, row.service), 0)] for row in rows)
    now, before = sum(row.now_kopecks for row in rows), sum(row.before_kopecks for row in rows)
    total = ["Всего", None, None, now, before, sum(inside.values())]
    return await export_file(form, "nachisleno", "Начислено за ваши услуги", COMPANY_COLUMNS, cells, total)


def _place(one: Charged) -> tuple[int, int]:
    """A row of the table a sum belongs to."""
    return one.company_id, one.service


def _company(row: SupplyRow) -> list[Cell]:
    return [row.company_name, row.service_name, row.lines_count, row.now_kopecks, row.before_kopecks]


def _house(one: SupplyHouse) -> list[Cell]:
    whole, rest = divmod(one.volume_micro, 1_000_000)
    return [
        one.address,
        label_of(one.service, one.component, one.service_label),
        one.accounts_count,
        f"{whole},{rest:06d}",
        unit_of(one.service, one.component, one.service_unit),
        one.total_kopecks,
        one.surcharge_kopecks,
    ]
