"""A payment document as an answer: built under the reader's scope, drawn in a thread, named for a folder."""

from __future__ import annotations

import asyncio

from fastapi import Response

from billing.period import Period
from billing.receipt import DocumentKind
from receipts.look import STANDARD, Look, look_of
from receipts.single import drawn, file_name
from storage.receipt_debts import PART as DEBT_PART
from storage.receipt_forms import forms_of
from storage.receipt_kinds import build_documents
from storage.receipts import Built, NoReceiptError
from storage.session import Session
from web.errors import NotFound


async def receipt_file(session: Session, account_id: int, period: str, part: str | None = None) -> Response:
    """PDF shown in the browser: of one document (`part`, as in `Receipt.part`), or of all of the month.

    Raises NotFound with the reason when there is none.
    """
    month = month_of(period)
    kind = DocumentKind.DEBT if part == DEBT_PART else DocumentKind.REGULAR
    built = await checked(session, account_id, month, kind)
    receipts = [one for one in built.documents if part is None or one.part == part]
    if not receipts:
        raise NotFound("Такого документа за этот месяц нет.", "Откройте список документов месяца.")
    look = await look_for(session, built.company_id, month)
    content = await asyncio.to_thread(drawn(receipts, look, built.is_large_print))
    suffix = "" if not part else "-dolg" if part == DEBT_PART else f"-{part}"
    headers = {"Content-Disposition": f'inline; filename="{file_name(receipts[0], str(month), suffix)}"'}
    return Response(content, media_type="application/pdf", headers=headers)


def month_of(period: str) -> Period:
    """A month of an address. Raises NotFound."""
    try:
        return Period.parse(period)
    except ValueError as error:
        raise NotFound("Такого месяца нет.", str(error)) from error


async def checked(
    session: Session, account_id: int, month: Period, kind: DocumentKind = DocumentKind.REGULAR
) -> Built:
    """Documents of a kind with what goes with them, proved. Raises NotFound with the reason."""
    built = (await build_documents(session, [account_id], month, kind)).get(account_id)
    if built is None or built.receipt is None:
        reason = NO_ACCOUNT if built is None else built.problem
        raise NotFound("Квитанции нет.", str(NoReceiptError(reason)))
    built.check()
    return built


NO_ACCOUNT = "Счёт не найден. Проверьте номер или откройте квартиру через поиск."


async def look_for(session: Session, company_id: int, month: Period) -> Look:
    """How documents of a company look in a month."""
    version = (await forms_of(session, [company_id], month.first_day)).get(company_id)
    return STANDARD if version is None else look_of(version.look)
