"""Sewerage: the sum of both waters by their volumes, the norm of sewerage, or an own meter; never with K.

Law: Rules 354, cl. 42 (annex 2, formulas 1, 4), 59, 60. Where all waters go by the norm and the region has
a norm of sewerage, it is taken (formula 4); otherwise V = V_cold + V_hot. A house without hot water may take
its
cold water instead of the norm where the centre chose so.
"""

from __future__ import annotations

import numpy as np

from billing.basis import Basis
from billing.block import I64, AccountKind, Bool
from billing.cut import change_once, cut_volume
from billing.metering import FIRST_AVERAGE, NO_METER
from billing.money import mul_div_half_up
from billing.parked import Reason
from billing.rule import clause, emit, service_rule
from billing.services import Component, Service
from billing.use import add_norm, charge_use, contract_group, emit_norm, find_use, people_groups, with_owners
from billing.work import AVERAGE_DEN, Rows, Used, Volume, Work

SEWERAGE = Service.SEWERAGE
WHOLE = Component.WHOLE


@service_rule(SEWERAGE)
def sewerage(work: Work) -> None:
    """Own meters first; then the norm where it applies; the others by the sum of waters."""
    use = find_use(work, SEWERAGE, needs_norm=False)
    charge_use(work, use, WHOLE)
    rank = use.joined.rank
    broken = rank < FIRST_AVERAGE
    rows = np.flatnonzero(work.has(SEWERAGE) & (broken | (rank == NO_METER)))
    if rows.size == 0:
        return
    has_water, by_norm = _waters(work, rows)
    dwelling = work.block.accounts.kind[rows] != AccountKind.NONRESIDENTIAL
    own = ~work.missing(work.norm(SEWERAGE, "person", rows), rows)
    formula_4 = (by_norm | broken[rows]) & own & dwelling & ~_only_cold_by_water(work, rows)
    contract = ~formula_4 & ~has_water & ~dwelling
    by_contract = contract_group(work, SEWERAGE, rows[contract])
    add_norm(work.used[SEWERAGE], by_contract)
    emit_norm(work, SEWERAGE, WHOLE, by_contract)
    lost = ~formula_4 & ~has_water & dwelling
    work.park(rows[lost], Reason.NO_NORM, SEWERAGE)
    work.lose(SEWERAGE, rows[lost])
    _by_norm(work, rows[formula_4])
    _by_waters(work, rows[~formula_4 & has_water])


def _only_cold_by_water(work: Work, rows: Rows) -> Bool:
    """(n,) accounts with cold water alone whose region (or city) takes the water itself, not the norm of
    sewerage.

    A dated choice of the centre, coefficient «sewerage_cold_only» = 0: a norm made of both waters is too
    much for a
    house that has one. Without the coefficient the norm is taken, as for any amenity the region gave it to.
    """
    chosen = work.block.coefficients.get("sewerage_cold_only")
    if chosen is None:
        return np.zeros(len(rows), np.bool_)
    by_water = np.asarray((chosen == 0).all(0), np.bool_)[work.block.accounts.house[rows]]
    one = work.has(Service.COLD_WATER)[rows] & ~work.has(Service.HOT_WATER)[rows]
    return np.asarray(by_water & one, np.bool_)


def _waters(work: Work, rows: Rows) -> tuple[Bool, Bool]:
    """(n,) whether the account has any water, and whether all it has go by the norm."""
    has_water = np.zeros(len(rows), np.bool_)
    by_norm = np.ones(len(rows), np.bool_)
    for service in (Service.COLD_WATER, Service.HOT_WATER):
        has = work.has(service)[rows]
        has_water |= has
        by_norm &= ~has | ~water(work, service).measured[rows]
    return has_water, by_norm


def water(work: Work, service: int) -> Used:
    """Volumes of a water, zero where the block has none."""
    if service not in work.used:
        work.used[service] = Used.nothing(work.segments, len(work.block))
    return work.used[service]


