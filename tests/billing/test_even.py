"""A row divided into few even parts: none too heavy, none thin."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from billing.even import evenly


@given(st.lists(st.integers(1, 6), max_size=120), st.integers(6, 40))
def test_volumes_are_as_few_as_can_be_and_none_is_thin(weights: list[int], room: int) -> None:
    sizes = evenly(weights, room)

    assert sum(sizes) == len(weights)
    volumes, at = [], 0
    for size in sizes:
        volumes.append(sum(weights[at : at + size]))
        at += size
    assert all(0 < volume <= room for volume in volumes)
    if len(volumes) > 1:
        assert min(volumes) * 3 >= room - 5  # never a full one and a leaf or two


def test_a_block_a_leaf_too_thick_becomes_two_halves() -> None:
    assert evenly([2] * 21, 40) == [11, 10]
    assert evenly([2] * 20, 40) == [20]
    assert evenly([50, 1], 40) == [1, 1]
    assert evenly([], 40) == []
    assert evenly([200] * 11, 2_000) == [6, 5]
    assert evenly([1] * 7, 100, count_max=3) == [3, 2, 2]
