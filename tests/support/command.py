"""The command line as a person calls it: a process of its own, its exit code, words and last JSON line."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CALL_S_MAX = 330.0


@dataclass(frozen=True, slots=True)
class Called:
    """What a call left: code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The last line of stdout, which --json promises to be one object."""
        found: dict[str, Any] = json.loads(self.out.strip().splitlines()[-1])
        return found


def paylogic(home: Path, *words: str, limit_s: float = CALL_S_MAX, **env: str) -> Called:
    """Call `paylogic WORDS` on the stack of a home, free of PAYLOGIC_* settings around us."""
    return ended(start(home, *words, **env), limit_s)


def start(home: Path, *words: str, **env: str) -> subprocess.Popen[str]:
    """Begin such a call and do not wait for its end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PAYLOGIC_")}
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("paylogic")), *words],
        env=clean | {"PAYLOGIC_HOME": str(home), "PAYLOGIC_RAY_CPUS": "2"} | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(running: subprocess.Popen[str], limit_s: float = CALL_S_MAX) -> Called:
    """Wait for the end of a call; one that does not end is killed and fails the test."""
    try:
        out, err = running.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        running.kill()
        running.communicate()
        raise
    return Called(running.returncode, out, err)
