"""Rent of social tenants: square metres × base rate × coefficients of quality and of solvency.

Law: Housing Code, art. 156 p. 3; order of the Ministry of Construction 668/пр of 27.09.2016. The base rate
is a tariff; the coefficients are dated rows of the municipality, one where it named none.
"""

from __future__ import annotations

import numpy as np

from billing.basis import RENT_BITS, Basis
from billing.block import I64, MISSING
from billing.premises import with_area
from billing.quantity import MICRO_M2_PER_DM2, PERMILLE
from billing.rule import clause, emit, service_rule
from billing.services import Service
from billing.work import Rows, Volume, Work


@service_rule(Service.RENT)
def rent(work: Work) -> None:
    """Every premises that is let."""
    rows = np.flatnonzero(work.has(Service.RENT))
    if rows.size:
        _rent(work, with_area(work, Service.RENT, rows))


@clause("ЖК РФ, ст. 156, ч. 3; приказ 668/пр")
def _rent(work: Work, rows: Rows) -> None:
    """Metres × К of quality × К of solvency, by the days of the month."""
    quality, solvency = (_coefficient(work, key, rows) for key in ("rent_quality", "rent_solvency"))
    area = work.block.accounts.area_days[:, rows]
    volume = Volume(
        daily=area * MICRO_M2_PER_DM2 * quality * solvency, daily_den=work.days * PERMILLE * PERMILLE
    )
    b = quality << RENT_BITS | solvency
    emit(work, Service.RENT, 0, rows, volume, basis=int(Basis.RENT), a=area, b=b)


def _coefficient(work: Work, key: str, rows: Rows) -> I64:
    """(S, n) permille; 1000 where no row says otherwise."""
    table = work.block.coefficients.get(key)
    if table is None:
        return np.full((work.segments, len(rows)), PERMILLE, np.int64)
    found = table[:, work.block.accounts.house[rows]]
    return np.asarray(np.where(found == MISSING, PERMILLE, found), np.int64)
