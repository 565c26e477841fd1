"""Parts of the premises in the heat a house makes itself, where some or all of them have meters of heat.

Law: Rules 354, cl. 54, annex 2, formula 18, by heat where there are meters of it. All heated premises have
them: V_i / ΣV. Some have: V_i of the others is S_i × ΣV / ΣS of the metered, as in formula 3(1), and the
parts are of the sum of all; an unheated premises has none. The heat of the whole house is not measured here,
so there is no rest to divide by area. A centre may answer that such houses divide by area alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.basis import Basis
from billing.block import I64, Bool
from billing.choices import BOILER_METERS, answered
from billing.house_heat import areas, found_heat, house_of_unknown, park_neighbours, unheated
from billing.money import mul_div_half_up
from billing.rule import clause
from billing.services import Service
from billing.work import AVERAGE_DEN, Rows, Work

Objects = npt.NDArray[Any]


@dataclass(slots=True)
class HeatShares:
    """Of the rows (n,): who pays by heat, the part num / den, the basis and what a line tells: own heat of a
    metered premises, micro-Gcal, or area of another, dm2.
    """

    has: Bool
    num: Objects
    den: Objects
    basis: I64
    told: I64


@clause("ПП 354, п. 54, прил. 2, ф. 18: счётчики тепла")
def heat_shares(work: Work, rows: Rows, metered: Bool) -> HeatShares:
    """Parts of the rows; metered (N,). Premises whose house lacks an area of a neighbour are parked."""
    block, accounts = work.block, work.block.accounts
    house, cold, mine = accounts.house[rows], unheated(work), metered[rows]
    some = block.by_house(metered.astype(np.int64)) > 0
    lacking = _houses_of(work, rows[~mine & ~cold[rows]])
    by_area = _houses_of(work, rows[answered(work, BOILER_METERS, rows) == 1])
    partly, whole = some & lacking & ~by_area, some & ~lacking
    used60, month60 = _heat(work, metered)
    area = accounts.area_days.sum(0)
    of_areas = areas(work)
    metered_area = block.by_house(np.where(metered, area, 0)).astype(object)
    rest = of_areas.total.astype(object) - of_areas.unheated - metered_area
    rest = np.where(partly & (rest > 0), rest, 0)
    used, month = block.by_house(used60).astype(object), block.by_house(month60).astype(object)
    scale = np.where(partly, metered_area, 1)
    den = used * scale + rest * month
    has = ((whole | (partly & (month > 0))) & (den > 0))[house]
    blind = house_of_unknown(work, metered | cold)[house]
    lost = has & partly[house] & (blind >= 0)
    park_neighbours(work, rows[lost], blind[lost])
    by_mean = area[rows].astype(object) * np.where(partly, month, 0)[house] * ~cold[rows]
    num = np.where(mine, used60[rows].astype(object) * scale[house], by_mean)
    told = np.where(mine, mul_div_half_up(used60[rows], 1, AVERAGE_DEN), accounts.area_dm2[rows])
    basis = np.where(mine, int(Basis.BOILER_METERED), int(Basis.BOILER_UNMETERED))
    return HeatShares(np.asarray(has & ~lost, np.bool_), num, den[house], basis, told)


def _houses_of(work: Work, rows: Rows) -> Bool:
    """(H,) houses of the rows."""
    out = np.zeros(len(work.block.houses), np.bool_)
    out[work.block.accounts.house[rows]] = True
    return out


def _heat(work: Work, metered: Bool) -> tuple[I64, I64]:
    """(N,) V_i × 60 of the metered, 0 for others: with what checks found (п. 61), and of the month alone."""
    used = work.used[Service.HEATING]
    over60 = np.where(metered, np.where(used.even_den == 1, used.even * AVERAGE_DEN, used.even), 0)
    return over60, over60 - np.where(metered, found_heat(work), 0) * AVERAGE_DEN
