"""Unauthorised use: tampering with a meter and connections nobody allowed, charged by an act.

Law: Rules 354, cl. 62. Ten norms a person for the months of the stretch, or the capacity of the equipment
day and night; by the tariff of the day of the finding, in the month of the finding. K and benefits do not
touch it, bad quality takes nothing off it.
"""

from __future__ import annotations

import numpy as np

from billing.act_lines import Due, charge
from billing.basis import Basis
from billing.block import I64, MISSING
from billing.parked import Reason
from billing.premises import Objects, fitted
from billing.rule import clause
from billing.unauthorised import MONTH_PARTS, Unauthorised, Way
from billing.work import AVERAGE_DEN, Rows, Work

TIMES = 10  # cl. 62: ten norms
HOURS_A_DAY = 24
BASES = {
    Way.TAMPERING: Basis.TAMPERING,
    Way.CONNECTION: Basis.CONNECTION,
    Way.CONNECTION_NORM: Basis.CONNECTION_NORM,
}


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
                charge(work, service, _due(work, acts, service, way, mine))


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
