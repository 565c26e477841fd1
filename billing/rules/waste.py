"""Municipal waste: by persons (formula 9(1)) or by area (formula 9(2)), as the region chose.

Law: Rules 354, cl. 148(30), 148(36), annex 2, formulas 9(1), 9(2). The norm is of a year.
"""

from __future__ import annotations

import numpy as np

from billing.basis import Basis
from billing.block import I64
from billing.parked import Reason
from billing.premises import by_fixed_sum, with_area
from billing.quantity import DM2_PER_M2
from billing.rule import clause, emit, service_rule
from billing.services import Method, Service
from billing.use import emit_norm, filled, people_groups
from billing.work import Rows, Volume, Work

MONTHS = 12
KIND = "waste_year"


@service_rule(Service.WASTE)
def waste(work: Work) -> None:
    """Persons unless the house is billed by area or by a fixed sum."""
    rows = np.flatnonzero(work.has(Service.WASTE))
    if rows.size == 0:
        return
    method = work.block.method(Service.WASTE)[rows]
    area, fixed = method == Method.AREA, method == Method.FIXED
    by_people(work, rows[~area & ~fixed])
    by_square_metres(work, rows[area])
    by_fixed_sum(work, Service.WASTE, rows[fixed])


@clause("ПП 354, п. 148(30), прил. 2, ф. 9(1)")
def by_people(work: Work, rows: Rows) -> None:
    """n × N / 12; nobody lives: owners (cl. 148(36)). Temporary residents have a line of their own."""
    groups = people_groups(work, Service.WASTE, KIND, rows, basis_of(work, rows), per=MONTHS)
    for group in groups:
        emit_norm(work, Service.WASTE, 0, group)


@clause("ПП 354, п. 148(36)")
def basis_of(work: Work, rows: Rows) -> I64:
    """Owners are counted where nobody lives."""
    by_owners = work.block.accounts.by_owners[rows]
    return np.where(by_owners, int(Basis.WASTE_OWNERS), int(Basis.WASTE_PERSONS))


@clause("ПП 354, п. 148(30), прил. 2, ф. 9(2)")
def by_square_metres(work: Work, rows: Rows) -> None:
    """S × N / 12."""
    rows = with_area(work, Service.WASTE, rows)
    norm = work.norm(Service.WASTE, KIND, rows)
    gone = work.missing(norm, rows)
    work.park(rows[gone], Reason.NO_NORM, Service.WASTE)
    rows, norm = rows[~gone], filled(norm[:, ~gone])
    area = work.block.accounts.area_days[:, rows]
    volume = Volume(daily=area * norm, daily_den=DM2_PER_M2 * MONTHS * work.days)
    emit(work, Service.WASTE, 0, rows, volume, basis=int(Basis.WASTE_AREA), a=area, b=norm)
