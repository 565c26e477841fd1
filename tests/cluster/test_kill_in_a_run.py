"""kill -9 of each part of a whole stack in the middle of a run: it ends with the same digest."""

import subprocess
import time
from collections.abc import Callable

import pytest

from cluster.processes import PidFile
from tests.support.browser import City
from tests.support.command import ended, start

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(600)]

RUN_S_MAX = 400.0
VICTIMS = ("actors", "ray", "nats", "postgres")


@pytest.fixture(scope="module")
def digest(city: City) -> str:
    """Digest of a run nobody disturbed."""
    return finish(start(city.home, "run", "--scope", "city", "--json"))["digest"]


def finish(running: subprocess.Popen[str]) -> dict[str, str]:
    called = ended(running, RUN_S_MAX)
    assert called.code == 0, called.err
    return called.json


def until(condition: Callable[[], bool], limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("victim", VICTIMS)
def test_run_ends_with_the_same_digest_when_a_part_is_killed(city: City, digest: str, victim: str) -> None:
    pid_file = PidFile(city.home / "run" / f"{victim}.pid")
    before = pid_file.process()
    assert before is not None

    running = start(city.home, "run", "--scope", "city", "--json")
    time.sleep(2.5)  # the command is on its way or blocks are being computed
    before.kill()
    until(lambda: pid_file.process() not in (None, before))
    done = finish(running)

    assert done["state"] == "checked"
    assert done["digest"] == digest
