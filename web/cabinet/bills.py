"""«Квитанции»: by year, with the PDF and the explanation of each month."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import account_months
from storage.account_months import MonthMoney
from storage.receipt_kinds import DocumentRow, document_list
from web.cabinet.frame import Frame, frame
from web.deps import CurrentUser, Reader
from web.receipt_file import month_of, receipt_file
from web.render import page
from web.roles import Role, allow

router = APIRouter(prefix="/my/bills", dependencies=[allow(Role.RESIDENT)])

MONTHS_MAX = 36


@dataclass(frozen=True, slots=True)
class BillsView:
    """Months with a receipt, newest first, by year."""

    frame: Frame
    years: dict[int, list[MonthMoney]]


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, account: int | None = None) -> Response:
    """The list."""
    held = await frame(session, me, account)
    months = await account_months.year(session, held.account.id, held.open_period, MONTHS_MAX)
    years: dict[int, list[MonthMoney]] = {}
    for month in months:
        if month.is_charged:
            years.setdefault(month.period.year, []).append(month)
    return page(request, "cabinet/bills.html", BillsView(held, years))


@router.get("/{period}.pdf")
async def receipt(
    period: str, me: CurrentUser, session: Reader, account: int | None = None, part: str | None = None
) -> Response:
    """Payment documents of a month, or one of them."""
    held = await frame(session, me, account)
    return await receipt_file(session, held.account.id, period, part)


@dataclass(frozen=True, slots=True)
class MonthDocumentsView:
    """Documents of a month: one for each payee who has their own, old debts apart."""

    frame: Frame
    month: dt.date
    documents: list[DocumentRow]


@router.get("/{period}")
async def documents(
    request: Request, period: str, me: CurrentUser, session: Reader, account: int | None = None
) -> Response:
    """Which documents there are for a month."""
    held = await frame(session, me, account)
    month = month_of(period).first_day
    found = await document_list(session, held.account.id, month)
    return page(request, "cabinet/documents.html", MonthDocumentsView(held, month, found))
