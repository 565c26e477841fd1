"""The payment document as data: what is owed, to whom and why, and a proof that its sums agree.

Law: Rules 354, cl. 69 (contents); the form of order 43/пр (sections). The look lives in `receipts/`; the
parts are in `billing.receipt_parts`. A month is the date of its first day. No clock, no tables: storage
builds a `Receipt`, calls `check()`, and hands it to `receipts.render.render_receipt`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from billing.receipt_parts import (
    Change,
    ChangePart,
    ClaimKind,
    Contact,
    CorrectionRow,
    DebtRow,
    DocumentKind,
    InstalmentRow,
    MonthAmount,
    Payee,
    Payer,
    PaymentBlock,
    PenaltyRow,
    Quantity,
    ReadingRow,
    ReceiptMismatchError,
    ReceiptRow,
    ReceiptSection,
    Reference,
    ReferenceRow,
    SectionKind,
    ServiceYear,
    Totals,
    agree,
)

__all__ = [
    "Change",
    "ChangePart",
    "ClaimKind",
    "Contact",
    "CorrectionRow",
    "DebtRow",
    "DocumentKind",
    "InstalmentRow",
    "MonthAmount",
    "Payee",
    "Payer",
    "PaymentBlock",
    "PenaltyRow",
    "Quantity",
    "ReadingRow",
    "Receipt",
    "ReceiptMismatchError",
    "ReceiptRow",
    "ReceiptSection",
    "Reference",
    "ReferenceRow",
    "SectionKind",
    "ServiceYear",
    "Totals",
    "check_documents",
    "section_of",
    "sum_totals",
    "totals_of",
]

HISTORY_MONTHS_MAX = 13
PAYEES_MAX = 12
ROWS_MAX = 200


@dataclass(frozen=True, slots=True)
class Receipt:
    """The whole document. `check()` proves it; a receipt that fails is never rendered."""

    number: str
    """Number of the payment document within the organisation."""
    month: date
    issued_on: date
    due_on: date
    payer: Payer
    payments: tuple[PaymentBlock, ...]
    sections: tuple[ReceiptSection, ...]
    totals: Totals
    kind: DocumentKind = DocumentKind.REGULAR
    sender: str = ""
    """Organisation that sends the paper; empty takes the first payee."""
    sender_address: str = ""
    balance_on: date | None = None
    """The day the opening balance is struck."""
    paid_through: date | None = None
    """Payments received up to this day are counted."""
    last_paid_on: date | None = None
    corrections: tuple[CorrectionRow, ...] = ()
    penalties: tuple[PenaltyRow, ...] = ()
    instalments: tuple[InstalmentRow, ...] = ()
    readings: tuple[ReadingRow, ...] = ()
    history: tuple[MonthAmount, ...] = ()
    """Oldest first, the month of the document last; at most thirteen."""
    years: tuple[ServiceYear, ...] = ()
    """The same year by services that are used by volume."""
    debts: tuple[DebtRow, ...] = ()
    """Of a debt document: what the opening balance is made of."""
    change: Change | None = None
    part: str = ""
    """Which of the account's documents of the month this is; empty is the main one."""
    vat_kopecks: int = 0
    """VAT inside the charges of payees whose tariffs include it; told, never added."""
    reference: Reference = field(default_factory=Reference)

    @property
    def rows(self) -> tuple[ReceiptRow, ...]:
        """All services in the order of the page."""
        return tuple(row for section in self.sections for row in section.rows)

    @property
    def due_kopecks(self) -> int:
        """The headline: sums due to each payee; an advance at one never pays another."""
        return sum(block.totals.due_kopecks for block in self.payments)

    def check(self) -> None:
        """Raise ReceiptMismatchError naming the first sum that does not agree."""
        self._check_shape()
        for section in self.sections:
            for row in section.rows:
                row.check()
            agree(f"раздел «{section.title or section.kind}»", section.total_kopecks, _total(section.rows))
        self._check_grounds()
        self._check_totals()
        self._check_months()

    def _check_shape(self) -> None:
        if not 1 <= len(self.payments) <= PAYEES_MAX:
            raise ReceiptMismatchError(
                f"Получателей платежа {len(self.payments)}, а можно от 1 до {PAYEES_MAX}."
            )
        if len(self.rows) > ROWS_MAX:
            raise ReceiptMismatchError(f"Строк начислений {len(self.rows)}, а можно не больше {ROWS_MAX}.")
        if len(self.history) > HISTORY_MONTHS_MAX:
            raise ReceiptMismatchError(f"Месяцев истории {len(self.history)}, больше {HISTORY_MONTHS_MAX}.")
        if any(len(year.months) > HISTORY_MONTHS_MAX for year in self.years):
            raise ReceiptMismatchError(f"Месяцев в годе услуги больше {HISTORY_MONTHS_MAX}.")
        months = [self.month, *(bar.month for bar in self.history)]
        if any(month.day != 1 for month in months):
            raise ReceiptMismatchError("Месяц обозначается его первым днём.")
        if self.due_on < self.month:
            raise ReceiptMismatchError(f"Срок оплаты {self.due_on} раньше месяца начисления.")
        owners = [row.payee for row in self.rows]
        owners += [row.payee for row in self.corrections]
        owners += [row.payee for row in self.penalties]
        owners += [row.payee for row in self.debts]
        if any(not 0 <= payee < len(self.payments) for payee in owners):
            raise ReceiptMismatchError("Строка относится к получателю, которого нет в документе.")

    def _check_grounds(self) -> None:
        """Every recalculation has its ground on the page, service by service."""
        columns: Counter[tuple[int, str]] = Counter()
        grounds: Counter[tuple[int, str]] = Counter()
        for row in self.rows:
            columns[row.payee, row.service] += row.recalculation_kopecks
        for ground in self.corrections:
            grounds[ground.payee, ground.service] += ground.amount_kopecks
        for payee, service in sorted({*columns, *grounds}):
            name = f"основания перерасчёта «{service}»"
            agree(name, grounds[payee, service], columns[payee, service])

    def _check_totals(self) -> None:
        for index, block in enumerate(self.payments):
            whose = f"получатель «{block.payee.name}»"
            rows = [row for row in self.rows if row.payee == index]
            fines = sum(row.amount_kopecks for row in self.penalties if row.payee == index)
            agree(f"{whose}: начислено", block.totals.charged_kopecks, sum(r.gross_kopecks for r in rows))
            corrections = sum(row.correction_kopecks for row in rows)
            agree(f"{whose}: перерасчёты", block.totals.correction_kopecks, corrections)
            agree(f"{whose}: пени", block.totals.penalty_kopecks, fines)
            if self.kind is DocumentKind.DEBT:
                owed = sum(row.amount_kopecks for row in self.debts if row.payee == index)
                agree(f"{whose}: долги по месяцам", owed, block.totals.opening_kopecks)
            block.totals.check(whose)
        self.totals.check("документ")
        if self.totals != sum_totals(block.totals for block in self.payments):
            raise ReceiptMismatchError("Итоги документа не равны сумме итогов получателей.")

    def _check_months(self) -> None:
        """The chart and the explanation speak of the same sum as the table."""
        of_month = self.totals.charged_kopecks + self.totals.correction_kopecks
        for bar in self.history:
            if bar.month == self.month:
                agree("столбик этого месяца", bar.charged_kopecks, of_month)
        if self.change is not None:
            parts = sum(part.amount_kopecks for part in self.change.parts)
            agree("разница с прошлым месяцем", parts, of_month - self.change.previous_kopecks)


