"""The way to a server on this machine: its Unix socket when there is one, TCP otherwise."""

from pathlib import Path

import pytest
from sqlalchemy import text

from storage import outbox
from storage.engine import SOCKET_VARIABLE, Database, connect, socket_of
from tests.support.services import Services, TestDatabase

URL = "postgresql://paylogic:secret@127.0.0.1:5477/paylogic"


def test_a_server_elsewhere_is_reached_by_its_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".s.PGSQL.5477").touch()
    monkeypatch.setenv(SOCKET_VARIABLE, str(tmp_path))

    assert socket_of(URL) == str(tmp_path)
    assert socket_of(URL.replace("127.0.0.1", "db.example")) is None
    assert socket_of(URL.replace("5477", "5478")) is None  # another stack of this machine


def test_without_a_folder_there_is_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SOCKET_VARIABLE, raising=False)

    assert socket_of(URL) is None


async def test_a_worker_of_the_stack_goes_by_the_socket(
    services: Services, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = services.stack.environment()
    monkeypatch.setenv(SOCKET_VARIABLE, told[SOCKET_VARIABLE])

    connection = await connect(database.url)

    try:
        assert await connection.fetchval("SELECT inet_server_addr()") is None  # no address: a socket
        assert await connection.fetchval("SELECT current_user") == "paylogic"
    finally:
        await connection.close()
    assert SOCKET_VARIABLE not in services.stack.environment(web=True)


async def test_all_queries_of_a_page_see_one_moment(db: Database) -> None:
    """A run published between two queries of its page left the page neither moving nor published."""
    async with db.reading() as page:
        before = await page.scalar(text("SELECT count(*) FROM outbox"))
        async with db.transaction() as other:
            await outbox.add(other, "notices.test", {"said": "between"}, "test:between")
        assert await page.scalar(text("SELECT count(*) FROM outbox")) == before
    async with db.reading() as page:
        assert await page.scalar(text("SELECT count(*) FROM outbox")) == before + 1
