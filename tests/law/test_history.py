"""What a meter's past means for a month: gaps, silence, faults, refusals and the average window."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.history import (
    Event,
    Mark,
    MeterFacts,
    MeterState,
    consumed,
    counted_people,
    expired_month,
    has_temporary_stay,
    in_force,
    state,
    window,
)
from billing.period import Period
from billing.quantity import MICRO

pytestmark = pytest.mark.fast

JANUARY = Period.parse("2026-01")


def marks(*values: int | None, until: Period = JANUARY) -> tuple[Mark, ...]:
    """Readings of the months that end with `until`, in whole units; None = no reading."""
    first = until.ordinal - len(values) + 1
    return tuple(
        Mark(first + at, (value * MICRO, 0, 0)) for at, value in enumerate(values) if value is not None
    )


def state_of(facts: MeterFacts, period: Period = JANUARY) -> MeterState:
    found = state(facts, period)
    assert found is not None
    return found


def test_a_usual_month_has_two_readings_and_no_gap() -> None:
    found = state_of(MeterFacts(5, marks(100, 107)))

    assert (found.has_reading, found.gap_months, found.silent_months) == (True, 0, 0)
    assert (found.start[0], found.end[0]) == (100 * MICRO, 107 * MICRO)


def test_a_late_reading_counts_the_months_between() -> None:
    found = state_of(MeterFacts(5, marks(100, None, None, 130)))

    assert (found.has_reading, found.gap_months) == (True, 2)


def test_silence_counts_this_month() -> None:
    found = state_of(MeterFacts(5, marks(100, 107, None, None)))

    assert (found.has_reading, found.silent_months) == (False, 2)


def test_months_of_a_fault_are_not_silence() -> None:
    fault = Event("fault", dt.date(2025, 11, 3), dt.date(2025, 12, 5))

    found = state_of(MeterFacts(5, marks(93, 100, None, None, None), events=(fault,)))

    assert (found.failed_month, found.silent_months) == (0, 1)


@pytest.mark.parametrize(
    ("first", "after", "month"),
    [
        (dt.date(2026, 1, 31), None, 1),
        (dt.date(2026, 1, 1), None, 1),
        (dt.date(2025, 12, 31), None, 2),
        (dt.date(2025, 10, 1), None, 4),
        (dt.date(2026, 2, 1), None, 0),
        (dt.date(2025, 12, 10), dt.date(2026, 1, 1), 0),
        (dt.date(2025, 12, 10), dt.date(2026, 1, 2), 2),
    ],
)
def test_the_month_of_a_fault_is_the_first(first: dt.date, after: dt.date | None, month: int) -> None:
    assert (
        state_of(MeterFacts(5, marks(93, 100), events=(Event("fault", first, after),))).failed_month == month
    )


@pytest.mark.parametrize(
    ("last_day", "month"),
    [
        (dt.date(2026, 1, 31), 0),
        (dt.date(2026, 1, 30), 1),
        (dt.date(2025, 12, 31), 1),
        (dt.date(2025, 12, 30), 2),
    ],
)
def test_verification_holds_to_the_end_of_its_last_day(last_day: dt.date, month: int) -> None:
    assert expired_month(last_day, JANUARY.ordinal) == month
    assert state_of(MeterFacts(5, marks(93, 100), verified_until=last_day)).failed_month == month


def test_the_window_of_a_fault_ends_before_it() -> None:
    facts = MeterFacts(5, marks(0, 3, 6, 10, 50, 90), events=(Event("fault", dt.date(2025, 12, 20)),))

    found = state_of(facts)

    assert (found.window, found.window_months) == ((10 * MICRO, 0, 0), 3)


def test_a_second_act_of_refusal_is_seen_from_its_month() -> None:
    acts = (Event("refusal", dt.date(2025, 12, 5)), Event("refusal", dt.date(2026, 1, 20)))
    facts = MeterFacts(5, marks(79, 86, 93, 100), events=acts)

    assert (state_of(facts).refused_month, state_of(facts).second_refusal) == (2, True)
    december = state_of(facts, JANUARY.shift(-1))
    assert (december.refused_month, december.second_refusal) == (1, False)


def test_readings_of_refused_months_are_kept_but_not_billed() -> None:
    refusal = Event("refusal", dt.date(2025, 12, 5), dt.date(2025, 12, 28))

    found = state_of(MeterFacts(5, marks(93, 100, 120, 127), events=(refusal,)))

    assert (found.start[0], found.gap_months) == (100 * MICRO, 1)


def test_the_month_of_installation_counts_as_a_whole_one() -> None:
    facts = MeterFacts(5, marks(5, 12, None), installed_on=dt.date(2025, 11, 20), initial=(0, 0, 0))

    found = state_of(facts)

    assert (found.window, found.window_months, found.silent_months) == ((12 * MICRO, 0, 0), 2, 1)


def test_a_meter_nobody_ever_read_is_not_there() -> None:
    assert state(MeterFacts(5, ()), JANUARY) is None


@pytest.mark.parametrize(
    ("installed", "removed", "stands"),
    [
        (dt.date(2026, 1, 31), None, True),
        (dt.date(2026, 2, 1), None, False),
        (None, dt.date(2026, 1, 1), False),
        (None, dt.date(2026, 1, 2), True),
    ],
)
def test_a_meter_stands_from_installation_to_removal(
    installed: dt.date | None, removed: dt.date | None, stands: bool
) -> None:
    assert in_force(installed, removed, JANUARY) is stands


def test_a_counter_that_passed_its_last_figure_starts_again() -> None:
    assert consumed((99_998 * MICRO, 0, 0), (2 * MICRO, 0, 0), 5) == (4 * MICRO, 0, 0)


def test_summer_does_not_lower_the_average_of_a_heat_meter() -> None:
    season = frozenset({10, 11, 12, 1, 2, 3, 4})
    summer = marks(20, 20, 20, 21, 23, 26, until=JANUARY.shift(-1))

    assert window(summer, 5, season=season) == ((6 * MICRO, 0, 0), 3)


def test_a_gap_over_summer_is_spread_over_the_season_only() -> None:
    season = frozenset({10, 11, 12, 1, 2, 3, 4})
    gap = (Mark(Period.parse("2025-04").ordinal, (0, 0, 0)), Mark(Period.parse("2025-11").ordinal, (4, 0, 0)))

    assert window(gap, 5, season=season) == ((4, 0, 0), 2)


@pytest.mark.parametrize(("days", "counts"), [(5, False), (6, True)])
def test_a_stay_counts_when_longer_than_five_days(days: int, counts: bool) -> None:
    first = dt.date(2026, 1, 28)

    assert has_temporary_stay(first, first + dt.timedelta(days=days - 1)) is counts


def test_owners_are_counted_only_when_nobody_lives() -> None:
    residents, temporary = np.array([2, 0, 0]), np.array([0, 1, 0])

    assert counted_people(residents, temporary, np.array([3, 3, 3])).tolist() == [2, 0, 3]


@given(
    steps=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 50 * MICRO)), min_size=1, max_size=9),
)
def test_the_window_is_the_mean_month_times_months(steps: list[tuple[int, int]]) -> None:
    """Against a slow definition: a consumption for each month, the last six of them."""
    ordinal, total = 24_000, 0
    known = [Mark(ordinal, (0, 0, 0))]
    monthly: list[Fraction] = []
    for length, volume in steps:
        ordinal, total = ordinal + length, total + volume
        known.append(Mark(ordinal, (total, 0, 0)))
        monthly += [Fraction(volume, length)] * length

    (volume_micro, _, _), months = window(known, 8)

    assert months == min(len(monthly), 6)
    assert abs(volume_micro - sum(monthly[-6:], Fraction(0))) <= Fraction(1, 2)
