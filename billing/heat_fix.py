"""The yearly correction of heat paid evenly: what last year should have cost less what was charged for it.

Law: Rules 354, cl. 42(1), annex 2, formulas 3(2), 3(4). The year's heat of the house, divided as a month's is
by the areas of the month of the correction, at the tariffs of its months; rounded once. Where so chosen,
volumes are compared instead and the difference goes by the tariff of the month of the correction.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from billing.basis import Basis
from billing.block import I64
from billing.choices import YEAR_FIX, answered
from billing.heat_past import HeatFix, HeatYear
from billing.quantity import KOPECKS_PER_RUBLE, MICRO, RATE_PER_RUBLE, RATE_TO_KOPECKS
from billing.rule import clause, emit
from billing.services import Component, Service
from billing.work import Part, Rows, Volume, Work

RATE_PER_KOPECK = RATE_PER_RUBLE // KOPECKS_PER_RUBLE


@clause("ПП 354, п. 42(1): корректировка за год")
def year_cost(fix: HeatFix, year: HeatYear, house: Rows, rows: Rows, parts: list[Part]) -> I64:
    """Kopecks of the year: the account's volume / the house's × Σ volume of a month × its tariff."""
    num, den = _volumes(len(fix.due), parts)
    top = num[rows] * fix.cost[rows].astype(object)
    bottom = den[rows] * np.maximum(year.house[house], 1).astype(object) * RATE_TO_KOPECKS
    return np.asarray((top * 2 + bottom) // (bottom * 2), object).astype(np.int64)


def _volumes(size: int, parts: list[Part]) -> tuple[Any, Any]:
    """Volume of the year of each account (N,) as exact fractions."""
    num, den = np.zeros(size, object), np.ones(size, object)
    for part in parts:
        of = np.asarray(part.volume_den)
        below = (of if of.ndim else np.full(len(part.rows), of)).astype(object)
        num[part.rows] = num[part.rows] * below + part.volume_num.astype(object) * den[part.rows]
        den[part.rows] = den[part.rows] * below
    return num, den


@clause("ПП 354, п. 42(1): корректировка за год по объёму")
def year_volume(fix: HeatFix, rows: Rows, parts: list[Part]) -> I64:
    """Volume of the year of the rows, half up to a micro-Gcal, (n,)."""
    num, den = _volumes(len(fix.due), parts)
    top, bottom = num[rows], den[rows]
    return np.asarray((top * 2 + bottom) // (bottom * 2), object).astype(np.int64)


def correct_year(work: Work, fix: HeatFix, year: HeatYear, rows: Rows, parts: list[Part]) -> None:
    """A line of the difference, either sign. parts: lines of the whole year's volume, not to be charged."""
    by_volume = answered(work, YEAR_FIX, rows) == 1
    _correct_volume(work, fix, rows[by_volume], parts)
    rows = rows[~by_volume]
    house = work.block.accounts.house[rows].astype(np.intp)
    cost = year_cost(fix, year, house, rows, parts)
    charge_difference(work, rows, cost, fix.billed[rows], Basis.HEAT_YEAR_FIX)


def charge_difference(work: Work, rows: Rows, cost: I64, billed: I64, basis: Basis) -> None:
    """Lines of heating: what a year should have cost less what was charged, kopecks; none where zero."""
    change = cost - billed
    some = np.flatnonzero(change)
    if not some.size:
        return
    rows, change = rows[some], change[some]
    work.parts.append(
        Part(
            service=int(Service.HEATING),
            component=int(Component.WHOLE),
            rows=rows,
            supplier_id=work.supplier(Service.HEATING).take(rows),
            basis=int(basis),
            first_day=1,
            days=work.days,
            volume_num=np.sign(change) * MICRO,
            volume_den=1,
            rate=np.abs(change) * RATE_PER_KOPECK,
            raised_num=0,
            a=cost[some],
            b=billed[some],
        )
    )


def _correct_volume(work: Work, fix: HeatFix, rows: Rows, parts: list[Part]) -> None:
    """The volumes compared, at today's tariff."""
    if not rows.size:
        return
    used, billed = year_volume(fix, rows, parts), fix.volume[rows]
    some = np.flatnonzero(used != billed)
    used, billed = used[some], billed[some]
    volume = Volume(even=used - billed)
    basis = int(Basis.HEAT_YEAR_VOLUME)
    emit(work, Service.HEATING, Component.WHOLE, rows[some], volume, basis=basis, a=used, b=billed)
