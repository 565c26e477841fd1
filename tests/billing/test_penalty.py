"""Penalties by columns do what the law says day by day; a split, an order, a second run change nothing."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.penalty.federal import federal_calendar, federal_law, moved_days
from billing.penalty.kernel import Accrued, Debts, Payments, RateMode, accrue, payer_of
from billing.penalty.rates import KeyRate, NoKeyRateError, RateLaw, over_days
from billing.penalty.scale import SCALES, Payer
from billing.penalty.terms import Terms, document_by
from billing.penalty.trace import Part, kopecks_of, pieces
from billing.period import Period

pytestmark = pytest.mark.fast

LAW = federal_law()
FIRST = dt.date(2019, 1, 1)


def day_of(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def ints(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


def count(
    debts: list[tuple[int, dt.date, Payer]],
    paid: list[tuple[int, dt.date, int]],
    until: dt.date,
    mode: RateMode = RateMode.ON_PAYMENT,
    law: RateLaw = LAW,
) -> Accrued:
    return accrue(
        Debts(
            ints([one[0] for one in debts]),
            ints([one[1].toordinal() for one in debts]),
            ints([int(one[2]) for one in debts]),
        ),
        Payments(
            ints([one[0] for one in paid]),
            ints([one[1].toordinal() for one in paid]),
            ints([one[2] for one in paid]),
        ),
        until.toordinal(),
        over_days(law, FIRST, until),
        mode,
    )


def by_hand(
    debt: tuple[int, dt.date, Payer], paid: list[tuple[dt.date, int]], until: dt.date, mode: RateMode
) -> int:
    """The law word by word, in fractions."""
    amount, due, payer = debt
    parts = [(day, kopecks) for day, kopecks in paid if day <= until]
    left = amount - sum(kopecks for _, kopecks in parts)
    total = Fraction(0)
    for last, kopecks in [*parts, (until, left)]:
        day = due + dt.timedelta(days=1)
        while day <= last:
            number = (day - due).days
            share = next(
                (Fraction(1, s.denominator) for s in SCALES[payer].stages if s.first <= number <= s.last), 0
            )
            if share and not LAW.is_free(day, due):
                rate = LAW.rate_on(day if mode is RateMode.DAILY else last)
                total += Fraction(kopecks * rate, 10_000) * share
            day += dt.timedelta(days=1)
    return int((2 * total + 1) // 2)


days = st.dates(FIRST, dt.date(2026, 11, 20))


@st.composite
def stories(draw: st.DrawFn) -> tuple[tuple[int, dt.date, Payer], list[tuple[dt.date, int]]]:
    amount = draw(st.integers(0, 5_000_000))
    due = draw(st.dates(FIRST, dt.date(2026, 10, 1)))
    paid, left = [], amount
    for _ in range(draw(st.integers(0, 3))):
        part = draw(st.integers(0, left))
        left -= part
        if part:
            paid.append((due + dt.timedelta(days=draw(st.integers(-20, 500))), part))
    return (amount, due, draw(st.sampled_from(list(Payer)))), paid


@settings(max_examples=60, deadline=None)
@given(st.lists(stories(), min_size=1, max_size=4), days, st.sampled_from(list(RateMode)))
def test_columns_agree_with_the_law_word_by_word(
    told: list[tuple[tuple[int, dt.date, Payer], list[tuple[dt.date, int]]]], until: dt.date, mode: RateMode
) -> None:
    paid = [(at, *part) for at, (_, parts) in enumerate(told) for part in parts]

    made = count([debt for debt, _ in told], paid, until, mode)

    assert made.total.tolist() == [by_hand(debt, parts, until, mode) for debt, parts in told]


@settings(max_examples=60, deadline=None)
@given(stories(), days, st.sampled_from(list(RateMode)))
def test_the_trace_comes_to_the_same_kopecks(
    told: tuple[tuple[int, dt.date, Payer], list[tuple[dt.date, int]]], until: dt.date, mode: RateMode
) -> None:
    (amount, due, payer), paid = told
    parts = [Part(day, kopecks) for day, kopecks in paid if day <= until]
    left = amount - sum(part.amount_kopecks for part in parts)
    rows = pieces([*parts, Part(until, left, is_paid=False)], due, payer, LAW, mode)

    made = count([(amount, due, payer)], [(0, *part) for part in paid], until, mode)

    assert kopecks_of(rows) == int(made.total[0])
    assert all(row.days == (row.last - row.first).days + 1 for row in rows)


@settings(max_examples=40, deadline=None)
@given(stories(), days, st.randoms())
def test_order_of_payments_and_a_part_in_two_change_nothing(
    told: tuple[tuple[int, dt.date, Payer], list[tuple[dt.date, int]]], until: dt.date, chance: st.DataObject
) -> None:
    debt, paid = told
    mixed = [
        (0, day, part) for day, kopecks in paid for part in (kopecks // 3, kopecks - kopecks // 3) if part
    ]
    chance.shuffle(mixed)  # type: ignore[attr-defined]

    assert (
        count([debt], mixed, until).total.tolist()
        == count([debt], [(0, *part) for part in paid], until).total.tolist()
    )


@settings(max_examples=40, deadline=None)
@given(stories(), days, days)
def test_two_runs_come_to_what_one_would(
    told: tuple[tuple[int, dt.date, Payer], list[tuple[dt.date, int]]], one: dt.date, other: dt.date
) -> None:
    debt, paid = told
    early, late = sorted((one, other))
    parts = [(0, *part) for part in paid]

    first = count([debt], parts, early).total
    second = count([debt], parts, late).total - first  # what the second run adds

    assert (first + second).tolist() == [by_hand(debt, paid, late, RateMode.ON_PAYMENT)]


def test_no_debts_cost_nothing() -> None:
    made = count([], [], day_of("2026-10-31"))

    assert made.total.tolist() == []
    assert count([(0, day_of("2026-01-12"), Payer.RESIDENT)], [], day_of("2026-10-31")).total.tolist() == [0]


def test_a_debt_too_large_for_columns_is_still_exact() -> None:
    debt = (4 * 10**15 + 7, day_of("2020-01-10"), Payer.BUSINESS)

    made = count([debt, (100_000, day_of("2026-04-15"), Payer.RESIDENT)], [], day_of("2026-07-15"))

    assert made.total.tolist()[0] == by_hand(debt, [], day_of("2026-07-15"), RateMode.ON_PAYMENT)
    assert made.total.tolist()[1] == 1973


def test_more_paid_than_owed_is_a_fault_of_ours() -> None:
    with pytest.raises(AssertionError, match="more was paid"):
        count(
            [(100, day_of("2026-01-12"), Payer.RESIDENT)],
            [(0, day_of("2026-02-01"), 101)],
            day_of("2026-03-01"),
        )


def test_a_day_before_the_first_rate_is_refused() -> None:
    with pytest.raises(NoKeyRateError, match=r"01\.01\.2010"):
        LAW.rate_on(day_of("2010-01-01"))
    with pytest.raises(NoKeyRateError):
        over_days(RateLaw((KeyRate(day_of("2026-01-01"), 1600),)), day_of("2025-12-31"), day_of("2026-01-05"))


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        ("2021-12-19", 750),
        ("2022-02-27", 950),
        ("2022-02-28", 950),  # 20 % of the Bank, capped
        ("2022-08-01", 800),  # below the cap
        ("2025-01-15", 950),  # 21 %, capped backwards by ПП 329
        ("2026-12-31", 950),
        ("2027-01-01", 1400),  # the cap ends unless it is prolonged
    ],
)
def test_rate_is_the_key_rate_not_above_the_cap(day: str, rate: int) -> None:
    assert LAW.rate_on(day_of(day)) == rate


def test_due_day_follows_calendar_setting_and_late_documents() -> None:
    calendar = federal_calendar()
    april_2022, march_2026 = Period.parse("2022-04"), Period.parse("2026-03")

    assert Terms(calendar).due(april_2022) == day_of("2022-05-11")  # 10 May was off by decree
    assert Terms().due(april_2022) == day_of("2022-05-10")
    assert Terms(calendar, is_strict=True).due(march_2026) == day_of("2026-04-14")
    late = {march_2026: day_of("2026-04-11")}
    assert Terms(calendar, delivered=late).due(march_2026) == day_of("2026-04-21")
    assert Terms(calendar, delivered=late, shifts_late_documents=False).due(march_2026) == day_of(
        "2026-04-15"
    )
    assert document_by(Period.parse("2026-01")) == day_of("2026-02-01")
    assert document_by(march_2026) == day_of("2026-04-05")


def test_moved_days_have_their_acts() -> None:
    assert all(source for _, source in moved_days().values())
    assert day_of("2024-04-27") in federal_calendar().working_days
    assert all(rate.source for rate in LAW.key_rates)
    assert all(cap.source for cap in LAW.caps)
    assert all(stop.source for stop in LAW.moratoria)


def test_capital_repair_has_its_own_scale() -> None:
    assert payer_of(np.array([True, False])).tolist() == [Payer.CAPITAL_REPAIR, Payer.RESIDENT]
