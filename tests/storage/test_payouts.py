"""Money out on PostgreSQL: what came is distributed once, to the kopeck, taken back by reversal, closed by
the bank; what does not fit waits for a person.
"""

import asyncio
import datetime as dt
import secrets

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateways.bank1c.fake import Income, statement
from storage import ledger, months, payment_moves, payments, payout_pages, payout_work, payouts, statements
from storage.engine import Database
from storage.payments import Incoming
from storage.payouts import PayoutRefused
from storage.scope import Scope
from tests.storage import town
from tests.storage.charges import charge
from tests.storage.payout_steps import (
    ACCOUNT,
    DAY,
    arrive,
    details,
    export,
    load,
    one,
    plan,
    post,
    transfers,
    undo,
)

SEPTEMBER = dt.date(2026, 9, 1)
WATER, HEAT = 1, 4


@pytest.fixture(autouse=True)
async def _town(db: Database) -> None:
    await town.build(db)
    await details(db)
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 100_00, (1, town.HEAT, HEAT): 50_01})


async def pay(db: Database, number: str, amount: int, account: str = "0012345", day: dt.date = DAY) -> int:
    async with db.transaction() as session:
        made = await payments.post_payments(session, [Incoming(town.AGENT, number, account, amount, day)])
    assert made[0].payment_id is not None
    return made[0].payment_id


async def test_nothing_is_distributed_before_the_money_came(db: Database) -> None:
    await pay(db, "1", 150_01)

    assert await transfers(db, await plan(db)) == {}


async def test_policy_of_the_payee_pays_it_before_the_money_came(db: Database) -> None:
    await pay(db, "1", 150_01)
    async with db.transaction() as session:
        await session.execute(
            text("""
            INSERT INTO settings (organisation_id, key, value, valid_from)
            VALUES (NULL, 'payout_before_arrival', 'no', '2026-01-01'), (2, 'payout_before_arrival', 'yes',
                   '2026-01-01')""")
        )

    assert list(await transfers(db, await plan(db))) == [town.WATER]


async def test_what_came_leaves_once_with_fees_and_is_closed_by_the_bank(db: Database) -> None:
    await pay(db, "1", 150_01)
    await arrive(db, 148_51)  # 1 % of 150,01 is 1,50
    run = await plan(db)

    assert await transfers(db, run) == {
        town.WATER: ("draft", 100_00, 1_00, 2_00, 97_00),
        town.HEAT: ("draft", 50_01, 50, 0, 49_51),
    }
    await post(db, run)
    again = await plan(db)
    assert await transfers(db, again) == {}
    await undo(db, again)

    content = await export(db, run)
    await load(db, statement(ACCOUNT, DAY, content))

    assert [row[0] for row in (await transfers(db, run)).values()] == ["executed", "executed"]
    assert await one(db, "SELECT state FROM payout_runs WHERE id = :id", id=run) == "closed"
    books = await balances(db)
    assert books == {"cash": 2_00, "transit": 0, "transfers": 0, "fees": -2_00}
    assert (await ledger.check(db.url))["found"] == []


async def balances(db: Database) -> dict[str, int]:
    names = {10: "cash", 3: "transit", 11: "transfers", 7: "fees"}
    async with db.reading() as session:
        found = await session.execute(
            text("SELECT book, sum(amount_kopecks)::bigint AS amount FROM postings GROUP BY 1")
        )
        sums = {row.book: row.amount for row in found}
    return {name: sums.get(book, 0) for book, name in names.items()}


async def test_undo_before_export_gives_everything_back_to_the_next(db: Database) -> None:
    await pay(db, "1", 150_01)
    await arrive(db, 148_51)
    first = await plan(db)
    await post(db, first)
    await undo(db, first)
    second = await plan(db)
    await post(db, second)

    made = await transfers(db, second)
    assert made[town.WATER] == ("ordered", 100_00, 1_00, 2_00, 97_00)
    assert await one(db, "SELECT array_agg(number ORDER BY number) FROM transfers") == [1, 2, 3, 4]
    assert (await ledger.check(db.url))["found"] == []


