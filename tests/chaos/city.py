"""A whole stack on a small disk of its own, started by the command line, whose parts may be harmed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from cluster.processes import PidFile
from cluster.settings import Settings
from cluster.stack import Stack
from tests.support.command import paylogic
from tests.support.services import HOME_PREFIX

ACCOUNTS, SEED, MONTHS = 400, 7, 2
DISK_MB = 3_000  # the home's own disk: small, so that filling it takes a moment and harms nobody else
PARTS = ("postgres", "nats", "ray", "actors", "web")


@dataclass(frozen=True, slots=True)
class HarmedCity:
    """A running stack. has_disk: its home is a disk of its own, which may be filled."""

    home: Path
    url: str
    stack: Stack
    has_disk: bool

    @property
    def database_url(self) -> str:
        return self.stack.database_url

    def part(self, name: str) -> psutil.Process | None:
        """The living process of a part, if it lives now."""
        return PidFile(self.home / "run" / f"{name}.pid").process()

    def journal(self, name: str) -> str:
        """What a part has written so far."""
        path = self.home / "logs" / f"{name}.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def family(self, name: str) -> list[psutil.Process]:
        """A part and its children."""
        process = self.part(name)
        if process is None:
            return []
        try:
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


@contextmanager
def harmed_city(name: str) -> Iterator[HarmedCity]:
    """Up and seeded; stopped and removed at the end."""
    home = Path(tempfile.mkdtemp(prefix=f"{HOME_PREFIX}{name}-"))
    has_disk = _mount(home)
    try:
        up = paylogic(home, "up", "--json")
        assert up.code == 0, up.err
        sizes = ("--accounts", str(ACCOUNTS), "--seed", str(SEED), "--months", str(MONTHS))
        seeded = paylogic(home, "seed", *sizes, "--json")
        assert seeded.code == 0, seeded.err
        stack = Stack(Settings(home=home))
        yield HarmedCity(home, up.json["url"], stack, has_disk)
    finally:
        paylogic(home, "down")
        if has_disk:
            subprocess.run(["umount", "--lazy", str(home)], check=False)
        shutil.rmtree(home, ignore_errors=True)


def _mount(home: Path) -> bool:
    """Give a home a disk of its own; false where we may not (then nothing fills it)."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    options = f"size={DISK_MB}m,mode=0755"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "paylogic-chaos", str(home)], check=False, capture_output=True
    )
    return done.returncode == 0
