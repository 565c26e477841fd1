"""«Начисления льготников»: sums by category and service of a published month, without a single name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.benefits import ground_title
from storage import partner_pages
from storage.partner_pages import BenefitRow
from web.deps import CurrentUser, Reader
from web.export import Cell, Column, export_file
from web.months import chosen_month
from web.render import page
from web.roles import Role, allow

router = APIRouter(dependencies=[allow(Role.SOCIAL)])

COLUMNS = (
    Column("Категория", "text", 34),
    Column("Услуга", "text", 34),
    Column("Счетов", "integer", 10),
    Column("Начислено без коэффициента, ₽", "kopecks", 18),
    Column("За коэффициент, ₽", "kopecks", 16),
)


@dataclass(frozen=True, slots=True)
class BenefitGroup:
    """A category with its services. accounts: of the service most of them have."""

    title: str
    rows: list[BenefitRow]
    accounts_count: int
    amount_kopecks: int
    surcharge_kopecks: int


@dataclass(frozen=True, slots=True)
class SocialView:
    """A published month."""

    period: dt.date | None
    months: list[dt.date]
    groups: list[BenefitGroup]
    amount_kopecks: int
    surcharge_kopecks: int


@router.get("/social")
async def show(request: Request, me: CurrentUser, session: Reader, period: str = "") -> Response:
    """The page."""
    months = await partner_pages.published_months(session)
    month = chosen_month(period, months)
    rows = await partner_pages.benefits(session, month) if month else []
    view = SocialView(
        period=month,
        months=months,
        groups=_groups(rows),
        amount_kopecks=sum(row.amount_kopecks for row in rows),
        surcharge_kopecks=sum(row.surcharge_kopecks for row in rows),
    )
    return page(request, "social/home.html", view)


def _groups(rows: Sequence[BenefitRow]) -> list[BenefitGroup]:
    by_category: dict[str, list[BenefitRow]] = {}
    for row in rows:
        by_category.setdefault(row.category, []).append(row)
    return [
        BenefitGroup(
            title=ground_title(category),
            rows=mine,
            accounts_count=max(row.accounts_count for row in mine),
            amount_kopecks=sum(row.amount_kopecks for row in mine),
            surcharge_kopecks=sum(row.surcharge_kopecks for row in mine),
        )
        for category, mine in by_category.items()
    ]


@router.get("/social.{form}")
async def download(
    request: Request, form: str, me: CurrentUser, session: Reader, period: str = ""
) -> Response:
    """The table as CSV or XLSX."""
    months = await partner_pages.published_months(session)
    month = chosen_month(period, months)
    rows = await partner_pages.benefits(session, month) if month else []
    cells = (_cells(row) for row in rows)
    amount, raised = (sum(row.amount_kopecks for row in rows), sum(row.surcharge_kopecks for row in rows))
    total = ["Всего", None, None, amount, raised]
    return await export_file(form, "lgotniki", "Начисления льготников", COLUMNS, cells, total)


def _cells(row: BenefitRow) -> list[Cell]:
    return [
        ground_title(row.category),
        row.service_name,
        row.accounts_count,
        row.amount_kopecks,
        row.surcharge_kopecks,
    ]
