"""Pages over a migrated database with the small city of tests.web.city, and people signed in.

A module that says CITY = another module with build, LOGINS and PASSWORD gets that one instead.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import event

from storage.engine import Database
from tests.support.fixtures import database_name
from tests.support.services import Services, TestDatabase
from tests.web import city
from web.app import create_app
from web.config import WebConfig

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
CSRF = re.compile(r'name="csrf" value="([^"]+)"')

SignIn = Callable[[str], Awaitable[AsyncClient]]


def city_of(request: pytest.FixtureRequest) -> Any:
    """The city of the module of a test."""
    return getattr(request.module, "CITY", city)


Copy = Callable[[Any], TestDatabase]


@pytest.fixture(scope="session")
def copy_of(services: Services) -> Copy:
    """A new database with a city in it: each city is built once a session and copied afterwards.

    Copies go with the server of the session: dropping them one by one takes longer than making them.
    """
    built: dict[str, TestDatabase] = {}

    def copy(wanted: Any) -> TestDatabase:
        name = wanted.__name__.rpartition(".")[2]
        if name not in built:
            built[name] = services.make_database(database_name(f"city_{name}"))
            asyncio.run(_build(built[name].url, wanted))
        return services.make_database(database_name(name), template=built[name].name)

    return copy


@pytest.fixture(scope="module")
def town(copy_of: Copy, request: pytest.FixtureRequest) -> TestDatabase:
    """The city of the module; tests that change it ask for `fresh_town`."""
    return copy_of(city_of(request))


@pytest.fixture
def fresh_town(copy_of: Copy, request: pytest.FixtureRequest) -> TestDatabase:
    """The city for one test alone."""
    return copy_of(city_of(request))


@pytest.fixture
def place(request: pytest.FixtureRequest) -> TestDatabase:
    """`fresh_town` when the test asks for it, else `town`."""
    found: TestDatabase = request.getfixturevalue(
        "fresh_town" if "fresh_town" in request.fixturenames else "town"
    )
    return found


async def _build(url: str, built: Any) -> None:
    owner = Database(url, "worker")
    await built.build(owner)
    await owner.close()


@pytest.fixture
async def app(place: TestDatabase) -> AsyncIterator[FastAPI]:
    """The app over the city of this test."""
    made = create_app(WebConfig(database_url=place.web_url))
    yield made
    await made.state.database.close()


@pytest.fixture
async def anyone(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """A browser nobody has signed in with."""
    async with browser(app) as client:
        yield client


def browser(app: FastAPI) -> AsyncClient:
    """A browser that keeps cookies and follows nothing by itself."""
    return AsyncClient(transport=ASGITransport(app), base_url="http://test")


@pytest.fixture
async def sign_in(app: FastAPI, request: pytest.FixtureRequest) -> AsyncIterator[SignIn]:
    """`await sign_in("centre")`: a browser of that person."""
    opened: list[AsyncClient] = []

    async def enter(role: str) -> AsyncClient:
        client = browser(app)
        opened.append(client)
        known = city_of(request)
        answer = await post_login(client, known.LOGINS[role], known.PASSWORD)
        assert answer.status_code == 303, answer.text
        return client

    yield enter
    for client in opened:
        await client.aclose()


async def post_login(client: AsyncClient, login: str, password: str, **more: str) -> Response:
    """Open the door's page and send its form."""
    token = csrf_of(await client.get("/login"))
    return await client.post(
        "/login", data={"as": "staff", "csrf": token, "login": login, "password": password, **more}
    )


def csrf_of(answer: Response) -> str:
    """The token in the forms of a page."""
    found = CSRF.search(answer.text)
    assert found, answer.text[:500]
    return found[1]


@contextmanager
def counted(app: FastAPI) -> Iterator[list[str]]:
    """Statements a page sends; setting the scope of a transaction is not one."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SET TRANSACTION", "SELECT set_config")):
            sent.append(statement)

    engine = app.state.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
