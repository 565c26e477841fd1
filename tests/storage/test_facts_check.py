"""Facts of accounts follow from people: a seeded city agrees, and every way to spoil it is found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from storage.engine import Database
from storage.facts_check import TITLES, check_facts
from storage.seed.city import seed_city
from tests.support.services import TestDatabase

ACCOUNTS = 300


@pytest.fixture(scope="module")
def city(database: TestDatabase) -> TestDatabase:
    asyncio.run(seed_city(database.url, ACCOUNTS, 7, 3))
    return database


@pytest.fixture
async def db(city: TestDatabase) -> AsyncIterator[Database]:
    made = Database(city.url)
    yield made
    await made.close()


async def found_after(db: Database, *spoil: str) -> list[tuple[str, str, int, int]]:
    """What the check says while the base is spoilt; what was spoilt is put right afterwards."""
    async with db.transaction() as session:
        for table in ("registrations", "ownerships", "account_facts"):
            await session.execute(text(f"CREATE TABLE kept_{table} AS TABLE {table}"))
        for statement in spoil:
            await session.execute(text(statement))
    proof = await check_facts(db.url)
    async with db.transaction() as session:
        for table in ("registrations", "ownerships", "account_facts"):
            await session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            await session.execute(text(f"DELETE FROM {table}"))
            await session.execute(text(f"INSERT INTO {table} SELECT * FROM kept_{table}"))
            await session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
            await session.execute(text(f"DROP TABLE kept_{table}"))
    assert proof["ok"] is not bool(proof["found"])
    return [(one["check"], one["where"], one["expected"], one["found"]) for one in proof["found"]]


async def test_a_seeded_city_agrees(db: Database) -> None:
    proof = await check_facts(db.url)

    assert proof["ok"], proof["found"]
    assert proof["accounts"] == ACCOUNTS
    assert len(proof["checks"]) == len(TITLES)


async def test_a_person_whom_the_facts_forgot(db: Database) -> None:
    found = await found_after(
        db,
        "INSERT INTO registrations (account_id, person_id, company_id, kind, valid_from) "
        "SELECT 5, 1, company_id, 'permanent', '2026-09-10' FROM accounts WHERE id = 5",
    )

    (one,) = found
    assert one[0] == TITLES["residents"]
    assert one[1].endswith("с 10.09.2026")
    assert one[2] == one[3] + 1


async def test_a_stay_of_five_days_does_not_count_and_of_six_does(db: Database) -> None:
    stay = (
        "INSERT INTO registrations (account_id, person_id, company_id, kind, valid_from, valid_to) "
        "SELECT 5, 1, company_id, 'temporary', '2026-09-10', '2026-09-{}' FROM accounts WHERE id = 5"
    )

    assert await found_after(db, stay.format(15)) == []
    assert [one[0] for one in await found_after(db, stay.format(16))] == [TITLES["temporary"]]


async def test_owners_facts_overlapping_facts_and_a_gap(db: Database) -> None:
    owner = await found_after(
        db, "UPDATE account_facts SET owners = owners + 1 WHERE account_id = 7 AND superseded_at IS NULL"
    )
    twice = await found_after(
        db,
        "INSERT INTO account_facts (account_id, house_id, company_id, residents, owners, valid_from, "
        "valid_to) "
        "SELECT id, house_id, company_id, 0, 1, '2026-09-01', '2026-09-05' FROM accounts WHERE id = 7",
    )
    gap = await found_after(
        db,
        "UPDATE account_facts SET valid_to = '2026-10-05' "
        "WHERE account_id = 7 AND superseded_at IS NULL AND valid_to IS NULL",
    )

    assert [one[0] for one in owner] == [TITLES["owners"]]
    assert TITLES["stretches"] in [one[0] for one in twice]
    assert [(one[0], one[1][-10:], one[3]) for one in gap] == [(TITLES["stretches"], "05.10.2026", 0)]
