"""Fixtures that every test may ask for. What a test does not ask for is not started.

home              an empty PAYLOGIC_HOME for a stack of the test's own
services          PostgreSQL and NATS of the session, running
database          the module's own migrated PostgreSQL database (its addresses)
fresh_database    the same for one test
owner_db, web_db  storage.engine.Database of the module's database, under each role
city              a whole running stack with a seeded city; desk, phone: Chromium before it (browser.py)
bus               NATS with streams of this test's own
ray_cluster       a local Ray of two cores
"""

import os
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.support.services import HOME_VARIABLE, Services, TestDatabase, close_home, open_home

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

    from gateways.bus import Bus
    from storage.engine import Database

RAY_TRIES = 3
STREAM_BYTES_MAX = 32 * 2**20  # JetStream sets aside the whole of it for each stream of each test
SERVICES = {"services", "database", "fresh_database", "owner_db", "web_db", "bus", "ray_cluster"}


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[HOME] = open_home()


def pytest_unconfigure(config: pytest.Config) -> None:
    home = config.stash.get(HOME, None)
    if home is not None:
        close_home(home)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadScopeScheduling":
    from tests.support.schedule import ByModule

    return ByModule(config, log)


HOME = pytest.StashKey[Path]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks by what a test asks for: ray, browser, slow; one that asks for no service is fast."""
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if "ray_cluster" in used:
            item.add_marker("ray")
        if used & {"desk", "phone", "browser"}:
            item.add_marker("browser")
        if "city" in used:
            item.add_marker("slow")
        heavy = any(item.get_closest_marker(name) for name in ("slow", "chaos", "browser", "ray"))
        if not heavy and not used & SERVICES:
            item.add_marker("fast")


@pytest.fixture(scope="session")
def services() -> Services:
    """PostgreSQL and NATS of this session, running."""
    running = Services(Path(os.environ[HOME_VARIABLE]))
    running.start()
    return running


@pytest.fixture
def home() -> Path:
    """An empty PAYLOGIC_HOME; what runs in it is stopped at the end of the session at the latest."""
    return Path(os.environ[HOME_VARIABLE]) / f"h{uuid4().hex[:6]}"


@pytest.fixture(scope="module")
def database(services: Services, request: pytest.FixtureRequest) -> Iterator[TestDatabase]:
    """A migrated, empty database shared by the tests of one module."""
    made = services.make_database(database_name(request.node.name))
    yield made
    services.drop_database(made.name)


@pytest.fixture
def fresh_database(services: Services, request: pytest.FixtureRequest) -> Iterator[TestDatabase]:
    """A migrated, empty database for this test alone."""
    made = services.make_database(database_name(request.node.name))
    yield made
    services.drop_database(made.name)


@pytest.fixture
async def owner_db(database: TestDatabase) -> AsyncIterator["Database"]:
    """The module's database as workers and migrations see it."""
    from storage.engine import Database

    opened = Database(database.url, "worker")
    yield opened
    await opened.close()


@pytest.fixture
async def web_db(database: TestDatabase) -> AsyncIterator["Database"]:
    """The module's database as pages see it: under row-level security."""
    from storage.engine import Database

    opened = Database(database.web_url, "web")
    yield opened
    await opened.close()


@pytest.fixture
async def bus(services: Services) -> AsyncIterator["Bus"]:
    """A connected bus whose streams have a prefix of this test's own and are removed after it."""
    from gateways.bus import STREAMS, connect

    opened = await connect(
        services.stack.nats_url, prefix=f"t{uuid4().hex[:10]}", monitor_url=services.stack.nats_monitor_url
    )
    await opened.ensure_streams([replace(stream, bytes_max=STREAM_BYTES_MAX) for stream in STREAMS])
    yield opened
    await opened.delete_streams()
    await opened.close()


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """A local Ray of two cores in this process, started once for the worker that runs the Ray tests."""
    import ray

    folder = Path(os.environ[HOME_VARIABLE]) / "ray"
    for tries_left in reversed(range(RAY_TRIES)):
        try:
            ray.init(
                num_cpus=2,
                include_dashboard=False,
                log_to_driver=False,
                object_store_memory=256 * 2**20,
                _temp_dir=str(folder),
            )
            break
        except Exception:  # a head gives up after 30 s of its own, which a busy machine may not keep
            ray.shutdown()
            if not tries_left:
                raise
    yield
    ray.shutdown()


def database_name(test: str) -> str:
    """A name that tells the test and never meets another's."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    words = re.sub(r"[^a-z0-9]+", "_", test.lower()).strip("_")[-30:]
    return f"t_{worker}_{words}_{uuid4().hex[:6]}"
