"""A formula for the eye has no long fractions, says «≈» where it rounded, and keeps the exact ones beside
it.
"""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from benchmarks.blocks import ODD, USUAL, Mix, make_block
from billing.accrue import accrue
from billing.arithmetic import THIN_SPACE, evaluate
from billing.period import Period
from billing.trace import evaluate as kopecks
from billing.trace import explain
from billing.trace_line import Line
from billing.trace_shown import DIVISOR_MAX, rounded, short, shown

pytestmark = pytest.mark.fast

LONG = re.compile(rf"/ (\d[\d{THIN_SPACE}]*)(?![\d,{THIN_SPACE}])")


def test_a_long_fraction_becomes_a_decimal_and_is_kept() -> None:
    exact: dict[str, str] = {}

    assert short("138,62 × 337793167 / 243820000 × 2480,15", exact) == "138,62 × ≈1,385420 × 2480,15"
    assert exact == {"≈1,385420": "337793167 / 243820000"}


@pytest.mark.parametrize(
    "text",
    ["54,3 × 0,0216 × 142,6 / 4\u2009876,4", "10 / 3 × 45,67", "3 × 6,935 × 59,80", "93 / 31 × 4,3", ""],
)
def test_what_a_person_knows_stays(text: str) -> None:
    exact: dict[str, str] = {}

    assert short(text, exact) == text
    assert exact == {}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Fraction(1, 3), "≈0,333333"),
        (Fraction(5, 4), "1,25"),
        (Fraction(1, 3_000_000), "≈0,0000003333"),
        (Fraction(-2, 3), "(−≈0,666667)"),
        (Fraction(0), "0"),
    ],
)
def test_a_fraction_is_rounded_for_the_eye(value: Fraction, words: str) -> None:
    assert rounded(value) == (words, "≈" not in words)


@pytest.mark.parametrize(("seed", "mix"), [(1, USUAL), (3, ODD)])
def test_no_line_shows_a_long_fraction_and_each_exact_one_is_there(seed: int, mix: Mix) -> None:
    lines, _ = accrue(block := make_block(400, seed, mix=mix))
    about = 0
    for row in range(len(lines)):
        trace = explain(Line.at(lines, row), block.period)
        eye = shown(trace)
        texts = [eye.formula, eye.volume_formula, eye.surcharge_formula, *eye.notes]
        divisors = [int(found.replace(THIN_SPACE, "")) for text in texts for found in LONG.findall(text)]
        assert all(divisor <= DIVISOR_MAX for divisor in divisors), eye
        exact = {one.words: one.text for one in eye.numbers if one.key == "exact"}
        whole = eye.formula
        for words, fraction in exact.items():
            assert abs(evaluate(fraction)) > 0
            whole = whole.replace(words, fraction)
        assert evaluate(whole) == evaluate(trace.formula)
        assert kopecks(trace) == (lines.amount_kopecks[row], lines.surcharge_kopecks[row])
        about += bool(exact)

    assert about > 10


def test_numbers_of_the_trace_come_first() -> None:
    lines, _ = accrue(make_block(60, 1))
    trace = explain(Line.at(lines, 0), Period.parse("2026-10"))

    assert shown(trace).numbers[: len(trace.numbers)] == trace.numbers
