"""The arithmetic of growth: ratios are later over earlier."""

from typing import Any

from benchmarks.scale import growth


def row(accounts: int, rate: float, house_seconds: float) -> dict[str, Any]:
    return {"accounts": accounts, "rate": rate, "house_seconds": house_seconds}


def test_a_city_that_grows_evenly_has_ratios_of_one() -> None:
    rows = [row(10_000, 50_000.0, 0.4), row(100_000, 50_000.0, 0.4)]

    assert growth(rows) == [{"from": 10_000, "to": 100_000, "time_per_account": 1.0, "time_per_house": 1.0}]


def test_slower_accounts_and_houses_show_as_more_than_one() -> None:
    (ratio,) = growth([row(10, 40.0, 0.2), row(100, 20.0, 0.5)])

    assert ratio["time_per_account"] == 2.0
    assert ratio["time_per_house"] == 2.5


def test_one_size_has_no_growth() -> None:
    assert growth([row(10, 40.0, 0.2)]) == []
