"""A repeated run, undo, stop: only differences are posted, a draft vanishes, a stopped run goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from actors.local import run_until_idle
from billing.period import Period
from storage import month_pages, runs
from storage.engine import Database
from storage.receipts import NoReceiptError, build_receipt
from storage.run_orders import sweep
from storage.runs import PUBLISH, START, UNDO
from tests.storage import small_city
from tests.storage.run_steps import (
    ANNA,
    EVERYTHING,
    PERIOD,
    ask,
    computed,
    order,
    published,
    refusal,
    signed,
)
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
async def pages(city: TestDatabase) -> AsyncIterator[Database]:
    opened = Database(city.web_url, "web")
    yield opened
    await opened.close()


@pytest.fixture
async def sql(city: TestDatabase) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(city.url)
    yield opened
    await opened.close()


# ---- a repeat
# --------------------------------------------------------------------------------------------------


async def test_an_unchanged_repeat_publishes_nothing_and_says_so(owner: Database, sql: Any) -> None:
    await published(owner)

    again = await computed(owner)

    run = await sql.fetchrow("SELECT * FROM runs WHERE id = $1", again)
    assert (run["kind"], run["state"], run["lines_count"]) == ("difference", "checked", 0)
    async with owner.transaction(EVERYTHING) as session:
        assert await refusal(runs.request_publication(session, again, ANNA)) == "nothing-changed"
    said = [row["message"] for row in await sql.fetch("SELECT message FROM run_log WHERE run_id = $1", again)]
    assert any("различий с опубликованным нет" in one for one in said)


async def test_a_repeat_posts_only_the_difference_and_a_third_run_posts_nothing(
    owner: Database, sql: Any
) -> None:
    first = await published(owner)
    await sql.execute("UPDATE account_facts SET residents = residents + 1 WHERE account_id = 9")

    second = await published(owner)
    third = await computed(owner)

    run = await sql.fetchrow("SELECT * FROM runs WHERE id = $1", second)
    assert run["kind"] == "difference"
    touched = await sql.fetch("SELECT DISTINCT account_id FROM lines WHERE run_id = $1", second)
    assert [row["account_id"] for row in touched] == [9]
    kinds = await sql.fetch(
        "SELECT kind, count(*) FROM lines WHERE run_id = $1 GROUP BY 1 ORDER BY 1", second
    )
    assert [row["kind"] for row in kinds] == [0, 1]
    fresh = await computed_anew(owner, sql, first, second)
    assert await sql.fetchval("SELECT lines_count FROM runs WHERE id = $1", third) == 0
    assert fresh == await net_of(sql, [first, second])
    assert await sql.fetchval("SELECT count(*) FROM entries") == 2
    assert await sql.fetchval("SELECT sum(amount_kopecks) FROM postings") == 0


async def computed_anew(owner: Database, sql: Any, *published_runs: int) -> list[tuple[int, ...]]:
    """What the city would be charged if nothing had been published."""
    from billing.accrue import accrue_month
    from storage.compute import compute
    from storage.work import BlockStore

    store = BlockStore(owner.url)
    block = await store.load_houses(PERIOD, range(1, 7))
    await store.close()
    lines = compute(block, accrue_month).lines
    sums: dict[tuple[int, int], int] = {}
    for account, service, amount in zip(
        lines.account_id.tolist(),
        lines.service.tolist(),
        (lines.amount_kopecks + lines.surcharge_kopecks).tolist(),
        strict=True,
    ):
        sums[(account, service)] = sums.get((account, service), 0) + amount
    return sorted((*key, amount) for key, amount in sums.items())


async def net_of(sql: Any, run_ids: list[int]) -> list[tuple[int, ...]]:
    rows = await sql.fetch(
        "SELECT account_id, service, sum(amount_kopecks + surcharge_kopecks)::bigint AS s FROM lines "
        "WHERE run_id = ANY ($1) GROUP BY 1, 2 ORDER BY 1, 2",
        run_ids,
    )
    return [tuple(row) for row in rows]


async def test_a_parked_account_keeps_what_was_posted_for_it(owner: Database, sql: Any) -> None:
    await published(owner)
    await sql.execute("DELETE FROM account_facts WHERE account_id = 8")

    again = await computed(owner)

    assert await sql.fetchval("SELECT count(*) FROM lines WHERE run_id = $1", again) == 0
    assert await sql.fetchval("SELECT count(*) FROM parked_accounts WHERE run_id = $1", again) == 1


async def test_an_account_closed_backwards_gets_its_charges_back(owner: Database, sql: Any) -> None:
    await published(owner)
    before = await sql.fetchval(
        "SELECT sum(amount_kopecks + surcharge_kopecks)::bigint FROM run_accounts WHERE account_id = 9"
    )
    await sql.execute("UPDATE accounts SET closed_on = '2026-09-30' WHERE id = 9")

    again = await published(owner)

    assert (
        await sql.fetchval(
            "SELECT sum(amount_kopecks + surcharge_kopecks)::bigint FROM run_accounts WHERE run_id = $1",
            again,
        )
        == -before
    )
    balance = await sql.fetchval(
        "SELECT sum(amount_kopecks + surcharge_kopecks) FROM run_accounts WHERE account_id = 9"
    )
    assert balance == 0


# ---- undo, stop
# ------------------------------------------------------------------------------------------------


async def test_undo_drops_the_lines_of_a_draft_and_leaves_no_trace_in_sums(owner: Database, sql: Any) -> None:
    run_id = await computed(owner)
    async with owner.transaction(EVERYTHING) as session:
        await runs.request_undo(session, run_id, ANNA)

    await order(owner, UNDO, run_id)
    await sweep(owner)
    await order(owner, UNDO, run_id)

    assert await sql.fetchval("SELECT state FROM runs WHERE id = $1", run_id) == "undone"
    assert await sql.fetchval("SELECT to_regclass($1)", f"lines_{run_id}") is None
    assert await sql.fetchval("SELECT count(*) FROM lines") == 0
    async with owner.transaction(EVERYTHING) as session:
        assert await refusal(runs.request_undo(session, run_id, ANNA)) == "run-undone"


async def test_a_published_run_is_never_undone(owner: Database, sql: Any) -> None:
    run_id = await published(owner)
    async with owner.transaction(EVERYTHING) as session:
        assert await refusal(runs.request_undo(session, run_id, ANNA)) == "run-published"

    await order(owner, UNDO, run_id)

    assert await sql.fetchval("SELECT state FROM runs WHERE id = $1", run_id) == "published"
    assert await sql.fetchval("SELECT count(*) FROM lines WHERE run_id = $1", run_id) > 0


async def test_undo_waits_for_no_reader_and_the_sweep_comes_again(
    owner: Database, sql: Any, city: TestDatabase
) -> None:
    run_id = await computed(owner)
    reader = await asyncpg.connect(city.url)
    async with reader.transaction():
        await reader.fetchval("SELECT count(*) FROM lines")
        await order(owner, UNDO, run_id)
        held = await sweep(owner)
    await reader.close()

    dropped = await sweep(owner)

    assert (held, dropped) == (0, 1)
    assert await sql.fetchval("SELECT to_regclass($1)", f"lines_{run_id}") is None


async def test_a_stopped_run_waits_and_goes_on(owner: Database, sql: Any) -> None:
    run_id = await ask(owner)
    await order(owner, START, run_id)
    async with owner.transaction(EVERYTHING) as session:
        await runs.stop_run(session, run_id, ANNA)
    task = asyncio.create_task(run_until_idle(owner.url))
    await asyncio.sleep(0.5)
    stopped = await sql.fetchval("SELECT count(*) FROM run_blocks WHERE state <> 'planned'")

    async with owner.transaction(EVERYTHING) as session:
        await runs.resume_run(session, run_id, ANNA)
    await asyncio.wait_for(task, 30)

    assert stopped == 0
    assert await sql.fetchval("SELECT state FROM runs WHERE id = $1", run_id) == "checked"
    async with owner.transaction(EVERYTHING) as session:
        assert await refusal(runs.stop_run(session, run_id, ANNA)) == "run-not-live"


async def test_a_command_repeated_by_the_stream_plans_once(owner: Database, sql: Any) -> None:
    run_id = await ask(owner)
    await order(owner, START, run_id)
    await order(owner, START, run_id)

    assert await sql.fetchval("SELECT count(*) FROM run_blocks") == await sql.fetchval(
        "SELECT blocks_count FROM runs"
    )


# ---- a closed month
# --------------------------------------------------------------------------------------------


async def test_a_late_fact_of_a_closed_month_is_posted_in_the_open_one(owner: Database, sql: Any) -> None:
    """September is closed; its difference goes into October's book with September as the month it is
    about.
    """
    september = Period.parse("2026-09")
    async with owner.transaction(EVERYTHING) as session:
        run_id = await runs.request_run(session, september, "house", 2, ANNA)
    await order(owner, START, run_id)
    await run_until_idle(owner.url)
    await signed(owner, run_id)
    await order(owner, PUBLISH, run_id)

    run = await sql.fetchrow("SELECT state, period, posted_in FROM runs WHERE id = $1", run_id)
    entry = await sql.fetchrow("SELECT period, booked_on FROM entries WHERE run_id = $1", run_id)
    about = await sql.fetch("SELECT DISTINCT period, of_period FROM postings")
    assert (run["state"], str(run["period"]), str(run["posted_in"])) == (
        "published",
        "2026-09-01",
        "2026-10-01",
    )
    assert (str(entry["period"]), str(entry["booked_on"])) == ("2026-10-01", "2026-10-31")
    assert [(str(row[0]), str(row[1])) for row in about] == [("2026-10-01", "2026-09-01")]


async def test_a_late_fact_stands_in_the_document_and_the_sums_of_the_month_it_was_posted_in(
    owner: Database, sql: Any
) -> None:
    """October is published, then September's house 2: October's document shows it as a recalculation."""
    ordinary = await published(owner)
    async with owner.transaction(EVERYTHING) as session:
        late = await runs.request_run(session, Period.parse("2026-09"), "house", 2, ANNA)
    await order(owner, START, late)
    await run_until_idle(owner.url)
    await signed(owner, late)
    await order(owner, PUBLISH, late)
    charged = {
        run: await sql.fetchval("SELECT amount_kopecks + surcharge_kopecks FROM runs WHERE id = $1", run)
        for run in (ordinary, late)
    }
    account = await sql.fetchval("SELECT min(account_id) FROM run_accounts WHERE run_id = $1", late)
    of_account = {
        row["run_id"]: row["sum"]
        for row in await sql.fetch(
            "SELECT run_id, sum(amount_kopecks + surcharge_kopecks) FROM lines WHERE account_id = $1 "
            "GROUP BY run_id",
            account,
        )
    }

    async with owner.transaction(EVERYTHING) as session:
        october = await build_receipt(session, account, PERIOD)
        with pytest.raises(NoReceiptError):
            await build_receipt(session, account, PERIOD.shift(-1))
        companies = await month_pages.companies(session, PERIOD.first_day)
        year = await month_pages.year(session, PERIOD.first_day)

    assert charged[late] > 0
    assert october.totals.charged_kopecks == of_account[ordinary]
    assert october.totals.correction_kopecks == of_account[late]
    assert october.totals.to_pay_kopecks == of_account[ordinary] + of_account[late]
    assert sum(one.amount_kopecks for one in october.corrections) == of_account[late]
    assert {str(one.first_month) for one in october.corrections} == {"2026-09-01"}
    assert [bar.charged_kopecks for bar in october.history] == [of_account[ordinary] + of_account[late]]
    assert sum(one.charged_kopecks for one in companies) == sum(charged.values())
    assert sum(one.before_kopecks for one in companies) == 0
    assert (year[-1].charged_kopecks, year[-2].charged_kopecks) == (sum(charged.values()), 0)
