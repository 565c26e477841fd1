"""Imports go one way, and siblings leave each other alone."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.arch.sources import PACKAGES, ROOT, imports, name, python_files

SHARED_OF_GATEWAYS = {"bus"}  # what actors use to carry events; not a counterpart


def test_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_contracts_cover_every_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    covered = project["tool"]["importlinter"]["root_packages"]
    there = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}

    assert set(covered) == set(PACKAGES) == there


@pytest.mark.parametrize(
    ("package", "shared"), [("web", set()), ("gateways", SHARED_OF_GATEWAYS)], ids=["web", "gateways"]
)
def test_siblings_do_not_import_each_other(package: str, shared: set[str]) -> None:
    features = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")} - shared

    assert list(_crossings(package, features)) == []


def _crossings(package: str, features: set[str]) -> Iterator[str]:
    for path in python_files(package):
        own = path.relative_to(ROOT / package).parts[0]
        if own not in features:
            continue
        for imported in imports(path):
            words = imported.split(".")
            if words[0] == package and len(words) > 1 and words[1] in features - {own}:
                yield f"{name(path)} imports {imported}"


def test_only_the_bus_knows_nats() -> None:
    strangers = [
        f"{name(path)} imports {imported}"
        for path in python_files(*PACKAGES)
        for imported in imports(path)
        if imported.split(".")[0] == "nats" and path.parent != ROOT / "gateways" / "bus"
    ]

    assert strangers == []


def test_the_past_of_a_meter_changes_in_one_place() -> None:
    """Readings after an event are derived again by storage.meter_events, so nobody else may write one."""
    writes = re.compile(
        r"INSERT INTO meter_events|insert\(MeterEvent\)|UPDATE meters SET [^\n]*(verified_until|has_events)"
    )
    found = [
        name(path)
        for path in python_files(*PACKAGES)
        if path != ROOT / "storage" / "meter_events.py" and writes.search(path.read_text())
    ]

    assert found == []
