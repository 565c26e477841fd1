"""The benchmark of rules: what it prints, and that its peer computes the same month."""

import json
from typing import Any

import numpy as np
import pytest

from benchmarks.accrual import make_blocks, run
from benchmarks.peers import openfisca_city
from billing.accrue import accrue

FIELDS = {
    *("bench", "accounts", "lines", "cores", "seconds", "rate", "unit", "ceilings", "peers", "stages"),
    *("peak_rss_mb", "digest"),
}


@pytest.fixture(scope="module")
def printed() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(run(1_500).as_dict()))
    return made


def test_figures_of_different_days_have_one_shape(printed: dict[str, Any]) -> None:
    assert printed.keys() >= FIELDS
    assert printed["bench"] == "accrual"
    assert printed["unit"] == "lines/s"
    assert printed["lines"] > 10 * printed["accounts"]
    assert printed["rate"] == pytest.approx(printed["lines"] / printed["seconds"], rel=0.2)


def test_ratios_are_ours_over_theirs(printed: dict[str, Any]) -> None:
    for beside in (*printed["ceilings"], *printed["peers"]):
        assert beside["ratio"] == pytest.approx(printed["rate"] / beside["rate"], rel=0.01)
    assert [one["name"] for one in printed["ceilings"]] == ["numpy_multiply_round"]


def test_openfisca_gives_the_same_kopecks_but_for_its_floats(printed: dict[str, Any]) -> None:
    (peer,) = printed["peers"]

    assert peer["lines"] == printed["lines"]
    assert peer["largest_difference_kopecks"] <= 2
    assert peer["lines_different"] < peer["lines"] // 50


def test_openfisca_is_really_compared_and_not_echoed() -> None:
    (block,) = make_blocks(600, 3)
    lines, _ = accrue(block)
    lines.amount_kopecks = lines.amount_kopecks + np.where(lines.service == 7, 500, 0)

    off = openfisca_city.differences(block, lines)

    assert int((np.abs(off + 500) <= 2).sum()) == int((lines.service == 7).sum())


def test_the_same_seed_gives_the_same_digest() -> None:
    assert run(600, peers=False).digest == run(600, peers=False).digest
    assert run(600, peers=False).digest != run(600, peers=False, seed=2).digest
