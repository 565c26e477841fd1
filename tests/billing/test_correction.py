"""A published month becomes what it should be, once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.blocks import ODD, USUAL, make_block
from billing.accrue import accrue
from billing.correction import UnmatchedReversalError, difference, net
from billing.lines import REVERSAL, Lines
from billing.services import Service

pytestmark = pytest.mark.fast


def billed(seed: int, dearer: int = 0) -> Lines:
    block = make_block(300, seed, mix=USUAL)
    if dearer:
        table = block.rates[Service.COLD_WATER, 0]
        block.rates[Service.COLD_WATER, 0] = replace(table, values=table.values + dearer)
    return accrue(block)[0]


def same(one: Lines, other: Lines) -> bool:
    return len(one) == len(other) and one.digest() == other.digest()


def test_nothing_changed_posts_nothing() -> None:
    lines = billed(1)

    assert len(difference(lines, lines)) == 0


def test_a_new_price_touches_its_service_only() -> None:
    before, after = billed(1), billed(1, dearer=100)
    change = difference(before, after)

    assert set(change.service.tolist()) == {Service.COLD_WATER}
    water = int((before.service == Service.COLD_WATER).sum())
    assert int((change.kind == REVERSAL).sum()) == water
    assert change.total() == after.total() - before.total()
    change.check()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 500), other=st.integers(0, 500), third=st.integers(0, 500))
def test_applied_again_and_again_it_ends_where_it_should(seed: int, other: int, third: int) -> None:
    """Posted + difference nets to the proposed; the second time there is nothing to post."""
    posted = billed(seed)
    for proposed in (billed(other), billed(third), billed(seed)):
        change = difference(posted, proposed)
        posted = Lines.concat([posted, change])

        assert same(net(posted), proposed)
        assert len(difference(posted, proposed)) == 0
        assert posted.total() == proposed.total()


def test_lines_cut_by_a_tariff_are_taken_back_whole() -> None:
    block = make_block(300, 2, mix=ODD)
    lines = accrue(block)[0]
    some = np.flatnonzero(lines.first_day > 1)
    assert some.size
    fewer = lines.take(np.setdiff1d(np.arange(len(lines)), some[:1]))
    change = difference(lines, fewer)
    account, service = lines.account_id[some[0]], lines.service[some[0]]

    assert set(change.account_id.tolist()) == {account}
    assert set(change.service.tolist()) == {service}
    assert int((change.kind == REVERSAL).sum()) > int((change.kind != REVERSAL).sum())


def test_a_service_that_is_gone_is_reversed() -> None:
    lines = billed(3)
    kept = lines.take(lines.service != Service.WASTE)
    change = difference(lines, kept)

    assert set(change.service.tolist()) == {Service.WASTE}
    assert (change.kind == REVERSAL).all()
    assert change.total() == kept.total() - lines.total()


def test_empty_sides() -> None:
    lines = billed(4)

    assert len(difference(Lines.empty(), Lines.empty())) == 0
    assert same(difference(Lines.empty(), lines), lines)
    assert difference(lines, Lines.empty()).total() == -lines.total()


def test_reversals_that_pair_with_nothing_are_refused() -> None:
    lines = billed(5)

    with pytest.raises(UnmatchedReversalError, match="сторно не сходятся"):
        net(lines.reversal())
    one = lines.take(np.arange(1))
    with pytest.raises(UnmatchedReversalError, match="сторно не сходятся"):
        net(Lines.concat([one, one, one, one.reversal()]))


def test_accounts_left_alone_without_sorting_change_nothing_of_the_difference() -> None:
    """Scattered lines go the long way over every line; both ways post the same."""
    posted = accrue(make_block(300, 3, mix=ODD))[0]
    proposed = Lines.concat([accrue(make_block(300, 3, mix=ODD))[0]])
    touched = np.flatnonzero(np.arange(len(proposed)) % 37 == 0)
    proposed.rate[touched] += 100
    proposed = proposed.take(np.flatnonzero(proposed.account_id % 29 != 0))
    scattered = posted.take(np.random.default_rng(1).permutation(len(posted)))

    short, long = difference(posted, proposed), difference(scattered, proposed)

    assert 0 < len(short) < len(posted)
    assert short.digest() == long.digest()
    assert len(short) == len(long)
