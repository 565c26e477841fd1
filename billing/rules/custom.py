"""Services of organisations (codes from 100): intercom, antenna, concierge: by a formula of the
organisation, or a sum a flat, a person or a square metre.

Law: the contract of the organisation with the owners.
"""

from __future__ import annotations

import numpy as np

from billing.formula.bill import by_formula
from billing.premises import by_area, by_fixed_sum, by_persons
from billing.rule import service_rule
from billing.services import Method
from billing.work import Rows, Work

FIRST_CUSTOM = 100


@service_rule(FIRST_CUSTOM)
def custom(work: Work) -> None:
    """By the formula in force in the house; without one by its method: a sum a flat when none is named."""
    for service in sorted(code for code in work.block.services if code >= FIRST_CUSTOM):
        rows = _by_formulas(work, service, np.flatnonzero(work.has(service)))
        method = work.block.method(service)[rows]
        area, persons = method == Method.AREA, method == Method.PERSON
        by_area(work, service, rows[area])
        by_persons(work, service, rows[persons])
        by_fixed_sum(work, service, rows[~area & ~persons])


def _by_formulas(work: Work, service: int, rows: Rows) -> Rows:
    """Bills what a formula covers; gives the rows none does."""
    formulas = None if work.block.formulas is None else work.block.formulas.by_service.get(service)
    if formulas is None:
        return rows
    version = formulas.of_house[work.block.accounts.house[rows]]
    for number, one in enumerate(formulas.versions):
        mine = rows[version == number]
        if mine.size:
            by_formula(work, service, mine, one)
    return rows[version < 0]
