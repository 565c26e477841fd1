"""Rows of what the law leaves open: a setting rules obey, a choice about penalties, or decided."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from billing.choices import QUESTIONS
from billing.open_points import OpenPoint, open_points
from storage.penalty_law import DELIVERED
from storage.penalty_settings import CHOICES

OF_A_MONTH = {"choice_common_fix"}
"""Says in which month a thing is done, not how: proved in tests/storage/test_common_needs.py."""
LAW = Path(__file__).parent.parent / "law"


def test_every_setting_is_a_row_and_every_row_names_a_setting_that_is() -> None:
    settings = [point.setting for point in open_points() if point.setting]
    penalties = [point.penalty for point in open_points() if point.penalty]

    assert sorted(settings) == sorted(QUESTIONS)
    assert sorted(penalties) == sorted(set(CHOICES) - {DELIVERED})


@pytest.mark.parametrize("point", open_points(), ids=lambda point: point.point)
def test_a_row_has_another_reading_exactly_when_something_decides_it(point: OpenPoint) -> None:
    assert bool(point.other) == (not point.is_fixed)
    assert "" not in (point.point, point.default, point.ground, point.where)
    assert "" in (point.setting, point.penalty)


def test_every_answer_has_its_case() -> None:
    cases = yaml.safe_load((LAW / "choices.yaml").read_text(encoding="utf-8"))

    named = {
        (key, str(case["law"][key])) for case in cases for key in case.get("law", {}) if key in QUESTIONS
    }

    assert named == {
        (key, answer.key) for key, one in QUESTIONS.items() if key not in OF_A_MONTH for answer in one.answers
    }
