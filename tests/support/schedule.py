"""Which xdist worker runs a test: a module stays whole (it shares a database), Ray is in one worker."""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[2]
RAY = "ray"
NEEDS_RAY = re.compile(r"\bray_cluster\b|\bcluster_utils\b|\bcity: City\b|\bmark\.ray\b")


class ByModule(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Modules in the order of their names, which puts the long ones of actors and Ray first."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return RAY if needs_ray(path) else path


@cache
def needs_ray(path: str) -> bool:
    """Whether a module starts Ray or a whole stack, by what it asks for."""
    file = ROOT / path
    return file.is_file() and NEEDS_RAY.search(file.read_text()) is not None
