"""Absence: what a norm charged for people who were away is taken back, line by line.

Law: Rules 354, section VIII (cl. 86–97), cl. 148(44) for waste. Only where there is no meter and an act says
that one cannot be installed, or by force majeure (cl. 86); sewerage goes with its waters. Heating, gas for
heating, common needs and housing are not taken back. Whole days of the absence come with the block.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from billing.basis import Basis
from billing.block import I64, Bool
from billing.lines import Lines
from billing.relief import Charged, Rows, in_lowest_terms
from billing.rule import clause
from billing.services import Component, Service

WATERS = (Service.COLD_WATER, Service.HOT_WATER)
BY_PEOPLE = (*WATERS, Service.ELECTRICITY, Service.GAS)


def absence(charged: Charged) -> list[Lines]:
    """Lines with negative volumes for everybody who was away."""
    block, lines, absent = charged.block, charged.lines, charged.block.absent
    if absent is None or not len(absent.account) or not len(lines):
        return []
    place = np.full(len(block), -1, np.intp)
    place[absent.account] = np.arange(len(absent.account))
    at = place[charged.owner]
    rows = np.flatnonzero(at >= 0)
    first, after = charged.segments(rows)
    total, forced = (_until(days) for days in (absent.days, absent.forced))
    of = at[rows]
    days = total[after, of] - total[first, of]
    by_force = forced[after, of] - forced[first, of]
    service, basis = lines.service[rows], lines.basis[rows]
    impossible = may_go(block.accounts.meter_impossible[charged.owner[rows]], service)
    norm = (basis == Basis.NORM) & impossible
    away = np.where(norm, days, by_force)
    use = np.isin(service, BY_PEOPLE) & np.isin(basis, (Basis.NORM, Basis.NORM_RAISED))
    own_norm = (service == Service.SEWERAGE) & (basis == Basis.SEWERAGE_NORM)
    waters = block.accounts.meter_impossible[charged.owner[rows]]
    both = may_go(waters, np.full(len(rows), WATERS[0])) & may_go(waters, np.full(len(rows), WATERS[1]))
    away = np.where(own_norm, np.where(both, days, by_force), away)
    waste = (service == Service.WASTE) & (basis == Basis.WASTE_PERSONS)
    away = np.where(waste, days, away)
    parts = [_refund(charged, rows, away, use | own_norm | waste)]
    summed = (service == Service.SEWERAGE) & (basis == Basis.SUM_OF_WATERS)
    parts.append(_sewerage(charged, rows[summed], days[summed], by_force[summed]))
    return [part for part in parts if len(part)]


@clause("ПП 354, п. 86")
def may_go(impossible: Any, service: Any) -> Bool:
    """An act says that a meter of the service cannot be installed."""
    return np.asarray((impossible.astype(np.int64) >> service.astype(np.int64)) & 1 == 1, np.bool_)


def _until(days: I64) -> I64:
    """(S + 1, A) sums over the segments before."""
    return np.concatenate([np.zeros((1, days.shape[1]), np.int64), np.cumsum(days, axis=0)])


@clause("ПП 354, п. 91, 92; п. 148(44)")
def _refund(charged: Charged, rows: Rows, away: I64, wanted: Bool) -> Lines:
    """The part of the norm that falls on people × full days away, with its K in the same proportion."""
    kept = wanted & (away > 0)
    rows, away = rows[kept], away[kept]
    lines = charged.lines
    people, norm = lines.a[rows], lines.b[rows]
    gas = lines.service[rows] == Service.GAS  # its line may hold a part for heating, which stays
    num = np.where(gas, norm * away, lines.volume_num[rows] * away)
    den = np.where(gas, charged.block.days_in_month, lines.volume_den[rows] * np.maximum(people, 1))
    raised = lines.raised_num[rows] * away
    return charged.derived(
        rows,
        basis=int(Basis.ABSENCE),
        volume_num=-num,
        volume_den=den,
        raised_num=-raised,
        a=away,
        b=norm,
    )


@clause("ПП 354, п. 86, 91 (водоотведение вместе с водой)")
def _sewerage(charged: Charged, rows: Rows, days: I64, by_force: I64) -> Lines:
    """Of the sum of waters what the waters themselves take back on the days of the line."""
    num, den = np.zeros(len(rows), np.int64), np.ones(len(rows), np.int64)
    away = np.zeros(len(rows), np.int64)
    for water in WATERS:
        per_num, per_den, plain = _a_day(charged, rows, water)
        some = np.where(plain, days, by_force)
        away = np.maximum(away, np.where(per_num > 0, some, 0))
        num, den = in_lowest_terms(num * per_den + per_num * some * den, den * per_den)
    kept = num > 0
    return charged.derived(
        rows[kept],
        basis=int(Basis.ABSENCE),
        volume_num=-num[kept],
        volume_den=den[kept],
        a=away[kept],
        b=0,
    )


def _a_day(charged: Charged, rows: Rows, water: int) -> tuple[I64, I64, Bool]:
    """Volume of a person and day by the norm of the water in the accounts of `rows`, and whether it goes
    without force majeure.
    """
    lines = charged.lines
    is_norm = np.isin(lines.basis, (Basis.NORM, Basis.NORM_RAISED)) & (lines.service == water)
    source = np.flatnonzero(is_norm & (lines.component != Component.HEAT_PART) & (lines.a > 0))
    num, den = np.zeros(len(rows), np.int64), np.ones(len(rows), np.int64)
    plain = np.zeros(len(rows), np.bool_)
    if not source.size or not len(rows):
        return num, den, plain
    key = charged.owner[source] * 32 + lines.first_day[source]
    order = np.argsort(key, kind="stable")
    wanted = charged.owner[rows] * 32 + lines.first_day[rows]
    place = np.searchsorted(key[order], wanted, side="right") - 1
    found = source[order[np.maximum(place, 0)]]
    same = (place >= 0) & (charged.owner[found] == charged.owner[rows])
    top, bottom = in_lowest_terms(lines.volume_num[found], lines.volume_den[found] * lines.a[found])
    num[same], den[same] = top[same], bottom[same]
    may = may_go(charged.block.accounts.meter_impossible[charged.owner[rows]], np.full(len(rows), water))
    plain[same] = (may & (lines.basis[found] == Basis.NORM))[same]
    return num, den, plain
