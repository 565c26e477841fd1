"""When a month must be paid: the day of the next month by law, moved to a working day (ЖК 155 ч. 1; ГК 193).

Law: ЖК 155 ч. 1 (177-ФЗ of 24.06.2025 from 01.03.2026). The first month with the fifteenth is February 2026,
the safe default against claims, for the letters of the ministry disagree; `first_period_15` moves it.
"""

from __future__ import annotations

import datetime as dt

from billing.period import Period

DUE_DAY_BEFORE = 10
DUE_DAY = 15
FIRST_PERIOD_15 = Period.parse("2026-02")

# ТК 112: non-working holidays (day, month). Days moved by decree of a year are given as `days_off`.
HOLIDAYS = frozenset([(day, 1) for day in range(1, 9)] + [(23, 2), (8, 3), (1, 5), (9, 5), (12, 6), (4, 11)])
SATURDAY = 5


def is_working(
    day: dt.date, days_off: frozenset[dt.date] = frozenset(), working_days: frozenset[dt.date] = frozenset()
) -> bool:
    """Neither a weekend, nor a holiday, nor a day off moved by decree; a working Saturday of a decree is."""
    if day in working_days:
        return True
    return day.weekday() < SATURDAY and (day.day, day.month) not in HOLIDAYS and day not in days_off


def next_working(
    day: dt.date, days_off: frozenset[dt.date] = frozenset(), working_days: frozenset[dt.date] = frozenset()
) -> dt.date:
    """The day itself when it is a working one, else the first working day after it (ГК 193)."""
    while not is_working(day, days_off, working_days):
        day += dt.timedelta(days=1)
    return day


def due_on(
    period: Period,
    first_period_15: Period = FIRST_PERIOD_15,
    days_off: frozenset[dt.date] = frozenset(),
    working_days: frozenset[dt.date] = frozenset(),
    *,
    is_strict: bool = False,
) -> dt.date:
    """The last day to pay for `period`, included. is_strict reads «до 15-го» as «14th is the last day»."""
    day = DUE_DAY if period >= first_period_15 else DUE_DAY_BEFORE
    last = period.shift(1).first_day.replace(day=day - 1 if is_strict and day == DUE_DAY else day)
    return next_working(last, days_off, working_days)
