"""A base with what a centre keeps (organisations, tariffs, norms, October open) and no house yet."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage.engine import Database
from storage.seed.city import seed_reference
from tests.importer.workbooks import OCTOBER
from tests.support.services import TestDatabase


@pytest.fixture
async def base(fresh_database: TestDatabase) -> AsyncIterator[Database]:
    await seed_reference(fresh_database.url, 1, OCTOBER)
    database = Database(fresh_database.url, pool_max=2)
    yield database
    await database.close()