async def test_exported_orders_are_not_undone_and_not_exported_again(db: Database) -> None:
    await pay(db, "1", 150_01)
    await arrive(db, 148_51)
    run = await plan(db)
    await post(db, run)
    await export(db, run)

    with pytest.raises(PayoutRefused, match="уже выгружен"):
        await undo(db, run)
    with pytest.raises(PayoutRefused, match="один раз"):
        await export(db, run)


async def test_same_person_does_not_approve(db: Database) -> None:
    run = await plan(db)

    async with db.transaction() as session:
        with pytest.raises(PayoutRefused, match="другой сотрудник"):
            await payouts.approve(session, run, 1)


async def test_payment_cancelled_after_distribution_is_taken_back_from_the_next(db: Database) -> None:
    await pay(db, "1", 150_01)
    await arrive(db, 148_51)
    first = await plan(db)
    await post(db, first)
    await export(db, first)
    async with db.transaction() as session:
        assert await payment_moves.cancel(session, town.AGENT, "1")
        today = await payment_moves.today(session)

    held = await plan(db, today)
    made = await transfers(db, held)
    assert made[town.WATER] == ("draft", -100_00, -1_00, -2_00, -97_00)
    await post(db, held)
    assert [row[0] for row in (await transfers(db, held)).values()] == ["held", "held"]

    await pay(db, "2", 150_01)
    await arrive(db, 148_51, number="2")
    await charge(db, 2, town.OPEN, {(1, town.WATER, WATER): 80_00})
    await pay(db, "3", 80_00)
    await arrive(db, 79_20, number="3")
    last = await plan(db, today)
    await post(db, last)
    assert await transfers(db, last) == {
        town.WATER: ("ordered", 80_00, 80, 1_60, 77_60),
        town.HEAT: ("held", 0, 0, 0, 0),
    }
    assert (await ledger.check(db.url))["found"] == []


async def test_advance_leaves_when_a_charge_has_taken_it(db: Database) -> None:
    await pay(db, "1", 200_01)
    await arrive(db, 198_01)
    first = await plan(db)
    await post(db, first)
    assert (await transfers(db, first))[town.WATER][1] == 100_00

    await charge(db, 2, town.OPEN, {(1, town.WATER, WATER): 30_00})
    second = await plan(db)
    assert await transfers(db, second) == {town.WATER: ("draft", 30_00, 30, 60, 29_10)}
    await post(db, second)
    await charge(db, 3, town.OPEN, {(1, town.HEAT, HEAT): 70_00})
    third = await plan(db)
    assert await transfers(db, third) == {town.HEAT: ("draft", 20_00, 20, 0, 19_80)}
    assert (await ledger.check(db.url))["found"] == []


async def test_payee_without_details_is_held_and_comes_back(db: Database) -> None:
    await pay(db, "1", 150_01)
    await arrive(db, 148_51)
    async with db.transaction() as session:
        await session.execute(text("UPDATE organisations SET bank_bic = '04' WHERE id = 3"))
    first = await plan(db)
    await post(db, first)
    assert {payee: row[0] for payee, row in (await transfers(db, first)).items()} == {
        town.WATER: "ordered",
        town.HEAT: "held",
    }
    async with db.transaction() as session:
        await session.execute(text("UPDATE organisations SET bank_bic = '040000760' WHERE id = 3"))

    assert await transfers(db, await plan(db)) == {town.HEAT: ("draft", 50_01, 50, 0, 49_51)}


async def test_unidentified_payment_leaves_after_it_is_assigned(db: Database) -> None:
    payment = await pay(db, "1", 150_01, "777")
    await arrive(db, 148_51)
    empty = await plan(db)
    assert await transfers(db, empty) == {}
    await undo(db, empty)
    async with db.transaction() as session:
        decision = await payment_moves.decide(
            session, payment, "assign", reason="Письмо", user_id=1, account_id=1
        )
    async with db.transaction() as session:
        await payment_moves.obey(session, decision)

    assert (await transfers(db, await plan(db)))[town.HEAT] == ("draft", 50_01, 50, 0, 49_51)


