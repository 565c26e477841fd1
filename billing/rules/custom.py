"""Services of organisations (codes from 100): intercom, antenna, concierge: a sum a flat, a person or a
square metre.

Law: the contract of the organisation with the owners.
"""

from __future__ import annotations

import numpy as np

from billing.premises import by_area, by_fixed_sum, by_persons
from billing.rule import service_rule
from billing.services import Method
from billing.work import Work

FIRST_CUSTOM = 100


@service_rule(FIRST_CUSTOM)
def custom(work: Work) -> None:
    """By the method of the house; a sum a flat when none is named."""
    for service in sorted(code for code in work.block.services if code >= FIRST_CUSTOM):
        rows = np.flatnonzero(work.has(service))
        method = work.block.method(service)[rows]
        area, persons = method == Method.AREA, method == Method.PERSON
        by_area(work, service, rows[area])
        by_persons(work, service, rows[persons])
        by_fixed_sum(work, service, rows[~area & ~persons])
