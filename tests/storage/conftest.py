"""Units of work on a database of the test's own."""

from collections.abc import AsyncIterator

import pytest

from storage.engine import Database
from tests.support.services import TestDatabase


@pytest.fixture
async def db(fresh_database: TestDatabase) -> AsyncIterator[Database]:
    """The owner's units of work."""
    made = Database(fresh_database.url)
    yield made
    await made.close()


@pytest.fixture
async def web(fresh_database: TestDatabase) -> AsyncIterator[Database]:
    """Units of work of the pages, on the same database."""
    made = Database(fresh_database.web_url, "web")
    yield made
    await made.close()