async def test_two_presses_and_two_workers_make_one_distribution(db: Database) -> None:
    await pay(db, "1", 150_01)
    await arrive(db, 148_51)

    async def press() -> int | str:
        try:
            async with db.transaction() as session:
                return await payouts.request_plan(
                    session, until=DAY, user_id=1, command_id=secrets.token_hex(16)
                )
        except PayoutRefused as refusal:
            return refusal.code

    made = await asyncio.gather(press(), press(), press())
    assert sorted(map(str, made))[1:] == ["busy", "busy"]
    (run,) = [one for one in made if isinstance(one, int)]

    async def work() -> None:
        async with db.transaction() as session:
            await payout_work.plan(session, run)

    await asyncio.gather(work(), work(), work())
    async with db.transaction() as session:
        await payouts.approve(session, run, 2)

    async def book() -> None:
        async with db.transaction() as session:
            await payout_work.post(session, run)

    await asyncio.gather(book(), book())
    assert await one(db, "SELECT count(*) FROM entries WHERE kind = 'payout'") == 2
    assert await one(db, "SELECT count(*) FROM payout_shares") == 2


async def test_statement_is_loaded_once_and_strangers_wait(db: Database) -> None:
    await pay(db, "1", 150_01)
    strange = [
        Income("5", 7_00, "ООО «Кто-то»", "7799999999", "40702810900000000077", "За аренду"),
        Income("6", 148_50, "Банк", "7700000004", "40702810900000000004", "Платежи"),
    ]
    content = statement(ACCOUNT, DAY, None, strange)
    made = await load(db, content)

    with pytest.raises(PayoutRefused, match="уже загружен"):
        await load(db, content)
    again = await load(db, content.replace("ВремяСоздания".encode("cp1251"), b"") + b"\r\n")
    found = await one(
        db, "SELECT array_agg(verdict ORDER BY line) FROM statement_rows WHERE statement_id = :id", id=made
    )
    assert found == ["waiting", "waiting"]
    assert await one(
        db, "SELECT array_agg(verdict) FROM statement_rows WHERE statement_id = :id", id=again
    ) == ["repeat", "repeat"]


async def test_person_takes_a_row_for_an_agents_days_with_the_fee_it_really_kept(db: Database) -> None:
    await pay(db, "1", 150_01)
    made = await arrive(db, 148_50)
    row = await one(db, "SELECT id FROM statement_rows WHERE statement_id = :id", id=made)

    async def take(amount_of: str, **more: object) -> str:
        payload = {"row_id": row, "deed": "arrival", "agent_id": town.AGENT, "days": [amount_of] * 2, **more}
        async with db.transaction() as session:
            await payouts.decide(
                session,
                row,
                "arrival",
                ground="Письмо агента",
                user_id=1,
                agent_id=town.AGENT,
                days=[DAY, DAY],
            )
        async with db.transaction() as session:
            await statements.take(session, payload)
        return str(await one(db, "SELECT verdict || message FROM statement_rows WHERE id = :id", id=row))

    assert "нет платежей" in await take("2026-10-01")
    assert await take(DAY.isoformat()) == "arrival"
    assert await one(db, "SELECT fee_kopecks FROM arrivals") == 1_51
    assert (await ledger.check(db.url))["found"] == []


async def test_wrong_account_and_broken_files_load_nothing(db: Database) -> None:
    other = await load(db, statement("40702810900000000777", DAY, None))
    cut = await load(db, statement(ACCOUNT, DAY, None, [Income("1", 5, "Б", "1", "2", "п")])[:-30])

    for number, words in ((other, "своему счёту"), (cut, "обрывается")):
        state = await one(db, "SELECT state || message FROM statements WHERE id = :id", id=number)
        assert state.startswith("refused")
        assert words in state
    assert await one(db, "SELECT count(*) FROM statement_rows") == 0


async def test_payee_sees_only_its_own_money(db: Database, web: Database) -> None:
    await pay(db, "1", 150_01)
    await arrive(db, 148_51)
    run = await plan(db)
    scope = Scope(user_id=9, role="supplier", organisation_id=town.WATER, supplier_id=town.WATER)
    counts = """
    SELECT (SELECT count(*) FROM transfers), (SELECT count(*) FROM payout_shares),
           (SELECT count(*) FROM payout_runs), (SELECT count(*) FROM statement_rows)"""

    async def seen() -> tuple[int, ...]:
        async with web.reading(scope) as session:
            return tuple((await session.execute(text(counts))).one())

    assert await seen() == (0, 0, 0, 0)
    await post(db, run)
    assert await seen() == (1, 1, 0, 0)


