"""kill -9 of each part of a whole stack in the middle of a run: it ends with the same digest."""

import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from cluster.processes import PidFile
from tests.support.browser import City, whole_city
from tests.support.command import ended, start

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(600)]

RUN_S_MAX = 400.0
VICTIMS = ("actors", "ray", "nats", "postgres")


@pytest.fixture(scope="module")
def killed_city() -> Iterator[City]:
    """A city of this module alone: its month is never published, so that each run charges everybody."""
    yield from whole_city("killed-city")


@pytest.fixture(scope="module")
def digest(killed_city: City) -> str:
    """Digest of a run nobody disturbed."""
    done = finish(start(killed_city.home, "run", "--scope", "city", "--json"))
    assert int(done["lines"]) > 0, "an empty run would prove nothing"
    return done["digest"]


def finish(running: subprocess.Popen[str]) -> dict[str, str]:
    called = ended(running, RUN_S_MAX)
    assert called.code == 0, called.err
    return called.json


def until(condition: Callable[[], bool], limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def commands(city: City) -> int:
    """How many runs the actors were told to start, by their log."""
    return (city.home / "logs" / "actors.log").read_text("utf-8", "replace").count("commands.runs.start")


@pytest.mark.parametrize("victim", VICTIMS)
def test_run_ends_with_the_same_digest_when_a_part_is_killed(
    killed_city: City, digest: str, victim: str
) -> None:
    pid_file = PidFile(killed_city.home / "run" / f"{victim}.pid")
    before = pid_file.process()
    assert before is not None

    told = commands(killed_city)
    running = start(killed_city.home, "run", "--scope", "city", "--json")
    until(lambda: commands(killed_city) > told)  # the actors have the command: blocks are being computed
    before.kill()
    until(lambda: pid_file.process() not in (None, before))
    done = finish(running)

    assert done["state"] == "checked"
    assert done["digest"] == digest
