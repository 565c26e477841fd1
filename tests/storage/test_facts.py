"""Splitting stretches of facts says the same as counting day by day."""

import datetime as dt
from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from storage.facts import FOREVER, Facts, Stretch, split

DAYS = st.integers(0, 400).map(lambda n: dt.date(2026, 1, 1) + dt.timedelta(days=n))


@given(st.lists(st.tuples(DAYS, DAYS, st.integers(1, 3)), max_size=8))
def test_split_says_the_same_as_counting_days(changes: list[tuple[dt.date, dt.date, int]]) -> None:
    start, end = dt.date(2026, 1, 1), dt.date(2027, 3, 1)
    stretches = [Stretch(1, start, FOREVER, Facts(None, None, None, 0, 0, 1, 0))]
    counted: Counter[dt.date] = Counter()
    for first, after, number in changes:
        if first >= after:
            continue

        def add(facts_: Facts, number: int = number) -> Facts:
            return Facts(None, None, None, facts_.residents + number, 0, 1, 0)

        stretches = split(stretches, first, after, add)
        for n in range((after - first).days):
            counted[first + dt.timedelta(days=n)] += number

    assert stretches[0].first == start
    assert stretches[-1].after == FOREVER
    assert all(one.after == other.first for one, other in pairwise(stretches))
    for n in range((end - start).days):
        today = start + dt.timedelta(days=n)
        (found,) = [one for one in stretches if one.first <= today < one.after]
        assert found.facts.residents == counted[today]