def sum_totals(parts: Iterable[Totals]) -> Totals:
    """Totals of several payees taken together."""
    items = list(parts)
    return Totals(
        opening_kopecks=sum(item.opening_kopecks for item in items),
        charged_kopecks=sum(item.charged_kopecks for item in items),
        correction_kopecks=sum(item.correction_kopecks for item in items),
        penalty_kopecks=sum(item.penalty_kopecks for item in items),
        paid_kopecks=sum(item.paid_kopecks for item in items),
        to_pay_kopecks=sum(item.to_pay_kopecks for item in items),
        instalment_kopecks=sum(item.instalment_kopecks for item in items),
        netted_kopecks=sum(item.netted_kopecks for item in items),
    )


def check_documents(whole: Totals, documents: Iterable[Receipt]) -> None:
    """Raise ReceiptMismatchError unless the documents of an account prove themselves and add up to the whole.

    A kopeck that is in two documents, or in none, stops all of them.
    """
    items = list(documents)
    for item in items:
        item.check()
    whole.check("счёт")
    agree("зачёт между получателями", whole.netted_kopecks, 0)
    if len({item.part for item in items}) != len(items):
        raise ReceiptMismatchError("Два документа одного получателя за один месяц: должен быть один.")
    parts = sum_totals(item.totals for item in items)
    for name in Totals.__slots__:
        agree(f"документы вместе, {name}", getattr(parts, name), getattr(whole, name))


def totals_of(
    rows: Iterable[ReceiptRow],
    opening_kopecks: int,
    paid_kopecks: int,
    penalty_kopecks: int = 0,
    instalment_kopecks: int = 0,
) -> Totals:
    """Totals that agree with these rows: what a builder calls for each payee."""
    items = list(rows)
    charged = sum(row.gross_kopecks for row in items)
    correction = sum(row.correction_kopecks for row in items)
    to_pay = opening_kopecks + charged + correction + penalty_kopecks + instalment_kopecks - paid_kopecks
    return Totals(
        opening_kopecks, charged, correction, penalty_kopecks, paid_kopecks, to_pay, instalment_kopecks
    )


def section_of(kind: SectionKind, rows: Iterable[ReceiptRow], title: str = "") -> ReceiptSection:
    """A section with its own sum."""
    items = tuple(rows)
    return ReceiptSection(kind, items, _total(items), title)


def _total(rows: Iterable[ReceiptRow]) -> int:
    return sum(row.total_kopecks for row in rows)
