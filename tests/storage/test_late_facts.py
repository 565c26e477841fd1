"""Facts learnt late: each lands in the queue by itself, a correction takes it in, an undone draft gives it
back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from actors.local import run_until_idle
from billing.period import Period
from billing.reduction import Trouble
from storage import account_services, benefits, corrections, late_facts, premises, runs
from storage.absences import NewAbsence, add_absence, withdraw_absence
from storage.benefits import NewBenefit
from storage.correction_pages import of_account
from storage.engine import Database
from storage.late_facts import Filter, LateFact, note
from storage.late_pages import late_count, late_rows
from storage.ledger_check import check_ledger
from storage.people import Deed, PeopleRefused
from storage.runs import PUBLISH, START, UNDO, RunRefused
from storage.scope import Scope
from storage.troubles import NewTrouble, add_trouble
from tests.storage import small_city
from tests.storage.run_steps import ANNA, BORIS, EVERYTHING, order, signed
from tests.storage.test_corrections import standing
from tests.support.services import TestDatabase

AUGUST, SEPTEMBER, OCTOBER = (Period.parse(f"2026-{month}") for month in ("08", "09", "10"))
TODAY = dt.date(2026, 10, 20)
DEED = Deed(ANNA, "Выписка ЕГРН № 9 от 12.10.2026")
ALL = Filter()


@pytest.fixture
async def owner(fresh_database: TestDatabase) -> AsyncIterator[Database]:
    """August and September are closed and published, October is open and not yet charged."""
    await small_city.build(fresh_database.url)
    opened = Database(fresh_database.url)
    async with opened.transaction() as session:
        connection = await (await session.connection()).get_raw_connection()
        assert connection.driver_connection is not None
        await connection.driver_connection.execute(
            "INSERT INTO months (period, state) VALUES ('2026-08-01', 'closed')"
        )
    for month in (AUGUST, SEPTEMBER):
        async with opened.transaction(EVERYTHING) as session:
            run_id = await runs.request_run(session, month, "city", None, ANNA)
        await order(opened, START, run_id)
        await run_until_idle(opened.url)
        await signed(opened, run_id)
        await order(opened, PUBLISH, run_id)
    yield opened
    await opened.close()


@pytest.fixture
async def sql(owner: Database, fresh_database: TestDatabase) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(fresh_database.url)
    yield opened
    await opened.close()


async def queue(sql: Any) -> list[tuple[Any, ...]]:
    rows = await sql.fetch(
        "SELECT kind, account_id, house_id, first_period, last_period, words FROM late_facts ORDER BY id"
    )
    return [tuple(row) for row in rows]


async def larger(owner: Database, account: int, day: dt.date, area: int = 9_900) -> None:
    async with owner.transaction(EVERYTHING) as session:
        await premises.change_area(session, account, day, DEED, area_dm2=area)


async def computed(owner: Database, wanted: Filter = ALL) -> int:
    async with owner.transaction(EVERYTHING) as session:
        run_id = await corrections.request_late(session, wanted, TODAY, ANNA)
    await order(owner, START, run_id)
    await run_until_idle(owner.url)
    return run_id


async def posted(owner: Database, run_id: int) -> None:
    async with owner.transaction(EVERYTHING) as session:
        handed = await corrections.hand_over(session, run_id, ANNA)
    if not handed.is_alone:
        async with owner.transaction(EVERYTHING) as session:
            await runs.approve_publication(session, run_id, BORIS)
    await order(owner, PUBLISH, run_id)


async def states(owner: Database) -> list[str]:
    async with owner.reading(EVERYTHING) as session:
        return [row.state for row in reversed(await late_rows(session, ALL, None, 100))]


async def test_an_area_of_a_closed_month_lands_by_itself_and_one_of_the_open_month_does_not(
    owner: Database, sql: Any
) -> None:
    await larger(owner, 9, dt.date(2026, 9, 1))
    await larger(owner, 10, dt.date(2026, 10, 1))

    found = await queue(sql)

    assert [row[:5] for row in found] == [("area", 9, 1, dt.date(2026, 9, 1), dt.date(2026, 9, 1))]
    assert found[0][5].endswith("→ 99,00")


async def test_an_absence_touches_its_own_months_and_taking_it_back_is_a_fact_too(
    owner: Database, sql: Any
) -> None:
    away = NewAbsence(dt.date(2026, 8, 3), dt.date(2026, 8, 20), 1, "ticket", dt.date(2026, 8, 25))
    async with owner.transaction(EVERYTHING) as session:
        absence = await add_absence(session, 9, away, DEED)
    async with owner.transaction(EVERYTHING) as session:
        await withdraw_absence(session, absence, DEED)

    august = (dt.date(2026, 8, 1), dt.date(2026, 8, 1))
    assert [row[:5] for row in await queue(sql)] == [("absence", 9, 1, *august)] * 2


async def test_a_break_of_a_house_lands_for_the_house(owner: Database, sql: Any) -> None:
    at = dt.datetime(2026, 8, 10, 8, tzinfo=dt.UTC)
    new = NewTrouble(2, 1, Trouble.BREAK, at, at + dt.timedelta(hours=30), value=180)
    async with owner.transaction(EVERYTHING) as session:
        await add_trouble(session, new, DEED, at + dt.timedelta(days=60))

    august = dt.date(2026, 8, 1)
    assert [row[:5] for row in await queue(sql)] == [("quality", None, 2, august, august)]


async def test_the_same_fact_told_twice_waits_once(owner: Database, sql: Any) -> None:
    fact = LateFact("one", "people", dt.date(2026, 8, 5), None, "Проживающих: 2 → 1", account_id=9)
    for _ in range(2):
        async with owner.transaction(EVERYTHING) as session:
            await note(session, [fact, fact])

    assert await sql.fetchval("SELECT count(*) FROM late_facts") == 1


async def test_all_of_the_queue_is_one_package_over_its_houses_only(owner: Database, sql: Any) -> None:
    """Accounts 9 (house 1) and 30 (house 2) got larger; house 3 is not even looked at."""
    before = await standing(sql)
    await larger(owner, 9, dt.date(2026, 8, 1))
    await larger(owner, 30, dt.date(2026, 9, 1))

    run_id = await computed(owner)

    assert await states(owner) == ["draft", "draft"]
    run = await sql.fetchrow("SELECT state, scope_kind, accounts_count FROM runs WHERE id = $1", run_id)
    assert (run["state"], run["scope_kind"]) == ("checked", "late")
    houses = await sql.fetchval("SELECT array_agg(h ORDER BY h) FROM run_blocks, unnest(house_ids) h")
    assert set(houses) >= {1, 2}
    looked = await sql.fetch("SELECT unnest(house_ids) AS id FROM run_blocks WHERE run_id = $1", run_id)
    assert sorted(row["id"] for row in looked) == [1, 2]

    await posted(owner, run_id)

    assert await states(owner) == ["done", "done"]
    assert await standing(sql) != before
    async with owner.reading(EVERYTHING) as session:
        mine = await of_account(session, 9)
    assert {one.ground for one in mine} == {DEED.ground}
    assert (await check_ledger(owner.url))["ok"]


async def test_an_undone_draft_gives_its_facts_back(owner: Database, sql: Any) -> None:
    await larger(owner, 9, dt.date(2026, 8, 1))
    run_id = await computed(owner)
    async with owner.transaction(EVERYTHING) as session:
        await runs.request_undo(session, run_id, ANNA)
    await order(owner, UNDO, run_id)

    assert await states(owner) == ["waiting"]
    again = await computed(owner)
    assert again != run_id
    assert await states(owner) == ["draft"]


async def test_a_correction_asked_any_other_way_takes_in_what_it_covers(owner: Database) -> None:
    """September alone does not cover a fact since August; the whole house over both months does."""
    await larger(owner, 9, dt.date(2026, 8, 1))
    await larger(owner, 10, dt.date(2026, 9, 1))
    ground = corrections.Ground("area", "Выписка № 9", dt.date(2026, 10, 12))
    async with owner.transaction(EVERYTHING) as session:
        await corrections.request_correction(session, "house", 1, SEPTEMBER, None, ground, ANNA)
    assert await states(owner) == ["waiting", "draft"]
    async with owner.transaction(EVERYTHING) as session:
        await corrections.request_correction(session, "account", 9, AUGUST, None, ground, ANNA)
    assert await states(owner) == ["draft", "draft"]


async def test_nothing_waits_nothing_is_asked(owner: Database) -> None:
    async with owner.transaction(EVERYTHING) as session:
        with pytest.raises(RunRefused) as refused:
            await corrections.request_late(session, ALL, TODAY, ANNA)
    assert refused.value.code == "nothing-waits"


async def test_a_fact_taken_out_of_the_queue_says_why(owner: Database, sql: Any) -> None:
    await larger(owner, 9, dt.date(2026, 8, 1))
    number = await sql.fetchval("SELECT id FROM late_facts")
    async with owner.transaction(EVERYTHING) as session:
        assert await late_facts.dismiss(session, [number], "Внесено дважды", ANNA) == 1
        assert await late_facts.dismiss(session, [number], "Ещё раз", ANNA) == 0

    assert await states(owner) == ["dismissed"]
    assert await sql.fetchval("SELECT dismissal FROM late_facts") == "Внесено дважды"


async def test_a_company_sees_and_takes_only_its_own(
    owner: Database, sql: Any, fresh_database: TestDatabase
) -> None:
    """Company 2 manages house 2; house 1 is another's."""
    await larger(owner, 9, dt.date(2026, 8, 1))
    await larger(owner, 30, dt.date(2026, 8, 1))
    company = Scope(user_id=3, role="company", organisation_id=2, company_ids=(2,))
    pages = Database(fresh_database.web_url, "web")
    async with pages.transaction(company) as session:
        assert await late_count(session, ALL, "waiting") == 1
        run_id = await corrections.request_late(session, ALL, TODAY, 3)
    await pages.close()

    taken = await sql.fetchrow("SELECT scope_kind, scope_id, company_id FROM runs WHERE id = $1", run_id)
    assert tuple(taken) == ("house", 2, 2)
    assert await sql.fetch("SELECT account_id FROM late_facts WHERE run_id IS NOT NULL") == [(30,)]


