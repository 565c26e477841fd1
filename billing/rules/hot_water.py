"""Hot water: one part or cold water plus heat; K acts on the cold part only.

Law: Rules 354, cl. 42 (annex 2, formulas 1, 4, 4(1)), 43, 56, 57, 59, 60; annex 2, cl. 26, 27, formulas 23,
24.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from billing.block import I64, MISSING
from billing.boiler import water_by_boiler
from billing.cut import measured_parts
from billing.heated_water import Heat, heat_norm, heat_of, heat_volumes, park_without_heat, rates
from billing.metering import Group
from billing.parked import Reason
from billing.rule import emit, service_rule
from billing.services import Component, Method, Service
from billing.use import NormGroup, Use, emit_group, emit_norm, find_use
from billing.work import AVERAGE_DEN, Cuts, Rows, Scalar, Volume, Work

HOT = Service.HOT_WATER


@service_rule(HOT)
def hot_water(work: Work) -> None:
    """Each group of accounts in up to three components; a day has one part or two, never both."""
    use = find_use(work, HOT)
    rows = np.flatnonzero(work.has(HOT))
    if rows.size == 0:
        return
    by_boiler = work.block.method(HOT)[rows] == Method.BOILER
    if by_boiler.any():
        _by_boiler(work, use, rows[by_boiler])
        rows = rows[~by_boiler]
    norm = heat_norm(work, HOT)
    found = park_without_heat(work, HOT, rates(work, HOT, rows), norm)
    dense = [np.full((work.segments, len(work.block)), MISSING, np.int64) for _ in range(3)]
    for column, values in zip(dense, (found.whole, found.cold, found.heat), strict=True):
        column[:, found.rows] = values
    charge_parts(work, use, Component.WHOLE, dense[0])
    charge_parts(work, use, Component.COLD_PART, dense[1])
    charge_heat(work, use, heat_of(norm), dense[2])


def _by_boiler(work: Work, use: Use, rows: Rows) -> None:
    """Water made hot by the house itself: its cubic metres at the price of cold water, and the fuel."""
    cold = work.rate(HOT, Component.COLD_PART, rows)
    gone = work.missing(cold, rows)
    work.park(rows[gone], Reason.NO_TARIFF, HOT)
    dense = np.full((work.segments, len(work.block)), MISSING, np.int64)
    dense[:, rows[~gone]] = cold[:, ~gone]
    charge_parts(work, use, Component.COLD_PART, dense)
    water_by_boiler(work, rows[~gone])


def charge_parts(work: Work, use: Use, component: int, rate: I64) -> None:
    """The volume in cubic metres at the rate of the component (S, N), with K where the norm has it."""
    for group, den, cuts in measured_groups(use):
        given: dict[str, Any] = {"rate": rate[:, group.rows], "skip_missing": True}
        emit_group(work, HOT, component, group, den, cuts, **given)
    for by in use.norms:
        emit_norm(work, HOT, component, by, rate=rate[:, by.rows], skip_missing=True)


def measured_groups(use: Use) -> list[tuple[Group, Scalar, Cuts | None]]:
    """Groups by meters and averages with their denominators and cuts."""
    found: list[tuple[Group, Scalar, Cuts | None]] = [
        (group, 1, use.cuts.get(zone)) for zone, group in use.joined.measured.items()
    ]
    found += [(group, AVERAGE_DEN, None) for group in use.joined.averaged.values()]
    return found + [(group, den, None) for _, group, den in use.flats]


def charge_heat(work: Work, use: Use, heat: Heat, rate: I64) -> None:
    """The same volumes × q, never with K."""
    for group, den, cuts in measured_groups(use):
        for some, volume in measured_parts(work, HOT, group, den, cuts):
            part = group if some is None else group.take(some)
            emit_heat(work, heat, rate, part.rows, volume, part.basis, part.a, part.b)
    for by in use.norms:
        emit_heat(work, heat, rate, by.rows, *operands(by))


def operands(by: NormGroup) -> tuple[Volume, Any, I64, I64]:
    """Volume, basis, a and b of a group by norm."""
    return Volume(daily=by.daily, daily_den=by.den), by.basis, by.people, by.norm


def emit_heat(
    work: Work, heat: Heat, rate: I64, rows: Rows, volume: Volume, basis: Any, a: I64, b: I64
) -> None:
    """Lines of the heat part."""
    for some, of_heat in heat_volumes(work, heat, rows, volume):
        chosen = rows[some]
        emit(
            work,
            HOT,
            Component.HEAT_PART,
            chosen,
            of_heat,
            basis=basis[some] if isinstance(basis, np.ndarray) else basis,
            a=a[..., some],
            b=b[..., some],
            rate=rate[:, chosen],
            skip_missing=True,
        )
