"""The one box: whatever a person types, the flat is found; and only what this person may see."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from storage import search
from storage.engine import Database
from storage.runs import RunRefused
from storage.scope import Scope
from storage.scope_words import scope_id
from tests.storage import town
from tests.support.services import TestDatabase

COMPANY = Scope(user_id=1, role="company", organisation_id=1, company_ids=(1,))
CENTRE = Scope(user_id=1, role="centre", everything=True)


EXTRAS = (
    "INSERT INTO persons (id, company_id, surname, name, search_name) VALUES "
    "(1, 1, 'Ёлкина', 'Ольга', 'елкина ольга'), (2, 1, 'Петров', 'Олег', 'петров олег')",
    "INSERT INTO registrations (account_id, person_id, company_id, kind, valid_from) VALUES "
    "(3, 1, 1, 'permanent', '2020-01-01'), (3, 2, 1, 'permanent', '2020-01-01')",
    "UPDATE accounts SET phone = '+7 900 123-45-67' WHERE id = 1",
    "INSERT INTO service_requests (number, company_id, house_id, category, text, deadline_at, "
    "deadline_ground, idempotency_key) VALUES (4512, 1, 1, 'leak', 'Течёт кран', now(), 'п. 13', 'k')",
    "INSERT INTO houses (id, street_id, number, sort_key, floors, company_id, area_total_dm2, "
    "area_common_dm2) VALUES (3, 1, '12А', '000012а', 5, 1, 1, 1), (4, 1, '112', '000112', 5, 1, 1, 1)",
    "INSERT INTO accounts (number, house_id, flat_id, company_id, payer_name, search_name, opened_on) "
    "SELECT lpad((5000000 + n)::text, 10, '0'), 1, 1, 1, 'Абвгд', 'абвгд' || n, '2020-01-01' "
    "FROM generate_series(1, 20000) n",
)


@pytest.fixture(scope="module")
def filled(database: TestDatabase) -> TestDatabase:
    """The small town with people, a request, and twenty thousand neighbours; tests of this file only read."""
    asyncio.run(_fill(database.url))
    return database


async def _fill(url: str) -> None:
    owner = Database(url)
    await town.build(owner)
    async with owner.transaction() as session:
        for statement in EXTRAS:
            await session.execute(text(statement))
    async with owner.engine.connect() as connection:
        outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await outside.execute(text("ANALYZE accounts"))
    await owner.close()


@pytest.fixture
async def base(filled: TestDatabase) -> AsyncIterator[Database]:
    made = Database(filled.web_url, "web")
    yield made
    await made.close()


async def found(base: Database, typed: str, scope: Scope = COMPANY) -> list[tuple[str, int]]:
    async with base.reading(scope) as session:
        return [(row.kind, row.id) for row in await search.search(session, typed)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("0012345", ("account", 1)),
        ("00123", ("account", 1)),
        ("лен 12 2", ("account", 2)),
        ("Ленина 12-2", ("account", 2)),
        ("ул. Ленина, д. 12, кв. 2", ("account", 2)),
        ("ktybyf 12 2", ("account", 2)),
        ("ленина 12", ("house", 1)),
        ("лен", ("house", 1)),
        ("Иванов Пётр", ("account", 1)),
        ("bdfyjd", ("account", 1)),
        ("елк", ("person", 1)),
        ("Ёлкина", ("person", 1)),
        ("89001234567", ("account", 1)),
        ("+7 (900) 123", ("account", 1)),
        ("9001234567", ("account", 1)),
        ("123456", ("meter", 1)),
        ("э-77", ("meter", 2)),
        ("4512", ("request", 1)),
        ("№ 4512", ("request", 1)),
    ],
)
async def test_typed_words_find_it(base: Database, typed: str, first: tuple[str, int]) -> None:
    rows = await found(base, typed)

    assert rows
    assert rows[0] == first


async def test_house_12_comes_before_12a_and_112_is_not_it(base: Database) -> None:
    assert await found(base, "лен 12") == [("house", 1), ("house", 3)]


@pytest.mark.parametrize(
    "typed", ["", " ", "л", "1", "%", "'; DROP TABLE accounts; --", "_____", "зззз", "\\"]
)
async def test_nothing_is_found_and_nothing_breaks(base: Database, typed: str) -> None:
    assert await found(base, typed) == []


async def test_people_of_another_company_are_not_found(base: Database) -> None:
    assert await found(base, "сидоров") == []
    assert await found(base, "сидоров", CENTRE) == [("account", 4)]
    assert await found(base, "0099999") == []


async def test_one_account_is_shown_once_and_rows_are_few(base: Database) -> None:
    assert await found(base, "петров") == [("account", 3)]
    assert len(await found(base, "00050")) == search.ROWS_OF_A_KIND
    assert len(await found(base, "абв")) <= search.ROWS_MAX


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("8 900 123-45-67", "+7 900 123-45-67"),
        ("+79001234567", "+7 900 123-45-67"),
        ("9001234567", "+7 900 123-45-67"),
        ("+7 900 12", "+7 900 12"),
        ("90012345678", None),
        ("иванов", None),
    ],
)
def test_phone_is_written_one_way(typed: str, form: str | None) -> None:
    assert search.phone_form(typed) == form


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (search.ACCOUNT, "ix_accounts_number"),
        (search.PAYER, "ix_accounts_search_name"),
        (search.PHONE, "ix_accounts_phone"),
    ],
)
async def test_prefixes_are_answered_by_indexes_under_row_level_security(
    base: Database, sql: str, index: str
) -> None:
    values = {"q_from": "000019999", "q_to": "00002", "of_a_kind": 6}
    async with base.reading(COMPANY) as session:
        plan = "\n".join((await session.execute(text(f"EXPLAIN {sql.format(name='q')}"), values)).scalars())

    assert index in plan, plan


async def test_a_house_that_is_not_there_is_answered_with_those_that_are(filled: TestDatabase) -> None:
    with pytest.raises(RunRefused) as wrong_number:
        await scope_id(filled.url, "house", "Ленина 999")
    with pytest.raises(RunRefused) as wrong_street:
        await scope_id(filled.url, "house", "Нет такой 12")

    assert "house:1 — ул. Ленина, д. 12" in str(wrong_number.value)
    assert "Дом «Нет такой 12» не найден. Есть: house:1" in str(wrong_street.value)


async def test_a_shop_is_premises_and_a_flat_is_a_flat(filled: TestDatabase) -> None:
    owner = Database(filled.url)
    async with owner.transaction() as session:
        await session.execute(text("UPDATE flats SET kind = 'nonresidential' WHERE id = 2"))
        rows = await session.execute(
            text(f"SELECT f.id, {search.FLAT_WORDS} AS words FROM flats f WHERE f.id IN (1, 2) ORDER BY f.id")
        )
        words = [row.words.partition(" ")[0] for row in rows]
        await session.rollback()
    await owner.close()

    assert words == ["кв.", "пом."]
