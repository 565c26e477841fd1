"""A payment document as an answer: built under the reader's scope, drawn in a thread, named for a folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import Response

from billing.period import Period
from billing.receipt import Receipt
from receipts.fill import Filler
from receipts.form import LARGE_PERCENT
from receipts.look import STANDARD, Look, look_of
from receipts.render import render_receipt
from receipts.volume import one_receipt
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
    name = f"kvitanciya-{month}-{receipt.payer.account_number}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
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


def drawn(receipt: Receipt, look: Look, is_large: bool) -> Callable[[], bytes]:
    """What draws it: the form for the screen; that of the press for an own Typst form and large letters."""

    def draw() -> bytes:
        if not look.source and not is_large:
            return render_receipt(receipt, look=look)
        filled = Filler("a4", LARGE_PERCENT if is_large else 100).fill(receipt, "", look)
        return one_receipt(filled, f"Квитанция {receipt.payer.account_number}")

    return draw
