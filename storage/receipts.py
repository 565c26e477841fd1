"""Builds the payment document of an account for a published month from lines, ledger, meters and addresses.

What it looks like is receipts/. A handful of queries for one account or a whole block of them; the caller's
scope decides whether an account is seen at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from billing.period import Period
from billing.receipt import Contact, Receipt, ReceiptMismatchError, Reference, Totals, check_documents
from billing.services import CATALOGUE, Service
from storage.receipt_documents import documents_of, flat_words, house_words
from storage.receipt_houses import reference_rows
from storage.receipt_sheets import Sheet, read_sheets
from storage.session import Session

READINGS_FROM_DAY = 15
READINGS_UNTIL_DAY = 25


class NoReceiptError(Exception):
    """There is no document to show; the message says why and what to do."""

    code = "no_receipt"
    permanent = True


@dataclass(frozen=True, slots=True)
class Built:
    """A document of a block, not checked yet, or the reason why there is none."""

    account_id: int
    house_id: int
    company_id: int
    house_words: str
    flat_words: str
    receipt: Receipt | None
    problem: str = ""
    is_large_print: bool = False
    """The payer asked for large letters."""
    others: tuple[Receipt, ...] = ()
    """Documents of payees who have their own, and of capital repair."""
    whole: Totals | None = None
    """Sums of the account; documents must add up to them."""

    @property
    def documents(self) -> tuple[Receipt, ...]:
        """All of the account for the month, the main one first; empty when there is none."""
        return () if self.receipt is None else (self.receipt, *self.others)

    @property
    def due_kopecks(self) -> int:
        """What all of them ask for."""
        return sum(one.due_kopecks for one in self.documents)

    def check(self) -> None:
        """Raise ReceiptMismatchError unless every document proves itself and together they are the whole."""
        if self.receipt is None:
            raise ReceiptMismatchError(self.problem)
        if self.whole is not None:
            check_documents(self.whole, self.documents)


async def build_receipt(session: Session, account_id: int, period: Period) -> Receipt:
    """The checked document; NoReceiptError when the account is not seen or its month not published."""
    built = (await build_receipts(session, [account_id], period)).get(account_id)
    if built is None:
        raise NoReceiptError("Счёт не найден. Проверьте номер или откройте квартиру через поиск.")
    if built.receipt is None:
        raise NoReceiptError(built.problem)
    built.check()
    return built.receipt


async def build_receipts(session: Session, account_ids: Iterable[int], period: Period) -> dict[int, Built]:
    """Documents of many accounts by as many queries as of one; accounts not seen are absent."""
    sheets = await read_sheets(session, account_ids, period)
    references: dict[tuple[int, int], Reference] = {}
    built = {}
    for account_id, sheet in sheets.items():
        key = (sheet.head.house_id, sheet.head.company_id)
        if key not in references:
            references[key] = _reference(sheet, period)
        built[account_id] = _built(sheet, period, references[key])
    return built


def _built(sheet: Sheet, period: Period, reference: Reference) -> Built:
    head = sheet.head
    where = (head.id, head.house_id, head.company_id, house_words(head), flat_words(head))
    if not sheet.lines and not sheet.corrections:
        return Built(
            *where,
            None,
            f"Квитанции за {period.title} ещё нет: начисления по счёту не опубликованы. "
            "Она появится после публикации месяца.",
        )
    whole, (main, *others) = documents_of(sheet, period, reference)
    return Built(*where, main, is_large_print=head.is_large_print, others=tuple(others), whole=whole)


def _reference(sheet: Sheet, period: Period) -> Reference:
    head, window = sheet.head, period.shift(1).first_day
    company = Contact(
        "Управляющая компания", head.short_name, head.phone or "", head.address or "", head.site or ""
    )
    emergency = Contact("Аварийная служба, круглосуточно", head.short_name, head.emergency_phone or "")
    suppliers = [
        Contact(_supplies(row.services), row.short_name, row.phone or "", row.address or "", row.site or "")
        for row in sheet.contacts
        if row.id != head.company_id  # it stands first already
        and any(code != Service.UPKEEP and code < Service.COMMON_COLD_WATER for code in row.services)
    ]
    return Reference(
        rows=reference_rows(sheet.house, sheet.house_meters),
        contacts=(company, emergency, *suppliers),
        readings_from=window.replace(day=READINGS_FROM_DAY),
        readings_until=window.replace(day=READINGS_UNTIL_DAY),
        readings_how="В личном кабинете, по телефону или в управляющей компании.",
    )


def _supplies(services: list[int]) -> str:
    """«Холодное водоснабжение, Водоотведение»: what an organisation supplies to the house."""
    labels = [CATALOGUE[code].label for code in sorted(services) if code < Service.COMMON_COLD_WATER]
    return ", ".join(labels) or "Поставщик"
