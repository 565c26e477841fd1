"""Lines of a month put together for comparison: a cell an account, service and component.

A cell keeps its volume and rate so that the cost can be asked again at another rate or volume. A cell of one
line, or of lines with one rate and denominator, is exact; lines with different rates (a tariff that changed
inside the month) become their volume and the average rate, fine enough that only kopecks of the lines are
lost.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from billing.basis import Basis
from billing.lines import Lines
from billing.money import charge, mul_div_half_up
from billing.quantity import PERMILLE

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

FINE_RATE = 10_000
"""Parts of a unit of rate an average rate is kept in."""
FINE_VOLUME = 1_000
"""Parts of a micro-unit the volume of lines with different denominators is kept in."""

NARROW = 1 << 54
"""Numerators below this are added up as they are: a cell has at most some tens of lines."""
DIVISOR_MAX = 1 << 60


@dataclass(frozen=True, slots=True)
class Cells:
    """n cells in order of key. Cost = num / den × rate / FINE_RATE; raised in permille of the same den."""

    key: I64
    account_id: I64
    service: I64
    is_temporary: Bool
    basis: I64
    num: I64
    den: I64
    rate: I64
    raised: I64
    a: I64
    b: I64
    total: I64  # kopecks as charged, with the coefficient

    def __len__(self) -> int:
        return len(self.key)

    @property
    def account_service(self) -> I64:
        return self.key >> 5

    def take(self, rows: npt.NDArray[np.intp]) -> Cells:
        return Cells(**{f.name: getattr(self, f.name)[rows] for f in fields(Cells)})

    def differs(self, other: Cells) -> npt.NDArray[np.intp]:
        """Rows where anything that makes the sum is not the same."""
        names = ("num", "den", "rate", "raised", "total", "basis")
        found = np.zeros(len(self), np.bool_)
        for name in names:
            found |= getattr(self, name) != getattr(other, name)
        return np.flatnonzero(found)


def cells(lines: Lines) -> Cells:
    """Cells of charges (kind 0) of one month."""
    temporary = lines.basis == Basis.NORM_TEMPORARY
    key = lines.account_id.astype(np.int64) << 21 | lines.service.astype(np.int64) << 5
    key |= lines.component.astype(np.int64) << 1 | temporary
    order = np.lexsort((lines.first_day, key)) if (key[1:] <= key[:-1]).any() else np.arange(len(key))
    ordered, key = lines.take(order), key[order]
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1])) if len(key) else np.zeros(0, np.intp)
    count = np.diff(np.append(starts, len(key)))
    made = _joined(ordered, starts, count)
    return Cells(
        key=key[starts],
        account_id=key[starts] >> 21,
        service=key[starts] >> 5 & 0xFFFF,
        is_temporary=(key[starts] & 1).astype(np.bool_),
        basis=ordered.basis[starts].astype(np.int64),
        b=ordered.b[starts],
        total=_sum(ordered.amount_kopecks + ordered.surcharge_kopecks, starts),
        **made,
    )


def _joined(lines: Lines, starts: npt.NDArray[np.intp], count: I64) -> dict[str, I64]:
    """Volume, rate, raised volume and first operand of each cell."""
    num, den, raised, a = (
        lines.volume_num[starts],
        lines.volume_den[starts],
        lines.raised_num[starts],
        lines.a[starts],
    )
    made = {"num": num, "den": den, "rate": lines.rate[starts] * FINE_RATE, "raised": raised, "a": a}
    many = np.flatnonzero(count > 1)
    if not many.size:
        return made
    mine = np.repeat(count > 1, count)
    some = lines.take(np.flatnonzero(mine))
    first = np.cumsum(count[many]) - count[many]
    of = np.repeat(np.arange(len(many)), count[many])
    joined = _average(some, first, of)
    for name, column in joined.items():
        made[name][many] = column
    return made


def _average(lines: Lines, first: npt.NDArray[np.intp], of: I64) -> dict[str, I64]:
    """Cells of several lines: sums over the denominator they share, else in fine parts of a micro-unit."""
    den = lines.volume_den
    shared = np.minimum.reduceat(den, first) == np.maximum.reduceat(den, first)
    shared &= np.maximum.reduceat(np.abs(lines.volume_num), first) < NARROW
    fine = ~shared[of]
    num, raised = lines.volume_num.copy(), lines.raised_num.copy()
    for column in (num, raised):
        column[fine] = mul_div_half_up(column[fine], FINE_VOLUME, den[fine])
    volume = _sum(num, first)
    days = _sum(lines.days.astype(np.int64), first)
    weight, whole = np.where((volume == 0)[of], lines.days, num), np.where(volume == 0, days, volume)
    sign = np.sign(whole)[of]
    terms = mul_div_half_up(weight * sign, lines.rate * FINE_RATE, np.abs(whole)[of])
    uniform = np.minimum.reduceat(lines.rate, first) == np.maximum.reduceat(lines.rate, first)
    return {
        "num": volume,
        "den": np.where(shared, den[first], FINE_VOLUME),
        "rate": np.where(uniform, lines.rate[first] * FINE_RATE, _sum(terms, first)),
        "raised": _sum(raised, first),
        "a": _sum(lines.a, first),
    }


def cost(of: Cells, rate: I64, *, num: I64 | None = None, raised: I64 | None = None) -> I64:
    """Kopecks of the cells at a rate, with the coefficient; volume or raised volume may be others."""
    volume = of.num if num is None else num
    above = of.raised if raised is None else raised
    kopecks = _charge(volume, of.den, rate, 1)
    some = np.flatnonzero(above)
    if some.size:
        kopecks[some] += _charge(above[some], of.den[some], rate[some], PERMILLE)
    return kopecks


def _charge(volume: I64, den: I64, rate: I64, over: int) -> I64:
    """Half-up kopecks; whole rates go the short way."""
    whole = rate % FINE_RATE == 0
    if whole.all():
        return charge(volume, den, rate // FINE_RATE, over=over)
    out = np.empty(len(volume), np.int64)
    out[whole] = charge(volume[whole], den[whole], rate[whole] // FINE_RATE, over=over)
    rest = ~whole
    out[rest] = charge(volume[rest], den[rest], rate[rest], over=over * FINE_RATE)
    return out


def scaled(value: I64, top: I64, bottom: I64, otherwise: I64) -> I64:
    """value × top / bottom, half away from zero; `otherwise` where bottom is 0."""
    out = otherwise.copy()
    some = np.flatnonzero((bottom != 0) & (value != 0) & (top != 0))
    if some.size:
        above, below = top[some] * np.sign(bottom[some]), np.abs(bottom[some])
        wide = below >= DIVISOR_MAX  # of strange areas: four bits less change nothing a kopeck could show
        above[wide], below[wide] = above[wide] >> 4, below[wide] >> 4
        out[some] = mul_div_half_up(value[some], above, below)
    zero = (bottom != 0) & ((value == 0) | (top == 0))
    out[zero] = 0
    return out


def _sum(values: I64, starts: npt.NDArray[np.intp]) -> I64:
    return np.asarray(np.add.reduceat(values, starts), np.int64) if len(values) else values[:0]
