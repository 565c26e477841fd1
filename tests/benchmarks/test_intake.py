"""Waits of agents as they are reported."""

from benchmarks.intake import _percentiles


def test_percentiles_are_of_the_sorted_waits_in_milliseconds() -> None:
    waits = [number / 1000 for number in range(100, 0, -1)]

    assert _percentiles(waits) == {"p50": 51.0, "p95": 96.0, "p99": 100.0, "max": 100.0}


def test_one_wait_is_every_percentile() -> None:
    assert set(_percentiles([0.25]).values()) == {250.0}
