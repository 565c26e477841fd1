"""Schemas of ISO 20022 that packages of others carry: independent judges of what we write."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from xmlschema import XMLSchema


def schema_of(package: str, name: str) -> XMLSchema:
    """The schema of this name; the package is only looked into, not imported."""
    spec = find_spec(package)
    assert spec is not None, f"{package} is not installed: make install-dev"
    assert spec.origin is not None
    return XMLSchema(min(Path(spec.origin).parent.rglob(name)))