async def test_conservation_of_shares_is_proved_and_a_forged_share_is_found(db: Database) -> None:
    await pay(db, "1", 150_01)
    await arrive(db, 148_51)
    await post(db, await plan(db))
    assert (await ledger.check(db.url))["ok"]
    async with db.transaction() as session:
        await session.execute(text("ALTER TABLE payout_shares DISABLE TRIGGER USER"))
        await session.execute(
            text("UPDATE payout_shares SET amount_kopecks = amount_kopecks - 1 WHERE payee_id = 2")
        )

    found = await ledger.check(db.url)

    assert not found["ok"]
    assert any("перевод" in one["where"] for one in found["found"])


async def places(db: Database) -> payout_pages.Conservation:
    async with db.reading() as session:
        return await payout_pages.conservation(session)


async def test_where_money_is_stays_the_same_when_a_month_is_closed_and_its_sums_are_kept(
    db: Database,
) -> None:
    await pay(db, "1", 150_01)
    await pay(db, "2", 40_00, "777")
    await arrive(db, 188_11)  # 1 % of each payment is kept
    await post(db, await plan(db))
    before = await places(db)

    async with db.transaction() as session:
        await months.close_month(session, town.OPEN)
    after = await places(db)
    await pay(db, "3", 10_00, day=dt.date(2026, 11, 3))
    later = await places(db)

    assert before == after
    assert (before.place_difference_kopecks, before.owner_difference_kopecks) == (0, 0)
    assert (before.taken_kopecks, before.distributed_kopecks, before.unidentified_kopecks) == (
        190_01,
        150_01,
        40_00,
    )
    assert (later.taken_kopecks, later.ready_kopecks) == (200_01, 10_00)
    assert later.owner_difference_kopecks == 0
    assert (await ledger.check(db.url))["found"] == []


async def test_a_kept_sum_that_is_not_that_of_its_postings_is_found(db: Database) -> None:
    await pay(db, "1", 150_01)
    async with db.transaction() as session:
        await months.close_month(session, town.OPEN)
        await session.execute(text("UPDATE book_sums SET amount_kopecks = amount_kopecks + 1 WHERE book = 3"))

    found = await ledger.check(db.url)

    assert [one["where"] for one in found["found"]] == ["10.2026, книга 3, payment"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payout_shares SET amount_kopecks = 1",
        "DELETE FROM payout_shares",
        "UPDATE transfers SET number = number + 10",
        "UPDATE transfers SET payee_account = '40702810900000000099'",
        "UPDATE payout_runs SET file = 'x'",
        "UPDATE payout_runs SET state = 'posted', file = NULL",
    ],
)
async def test_what_went_to_the_bank_is_not_changed_afterwards(db: Database, change: str) -> None:
    await pay(db, "1", 150_01)
    await arrive(db, 148_51)
    run = await plan(db)
    await post(db, run)
    await export(db, run)

    with pytest.raises(DBAPIError, match="only added to"):
        async with db.transaction() as session:
            await session.execute(text(change))


async def test_dispatcher_of_a_payee_sees_none_of_its_money(db: Database, web: Database) -> None:
    await pay(db, "1", 150_01)
    await arrive(db, 148_51)
    await post(db, await plan(db))
    scope = Scope(user_id=9, role="dispatcher", organisation_id=town.WATER, dispatch_ids=(town.WATER,))

    async with web.reading(scope) as session:
        assert await session.scalar(text("SELECT count(*) FROM transfers")) == 0
        assert await session.scalar(text("SELECT count(*) FROM payout_shares")) == 0


async def test_two_persons_export_at_once_and_one_file_is_written(db: Database) -> None:
    await pay(db, "1", 150_01)
    await arrive(db, 148_51)
    run = await plan(db)
    await post(db, run)

    made = await asyncio.gather(export(db, run), export(db, run), return_exceptions=True)

    assert sorted(type(one).__name__ for one in made) == ["PayoutRefused", "bytes"]
