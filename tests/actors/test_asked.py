"""Handlers that answer pages: a month's change and «что если»; what cannot be done is kept and told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from actors.changes import ChangeCounter
from actors.what_if import WhatIfs
from billing.period import Period
from gateways.bus import Buried, Event
from gateways.bus.streams import CONSUMERS
from storage import what_if
from storage.change_work import COUNT as COUNT_CHANGES
from storage.engine import Database
from storage.warm_blocks import WarmBlocks
from storage.what_if import NewWhatIf
from storage.what_if_work import COUNT as COUNT_WHAT_IF
from tests.storage import small_city
from tests.storage.run_steps import ANNA, EVERYTHING
from tests.support.services import TestDatabase

OCTOBER = Period.parse("2026-10")


@pytest.fixture
async def owner(fresh_database: TestDatabase) -> AsyncIterator[Database]:
    await small_city.build(fresh_database.url, houses=2)
    opened = Database(fresh_database.url)
    yield opened
    await opened.close()


async def question(owner: Database) -> int:
    async with owner.transaction(EVERYTHING) as session:
        tariff = await session.scalar(text("SELECT id FROM tariffs WHERE service = 1"))
        wanted = NewWhatIf(OCTOBER.first_day, None, "Проба", "tariff", int(tariff or 0), 456_700, 500_000)
        return await what_if.ask(session, wanted, ANNA, "asked")


def test_every_subject_has_its_consumer() -> None:
    filters = {plan.name: plan.filter.removesuffix(">") for plan in CONSUMERS}

    assert COUNT_CHANGES.startswith(filters["changes"])
    assert COUNT_WHAT_IF.startswith(filters["what-if"])


async def test_a_question_is_answered_however_often_its_event_comes(owner: Database) -> None:
    made = await question(owner)
    handler = WhatIfs(owner, WarmBlocks())
    event = Event("what-if-1", COUNT_WHAT_IF, {"what_if_id": made}, 1)

    await handler.handle([event])
    await handler.handle([event])

    async with owner.reading() as session:
        head = (await what_if.heads(session, [made]))[0]
    assert (head.state, head.done_count) == ("done", 40)


async def test_who_waits_for_a_buried_question_is_told(owner: Database) -> None:
    made = await question(owner)

    await WhatIfs(owner, WarmBlocks()).bury(
        Buried("what-if", "what-if-1", COUNT_WHAT_IF, {"what_if_id": made}, "boom", 8)
    )

    async with owner.reading() as session:
        head = (await what_if.heads(session, [made]))[0]
        letters = await session.scalar(text("SELECT count(*) FROM dead_letters"))
    assert head.state == "failed"
    assert head.error is not None
    assert "Повторите пробу" in head.error
    assert letters == 1


async def test_a_month_without_anything_published_is_not_counted(owner: Database) -> None:
    event = Event("changes-1", COUNT_CHANGES, {"months": ["2026-10"]}, 1)

    await ChangeCounter(owner).handle([event])

    async with owner.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM change_months")) == 0
