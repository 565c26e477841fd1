"""Agreements on paying in parts: the schedule, whether it is kept, the day it is broken.

A debt is shared into parts paid on agreed days; a utility dearer than a year ago is paid in twelve (Rules
354, cl. 72, billing.instalment). A part is paid when all that came on the covered debt by its day and the
days of grace reaches the sum of the parts through it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from billing.instalment import OVER_KEY_RATE_PERMILLE
from billing.money import share_out
from billing.period import Period

MONTHS_MAX = 60
GRACE_DAYS_MAX = 30
PERMILLE_BP = 10  # hundredths of a percent in a thousandth


@dataclass(frozen=True, slots=True)
class Due:
    """A part of an agreement: its number from 1, the last day, kopecks, interest.

    period: the month whose document asks for it, paid in the month after.
    """

    ordinal: int
    period: Period
    due_on: dt.date
    amount_kopecks: int
    interest_kopecks: int = 0

    @property
    def total_kopecks(self) -> int:
        return self.amount_kopecks + self.interest_kopecks


def schedule(kopecks: int, months: int, first_due: dt.date) -> tuple[Due, ...]:
    """Equal parts that add up to the debt, on one day of months in a row (the last day of a short one)."""
    first = Period.of(first_due)
    parts = share_out(kopecks, [1] * months)
    return tuple(
        Due(at + 1, first.shift(at - 1), _day_of(first.shift(at), first_due.day), part)
        for at, part in enumerate(parts)
    )


def _day_of(period: Period, day: int) -> dt.date:
    return period.first_day.replace(day=min(day, period.last_day.day))


def rate_max_permille(key_rate_bp: int) -> int:
    """The highest interest of cl. 72: the key rate of the day it is granted and three points."""
    return key_rate_bp // PERMILLE_BP + OVER_KEY_RATE_PERMILLE


@dataclass(frozen=True, slots=True)
class Kept:
    """How an agreement stands: what was paid on it, the first day it was broken, the part to pay next."""

    paid_kopecks: int
    broken_on: dt.date | None
    next_ordinal: int | None

    @property
    def is_over(self) -> bool:
        """Whether all of it is paid."""
        return self.next_ordinal is None


def stands(parts: Sequence[Due], paid: Sequence[tuple[dt.date, int]], grace_days: int, day: dt.date) -> Kept:
    """The agreement on a day by what was paid on the covered debt since it was made (day, kopecks)."""
    came = sum(amount for on, amount in paid if on <= day)
    broken, owed = None, 0
    for part in parts:
        owed += part.amount_kopecks
        last = part.due_on + dt.timedelta(days=grace_days)
        if broken is None and last < day and sum(amount for on, amount in paid if on <= last) < owed:
            broken = last + dt.timedelta(days=1)
    owed, following = 0, None
    for part in parts:
        owed += part.amount_kopecks
        if following is None and came < owed:
            following = part.ordinal
    return Kept(came, broken, following)
