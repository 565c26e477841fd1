"""A payment document as an answer: built under the reader's scope, drawn in a thread, named for a folder."""

from __future__ import annotations

import asyncio

from fastapi import Response

from billing.period import Period
from receipts.render import render_receipt
from storage.receipts import NoReceiptError, build_receipt
from storage.session import Session
from web.errors import NotFound


async def receipt_file(session: Session, account_id: int, period: str) -> Response:
    """PDF shown in the browser. Raises NotFound with the reason when there is no document."""
    try:
        month = Period.parse(period)
    except ValueError as error:
        raise NotFound("Такого месяца нет.", str(error)) from error
    try:
        receipt = await build_receipt(session, account_id, month)
    except NoReceiptError as error:
        raise NotFound("Квитанции нет.", str(error)) from error
    content = await asyncio.to_thread(render_receipt, receipt)
    name = f"kvitanciya-{month}-{receipt.payer.account_number}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(content, media_type="application/pdf", headers=headers)
