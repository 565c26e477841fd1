"""The penalty of many debts at once, exactly: one product a part of a debt, one rounding a debt.

A debt is paid in parts. A part costs, for each day of delay through the day it was paid, its share of the
rate; what is unpaid is a part that ends on the day of computation. With the rate of the day of payment (the
law) a part has one rate; by the rate of each day the rates of the days are summed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from billing.money import LIMIT
from billing.penalty.rates import Days
from billing.penalty.scale import SCALES, SHARE_UNIT, Payer
from billing.rule import clause

I64 = npt.NDArray[np.int64]

DIVISOR = SHARE_UNIT * 10_000  # shares, and hundredths of a percent


class RateMode(StrEnum):
    """Which day's rate a part has: of its payment (unpaid: of the computation), or each day its own."""

    ON_PAYMENT = "on_payment"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class Debts:
    """Columns (n,): principal in kopecks, last day to pay, and the scale (Payer) of each debt."""

    amount: I64
    due: I64
    payer: I64


@dataclass(frozen=True, slots=True)
class Payments:
    """Columns (m,): which debt, on which day, how much of it; in any order, never more than the debt."""

    debt: I64
    day: I64
    amount: I64


@dataclass(frozen=True, slots=True)
class Pauses:
    """Columns (p,): which debt, first and last day on which it costs nothing; those of a debt do not overlap.

    An agreement that is kept stops penalties of the debts it covers; days of delay go on being counted.
    """

    debt: I64
    first: I64
    last: I64

    @classmethod
    def none(cls) -> Pauses:
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, empty)


@dataclass(frozen=True, slots=True)
class Accrued:
    """Penalty by debt (n,) with its proof: total[d] = half_up(Σ amount × weight over parts of d / DIVISOR).

    Parts that cost nothing yet (paid in time or within the first thirty days) are left out.
    """

    total: I64
    debt: I64
    day: I64
    amount: I64
    weight: I64
    is_paid: npt.NDArray[np.bool_]


@clause("ЖК 155, ч. 14, 14.1")
def accrue(
    debts: Debts, paid: Payments, until: int, days: Days, mode: RateMode, pauses: Pauses | None = None
) -> Accrued:
    """Penalties through the day `until`. Payments after it are not looked at."""
    early = paid.day <= until
    of, on, amount = paid.debt[early], paid.day[early], paid.amount[early]
    left = debts.amount.copy()
    np.subtract.at(left, of, amount)
    assert (left >= 0).all(), "more was paid on a debt than it is"
    unpaid = np.flatnonzero(left)
    of = np.concatenate([of, unpaid])
    on = np.concatenate([on, np.full(len(unpaid), until, np.int64)])
    amount = np.concatenate([amount, left[unpaid]])
    is_paid = np.arange(len(of)) < len(of) - len(unpaid)
    weight = _weights(debts, of, on, days, mode, pauses or Pauses.none())
    some = np.flatnonzero(weight)
    of, on, amount, weight, is_paid = of[some], on[some], amount[some], weight[some], is_paid[some]
    return Accrued(totals(len(debts.amount), of, amount, weight), of, on, amount, weight, is_paid)


def _weights(debts: Debts, of: I64, on: I64, days: Days, mode: RateMode, pauses: Pauses) -> I64:
    """Of each part: Σ over its days of share × rate, days of pauses left out."""
    due, payer = debts.due[of], debts.payer[of]
    sets = days.sets_of(due)
    out = np.zeros(len(of), np.int64)
    sums = days.count if mode is RateMode.ON_PAYMENT else days.weighted
    for scale in SCALES.values():
        rows = np.flatnonzero((payer == scale.payer) & (on > due))
        for stage in scale.stages:
            start, end = due[rows] + stage.first - 1, due[rows] + stage.last
            through = np.minimum(on[rows], end)
            out[rows] += stage.share * days.between(sums, sets[rows], start, through)
            if len(pauses.debt):
                part, pause = meet(of[rows], pauses.debt)
                low = np.maximum(start[part], pauses.first[pause] - 1)
                high = np.minimum(through[part], pauses.last[pause])
                free = stage.share * days.between(sums, sets[rows][part], low, high)
                np.subtract.at(out, rows[part], free)
    if mode is RateMode.ON_PAYMENT:
        late = np.flatnonzero(out)
        out[late] *= days.rate_at(on[late])
    return out


def meet(debt: I64, paused: I64) -> tuple[I64, I64]:
    """Pairs of a part and a pause of its debt."""
    order = np.argsort(paused, kind="stable")
    low = np.searchsorted(paused[order], debt, side="left")
    size = np.searchsorted(paused[order], debt, side="right") - low
    part = np.repeat(np.arange(len(debt)), size)
    at = np.arange(len(part)) - (np.cumsum(size) - size)[part] + low[part]
    return part, np.asarray(order[at], np.int64)


def totals(count: int, of: I64, amount: I64, weight: I64) -> I64:
    """Kopecks of each debt: Σ amount × weight over its parts, half up, once. Nothing here is below zero.

    Debts too large for 64 bits are summed by Python integers.
    """
    widest = int(weight.max(initial=0))
    whole = np.zeros(count, np.int64)
    np.add.at(whole, of, amount)
    fits = (whole <= LIMIT // max(widest, 1))[of]
    sums = np.zeros(count, np.int64)
    np.add.at(sums, of[fits], amount[fits] * weight[fits])
    kopecks, rest = np.divmod(sums, DIVISOR)
    kopecks += 2 * rest >= DIVISOR
    if not fits.all():
        wide: dict[int, int] = {}
        rows = np.flatnonzero(~fits)
        for debt, part, by in zip(
            of[rows].tolist(), amount[rows].tolist(), weight[rows].tolist(), strict=True
        ):
            wide[debt] = wide.get(debt, 0) + part * by
        for debt, total in wide.items():
            kopecks[debt] = (2 * total + DIVISOR) // (2 * DIVISOR)
    return np.asarray(kopecks, np.int64)


def payer_of(is_capital_repair: npt.NDArray[np.bool_]) -> I64:
    """The scale of residents' debts."""
    return np.where(is_capital_repair, int(Payer.CAPITAL_REPAIR), int(Payer.RESIDENT)).astype(np.int64)
