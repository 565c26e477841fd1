"""Льготы through a run: taken off or paid to the person, by days and dated values, each line explained."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from actors.local import run_until_idle
from billing import trace
from billing.basis import Basis
from billing.period import Period
from billing.trace_benefit import compensation_kopecks
from billing.trace_line import Line
from storage.engine import Database
from storage.explain import explain
from storage.preview import preview_account
from storage.receipts import build_receipt
from tests.actors.runs import planned
from tests.storage import small_city
from tests.support.services import TestDatabase

ACCOUNT = 14  # two residents, a meter of cold water, no norm of anything else
OF_MONTH = Period.parse("2026-10")


@pytest.fixture
async def sql(fresh_database: TestDatabase) -> AsyncIterator[Any]:
    await small_city.build(fresh_database.url, houses=3, flats=10)
    opened = await asyncpg.connect(fresh_database.url)
    await opened.execute(
        """INSERT INTO persons (id, company_id, surname, name, search_name) VALUES (1, 2, 'А', 'А', 'а а'),
                                                                                   (2, 2, 'Б', 'Б', 'б б')"""
    )
    yield opened
    await opened.close()


async def give(sql: Any, ground: str, person: int = 1, in_document: bool = True, **more: Any) -> int:
    """A льгота of a person of the account."""
    return int(
        await sql.fetchval(
            """INSERT INTO account_benefits (account_id, person_id, company_id, category, document,
                                             in_document, share_permille, valid_from, valid_to)
               VALUES ($1, $2, 2, $3, 'Удостоверение', $4, $5, $6, $7) RETURNING id""",
            ACCOUNT,
            person,
            ground,
            in_document,
            more.get("share"),
            more.get("first", OF_MONTH.first_day),
            more.get("after"),
        )
    )


async def lines_of(sql: Any, least: int) -> list[Line]:
    """Lines of the account with a basis of льготы, by service."""
    rows = await sql.fetch(
        "SELECT * FROM lines WHERE account_id = $1 AND basis >= $2 ORDER BY service, basis", ACCOUNT, least
    )
    return [Line.of(row) for row in rows]


async def test_a_run_takes_benefits_off_and_each_line_proves_itself(
    fresh_database: TestDatabase, sql: Any
) -> None:
    await give(sql, "war_invalid")
    await give(sql, "combat_veteran", person=2)
    await planned(fresh_database.url, 10)

    await run_until_idle(fresh_database.url)
    made = await lines_of(sql, Basis.BENEFIT_1)
    charge = await sql.fetchval(
        "SELECT amount_kopecks FROM lines WHERE account_id = $1 AND service = 8 AND basis = 70", ACCOUNT
    )
    total = await sql.fetchval(
        "SELECT sum(amount_kopecks + surcharge_kopecks) FROM lines WHERE account_id = $1", ACCOUNT
    )
    whole = await sql.fetchval(
        "SELECT amount_kopecks + surcharge_kopecks FROM run_accounts WHERE account_id = $1", ACCOUNT
    )

    upkeep = [line for line in made if line.service == 8]
    assert [line.basis for line in upkeep] == [Basis.BENEFIT_1, Basis.BENEFIT_2]
    assert all(abs(-4 * line.amount_kopecks - charge) <= 2 for line in upkeep)
    assert {line.service for line in made if line.basis == Basis.BENEFIT_1} >= {1, 8}
    assert {line.service for line in made if line.basis == Basis.BENEFIT_2} == {8}
    assert total == whole
    for line in made:
        told = trace.explain(line, OF_MONTH)
        assert trace.evaluate(told) == (line.amount_kopecks, 0)


async def test_paid_to_the_person_the_bill_stays_and_the_sum_is_told(
    fresh_database: TestDatabase, sql: Any
) -> None:
    database = Database(fresh_database.url, "worker")
    plain = await preview_account(database, ACCOUNT)
    await give(sql, "combat_veteran", in_document=False)
    paid = await preview_account(database, ACCOUNT)
    await database.close()

    assert plain is not None
    assert paid is not None
    assert paid.total_kopecks == plain.total_kopecks
    rows = [Line.at(paid.lines, row) for row in range(len(paid.lines))]
    upkeep = next(row for row in rows if row.basis == Basis.AREA)
    told = next(row for row in rows if row.basis == Basis.COMPENSATION_1)
    assert told.amount_kopecks == 0
    assert abs(4 * compensation_kopecks(told) - upkeep.amount_kopecks) <= 2


async def test_a_value_of_the_region_counts_from_its_day(fresh_database: TestDatabase, sql: Any) -> None:
    await give(sql, "combat_veteran")
    database = Database(fresh_database.url, "worker")
    half = await preview_account(database, ACCOUNT)
    for first, value, state in (("2026-11-01", 0, "approved"), ("2026-10-01", 1000, "approved")):
        await sql.execute(
            f"""INSERT INTO relief_values (key, first_day, value, document, document_date, state, proposed_by,
                                           decided_by, decided_at)
                VALUES ('ground.combat_veteran.housing', '{first}', {value}, 'Закон', '2026-09-01', '{state}',
                        1, 2, now())"""
        )
    whole = await preview_account(database, ACCOUNT)
    await database.close()

    assert half is not None
    assert whole is not None
    off = [sum(int(line) for line in one.lines.amount_kopecks if line < 0) for one in (half, whole)]
    assert abs(off[1] - 2 * off[0]) <= 1


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"first": OF_MONTH.first_day.replace(day=17)}, 15),
        ({"after": OF_MONTH.first_day.replace(day=11)}, 10),
    ],
)
async def test_days_of_the_month_count(
    fresh_database: TestDatabase, sql: Any, more: dict[str, Any], part: int
) -> None:
    database = Database(fresh_database.url, "worker")
    await give(sql, "combat_veteran", share=1000, **more)
    found = await preview_account(database, ACCOUNT)
    await database.close()

    assert found is not None
    rows = [Line.at(found.lines, row) for row in range(len(found.lines))]
    charge = next(row.amount_kopecks for row in rows if row.basis == Basis.AREA)
    off = next(-row.amount_kopecks for row in rows if row.basis == Basis.BENEFIT_1)
    assert abs(off * 2 * 31 - charge * part) <= 31 * 2


async def test_the_terminal_explains_a_published_benefit(fresh_database: TestDatabase, sql: Any) -> None:
    await give(sql, "war_invalid")
    await planned(fresh_database.url, 10)
    await run_until_idle(fresh_database.url)
    await sql.execute("UPDATE runs SET state = 'published', posted_in = period, published_at = now()")

    told = await explain(fresh_database.url, f"{ACCOUNT:010d}", OF_MONTH, "upkeep")

    assert all(line.agrees for line in told.lines)
    off = next(line for line in told.lines if line.basis == Basis.BENEFIT_1)
    assert "льгота: −25 % от" in off.sentence
    assert ("на кого из живущих", "1 из 2") in {(one.words, one.text) for one in off.numbers}


async def test_the_document_shows_what_came_off_and_still_adds_up(
    fresh_database: TestDatabase, sql: Any
) -> None:
    await give(sql, "war_invalid")
    await give(sql, "combat_veteran", person=2, in_document=False)
    await planned(fresh_database.url, 10)
    await run_until_idle(fresh_database.url)
    await sql.execute("UPDATE runs SET state = 'published', posted_in = period, published_at = now()")
    off = await sql.fetchval(
        "SELECT -sum(amount_kopecks) FROM lines WHERE account_id = $1 AND basis BETWEEN 112 AND 119", ACCOUNT
    )

    database = Database(fresh_database.url, "worker")
    async with database.reading() as session:
        receipt = await build_receipt(session, ACCOUNT, OF_MONTH)
    await database.close()

    assert off > 0
    assert sum(row.benefit_kopecks for row in receipt.rows) == off
    assert receipt.totals.correction_kopecks == -off
    assert not [row for row in receipt.rows if "деньгами" in row.basis]
