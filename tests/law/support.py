"""Where the cases are, and how the files of the project are read by tests of this folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from billing.lawcase.load import load_paths
from billing.lawcase.model import Case

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
EXAMPLES = ROOT.parent / "shared" / "law-cases" / "examples.yaml"


@cache
def all_cases() -> tuple[Case, ...]:
    return tuple(load_paths([HERE]))
