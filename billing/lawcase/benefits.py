"""The `benefits` of an account of a case: read, and made into columns of a block."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from billing.benefits import CAPITAL_MINIMUM, Benefits, Held, columns, grounds, product_value, terms_of
from billing.lawcase.cells import Cell, Unit
from billing.lawcase.model import AccountSpec, BenefitSpec
from billing.period import Period
from billing.quantity import PERMILLE
from billing.reduction import I64

PERCENT = Unit(PERMILLE // 100, "проценты", ("%",), "50")
PERSONS_MAX = 8


def benefits_of(cell: Cell | None) -> tuple[BenefitSpec, ...]:
    """Льготы: {ground, person, share, in_document, from, to}, both days included."""
    if cell is None or cell.is_none:
        return ()
    return tuple(_benefit(item) for item in cell.items())


def _benefit(cell: Cell) -> BenefitSpec:
    row = cell.fields(("ground", "person", "share", "in_document", "from", "to"), ("ground",))
    return BenefitSpec(
        ground=row["ground"].choice({code: code for code in grounds()}),
        person=row["person"].integer(1, PERSONS_MAX) if "person" in row else 1,
        permille=row["share"].quantity(PERCENT) if "share" in row else 0,
        in_document=row["in_document"].flag() if "in_document" in row else True,
        first=row["from"].date() if "from" in row else None,
        last=row["to"].date() if "to" in row else None,
    )


def benefit_columns(
    specs: Sequence[AccountSpec], lived: I64, opened: I64, period: Period, capital_minimum: int = 0
) -> Benefits | None:
    """lived (N, D): permanent residents by day; opened (N, D): days the account is open."""
    rows: list[tuple[int, ...]] = []
    codes = sorted({one.ground for spec in specs for one in spec.benefits})
    for at, spec in enumerate(specs):
        days_open = opened[at].astype(np.bool_)
        if not days_open.any():
            continue
        people = int(lived[at][int(days_open.argmax())])
        for number, one in enumerate(sorted(spec.benefits, key=lambda one: one.person), 1):
            days = int((days_open & _in_force(one, period)).sum())
            if days and people:
                held = (
                    at,
                    number,
                    one.person - 1,
                    people,
                    days,
                    int(days_open.sum()),
                    codes.index(one.ground),
                )
                rows.append((*held, one.permille, int(one.in_document)))
    if not rows:
        return None
    table = np.array(rows, np.int64).T

    def value(key: str) -> int | None:
        if key == CAPITAL_MINIMUM:
            return capital_minimum
        return product_value(key, period.first_day)

    terms = [found for code in codes if (found := terms_of(code, value)) is not None]
    wide = [column.astype(np.int32) for column in table[:2]]
    narrow = [column.astype(np.int16) for column in table[2:]]
    return columns(Held(*wide, *narrow), terms, value)


def _in_force(one: BenefitSpec, period: Period) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    days = [period.first_day + dt.timedelta(days=day) for day in range(period.days)]
    first, last = one.first or dt.date.min, one.last or dt.date.max
    return np.array([first <= day <= last for day in days], np.bool_)
