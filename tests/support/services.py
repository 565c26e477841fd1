"""Services of a test session: one PostgreSQL and one NATS on free ports in a temporary home.

They are started by the first test that asks (under a file lock, so xdist workers share them) and stopped
when the session ends. A session that was killed leaves them running; the next session clears that away.
"""

import asyncio
import os
import re
import secrets
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from cluster.embedded import parts
from cluster.nats import EmbeddedNats
from cluster.postgres import EmbeddedPostgres
from cluster.processes import stop
from cluster.rayhead import EmbeddedRay
from cluster.settings import Settings
from cluster.stack import OWNER_ROLE, WEB_ROLE, Stack, locked
from cluster.start import supervisor_pid

HOME_VARIABLE = "PAYLOGIC_TEST_HOME"
HOME_PREFIX = "paylogic-test-"
TEMPLATE = "paylogic_template"
START_S_MAX = 60.0
STOP_S_MAX = 120.0
MEMORY_MB = 1024  # the server is tuned for a guest, not for the whole machine


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A migrated database of our own: addresses for its owner (workers) and for the role of pages."""

    __test__ = False

    name: str
    url: str
    web_url: str


class Services:
    """The servers of this session."""

    def __init__(self, home: Path) -> None:
        self.home = home
        settings = Settings(
            home=home,
            database_url=None,
            web_database_url=None,
            nats_url=None,
            ray_address=None,
            postgres_memory_mb=MEMORY_MB,
            ray_cpus=2,
        )
        self.stack = Stack(settings)
        self.postgres = EmbeddedPostgres(self.stack)
        self.nats = EmbeddedNats(self.stack)

    def start(self) -> None:
        """Start what does not run yet; safe from several processes."""
        with locked(self.home / "services.lock"):
            self.postgres.spawn()
            self.nats.spawn()
            for part in (self.postgres, self.nats):
                wait_ready(part)
            if not (self.home / "prepared").exists():
                self.postgres.prepare()
                (self.home / "prepared").touch()

    def stop(self) -> None:
        """Everything that runs in this home, whoever started it."""
        supervisor = supervisor_pid(self.stack).process()
        if supervisor is not None:
            stop(supervisor, signal.SIGTERM, STOP_S_MAX)
        for part in reversed(parts(self.stack)):
            part.stop()

    def template(self) -> str:
        """The migrated database that test databases are copied from; made once a session."""
        with locked(self.home / "template.lock"):
            if not (self.home / "migrated").exists():
                from storage.migrate import upgrade

                self.postgres.sql(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")
                self.postgres.sql(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER_ROLE}")
                asyncio.run(upgrade(self._url(self.stack.database_url, TEMPLATE)))
                (self.home / "migrated").touch()
        return TEMPLATE

    def make_database(self, name: str, template: str | None = None) -> TestDatabase:
        """A copy of the template (or of another database nobody is connected to)."""
        assert re.fullmatch(r"[a-z0-9_]{1,60}", name), name
        source = template or self.template()
        self.postgres.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        with locked(self.home / "template.lock"):  # PostgreSQL refuses two copies of one source at a time
            self.postgres.sql(f"CREATE DATABASE {name} OWNER {OWNER_ROLE} TEMPLATE {source}")
        self.postgres.sql(f"GRANT CONNECT ON DATABASE {name} TO {WEB_ROLE}")
        urls = (self._url(url, name) for url in (self.stack.database_url, self.stack.web_database_url))
        return TestDatabase(name, *urls)

    def drop_database(self, name: str) -> None:
        self.postgres.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @staticmethod
    def _url(url: str, database: str) -> str:
        return url.rpartition("/")[0] + "/" + database


def wait_ready(part: EmbeddedPostgres | EmbeddedNats | EmbeddedRay, limit_s: float = START_S_MAX) -> None:
    """Wait for a started part; its log is the message when it does not come up."""
    deadline = time.monotonic() + limit_s
    while not part.ready():
        assert part.alive(), part.log_path.read_text()[-2000:]
        assert time.monotonic() < deadline, f"{part.name} is not ready after {limit_s} s"
        time.sleep(0.02)


def open_home() -> Path:
    """The home of this session: made by the controller, inherited by xdist workers."""
    clear_abandoned()
    home = Path(tempfile.mkdtemp(prefix=HOME_PREFIX))
    (home / "controller").write_text(str(os.getpid()))
    os.environ[HOME_VARIABLE] = str(home)
    # Ray listens on every address: only who knows the token may use it (set before anything imports Ray)
    os.environ |= {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    return home


def close_home(home: Path) -> None:
    """Stop what runs there and remove it."""
    for kept in home.rglob("stack.json"):
        Services(kept.parent).stop()
    shutil.rmtree(home, ignore_errors=True)


def clear_abandoned() -> None:
    """Homes of test sessions whose controller is gone."""
    for home in Path(tempfile.gettempdir()).glob(f"{HOME_PREFIX}*"):
        try:
            controller = int((home / "controller").read_text())
        except (OSError, ValueError):
            continue
        if not psutil.pid_exists(controller):
            close_home(home)
