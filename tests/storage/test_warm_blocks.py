"""Blocks kept warm: the same block until a fact of its houses changes, then read again; triggers mark it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from billing.period import Period
from storage.block_values import read_values
from storage.warm_blocks import WarmBlocks, forget_marks
from tests.storage import small_city
from tests.support.services import TestDatabase

OCTOBER = Period.parse("2026-10")


@pytest.fixture
async def sql(fresh_database: TestDatabase) -> AsyncIterator[Any]:
    await small_city.build(fresh_database.url, houses=2)
    opened = await asyncpg.connect(fresh_database.url)
    yield opened
    await opened.close()


@pytest.fixture
async def other(fresh_database: TestDatabase, sql: Any) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(fresh_database.url)
    yield opened
    await opened.close()


async def test_a_block_is_read_once_and_again_after_a_change_of_its_house(sql: Any) -> None:
    warm, values = WarmBlocks(), await read_values(sql, OCTOBER)

    first, was_warm = await warm.get(sql, values, [1])
    second, is_warm = await warm.get(sql, values, [1])
    await sql.execute("UPDATE account_facts SET residents = 7 WHERE account_id = 1")
    third, after = await warm.get(sql, values, [1])

    assert (was_warm, is_warm, after) == (False, True, False)
    assert second is first
    assert third.block.accounts.norm_person_days.sum() > first.block.accounts.norm_person_days.sum()


async def test_a_change_of_another_house_leaves_the_block_warm(sql: Any) -> None:
    warm, values = WarmBlocks(), await read_values(sql, OCTOBER)
    await warm.get(sql, values, [1])

    await sql.execute("UPDATE account_facts SET residents = 7 WHERE house_id = 2")

    assert (await warm.get(sql, values, [1]))[1]


async def test_a_change_that_was_not_committed_when_the_block_was_read_makes_it_stale(
    sql: Any, other: Any
) -> None:
    warm, values = WarmBlocks(), await read_values(sql, OCTOBER)
    change = other.transaction()
    await change.start()
    await other.execute("UPDATE account_facts SET residents = 7 WHERE account_id = 1")
    await sql.execute("UPDATE accounts SET payer_name = 'Другой' WHERE house_id = 2")
    await warm.get(sql, values, [1])

    before = (await warm.get(sql, values, [1]))[1]
    await change.commit()
    after = (await warm.get(sql, values, [1]))[1]

    assert (before, after) == (True, False)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM account_facts WHERE account_id = 1",
        "INSERT INTO account_services (account_id, house_id, company_id, service, is_on, valid_from) "
        "SELECT id, house_id, company_id, 3, false, '2026-10-01' FROM accounts WHERE id = 1",
        "UPDATE readings SET superseded_at = now() WHERE house_id = 1 AND period = '2026-10-01'",
        "UPDATE houses SET area_total_dm2 = area_total_dm2 + 1 WHERE id = 1",
    ],
)
async def test_every_kind_of_fact_leaves_a_mark(sql: Any, change: str) -> None:
    warm, values = WarmBlocks(), await read_values(sql, OCTOBER)
    await warm.get(sql, values, [1])

    await sql.execute(change)

    assert not (await warm.get(sql, values, [1]))[1]


async def test_memory_is_bounded_and_old_marks_go(sql: Any) -> None:
    warm, values = WarmBlocks(accounts_max=20), await read_values(sql, OCTOBER)
    await warm.get(sql, values, [1])
    await warm.get(sql, values, [2])

    assert not (await warm.get(sql, values, [1]))[1], "the first one had to go for the second"
    await sql.execute("UPDATE fact_changes SET recorded_at = now() - interval '2 days'")
    await forget_marks(sql)
    assert await sql.fetchval("SELECT count(*) FROM fact_changes") == 0
