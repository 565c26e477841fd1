"""Payment by instalments: a utility dearer by more than a quarter than a year ago, in twelve parts.

Law: Rules 354, cl. 72: equal parts over twelve months with the month of the charge, interest no higher than
the key rate and three points on the part not yet paid. The charges compared are those without recalculations.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from billing.money import share_of, share_out
from billing.period import Period
from billing.quantity import PERMILLE
from billing.rule import clause

MONTHS = 12
DEARER_PERCENT = 125
OVER_KEY_RATE_PERMILLE = 30  # three points


@dataclass(frozen=True, slots=True)
class Part:
    """One of the twelve parts: its month, what of the charge, interest for the months it waited."""

    period: Period
    amount_kopecks: int
    interest_kopecks: int

    @property
    def total_kopecks(self) -> int:
        return self.amount_kopecks + self.interest_kopecks


@clause("ПП 354, п. 72: плата за услугу больше прошлогодней более чем на 25 %")
def may_pay_in_parts(now_kopecks: int, before_kopecks: int) -> bool:
    """Whether the charge of a utility is more than a quarter above that of the same month a year ago."""
    return before_kopecks > 0 and now_kopecks * 100 > before_kopecks * DEARER_PERCENT


@clause("ПП 354, п. 72: двенадцать равных частей с процентами")
def parts(kopecks: int, rate_permille: int, first: Period) -> tuple[Part, ...]:
    """Equal parts that add up to the charge; interest on each for the months it waited, a year has twelve."""
    shares = share_out(kopecks, [1] * MONTHS)
    return tuple(
        Part(first.shift(number), share, share_of(share, Fraction(rate_permille * number, PERMILLE * MONTHS)))
        for number, share in enumerate(shares)
    )
