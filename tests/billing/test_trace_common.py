"""Common needs told: every way of paying gives its kopecks back; a month leaves behind what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from billing.accrue import accrue, accrue_month
from billing.lawcase.block import build
from billing.lawcase.load import load_text
from billing.lawcase.model import Case
from billing.quantity import MICRO
from billing.services import Component, Method
from billing.trace import evaluate, explain
from billing.trace_line import Facts, Line

FILE = Path(__file__).parents[1] / "law" / "common_needs.yaml"
CASES = load_text(FILE.read_text(encoding="utf-8"), FILE.name)


def named(words: str) -> Case:
    return next(case for case in CASES if words in case.name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("is_told", [False, True])
def test_every_way_gives_its_kopecks_back(case: Case, is_told: bool) -> None:
    lines, _ = accrue(build([case.house], case.period).block)
    facts = Facts(house_area_dm2=case.house.area_total_dm2, common_area_dm2=case.house.area_common_dm2)

    for row in range(len(lines)):
        told = explain(Line.at(lines, row), case.period, facts if is_told else None)
        assert evaluate(told)[0] == lines.amount_kopecks[row], told.formula


def test_an_average_is_told_by_its_months_and_areas() -> None:
    case = named("Среднее за те месяцы")
    lines, _ = accrue(build([case.house], case.period).block)

    told = explain(Line.at(lines, 0), case.period, Facts(house_area_dm2=487_640))

    assert told.volume_formula == "9\u2009000 / 10 × 54,3 / 4\u2009876,4"


@pytest.mark.parametrize("words", ["и вода, и тепло", "если для общего имущества своего нет"])
def test_heat_by_an_average_is_told_by_the_heat_of_a_cubic_metre(words: str) -> None:
    case = named(words)
    lines, _ = accrue(build([case.house], case.period).block)
    heat = Line.at(lines, int((lines.component == Component.HEAT_PART).nonzero()[0][0]))
    q = 61_100 if "и вода" in words else 50_000

    told = explain(heat, case.period, Facts(house_area_dm2=50_000, heat_per_m3_micro=q))
    blind = explain(heat, case.period, Facts(house_area_dm2=50_000))

    formulas = ("120 / 12 × 50 / 500 × 0,0611", "90 / 10 × 50 / 500 × 0,05")
    assert told.volume_formula in formulas
    assert evaluate(told)[0] == evaluate(blind)[0] == int(heat.amount_kopecks)
    assert any("вместе с теплом" in note for note in blind.notes)


def test_a_month_lessened_by_what_came_before_says_so() -> None:
    case = named("Остаток прошлых месяцев уменьшает")
    lines, _ = accrue(build([case.house], case.period).block)
    row = int((lines.service == 25).nonzero()[0][0])

    told = explain(Line.at(lines, row), case.period, Facts(house_area_dm2=487_640))

    assert told.volume_formula == "732 × 54,3 / 4\u2009876,4"
    assert any("уменьшил объём месяца" in note for note in told.notes)
    assert not any("никто не проживает" in note for note in told.notes)


@pytest.mark.parametrize(
    ("words", "charged", "balance"),
    [
        ("Остаток прошлых месяцев уменьшает", 732, 0),
        ("Остаток больше объёма месяца", 0, -868),
        ("но не больше норматива — разницу", 713, 0),
        ("По среднему прошлого года", 1000, 0),
        ("не переносит отрицательное", 2000, -1000),
    ],
)
def test_a_month_leaves_what_it_says(words: str, charged: int, balance: int) -> None:
    case = named(words)
    block = build([case.house], case.period).block

    month = accrue_month(block).common[25]

    assert month.charged.tolist() == [charged * MICRO]
    assert month.balance.tolist() == [balance * MICRO]
    assert month.asked.all()


def test_the_rest_of_a_year_joins_the_balance() -> None:
    case = named("Корректировка СОИ вверх")
    block = build([case.house], case.period).block
    assert block.common is not None
    past = block.common[25]
    assert past.fix is not None
    past.carried = np.array([-30 * MICRO])
    past.fix.used, past.fix.left = np.array([-30 * MICRO]), np.array([-7 * MICRO])

    month = accrue_month(block).common[25]

    assert month.method.tolist() == [Method.COMMON_NORM]
    assert month.balance.tolist() == [-7 * MICRO]
