"""Why a month is dearer than the last: parts of an account add up to its bills, houses to their accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from actors.local import run_until_idle
from billing.period import Period
from billing.why import Part
from storage import change_pages, corrections, runs
from storage.change_work import COUNT, UnknownChangeOrder, count, obey
from storage.changes import ChangeTold, account_changes
from storage.corrections import Ground
from storage.engine import Database
from storage.runs import PUBLISH, START
from storage.scope import Scope
from tests.storage import small_city
from tests.storage.run_steps import ANNA, BORIS, EVERYTHING, order, signed
from tests.support.services import Services, TestDatabase

SEPTEMBER, OCTOBER = Period.parse("2026-09"), Period.parse("2026-10")
COMPANY = Scope(user_id=4, role="company", organisation_id=2, company_ids=(2,))

CHANGES = """
UPDATE tariffs SET valid_to = '2026-10-15' WHERE service = 1;
INSERT INTO tariffs (organisation_id, service, component, rate, document, valid_from)
VALUES (NULL, 1, 0, 501300, 'Приказ 9', '2026-10-15');
UPDATE account_facts SET valid_to = '2026-10-11' WHERE account_id = 3;
INSERT INTO account_facts (account_id, house_id, company_id, area_dm2, living_area_dm2, heated_area_dm2,
  residents, owners, valid_from)
SELECT account_id, house_id, company_id, area_dm2, living_area_dm2, heated_area_dm2, residents + 2, owners,
  '2026-10-11' FROM account_facts WHERE account_id = 3;
UPDATE account_facts SET area_dm2 = NULL WHERE account_id = 5;
INSERT INTO account_services (account_id, house_id, company_id, service, is_on, valid_from)
SELECT id, house_id, company_id, 3, false, '2026-10-01' FROM accounts WHERE id = 9;
UPDATE meters SET removed_on = '2026-10-10' WHERE account_id = 4;
INSERT INTO meters (id, house_id, account_id, company_id, service, serial, installed_on)
SELECT 9000, house_id, id, company_id, 1, 'НОВЫЙ', '2026-10-10' FROM accounts WHERE id = 4;
"""
"""October: a tariff rises on the 15th, people come, an area is lost, a service ends, a meter is replaced."""


async def charge(owner: Database, month: Period) -> None:
    """Bill the city and publish it."""
    async with owner.transaction(EVERYTHING) as session:
        run_id = await runs.request_run(session, month, "city", None, ANNA)
    await order(owner, START, run_id)
    await run_until_idle(owner.url)
    await signed(owner, run_id)
    await order(owner, PUBLISH, run_id)


async def correct(owner: Database, sql: Any) -> None:
    """People of account 6 are found out in October to have been more since September; posted in October."""
    await sql.execute(
        """
        UPDATE account_facts SET superseded_at = clock_timestamp() WHERE account_id = 6;
        INSERT INTO account_facts (account_id, house_id, company_id, area_dm2, living_area_dm2,
          heated_area_dm2, residents, owners, valid_from)
        SELECT account_id, house_id, company_id, area_dm2, living_area_dm2, heated_area_dm2, 5, owners,
          valid_from FROM account_facts WHERE account_id = 6"""
    )
    ground = Ground("people", "Справка № 5", dt.date(2026, 10, 3))
    async with owner.transaction(EVERYTHING) as session:
        run_id = await corrections.request_correction(session, "account", 6, SEPTEMBER, None, ground, ANNA)
    await order(owner, START, run_id)
    await run_until_idle(owner.url)
    async with owner.transaction(EVERYTHING) as session:
        handed = await corrections.hand_over(session, run_id, ANNA)
    if not handed.is_alone:
        async with owner.transaction(EVERYTHING) as session:
            await runs.approve_publication(session, run_id, BORIS)
    await order(owner, PUBLISH, run_id)


@pytest.fixture(scope="module")
def changed(services: Services) -> TestDatabase:
    """A city whose October differs from its September in every way, both published."""
    import asyncio

    made = services.make_database("changes_city")

    async def build() -> None:
        await small_city.build(made.url, houses=4)
        owner, sql = Database(made.url), await asyncpg.connect(made.url)
        await charge(owner, SEPTEMBER)
        await sql.execute(CHANGES)
        await correct(owner, sql)
        await charge(owner, OCTOBER)
        await sql.close()
        await owner.close()

    asyncio.run(build())
    return made


@pytest.fixture
async def owner(changed: TestDatabase) -> AsyncIterator[Database]:
    opened = Database(changed.url)
    yield opened
    await opened.close()


@pytest.fixture
async def web(changed: TestDatabase) -> AsyncIterator[Database]:
    opened = Database(changed.web_url, "web")
    yield opened
    await opened.close()


BILLS = """
SELECT l.account_id, r.period, sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS kopecks
  FROM lines l JOIN runs r ON r.id = l.run_id WHERE r.state = 'published' GROUP BY 1, 2
