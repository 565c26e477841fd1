"""A payment document as an answer: built under the reader's scope, drawn in a thread, named for a folder."""

from __future__ import annotations

import asyncio

from fastapi import Response

from billing.period import Period
from billing.receipt import Receipt
from receipts.look import STANDARD, Look, look_of
from receipts.single import drawn, file_name
from storage.receipt_forms import forms_of
from storage.receipts import Built, NoReceiptError, build_receipts
from storage.session import Session
from web.errors import NotFound


async def receipt_file(session: Session, account_id: int, period: str) -> Response:
    """PDF shown in the browser. Raises NotFound with the reason when there is no document."""
    try:
        month = Period.parse(period)
    except ValueError as error:
        raise NotFound("Такого месяца нет.", str(error)) from error
    built, receipt = await checked(session, account_id, month)
    look = await look_for(session, built.company_id, month)
    content = await asyncio.to_thread(drawn(receipt, look, built.is_large_print))
    headers = {"Content-Disposition": f'inline; filename="{file_name(receipt, str(month))}"'}
    return Response(content, media_type="application/pdf", headers=headers)


async def checked(session: Session, account_id: int, month: Period) -> tuple[Built, Receipt]:
    """The document with what goes with it, proved. Raises NotFound with the reason."""
    built = (await build_receipts(session, [account_id], month)).get(account_id)
    if built is None or built.receipt is None:
        reason = NO_ACCOUNT if built is None else built.problem
        raise NotFound("Квитанции нет.", str(NoReceiptError(reason)))
    built.receipt.check()
    return built, built.receipt


NO_ACCOUNT = "Счёт не найден. Проверьте номер или откройте квартиру через поиск."


async def look_for(session: Session, company_id: int, month: Period) -> Look:
    """How documents of a company look in a month."""
    version = (await forms_of(session, [company_id], month.first_day)).get(company_id)
    return STANDARD if version is None else look_of(version.look)
