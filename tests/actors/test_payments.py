"""Payments from the outbox through a real stream into the books: each once, acknowledged after the commit."""

import asyncio
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from actors.payments import BadPayment, PaymentIntake, incoming_of
from actors.relay import Relay
from gateways.bus import Bus, Event
from storage import ledger, payment_gate
from storage.engine import Database
from storage.payment_gate import Asked
from tests.storage import town
from tests.support.services import TestDatabase

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = dt.datetime(2026, 10, 12, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
async def books(fresh_database: TestDatabase) -> Any:
    made = Database(fresh_database.url)
    await town.build(made)
    yield made
    await made.close()


async def take(books: Database, *numbers: int) -> None:
    asked = [Asked(town.AGENT, str(number), "0012345", 10_00, NOW) for number in numbers]
    async with books.transaction() as session:
        await payment_gate.take(session, asked, MOSCOW)


async def posted(books: Database) -> tuple[int, int]:
    async with books.reading() as session:
        row = (
            await session.execute(
                text("SELECT count(*) AS n, coalesce(sum(amount_kopecks), 0)::bigint AS s FROM payments")
            )
        ).one()
    return row.n, row.s


async def test_payments_reach_the_books_through_the_stream_once(books: Database, bus: Bus) -> None:
    await take(books, *range(120))
    relay = Relay(books, bus.publish_many)
    await relay.drain()
    async with books.transaction() as session:  # the mark was lost: everything is sent again
        await session.execute(text("UPDATE outbox SET sent_at = NULL"))
    await relay.drain()
    intake = PaymentIntake(books)
    consumer = await bus.consumer("payments-intake")
    seen = 0
    while taken := await consumer.once(intake.handle, intake.bury, wait_s=1.0):
        seen += taken

    assert seen == 120
    assert await posted(books) == (120, 120 * 10_00)
    async with books.reading() as session:
        states = await session.scalar(text("SELECT array_agg(DISTINCT state) FROM inbox"))
    assert states == ["processed"]
    assert (await ledger.check(books.url))["ok"]


async def test_store_of_the_stream_is_deleted_and_filled_again_from_the_outbox(
    books: Database, bus: Bus
) -> None:
    await take(books, *range(30))
    relay, intake = Relay(books, bus.publish_many), PaymentIntake(books)
    await relay.drain()
    consumer = await bus.consumer("payments-intake")
    assert await consumer.once(intake.handle, intake.bury, wait_s=2.0) == 30
    await bus.delete_streams()
    await bus.ensure_streams()
    async with books.transaction() as session:
        await session.execute(text("UPDATE outbox SET sent_at = NULL"))
    await relay.drain()

    again = await bus.consumer("payments-intake")
    assert await again.once(intake.handle, intake.bury, wait_s=2.0) == 30
    assert await posted(books) == (30, 30 * 10_00)


async def test_event_nobody_understands_is_buried_and_its_neighbours_are_posted(
    books: Database, bus: Bus
) -> None:
    await take(books, 1, 2)
    async with books.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO outbox (event_id, subject, payload) "
                "VALUES ('bad', 'payments.taken', '{\"agent_id\": 4}')"
            )
        )
    await Relay(books, bus.publish_many).drain()
    intake = PaymentIntake(books)
    consumer = await bus.consumer("payments-intake")
    await consumer.once(intake.handle, intake.bury, wait_s=2.0)

    assert await posted(books) == (2, 20_00)
    async with books.reading() as session:
        assert await session.scalar(text("SELECT event_id FROM dead_letters")) == "bad"


async def test_two_intakes_with_the_same_events_post_once(books: Database) -> None:
    await take(books, *range(50))
    async with books.reading() as session:
        rows = await session.execute(text("SELECT event_id, subject, payload FROM outbox"))
        events = [Event(row.event_id, row.subject, row.payload, 1) for row in rows]

    await asyncio.gather(*(PaymentIntake(books).handle(events) for _ in range(4)))

    assert await posted(books) == (50, 50 * 10_00)


@pytest.mark.parametrize(
    "change",
    [
        {"amount_kopecks": "100"},
        {"amount_kopecks": 0},
        {"amount_kopecks": True},
        {"paid_on": "вчера"},
        {"agent_id": None},
    ],
)
def test_payment_that_does_not_say_what_it_must_is_refused(change: dict[str, Any]) -> None:
    good = {
        "agent_id": 4, "number": "1", "account_number": "1", "amount_kopecks": 5, "paid_on": "2026-10-12",
    }  # fmt: skip
    assert incoming_of(good).amount_kopecks == 5

    with pytest.raises(BadPayment):
        incoming_of(good | change)


async def test_cancellation_that_comes_before_its_payment_is_obeyed_when_the_payment_comes(
    books: Database,
) -> None:
    """The relay may hold the first event back: the money is given back already and must not stay posted."""
    await take(books, 1, 2)
    async with books.transaction() as session:
        assert await payment_gate.cancel(session, town.AGENT, "1")
    async with books.reading() as session:
        rows = await session.execute(text("SELECT event_id, subject, payload FROM outbox ORDER BY id DESC"))
        events = [Event(row.event_id, row.subject, row.payload, 1) for row in rows]
    intake = PaymentIntake(books)
    for event in [*events, *events]:  # the cancellation first, and all of it twice
        await intake.handle([event])

    async with books.reading() as session:
        states = await session.execute(text("SELECT number, state FROM payments ORDER BY number"))
        assert [tuple(row) for row in states] == [("1", "reversed"), ("2", "posted")]
        inbox = await session.execute(text("SELECT key, state FROM inbox ORDER BY key"))
        assert [tuple(row) for row in inbox] == [
            ("1", "processed"), ("2", "processed"), ("cancel:1", "processed"),
        ]  # fmt: skip
    assert (await ledger.check(books.url))["ok"]
