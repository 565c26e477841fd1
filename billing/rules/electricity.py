"""Electricity: one, two or three zones by meter and average; by the norm at the single rate, with K.

Law: Rules 354, cl. 42 (annex 2, formulas 1, 4, 4(1)), 43, 56, 57, 59, 60. The norm depends on rooms and
household. Where the region has ranges of consumption (limits are norms «range_1» and «range_2» of an account
and month), a month above the first limit is divided among them; a limit is split in proportion to the zones.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.basis import Basis
from billing.block import I64, MISSING
from billing.metering import Group
from billing.money import mul_div_half_up
from billing.premises import fitted
from billing.rule import clause, emit, service_rule
from billing.services import RANGE_STEP, RANGES, Component, Service
from billing.use import Use, charge_use, find_use
from billing.work import AVERAGE_DEN, Volume, Work

ELECTRICITY = Service.ELECTRICITY
LIMITS = ("range_1", "range_2")
FAR = 1 << 61
Objects = npt.NDArray[Any]


@service_rule(ELECTRICITY)
def electricity(work: Work) -> None:
    """A line a zone for meters with zones; component 0 for a single-rate meter and for any norm."""
    use = find_use(work, ELECTRICITY)
    if (ELECTRICITY, LIMITS[0]) in work.block.norms:
        _in_ranges(work, use)
    charge_use(work, use, Component.WHOLE)


def _in_ranges(work: Work, use: Use) -> None:
    """Charges accounts above the first limit and leaves the others in their groups."""
    everybody = np.arange(len(work.block))
    first, second = (work.norm(ELECTRICITY, kind, everybody)[0] for kind in LIMITS)
    second = np.where((second == MISSING) | (second < first), FAR // AVERAGE_DEN, second)
    for groups, den in ((use.joined.measured, 1), (use.joined.averaged, AVERAGE_DEN)):
        total = np.zeros(len(work.block), np.int64)
        for group in groups.values():
            total[group.rows] += group.num
        over = (first != MISSING) & (total > first * den)
        if not over.any():
            continue
        for zone, group in list(groups.items()):
            mine = over[group.rows]
            groups[zone] = group.take(~mine)
            part = group.take(mine)
            limits = np.stack([first[part.rows], second[part.rows]]) * den
            _charge(work, zone, part, total[part.rows], limits, den)


@clause("Ценообразование на электроэнергию: диапазоны потребления")
def parts_of(num: I64, total: I64, limits: I64) -> list[Objects]:
    """min(W, L1), min(W, L2) − L1, W − L2, each × the zone's part of W: numerators over W."""
    edges = [np.zeros_like(total), *limits, np.full_like(total, FAR)]
    widths = [np.maximum(np.minimum(total, high) - low, 0) for low, high in pairwise(edges)]
    return [width.astype(object) * num.astype(object) for width in widths]


def _charge(work: Work, zone: int, part: Group, total: I64, limits: I64, den: int) -> None:
    told = mul_div_half_up(part.num, 1, den), mul_div_half_up(total, 1, den)
    for number, share in enumerate(parts_of(part.num, total, limits)[:RANGES]):
        some = np.flatnonzero(share > 0)
        if not some.size:
            continue
        num, below = fitted(share[some], total[some].astype(object) * den, np.arange(len(some)))
        a, b = (column[some] for column in told)
        volume = Volume(even=num, even_den=below)
        component = zone + RANGE_STEP * number
        emit(work, ELECTRICITY, component, part.rows[some], volume, basis=int(Basis.RANGE), a=a, b=b)
