"""VAT inside a sum: the dated rate and one integer rule."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.vat import included, rate_on


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        (dt.date(2018, 12, 31), 1800),
        (dt.date(2019, 1, 1), 2000),
        (dt.date(2025, 12, 31), 2000),
        (dt.date(2026, 1, 1), 2200),
    ],
)
def test_the_rate_is_of_the_day(day: dt.date, rate: int) -> None:
    assert rate_on(day) == rate


@pytest.mark.parametrize(
    ("kopecks", "rate", "vat"),
    [(12_200, 2200, 2_200), (12_000, 2000, 2_000), (-12_200, 2200, -2_200), (100, 2200, 18), (0, 2200, 0)],
)
def test_vat_is_extracted_to_the_kopeck(kopecks: int, rate: int, vat: int) -> None:
    assert included(kopecks, rate) == vat


@given(st.integers(-(10**12), 10**12), st.sampled_from([1000, 1800, 2000, 2200]))
def test_it_is_the_nearest_kopeck_and_a_reversal_takes_the_same_back(kopecks: int, rate: int) -> None:
    exact = Fraction(kopecks * rate, 10_000 + rate)

    assert abs(included(kopecks, rate) - exact) <= Fraction(1, 2)
    assert included(-kopecks, rate) == -included(kopecks, rate)
