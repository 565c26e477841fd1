"""A payment is followed to the kopeck at every step, and a payee's act holds the same money."""

import datetime as dt

import pytest

from billing.ledger import Book
from storage import money_trail, payee_act, payment_moves, payments
from storage.engine import Database
from storage.money_trail import MoneyTrail
from storage.payee_act import Act
from storage.payments import Incoming
from tests.storage import town
from tests.storage.charges import charge
from tests.storage.payout_steps import DAY, arrive, details, export, plan, post

SEPTEMBER = dt.date(2026, 9, 1)
WATER, HEAT = 1, 4


@pytest.fixture(autouse=True)
async def _town(db: Database) -> None:
    await town.build(db)
    await details(db)
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 100_00, (1, town.HEAT, HEAT): 50_01})


async def pay(db: Database, amount: int, account: str = "0012345") -> int:
    async with db.transaction() as session:
        made = await payments.post_payments(session, [Incoming(town.AGENT, "1", account, amount, DAY)])
    assert made[0].payment_id is not None
    return made[0].payment_id


async def trail(db: Database, payment: int) -> MoneyTrail:
    async with db.reading() as session:
        found = await money_trail.trail(session, payment)
    assert found is not None
    return found


async def act(db: Database, first: dt.date = dt.date(2026, 1, 1), payee: int = town.WATER) -> Act:
    async with db.reading() as session:
        found = await payee_act.act(session, payee, first, dt.date(2030, 1, 1))
    assert found is not None
    return found


async def test_trail_adds_up_while_the_money_is_on_its_way_ordered_and_taken_back(db: Database) -> None:
    payment = await pay(db, 200_01)
    taken = await trail(db, payment)
    assert (taken.waiting_kopecks, taken.ordered_kopecks, taken.difference_kopecks) == (200_01, 0, 0)
    assert taken.head.arrived_on is None

    await arrive(db, 198_01)
    run = await plan(db)
    await post(db, run)
    await export(db, run)
    ordered = await trail(db, payment)
    assert ordered.head.arrived_on == DAY
    # water 100.00 less 1 % and 2 %, heat 50.01 less 1 %: fees 1.00 + 2.00 + 0.50
    assert (ordered.ordered_kopecks, ordered.fees_kopecks) == (146_51, 3_50)
    assert (ordered.waiting_kopecks, ordered.difference_kopecks) == (50_00, 0)
    assert {one.transfer_number for one in ordered.postings if one.book == Book.RESIDENTS} == {1, 2, None}

    async with db.transaction() as session:
        await payment_moves.cancel(session, town.AGENT, "1")
    back = await trail(db, payment)
    assert (back.standing_kopecks, back.difference_kopecks) == (0, 0)
    assert back.waiting_kopecks == -(146_51 + 3_50)


async def test_unidentified_money_is_nobodys_until_it_is_assigned(db: Database) -> None:
    payment = await pay(db, 150_01, "777")

    found = await trail(db, payment)

    assert (found.unidentified_kopecks, found.waiting_kopecks, found.difference_kopecks) == (150_01, 0, 0)


async def test_payments_of_an_account_are_found_by_its_number(db: Database) -> None:
    payment = await pay(db, 150_01)
    await arrive(db, 148_51)
    await post(db, await plan(db))

    async with db.reading() as session:
        (found,) = await money_trail.payments_of(session, "0012345")
        assert await money_trail.payments_of(session, "0012354") == []

    assert (found.id, found.arrived_on, found.shared_kopecks) == (payment, DAY, 150_01)


async def test_act_of_a_payee_goes_from_balance_to_balance(db: Database) -> None:
    await pay(db, 150_01)
    before = await act(db)
    assert (before.opening_kopecks, before.collected_kopecks, before.closing_kopecks) == (0, 100_00, 100_00)
    assert (before.all_waiting_kopecks, before.difference_kopecks) == (100_00, 0)

    await arrive(db, 148_51)
    await post(db, await plan(db))
    after = await act(db)
    later = await act(db, first=dt.date(2029, 1, 1))

    assert (after.collected_kopecks, after.agent_fee_kopecks, after.centre_fee_kopecks) == (
        100_00,
        1_00,
        2_00,
    )
    assert (after.transferred_kopecks, after.closing_kopecks, after.difference_kopecks) == (97_00, 0, 0)
    assert (later.opening_kopecks, later.lines) == (0, [])


async def test_act_counts_the_advance_a_charge_has_taken(db: Database) -> None:
    await pay(db, 200_01)
    await arrive(db, 198_01)
    await charge(db, 2, town.OPEN, {(1, town.WATER, WATER): 30_00})
    await post(db, await plan(db))

    found = await act(db)

    assert (found.collected_kopecks, found.closing_kopecks, found.difference_kopecks) == (130_00, 0, 0)
