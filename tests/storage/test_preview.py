"""The nearest charge: what a run would write, also for a resident's page, and as it was known then."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from actors.local import run_until_idle
from billing.period import Period
from storage.engine import Database
from storage.preview import preview_account, preview_house
from tests.actors.runs import PERIOD, planned
from tests.storage import small_city
from tests.support.services import TestDatabase


@pytest.fixture
async def sql(fresh_database: TestDatabase) -> AsyncIterator[Any]:
    await small_city.build(fresh_database.url, houses=3, flats=10)
    opened = await asyncpg.connect(fresh_database.url)
    yield opened
    await opened.close()


@pytest.fixture
async def pages(fresh_database: TestDatabase, sql: Any) -> AsyncIterator[Database]:
    """The pages' role, which by itself sees nothing."""
    opened = Database(fresh_database.web_url, "web")
    yield opened
    await opened.close()


async def test_a_page_sees_what_a_run_would_write_and_nothing_is_written(
    fresh_database: TestDatabase, pages: Database, sql: Any
) -> None:
    preview = await preview_account(pages, 14)
    house_lines, parked = await preview_house(pages, 2, PERIOD)
    written = await sql.fetchval("SELECT count(*) FROM lines") + await sql.fetchval(
        "SELECT count(*) FROM runs"
    )

    await planned(fresh_database.url, 10)
    await run_until_idle(fresh_database.url)
    total = await sql.fetchval(
        "SELECT amount_kopecks + surcharge_kopecks FROM run_accounts WHERE account_id = 14"
    )
    house_total = await sql.fetchval(
        "SELECT amount_kopecks + surcharge_kopecks FROM run_houses WHERE house_id = 2"
    )

    assert preview is not None
    assert (preview.account_id, preview.period, preview.parked) == (14, PERIOD, None)
    assert preview.total_kopecks == total
    assert set(preview.lines.account_id.tolist()) == {14}
    assert house_lines.total() == house_total
    assert parked.reason == {}
    assert written == 0


async def test_why_an_account_cannot_be_charged_is_told_in_words(pages: Database, sql: Any) -> None:
    await sql.execute("DELETE FROM account_facts WHERE account_id = 14")

    preview = await preview_account(pages, 14)

    assert preview is not None
    assert len(preview.lines) == 0
    assert preview.parked is not None
    assert preview.parked.endswith(".")
    assert await preview_account(pages, 99_999) is None


async def test_a_past_bill_is_explained_by_what_was_known_then(pages: Database, sql: Any) -> None:
    before = await preview_account(pages, 14)
    then = await sql.fetchval("SELECT clock_timestamp()")
    await sql.execute("UPDATE account_facts SET superseded_at = clock_timestamp() WHERE account_id = 14")
    await sql.execute(
        "INSERT INTO account_facts (account_id, house_id, company_id, area_dm2, residents, owners, "
        "valid_from, "
        "recorded_at) VALUES (14, 2, 2, 9900, 5, 1, '2020-01-01', clock_timestamp())"
    )

    now = await preview_account(pages, 14)
    as_it_was = await preview_account(pages, 14, PERIOD, as_of=then)
    other_month = await preview_account(pages, 14, Period.parse("2026-09"))

    assert before is not None
    assert now is not None
    assert as_it_was is not None
    assert other_month is not None
    assert as_it_was.lines.digest() == before.lines.digest() != now.lines.digest()
    assert other_month.period == Period.parse("2026-09")


async def test_a_preview_is_quick(pages: Database) -> None:
    await preview_account(pages, 14)
    times = []
    for account in (1, 5, 12, 14, 21, 25, 28):
        began = time.process_time()
        await preview_account(pages, account)
        times.append(time.process_time() - began)

    assert sorted(times)[len(times) // 2] < 0.1
