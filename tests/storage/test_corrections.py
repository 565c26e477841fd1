"""Corrections of past months: only the difference, in the open month, once, by today's knowledge."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from actors.local import run_until_idle
from billing.period import Period
from storage import corrections, runs
from storage.absences import NewAbsence, add_absence, withdraw_absence
from storage.correction_pages import by_month, correction_head, of_account, spread, touched
from storage.correction_preview import preview_past
from storage.corrections import Ground, HandSum
from storage.engine import Database
from storage.ledger_check import check_ledger
from storage.people import Deed
from storage.runs import PUBLISH, START, UNDO
from storage.scope import Scope
from tests.storage import small_city
from tests.storage.run_steps import ANNA, BORIS, EVERYTHING, order, refusal, signed
from tests.support.services import TestDatabase

AUGUST, SEPTEMBER, OCTOBER = (Period.parse(f"2026-{month}") for month in ("08", "09", "10"))
GROUND = Ground("people", "Справка о регистрации № 5", dt.date(2026, 10, 3))
DEED = Deed(ANNA, "Заявление № 7 с билетами")


@pytest.fixture
async def city(fresh_database: TestDatabase) -> TestDatabase:
    """August and September are closed and published, October is open and not yet charged."""
    await small_city.build(fresh_database.url)
    owner = Database(fresh_database.url)
    async with owner.transaction() as session:
        connection = await (await session.connection()).get_raw_connection()
        assert connection.driver_connection is not None
        await connection.driver_connection.execute(
            "INSERT INTO months (period, state) VALUES ('2026-08-01', 'closed')"
        )
    for month in (AUGUST, SEPTEMBER):
        async with owner.transaction(EVERYTHING) as session:
            run_id = await runs.request_run(session, month, "city", None, ANNA)
        await order(owner, START, run_id)
        await run_until_idle(owner.url)
        await signed(owner, run_id)
        await order(owner, PUBLISH, run_id)
    await owner.close()
    return fresh_database


@pytest.fixture
async def owner(city: TestDatabase) -> AsyncIterator[Database]:
    opened = Database(city.url)
    yield opened
    await opened.close()


@pytest.fixture
async def sql(city: TestDatabase) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(city.url)
    yield opened
    await opened.close()


async def drafted(
    owner: Database, kind: str = "city", scope_id: int | None = None, first: Period = AUGUST, **options: Any
) -> int:
    async with owner.transaction(EVERYTHING) as session:
        run_id = await corrections.request_correction(
            session, kind, scope_id, first, None, GROUND, ANNA, **options
        )
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


async def one_more_since(sql: Any, account: int, day: str = "2026-08-11", people: int = 1) -> None:
    """A person more (or fewer) lives there since a day; learnt now."""
    await sql.execute(
        """
        WITH old AS (UPDATE account_facts SET superseded_at = clock_timestamp()
                      WHERE account_id = $1 AND superseded_at IS NULL AND valid_to IS NULL RETURNING *)
        INSERT INTO account_facts (account_id, house_id, company_id, area_dm2, living_area_dm2,
        heated_area_dm2,
                                   residents, owners, valid_from, valid_to)
        SELECT account_id, house_id, company_id, area_dm2, living_area_dm2, heated_area_dm2, r, owners, f, t
          FROM old, LATERAL (VALUES (residents, valid_from, $2::text::date),
                                    ((residents + $3)::smallint, $2::text::date, NULL::date)) v (r, f, t)
         WHERE f < coalesce(t, 'infinity')""",
        account,
        day,
        people,
    )


async def standing(sql: Any) -> list[tuple[Any, ...]]:
    """What everybody has been charged for each month, whatever way it came."""
    rows = await sql.fetch(
        """
        SELECT l.account_id, l.service, (r.period - l.months_back * interval '1 month')::date AS month,
               sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS kopecks
          FROM lines l JOIN runs r ON r.id = l.run_id WHERE r.state = 'published'
         GROUP BY 1, 2, 3 HAVING sum(l.amount_kopecks + l.surcharge_kopecks) <> 0 ORDER BY 1, 2, 3"""
    )
    return [tuple(row) for row in rows]


async def test_nothing_changed_nothing_is_drafted(owner: Database, sql: Any) -> None:
    run_id = await drafted(owner)

    run = await sql.fetchrow("SELECT state, kind, lines_count FROM runs WHERE id = $1", run_id)
    assert tuple(run) == ("checked", "correction", 0)
    async with owner.transaction(EVERYTHING) as session:
        assert await refusal(corrections.hand_over(session, run_id, ANNA)) == "nothing-changed"


async def test_a_late_person_is_charged_for_the_old_months_in_the_open_one(owner: Database, sql: Any) -> None:
    """Account 9 has no meter (9 % 3 = 0): a person more since 11 August changes both months."""
    before = await standing(sql)
    await one_more_since(sql, 9)

    run_id = await drafted(owner)
    await posted(owner, run_id)

    run = await sql.fetchrow("SELECT * FROM runs WHERE id = $1", run_id)
    assert (run["state"], run["period"], run["posted_in"]) == (
        "published",
        OCTOBER.first_day,
        OCTOBER.first_day,
    )
    months = await sql.fetch(
        "SELECT DISTINCT account_id, months_back FROM lines WHERE run_id = $1 ORDER BY months_back", run_id
    )
    assert [tuple(row) for row in months] == [(9, 1), (9, 2)]
    after = await standing(sql)
    assert [row for row in after if row[0] != 9] == [row for row in before if row[0] != 9]
    august = {row[1]: row[3] for row in after if row[0] == 9 and row[2] == AUGUST.first_day}
    was = {row[1]: row[3] for row in before if row[0] == 9 and row[2] == AUGUST.first_day}
    assert august[1] > was[1]
    assert (await check_ledger(owner.url))["ok"]


async def test_the_whole_city_computed_anew_is_what_stands(owner: Database, sql: Any) -> None:
    for account, day, people in ((9, "2026-08-11", 1), (12, "2026-09-05", 2), (15, "2026-07-01", -1)):
        await one_more_since(sql, account, day, people)

    await posted(owner, await drafted(owner))
    again = await drafted(owner)

    assert await sql.fetchval("SELECT lines_count FROM runs WHERE id = $1", again) == 0
    assert (await check_ledger(owner.url))["ok"]


async def test_a_fact_there_and_back_sums_to_zero(owner: Database, sql: Any) -> None:
    before = await standing(sql)
    await one_more_since(sql, 9)
    await posted(owner, await drafted(owner))
    await one_more_since(sql, 9, people=-1)

    await posted(owner, await drafted(owner))

    assert await standing(sql) == before
    total = await sql.fetchval(
        "SELECT sum(amount_kopecks + surcharge_kopecks) FROM runs WHERE kind = 'correction'"
    )
    assert total == 0


async def test_the_order_of_facts_does_not_matter(owner: Database, sql: Any) -> None:
    """Facts one by one, each corrected at once, or all together: the same money stands."""
    await one_more_since(sql, 9)
    await posted(owner, await drafted(owner, "account", 9))
    await one_more_since(sql, 12, "2026-09-01", 1)
    await posted(owner, await drafted(owner, "account", 12))
    one_by_one = await standing(sql)
    await one_more_since(sql, 9, people=-1)
    await one_more_since(sql, 12, "2026-09-01", -1)
    await posted(owner, await drafted(owner))

    await one_more_since(sql, 12, "2026-09-01", 1)
    await one_more_since(sql, 9)
    await posted(owner, await drafted(owner))

    assert await standing(sql) == one_by_one


async def test_a_small_correction_lies_on_a_shelf_and_undo_leaves_nothing(owner: Database, sql: Any) -> None:
    await one_more_since(sql, 9)
    await one_more_since(sql, 12)
    first = await drafted(owner, "account", 9)
    second = await drafted(owner, "account", 12)
    tables = await sql.fetchval(
        "SELECT count(*) FROM pg_class WHERE relname LIKE 'lines_s%' AND relkind = 'r'"
    )

    async with owner.transaction(EVERYTHING) as session:
        await runs.request_undo(session, second, ANNA)
    await order(owner, UNDO, second)
    await posted(owner, first)

    assert first >= 1_000_000_000
    assert tables == 1
    assert await sql.fetchval("SELECT count(*) FROM lines WHERE run_id = $1", second) == 0
    assert await sql.fetchval("SELECT count(*) FROM run_accounts WHERE run_id = $1", second) == 0
    assert await sql.fetchval("SELECT count(*) FROM lines WHERE run_id = $1", first) > 0
    with pytest.raises(asyncpg.PostgresError, match="published"):
        await sql.execute("DELETE FROM lines WHERE run_id = $1", first)


async def test_closed_months_and_their_lines_never_change(owner: Database, sql: Any) -> None:
    own = (
        "SELECT l.* FROM lines l JOIN runs r ON r.id = l.run_id WHERE r.kind <> 'correction' "
        "ORDER BY 1, 2, 5, 6, 9"
    )
    before = await sql.fetch(own)
    openings = await sql.fetch("SELECT * FROM opening_balances ORDER BY 1, 2")
    await one_more_since(sql, 9)

    await posted(owner, await drafted(owner))

    assert await sql.fetch(own) == before
    assert await sql.fetch("SELECT * FROM opening_balances ORDER BY 1, 2") == openings
    postings = await sql.fetch(
        "SELECT DISTINCT p.period, p.of_period FROM postings p JOIN entries e ON e.id = p.entry_id "
        "JOIN corrections c ON c.run_id = e.run_id ORDER BY 2"
    )
    assert [tuple(row) for row in postings] == [
        (OCTOBER.first_day, AUGUST.first_day),
        (OCTOBER.first_day, SEPTEMBER.first_day),
    ]


async def test_above_the_limit_a_second_person_signs(owner: Database, sql: Any) -> None:
    await sql.execute(
        "INSERT INTO settings (key, value, valid_from) VALUES ('correction_alone_kopecks', '10000', "
        "'2026-01-01')"
    )
    await one_more_since(sql, 9)
    run_id = await drafted(owner)

    async with owner.transaction(EVERYTHING) as session:
        handed = await corrections.hand_over(session, run_id, ANNA)
    async with owner.transaction(EVERYTHING) as session:
        assert await refusal(corrections.hand_over(session, run_id, ANNA)) == "publication-asked"
        assert await refusal(runs.approve_publication(session, run_id, ANNA)) == "same-person"
    async with owner.transaction(EVERYTHING) as session:
        await runs.approve_publication(session, run_id, BORIS)
    await order(owner, PUBLISH, run_id)

    assert not handed.is_alone
    assert handed.moved_kopecks > handed.limit_kopecks == 10_000
    run = await sql.fetchrow("SELECT state, approved_by FROM runs WHERE id = $1", run_id)
    assert tuple(run) == ("published", BORIS)


async def test_one_person_cannot_be_claimed_above_the_limit(owner: Database, sql: Any) -> None:
    """The worker looks at the limit again: a row spoilt by hand publishes nothing."""
    await sql.execute(
        "INSERT INTO settings (key, value, valid_from) VALUES ('correction_alone_kopecks', '1', '2026-01-01')"
    )
    await one_more_since(sql, 9)
    run_id = await drafted(owner)
    await sql.execute("UPDATE runs SET requested_by = 1, one_person = true WHERE id = $1", run_id)

    await order(owner, PUBLISH, run_id)

    assert await sql.fetchval("SELECT state FROM runs WHERE id = $1", run_id) == "checked"


async def test_absence_there_and_back(owner: Database, sql: Any) -> None:
    """Account 9 cannot have a meter; one of its people was away for the whole of August and September."""
    await sql.execute("UPDATE account_facts SET meter_impossible = 2, residents = 2 WHERE account_id = 9")
    await posted(owner, await drafted(owner))
    before = await standing(sql)
    async with owner.transaction(EVERYTHING) as session:
        absence = NewAbsence(
            dt.date(2026, 7, 31), dt.date(2026, 9, 16), 1, "ticket", applied_on=dt.date(2026, 9, 20)
        )
        absence_id = await add_absence(session, 9, absence, DEED)

    first = await drafted(owner, "account", 9)
    await posted(owner, first)
    lines = await sql.fetch(
        "SELECT months_back, service, basis, amount_kopecks FROM lines WHERE run_id = $1 AND basis = 90 "
        "ORDER BY 1 DESC, 2",
        first,
    )
    async with owner.transaction(EVERYTHING) as session:
        assert await withdraw_absence(session, absence_id, DEED) == 9
    await posted(owner, await drafted(owner, "account", 9))

    # 4,3 м³ × 45,67 ₽ за 31 день августа и за 15 из 30 дней сентября
    assert (2, 1, 90, -19638) in [tuple(row) for row in lines]
    assert (1, 1, 90, -9819) in [tuple(row) for row in lines]
    assert await standing(sql) == before


async def test_a_break_of_water_is_taken_off_the_house(owner: Database, sql: Any) -> None:
    """House 1, 12 hours without cold water in August: 8 above the allowed 4, 1,2 % of the charge."""
    await sql.execute(
        "INSERT INTO troubles (house_id, company_id, service, trouble, started_at, ended_at, ground) VALUES "
        "(1, 3, 1, 1, '2026-08-10 08:00+03', '2026-08-10 20:00+03', 'Журнал АДС № 3')"
    )

    run_id = await drafted(owner, "house", 1)

    row = await sql.fetchrow(
        "SELECT amount_kopecks, rate, months_back FROM lines WHERE run_id = $1 AND account_id = 1 "
        "AND basis = 92",
        run_id,
    )
    charged = await sql.fetchval(
        "SELECT sum(l.amount_kopecks) FROM lines l JOIN runs r ON r.id = l.run_id "
        "WHERE r.period = '2026-08-01' AND l.account_id = 1 AND l.service = 1"
    )
    assert row["months_back"] == 2
    assert row["rate"] == charged * 100
    assert row["amount_kopecks"] == -((charged * 12 * 2 + 1000) // 2000)
    houses = await sql.fetch(
        "SELECT DISTINCT a.house_id FROM lines l JOIN accounts a ON a.id = l.account_id WHERE l.run_id = $1",
        run_id,
    )
    assert [row["house_id"] for row in houses] == [1]


async def test_a_manual_sum_stays_after_a_recalculation(owner: Database, sql: Any) -> None:
    async with owner.transaction(EVERYTHING) as session:
        run_id = await corrections.request_manual(
            session,
            9,
            [HandSum(SEPTEMBER, 8, -12_345)],
            Ground("court", "Решение № 2-17", dt.date(2026, 10, 1)),
            ANNA,
        )
    await order(owner, START, run_id)
    await run_until_idle(owner.url)
    await posted(owner, run_id)
    await one_more_since(sql, 9)

    await posted(owner, await drafted(owner))

    manual = await sql.fetch("SELECT amount_kopecks, months_back FROM lines WHERE basis = 110")
    assert [tuple(row) for row in manual] == [(-12_345, 1)]
    async with owner.transaction(EVERYTHING) as session:
        told = await of_account(session, 9, run_id=run_id)
    assert [(one.ground, one.kopecks, one.of_period, one.is_manual) for one in told] == [
        ("Решение № 2-17", -12_345, SEPTEMBER.first_day, True)
    ]
    assert (await check_ledger(owner.url))["ok"]


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("2026-10", None, "months"),
        ("2026-08", "2026-10", "month-open"),
        ("2023-01", "2026-09", "too-many-months"),
    ],
)
async def test_months_that_cannot_be_are_refused(
    owner: Database, first: str, last: str | None, code: str
) -> None:
    until = Period.parse(last) if last else None
    async with owner.transaction(EVERYTHING) as session:
        assert (
            await refusal(
                corrections.request_correction(
                    session, "city", None, Period.parse(first), until, GROUND, ANNA
                )
            )
            == code
        )


async def test_a_preview_writes_nothing_and_says_what_the_draft_will(
    owner: Database, sql: Any, city: TestDatabase
) -> None:
    pages = Database(city.web_url, "web")

    async def deed(session: Any) -> None:
        from storage.people import NewPerson, register

        await register(
            session,
            9,
            NewPerson("Петров", "Пётр"),
            "permanent",
            dt.date(2026, 8, 11),
            Deed(ANNA, "Заявление № 1"),
        )

    scope = Scope(user_id=ANNA, role="centre", everything=True)
    preview = await preview_past(pages, scope, 9, AUGUST, None, deed)
    people = await sql.fetchval("SELECT count(*) FROM persons")
    await one_more_since(sql, 9)
    run_id = await drafted(owner, "account", 9)

    assert people == 0
    assert {one.period for one in preview.changes} == {AUGUST, SEPTEMBER}
    total = await sql.fetchval("SELECT amount_kopecks + surcharge_kopecks FROM runs WHERE id = $1", run_id)
    assert preview.total_kopecks == total != 0
    await pages.close()


async def test_pages_read_sums_that_agree(owner: Database, sql: Any) -> None:
    for account in (9, 12, 15, 18):
        await one_more_since(sql, account, people=1 if account < 15 else -1)
    run_id = await drafted(owner)

    async with owner.transaction(EVERYTHING) as session:
        head = await correction_head(session, run_id)
        found = await spread(session, run_id)
        months = await by_month(session, run_id)
        up = await touched(session, run_id, "most", 10)
        everybody = await touched(session, run_id, "all", None)

    assert head is not None
    assert head.total_kopecks == found.up_kopecks + found.down_kopecks == sum(one.kopecks for one in months)
    # счёт 12: вместо одного собственника один зарегистрированный — способ другой, сумма та же
    assert found.accounts_count == sum(found.buckets) == 3
    assert (found.same_count, len(everybody)) == (1, 4)
    assert [one.kopecks for one in up] == sorted((one.kopecks for one in up), reverse=True)
    assert found.up_count == len(up)
