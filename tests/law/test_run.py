"""The runner finds every kind of difference, keeps houses whole among strangers, tells by exit code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from billing.accrue import accrue
from billing.basis import Basis
from billing.block import Block
from billing.lawcase.block import build
from billing.lawcase.cli import law_test
from billing.lawcase.crowd import crowd
from billing.lawcase.load import load_text
from billing.lawcase.model import Case
from billing.lawcase.run import HIDDEN, Check, hide, run_cases
from billing.lines import Lines
from billing.parked import Parked, Reason
from billing.period import Period

pytestmark = pytest.mark.fast

CASE = """
- case: Вода по счётчику и содержание
  period: 2026-01
  law: {tariffs: {cold_water: 45.67, upkeep: 34.17}}
  account: {area: 54.3, residents: 2}
  meters:
    - {service: cold_water, readings: {2025-12: 100, 2026-01: 107}}
  expect:
    - {service: cold_water, basis: meter, volume: 7, amount: 31969}
    - {service: upkeep, basis: area, volume: 54.3, amount: 185543}
"""


def case_of(text: str = CASE) -> Case:
    return load_text(text, "проба.yaml")[0]


def checks_of(text: str, strangers: int = 0) -> list[Check]:
    return run_cases([case_of(text)], accrue, np.random.default_rng(3), strangers)


def test_what_agrees_is_good_alone_and_hidden() -> None:
    checks = checks_of(CASE, 60)

    assert len(checks) == 4
    assert all(check.ok for check in checks)


@pytest.mark.parametrize(
    ("old", "new", "got"),
    [
        ("amount: 31969", "amount: 31968", "319,69"),
        ("volume: 7,", "volume: 7.000001,", "7 м³"),
        ("basis: meter", "basis: norm", "meter"),
        ("amount: 31969", "amount: 31969, surcharge: 1", "319,69 ₽"),
        ("amount: 31969", "amount: 31969, tariff: 45.68", "по 45,67"),
        ("amount: 31969", "amount: 31969, days: 1-30", "1–31"),
        ("service: cold_water, basis", "service: hot_water, basis", "—"),
        ("    - {service: upkeep, basis: area, volume: 54.3, amount: 185543}\n", "", "855,43"),
    ],
)
def test_a_difference_is_found_and_shown(old: str, new: str, got: str) -> None:
    assert old in CASE
    text = CASE.replace(old, new, 1)
    if "hot_water" in new:
        text = text.replace("  account:", "  house: {services: [cold_water, upkeep]}\n  account:", 1)

    wrong = [check for check in checks_of(text) if not check.ok]

    assert wrong
    assert any(got in check.got for check in wrong)


def test_lines_of_ignored_services_are_not_compared() -> None:
    without = CASE.replace("    - {service: upkeep, basis: area, volume: 54.3, amount: 185543}\n", "")

    assert all(check.ok for check in checks_of(without + "  ignore: [upkeep]\n"))


def test_parking_is_compared_by_reason_and_service() -> None:
    parked = CASE[: CASE.index("  expect:")].replace("upkeep: 34.17", "upkeep: none")

    assert all(check.ok for check in checks_of(parked + "  parked: {reason: no_tariff, service: upkeep}\n"))
    assert not all(check.ok for check in checks_of(parked + "  parked: no_norm\n"))
    assert not all(check.ok for check in checks_of(parked + "  parked: {reason: no_tariff, service: gas}\n"))
    assert not all(check.ok for check in checks_of(parked + "  expect: []\n"))
    assert not all(check.ok for check in checks_of(CASE[: CASE.index("  expect:")] + "  parked: no_tariff\n"))


def test_a_rule_that_looks_at_the_block_is_caught_only_in_the_crowd() -> None:
    """Right alone, wrong in a block: what the second pass is for."""

    def greedy(block: Block) -> tuple[Lines, Parked]:
        lines, parked = accrue(block)
        if len(block) > 1:
            lines.basis[lines.basis == Basis.METER] = Basis.NORM
        return lines, parked

    checks = run_cases([case_of()], greedy, np.random.default_rng(3), 40)

    assert {check.where for check in checks if not check.ok} == {HIDDEN}


def test_an_engine_that_falls_fails_the_case_and_the_others_go_on() -> None:
    def falls(block: Block) -> tuple[Lines, Parked]:
        raise ZeroDivisionError("сломалось")

    checks = run_cases([case_of(), case_of()], falls, np.random.default_rng(3), 0)

    assert [check.ok for check in checks] == [False, False]
    assert "сломалось" in checks[0].got


def test_a_line_that_does_not_prove_itself_fails_the_case() -> None:
    def forged(block: Block) -> tuple[Lines, Parked]:
        lines, parked = accrue(block)
        lines.amount_kopecks += 1
        return lines, parked

    assert not run_cases([case_of()], forged, np.random.default_rng(3), 0)[0].ok


def test_hiding_keeps_the_house_whole_and_loses_nobody() -> None:
    case = case_of()
    house = replace(case.house, accounts=case.house.accounts * 3)
    others = crowd(np.random.default_rng(1), case.period, 100)

    houses, at = hide(house, others, np.random.default_rng(2))

    assert len(houses) == len(others) + 1
    assert houses[at].law is house.law
    assert sum(len(h.accounts) for h in houses) == 103
    block = build(houses, case.period).block
    assert np.all(np.diff(block.accounts.house) >= 0)
    assert np.all(np.diff(block.accounts.id) > 0)


def test_the_crowd_depends_on_the_seed_alone() -> None:
    period = Period.parse("2026-01")

    first, again, other = (crowd(np.random.default_rng(seed), period, 50) for seed in (1, 1, 2))

    assert first == again
    assert first != other


# ---- the command -----------------------------------------------------------------------------------------


def run(tmp_path: Path, text: str, **options: bool) -> tuple[int, list[str]]:
    path = tmp_path / "случай.yaml"
    path.write_text(text, encoding="utf-8")
    said: list[str] = []
    code = law_test([str(path)], accrue, said.append, strangers=0, **options)
    return code, said


def test_the_command_says_yes_with_zero(tmp_path: Path) -> None:
    code, said = run(tmp_path, CASE, as_json=True)

    result = json.loads(said[-1])
    assert code == 0
    assert (result["ok"], result["cases"], result["failed"], result["differences"]) == (True, 1, 0, [])
    assert any("✓" in line for line in said)


def test_the_command_says_no_with_one_and_names_the_place(tmp_path: Path) -> None:
    code, said = run(tmp_path, CASE.replace("31969", "31970"), as_json=True, only_failures=True)

    result = json.loads(said[-1])
    assert code == 1
    assert result["failed"] == 1
    assert result["differences"][0]["where"] == "alone"
    assert result["differences"][0]["line"] == 2
    assert any("случай.yaml:2" in line for line in said)


def test_an_unreadable_case_says_no_with_one(tmp_path: Path) -> None:
    code, said = run(tmp_path, CASE.replace("basis: meter", "basis: metre"), as_json=True)

    assert code == 1
    assert "metre" in said[0]
    assert json.loads(said[-1])["ok"] is False


def test_reasons_of_parking_keep_their_names() -> None:
    """Cases name reasons by the names stored with parked accounts."""
    assert {reason.name for reason in Reason} >= {"NO_TARIFF", "NO_NORM", "NO_AREA", "NEIGHBOUR"}
