"""Advisory locks of the database: a number means one thing."""

import re
from collections import defaultdict

from tests.arch.sources import ROOT

NAMED = re.compile(r"^([A-Z_]*LOCK) = (7_120_\d{3})", re.M)
WITH_SECOND = {"PUBLISH_LOCK"}  # taken with a month beside it: another space of numbers


def test_each_lock_has_a_number_of_its_own() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted([*(ROOT / "storage").rglob("*.py"), *(ROOT / "actors").rglob("*.py")]):
        for name, number in NAMED.findall(path.read_text("utf-8")):
            if name not in WITH_SECOND:
                found[number].add(f"{path.relative_to(ROOT)}: {name}")

    assert len(found) > 5
    assert {number: where for number, where in found.items() if len(where) > 1} == {}
