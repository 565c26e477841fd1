"""Hot water's tariff in one part or two: which rates a day has, and the heat in a cubic metre.

Law: Rules 354, annex 2, cl. 26, 27, formulas 23, 24: P = V × T_cold + V × q × T_heat, q the norm of the
region.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from billing.block import I64, MISSING, Bool
from billing.parked import Reason
from billing.quantity import MICRO
from billing.rule import clause
from billing.services import Component
from billing.work import Rows, Volume, Work


@dataclass(slots=True)
class Rates:
    """Rates of the rows by segment, (S, n); MISSING where that component is not in use that day."""

    rows: Rows
    whole: I64
    cold: I64
    heat: I64

    def take(self, kept: Bool) -> Rates:
        return Rates(self.rows[kept], self.whole[:, kept], self.cold[:, kept], self.heat[:, kept])


@clause("ПП 354, прил. 2, п. 26, 27, ф. 23")
def split(rows: Rows, whole: I64, cold: I64, heat: I64) -> Rates:
    """Two components where both are given, one part otherwise."""
    two = (cold != MISSING) & (heat != MISSING)
    return Rates(
        rows,
        np.where(two, MISSING, whole),
        np.where(two, cold, MISSING),
        np.where(two, heat, MISSING),
    )


def rates(work: Work, service: int, rows: Rows) -> Rates:
    """Rates of hot water; accounts without any on some open day are parked and left out."""
    parts = (Component.WHOLE, Component.COLD_PART, Component.HEAT_PART)
    found = split(rows, *(work.rate(service, part, rows) for part in parts))
    gone = work.missing(np.maximum(found.whole, found.cold), rows)
    if not gone.any():
        return found
    work.park(rows[gone], Reason.NO_TARIFF, service)
    kept = ~gone
    return Rates(rows[kept], found.whole[:, kept], found.cold[:, kept], found.heat[:, kept])


@dataclass(slots=True)
class Heat:
    """Heat of a cubic metre by house: num (S, H) / den (H,) Gcal in lowest terms; missing is 0."""

    num: I64
    den: I64


def heat_norm(work: Work, *services: int) -> I64:
    """q by segment and house, (S, H) micro-Gcal, of the first service that has it; MISSING where none."""
    out = work.house_norm(services[0], "heat_per_m3")
    for service in services[1:]:
        out = np.where(out == MISSING, work.house_norm(service, "heat_per_m3"), out)
    return out


def heat_of(norm: I64) -> Heat:
    """Reduced by house over its segments, so that volumes stay narrow."""
    known = np.maximum(norm, 0)
    divisor = np.full(norm.shape[1], MICRO, np.int64)
    for of_segment in known:
        divisor = np.gcd(divisor, of_segment)
    return Heat(known // divisor, MICRO // divisor)


def park_without_heat(work: Work, service: int, found: Rates, norm: I64) -> Rates:
    """Parks accounts in two components whose q is missing on a day it is needed."""
    of_row = norm[:, work.block.accounts.house[found.rows]]
    gone = work.missing(np.where(found.heat == MISSING, 0, of_row), found.rows)
    if not gone.any():
        return found
    work.park(found.rows[gone], Reason.NO_NORM, service)
    return found.take(~gone)


@clause("ПП 354, прил. 2, п. 26, ф. 23, 24")
def heat_volumes(work: Work, heat: Heat, rows: Rows, volume: Volume) -> Iterator[tuple[Bool, Volume]]:
    """Volume × q with the mask of the rows (n,) it is for.

    An evenly spread volume stays even unless q of the house changes inside the month; then it goes by days
    open.
    """
    house = work.block.accounts.house[rows]
    num, den = heat.num[:, house], heat.den[house]
    if volume.daily is not None:
        _fits(volume.daily, num)
        yield np.ones(len(rows), np.bool_), Volume(daily=volume.daily * num, daily_den=volume.daily_den * den)
        return
    assert volume.even is not None, "a volume without numbers"
    even = np.asarray((num == num[:1]).all(0), np.bool_)
    if even.any():
        same, q, below = volume.take(even), num[0, even], den[even]
        assert same.even is not None, "a volume without numbers"
        _fits(same.even, q)
        yield even, Volume(even=same.even * q, even_den=same.even_den * below)
    if not even.all():
        other, q, below = volume.take(~even), num[:, ~even], den[~even]
        assert other.even is not None, "a volume without numbers"
        opened, total = work.block.accounts.open_days[:, rows[~even]], work.open_total[rows[~even]]
        _fits(other.even * total, q)
        yield ~even, Volume(daily=other.even * opened * q, daily_den=other.even_den * below * total)


def _fits(volume: I64, num: I64) -> None:
    """Asserts that no product needs more than 62 bits."""
    widest = max(int(volume.max(initial=0)), -int(volume.min(initial=0)))
    assert widest.bit_length() + int(num.max(initial=0)).bit_length() <= 62, "a volume of heat is too wide"