async def test_a_benefit_entered_and_ended_backwards_waits_with_its_own_days(
    owner: Database, sql: Any
) -> None:
    await sql.execute(
        "INSERT INTO persons (id, company_id, surname, name, search_name) VALUES (1, 3, 'А', 'А', 'а а')"
    )
    await sql.execute(
        "INSERT INTO registrations (account_id, person_id, company_id, kind, valid_from) "
        "VALUES (9, 1, 3, 'permanent', '2020-01-01')"
    )
    new = NewBenefit(1, "war_invalid", "Удостоверение № 5", dt.date(2026, 8, 1), None, in_document=True)

    async with owner.transaction(EVERYTHING) as session:
        benefit = await benefits.add(session, 9, new, DEED)
    async with owner.transaction(EVERYTHING) as session:
        await benefits.end(session, 9, benefit, dt.date(2026, 8, 31), DEED)
    async with owner.transaction(EVERYTHING) as session:
        await benefits.add(session, 9, replace(new, first=dt.date(2026, 10, 1)), DEED)

    found = await queue(sql)
    august, september = dt.date(2026, 8, 1), dt.date(2026, 9, 1)
    assert [row[:5] for row in found] == [
        ("benefit", 9, 1, august, september),
        ("benefit", 9, 1, september, september),
    ]
    assert found[0][5].startswith("Льгота: ")
    assert found[1][5].startswith("Окончание льготы: ")


