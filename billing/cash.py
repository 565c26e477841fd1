"""What a cash desk counts: change, what a scanned code names, how a shift adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

CODE_PREFIX = "ST000"
"""A payment code of ГОСТ Р 56042-2014: «ST», version «0001», a digit of the charset, a separator."""
HEAD_LENGTH = 8
FIELD = "persacc"
CASH_MAX_KOPECKS = 100_000_00
"""Above that the sum is more likely a slip of the hand; several payments can be taken."""


def account_of(scanned: str) -> str:
    """The account number in what a scanner or a person gave: a payment code, or the number itself."""
    said = scanned.strip()
    if not said.startswith(CODE_PREFIX) or len(said) <= HEAD_LENGTH:
        return said
    fields = said[HEAD_LENGTH:].split(said[HEAD_LENGTH - 1])
    for one in fields:
        key, _, value = one.partition("=")
        if key.lower() == FIELD:
            return value.strip()
    return ""


@dataclass(frozen=True, slots=True)
class SlipPart:
    """A part of a payment: what for, whose, how much."""

    label: str
    payee: str
    month: date | None
    amount_kopecks: int


@dataclass(frozen=True, slots=True)
class Slip:
    """A paper of the cash desk about money taken."""

    number: str
    taken_at: datetime
    desk: str
    company: str
    inn: str
    cashier: str
    account_number: str
    address: str
    payer: str
    amount_kopecks: int
    given_kopecks: int
    parts: Sequence[SlipPart]
    is_voided: bool

    @property
    def change_kopecks(self) -> int:
        """Handed back."""
        return self.given_kopecks - self.amount_kopecks

    def check(self) -> None:
        """Raises ValueError unless the parts make the sum and enough was given."""
        if sum(one.amount_kopecks for one in self.parts) != self.amount_kopecks:
            raise ValueError("Раскладка не равна сумме платежа: чек не печатается. Сообщите администратору.")
        if self.change_kopecks < 0:
            raise ValueError("Дано меньше суммы платежа: чек не печатается.")
