"""The glossary binds words to code that exists."""

from __future__ import annotations

import importlib
import re

import pytest

from tests.law.support import ROOT

PACKAGES = ("billing", "storage", "web", "actors", "gateways", "receipts")
DOTTED = re.compile(r"`((?:" + "|".join(PACKAGES) + r")(?:\.\w+)+)`")


def names() -> list[str]:
    return sorted(set(DOTTED.findall((ROOT / "GLOSSARY.md").read_text(encoding="utf-8"))))


def test_the_glossary_points_into_the_code() -> None:
    assert len(names()) > 20


@pytest.mark.parametrize("name", names())
def test_every_name_of_the_glossary_exists(name: str) -> None:
    assert exists(name), f"{name} of GLOSSARY.md is not in the code"


def exists(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        return hasattr(importlib.import_module(module), attribute)
    return True


def test_one_term_of_the_screen_names_one_thing() -> None:
    rows = [line.split("|") for line in (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()]
    codes = [
        row[2].strip() for row in rows if len(row) == 6 and not row[2].strip().startswith(("code", "---"))
    ]

    assert len(codes) == len(set(codes))
