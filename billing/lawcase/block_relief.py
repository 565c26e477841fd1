"""Absences and troubles of cases as columns of a block."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from billing.history import full_days
from billing.lawcase.model import AccountSpec, HouseSpec, TroubleSpec
from billing.period import Period
from billing.reduction import I64, MINUTES_AN_HOUR, WHOLE_HOUSE, Absent, Troubles, absent_people


def absent_of(specs: Sequence[AccountSpec], lived: I64, first: list[int], period: Period) -> Absent | None:
    """lived (N, D): permanent residents by day while the account is open; first: 0-based starts of
    segments.
    """
    found = [
        (at, *stretch, one.count, one.forced)
        for at, spec in enumerate(specs)
        for one in spec.absences
        if (stretch := full_days(one.left, one.back, period)) is not None
    ]
    if not found:
        return None
    table = np.array(found, np.int64)
    rows = np.unique(table[:, 0]).astype(np.int32)

    def days(some: I64) -> I64:
        by_day = absent_people(
            some[:, 0].astype(np.int32),
            some[:, 1].astype(np.int32),
            some[:, 2].astype(np.int32),
            some[:, 3].astype(np.int32),
            lived[rows],
            rows,
        )
        return np.add.reduceat(by_day, first, axis=1).T.copy()

    return Absent(rows, days(table), days(table[table[:, 4] == 1]))


def troubles_of(houses: Sequence[HouseSpec], starts: Sequence[int], period: Period) -> Troubles | None:
    """Events of houses and of their accounts, clipped to the month."""
    found: list[tuple[int, ...]] = []
    for house, (spec, start) in enumerate(zip(houses, starts, strict=True)):
        found.extend((house, WHOLE_HOUSE, *_clipped(event, period)) for event in spec.troubles)
        for at, account in enumerate(spec.accounts, start):
            found.extend((house, at, *_clipped(event, period)) for event in account.troubles)
    found = [row for row in found if row[4] < row[5]]
    if not found:
        return None
    table = np.array(found, np.int64)
    wide = [table[:, column].astype(np.int32) for column in (0, 1, 4, 5, 6, 7)]
    narrow = [table[:, column].astype(np.int16) for column in (2, 3, 8)]
    return Troubles(
        house=wide[0],
        account=wide[1],
        service=narrow[0],
        trouble=narrow[1],
        first=wide[2],
        after=wide[3],
        value=wide[4],
        limit=wide[5],
        marks=narrow[2],
    )


def _clipped(event: TroubleSpec, period: Period) -> tuple[int, ...]:
    """service, trouble, first and after in minutes of the month, value, limit, marks."""
    start = dt.datetime.combine(period.first_day, dt.time())
    month = period.days * 24 * MINUTES_AN_HOUR
    ends = [
        min(max(int((moment - start).total_seconds()) // MINUTES_AN_HOUR, 0), month)
        for moment in (event.first, event.after)
    ]
    return event.service, event.trouble, *ends, event.value, event.limit, event.marks
