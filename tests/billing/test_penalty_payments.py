"""The day each month was paid, and who of its payees was: against the same by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.money import share_out
from billing.penalty.split import Parts, shares, split
from billing.penalty.timeline import UNNAMED, Charged, Money, when_paid

pytestmark = pytest.mark.fast

Event = tuple[int, int, int, int]  # account, day, kopecks, month


def ints(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


def paid_by_hand(
    principal: list[int], charged_on: list[int], events: list[tuple[int, int, int]], until: int
) -> tuple[dict[tuple[int, int], int], int]:
    """One account, one event after another: {(month, day): kopecks}, advance."""
    left = [max(one, 0) for one in principal]
    seen, advance = 0, 0
    parts: dict[tuple[int, int], int] = {}

    def pay(month: int, day: int, money: int) -> int:
        part = min(left[month], money)
        if part:
            left[month] -= part
            parts[month, day] = parts.get((month, day), 0) + part
        return money - part

    for day, money, named in [*sorted(events, key=lambda one: one[0]), (until, 0, UNNAMED)]:
        if day > until:
            continue
        while seen < len(principal) and charged_on[seen] <= day:
            advance += max(-principal[seen], 0)
            seen += 1
            for month in range(seen):
                advance = pay(month, charged_on[seen - 1], advance)
        if 0 <= named < seen:
            money = pay(named, day, money)
        for month in range(seen):
            money = pay(month, day, money)
        advance += money
    return parts, advance


months = st.lists(st.integers(-300, 1_000), min_size=3, max_size=3)
money = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 120), st.integers(1, 1_500), st.integers(-1, 2)), max_size=14
)


@settings(max_examples=150, deadline=None)
@given(st.lists(months, min_size=4, max_size=4), money, st.integers(20, 130))
def test_months_are_paid_in_the_order_of_the_law(
    principal: list[list[int]], events: list[Event], until: int
) -> None:
    charged_on = [10, 40, 70]
    columns = [ints([event[at] for event in events]) for at in range(4)]

    made = when_paid(
        Charged(np.array(principal, np.int64), ints(charged_on)),
        Money(columns[0], columns[1], columns[2], columns[3]),
        until,
    )

    for account in range(4):
        mine = np.flatnonzero(made.account == account)
        found: dict[tuple[int, int], int] = {}
        for row in mine.tolist():
            key = int(made.month[row]), int(made.day[row])
            found[key] = found.get(key, 0) + int(made.amount[row])
        own = [event[1:] for event in events if event[0] == account]
        assert (found, int(made.advance[account])) == paid_by_hand(principal[account], charged_on, own, until)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(1, 5_000), min_size=1, max_size=4), min_size=1, max_size=5), st.data())
def test_payments_of_a_month_are_shared_to_the_kopeck(owed: list[list[int]], data: st.DataObject) -> None:
    cells = ints([cell for cell, debts in enumerate(owed) for _ in debts])
    amount = ints([debt for debts in owed for debt in debts])
    paid: list[tuple[int, int, int]] = []
    for cell, debts in enumerate(owed):
        left = sum(debts)
        for day in range(data.draw(st.integers(0, 3))):
            part = data.draw(st.integers(0, left))
            left -= part
            if part:
                paid.append((cell, day, part))
    nothing = ints([])

    made = split(
        cells,
        amount,
        Parts(*(ints([one[at] for one in paid]) for at in range(3))),
        Parts(nothing, nothing, nothing),
    )

    left_by_hand = [list(debts) for debts in owed]
    expected: dict[tuple[int, int], int] = {}
    starts = np.cumsum([0, *(len(debts) for debts in owed)]).tolist()
    for cell, day, part in paid:
        for at, one in enumerate(share_out(part, left_by_hand[cell])):
            left_by_hand[cell][at] -= one
            if one:
                expected[starts[cell] + at, day] = one
    rows = zip(made.of.tolist(), made.day.tolist(), made.amount.tolist(), strict=True)
    assert {(of, day): kopecks for of, day, kopecks in rows} == expected


def test_what_the_ledger_says_stays_where_it_is() -> None:
    made = split(
        ints([0, 0, 0]),
        ints([100, 100, 100]),
        Parts(ints([0, 0]), ints([5, 9]), ints([150, 90])),
        Parts(ints([1]), ints([5]), ints([100])),
    )

    rows = list(zip(made.of.tolist(), made.day.tolist(), made.amount.tolist(), strict=True))
    assert rows == [(0, 5, 25), (0, 9, 45), (1, 5, 100), (2, 5, 25), (2, 9, 45)]


def test_shares_too_wide_for_a_product_are_exact() -> None:
    owed = [10**15 + 1, 10**15]

    assert shares(ints(owed), ints([0, 0]), ints([10**15])).tolist() == share_out(10**15, owed)


def test_no_payments_are_no_parts() -> None:
    nothing = ints([])
    empty = Parts(nothing, nothing, nothing)

    assert len(split(ints([0]), ints([100]), empty, empty).of) == 0
