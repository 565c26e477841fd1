"""Units of premises with distributors: readings by factors of radiators, one rounding."""

from __future__ import annotations

import pytest

from billing.distributors import units_of

ONE = 1_000_000


@pytest.mark.parametrize(
    ("parts", "units"),
    [
        ([], 0),
        ([(1_000 * ONE, 1_250_000), (500 * ONE, 800_000)], 1_650 * ONE),
        ([(1, 500_000)], 1),  # half of a millionth goes up
        ([(1, 400_000), (1, 400_000)], 1),  # 0.8: rounded once, after the sum
        ([(10**15, 100 * ONE)], 10**17),  # the longest reading and factor
    ],
)
def test_units_are_readings_times_factors(parts: list[tuple[int, int]], units: int) -> None:
    assert units_of(parts) == units
