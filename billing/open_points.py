"""What the text of the law leaves open, row by row (law/choices.yaml): our answer, the other reading.

A row is decided by a question of billing.choices, by a choice about penalties, or for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """A row. other is "" where there is one reading; setting, penalty: keys, "" where there is none."""

    point: str
    default: str
    ground: str
    where: str
    other: str = ""
    setting: str = ""
    penalty: str = ""

    @property
    def is_fixed(self) -> bool:
        """Decided for good."""
        return not self.setting and not self.penalty


@cache
def open_points() -> tuple[OpenPoint, ...]:
    """Rows in the order of the table."""
    text = resources.files("billing.law").joinpath("choices.yaml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = yaml.safe_load(text)
    return tuple(OpenPoint(**row) for row in rows)
