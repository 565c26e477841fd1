"""A payment agent's register of its day laid against our payments, operation by operation.

Both sides must know every operation by the same number, for the same sum and account. Nothing is decided
here: each operation gets a verdict and, where there is one, the payment it looks like.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SAME, THEIRS, OURS, DIFFERS, REPEAT, BAD = "same", "theirs", "ours", "differs", "repeat", "bad"
VERDICTS = (SAME, THEIRS, OURS, DIFFERS, REPEAT, BAD)
PENALTY_ENDING = ":peni"  # a register of ours tells penalties apart by this ending of the number
NEAR = dt.timedelta(days=1)
"""An operation at midnight stands on neighbouring days of the two sides."""


@dataclass(frozen=True, slots=True)
class TheirRow:
    """A row of the agent's register. error: why it cannot be compared."""

    line: int
    number: str
    account: str
    amount_kopecks: int
    paid_on: dt.date | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class OurPayment:
    """A payment we have. is_alive: not given back and not cancelled."""

    id: int
    number: str
    account: str
    amount_kopecks: int
    paid_on: dt.date
    is_alive: bool = True

    @property
    def base(self) -> str:
        """The agent's number, whether or not it is the part for penalties."""
        return self.number.removesuffix(PENALTY_ENDING)


@dataclass(frozen=True, slots=True)
class Compared:
    """An operation with its verdict; a side that does not have it is None. like: a payment it resembles."""

    verdict: str
    theirs: TheirRow | None
    ours: OurPayment | None
    first_line: int | None = None
    earlier_day: int | None = None
    like: OurPayment | None = None

    @property
    def difference_kopecks(self) -> int:
        """Theirs less ours, in kopecks."""
        theirs = self.theirs.amount_kopecks if self.theirs else 0
        ours = self.ours.amount_kopecks if self.ours and self.ours.is_alive else 0
        return theirs - ours


def compare(
    theirs: Sequence[TheirRow],
    known: Sequence[OurPayment],
    expected: Sequence[OurPayment],
    earlier: Mapping[str, int],
) -> list[Compared]:
    """Every row of theirs in its order, then what only we have.

    known    our payments under numbers of the register, of any day
    expected our living payments of the register's days that no earlier register has named
    earlier  numbers that an earlier register named → its id
    """
    by_number = _together(known)
    out: list[Compared] = []
    lines: dict[str, int] = {}
    for row in theirs:
        out.append(_one(row, by_number.get(row.number), lines, earlier, expected))
        if not row.error:
            lines.setdefault(row.number, row.line)
    only_ours = [one for one in _together(expected).values() if one.base not in lines]
    return out + [Compared(OURS, None, one, like=None) for one in only_ours]


def _one(
    row: TheirRow,
    ours: OurPayment | None,
    lines: Mapping[str, int],
    earlier: Mapping[str, int],
    expected: Sequence[OurPayment],
) -> Compared:
    if row.error:
        return Compared(BAD, row, None)
    if row.number in lines:
        return Compared(REPEAT, row, None, first_line=lines[row.number])
    if row.number in earlier:
        return Compared(REPEAT, row, None, earlier_day=earlier[row.number])
    if ours is None or not ours.is_alive:
        return Compared(THEIRS, row, ours, like=_alike(row, expected))
    is_same = ours.amount_kopecks == row.amount_kopecks and _bare(ours.account) == _bare(row.account)
    return Compared(SAME if is_same else DIFFERS, row, ours)


def _alike(row: TheirRow, expected: Sequence[OurPayment]) -> OurPayment | None:
    """A payment of the same account and sum on the same or a neighbouring day under another number."""
    for one in expected:
        is_same = one.amount_kopecks == row.amount_kopecks and _bare(one.account) == _bare(row.account)
        if is_same and one.base != row.number and row.paid_on and abs(one.paid_on - row.paid_on) <= NEAR:
            return one
    return None


def _bare(account: str) -> str:
    return account.strip().lstrip("0")


def _together(payments: Sequence[OurPayment]) -> dict[str, OurPayment]:
    """Payments by the agent's number; principal and penalties of one operation are one sum."""
    out: dict[str, OurPayment] = {}
    for one in payments:
        met = out.get(one.base)
        if met is None:
            out[one.base] = one
            continue
        main = met if met.is_alive >= one.is_alive and met.number == met.base else one
        amount = sum(part.amount_kopecks for part in (met, one) if part.is_alive)
        out[one.base] = OurPayment(
            main.id,
            one.base,
            main.account,
            amount or main.amount_kopecks,
            main.paid_on,
            met.is_alive or one.is_alive,
        )
    return out
