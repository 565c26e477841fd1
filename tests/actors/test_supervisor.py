"""The supervisor over PostgreSQL with crews that misbehave: it parks, fails, waits, never loses and never
doubles.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from actors.accrual import Accruer, Failed, Outcome
from actors.local import run_until_idle
from actors.supervisor import Supervisor
from billing.accrue import Accrued, accrue_month
from billing.block import Block
from storage.run_store import run_store
from storage.run_work import BlockTask
from storage.work import BlockStore
from tests.actors.runs import assert_consistent, fetchrow, planned, run_row
from tests.storage import small_city
from tests.support.services import TestDatabase

BROKEN_HOUSE = 2


@pytest.fixture
async def url(fresh_database: TestDatabase) -> str:
    await small_city.build(fresh_database.url, houses=6, flats=10)
    return fresh_database.url


class OddCrew:
    """Accruers of this process; `odd` may answer instead of them."""

    def __init__(self, url: str, odd: Callable[[BlockTask, int], Outcome | None]) -> None:
        self._accruer = Accruer(BlockStore(url), "odd")
        self._odd = odd
        self.tries: dict[int, int] = {}

    async def refresh(self) -> Sequence[str]:
        return ["odd"]

    async def accrue(self, worker: str, task: BlockTask) -> Outcome:
        self.tries[task.block_no] = self.tries.get(task.block_no, 0) + 1
        answer = self._odd(task, self.tries[task.block_no])
        return answer if answer is not None else await self._accruer.accrue(task)

    async def close(self) -> None:
        await self._accruer.close()


async def supervised(
    url: str, odd: Callable[[BlockTask, int], Outcome | None], speed: float = 20.0
) -> OddCrew:
    """Compute all accruing runs by a clock that goes faster, so that pauses are short."""
    crew, blocks = OddCrew(url, odd), BlockStore(url, 1)
    loop = asyncio.get_running_loop()
    async with run_store(url) as store:
        supervisor = Supervisor(store, blocks, crew, lambda: loop.time() * speed)
        async with asyncio.timeout(60):
            while await supervisor.step():
                await supervisor.rest()
    await blocks.close()
    await crew.close()
    return crew


async def test_a_block_that_always_fails_is_parked_after_three_tries_and_the_run_goes_on(url: str) -> None:
    run_id = await planned(url, 10)

    def odd(task: BlockTask, tries: int) -> Outcome | None:
        broken = task.house_ids == (BROKEN_HOUSE,)
        return Failed(task.run_id, task.block_no, "error", "ZeroDivisionError: …") if broken else None

    crew = await supervised(url, odd)

    run = await run_row(url, run_id)
    assert (run["state"], run["accounts_count"], run["parked_count"]) == ("checked", 60, 10)
    assert crew.tries[BROKEN_HOUSE] == 3
    block = await fetchrow(
        url, "SELECT state, error, attempts FROM run_blocks WHERE block_no = $1", BROKEN_HOUSE
    )
    assert tuple(block) == ("parked", "ZeroDivisionError: …", 3)
    reasons = await fetchrow(
        url, "SELECT array_agg(DISTINCT reason) AS r, count(*) AS n FROM parked_accounts"
    )
    assert (reasons["r"], reasons["n"]) == (["BLOCK_FAILED"], 10)
    said = await fetchrow(url, "SELECT count(*) AS n FROM run_log WHERE event = 'retry'")
    assert said["n"] == 2
    await assert_consistent(url, run_id)


async def test_a_block_that_fails_once_is_repeated_and_the_digest_is_the_same(url: str) -> None:
    whole = await planned(url, 10_000)
    await run_until_idle(url)
    run_id = await planned(url, 10)

    await supervised(
        url, lambda task, tries: Failed(task.run_id, task.block_no, "error", "?") if tries == 1 else None
    )

    assert (await run_row(url, run_id))["digest"] == (await run_row(url, whole))["digest"]
    assert (await run_row(url, run_id))["parked_count"] == 0


async def test_trouble_of_the_surroundings_costs_no_attempt(url: str) -> None:
    run_id = await planned(url, 10)

    crew = await supervised(
        url, lambda task, tries: Failed(task.run_id, task.block_no, "transient", "…") if tries <= 5 else None
    )

    assert min(crew.tries.values()) > 5
    assert (await run_row(url, run_id))["parked_count"] == 0
    await assert_consistent(url, run_id)


async def test_a_law_that_changed_under_the_run_fails_it_in_words(url: str) -> None:
    run_id = await planned(url, 10)

    await supervised(
        url,
        lambda task, tries: (
            Failed(task.run_id, task.block_no, "law", "Тарифы изменились.") if task.block_no == 3 else None
        ),
    )

    run = await run_row(url, run_id)
    assert (run["state"], run["error"]) == ("failed", "Тарифы изменились.")


async def test_rules_that_raise_are_the_blocks_own_failure(url: str) -> None:
    def rules(block: Block) -> Accrued:
        if BROKEN_HOUSE in block.houses.id.tolist():
            raise ZeroDivisionError("дом без площади")
        return accrue_month(block)

    run_id = await planned(url, 10)
    await run_until_idle(url, rules=rules)

    run = await run_row(url, run_id)
    assert (run["state"], run["parked_count"]) == ("checked", 10)
    block = await fetchrow(url, "SELECT error FROM run_blocks WHERE block_no = $1", BROKEN_HOUSE)
    assert block["error"] == "ZeroDivisionError: дом без площади"


async def test_only_one_supervisor_acts(url: str) -> None:
    async with run_store(url) as first, run_store(url) as second:
        assert await first.is_mine()
        assert not await second.is_mine()
        assert await first.is_mine()
    async with run_store(url) as third:
        async with asyncio.timeout(10):
            while not await third.is_mine():  # noqa: ASYNC110 - the server notices a cut connection by itself
                await asyncio.sleep(0.05)


async def test_progress_is_told_while_the_run_goes(url: str) -> None:
    from storage.outbox import listen

    run_id = await planned(url, 10)
    heard: list[str] = []

    async def hear() -> None:
        async for payload in listen(url, "run_progress"):
            heard.append(payload)  # noqa: PERF401 - the listening never ends

    task = asyncio.create_task(hear())
    await asyncio.sleep(0.3)
    await run_until_idle(url)
    await asyncio.sleep(0.3)
    task.cancel()

    assert str(run_id) in heard
