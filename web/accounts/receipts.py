"""The payment document of an account for a month, as PDF."""

from __future__ import annotations

from fastapi import APIRouter, Response

from web.accounts.card import ACCOUNT_STAFF
from web.deps import Reader
from web.receipt_file import receipt_file
from web.roles import allow

router = APIRouter(prefix="/accounts", dependencies=[allow(*ACCOUNT_STAFF)])


@router.get("/{account_id}/receipts/{period}.pdf")
async def receipt(account_id: int, period: str, session: Reader) -> Response:
    """The document; a month that is not published is explained in words."""
    return await receipt_file(session, account_id, period)
