"""A bank's statement whatever file it came in: one shape for every exchange, the proof that it is whole."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

BYTES_MAX = 16 * 1024 * 1024  # a year of a city's account is a tenth of it
DOCUMENTS_MAX = 100_000
VALUE_MAX = 2_000


class BankFileRefused(ValueError):
    """A file that is not loaded; the message says what is wrong and what to do."""

    code = "bank_file"
    permanent = True


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a statement as the bank gave it. debited_on, credited_on: when money left or came."""

    line: int
    kind: str
    number: str
    day: dt.date
    amount_kopecks: int
    payer_account: str
    payer_inn: str
    payer_name: str
    payee_account: str
    payee_inn: str
    payee_name: str
    debited_on: dt.date | None
    credited_on: dt.date | None
    purpose: str


@dataclass(frozen=True, slots=True)
class Statement:
    """Turnover of one account of ours over some days."""

    encoding: str
    account: str
    first_day: dt.date
    last_day: dt.date
    opening_kopecks: int | None
    received_kopecks: int | None
    sent_kopecks: int | None
    closing_kopecks: int | None
    documents: tuple[Document, ...]

    def is_in(self, document: Document) -> bool:
        """Whether the document brought money to our account."""
        return document.payee_account == self.account and document.payer_account != self.account


def at(line: int, words: str) -> BankFileRefused:
    """A refusal that names the line (or the entry) it is about."""
    return BankFileRefused(f"Строка {line}: {words}. Ничего не загружено: выгрузите выписку ещё раз.")


def prove(made: Statement) -> None:
    """Every document is of our account, and sums agree with the turnover the bank names, or it is refused."""
    for one in made.documents:
        if made.account not in (one.payer_account, one.payee_account):
            raise at(one.line, f"документ № {one.number} не по счёту выписки {made.account}")
    received = sum(one.amount_kopecks for one in made.documents if made.is_in(one))
    sent = sum(one.amount_kopecks for one in made.documents if not made.is_in(one))
    for words, said, found in (
        ("поступило", made.received_kopecks, received),
        ("списано", made.sent_kopecks, sent),
    ):
        if said is not None and said != found:
            raise BankFileRefused(
                f"По итогу выписки {words} {_roubles(said)}, а документов на {_roubles(found)}. "
                "Файл неполон: выгрузите выписку ещё раз."
            )
    if made.opening_kopecks is None or made.closing_kopecks is None:
        return
    expected = made.opening_kopecks + received - sent
    if expected != made.closing_kopecks:
        raise BankFileRefused(
            f"Остаток на конец {_roubles(made.closing_kopecks)}, а по движению должен быть "
            f"{_roubles(expected)}. Выгрузите выписку ещё раз."
        )


def _roubles(kopecks: int) -> str:
    whole, rest = divmod(abs(kopecks), 100)
    return f"{'−' if kopecks < 0 else ''}{whole:,},{rest:02d} ₽".replace(",", " ", f"{whole:,}".count(","))
