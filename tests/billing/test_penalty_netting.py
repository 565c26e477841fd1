"""A surplus of a service and whom it pays: by the rule of the day, to the kopeck, beside the pooled way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.penalty import timeline
from billing.penalty.netting import NO_ROW, Money, Paid, Reach, Rows, Rules, when_paid
from billing.penalty.timeline import UNNAMED, Charged

pytestmark = pytest.mark.fast

# One account: water of payee 2, sewerage of payee 2, heat of payee 3.
WATER, SEWERAGE, HEAT = 0, 1, 2
CHARGED_ON = [10, 40, 70]
Event = tuple[int, int, int, int]  # row, day, kopecks, month


def ints(values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


def paid(
    principal: list[list[int]], events: list[Event], rules: list[tuple[int, Reach]], until: int = 100
) -> Paid:
    rows = Rows(ints([0, 0, 0]), ints([2, 2, 3]), np.array(principal, np.int64), ints(CHARGED_ON))
    money = Money(
        ints([0] * len(events)),
        ints([one[0] for one in events]),
        ints([one[1] for one in events]),
        ints([one[2] for one in events]),
        ints([one[3] for one in events]),
    )
    return when_paid(rows, money, Rules.of([rules]), 1, until)


def told(found: Paid) -> set[tuple[int, int, int, int, bool]]:
    """(row, month, day, kopecks, paid by a surplus of another)."""
    columns = (found.row, found.month, found.day, found.amount, found.is_netted)
    return set(zip(*(one.tolist() for one in columns), strict=True))


OVERPAID_WATER = ([[100, 0, 0], [50, 0, 0], [70, 0, 0]], [(WATER, 20, 160, 0)])


def test_a_surplus_pays_any_debt_of_the_account_by_default() -> None:
    found = paid(*OVERPAID_WATER, rules=[])

    assert told(found) == {(WATER, 0, 20, 100, False), (SEWERAGE, 0, 20, 25, True), (HEAT, 0, 20, 35, True)}
    assert found.own.tolist() == [0, 0, 0]


def test_a_surplus_stays_with_its_payee() -> None:
    found = paid(*OVERPAID_WATER, rules=[(0, Reach.PAYEE)])

    assert told(found) == {(WATER, 0, 20, 100, False), (SEWERAGE, 0, 20, 50, True)}
    assert found.unpaid[HEAT, 0] == 70
    assert found.own.tolist() == [10, 0, 0]


def test_a_surplus_stays_on_its_service_and_pays_its_next_month() -> None:
    principal = [[100, 30, 0], [50, 0, 0], [70, 0, 0]]

    found = paid(principal, [(WATER, 20, 160, 0)], rules=[(0, Reach.SERVICE)])

    assert told(found) == {(WATER, 0, 20, 100, False), (WATER, 1, 40, 30, False)}
    assert found.own.tolist() == [30, 0, 0]


def test_what_is_held_moves_on_the_day_the_rule_ends() -> None:
    found = paid(*OVERPAID_WATER, rules=[(0, Reach.SERVICE), (55, Reach.ACCOUNT)])

    assert told(found) == {(WATER, 0, 20, 100, False), (SEWERAGE, 0, 55, 25, True), (HEAT, 0, 55, 35, True)}


def test_what_was_netted_before_the_rule_stays_netted() -> None:
    principal = [[100, 0, 0], [50, 40, 0], [70, 0, 0]]
    events = [(WATER, 20, 160, 0), (WATER, 60, 40, 0)]

    found = paid(principal, events, rules=[(45, Reach.PAYEE)])

    assert (HEAT, 0, 20, 35, True) in told(found)
    assert (SEWERAGE, 0, 60, 25, True) in told(found)
    assert (SEWERAGE, 1, 60, 15, True) in told(found)
    assert found.unpaid[HEAT, 0] == 35


def test_the_common_advance_pays_any_debt_whatever_the_rule() -> None:
    found = paid(
        [[100, 0, 0], [50, 0, 0], [50, 0, 0]], [(NO_ROW, 5, 120, UNNAMED)], rules=[(0, Reach.SERVICE)]
    )

    assert told(found) == {
        (WATER, 0, 10, 60, False),
        (SEWERAGE, 0, 10, 30, False),
        (HEAT, 0, 10, 30, False),
    }


def test_a_charge_taken_back_is_money_of_its_own_service() -> None:
    principal = [[100, -30, 0], [0, 20, 0], [0, 20, 0]]

    apart = paid(principal, [(WATER, 20, 100, 0)], rules=[(0, Reach.SERVICE)])
    pooled = paid(principal, [(WATER, 20, 100, 0)], rules=[])

    assert apart.own.tolist() == [30, 0, 0]
    assert told(pooled) >= {(SEWERAGE, 1, 40, 15, True), (HEAT, 1, 40, 15, True)}


months = st.lists(st.integers(-300, 1_000), min_size=3, max_size=3)
principals = st.lists(months, min_size=3, max_size=3)
moneys = st.lists(
    st.tuples(st.integers(-1, 2), st.integers(1, 99), st.integers(1, 900), st.integers(-1, 2)),
    max_size=10,
    unique_by=lambda one: (one[0], one[1], one[3]),
)
changes = st.lists(
    st.tuples(st.integers(0, 99), st.sampled_from(Reach)), max_size=3, unique_by=lambda one: one[0]
)


@settings(max_examples=150, deadline=None)
@given(principals, moneys, changes)
def test_money_is_neither_made_nor_lost(
    principal: list[list[int]], events: list[Event], rules: list[tuple[int, Reach]]
) -> None:
    found = paid(principal, events, sorted(rules))

    charges = np.array(principal)
    came = sum(one[2] for one in events) - int(np.minimum(charges, 0).sum())
    owed = int(np.maximum(charges, 0).sum())
    assert came == int(found.amount.sum() + found.own.sum() + found.common.sum())
    assert owed == int(found.amount.sum() + found.unpaid.sum())
    assert (found.unpaid >= 0).all()
    assert (found.own >= 0).all()
    assert found.common[0] >= 0


@settings(max_examples=150, deadline=None)
@given(principals, moneys)
def test_without_a_rule_nothing_is_held_while_anything_is_owed(
    principal: list[list[int]], events: list[Event]
) -> None:
    found = paid(principal, events, [])

    assert not (found.unpaid.any() and (found.own.any() or found.common.any()))


@settings(max_examples=150, deadline=None)
@given(
    principals,
    st.lists(
        st.tuples(st.just(NO_ROW), st.integers(1, 99), st.integers(1, 900), st.integers(-1, 2)),
        max_size=8,
        unique_by=lambda one: one[1],
    ),
)
def test_without_a_rule_months_are_paid_as_in_the_pooled_way(
    principal: list[list[int]], events: list[Event]
) -> None:
    principal = [[abs(one) for one in row] for row in principal]
    found = paid(principal, events, [])
    pooled = timeline.when_paid(
        Charged(np.array(principal).sum(axis=0)[None, :], ints(CHARGED_ON)),
        timeline.Money(
            ints([0] * len(events)),
            ints([one[1] for one in events]),
            ints([one[2] for one in events]),
            ints([one[3] for one in events]),
        ),
        100,
    )

    assert _by_month(found.month, found.day, found.amount) == _by_month(
        pooled.month, pooled.day, pooled.amount
    )


def _by_month(*columns: object) -> dict[tuple[int, int], int]:
    out: dict[tuple[int, int], int] = {}
    for month, day, amount in zip(*(one.tolist() for one in columns), strict=True):  # type: ignore[attr-defined]
        out[month, day] = out.get((month, day), 0) + amount
    return out


def test_many_accounts_at_once_are_as_each_alone() -> None:
    rows = Rows(
        ints([0, 0, 1, 1]),
        ints([2, 3, 2, 3]),
        np.array([[100, 0, 0], [70, 0, 0]] * 2, np.int64),
        ints(CHARGED_ON),
    )
    money = Money(ints([0, 1]), ints([0, 2]), ints([20, 25]), ints([130, 130]), ints([0, 0]))

    found = when_paid(rows, money, Rules.of([[], [(0, Reach.PAYEE)]]), 2, 100)

    assert told(found) == {(0, 0, 20, 100, False), (1, 0, 20, 30, True), (2, 0, 25, 100, False)}
    assert found.own.tolist() == [0, 0, 30, 0]
