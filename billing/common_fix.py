"""The yearly correction of common needs paid by the norm or an average: what last year should have cost less
what was charged for it.

Law: PP 491, cl. 29(2), 29(3); Housing Code, art. 156 p. 9.2: the house's year by its meters, at the tariffs
of its months, divided as each month was; rounded once.
"""

from __future__ import annotations

import numpy as np

from billing.basis import Basis
from billing.block import I64
from billing.common_past import CommonFix
from billing.quantity import KOPECKS_PER_RUBLE, MICRO, RATE_PER_RUBLE, RATE_TO_KOPECKS
from billing.rule import clause
from billing.services import Component
from billing.work import Part, Rows, Work

RATE_PER_KOPECK = RATE_PER_RUBLE // KOPECKS_PER_RUBLE


@clause("ПП 491, п. 29(3): корректировка СОИ за год")
def year_cost(cost: I64) -> I64:
    """Kopecks of the year."""
    return (cost * 2 + RATE_TO_KOPECKS) // (2 * RATE_TO_KOPECKS)


def correct_common(work: Work, service: int, fix: CommonFix, rows: Rows) -> None:
    """A line of the difference, either sign, for the accounts that are due."""
    rows = rows[fix.due[rows] & fix.house[work.block.accounts.house[rows]]]
    cost, billed = year_cost(fix.cost[rows]), fix.billed[rows]
    change = cost - billed
    some = np.flatnonzero(change)
    if not some.size:
        return
    rows, change = rows[some], change[some]
    work.parts.append(
        Part(
            service=service,
            component=int(Component.WHOLE),
            rows=rows,
            supplier_id=work.supplier(service).take(rows),
            basis=int(Basis.COMMON_YEAR_FIX),
            first_day=1,
            days=work.days,
            volume_num=np.sign(change) * MICRO,
            volume_den=1,
            rate=np.abs(change) * RATE_PER_KOPECK,
            raised_num=0,
            a=cost[some],
            b=billed[some],
        )
    )
