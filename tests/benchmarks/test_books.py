"""The measurement of a city's money at its smallest: it distributes, and the books agree before and after."""

import pytest

from benchmarks.books import run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_small_city_is_distributed_and_its_books_agree() -> None:
    report = run(accounts=200, months=2)

    assert report.lines > 0
    assert report.details["shares"] > 0
    assert {"check", "plan", "post", "check_after"} <= report.stages.keys()