async def test_a_benefit_of_closed_months_is_given_back_by_a_correction(owner: Database, sql: Any) -> None:
    await sql.execute(
        "INSERT INTO persons (id, company_id, surname, name, search_name) VALUES (1, 3, 'А', 'А', 'а а')"
    )
    await sql.execute(
        "INSERT INTO registrations (account_id, person_id, company_id, kind, valid_from) "
        "VALUES (9, 1, 3, 'permanent', '2020-01-01')"
    )
    new = NewBenefit(1, "war_invalid", "Удостоверение № 5", dt.date(2026, 8, 1), None, in_document=True)
    async with owner.transaction(EVERYTHING) as session:
        await benefits.add(session, 9, new, DEED)

    await posted(owner, await computed(owner))

    async with owner.reading(EVERYTHING) as session:
        mine = await of_account(session, 9)
    assert {one.of_period for one in mine} == {AUGUST.first_day, SEPTEMBER.first_day}
    assert all(one.kopecks < 0 for one in mine)


async def catalogue(sql: Any) -> None:
    await sql.execute(
        'INSERT INTO services (code, key, label, short_label, unit, "group", position) VALUES '
        "(6, 'gas', 'Газоснабжение', 'Газ', 'м³', 'utility', 6), "
        "(8, 'upkeep', 'Содержание жилого помещения', 'Содержание', 'м²', 'housing', 8)"
    )


async def test_a_service_switched_off_backwards_is_taken_back_and_on_again_is_charged(
    owner: Database, sql: Any
) -> None:
    upkeep = 8
    await catalogue(sql)
    async with owner.transaction(EVERYTHING) as session:
        await account_services.switch(session, 9, upkeep, False, SEPTEMBER.first_day, None, DEED)

    await posted(owner, await computed(owner))
    async with owner.transaction(EVERYTHING) as session:
        await account_services.switch(session, 9, upkeep, True, OCTOBER.first_day, None, DEED)
        known = {one.code: one for one in await account_services.of_account(session, 9, TODAY)}

    found = await queue(sql)
    assert [row[:5] for row in found] == [("service", 9, 1, SEPTEMBER.first_day, SEPTEMBER.first_day)]
    assert found[0][5].startswith("Отключена услуга: ")
    async with owner.reading(EVERYTHING) as session:
        mine = await of_account(session, 9)
    assert [(one.service, one.of_period, one.now_kopecks) for one in mine] == [
        (upkeep, SEPTEMBER.first_day, 0)
    ]
    assert known[upkeep].is_on
    rows = await sql.fetch(
        "SELECT is_on, valid_from, valid_to FROM account_services WHERE superseded_at IS NULL ORDER BY id"
    )
    assert {tuple(row) for row in rows} == {
        (False, SEPTEMBER.first_day, OCTOBER.first_day),
        (True, OCTOBER.first_day, None),
    }


@pytest.mark.parametrize(
    ("service", "is_on", "first", "code"),
    [
        (8, True, SEPTEMBER.first_day, "service"),
        (8, False, dt.date(2026, 9, 15), "day"),
        (6, True, SEPTEMBER.first_day, "supplier"),
        (77, True, SEPTEMBER.first_day, "service"),
    ],
)
async def test_a_switch_that_cannot_be_is_refused(
    owner: Database, sql: Any, service: int, is_on: bool, first: dt.date, code: str
) -> None:
    await catalogue(sql)
    with pytest.raises(PeopleRefused) as refused:
        async with owner.transaction(EVERYTHING) as session:
            await account_services.switch(session, 9, service, is_on, first, None, DEED)

    assert refused.value.code == code
