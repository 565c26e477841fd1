"""Dividing a premises: what the block shows to the rules, shares, refusals, late facts, ending, undoing."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import numpy as np
import pytest

from billing.accrue import accrue
from billing.basis import DIVISIONS
from billing.block import Block
from billing.lines import Lines
from billing.parked import Reason
from billing.period import Period
from billing.services import Service
from storage import divisions
from storage.block_values import read_values
from storage.blocks import read_block
from storage.divisions import NewPart
from storage.engine import Database
from storage.people import Deed, PeopleRefused
from storage.preview import what_if_premises
from storage.scope import SYSTEM
from tests.storage import small_city
from tests.support.services import TestDatabase

PERIOD = Period.parse("2026-10")
OCTOBER, NOVEMBER = PERIOD.first_day, dt.date(2026, 11, 1)
DEED = Deed(None, "Решение суда № 2-100 от 01.09.2026")
THIRDS = (NewPart(1, 3, account_id=1), NewPart(1, 3, "Иванов Пётр"), NewPart(1, 3, "Иванова Анна"))


@pytest.fixture
async def connection(fresh_database: TestDatabase) -> AsyncIterator[Any]:
    await small_city.build(fresh_database.url, houses=2, flats=6)
    opened = await asyncpg.connect(fresh_database.url)
    yield opened
    await opened.close()


@pytest.fixture
async def db(fresh_database: TestDatabase, connection: Any) -> AsyncIterator[Database]:
    opened = Database(fresh_database.url)
    yield opened
    await opened.close()


async def block_of(connection: Any, period: Period = PERIOD) -> Block:
    return await read_block(connection, await read_values(connection, period), (1,))


def sums(lines: Lines) -> dict[int, int]:
    return {int(one): lines.take(lines.account_id == one).total() for one in np.unique(lines.account_id)}


async def divide(db: Database, *parts: NewPart, first: dt.date = OCTOBER, by_people: int = 0) -> int:
    async with db.transaction(SYSTEM) as session:
        return await divisions.divide(session, 1, first, parts, by_people, DEED)


async def test_parts_of_a_flat_add_up_to_the_flat(connection: Any, db: Database) -> None:
    before, _ = accrue(await block_of(connection))
    await divide(db, *THIRDS)
    block = await block_of(connection)
    lines, parked = accrue(block)
    lines.check()

    assert not parked.reason
    after, whole = sums(lines), sums(before)
    new = sorted(set(after) - set(whole))
    assert len(new) == 2
    assert after[1] + sum(after[one] for one in new) == whole[1]
    assert {one: after[one] for one in whole if one != 1} == {one: whole[one] for one in whole if one != 1}
    numbers = await connection.fetch(
        "SELECT number, payer_name, opened_on FROM accounts WHERE id > 12 ORDER BY id"
    )
    assert [(row[0], row[1], row[2]) for row in numbers] == [
        ("00000000012", "Иванов Пётр", OCTOBER), ("00000000013", "Иванова Анна", OCTOBER),
    ]  # fmt: skip


async def test_people_of_all_accounts_make_the_flat_and_may_weigh_utilities(
    connection: Any, db: Database
) -> None:
    await divide(
        db, NewPart(1, 2, account_id=1), NewPart(1, 2, "Иванов Пётр"), by_people=1 << Service.COLD_WATER
    )
    await connection.execute("DELETE FROM meters WHERE account_id = 1")
    await connection.execute(
        "INSERT INTO account_facts (account_id, house_id, company_id, residents, owners, valid_from) "
        "VALUES (13, 1, 3, 3, 1, '2026-10-01')"
    )
    block = await block_of(connection)
    lines, _ = accrue(block)

    assert block.divided is not None
    assert block.accounts.norm_person_days[:, 0].sum() == 31 * 4  # one at the flat's account and three
    assert block.divided.person_days.tolist() == [31, 93]
    rest = lines.take(np.isin(lines.basis, list(DIVISIONS)) & (lines.service == Service.COLD_WATER))
    assert list(zip(rest.account_id.tolist(), rest.a.tolist(), rest.b.tolist(), strict=True)) == [
        (1, 31, 124), (13, 93, 124),
    ]  # fmt: skip
    sewerage = lines.take(np.isin(lines.basis, list(DIVISIONS)) & (lines.service == Service.SEWERAGE))
    assert sewerage.b.tolist() == [2, 2]


async def test_nobody_lives_there_but_every_account_has_an_owner(connection: Any, db: Database) -> None:
    await connection.execute("UPDATE account_facts SET residents = 0 WHERE account_id = 1")
    await divide(db, *THIRDS)
    block = await block_of(connection)

    assert block.accounts.norm_person_days[:, 0].sum() == 31 * 3
    assert block.accounts.by_owners[0]


async def test_months_before_the_division_are_as_they_were(connection: Any, db: Database) -> None:
    await divide(db, *THIRDS, first=NOVEMBER)

    assert (await block_of(connection)).divided is None


@pytest.mark.parametrize(
    ("parts", "first", "code", "word"),
    [
        ((NewPart(1, 2, account_id=1), NewPart(1, 3, "Иванов")), OCTOBER, "sum", "5/6"),
        ((NewPart(2, 3, account_id=1), NewPart(2, 3, "Иванов")), OCTOBER, "sum", "больше"),
        ((NewPart(1, 1, account_id=1),), OCTOBER, "parts", "две части"),
        ((NewPart(0, 2, account_id=1), NewPart(2, 2, "Иванов")), OCTOBER, "share", "два целых"),
        ((NewPart(1, 2, account_id=1), NewPart(1, 2, " ")), OCTOBER, "payer", "на кого"),
        ((NewPart(1, 2, account_id=1), NewPart(1, 2, account_id=2)), OCTOBER, "parts", "другого"),
        ((NewPart(1, 2, "Иванов"), NewPart(1, 2, "Петров")), OCTOBER, "parts", "этого счёта"),
        (THIRDS, dt.date(2026, 10, 15), "first", "первого числа"),
        (THIRDS, dt.date(2019, 10, 1), "first", "открыт"),
    ],
)  # fmt: skip
async def test_refusals(
    connection: Any, db: Database, parts: tuple[NewPart, ...], first: dt.date, code: str, word: str
) -> None:
    with pytest.raises(PeopleRefused) as refused:
        await divide(db, *parts, first=first)

    assert refused.value.code == code
    assert word in refused.value.message
    assert await connection.fetchval("SELECT count(*) FROM accounts") == 12


async def test_a_change_of_shares_ends_the_old_ones(connection: Any, db: Database) -> None:
    await divide(db, NewPart(1, 2, account_id=1), NewPart(1, 2, "Иванов Пётр"))
    await divide(db, NewPart(1, 4, account_id=1), NewPart(3, 4, account_id=13), first=NOVEMBER)

    old, new = await block_of(connection), await block_of(connection, PERIOD.shift(1))
    assert old.divided is not None
    assert new.divided is not None
    assert old.divided.den.tolist() == [2, 2]
    assert new.divided.num.tolist() == [1, 3]
    async with db.reading(SYSTEM) as session:
        rows = await divisions.of_account(session, 13)
    assert [(row.valid_from, row.valid_to) for row in rows] == [(NOVEMBER, None), (OCTOBER, NOVEMBER)]


async def test_an_undone_change_of_shares_keeps_the_accounts(connection: Any, db: Database) -> None:
    await divide(db, NewPart(1, 2, account_id=1), NewPart(1, 2, "Иванов Пётр"))
    await divide(db, NewPart(1, 4, account_id=1), NewPart(3, 4, account_id=13), first=NOVEMBER)
    async with db.transaction(SYSTEM) as session:
        await divisions.undo(session, 1, DEED)
    block = await block_of(connection, PERIOD.shift(1))
    assert block.divided is not None
    assert block.divided.den.tolist() == [2, 2]

    async with db.transaction(SYSTEM) as session:
        await divisions.end(session, 1, NOVEMBER, DEED)
    assert await connection.fetchval("SELECT closed_on FROM accounts WHERE id = 13") == dt.date(2026, 10, 31)


async def test_the_end_closes_new_accounts_and_the_undo_opens_them(connection: Any, db: Database) -> None:
    await divide(db, *THIRDS)
    async with db.transaction(SYSTEM) as session:
        await divisions.end(session, 1, NOVEMBER, DEED)
    after = await block_of(connection, PERIOD.shift(1))
    assert after.divided is None
    assert 13 not in after.accounts.id
    assert (await block_of(connection)).divided is not None

    async with db.transaction(SYSTEM) as session:
        await divisions.undo(session, 1, DEED)
    again = await block_of(connection, PERIOD.shift(1))
    assert again.divided is not None
    assert {13, 14} <= set(again.accounts.id.tolist())


async def test_undo_leaves_nothing_but_the_story(connection: Any, db: Database) -> None:
    before, _ = accrue(await block_of(connection))
    await divide(db, *THIRDS)
    async with db.transaction(SYSTEM) as session:
        await divisions.undo(session, 1, DEED)
    after, parked = accrue(await block_of(connection))

    assert not parked.reason
    assert after.digest() == before.digest()
    said = await connection.fetch("SELECT action FROM audit WHERE subject_id = 1 ORDER BY id")
    assert [row[0] for row in said] == ["account_divided", "division_undone"]
    async with db.transaction(SYSTEM) as session:
        with pytest.raises(PeopleRefused, match="не разделён"):
            await divisions.undo(session, 1, DEED)


async def test_a_division_of_a_closed_month_waits_in_the_queue(connection: Any, db: Database) -> None:
    await divide(db, *THIRDS, first=dt.date(2026, 9, 1))

    row = await connection.fetchrow("SELECT kind, house_id, account_id, first_period, words FROM late_facts")
    assert (row["kind"], row["house_id"], row["account_id"]) == ("owner", 1, None)
    assert row["first_period"] == dt.date(2026, 9, 1)
    assert "Раздел счёта" in row["words"]


async def test_an_account_closed_by_force_parks_the_premises(connection: Any, db: Database) -> None:
    await divide(db, *THIRDS)
    await connection.execute("UPDATE accounts SET closed_on = '2026-09-30' WHERE id = 14")
    lines, parked = accrue(await block_of(connection))

    assert {why[0] for why in parked.reason.values()} == {Reason.SHARES}
    assert 1 not in lines.account_id


async def test_the_money_of_a_division_is_known_before_it_is_kept(connection: Any, db: Database) -> None:
    whole = sums(accrue(await block_of(connection))[0])[1]

    async def asked(session: Any) -> None:
        await divisions.divide(session, 1, OCTOBER, THIRDS, 0, DEED)

    found = await what_if_premises(db, SYSTEM, 1, OCTOBER, asked)

    assert len(found) == 3
    assert sum(kopecks for _, kopecks, _ in found) == whole
    assert await connection.fetchval("SELECT count(*) FROM divisions") == 0


async def test_an_absence_entered_at_a_part_is_of_the_flat(connection: Any, db: Database) -> None:
    await divide(db, NewPart(1, 2, account_id=1), NewPart(1, 2, "Иванов Пётр"))
    await connection.execute(
        "INSERT INTO account_facts (account_id, house_id, company_id, residents, owners, valid_from) "
        "VALUES (13, 1, 3, 2, 1, '2026-10-01')"
    )
    await connection.execute(
        "INSERT INTO absences (account_id, house_id, company_id, people, valid_from, valid_to, is_forced, "
        "proof, ground, applied_on) VALUES (13, 1, 3, 1, '2026-10-01', '2026-10-12', false, 'trip', "
        "'Справка', '2026-10-13')"
    )
    block = await block_of(connection)

    assert block.absent is not None
    assert block.absent.account.tolist() == [0]
    assert block.absent.days.sum() == 10


async def test_the_meter_of_the_flat_stays_where_it_was(connection: Any, db: Database) -> None:
    await divide(db, NewPart(1, 2, account_id=1), NewPart(1, 2, "Иванов Пётр"))
    block = await block_of(connection)

    assert block.meters.account.tolist().count(0) == 1
    assert len(block) == 7
