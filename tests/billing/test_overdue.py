"""The overdue process by its rules: ages of a debt, order of steps, what the law asks of their terms."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.overdue import (
    DEFAULTS,
    NOT_DUE,
    Stage,
    Term,
    TermsRefused,
    add_months,
    age_of,
    check,
    following,
    ready_on,
    restrictable,
)
from billing.services import Service

DUE = dt.date(2026, 1, 31)


@pytest.mark.parametrize(
    ("day", "age"),
    [
        (dt.date(2026, 1, 31), NOT_DUE),
        (dt.date(2026, 2, 1), 0),
        (dt.date(2026, 2, 28), 0),  # February has no 31st: the month ends on its last day (ГК 192)
        (dt.date(2026, 3, 1), 1),
        (dt.date(2026, 4, 1), 2),
        (dt.date(2026, 7, 31), 3),
        (dt.date(2026, 8, 1), 4),
        (dt.date(2027, 2, 1), 5),
        (dt.date(2029, 1, 31), 5),  # three years run from the day after the last day to pay (ГК 196, 200)
        (dt.date(2029, 2, 1), 6),
    ],
)
def test_age_changes_on_the_day_after_so_many_months(day: dt.date, age: int) -> None:
    assert age_of(DUE, day) == age


@given(st.dates(dt.date(2000, 1, 1), dt.date(2050, 1, 1)), st.integers(0, 1500))
def test_a_debt_never_grows_younger(due: dt.date, days: int) -> None:
    day = due + dt.timedelta(days=days)

    assert age_of(due, day) <= age_of(due, day + dt.timedelta(days=1))


def test_the_same_day_of_another_month() -> None:
    assert add_months(dt.date(2027, 11, 30), 3) == dt.date(2028, 2, 29)
    assert add_months(dt.date(2026, 12, 15), 12) == dt.date(2027, 12, 15)


def test_steps_follow_one_another_and_those_that_are_off_are_passed() -> None:
    off = {**DEFAULTS, Stage.REMINDER: dataclasses.replace(DEFAULTS[Stage.REMINDER], is_on=False)}

    assert following(None, DEFAULTS) is Stage.REMINDER
    assert following(None, off) is Stage.NOTICE
    assert following(Stage.REMINDER, DEFAULTS, may_restrict=False) is Stage.COURT
    assert following(Stage.COURT, DEFAULTS) is None


def test_restriction_waits_twenty_whole_days_after_the_delivery() -> None:
    delivered = dt.date(2026, 10, 1)

    assert ready_on(Stage.RESTRICTION, delivered, DEFAULTS) == dt.date(2026, 10, 22)
    assert ready_on(Stage.STOP, delivered, DEFAULTS) == dt.date(2026, 10, 12)
    assert ready_on(Stage.COURT, delivered, DEFAULTS) == dt.date(2026, 10, 31)


@pytest.mark.parametrize(
    ("stage", "term", "words"),
    [
        (Stage.RESTRICTION, Term(True, 19, 2, 0), "не меньше 20 дней"),
        (Stage.STOP, Term(True, 9, 2, 0), "не меньше 10 дней"),
        (Stage.NOTICE, Term(False, 15, 2, 0), "Без предупреждения"),
    ],
)
def test_terms_against_the_law_are_refused(stage: Stage, term: Term, words: str) -> None:
    check(DEFAULTS)

    with pytest.raises(TermsRefused, match=words):
        check({**DEFAULTS, stage: term})


def test_only_a_debt_above_two_months_by_the_norm_is_restricted_and_never_heat_or_cold_water() -> None:
    month = {int(service): 100_00 for service in Service}
    exactly = {int(service): 200_00 for service in Service}
    above = {int(service): 200_01 for service in Service}

    assert restrictable(exactly, month) == ()
    assert restrictable(above, month) == (
        Service.HOT_WATER, Service.SEWERAGE, Service.ELECTRICITY, Service.GAS,
    )  # fmt: skip
    assert restrictable(above, {}) == ()
