"""Reductions told: the text of every formula gives the kopecks of its line, and reads as a person would say
it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from billing.accrue import accrue
from billing.basis import REDUCTIONS
from billing.lawcase.block import build
from billing.lawcase.load import load_paths
from billing.trace import evaluate, explain
from billing.trace_line import Line

pytestmark = pytest.mark.fast

FILES = [
    Path(__file__).parent.parent / "law" / f"{name}.yaml"
    for name in ("absence", "quality", "unauthorised", "communal", "electricity", "heating")
]
CASES = load_paths(FILES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_formula_gives_the_kopecks_of_its_line(case: object) -> None:
    lines, _ = accrue(build([case.house], case.period).block)  # type: ignore[attr-defined]

    for row in range(len(lines)):
        line = Line.at(lines, row)
        told = explain(line, case.period)  # type: ignore[attr-defined]
        back = explain(Line.at(lines.reversal(), row), case.period)  # type: ignore[attr-defined]
        assert evaluate(told) == (line.amount_kopecks, line.surcharge_kopecks), told.formula
        assert evaluate(back) == (-line.amount_kopecks, -line.surcharge_kopecks), back.formula


def test_a_break_is_told_as_hours_and_a_share_of_the_charge() -> None:
    case = next(one for one in CASES if one.covers == ("F023",))
    lines, _ = accrue(build([case.house], case.period).block)
    at = next(row for row in range(len(lines)) if lines.basis[row] in REDUCTIONS)

    told = explain(Line.at(lines, at), case.period)

    assert told.formula == "(−(5 × 0,0015)) × 500,00"
    assert told.volume == "−0,75 %"
    assert (
        "Холодное водоснабжение — перерыв дольше допустимого, −0,75 % от 500,00 ₽: −3,75 ₽." in told.sentence
    )
