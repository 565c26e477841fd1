"""A draft that waits for its second person does not vanish: not by a request, not by a command on its way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from storage import runs
from storage.engine import Database
from storage.runs import UNDO
from tests.storage import small_city
from tests.storage.run_steps import ANNA, EVERYTHING, computed, order, refusal, signed
from tests.support.services import TestDatabase


@pytest.fixture
async def city(fresh_database: TestDatabase) -> TestDatabase:
    await small_city.build(fresh_database.url)
    return fresh_database


@pytest.fixture
async def owner(city: TestDatabase) -> AsyncIterator[Database]:
    opened = Database(city.url)
    yield opened
    await opened.close()


@pytest.fixture
async def sql(city: TestDatabase) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(city.url)
    yield opened
    await opened.close()


async def test_a_draft_is_taken_back_before_it_is_undone(owner: Database, sql: Any) -> None:
    run_id = await computed(owner)
    async with owner.transaction(EVERYTHING) as session:
        await runs.request_publication(session, run_id, ANNA)
        assert await refusal(runs.request_undo(session, run_id, ANNA)) == "run-handed-over"
        await runs.return_to_check(session, run_id, ANNA)
        await runs.request_undo(session, run_id, ANNA)

    await order(owner, UNDO, run_id)

    assert await sql.fetchval("SELECT state FROM runs WHERE id = $1", run_id) == "undone"


async def test_an_approved_run_is_not_undone(owner: Database) -> None:
    run_id = await computed(owner)
    await signed(owner, run_id)

    async with owner.transaction(EVERYTHING) as session:
        assert await refusal(runs.request_undo(session, run_id, ANNA)) == "run-approved"


async def test_a_command_that_comes_after_the_hand_over_undoes_nothing_and_says_so(
    owner: Database, sql: Any
) -> None:
    run_id = await computed(owner)
    async with owner.transaction(EVERYTHING) as session:
        await runs.request_undo(session, run_id, ANNA)
        await runs.request_publication(session, run_id, ANNA)

    await order(owner, UNDO, run_id)

    assert await sql.fetchval("SELECT state FROM runs WHERE id = $1", run_id) == "checked"
    events = await sql.fetch("SELECT event FROM run_log WHERE run_id = $1 ORDER BY id DESC LIMIT 1", run_id)
    assert [row["event"] for row in events] == ["undo_refused"]
