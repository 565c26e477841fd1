"""A whole stack under its supervisor: up, status, down; parts killed with -9 come back and lose nothing."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cluster.postgres import EmbeddedPostgres
from cluster.processes import PidFile, is_alive, processes_where
from cluster.settings import Settings
from cluster.stack import Stack
from tests.support.command import Called, paylogic
from tests.support.services import HOME_VARIABLE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.chaos,
    pytest.mark.ray,
    pytest.mark.timeout(400),
]

RECOVERY_S_MAX = 90.0
SERVERS = ("postgres", "nats", "web")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    path = Path(os.environ[HOME_VARIABLE]) / "stack"
    up = paylogic(path, "up", "--json")
    assert up.code == 0, up.err
    yield path
    paylogic(path, "down")


def pid_file(home: Path, name: str) -> PidFile:
    return PidFile(home / "run" / f"{name}.pid")


def process(home: Path, name: str) -> psutil.Process:
    found = pid_file(home, name).process()
    assert found is not None, f"{name} does not run"
    return found


def database(home: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(Stack(Settings(home=home)))


def until(condition: Callable[[], bool], what: str, limit_s: float = RECOVERY_S_MAX) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def healthy(home: Path) -> Called:
    status = paylogic(home, "status", "--json")
    deadline = time.monotonic() + RECOVERY_S_MAX
    while status.code != 0:
        assert time.monotonic() < deadline, status.json
        time.sleep(0.5)
        status = paylogic(home, "status", "--json")
    return status


def test_status_tells_every_part_and_the_address(home: Path) -> None:
    status = paylogic(home, "status", "--json")

    assert status.code == 0
    assert status.json["healthy"] is True
    assert {"postgres", "nats", "ray", "web"} <= {part["name"] for part in status.json["parts"]}
    assert status.json["url"].startswith("http://localhost:")


def test_second_up_changes_nothing(home: Path) -> None:
    before = process(home, "postgres")

    again = paylogic(home, "up", "--json")

    assert again.json["healthy"] is True
    assert process(home, "postgres") == before


@pytest.mark.parametrize("name", SERVERS)
def test_killed_part_comes_back(home: Path, name: str) -> None:
    victim = process(home, name)
    database(home).sql(f"CREATE TABLE IF NOT EXISTS before_{name} AS SELECT 1 AS one", "paylogic")

    victim.kill()
    until(lambda: pid_file(home, name).process() not in (None, victim), f"{name} did not come back")

    healthy(home)
    assert database(home).sql(f"SELECT one FROM before_{name}", "paylogic").strip() == "1"


def test_killed_supervisor_leaves_servers_that_the_next_one_takes_over(home: Path) -> None:
    database(home).sql("CREATE TABLE before_supervisor AS SELECT 1 AS one", "paylogic")
    postgres = process(home, "postgres")
    supervisor = process(home, "supervisor")

    supervisor.kill()
    until(lambda: not is_alive(supervisor), "the supervisor is still there")
    assert paylogic(home, "status", "--json").json["running"] is False
    up = paylogic(home, "up", "--json")

    assert up.code == 0, up.err
    assert process(home, "postgres") == postgres
    assert database(home).sql("SELECT one FROM before_supervisor", "paylogic").strip() == "1"


def test_everything_killed_at_once_starts_again_with_its_data(home: Path) -> None:
    database(home).sql("CREATE TABLE before_all AS SELECT 1 AS one", "paylogic")

    for name in ("supervisor", "web", "ray", "nats", "postgres"):
        process(home, name).send_signal(signal.SIGKILL)
    up = paylogic(home, "up", "--json")

    assert up.code == 0, up.err
    assert database(home).sql("SELECT one FROM before_all", "paylogic").strip() == "1"


def test_down_leaves_no_process_and_up_finds_the_data(home: Path) -> None:
    database(home).sql("CREATE TABLE before_down AS SELECT 1 AS one", "paylogic")

    down = paylogic(home, "down", "--json")
    left = list(processes_where(lambda each: str(home) in " ".join(each.cmdline())))
    stopped = paylogic(home, "status", "--json")
    again = paylogic(home, "up", "--json")

    assert down.json == {"ok": True, "was_running": True, "seconds": down.json["seconds"]}
    assert left == []
    assert stopped.code == 1
    assert {part["state"] for part in stopped.json["parts"]} == {"down"}
    assert again.code == 0, again.err
    assert database(home).sql("SELECT one FROM before_down", "paylogic").strip() == "1"
