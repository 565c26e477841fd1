"""An order the bank gives back: matched by its number, re-booked, paid anew by the next distribution."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import text

from gateways.bank1c.fake import Income, statement
from storage import ledger, payee_act, payouts, statements
from storage.engine import Database
from storage.statement_returns import numbers_in, reason_in
from tests.storage import town
from tests.storage.payout_steps import ACCOUNT, DAY, arrive, export, load, one, plan, post, transfers
from tests.storage.test_payouts import _town, balances, pay  # noqa: F401  the town of distributions

NEXT = DAY + dt.timedelta(days=1)
PURPOSE = "Возврат по п/п № {number} от 12.10.2026. Причина: счёт получателя закрыт"


async def paid(db: Database) -> tuple[int, int]:
    """An executed distribution; its id and the number of the order of the water."""
    await pay(db, "1", 150_01)
    await arrive(db, 148_51)
    run = await plan(db)
    await post(db, run)
    await load(db, statement(ACCOUNT, DAY, await export(db, run)))
    number = await one(db, "SELECT number FROM transfers WHERE payee_id = :id", id=town.WATER)
    return run, number


async def give_back(db: Database, purpose: str, amount: int = 97_00) -> int:
    income = Income("77", amount, "Банк получателя", "7700000999", "30301810000000000001", purpose)
    return await load(db, statement(ACCOUNT, NEXT, None, [income]))


async def test_returned_order_is_owed_again_and_paid_by_a_new_one(db: Database) -> None:
    run, number = await paid(db)

    await give_back(db, PURPOSE.format(number=number))

    assert (await transfers(db, run))[town.WATER][0] == "returned"
    assert (await transfers(db, run))[town.HEAT][0] == "executed"
    reason = await one(db, "SELECT return_reason FROM transfers WHERE number = :number", number=number)
    assert reason == "счёт получателя закрыт"
    assert await one(db, "SELECT verdict FROM statement_rows WHERE number = '77'") == "returned"
    assert await balances(db) == {
        "cash": 99_00,
        "transit": 0,
        "transfers": 0,
        "fees": 1_00,
    }  # heat bore its 0,50 of 1,50
    assert (await ledger.check(db.url))["found"] == []

    again = await plan(db, NEXT)
    await post(db, again)
    made = await transfers(db, again)
    assert made == {town.WATER: ("ordered", 100_00, 1_00, 2_00, 97_00)}
    assert await one(db, "SELECT max(number) FROM transfers WHERE run_id = :run", run=again) > number
    assert (await ledger.check(db.url))["found"] == []


async def test_act_of_the_payee_shows_the_order_and_its_return(db: Database) -> None:
    await paid(db)
    number = await one(db, "SELECT number FROM transfers WHERE payee_id = :id", id=town.WATER)
    await give_back(db, PURPOSE.format(number=number))

    async with db.reading() as session:
        act = await payee_act.act(session, town.WATER, dt.date(2026, 10, 1), dt.date(2199, 12, 31))

    assert act is not None
    moves = [(row.transferred_kopecks, row.is_return) for row in act.lines if row.transfer_id]
    assert sorted(moves) == [(-97_00, True), (97_00, False)]
    assert act.closing_kopecks == 100_00
    assert act.difference_kopecks == 0


@pytest.mark.parametrize(
    ("purpose", "amount"),
    [
        ("Возврат по п/п № 999 от 12.10.2026", 97_00),
        ("Возврат по п/п № {number}", 96_00),
        ("Оплата по п/п № {number}", 97_00),
    ],
)
async def test_another_number_sum_or_purpose_waits_for_a_person(
    db: Database,
    purpose: str,
    amount: int,
) -> None:
    run, number = await paid(db)

    await give_back(db, purpose.format(number=number), amount)

    assert await one(db, "SELECT verdict FROM statement_rows WHERE number = '77'") == "waiting"
    assert (await transfers(db, run))[town.WATER][0] == "executed"


async def test_a_person_says_which_order_came_back_and_it_is_given_back_once(
    db: Database,
) -> None:
    run, _ = await paid(db)
    await give_back(db, "Деньги возвращены, реквизиты неверны")
    row = await one(db, "SELECT id FROM statement_rows WHERE number = '77'")
    transfer = await one(db, "SELECT id FROM transfers WHERE payee_id = :id", id=town.WATER)
    payload = {"row_id": row, "deed": "returned", "transfer_id": transfer, "days": []}
    async with db.transaction() as session:
        await payouts.decide(session, row, "returned", ground="Письмо банка", user_id=1, transfer_id=transfer)

    for _ in range(2):
        async with db.transaction() as session:
            await statements.take(session, payload)

    assert (await transfers(db, run))[town.WATER][0] == "returned"
    async with db.reading() as session:
        count = await session.scalar(text("SELECT count(*) FROM entries WHERE kind = 'reversal'"))
    assert count == 2
    assert (await ledger.check(db.url))["found"] == []


@pytest.mark.parametrize(
    ("purpose", "numbers"),
    [
        ("Возврат платежного поручения №15 от 01.11.2026", [15]),
        ("ВОЗВРАТ П/П 000123. закрыт счет", [123]),
        ("Возврат по плат. пор. N 7 от 02.11", [7]),
        ("Возвращено: ошибочные реквизиты", []),
        ("Оплата по поручению № 5", []),
    ],
)
def test_number_of_the_order_is_read_from_a_purpose(purpose: str, numbers: list[int]) -> None:
    assert numbers_in(purpose) == numbers


def test_reason_is_what_the_bank_says() -> None:
    assert reason_in("Возврат п/п 5 в связи с закрытием счёта.") == "закрытием счёта"
    assert reason_in("Возврат п/п 5") == "Возврат п/п 5"
