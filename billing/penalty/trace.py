"""The penalty of one debt day by day, as rows to check with a calculator; they add up to the kopeck.

Written apart from the kernel: it walks the days, the kernel subtracts running sums, a test compares them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from billing.penalty.kernel import DIVISOR, RateMode
from billing.penalty.rates import RateLaw
from billing.penalty.scale import SCALES, SHARE_UNIT, Payer

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Piece:
    """Days first … last with one base, rate (hundredths of a percent) and share 1/denominator."""

    first: dt.date
    last: dt.date
    days: int
    base_kopecks: int
    rate_bp: int
    denominator: int

    @property
    def numerator(self) -> int:
        """Its penalty over DIVISOR."""
        return self.base_kopecks * self.rate_bp * self.days * (SHARE_UNIT // self.denominator)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a debt and the day it was paid; is_paid False: not paid, the day is of the computation."""

    day: dt.date
    amount_kopecks: int
    is_paid: bool = True


def pieces(
    parts: Sequence[Part],
    due: dt.date,
    payer: Payer,
    law: RateLaw,
    mode: RateMode,
    pauses: Sequence[tuple[dt.date, dt.date]] = (),
) -> list[Piece]:
    """Stretches of days in order; days without a penalty (the first thirty, moratoria) are not in them.

    pauses: first and last days on which an agreement was kept.
    """
    out: list[Piece] = []
    open_: dict[tuple[int, int], Piece] = {}
    last = max((part.day for part in parts), default=due)
    rates = {part.day: law.rate_on(part.day) for part in parts if part.day > due}
    day, number = due + ONE_DAY, 1
    while day <= last:
        denominator = _denominator(payer, number)
        found: dict[tuple[int, int], int] = {}
        is_paused = any(first <= day <= end for first, end in pauses)
        if denominator and not is_paused and not law.is_free(day, due):
            today = law.rate_on(day) if mode is RateMode.DAILY else 0
            for part in parts:
                if part.day >= day:
                    rate = today if mode is RateMode.DAILY else rates[part.day]
                    found[rate, denominator] = found.get((rate, denominator), 0) + part.amount_kopecks
        open_ = _extend(open_, found, day, out)
        day, number = day + ONE_DAY, number + 1
    out += open_.values()
    return sorted(out, key=lambda piece: (piece.first, piece.rate_bp, piece.denominator))


def _denominator(payer: Payer, number: int) -> int:
    """1/300, 1/170 or 1/130 on the day of delay with this number; 0 = nothing yet."""
    stages = SCALES[payer].stages
    return next((stage.denominator for stage in stages if stage.first <= number <= stage.last), 0)


def _extend(
    open_: dict[tuple[int, int], Piece], found: dict[tuple[int, int], int], day: dt.date, out: list[Piece]
) -> dict[tuple[int, int], Piece]:
    """Stretches that go on with this day; those that end are put out."""
    going: dict[tuple[int, int], Piece] = {}
    for key, base in found.items():
        before = open_.pop(key, None)
        if before is not None and before.base_kopecks == base:
            going[key] = Piece(before.first, day, before.days + 1, base, *key)
            continue
        if before is not None:
            out.append(before)
        going[key] = Piece(day, day, 1, base, *key)
    out += open_.values()
    return going


def kopecks_of(rows: Iterable[Piece]) -> int:
    """What the rows come to: summed exactly, rounded half up once."""
    return (2 * sum(row.numerator for row in rows) + DIVISOR) // (2 * DIVISOR)