"""


async def told(database: Database, accounts: list[int], scope: Scope = EVERYTHING) -> dict[int, ChangeTold]:
    async with database.reading(scope) as session:
        return await account_changes(session, accounts, OCTOBER.first_day)


async def test_parts_of_every_account_add_up_to_what_was_published(owner: Database) -> None:
    async with owner.reading() as session:
        bills = {(row.account_id, row.period): row.kopecks for row in await session.execute(text(BILLS))}

    found = await told(owner, list(range(1, 81)))

    assert len(found) > 70
    for account, change in found.items():
        assert change.before_kopecks == bills.get((account, SEPTEMBER.first_day), 0)
        assert change.now_kopecks == bills.get((account, OCTOBER.first_day), 0)
        assert sum(one.kopecks for one in change.parts) == change.delta_kopecks
        for part in change.parts:
            assert sum(kopecks for _, kopecks in part.services) == part.kopecks


async def test_each_event_is_its_own_cause(owner: Database) -> None:
    found = await told(owner, [3, 4, 5, 6, 9])

    def parts(account: int) -> dict[Part, int]:
        return {one.part: one.kopecks for one in found[account].parts}

    assert parts(3)[Part.PEOPLE] > 0, "two people came on the 11th"
    assert parts(3)[Part.TARIFF] > 0, "the tariff rose on the 15th"
    assert parts(6)[Part.RECALCULATION] > 0, "September was recalculated in October"
    assert parts(9)[Part.ENDED] < 0, "sewerage ended"
    assert found[5].now_kopecks == 0, "a parked account has no bill: everything of it ended"
    assert set(parts(5)) == {Part.ENDED}
    assert abs(parts(3).get(Part.ROUNDING, 0)) <= 1


async def test_houses_are_the_sums_of_their_accounts_and_a_repeat_changes_nothing(owner: Database) -> None:
    await count(owner, OCTOBER)
    await count(owner, OCTOBER)

    async with owner.reading() as session:
        whole = await change_pages.whole(session, OCTOBER.first_day, None)
        by_company = [await change_pages.whole(session, OCTOBER.first_day, one) for one in (2, 3)]
        houses = [await change_pages.house(session, one, OCTOBER.first_day) for one in range(1, 5)]
        listed = await change_pages.houses(
            session, OCTOBER.first_day, company_id=None, street="", number="", sort="size",
            is_descending=True, limit=100, offset=0,
        )  # fmt: skip
    assert whole.told.delta_kopecks == sum(one.told.delta_kopecks for one in by_company)
    assert whole.told.delta_kopecks == sum(house.delta_kopecks for house, _ in houses)
    assert whole.accounts_count == sum(len(accounts) for _, accounts in houses)
    assert {one.house_id: one.delta_kopecks for one in listed.rows} == {
        at: house.delta_kopecks for at, (house, _) in enumerate(houses, start=1)
    }
    first = listed.rows[0]
    assert abs(first.delta_kopecks) == max(abs(one.delta_kopecks) for one in listed.rows)
    assert first.cause
    assert listed.total == 4


async def test_a_new_run_of_the_month_is_counted_anew(owner: Database) -> None:
    await count(owner, OCTOBER)
    async with owner.transaction() as session:
        await session.execute(text("UPDATE change_months SET run_ids = '{1}'"))
        await session.execute(text("DELETE FROM change_sums"))

    await count(owner, OCTOBER)

    async with owner.reading() as session:
        whole = await change_pages.whole(session, OCTOBER.first_day, None)
        state = (await session.execute(text("SELECT state, cardinality(run_ids) FROM change_months"))).one()
    assert whole.told.parts
    assert tuple(state) == ("done", 3)


async def test_a_publication_asks_for_the_month_and_the_next_one(owner: Database) -> None:
    async with owner.reading() as session:
        rows = await session.execute(
            text("SELECT payload FROM outbox WHERE subject = :subject ORDER BY id"), {"subject": COUNT}
        )
        asked = [row.payload["months"] for row in rows]

    assert asked == [["2026-09", "2026-10"], ["2026-10", "2026-11"], ["2026-10", "2026-11"]]
    with pytest.raises(UnknownChangeOrder):
        await obey(owner, "commands.changes.other", {})


async def test_a_company_sees_its_own_and_nothing_else(owner: Database, web: Database) -> None:
    await count(owner, OCTOBER)

    own = await told(web, list(range(1, 81)), COMPANY)
    async with web.reading(COMPANY) as session:
        mine = await change_pages.whole(session, OCTOBER.first_day, None)
        theirs = await change_pages.whole(session, OCTOBER.first_day, 3)
        _, strangers = await change_pages.house(session, 1, OCTOBER.first_day)
    async with owner.reading() as session:
        accounts = set(await session.scalars(text("SELECT id FROM accounts WHERE company_id = 2")))
        known = await change_pages.whole(session, OCTOBER.first_day, 2)
    assert set(own) <= accounts
    assert mine.told == known.told
    assert theirs.accounts_count == 0
    assert strangers == []


async def test_a_draft_is_told_before_it_is_published(services: Services) -> None:
    made = services.make_database("changes_draft")
    await small_city.build(made.url, houses=2)
    database = Database(made.url)
    await charge(database, SEPTEMBER)
    async with database.transaction(EVERYTHING) as session:
        run_id = await runs.request_run(session, OCTOBER, "city", None, ANNA)
    await order(database, START, run_id)
    await run_until_idle(database.url)

    found = await told(database, [3])

    await database.close()
    assert found[3].is_draft
    assert found[3].now_kopecks > 0
