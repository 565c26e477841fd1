"""The fence of a block: written once, by one transaction, whole or not at all, and only into a living run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import numpy as np
import pytest

from billing.accrue import accrue_month
from billing.lines import REVERSAL, Lines
from storage import line_partitions
from storage import lines as storage_lines
from storage.compute import Computed, compute
from storage.lines import RunGone, by_account, park_block, read_lines, read_published, write_block
from storage.run_work import BlockTask, finish_run, observe, undo_run
from storage.work import BlockStore, LawChanged, is_transient
from tests.actors.runs import PERIOD, planned
from tests.storage import small_city
from tests.support.services import TestDatabase


@pytest.fixture
async def url(fresh_database: TestDatabase) -> str:
    await small_city.build(fresh_database.url, houses=4, flats=10)
    return fresh_database.url


@pytest.fixture
async def sql(url: str) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(url)
    yield opened
    await opened.close()


@pytest.fixture
async def store(url: str) -> AsyncIterator[BlockStore]:
    made = BlockStore(url)
    yield made
    await made.close()


async def first_task(url: str, sql: Any) -> BlockTask:
    await planned(url, 20)
    (run,) = await observe(sql)
    return run.pending[0]


async def rows_of_run(sql: Any, run_id: int) -> tuple[int, ...]:
    tables = (f"lines_{run_id}", f"run_accounts_{run_id}", "run_totals", "run_houses", "parked_accounts")
    query = "SELECT count(*) FROM {} WHERE run_id = $1"
    return tuple([await sql.fetchval(query.format(table), run_id) for table in tables])


async def test_a_second_delivery_returns_the_first_result_and_writes_nothing(
    url: str, sql: Any, store: BlockStore
) -> None:
    task = await first_task(url, sql)
    block = await store.load(task)
    computed = compute(block, accrue_month)
    first = await store.write(task, block, computed, "w1")
    rows = await rows_of_run(sql, task.run_id)

    other = Computed(computed.lines.take(np.arange(3)), computed.parked, computed.mine)
    again = await store.write(task, block, other, "w2")

    assert again == first
    assert await rows_of_run(sql, task.run_id) == rows
    assert rows[0] == first.lines > 0
    assert await sql.fetchval("SELECT worker FROM run_blocks WHERE block_no = $1", task.block_no) == "w1"


async def test_two_deliveries_at_once_write_one(url: str, sql: Any) -> None:
    task = await first_task(url, sql)
    stores = [BlockStore(url), BlockStore(url)]
    block = await stores[0].load(task)
    computed = compute(block, accrue_month)

    done = await asyncio.gather(*(one.write(task, block, computed, "w") for one in stores))
    for one in stores:
        await one.close()

    assert done[0] == done[1]
    assert (await rows_of_run(sql, task.run_id))[0] == done[0].lines


async def test_a_worker_killed_after_its_copy_and_before_its_commit_leaves_nothing(
    url: str, sql: Any, store: BlockStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await first_task(url, sql)
    block = await store.load(task)
    computed = compute(block, accrue_month)
    whole = storage_lines.finish_block

    async def die(connection: Any, *arguments: Any) -> None:
        pid = connection.get_server_pid()
        await sql.execute("SELECT pg_terminate_backend($1)", pid)
        await whole(connection, *arguments)

    monkeypatch.setattr(storage_lines, "finish_block", die)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as caught:
        await store.write(task, block, computed, "w1")
    assert is_transient(caught.value)
    assert await rows_of_run(sql, task.run_id) == (0, 0, 0, 0, 0)

    monkeypatch.undo()
    done = await store.write(task, block, computed, "w1")
    assert (await rows_of_run(sql, task.run_id))[0] == done.lines


@pytest.mark.parametrize("state", ["undone", "published", "failed", "checked"])
async def test_a_run_that_takes_no_lines_any_more_refuses_and_keeps_nothing(
    url: str, sql: Any, store: BlockStore, state: str
) -> None:
    task = await first_task(url, sql)
    block = await store.load(task)
    await sql.execute("UPDATE runs SET state = $1", state)

    with pytest.raises(RunGone):
        await store.write(task, block, compute(block, accrue_month), "w1")

    assert await rows_of_run(sql, task.run_id) == (0, 0, 0, 0, 0)
    assert await sql.fetchval("SELECT state FROM run_blocks WHERE block_no = $1", task.block_no) == "planned"


async def test_a_run_whose_tables_were_dropped_refuses(url: str, sql: Any, store: BlockStore) -> None:
    task = await first_task(url, sql)
    block = await store.load(task)
    await undo_run(sql, task.run_id)
    await line_partitions.drop_partitions(sql, task.run_id)

    with pytest.raises(RunGone):
        await store.write(task, block, compute(block, accrue_month), "w1")


async def test_a_block_given_up_parks_all_its_accounts_in_words_and_the_run_is_finished(
    url: str, sql: Any, store: BlockStore
) -> None:
    task = await first_task(url, sql)
    (run,) = await observe(sql)

    parked = await park_block(sql, task.run_id, task.block_no, PERIOD, "ZeroDivisionError: …")
    again = await park_block(sql, task.run_id, task.block_no, PERIOD, "ещё раз")
    for other in run.pending[1:]:
        block = await store.load(other)
        await store.write(other, block, compute(block, accrue_month), "w1")

    assert again == parked
    assert (parked.accounts, parked.parked) == (0, 20)
    assert await finish_run(sql, task.run_id)
    row = await sql.fetchrow(
        "SELECT accounts_count, parked_count, state FROM runs WHERE id = $1", task.run_id
    )
    assert tuple(row) == (40, 20, "checked")
    words = await sql.fetchval("SELECT DISTINCT message FROM parked_accounts WHERE reason = 'BLOCK_FAILED'")
    assert "Администратор видит причину" in words
    late = await store.load(task)
    assert (await store.write(task, late, compute(late, accrue_month), "w1")).state == "parked"


async def test_tables_of_a_run_stand_alone_until_it_is_finished(
    url: str, sql: Any, store: BlockStore
) -> None:
    task = await first_task(url, sql)
    (run,) = await observe(sql)
    for one in run.pending:
        block = await store.load(one)
        await store.write(one, block, compute(block, accrue_month), "w1")

    before = await sql.fetchval("SELECT count(*) FROM lines")
    assert await finish_run(sql, task.run_id)
    assert not await finish_run(sql, task.run_id)
    await line_partitions.attach_partitions(sql, task.run_id)

    assert before == 0
    assert await sql.fetchval("SELECT count(*) FROM lines") > 0
    assert await sql.fetchval(
        "SELECT relispartition FROM pg_class WHERE relname = $1", f"lines_{task.run_id}"
    )


async def test_lines_come_back_as_they_were_written(url: str, sql: Any, store: BlockStore) -> None:
    task = await first_task(url, sql)
    (run,) = await observe(sql)
    written = []
    for one in run.pending:
        block = await store.load(one)
        computed = compute(block, accrue_month)
        written.append(computed.lines)
        await store.write(one, block, computed, "w1")
    await finish_run(sql, task.run_id)
    expected = Lines.concat(written)

    back = await read_lines(sql, [task.run_id], range(1, 41))
    nothing = await read_published(sql, PERIOD, [1, 2, 3, 4])

    assert back.digest() == expected.digest()
    assert len(nothing) == 0
    assert len(await read_lines(sql, [], [1])) == 0


async def test_values_changed_after_planning_fail_the_run_as_a_whole(
    url: str, sql: Any, store: BlockStore
) -> None:
    task = await first_task(url, sql)
    await sql.execute("UPDATE tariffs SET superseded_at = now() WHERE service = 3")

    with pytest.raises(LawChanged, match="изменились после начала прогона"):
        await store.load(task)
    with pytest.raises(LawChanged):
        await store.load(replace(task, law_version="another.law"))


async def test_lines_are_put_in_the_order_of_accounts(url: str, sql: Any, store: BlockStore) -> None:
    task = await first_task(url, sql)
    block = await store.load(task)
    lines = compute(block, accrue_month).lines
    shuffled = lines.take(np.random.default_rng(5).permutation(len(lines)))
    stranger = Lines.of(1, account_id=9_999, volume_den=1, kind=REVERSAL)

    ordered, account = by_account(block, Lines.concat([stranger, shuffled]))

    assert (np.diff(account) >= 0).all()
    assert account[-1] == len(block)
    assert (block.accounts.id[account[:-1]] == ordered.account_id[:-1]).all()
    assert ordered.digest() == Lines.concat([stranger, lines]).digest()


async def test_writing_by_another_connection_needs_no_store(url: str, sql: Any, store: BlockStore) -> None:
    task = await first_task(url, sql)
    block = await store.load(task)
    computed = compute(block, accrue_month)

    done = await write_block(sql, task.run_id, task.block_no, block, computed, "w1")

    assert done.amount_kopecks == int(computed.lines.amount_kopecks.sum())
    with pytest.raises(RunGone):
        await write_block(sql, task.run_id, 999, block, computed, "w1")
