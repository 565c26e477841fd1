"""Runs as people ask for them and workers do them: on real PostgreSQL, by the real law of the small city."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from actors.local import run_until_idle
from storage import runs
from storage.engine import Database
from storage.run_plan import split
from storage.run_publish import publish_run
from storage.runs import PUBLISH, START, RunRefused
from tests.storage import small_city
from tests.storage.run_steps import (
    ANNA,
    BORIS,
    EVERYTHING,
    PERIOD,
    VERA,
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


# ---- asking
# --------------------------------------------------------------------------------------------------


async def test_asking_writes_the_run_and_its_command_together_as_a_page(pages: Database, sql: Any) -> None:
    run_id = await ask(pages)

    run = await sql.fetchrow("SELECT * FROM runs WHERE id = $1", run_id)
    event = await sql.fetchrow("SELECT * FROM outbox")
    assert (run["state"], run["created_by"]) == ("planned", ANNA)
    assert event["subject"] == START
    assert f'"run_id": {run_id}' in event["payload"]


async def test_the_same_command_again_is_the_same_run(pages: Database, sql: Any) -> None:
    first = await ask(pages, command_id="c1")
    again = await ask(pages, command_id="c1")

    assert first == again
    assert await sql.fetchval("SELECT count(*) FROM outbox") == 1
    assert await refusal(ask(pages, "house", 1, command_id="c1")) == "command-reused"


async def test_two_pages_sending_one_command_at_once_make_one_run(pages: Database, sql: Any) -> None:
    made = await asyncio.gather(*(ask(pages, command_id="c1") for _ in range(4)))

    assert len(set(made)) == 1
    assert await sql.fetchval("SELECT count(*) FROM runs") == 1


async def test_a_scope_or_month_that_is_not_there_is_refused_in_words(pages: Database) -> None:
    assert await refusal(ask(pages, "house", 99_999)) == "scope-not-found"
    assert await refusal(ask(pages, "organisation", 4)) == "scope-not-found"
    async with pages.transaction(EVERYTHING) as session:
        with pytest.raises(RunRefused, match=r"ноябрь 2026 не открыт.*Открыт октябрь 2026"):
            await runs.request_run(session, PERIOD.shift(1), "city", None, ANNA)


async def test_a_scope_without_accounts_fails_with_words(owner: Database, sql: Any) -> None:
    await sql.execute("UPDATE accounts SET closed_on = '2026-09-30' WHERE house_id = 1")

    run_id = await ask(owner, "house", 1)
    await order(owner, START, run_id)

    run = await sql.fetchrow("SELECT state, error FROM runs WHERE id = $1", run_id)
    assert run["state"] == "failed"
    assert "нет открытых счетов" in run["error"]


# ---- computing
# -------------------------------------------------------------------------------------------------


async def test_sums_of_a_run_are_sums_of_its_lines_everywhere(owner: Database, sql: Any) -> None:
    run_id = await computed(owner)

    run = await sql.fetchrow("SELECT * FROM runs WHERE id = $1", run_id)
    assert run["state"] == "checked"
    lines = await sql.fetchrow(
        "SELECT count(*), sum(amount_kopecks), sum(surcharge_kopecks), count(DISTINCT account_id) FROM lines "
        "WHERE run_id = $1",
        run_id,
    )
    assert tuple(lines[:3]) == (run["lines_count"], run["amount_kopecks"], run["surcharge_kopecks"])
    assert lines[3] == run["accounts_count"] - run["parked_count"] == 120
    for table in ("run_accounts", "run_totals", "run_houses"):
        sums = await sql.fetchrow(
            f"SELECT sum(amount_kopecks), sum(surcharge_kopecks) FROM {table} WHERE run_id = $1", run_id
        )
        assert tuple(sums) == tuple(lines[1:3]), table


async def test_any_size_of_block_gives_the_same_digest(owner: Database, sql: Any) -> None:
    digests = set()
    for size in (1, 25, 70, 10_000):
        run_id = await ask(owner)
        async with owner.transaction() as session:
            from storage.run_plan import plan_run
            from storage.session import raw_connection

            await plan_run(await raw_connection(session), run_id, size)
        await run_until_idle(owner.url, workers=2)
        digests.add(await sql.fetchval("SELECT digest FROM runs WHERE id = $1", run_id))

    assert len(digests) == 1
    counts = [row["n"] for row in await sql.fetch("SELECT blocks_count AS n FROM runs ORDER BY id")]
    assert counts == [6, 6, 2, 1]


async def test_a_run_of_an_account_computes_its_house_and_keeps_only_its_lines(
    owner: Database, sql: Any
) -> None:
    whole = await computed(owner)
    alone = await computed(owner, "account", 25)

    columns = "account_id, service, component, basis, volume_num, volume_den, rate, amount_kopecks, a, b"
    query = f"SELECT {columns} FROM lines WHERE run_id = $1 AND account_id = 25 ORDER BY service, component"
    assert await sql.fetch(query, alone) == await sql.fetch(query, whole)
    assert await sql.fetchval("SELECT count(DISTINCT account_id) FROM lines WHERE run_id = $1", alone) == 1
    run = await sql.fetchrow("SELECT accounts_count, parked_count FROM runs WHERE id = $1", alone)
    assert tuple(run) == (1, 0)


async def test_a_run_of_an_organisation_takes_its_houses_only(owner: Database, sql: Any) -> None:
    run_id = await computed(owner, "organisation", 2)

    companies = await sql.fetch("SELECT DISTINCT company_id FROM lines WHERE run_id = $1", run_id)
    assert [row["company_id"] for row in companies] == [2]
    assert await sql.fetchval("SELECT accounts_count FROM runs WHERE id = $1", run_id) == 60


async def test_parked_accounts_have_words_and_no_lines_and_the_rest_goes_on(
    owner: Database, sql: Any
) -> None:
    await sql.execute("UPDATE account_facts SET area_dm2 = NULL WHERE account_id = 7")
    await sql.execute("DELETE FROM account_facts WHERE account_id = 8")

    run_id = await computed(owner)

    parked = await sql.fetch(
        "SELECT account_id, reason, message FROM parked_accounts WHERE run_id = $1", run_id
    )
    assert {row["account_id"] for row in parked} >= {8}
    assert all(row["message"].endswith(".") for row in parked)
    ids = [row["account_id"] for row in parked]
    assert await sql.fetchval("SELECT count(*) FROM lines WHERE account_id = ANY ($1)", ids) == 0
    run = await sql.fetchrow("SELECT * FROM runs WHERE id = $1", run_id)
    assert run["accounts_count"] == 120
    assert run["parked_count"] == len(parked)
    assert await sql.fetchval("SELECT sum(parked_count) FROM run_houses WHERE run_id = $1", run_id) == len(
        parked
    )


def test_blocks_are_whole_houses_in_order_near_the_wanted_size() -> None:
    houses = [(number, 10 + number % 7) for number in range(1, 200)]

    blocks = split(houses, 100)

    assert [house for ids, _ in blocks for house in ids] == [house for house, _ in houses]
    assert sum(size for _, size in blocks) == sum(size for _, size in houses)
    assert all(80 <= size <= 120 for _, size in blocks[:-1])
    assert split([(1, 9_000), (2, 5)], 3_000) == [([1], 9_000), ([2], 5)]


# ---- publishing
# ------------------------------------------------------------------------------------------------


async def test_publishing_posts_once_and_flips_the_state(owner: Database, sql: Any) -> None:
    run_id = await published(owner)
    await order(owner, PUBLISH, run_id)

    run = await sql.fetchrow("SELECT * FROM runs WHERE id = $1", run_id)
    entries = await sql.fetch("SELECT * FROM entries WHERE run_id = $1", run_id)
    total = run["amount_kopecks"] + run["surcharge_kopecks"]
    assert run["state"] == "published"
    assert len(entries) == 1
    assert await sql.fetchval("SELECT sum(amount_kopecks) FROM postings") == 0
    assert await sql.fetchval("SELECT sum(amount_kopecks) FROM postings WHERE book = 1") == total
    payees = await sql.fetch("SELECT organisation_id, service FROM postings WHERE book = 2 ORDER BY 1, 2")
    totals = await sql.fetch(
        "SELECT DISTINCT supplier_id, service FROM run_totals WHERE run_id = $1 ORDER BY 1, 2", run_id
    )
    assert [tuple(row) for row in payees] == [tuple(row) for row in totals]


async def test_one_person_cannot_publish_alone_by_page_or_by_sql(owner: Database, sql: Any) -> None:
    run_id = await computed(owner)
    async with owner.transaction(EVERYTHING) as session:
        await runs.request_publication(session, run_id, ANNA)

    async with owner.transaction(EVERYTHING) as session:
        assert await refusal(runs.approve_publication(session, run_id, ANNA)) == "same-person"
    with pytest.raises(asyncpg.CheckViolationError):
        await sql.execute("UPDATE runs SET approved_by = requested_by WHERE id = $1", run_id)
    async with owner.transaction() as session:
        assert await refusal(publish_run(session, run_id)) == "run-not-approved"


async def test_two_approvers_at_once_publish_once(owner: Database, sql: Any) -> None:
    run_id = await computed(owner)
    async with owner.transaction(EVERYTHING) as session:
        await runs.request_publication(session, run_id, ANNA)

    async def approve(user_id: int) -> str:
        try:
            async with owner.transaction(EVERYTHING) as session:
                await runs.approve_publication(session, run_id, user_id)
            return "approved"
        except RunRefused as error:
            return error.code

    answers = await asyncio.gather(approve(BORIS), approve(VERA))
    await asyncio.gather(order(owner, PUBLISH, run_id), order(owner, PUBLISH, run_id))

    assert sorted(answers) == ["approved", "run-approved"]
    assert await sql.fetchval("SELECT count(*) FROM entries") == 1
    assert await sql.fetchval("SELECT count(*) FROM outbox WHERE subject = $1", PUBLISH) == 1


async def test_a_request_can_be_taken_back_until_it_is_approved(owner: Database) -> None:
    run_id = await computed(owner)

    async with owner.transaction(EVERYTHING) as session:
        assert await refusal(runs.return_to_check(session, run_id, ANNA)) == "nothing-to-return"
        await runs.request_publication(session, run_id, ANNA)
        assert await refusal(runs.request_publication(session, run_id, BORIS)) == "publication-asked"
        await runs.return_to_check(session, run_id, BORIS)
        assert await refusal(runs.approve_publication(session, run_id, BORIS)) == "publication-not-asked"
        await runs.request_publication(session, run_id, BORIS)
        await runs.approve_publication(session, run_id, ANNA)
        assert await refusal(runs.return_to_check(session, run_id, ANNA)) == "nothing-to-return"


async def test_pages_may_sign_but_not_publish_by_themselves(owner: Database, pages: Database) -> None:
    run_id = await computed(owner)
    async with pages.transaction(EVERYTHING) as session:
        await runs.request_publication(session, run_id, ANNA)
    async with pages.transaction(EVERYTHING) as session:
        await runs.approve_publication(session, run_id, BORIS)

    with pytest.raises(Exception, match="permission denied"):
        async with pages.transaction(EVERYTHING) as session:
            await publish_run(session, run_id)
    await order(owner, PUBLISH, run_id)


async def test_a_draft_over_a_house_published_meanwhile_is_refused(owner: Database) -> None:
    draft = await computed(owner)
    await published(owner, "house", 3)

    async with owner.transaction(EVERYTHING) as session:
        assert await refusal(runs.request_publication(session, draft, ANNA)) == "run-outdated"


async def test_a_draft_signed_before_another_was_published_is_returned_to_check(
    owner: Database, sql: Any
) -> None:
    draft = await computed(owner)
    await signed(owner, draft)
    await published(owner, "house", 3)

    await order(owner, PUBLISH, draft)

    run = await sql.fetchrow("SELECT state, requested_by, approved_by FROM runs WHERE id = $1", draft)
    assert tuple(run) == ("checked", None, None)
    words = await sql.fetchval("SELECT message FROM run_log WHERE run_id = $1 AND event = 'refused'", draft)
    assert "устарел" in words
    assert await sql.fetchval("SELECT count(*) FROM entries") == 1
