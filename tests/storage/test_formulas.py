"""Services billed by a formula: written by a company, signed by another person, billed by an ordinary run,
explained, printed, corrected by version.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from actors.local import run_until_idle
from billing.formula.grammar import FormulaError
from billing.period import Period
from storage import corrections, formula_proposals, runs
from storage.corrections import Ground
from storage.engine import Database
from storage.explain import explain
from storage.formula_proposals import NewFormula
from storage.receipts import build_receipt
from storage.run_orders import obey
from storage.runs import PUBLISH, START
from storage.scope import Scope
from storage.second_person import ValueRefused
from tests.storage import small_city
from tests.storage.run_steps import ANNA, BORIS, EVERYTHING, PERIOD, computed, order, published, signed
from tests.support.services import TestDatabase

GALINA, DARIA = 4, 5
FIRST = Scope(user_id=GALINA, role="company", organisation_id=2, company_ids=(2,))
NOW = dt.datetime(2026, 9, 20, 12, tzinfo=dt.UTC)
INTERCOM = NewFormula(
    service=None,
    label="Домофон",
    organisation_id=2,
    house_ids=None,
    formula="если этаж > 1 то 60 руб иначе 45 руб",
    ceiling_kopecks=1_000_00,
    valid_from=dt.date(2026, 9, 1),
    supplier_id=2,
    document="Протокол собрания № 3",
    document_date=dt.date(2026, 8, 20),
)
CAMERAS = replace(
    INTERCOM,
    label="Видеонаблюдение",
    organisation_id=None,
    formula="площадь × 0,85 руб/м²",
    document="Решение города № 8",
)


@pytest.fixture
async def city(fresh_database: TestDatabase) -> TestDatabase:
    await small_city.build(fresh_database.url, houses=4, flats=6)
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
    await opened.execute("UPDATE flats SET floor = 1 + (id - 1) % 3")
    await opened.execute(
        "INSERT INTO users (id, login, password_hash, role, full_name, organisation_id) "
        "VALUES (5, 'daria', '!', 'company', 'Дарья Вторая', 2)"
    )
    yield opened
    await opened.close()


async def in_force(pages: Database, new: NewFormula, scope: Scope = FIRST, second: int = DARIA) -> int:
    async with pages.transaction(scope) as session:
        proposal = await formula_proposals.propose(session, new, int(scope.user_id or 0))
    async with pages.transaction(replace(scope, user_id=second)) as session:
        await formula_proposals.approve(session, proposal, second, NOW)
    return proposal


async def charged(sql: Any, service: int, run_id: int) -> dict[int, int]:
    rows = await sql.fetch(
        "SELECT account_id, sum(amount_kopecks)::bigint AS kopecks FROM lines "
        "WHERE service = $1 AND run_id = $2 GROUP BY 1 ORDER BY 1",
        service,
        run_id,
    )
    return {row["account_id"]: row["kopecks"] for row in rows}


async def test_a_company_bills_its_intercom_by_a_formula_in_its_own_houses_only(
    pages: Database, owner: Database, sql: Any
) -> None:
    await in_force(pages, INTERCOM)
    await in_force(pages, CAMERAS, EVERYTHING, BORIS)

    run_id = await published(owner)

    floors = {row["id"]: row["floor"] for row in await sql.fetch("SELECT id, floor FROM flats")}
    mine = {row["id"] for row in await sql.fetch("SELECT id FROM accounts WHERE company_id = 2")}
    assert await charged(sql, 100, run_id) == {
        account: 6000 if floors[account] > 1 else 4500 for account in sorted(mine)
    }
    areas = {row["id"]: row["area_dm2"] for row in await sql.fetch("SELECT id, area_dm2 FROM flats")}
    assert await charged(sql, 101, run_id) == {
        account: (area * 85 + 50) // 100 for account, area in sorted(areas.items())
    }
    assert await sql.fetchval("SELECT count(*) FROM parked_accounts WHERE run_id = $1", run_id) == 0


async def test_the_formula_is_explained_with_its_numbers_and_printed(
    pages: Database, owner: Database, sql: Any
) -> None:
    await in_force(pages, INTERCOM)
    await in_force(pages, CAMERAS, EVERYTHING, BORIS)
    await published(owner)
    account = await sql.fetchval("SELECT min(id) FROM accounts WHERE company_id = 2")

    told = await explain(owner.url, f"{account:010}", PERIOD)
    async with owner.reading() as session:
        paper = await build_receipt(session, account, PERIOD)

    lines = {line.label: line for line in told.lines}
    assert all(line.agrees for line in told.lines)
    intercom, cameras = lines["Домофон"], lines["Видеонаблюдение"]
    assert (intercom.formula, cameras.formula) == ("45", "40,1 × 0,85")
    assert "Условие 1 > 1 — не выполнено, взято «иначе»." in intercom.notes
    assert any("Протокол собрания № 3" in note for note in intercom.notes)
    assert ("общая площадь помещения", "40,1 м²") in [(one.words, one.text) for one in cameras.numbers]
    printed = {row.service: row for section in paper.sections for row in section.rows}
    assert printed["Домофон"].total_kopecks == 4500
    assert (printed["Видеонаблюдение"].unit, printed["Видеонаблюдение"].rate) == ("м²", 8500)


async def test_an_organisations_formula_stands_over_the_citys_in_its_houses(
    pages: Database, owner: Database, sql: Any
) -> None:
    await in_force(pages, CAMERAS, EVERYTHING, BORIS)
    await in_force(pages, replace(INTERCOM, service=100, label="", formula="площадь × 1,10 руб/м²"))

    run_id = await computed(owner)

    versions = await sql.fetch(
        "SELECT DISTINCT a.company_id, l.a FROM lines l JOIN accounts a ON a.id = l.account_id "
        "WHERE l.service = 100 AND l.run_id = $1 ORDER BY 1",
        run_id,
    )
    assert [tuple(row) for row in versions] == [(2, 2), (3, 1)]


async def test_a_formula_changes_the_law_version_of_the_month(
    pages: Database, owner: Database, sql: Any
) -> None:
    first = await computed(owner)
    await in_force(pages, INTERCOM)
    second = await computed(owner)

    versions = [
        await sql.fetchval("SELECT law_version FROM runs WHERE id = $1", run_id) for run_id in (first, second)
    ]
    assert versions[0] != versions[1]


async def test_a_new_version_in_a_closed_month_is_corrected_by_version(
    pages: Database, owner: Database, sql: Any
) -> None:
    """September was billed by the version of August; a version of September is learnt in October."""
    september = Period.parse("2026-09")
    await in_force(pages, replace(INTERCOM, valid_from=dt.date(2026, 8, 1)))
    async with owner.transaction(EVERYTHING) as session:
        first = await runs.request_run(session, september, "city", None, ANNA)
    await order(owner, START, first)
    await run_until_idle(owner.url)
    await signed(owner, first)
    await order(owner, PUBLISH, first)
    by_people = "60 руб / 4 × (люди / 1 чел.)"
    await in_force(pages, replace(INTERCOM, service=100, label="", formula=by_people))

    async with owner.transaction(EVERYTHING) as session:
        run_id = await corrections.request_correction(
            session, "city", None, september, None,
            Ground("tariff", "Решение суда № 2", dt.date(2026, 10, 5), ""), ANNA,
        )  # fmt: skip
    async with owner.transaction() as session:
        await obey(session, START, {"run_id": run_id})
    await run_until_idle(owner.url)

    people = {
        row["account_id"]: row["residents"] or row["owners"]
        for row in await sql.fetch("SELECT account_id, residents, owners FROM account_facts")
    }
    was = await charged(sql, 100, first)
    assert await charged(sql, 100, run_id) == {
        account: people[account] * 1500 - kopecks for account, kopecks in was.items()
    }
    assert {row["a"] for row in await sql.fetch("SELECT a FROM lines WHERE run_id = $1", run_id)} == {1, 2}


async def test_nobody_signs_their_own_formula_or_touches_foreign_houses(pages: Database, sql: Any) -> None:
    async with pages.transaction(FIRST) as session:
        proposal = await formula_proposals.propose(session, INTERCOM, GALINA)
        with pytest.raises(ValueRefused, match="другой сотрудник"):
            await formula_proposals.approve(session, proposal, GALINA, NOW)
    foreign = await sql.fetchval("SELECT min(id) FROM houses WHERE company_id = 3")
    async with pages.transaction(FIRST) as session:
        with pytest.raises(ValueRefused, match="чужие"):
            await formula_proposals.propose(
                session, replace(INTERCOM, label="Шлагбаум", house_ids=(foreign,)), GALINA
            )
    with pytest.raises(Exception, match="row-level security"):
        async with pages.transaction(FIRST) as session:
            await formula_proposals.propose(
                session, replace(INTERCOM, label="Чужое", organisation_id=3), GALINA
            )


async def test_a_wrong_formula_and_a_second_answer_for_a_month_are_refused(pages: Database, sql: Any) -> None:
    async with pages.transaction(FIRST) as session:
        await formula_proposals.propose(session, INTERCOM, GALINA)
        with pytest.raises(FormulaError, match="нужны рубли"):
            await formula_proposals.propose(session, replace(INTERCOM, label="А", formula="площадь"), GALINA)
        with pytest.raises(ValueRefused, match="уже есть"):
            await formula_proposals.propose(session, replace(INTERCOM, label="домофон"), GALINA)
        with pytest.raises(ValueRefused, match="ждёт утверждения"):
            await formula_proposals.propose(session, replace(INTERCOM, service=100), GALINA)
        with pytest.raises(FormulaError, match="считается за мес"):
            await formula_proposals.propose(
                session, replace(INTERCOM, service=100, formula="площадь × 2 руб/м²"), GALINA
            )


async def test_who_lacks_a_floor_is_parked_and_told(pages: Database, owner: Database, sql: Any) -> None:
    await in_force(pages, INTERCOM)
    account = await sql.fetchval("SELECT min(id) FROM accounts WHERE company_id = 2")
    await sql.execute("UPDATE flats SET floor = NULL WHERE id = $1", account)

    run_id = await computed(owner)

    rows = await sql.fetch(
        "SELECT account_id, reason, message FROM parked_accounts WHERE run_id = $1", run_id
    )
    assert [(row["account_id"], row["reason"]) for row in rows] == [(account, "NO_FLOOR")]
    assert "этаж" in rows[0]["message"]
    assert "№ 1: если этаж > 1" in rows[0]["message"]


async def test_back_to_the_method_of_the_house(pages: Database, owner: Database, sql: Any) -> None:
    await in_force(pages, INTERCOM)
    await in_force(
        pages, replace(INTERCOM, service=100, label="", formula=None, valid_from=dt.date(2026, 10, 1))
    )
    await sql.execute(
        "INSERT INTO tariffs (organisation_id, service, rate, document, valid_from) "
        "VALUES (2, 100, 500000, 'Протокол 9', '2026-01-01')"
    )

    run_id = await computed(owner)

    assert set((await charged(sql, 100, run_id)).values()) == {5000}
