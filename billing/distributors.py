"""Distributors of heat: once a year what their flats paid is divided among them by readings.

Law: Rules 354, cl. 42(1), annex 2, formula 6: ΣP of the premises with distributors × m_i / Σm − ΣP_i, where m
is readings times the factors of the radiators. Only in a house with them on more than half of its area. The
sum over the house is zero to the kopeck: parts by largest remainder, ties by order of accounts.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from billing.basis import Basis
from billing.block import I64
from billing.heat_fix import charge_difference
from billing.money import charge
from billing.parked import Reason
from billing.quantity import MICRO
from billing.rule import clause
from billing.services import Service
from billing.work import Rows, Work

HEATING = Service.HEATING
CORRECTED = (Basis.HEAT_YEAR_FIX, Basis.HEAT_YEAR_VOLUME)
"""The year put right by the meter of the house, in roubles or by volumes: its result is what is divided."""


def share_by_distributors(work: Work, rows: Rows) -> None:
    """Lines of the difference of last year; houses with too few of them are parked."""
    shares = work.block.distributors
    if shares is None:
        return
    rows = rows[shares.has[rows]]
    last_year = f"{work.block.period.year - 1} год"
    billed = shares.billed + _corrected_now(work)
    for house in np.unique(work.block.accounts.house[rows]).tolist():
        mine = rows[work.block.accounts.house[rows] == house]
        total = int(work.block.houses.area_total_dm2[house])
        if total <= 0:
            work.park(mine, Reason.NO_HOUSE_AREA, HEATING)
        elif 2 * int(np.maximum(work.block.accounts.area_dm2[mine], 0).sum()) <= total:
            work.park(mine, Reason.FEW_DISTRIBUTORS, HEATING, last_year)
        elif shares.units[mine].sum() > 0:
            cost = by_readings(billed[mine], shares.units[mine])
            charge_difference(work, mine, cost, billed[mine], Basis.DISTRIBUTORS)


def _corrected_now(work: Work) -> I64:
    """(N,) kopecks of last year's correction by the meter of the house, when this month has it too."""
    out = np.zeros(len(work.block), np.int64)
    for part in work.parts:
        if part.service == HEATING and np.ndim(part.basis) == 0 and int(part.basis) in CORRECTED:
            np.add.at(out, part.rows, charge(part.volume_num, part.volume_den, part.rate))
    return out


@clause("ПП 354, прил. 2, ф. 6")
def by_readings(billed: I64, units: I64) -> I64:
    """Kopecks of the year of each premises: its part of all they paid."""
    total, whole = int(billed.sum()), int(units.sum())
    scaled = [total * int(own) for own in units]
    parts = [own // whole for own in scaled]
    left = total - sum(parts)
    order = sorted(range(len(parts)), key=lambda at: (-(scaled[at] % whole), at))
    for at in order[:left]:
        parts[at] += 1
    return np.array(parts, np.int64)


@clause("ПП 354, прил. 2, ф. 6")
def units_of(parts: Iterable[tuple[int, int]]) -> int:
    """What premises showed over a year: Σ reading × factor of the radiator, all in millionths; one rounding.

    The addends m of the formula (p·K) of the distributors of one premises.
    """
    total = sum(value_micro * factor_micro for value_micro, factor_micro in parts)
    return (2 * total + MICRO) // (2 * MICRO)
