"""History of the city: every month billed by the real engine, published, paid and closed; the books agree."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from actors.local import run_until_idle
from billing import ledger as books
from cluster.demo_counterparts import gates
from cluster.history import bill_history
from storage import demo, demo_cards, demo_coowners, demo_debts, demo_heat, ledger
from storage.engine import Database
from storage.run_orders import obey
from storage.runs import START, request_run
from storage.seed.city import OPEN_MONTH, seed_city
from storage.seed.payments import payments
from storage.users import NewSession, sign_in
from tests.support.services import TestDatabase

ACCOUNTS = 900


@pytest.fixture(scope="module")
def history(database: TestDatabase) -> list[dict[str, Any]]:
    """Three closed months and an open one."""

    async def make() -> list[dict[str, Any]]:
        await seed_city(database.url, ACCOUNTS, 7, 4)
        return await bill_history(database.url)

    return asyncio.run(make())


@pytest.fixture
async def base(database: TestDatabase, history: list[dict[str, Any]]) -> AsyncIterator[Database]:
    made = Database(database.url, pool_max=2)
    yield made
    await made.close()


async def test_past_months_park_nobody_and_are_published(history: list[dict[str, Any]]) -> None:
    assert [row["period"] for row in history] == ["2026-07", "2026-08", "2026-09"]
    assert all(row["parked"] == 0 for row in history)
    assert all(row["lines"] > 10 * ACCOUNTS for row in history)
    assert [row["payments"] > 0 for row in history] == [False, True, True]


async def test_books_agree_after_the_history(base: Database) -> None:
    proof = await ledger.check(base.url)

    assert proof["ok"], proof["found"]
    assert proof["months"] == 4


async def test_payment_entries_are_what_the_ledger_would_have_written(base: Database) -> None:
    async with base.reading() as session:
        entries = (
            await session.execute(
                text("SELECT id, input_hash FROM entries WHERE kind = 'payment' ORDER BY id")
            )
        ).all()
        for row in entries[:: max(1, len(entries) // 40)]:
            entry, postings = await ledger.read(session, row.id)
            books.check(entry, postings)
            assert books.digest(entry, postings) == row.input_hash


async def test_people_differ_in_how_they_pay(base: Database) -> None:
    async with base.reading() as session:
        debts = [
            row.amount
            for row in await session.execute(
                text(
                    "SELECT o.amount_kopecks + coalesce((SELECT sum(p.amount_kopecks) FROM postings p WHERE "
                    "p.account_id = o.account_id AND p.period = o.period), 0) AS amount "
                    "FROM opening_balances o WHERE o.period = :period"
                ),
                {"period": OPEN_MONTH.first_day},
            )
        ]

    assert sum(debt == 0 for debt in debts) > 0.6 * len(debts)
    assert sum(debt < 0 for debt in debts) > 0.04 * len(debts)  # rounded up, mistyped, ahead
    assert any(debt < -100_000 for debt in debts)  # months ahead
    assert sum(0 < debt < 10_000 for debt in debts) > 0.005 * len(debts)  # a little less than asked
    assert sum(debt > 1_000_000 for debt in debts) > 0.02 * len(debts)


async def test_paying_a_month_twice_pays_once(base: Database) -> None:
    async with base.transaction() as session:
        assert (await payments(session, OPEN_MONTH)).payments == 0


async def test_open_month_parks_only_the_holes_made_on_purpose(base: Database) -> None:
    async with base.transaction() as session:
        run_id = await request_run(session, OPEN_MONTH, "city", None, None, "test-open")
        await obey(session, START, {"run_id": run_id})
    await run_until_idle(base.url)
    async with base.reading() as session:
        found = {
            (row.service, row.reason): row.n
            for row in await session.execute(
                text(
                    "SELECT service, reason, count(*) AS n FROM parked_accounts "
                    "WHERE run_id = :run GROUP BY 1, 2"
                ),
                {"run": run_id},
            )
        }

    assert set(found) == {(4, "NO_HOUSE_READING"), (6, "NO_NORM"), (4, "NO_AREA")}
    assert sum(found.values()) < 0.05 * ACCOUNTS


async def test_demo_users_are_made_once_and_sign_in(base: Database) -> None:
    first = await demo.users(base.url)
    again = await demo.users(base.url)

    assert first == again
    assert {user.role for user in first} == {
        "centre", "publisher", "admin", "company", "dispatcher", "supplier", "social", "agent", "resident",
    }  # fmt: skip
    import datetime as dt

    for user in (first[0], first[-1]):
        async with base.transaction() as session:
            opened = await sign_in(session, user.login, user.password, "127.0.0.1", dt.datetime.now(dt.UTC))
        assert isinstance(opened, NewSession)
        assert opened.role == user.role
        assert not opened.must_change_password


async def test_the_demo_city_shows_a_boiler_distributors_and_checks(base: Database) -> None:
    await demo_heat.show(base.url)
    await demo_heat.show(base.url)

    counts = (
        "SELECT count(*) FROM norms WHERE kind = 'fuel_gas'",
        "SELECT count(*) FROM house_services WHERE method = 'boiler'",
        "SELECT count(*) FROM meter_checks",
        "SELECT count(DISTINCT house_id) FROM heat_distributors",
    )
    async with base.reading() as session:
        found = [await session.scalar(text(one)) for one in counts]
    assert found == [1, 1, demo_heat.CHECKS, 1]


async def test_the_demo_city_shows_fiscal_checks_of_its_cash_desk(base: Database) -> None:
    await demo_cards.ensure(base.url, gates("http://127.0.0.1:9"))
    await demo_debts.show(base.url)
    await demo_debts.show(base.url)

    async with base.reading() as session:
        checks = await session.execute(
            text("SELECT kind, count(*)::int FROM card_checks WHERE receipt_id > 0 GROUP BY 1 ORDER BY 1")
        )
        assert [tuple(row) for row in checks] == [("sell", len(demo_debts.TAKEN)), ("sell_refund", 1)]


async def test_the_demo_city_shows_a_divided_flat(base: Database) -> None:
    await demo_coowners.show(base.url)
    await demo_coowners.show(base.url)

    async with base.reading() as session:
        parts = await session.scalar(text("SELECT count(*) FROM division_parts"))
        new = await session.scalar(text("SELECT count(*) FROM division_parts WHERE is_new"))
    assert (parts, new) == (3, 2)
