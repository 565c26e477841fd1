"""Fees of agents and the centre: each shared to the kopeck, whatever is taken back, whenever parts leave."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from billing.payout import fee_shares, fees

AMOUNT = st.integers(-(10**11), 10**11)
RATE = st.integers(0, 1_000)
MINIMUM = st.integers(0, 100_00)


def columns(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_fee_is_a_part_at_least_the_minimum_and_never_more_than_the_sum() -> None:
    made = fees(columns(100_00, 10, 0, -100_00, 1_00), columns(90, 90, 90, 90, 0), columns(0, 30, 30, 0, 0))

    assert made.tolist() == [90, 10, 0, -90, 0]


def test_half_a_kopeck_goes_up() -> None:
    assert fees(columns(50, 149, -50), columns(100, 100, 100), columns(0, 0, 0)).tolist() == [1, 1, -1]


def test_fee_of_a_payment_is_shared_over_its_parts_in_order() -> None:
    made = fee_shares(
        columns(1, 1, 1, 2), columns(33_33, 33_33, 33_34, 50_00), columns(*[100] * 4), columns(*[0] * 4)
    )

    assert made.tolist() == [33, 34, 33, 50]


@given(st.lists(st.lists(AMOUNT, min_size=1, max_size=8), max_size=5), RATE, MINIMUM)
def test_shares_of_a_group_make_its_fee(groups: list[list[int]], rate: int, minimum: int) -> None:
    group = columns(*[at for at, members in enumerate(groups) for _ in members])
    amount = columns(*[one for members in groups for one in members])
    same = np.ones_like(amount)

    made = fee_shares(group, amount, rate * same, minimum * same)

    for at, members in enumerate(groups):
        total = columns(sum(members))
        whole = fees(total, columns(rate), columns(minimum))[0]
        assert made[group == at].sum() == (whole if sum(members) else 0)


@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=12), st.integers(1, 11), RATE, MINIMUM)
def test_parts_that_leave_at_different_times_bear_the_fee_once(
    parts: list[int], cut: int, rate: int, minimum: int
) -> None:
    cut = min(cut, len(parts) - 1)
    whole = sum(parts)

    def leave(now: list[int], before: int) -> int:
        same = np.ones(len(now), np.int64)
        made = fee_shares(
            same, columns(*now), rate * same, minimum * same, whole=whole * same, before=before * same
        )
        assert (made >= 0).all()
        return int(made.sum())

    first, second = leave(parts[:cut], 0), leave(parts[cut:], sum(parts[:cut]))

    assert first + second == fees(columns(whole), columns(rate), columns(minimum))[0]


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=10), RATE, MINIMUM)
def test_taking_back_gives_the_same_fee_back(parts: list[int], rate: int, minimum: int) -> None:
    same = np.ones(len(parts), np.int64)
    terms = (rate * same, minimum * same)

    given_, back = fee_shares(same, columns(*parts), *terms), fee_shares(same, -columns(*parts), *terms)

    assert (given_ == -back).all()
