"""The day to pay by: 10th, then 15th, never a day off."""

import datetime as dt

import pytest

from billing.due import due_on, is_working
from billing.period import Period


@pytest.mark.parametrize(
    ("month", "day"),
    [
        ("2025-11", dt.date(2025, 12, 10)),
        ("2026-01", dt.date(2026, 2, 10)),  # the last month of the tenth
        ("2026-02", dt.date(2026, 3, 16)),  # the fifteenth is a Sunday
        ("2026-03", dt.date(2026, 4, 15)),
        ("2026-10", dt.date(2026, 11, 16)),
        ("2019-04", dt.date(2019, 5, 10)),
    ],
)
def test_due_day_is_the_law_s_and_a_working_one(month: str, day: dt.date) -> None:
    assert due_on(Period.parse(month)) == day


def test_the_first_month_of_the_fifteenth_is_a_setting() -> None:
    assert due_on(Period.parse("2026-02"), first_period_15=Period.parse("2026-03")) == dt.date(2026, 3, 10)


def test_a_day_off_moved_by_decree_moves_the_due_day() -> None:
    moved = frozenset({dt.date(2026, 4, 15)})

    assert due_on(Period.parse("2026-03"), days_off=moved) == dt.date(2026, 4, 16)


def test_holidays_are_not_working_days() -> None:
    assert not is_working(dt.date(2026, 11, 4))
    assert is_working(dt.date(2026, 11, 5))
