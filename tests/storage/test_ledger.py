"""The ledger on PostgreSQL: written once, never edited, balances proved; closing a month loses nothing."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from billing import ledger as books
from billing.ledger import Book, Posting
from storage import ledger, months
from storage.engine import Database
from storage.ledger import EntryKeyReused, MonthClosed, Posted
from tests.storage import town

TODAY = dt.date(2026, 10, 12)
NOVEMBER = dt.date(2026, 11, 1)


@pytest.fixture(autouse=True)
async def _town(db: Database) -> None:
    await town.build(db)


async def pay(
    db: Database,
    key: str = "p-1",
    amount: int = 100_00,
    account_id: int | None = 1,
    period: dt.date = town.OPEN,
) -> Posted:
    made, postings = books.payment(
        key, period, TODAY, agent_id=town.AGENT, amount_kopecks=amount, account_id=account_id, company_id=1
    )
    async with db.transaction() as session:
        return await ledger.post(session, made, postings)


async def publish(db: Database, run_id: int, amounts: dict[int, int], period: dt.date = town.OPEN) -> None:
    """A published run that charges accounts for water, put into the tables as a run would."""
    total = sum(amounts.values())
    async with db.transaction() as session:
        opened = await months.open_month(session)
        assert opened is not None
        for parent in ("lines", "run_accounts"):
            await session.execute(
                text(f"CREATE TABLE {parent}_{run_id} PARTITION OF {parent} FOR VALUES IN ({run_id})")
            )
        await session.execute(
            text(
                "INSERT INTO runs (id, period, scope_kind, state, command_id, amount_kopecks) "
                "VALUES (:id, :period, 'city', 'checked', :command, :total)"
            ),
            {"id": run_id, "period": period, "command": f"c{run_id}", "total": total},
        )
        for account_id, amount in amounts.items():
            await session.execute(text(LINE), {"run": run_id, "account": account_id, "amount": amount})
            await session.execute(
                text("INSERT INTO run_accounts VALUES (:run, :account, 1, 1, :amount, 0)"),
                {"run": run_id, "account": account_id, "amount": amount},
            )
        await session.execute(
            text("INSERT INTO run_totals VALUES (:run, 0, 1, 2, 1, 0, :n, :total, 0)"),
            {"run": run_id, "n": len(amounts), "total": total},
        )
        made, postings = books.accrual(run_id, opened, period, TODAY, [(town.WATER, 1, total)])
        await ledger.post(session, made, postings)
        await session.execute(text("UPDATE runs SET state = 'published' WHERE id = :id"), {"id": run_id})


LINE = """
INSERT INTO lines (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day,
days, volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
VALUES (:run, :account, 1, 2, 1, 0, 1, 0, 1, 31, 1, 1, 1, :amount, 0, 0, 0, 0)"""


async def debt(db: Database, account_id: int) -> int:
    async with db.reading() as session:
        return (await ledger.balance(session, account_id)).amount_kopecks


async def test_payment_lowers_the_debt_of_its_account(db: Database) -> None:
    await publish(db, 1, {1: 500_00, 2: 300_00})
    await pay(db)

    assert [await debt(db, account) for account in (1, 2, 3)] == [400_00, 300_00, 0]


async def test_same_fact_twice_is_one_entry(db: Database) -> None:
    first, again = await pay(db), await pay(db)

    assert (again.entry_id, again.is_repeat) == (first.entry_id, True)
    assert await debt(db, 1) == -100_00


async def test_same_key_with_another_sum_is_an_alarm(db: Database) -> None:
    await pay(db)

    with pytest.raises(EntryKeyReused, match="с другим содержанием"):
        await pay(db, amount=1)
    assert await debt(db, 1) == -100_00


async def test_ten_connections_post_once(db: Database) -> None:
    posted = await asyncio.gather(*(pay(db) for _ in range(8)))

    assert sorted(one.is_repeat for one in posted) == [False] + [True] * 7
    assert len({one.entry_id for one in posted}) == 1


async def test_reversal_brings_the_debt_back_once(db: Database) -> None:
    entry_id = (await pay(db)).entry_id
    made = []
    for _ in range(2):
        async with db.transaction() as session:
            made.append(
                await ledger.reverse(
                    session,
                    entry_id,
                    period=town.OPEN,
                    booked_on=TODAY,
                    reason="Ошибка кассира",
                    user_id=None,
                )
            )

    assert [one.is_repeat for one in made] == [False, True]
    assert await debt(db, 1) == 0


@pytest.mark.parametrize("table", ["entries", "postings", "audit"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET company_id = 1", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
async def test_books_are_only_added_to(db: Database, table: str, statement: str) -> None:
    await pay(db)
    sql = statement.format(table).replace("entries SET company_id", "entries SET user_id")

    with pytest.raises(Exception, match="only added to"):
        async with db.transaction() as session:
            await session.execute(text(sql))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE lines SET amount_kopecks = 0",
        "DELETE FROM lines",
        "UPDATE lines_1 SET a = 1",
        "DELETE FROM run_accounts",
    ],
)
async def test_published_lines_stay(db: Database, statement: str) -> None:
    await publish(db, 1, {1: 500_00})

    with pytest.raises(Exception, match=r"only added to|is published"):
        async with db.transaction() as session:
            await session.execute(text(statement))


async def test_database_refuses_postings_that_do_not_sum_to_zero(db: Database) -> None:
    entry_id = (await pay(db)).entry_id

    with pytest.raises(Exception, match="do not sum to zero"):
        async with db.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO postings (entry_id, ordinal, book, period, amount_kopecks) VALUES (:id, 9, "
                    "7, :p, 5)"
                ),
                {"id": entry_id, "p": town.OPEN},
            )


async def test_closed_month_takes_nothing(db: Database) -> None:
    async with db.transaction() as session:
        await months.close_month(session, town.OPEN)

    with pytest.raises(MonthClosed, match="октябрь 2026 не открыт"):
        await pay(db)
    assert (await pay(db, period=NOVEMBER)).is_repeat is False
    with pytest.raises(Exception, match="closed for good"):
        async with db.transaction() as session:
            await session.execute(text("UPDATE months SET state = 'open' WHERE period = '2026-10-01'"))


async def test_closing_carries_every_balance_over(db: Database) -> None:
    await publish(db, 1, {1: 500_00, 2: 300_00})
    await pay(db, amount=600_00)
    before = [await debt(db, account) for account in (1, 2, 3, 4)]
    async with db.transaction() as session:
        closed = await months.close_month(session, town.OPEN, user_id=None)

    assert [await debt(db, account) for account in (1, 2, 3, 4)] == before == [-100_00, 300_00, 0, 0]
    assert closed == months.Closed(town.OPEN, NOVEMBER, 4, 300_00, -100_00)


async def test_run_of_a_closed_month_counts_in_the_open_one(db: Database) -> None:
    await publish(db, 1, {1: 500_00})
    async with db.transaction() as session:
        await months.close_month(session, town.OPEN)
    await publish(db, 2, {1: -20_00}, period=town.OPEN)
    async with db.reading() as session:
        balance = await ledger.balance(session, 1)

    assert (balance.opening_kopecks, balance.charged_kopecks) == (500_00, -20_00)
    assert (await ledger.check(db.url))["ok"]


async def test_month_with_a_live_run_is_not_closed(db: Database) -> None:
    async with db.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO runs (id, period, scope_kind, state, command_id) "
                "VALUES (5, '2026-10-01', 'city', 'checked', 'c')"
            )
        )
    with pytest.raises(months.MonthRefused, match="прогоны № 5"):
        async with db.transaction() as session:
            await months.close_month(session, town.OPEN)
    with pytest.raises(months.MonthRefused, match="Открыт октябрь 2026"):
        async with db.transaction() as session:
            await months.close_month(session, NOVEMBER)


async def test_payments_and_closing_at_once_lose_nothing(db: Database) -> None:
    """Whatever the order, each payment is either in the openings or refused."""

    async def close() -> None:
        async with db.transaction() as session:
            await months.close_month(session, town.OPEN)

    async def payment(number: int) -> int:
        try:
            await pay(db, f"p-{number}", 1_00)
            return 1_00
        except MonthClosed:
            return 0

    done = await asyncio.gather(*(payment(n) for n in range(6)), close(), *(payment(n) for n in range(6, 12)))

    taken = sum(one for one in done if one is not None)
    assert await debt(db, 1) == -taken
    assert (await ledger.check(db.url))["differences"] == 0


async def test_check_agrees_with_a_sound_book(db: Database) -> None:
    await publish(db, 1, {1: 500_00, 2: 300_00})
    await pay(db)
    async with db.transaction() as session:
        await months.close_month(session, town.OPEN)
    seen: list[tuple[int, int]] = []

    report = await ledger.check(db.url, lambda done, total, words: seen.append((done, total)))

    assert (report["ok"], report["differences"], report["entries"], report["runs"]) == (True, 0, 2, 1)
    assert seen[-1][0] == seen[-1][1] == len(report["checks"])


SPOILERS = {
    "postings": "INSERT INTO postings (entry_id, ordinal, book, period, amount_kopecks) "
    "VALUES (1, 9, 7, '2026-10-01', 5)",
    "no postings": "INSERT INTO entries (kind, period, booked_on, idempotency_key, input_hash) "
    "VALUES ('transfer', '2026-10-01', '2026-10-01', 'x', 'x')",
    "lines": LINE.replace(":run", "1").replace(":account", "3").replace(":amount", "7"),
    "run total": "UPDATE runs SET amount_kopecks = amount_kopecks + 1",
    "opening": "UPDATE opening_balances SET amount_kopecks = amount_kopecks + 1 WHERE account_id = 3",
    "lost opening": "DELETE FROM opening_balances WHERE account_id = 1",
    "payment": "INSERT INTO payments (agent_id, number, account_number, amount_kopecks, paid_on, entry_id) "
    "VALUES (4, '1', '0012345', 1, '2026-10-01', 2)",
}


@pytest.mark.parametrize("spoiler", SPOILERS)
async def test_check_finds_what_was_spoilt(db: Database, spoiler: str) -> None:
    await publish(db, 1, {1: 500_00, 2: 300_00})
    await pay(db)
    async with db.transaction() as session:
        await months.close_month(session, town.OPEN)
    async with db.engine.begin() as connection:
        for table in ("postings", "entries", "lines", "runs", "payments"):
            await connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        await connection.execute(text(SPOILERS[spoiler]))

    report: dict[str, Any] = await ledger.check(db.url)

    assert not report["ok"]
    assert report["differences"] == len(report["found"]) > 0


async def test_entry_is_read_back_as_it_was_posted(db: Database) -> None:
    made, postings = books.opening(
        "o-1", town.OPEN, TODAY, account_id=1, company_id=1, amount_kopecks=-55, ground="Акт"
    )
    async with db.transaction() as session:
        posted = await ledger.post(session, made, postings)
        assert await ledger.read(session, posted.entry_id) == (made, postings)

    assert postings[0] == Posting(Book.RESIDENTS, -55, 1, 1)
    assert await debt(db, 1) == -55


async def test_first_month_is_opened_once(db: Database) -> None:
    async with db.transaction() as session:
        with pytest.raises(months.MonthRefused, match="уже ведутся"):
            await months.open_first(session, NOVEMBER)
