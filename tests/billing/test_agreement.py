"""Agreements: equal parts, kept or broken by a day; penalties stand still while kept; parts have due days."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.agreement import rate_max_permille, schedule, stands
from billing.penalty.federal import federal_law
from billing.penalty.kernel import DIVISOR, Debts, Pauses, Payments, RateMode, accrue, totals
from billing.penalty.plan import Plan, spread
from billing.penalty.rates import over_days
from billing.penalty.scale import Payer
from billing.penalty.trace import Part, kopecks_of, pieces

pytestmark = pytest.mark.fast

DUE = dt.date(2026, 4, 15)
UNTIL = dt.date(2026, 10, 31)
LAW = federal_law()


def ints(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


def one(amount: int) -> Debts:
    return Debts(ints(amount), ints(DUE.toordinal()), ints(int(Payer.RESIDENT)))


NOTHING = Payments(ints(), ints(), ints())


def test_parts_are_equal_add_up_and_fall_on_one_day_of_the_month() -> None:
    made = schedule(100_01, 3, dt.date(2026, 12, 31))

    assert [one.amount_kopecks for one in made] == [33_34, 33_34, 33_33]
    assert [one.due_on for one in made] == [
        dt.date(2026, 12, 31),
        dt.date(2027, 1, 31),
        dt.date(2027, 2, 28),
    ]
    assert [one.ordinal for one in made] == [1, 2, 3]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**9), st.integers(1, 60))
def test_parts_always_add_up(kopecks: int, months: int) -> None:
    made = schedule(kopecks, months, dt.date(2026, 11, 30))

    assert sum(one.amount_kopecks for one in made) == kopecks


def test_interest_is_at_most_the_key_rate_and_three_points() -> None:
    assert rate_max_permille(14_25) == 172


PARTS = schedule(300_00, 3, dt.date(2026, 11, 10))


@pytest.mark.parametrize(
    ("paid", "day", "broken", "following"),
    [
        ([], dt.date(2026, 11, 15), None, 1),  # the last day of grace
        ([], dt.date(2026, 11, 16), dt.date(2026, 11, 16), 1),
        ([(dt.date(2026, 11, 15), 100_00)], dt.date(2026, 11, 30), None, 2),
        ([(dt.date(2026, 11, 16), 100_00)], dt.date(2026, 11, 30), dt.date(2026, 11, 16), 2),
        ([(dt.date(2026, 11, 10), 99_99)], dt.date(2026, 11, 30), dt.date(2026, 11, 16), 1),
        ([(dt.date(2026, 11, 1), 200_00)], dt.date(2026, 12, 31), None, 3),  # ahead
        ([(dt.date(2026, 11, 1), 300_00)], dt.date(2027, 12, 31), None, None),  # all of it
    ],
)
def test_kept_until_a_part_is_not_paid_by_its_day_and_the_days_of_grace(
    paid: list[tuple[dt.date, int]], day: dt.date, broken: dt.date | None, following: int | None
) -> None:
    found = stands(PARTS, paid, 5, day)

    assert (found.broken_on, found.next_ordinal) == (broken, following)
    assert found.is_over == (following is None)


def paused(first: dt.date, last: dt.date) -> tuple[int, int]:
    """By the kernel and by walking the days."""
    days = over_days(LAW, DUE + dt.timedelta(days=1), UNTIL)
    pauses = Pauses(ints(0), ints(first.toordinal()), ints(last.toordinal()))
    kernel = accrue(one(1_000_00), NOTHING, UNTIL.toordinal(), days, RateMode.ON_PAYMENT, pauses)
    walked = pieces(
        [Part(UNTIL, 1_000_00, False)], DUE, Payer.RESIDENT, LAW, RateMode.ON_PAYMENT, [(first, last)]
    )
    return int(kernel.total[0]), kopecks_of(walked)


def test_days_of_an_agreement_cost_nothing_and_days_of_delay_go_on() -> None:
    # 15.04 to 31.10 is 199 days: 60 at 1/300, 109 at 1/130; from 01.06 to 31.08 (days 47–138) nothing.
    kernel, walked = paused(dt.date(2026, 6, 1), dt.date(2026, 8, 31))

    top = 1_000_00 * 950 * (16 * 130 + 61 * 300)
    assert kernel == walked == (2 * top + 390_000_000) // 780_000_000


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 210), st.integers(0, 210))
def test_the_kernel_and_the_walk_agree_on_pauses(start: int, length: int) -> None:
    first = DUE + dt.timedelta(days=start - 5)
    kernel, walked = paused(first, first + dt.timedelta(days=length))

    assert kernel == walked


def planned(paid: Payments, amount: int = 120_00) -> int:
    """The penalty of a debt in twelve parts, the first due on DUE, each a month later."""
    dues = [DUE + dt.timedelta(days=30 * at) for at in range(12)]
    plan = Plan(ints(*[0] * 12), ints(*(day.toordinal() for day in dues)), ints(*[10_00] * 12))
    made = spread(one(amount), paid, plan)
    assert int(made.debts.amount.sum()) == amount
    assert int(made.paid.amount.sum()) == int(paid.amount.sum())
    days = over_days(LAW, DUE + dt.timedelta(days=1), UNTIL)
    found = accrue(made.debts, made.paid, UNTIL.toordinal(), days, RateMode.ON_PAYMENT)
    return int(totals(1, made.origin[found.debt], found.amount, found.weight)[0])


def test_each_part_is_late_from_its_own_day() -> None:
    # By 31.10 parts are 199, 169, 139, 109, 79, 49, 19 days late and five are not due yet.
    top = 0
    for late in (199, 169, 139, 109, 79, 49, 19):
        top += 10_00 * 950 * (max(min(late, 90) - 30, 0) * 130 + max(late - 90, 0) * 300)

    assert planned(NOTHING) == (2 * top + 390_000_000) // 780_000_000


def test_parts_paid_by_their_days_cost_nothing() -> None:
    days = [(DUE + dt.timedelta(days=30 * at)).toordinal() for at in range(7)]

    assert planned(Payments(ints(*[0] * 7), ints(*days), ints(*[10_00] * 7))) == 0


def test_what_the_plan_does_not_cover_keeps_its_own_day_and_a_lessened_debt_loses_its_last_parts() -> None:
    more, less = planned(NOTHING, 150_00), planned(NOTHING, 60_00)

    assert more > planned(NOTHING)
    top = sum(
        10_00 * 950 * (max(min(late, 90) - 30, 0) * 130 + max(late - 90, 0) * 300)
        for late in (199, 169, 139, 109, 79, 49)
    )
    assert less == (2 * top * 1 + 390_000_000) // 780_000_000
    assert DIVISOR == 663_000_000
