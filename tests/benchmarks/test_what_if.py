"""The benchmarks of «что если» and of corrections do what they say on a small city."""

from __future__ import annotations

from benchmarks import correction, what_if


def test_what_if_says_how_long_a_million_takes_and_who_pays_more() -> None:
    report = what_if.run(400).as_dict()

    assert report["bench"] == "what-if"
    assert report["rate"] > 0
    assert report["more"] > report["less"] > 0 or report["less"] == 0
    assert [one["name"] for one in report["ceilings"]] == ["rules_alone"]
    assert [one["name"] for one in report["peers"]] == ["nothing_warm"]
    assert {"raising", "norm_of_cold_water", "whole"} <= set(report["others_a_million_one_core"])
    assert 100 < report["bytes_an_account"] < 2_000


def test_a_correction_finds_differences_and_is_measured_beside_its_rules() -> None:
    report = correction.run(150).as_dict()

    assert report["months"] == 36
    assert 0 < report["difference_lines"] < report["lines"]
    assert report["ceilings"][0]["ratio"] <= 1.2
    assert report["peers"][0]["name"] == "python_rows"
    assert report["digest"] == correction.run(150, peers=False).as_dict()["digest"]
