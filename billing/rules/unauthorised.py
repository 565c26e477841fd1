"""Unauthorised use: tampering with a meter and connections nobody allowed, charged by an act.

Law: Rules 354, cl. 62. Ten norms a person for the months of the stretch, or the capacity of the equipment
day and night; by the tariff of the day of the finding, in the month of the finding. K and benefits do not
touch it, bad quality takes nothing off it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from billing.basis import Basis
from billing.block import I64, MISSING
from billing.heated_water import heat_norm, heat_of, heat_volumes, park_without_heat, rates
from billing.parked import Reason
from billing.premises import Objects, fitted
from billing.rule import clause, emit
from billing.services import Component, Service
from billing.unauthorised import MONTH_PARTS, Unauthorised, Way
from billing.work import AVERAGE_DEN, Rows, Volume, Work

TIMES = 10  # cl. 62: ten norms
HOURS_A_DAY = 24
BASES = {
    Way.TAMPERING: Basis.TAMPERING,
    Way.CONNECTION: Basis.CONNECTION,
    Way.CONNECTION_NORM: Basis.CONNECTION_NORM,
}


@dataclass(slots=True)
class Due:
    """Accounts of one service and way: volume num / den, tariff segment, what a line tells."""

    rows: Rows
    num: I64
    den: I64
    segment: Rows
    basis: int
    a: I64
    b: I64


def unauthorised(work: Work) -> None:
    """Lines of every act of the block."""
    acts = work.block.unauthorised
    if acts is None:
        return
    for service in np.unique(acts.service).tolist():
        for way in Way:
            mine = np.flatnonzero((acts.service == service) & (acts.way == way))
            mine = mine[work.has(service)[acts.account[mine]]]
            if mine.size:
                _charge(work, service, _due(work, acts, service, way, mine))


def _due(work: Work, acts: Unauthorised, service: int, way: Way, mine: Rows) -> Due:
    rows = acts.account[mine].astype(np.intp)
    segment = np.searchsorted(work.block.first_day, acts.day[mine], side="right") - 1
    if way == Way.CONNECTION:
        num, den = by_capacity(acts, mine)
        b, kept = acts.capacity[mine], np.ones(len(mine), np.bool_)
        a = acts.days[mine] * HOURS_A_DAY
    else:
        b = work.norm(service, "person", rows)[segment, np.arange(len(rows))]
        kept = b != MISSING
        work.park(rows[~kept], Reason.NO_NORM, service)
        num, den = by_norms(acts, mine, np.maximum(b, 0))
        if way == Way.TAMPERING:
            num = less_billed(work, service, acts, mine, num, den)
        a = acts.months[mine]
    narrow, below = fitted(num[kept], den[kept], rows[kept])
    return Due(rows[kept], narrow, below, segment[kept], int(BASES[way]), a[kept], b[kept])


@clause("ПП 354, п. 62: по мощности")
def by_capacity(acts: Unauthorised, mine: Rows) -> tuple[Objects, Objects]:
    """Units an hour × 24 hours of every day from the connection to its removal."""
    num = acts.capacity[mine].astype(object) * acts.days[mine].astype(object) * HOURS_A_DAY
    return num, np.ones(len(mine), object)


@clause("ПП 354, п. 62: норматив × 10")
def by_norms(acts: Unauthorised, mine: Rows, norm: I64) -> tuple[Objects, Objects]:
    """Ten norms for the persons and months of the stretch."""
    num = norm.astype(object) * acts.months[mine].astype(object) * TIMES
    return num, np.full(len(mine), MONTH_PARTS, object)


@clause("ПП 354, п. 62: за вычетом начисленного")
def less_billed(
    work: Work, service: int, acts: Unauthorised, mine: Rows, num: Objects, den: Objects
) -> Objects:
    """Without what was billed for the same days; never below zero. This month's volume by its days."""
    billed = acts.billed[mine].astype(object)
    used = work.used.get(service)
    if used is not None:
        whole = AVERAGE_DEN * work.days * work.days
        now = used.over(work.days)[acts.account[mine]].astype(object) * acts.now[mine].astype(object)
        billed = billed + (now * 2 + whole) // (2 * whole)
    return np.asarray(np.maximum(num - billed * den, 0), object)


def _charge(work: Work, service: int, due: Due) -> None:
    if due.rows.size == 0:
        return
    if service == Service.HOT_WATER:
        _charge_hot(work, due)
        return
    rate = _on_day(work.rate(service, Component.WHOLE, due.rows), due.segment)
    _emit(work, service, Component.WHOLE, due, rate)


def _on_day(rate: I64, segment: Rows) -> I64:
    """The rate of the day of the finding in every segment, (S, n)."""
    return np.broadcast_to(rate[segment, np.arange(len(segment))], rate.shape).copy()


def _emit(work: Work, service: int, component: int, due: Due, rate: I64) -> None:
    volume = Volume(even=due.num, even_den=due.den)
    emit(work, service, component, due.rows, volume, basis=due.basis, a=due.a, b=due.b, rate=rate)


def _charge_hot(work: Work, due: Due) -> None:
    """Hot water in one part, or its water and its heat by the norm of a cubic metre."""
    service = Service.HOT_WATER
    norm = heat_norm(work, service)
    found = park_without_heat(work, service, rates(work, service, due.rows), norm)
    kept = np.isin(due.rows, found.rows)
    rows, segment = due.rows[kept], due.segment[kept]
    volume = Volume(even=due.num[kept], even_den=due.den[kept])
    a, b = due.a[kept], due.b[kept]
    for component, of in ((Component.WHOLE, found.whole), (Component.COLD_PART, found.cold)):
        given: dict[str, Any] = {
            "basis": due.basis,
            "a": a,
            "b": b,
            "rate": _on_day(of, segment),
            "skip_missing": True,
        }
        emit(work, service, component, rows, volume, **given)
    heat = _on_day(found.heat, segment)
    for some, of_heat in heat_volumes(work, heat_of(norm), rows, volume):
        given = {"basis": due.basis, "a": a[some], "b": b[some], "rate": heat[:, some], "skip_missing": True}
        emit(work, service, Component.HEAT_PART, rows[some], of_heat, **given)
