"""Where the cases are, and how the files of the project are read by tests of this folder."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path

import billing
from billing.lawcase.load import load_paths
from billing.lawcase.model import Case
from billing.rule import CLAUSES

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
EXAMPLES = ROOT.parent / "shared" / "law-cases" / "examples.yaml"


@cache
def all_cases() -> tuple[Case, ...]:
    return tuple(load_paths([HERE]))


@cache
def all_clauses() -> dict[str, list[str]]:
    """Every clause of the product with its functions, whatever a test file itself imports.

    Rules register their clauses when they are imported, so all of them are imported here.
    """
    for module in pkgutil.walk_packages(billing.__path__, "billing."):
        import_module(module.name)
    return CLAUSES
