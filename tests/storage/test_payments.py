"""Payments on PostgreSQL: each once, on the right debts, to the kopeck; money nobody owns is kept apart."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from billing.allocation import Policy
from billing.ledger import Book
from storage import ledger, months, payment_moves, payment_policy, payments
from storage.engine import Database
from storage.payments import Incoming, Outcome
from tests.storage import town
from tests.storage.charges import charge

TODAY = dt.date(2026, 10, 12)
SEPTEMBER = dt.date(2026, 9, 1)
WATER, HEAT = 1, 4


@pytest.fixture(autouse=True)
async def _town(db: Database) -> None:
    await town.build(db)


def paid(number: str = "1", amount: int = 100_00, account: str = "0012345", **more: Any) -> Incoming:
    return Incoming(town.AGENT, number, account, amount, TODAY, **more)


async def post(db: Database, *incoming: Incoming) -> list[Outcome]:
    async with db.transaction() as session:
        return await payments.post_payments(session, incoming)


async def rows(db: Database, book: Book, account_id: int | None = 1) -> list[tuple[Any, ...]]:
    """(month, payee, service, kopecks) of postings of a book."""
    async with db.reading() as session:
        found = await session.execute(
            text("""
            SELECT of_period, organisation_id, service, sum(amount_kopecks)::bigint FROM postings
             WHERE book = :book AND account_id IS NOT DISTINCT FROM :account
             GROUP BY 1, 2, 3 HAVING sum(amount_kopecks) <> 0 ORDER BY 1, 2, 3"""),
            {"book": int(book), "account": account_id},
        )
        return [tuple(row) for row in found]


async def test_payment_is_shared_by_payees_of_the_oldest_month(db: Database) -> None:
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 100_00, (1, town.HEAT, HEAT): 50_01})
    await charge(db, 2, town.OPEN, {(1, town.WATER, WATER): 70_00})

    await post(db, paid(amount=160_00))

    assert await rows(db, Book.RESIDENTS) == [
        (SEPTEMBER, town.WATER, WATER, -100_00),
        (SEPTEMBER, town.HEAT, HEAT, -50_01),
        (town.OPEN, town.WATER, WATER, -9_99),
    ]
    assert await rows(db, Book.IN_TRANSIT, None) == [(None, town.AGENT, None, 160_00)]
    assert (await ledger.check(db.url))["found"] == []


async def test_named_month_and_service_are_paid_first(db: Database) -> None:
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 100_00})
    await charge(db, 2, town.OPEN, {(1, town.WATER, WATER): 70_00, (1, town.HEAT, HEAT): 30_00})

    await post(db, paid("1", 75_00, of_period=town.OPEN, service=WATER), paid("2", 10_00, service=HEAT))

    assert await rows(db, Book.RESIDENTS) == [
        (SEPTEMBER, town.WATER, WATER, -5_00),
        (town.OPEN, town.WATER, WATER, -70_00),
        (town.OPEN, town.HEAT, HEAT, -10_00),
    ]


async def test_what_is_left_is_an_advance_the_next_charge_takes(db: Database) -> None:
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 40_00})
    await post(db, paid("1", 100_00))
    await charge(db, 2, town.OPEN, {(1, town.WATER, WATER): 90_00})

    await post(db, paid("2", 50_00))

    assert await rows(db, Book.RESIDENTS) == [
        (SEPTEMBER, town.WATER, WATER, -40_00),
        (town.OPEN, town.WATER, WATER, -30_00),
        (None, None, None, -80_00),
    ]
    async with db.reading() as session:
        assert (await ledger.balance(session, 1)).amount_kopecks == -20_00


async def test_two_payments_of_an_account_in_one_batch_go_one_after_another(db: Database) -> None:
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 100_00})

    await post(db, paid("1", 60_00), paid("2", 60_00))

    assert await rows(db, Book.RESIDENTS) == [
        (SEPTEMBER, town.WATER, WATER, -100_00),
        (None, None, None, -20_00),
    ]


async def test_debt_of_another_system_is_paid_before_the_months_charged_here(db: Database) -> None:
    async with db.transaction() as session:
        await session.execute(text("INSERT INTO opening_balances VALUES ('2026-10-01', 1, 1, 3000)"))
    await charge(db, 1, town.OPEN, {(1, town.WATER, WATER): 100_00})

    await post(db, paid(amount=50_00))

    assert await rows(db, Book.RESIDENTS) == [
        (town.OPEN, town.WATER, WATER, -20_00),
        (None, None, None, -30_00),
    ]


async def test_unknown_account_keeps_the_money_and_its_agent(db: Database) -> None:
    outcomes = await post(db, paid(account="777"))

    assert [one.kind for one in outcomes] == ["unmatched"]
    assert await rows(db, Book.UNIDENTIFIED, None) == [(None, town.AGENT, None, -100_00)]
    assert (await ledger.check(db.url))["ok"]


async def test_repeat_changes_nothing_and_another_sum_is_an_alarm(db: Database) -> None:
    first = await post(db, paid())
    again = await post(db, paid(), paid(amount=1), paid("2"), paid("2"), paid("2", 7))

    assert [one.kind for one in again] == ["repeat", "conflict", "posted", "repeat", "conflict"]
    assert again[0].payment_id == again[1].payment_id == first[0].payment_id
    assert await rows(db, Book.IN_TRANSIT, None) == [(None, town.AGENT, None, 200_00)]


async def test_connections_that_race_post_each_payment_once(db: Database) -> None:
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 500_00})
    same = [paid(str(number), 60_00) for number in range(10)]

    made = await asyncio.gather(*(post(db, *same[turn:], *same[:turn]) for turn in range(6)))

    assert sorted(one.kind for batch in made for one in batch) == ["posted"] * 10 + ["repeat"] * 50
    assert await rows(db, Book.RESIDENTS) == [
        (SEPTEMBER, town.WATER, WATER, -500_00),
        (None, None, None, -100_00),
    ]


async def test_policy_of_the_organisation_decides_from_its_day_on(db: Database) -> None:
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 100_00})
    await charge(db, 2, town.OPEN, {(1, town.WATER, WATER): 70_00})
    async with db.transaction() as session:
        await payment_policy.set_policy(session, None, Policy(oldest_first=False), TODAY, "Приказ 1")
        await payment_policy.set_policy(
            session, town.COMPANY, Policy(), TODAY + dt.timedelta(days=1), "Приказ 2"
        )

    await post(db, paid("1", 10_00))
    await post(db, Incoming(town.AGENT, "2", "0012345", 10_00, TODAY + dt.timedelta(days=1)))

    assert await rows(db, Book.RESIDENTS) == [
        (SEPTEMBER, town.WATER, WATER, -10_00),
        (town.OPEN, town.WATER, WATER, -10_00),
    ]


async def test_service_kept_apart_is_paid_only_by_its_own_payment(db: Database) -> None:
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 100_00, (1, town.HEAT, HEAT): 50_00})
    async with db.transaction() as session:
        await payment_policy.set_policy(
            session, town.COMPANY, Policy(apart=(HEAT,)), dt.date(2026, 1, 1), "Решение собрания"
        )

    await post(db, paid("1", 120_00), paid("2", 20_00, service=HEAT))

    assert await rows(db, Book.RESIDENTS) == [
        (SEPTEMBER, town.WATER, WATER, -100_00),
        (SEPTEMBER, town.HEAT, HEAT, -20_00),
        (None, None, None, -20_00),
    ]


async def test_debts_after_a_clean_month_are_the_same_as_over_the_whole_history(db: Database) -> None:
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 100_00, (2, town.WATER, WATER): 10_00})
    await post(db, paid("1", 130_00))
    async with db.transaction() as session:
        await months.close_month(session, town.OPEN)
    november = dt.date(2026, 11, 1)
    await charge(db, 2, november, {(1, town.WATER, WATER): 90_00, (2, town.WATER, WATER): 5_00})

    await post(db, paid("2", 50_00), paid("3", 12_00, "0012354"))

    assert await rows(db, Book.RESIDENTS) == [
        (SEPTEMBER, town.WATER, WATER, -100_00),
        (november, town.WATER, WATER, -50_00),
        (None, None, None, -30_00),
    ]
    assert await rows(db, Book.RESIDENTS, 2) == [
        (SEPTEMBER, town.WATER, WATER, -10_00),
        (november, town.WATER, WATER, -2_00),
    ]
    assert (await ledger.check(db.url))["ok"]


async def decide(db: Database, payment_id: int, deed: str, account_id: int | None = None) -> str:
    """A decision and its execution; the state and the words it got."""
    async with db.transaction() as session:
        decision = await payment_moves.decide(
            session, payment_id, deed, reason="Заявление", user_id=1, account_id=account_id
        )
    for _ in range(2):  # an event may come twice
        async with db.transaction() as session:
            await payment_moves.obey(session, decision)
    async with db.reading() as session:
        row = (
            await session.execute(
                text("SELECT state, message FROM payment_decisions WHERE id = :id"), {"id": decision}
            )
        ).one()
    return f"{row.state} {row.message}".strip()


async def state(db: Database, payment_id: int) -> tuple[str, int | None]:
    async with db.reading() as session:
        row = (
            await session.execute(
                text("SELECT state, account_id FROM payments WHERE id = :id"), {"id": payment_id}
            )
        ).one()
    return row.state, row.account_id


async def test_assigned_payment_pays_the_debts_and_may_be_taken_back(db: Database) -> None:
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 30_00})
    payment_id = (await post(db, paid(account="777")))[0].payment_id
    assert payment_id is not None

    assert await decide(db, payment_id, "assign", 1) == "done"
    assert await state(db, payment_id) == ("posted", 1)
    assert await rows(db, Book.UNIDENTIFIED, None) == []
    assert await rows(db, Book.RESIDENTS) == [
        (SEPTEMBER, town.WATER, WATER, -30_00),
        (None, None, None, -70_00),
    ]

    assert await decide(db, payment_id, "undo") == "done"
    assert await state(db, payment_id) == ("unmatched", None)
    assert await rows(db, Book.RESIDENTS) == []
    assert await decide(db, payment_id, "assign", 2) == "done"
    assert (await ledger.check(db.url))["ok"]


async def test_returned_payment_leaves_the_books_where_it_came_in(db: Database) -> None:
    payment_id = (await post(db, paid(account="777")))[0].payment_id
    assert payment_id is not None

    assert await decide(db, payment_id, "keep") == "done"
    assert await state(db, payment_id) == ("kept", None)
    assert await decide(db, payment_id, "return") == "done"

    assert await rows(db, Book.UNIDENTIFIED, None) == await rows(db, Book.IN_TRANSIT, None) == []
    with pytest.raises(payment_moves.MoveRefused, match="уже разобран"):
        await decide(db, payment_id, "assign", 1)


async def test_two_persons_decide_and_only_the_first_is_obeyed(db: Database) -> None:
    payment_id = (await post(db, paid(account="777")))[0].payment_id
    assert payment_id is not None
    async with db.transaction() as session:
        await payment_moves.decide(session, payment_id, "keep", reason="ждём", user_id=1)

    with pytest.raises(payment_moves.MoveRefused, match="уже выполняется"):
        await decide(db, payment_id, "assign", 1)


async def test_cancelled_payment_is_reversed_with_its_assignment(db: Database) -> None:
    made = await post(db, paid("1"), paid("2", account="777"))
    assert made[1].payment_id is not None
    await decide(db, made[1].payment_id, "assign", 2)
    for number, expected in (("1", True), ("2", True), ("2", False), ("9", False)):
        async with db.transaction() as session:
            assert await payment_moves.cancel(session, town.AGENT, number) is expected

    for book in (Book.RESIDENTS, Book.IN_TRANSIT, Book.UNIDENTIFIED):
        assert [await rows(db, book, account) for account in (None, 1, 2)] == [[], [], []]
    assert (await ledger.check(db.url))["ok"]


batches = st.lists(
    st.lists(
        st.tuples(st.integers(1, 12), st.sampled_from(["0012345", "0012354", "777"]), st.integers(1, 400_00)),
        max_size=6,
    ),
    max_size=4,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches)
async def test_whatever_comes_however_often_the_books_hold(
    db: Database, given_batches: list[list[tuple[int, str, int]]]
) -> None:
    prefix = await _fresh_numbers(db)
    first: dict[int, tuple[str, int]] = {}
    for batch in given_batches:
        made = await post(db, *(paid(f"{prefix}-{n}", kopecks, to) for n, to, kopecks in batch))
        for (number, account, kopecks), outcome in zip(batch, made, strict=True):
            is_first = number not in first
            known = first.setdefault(number, (account, kopecks))
            usual = "unmatched" if account == "777" else "posted"
            expected = usual if is_first else ("repeat" if known == (account, kopecks) else "conflict")
            assert outcome.kind == expected

    report = await ledger.check(db.url)

    assert report["found"] == []
    async with db.reading() as session:
        came = await session.scalar(
            text("SELECT coalesce(sum(amount_kopecks), 0) FROM payments WHERE number LIKE :p"),
            {"p": f"{prefix}-%"},
        )
    assert came == sum(kopecks for _, kopecks in first.values())


async def _fresh_numbers(db: Database) -> str:
    async with db.reading() as session:
        return f"x{await session.scalar(text('SELECT count(*) FROM payments'))}"
