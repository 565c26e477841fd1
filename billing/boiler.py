"""Heating and hot water made by equipment of the house itself: the fuel burnt, divided among the premises.

Law: Rules 354, cl. 54, annex 2, formulas 18, 20, 20(1): Σ over fuels of volume × price × the premises' part:
of the area, or of heat where premises have meters of it; of the hot water used. Upkeep of the
equipment is in the payment for upkeep. A volume is a norm of the house and month
of kind «fuel_*», a price its tariff.
"""

from __future__ import annotations

import numpy as np

from billing.basis import Basis
from billing.block import I64, MISSING, Bool
from billing.boiler_heat import HeatShares, heat_shares
from billing.money import mul_div_half_up
from billing.parked import Reason
from billing.premises import Operands, PerArea, fitted, house_share
from billing.rule import clause, emit
from billing.services import FUELS, Service
from billing.work import AVERAGE_DEN, Rows, Volume, Work


def burnt(work: Work, service: int) -> tuple[dict[int, I64], Bool]:
    """Fuel of the month by component, (H,) micro-units; (H,) whether any was written down."""
    found: dict[int, I64] = {}
    known = np.zeros(len(work.block.houses), np.bool_)
    for component, fuel in FUELS.items():
        norm = work.house_norm(service, fuel.kind).max(0)
        known |= norm != MISSING
        if (norm > 0).any():
            found[component] = np.maximum(norm, 0)
    return found, known


@clause("ПП 354, п. 54, прил. 2, ф. 18")
def heat_by_boiler(work: Work, rows: Rows, season: Bool, metered: Bool) -> None:
    """Fuel of heating by area, or by heat where premises have meters of it (billing.boiler_heat)."""
    accounts = work.block.accounts
    fuels, known = burnt(work, Service.HEATING)
    house = accounts.house[rows]
    work.park(rows[~known[house] & season[house]], Reason.NO_FUEL, Service.HEATING)
    no_area = work.block.houses.area_total_dm2[house] <= 0
    work.park(rows[known[house] & no_area], Reason.NO_HOUSE_AREA, Service.HEATING)
    rows = rows[known[house] & ~no_area]
    shares = heat_shares(work, rows, metered)
    for component, volume in fuels.items():
        of = volume[accounts.house[rows]] > 0
        _by_area(work, component, rows[of & ~shares.has], volume)
        _by_heat(work, component, rows, shares, of & shares.has, volume)


def _by_heat(work: Work, component: int, rows: Rows, shares: HeatShares, some: Bool, volume: I64) -> None:
    """The fuel by the premises' parts of the heat."""
    if not some.any():
        return
    rows = rows[some]
    house = work.block.accounts.house[rows]
    num, den = fitted(volume[house].astype(object) * shares.num[some], shares.den[some], house)
    spread = Volume(even=num, even_den=den)
    basis, told = shares.basis[some], shares.told[some]
    emit(work, Service.HEATING, component, rows, spread, basis=basis, a=volume[house], b=told)


def _by_area(work: Work, component: int, rows: Rows, volume: I64) -> None:
    """S_i / S_об of the fuel."""
    accounts = work.block.accounts
    total = np.maximum(work.block.houses.area_total_dm2, 1).astype(object)
    per_area = PerArea.of(volume.astype(object), total, work.segments)
    told = Operands(int(Basis.BOILER_HEAT), volume[accounts.house[rows]], accounts.area_dm2[rows])
    house_share(work, Service.HEATING, component, rows, per_area, told)


@clause("ПП 354, п. 54, прил. 2, ф. 20, 20(1)")
def water_by_boiler(work: Work, rows: Rows) -> None:
    """Fuel of hot water by the volumes of all who used it."""
    block, used = work.block, work.used[Service.HOT_WATER]
    fuels, known = burnt(work, Service.HOT_WATER)
    house = block.accounts.house[rows]
    work.park(rows[~known[house]], Reason.NO_FUEL, Service.HOT_WATER)
    rows = rows[known[house]]
    culprit = np.full(len(block.houses), -1, np.int64)
    lost = np.flatnonzero(used.unknown & work.has(Service.HOT_WATER))[::-1]
    culprit[block.accounts.house[lost]] = lost
    blind = culprit[block.accounts.house[rows]]
    for of in np.unique(blind[blind >= 0]).tolist():
        others = rows[(blind == of) & (rows != of)]
        work.park(others, Reason.NEIGHBOUR, Service.HOT_WATER, str(int(block.accounts.id[of])))
    rows = rows[blind < 0]
    weights = used.over(work.days)
    total = block.by_house(weights)
    for component, volume in fuels.items():
        house = block.accounts.house[rows]
        some = volume[house] > 0
        work.park(rows[some & (total[house] <= 0)], Reason.NOTHING_TO_SHARE, Service.HOT_WATER)
        kept = rows[some & (total[house] > 0)]
        _by_weight(work, (Service.HOT_WATER, component, Basis.BOILER_WATER), kept, volume, weights)


def _by_weight(work: Work, of: tuple[int, int, Basis], rows: Rows, volume: I64, weights: I64) -> None:
    """The fuel by parts of the house's total: V_i / ΣV. weights (N,) micro-units × 60 × days."""
    if rows.size == 0:
        return
    service, component, basis = of
    house = work.block.accounts.house[rows]
    total = work.block.by_house(weights)[house].astype(object)
    num, den = fitted(volume[house].astype(object) * weights[rows].astype(object), total, house)
    own = mul_div_half_up(weights[rows], 1, AVERAGE_DEN * work.days)
    spread = Volume(even=num, even_den=den)
    emit(work, service, component, rows, spread, basis=int(basis), a=volume[house], b=own)
