"""Upkeep of the house and current repair: square metres × the rate of the meeting or the municipality.

Law: Housing Code, art. 154, 156, 158.
"""

from __future__ import annotations

import numpy as np

from billing.premises import by_area, by_fixed_sum
from billing.rule import service_rule
from billing.services import Method, Service
from billing.work import Work


@service_rule(Service.UPKEEP)
def upkeep(work: Work) -> None:
    """By area unless the contract of the house names a sum a flat."""
    rows = np.flatnonzero(work.has(Service.UPKEEP))
    if rows.size == 0:
        return
    fixed = work.block.method(Service.UPKEEP)[rows] == Method.FIXED
    by_area(work, Service.UPKEEP, rows[~fixed])
    by_fixed_sum(work, Service.UPKEEP, rows[fixed])
