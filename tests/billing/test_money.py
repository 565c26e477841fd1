"""The one rounding against decimals and plain integers; sums shared out add up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.money import charge, mul_div_half_up, reduce_fraction, share_out
from billing.quantity import RATE_TO_KOPECKS

pytestmark = pytest.mark.fast

getcontext().prec = 80
SIGNED = st.integers(-(2**61), 2**61)
PERMILLE = 1000


def half_up(num: int, den: int) -> int:
    return int((Decimal(num) / Decimal(den)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


@settings(max_examples=400)
@given(st.lists(st.tuples(SIGNED, SIGNED, st.integers(1, 2**61 - 1)), min_size=1, max_size=30))
def test_mul_div_is_exact_at_any_width(rows: list[tuple[int, int, int]]) -> None:
    rows = [(x, y, d) for x, y, d in rows if abs(x * y) < d << 61]
    if not rows:
        return
    x, y, d = (np.array(column, np.int64) for column in zip(*rows, strict=True))

    assert mul_div_half_up(x, y, d).tolist() == [half_up(a * b, c) for a, b, c in rows]


@settings(max_examples=400)
@given(
    st.lists(
        st.tuples(st.integers(-(2**46), 2**46), st.integers(1, 2**46), st.integers(0, 10**9)),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([1, PERMILLE]),
)
def test_charge_is_decimal_half_up(rows: list[tuple[int, int, int]], over: int) -> None:
    num, den, rate = (np.array(column, np.int64) for column in zip(*rows, strict=True))

    expected = [half_up(n * r, d * RATE_TO_KOPECKS * over) for n, d, r in rows]
    assert charge(num, den, rate, over=over).tolist() == expected


def test_half_a_kopeck_goes_away_from_zero() -> None:
    # 0,5 m3 at 0,01 RUB is half a kopeck
    assert charge(np.array([500_000, -500_000, 499_999]), 1, np.array([100, 100, 100])).tolist() == [1, -1, 0]


def test_one_wide_row_does_not_disturb_the_others() -> None:
    num = np.array([2**60, 6_557_000, -(2**59)])
    rate = np.array([2**20, 456_700, 3])

    assert charge(num, 1, rate).tolist() == [
        half_up(n * r, 10**8) for n, r in zip(num.tolist(), rate.tolist(), strict=True)
    ]


def test_a_denominator_must_be_positive() -> None:
    with pytest.raises(AssertionError, match="positive"):
        charge(np.array([1]), np.array([0]), np.array([1]))


@given(st.lists(st.tuples(SIGNED, st.integers(1, 2**61)), min_size=1, max_size=20))
def test_reduced_fractions_keep_their_value(rows: list[tuple[int, int]]) -> None:
    num, den = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    low, below = reduce_fraction(num, den)

    for (n, d), a, b in zip(rows, low.tolist(), below.tolist(), strict=True):
        assert n * b == a * d
        assert 0 < b <= d


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=40))
def test_shares_add_up_and_are_fair(total: int, weights: list[int]) -> None:
    if sum(weights) == 0:
        with pytest.raises(ValueError, match="more than zero"):
            share_out(total, weights)
        return
    parts = share_out(total, weights)

    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        exact = Decimal(total) * weight / sum(weights)
        assert abs(part - exact) < 1
