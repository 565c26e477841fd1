"""Payment documents of an account for a month: the list of them, and each as PDF."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage.penalty_account import AccountTitle, account_title
from storage.receipt_kinds import DocumentRow, document_list
from web.accounts.card import ACCOUNT_STAFF
from web.deps import Reader
from web.errors import NotFound
from web.receipt_file import month_of, receipt_file
from web.render import page
from web.roles import allow

router = APIRouter(prefix="/accounts", dependencies=[allow(*ACCOUNT_STAFF)])


@dataclass(frozen=True, slots=True)
class DocumentsView:
    """Documents of a month."""

    account: AccountTitle
    base: str
    month: dt.date
    documents: list[DocumentRow]


@router.get("/{account_id}/receipts/{period}.pdf")
async def receipt(account_id: int, period: str, session: Reader, part: str | None = None) -> Response:
    """All documents of the month, or the one asked for; a month that is not published is explained."""
    return await receipt_file(session, account_id, period, part)


@router.get("/{account_id}/receipts/{period}")
async def show(request: Request, account_id: int, period: str, session: Reader) -> Response:
    """Which documents there are."""
    month = month_of(period)
    account = await account_title(session, account_id)
    if account is None:
        raise NotFound("Счёт не найден.", "Откройте квартиру через поиск.")
    documents = await document_list(session, account_id, month.first_day)
    view = DocumentsView(account, f"/accounts/{account_id}", month.first_day, documents)
    return page(request, "accounts/documents.html", view)