@clause("ПП 354, п. 42, прил. 2, ф. 4 (водоотведение)")
def _by_norm(work: Work, rows: Rows) -> None:
    basis = with_owners(work, rows, np.full(len(rows), int(Basis.SEWERAGE_NORM), np.int64))
    for group in people_groups(work, SEWERAGE, "person", rows, basis):
        add_norm(work.used[SEWERAGE], group)
        emit_norm(work, SEWERAGE, WHOLE, group)


@clause("ПП 354, п. 42: сумма объёмов холодной и горячей воды")
def _by_waters(work: Work, rows: Rows) -> None:
    """V = V_cold + V_hot, each by its own method, fractions joined exactly."""
    cold, hot = water(work, Service.COLD_WATER), water(work, Service.HOT_WATER)
    lost = cold.unknown[rows] | hot.unknown[rows]  # parked already for their water
    work.lose(SEWERAGE, rows[lost])
    rows = rows[~lost]
    even, even_den = _sum_of_even(cold, hot, rows)
    daily = cold.daily[:, rows] + hot.daily[:, rows]
    used = work.used[SEWERAGE]
    used.even[rows], used.even_den[rows], used.daily[:, rows] = even, even_den, daily
    days = work.days
    measured = cold.measured[rows] | hot.measured[rows] | (even != 0)
    by_norm = cold.by_norm[rows] | hot.by_norm[rows]
    cut, before, segment = _cut(work, rows, measured & ~by_norm & (even_den == 1))
    groups = [
        (measured & ~by_norm & ~cut, Volume(even=even, even_den=even_den)),
        (~measured, Volume(daily=daily, daily_den=days)),
        (measured & by_norm, Volume(even=even, even_den=even_den, daily=daily, daily_den=days)),
    ]
    if cut.any():
        groups.append((cut, cut_volume(work, even, before, segment)))
    for some, volume in groups:
        chosen = rows[some]
        emit(
            work,
            SEWERAGE,
            WHOLE,
            chosen,
            volume.take(some),
            basis=int(Basis.SUM_OF_WATERS),
            a=_rounded(work, cold, chosen),
            b=_rounded(work, hot, chosen),
        )


def _cut(work: Work, rows: Rows, fit: Bool) -> tuple[Bool, I64, I64]:
    """(n,) rows all waters of which were read on the day the tariff of sewerage changes; before, segment."""
    before, segment = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    if not work.cuts:
        return np.zeros(len(rows), np.bool_), before, segment
    least = np.full(len(rows), work.segments, np.int64)
    for service in (Service.COLD_WATER, Service.HOT_WATER):
        has, cuts = work.has(service)[rows], work.cuts.get(service)
        of = np.zeros(len(rows), np.int64) if cuts is None else cuts.segment[rows]
        segment = np.maximum(segment, np.where(has, of, 0))
        least = np.minimum(least, np.where(has, of, least))
        if cuts is not None:
            before += np.where(has, cuts.before[rows], 0)
    fit = fit & (least == segment)
    cut = change_once(work, SEWERAGE, rows, np.where(fit, segment, 0))
    return cut, before, np.maximum(segment, 1)


def _sum_of_even(cold: Used, hot: Used, rows: Rows) -> tuple[I64, I64]:
    """Sum of fractions over 1 or 60."""
    den = np.maximum(cold.even_den[rows], hot.even_den[rows])
    scale_cold = np.where(cold.even_den[rows] == den, 1, AVERAGE_DEN)
    scale_hot = np.where(hot.even_den[rows] == den, 1, AVERAGE_DEN)
    return cold.even[rows] * scale_cold + hot.even[rows] * scale_hot, den


def _rounded(work: Work, used: Used, rows: Rows) -> I64:
    """Volume of a water in micro-units, for the reader; the line itself keeps the exact fraction."""
    days = work.days
    scale = np.where(used.even_den[rows] == 1, AVERAGE_DEN * days, days)
    exact = used.even[rows] * scale + used.daily[:, rows].sum(0) * AVERAGE_DEN
    return mul_div_half_up(exact, 1, AVERAGE_DEN * days)
