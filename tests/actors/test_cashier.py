"""The cashier over real books: an order opened, paid, posted once; notices, races, refunds, checks."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from actors.cashier import Cashier
from actors.payments import PaymentIntake
from gateways.acquiring import notices
from gateways.acquiring.fake.app import bank_app
from gateways.acquiring.fake.till import GOOD, POOR, Till
from gateways.acquiring.profile import preset
from gateways.bus import Event
from gateways.fiscal.fake import Cashbox
from gateways.fiscal.fake import router as fiscal_router
from gateways.fiscal.profile import PRESET
from gateways.secrets import NoSecret
from storage import card_checks, card_gates, card_orders, card_refunds, card_work, ledger
from storage.card_orders import Order, OrderRefused, Part, Wish
from storage.engine import Database
from storage.second_person import ValueRefused
from tests.storage import town
from tests.support.asks import AskApp
from tests.support.services import TestDatabase

PASSWORDS = {"sber": "pass-s", "sber-callback": "call-s", "yookassa": "pass-y", "tbank": "pass-t"}
KEYS: dict[str, dict[str, str]] = {
    "sber": {"password": "pass-s", "callback": "call-s"},
    "yookassa": {"password": "pass-y"},
    "tbank": {"password": "pass-t"},
    "kassa": {"password": "pass-k"},
}
MERCHANTS = {"sber": "demo-api", "yookassa": "demo-shop", "tbank": "demo-terminal"}
LIFE = dt.timedelta(minutes=20)
ACCOUNT = 1


class Clock:
    """Time that moves when a test says so."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now

    def go(self, **by: int) -> None:
        self.now += dt.timedelta(**by)


class World:
    """Books, a cashier, a fake bank and a fake fiscal service."""

    def __init__(self, db: Database, kind: str) -> None:
        self.db, self.kind, self.clock = db, kind, Clock()
        self.till = Till({}, PASSWORDS, again_s=0.0)
        app = bank_app(self.till)
        app.state.cashbox = self.cashbox = Cashbox("pass-k")
        app.include_router(fiscal_router)
        self.ask = AskApp(app)
        self.keys = dict(KEYS)
        self.cashier = Cashier(db, self.ask, self.key, self.clock)

    def key(self, code: str) -> dict[str, str]:
        if code not in self.keys:
            raise NoSecret("нет ключей")
        return self.keys[code]

    async def order(self, *parts: Part, idem: str = "form-1", contact: str = "i@example.ru") -> Order:
        async with self.db.transaction() as session:
            gate = await card_gates.gate(session, self.kind)
            assert gate is not None
            wish = Wish(
                ACCOUNT, parts or (Part(1_000_00),), idem, "cabinet", None, contact, "card", gate.id,
                "https://city.example/my/pay/",
            )  # fmt: skip
            number = await card_orders.make(session, wish, self.clock.now, LIFE)
        return await self.seen(number)

    async def seen(self, number: str) -> Order:
        async with self.db.reading() as session:
            found = await card_orders.by_number(session, number)
        assert found is not None
        return found

    async def rounds(self, times: int = 1, **by: int) -> None:
        for _ in range(times):
            self.clock.go(**(by or {"seconds": 5}))
            await self.cashier.round()

    async def opened(self, *parts: Part, **more: Any) -> Order:
        order = await self.order(*parts, **more)
        await self.rounds()
        return await self.seen(order.number)

    async def paid(self, *parts: Part) -> Order:
        order = await self.opened(*parts)
        self.pay(order)
        await self.rounds()
        await self.intake()
        return await self.seen(order.number)

    def pay(self, order: Order, card: str = GOOD) -> None:
        self.till.pay(self.till.orders[order.bank_id or ""], card)

    async def intake(self) -> None:
        """All events of the outbox through the intake, as often as this is called."""
        async with self.db.reading() as session:
            rows = await session.execute(
                text(
                    "SELECT event_id, subject, payload FROM outbox "
                    "WHERE subject LIKE 'payments.%' ORDER BY id"
                )
            )
            events = [Event(row.event_id, row.subject, row.payload, 1) for row in rows]
        await PaymentIntake(self.db).handle(events)

    async def balance(self) -> int:
        async with self.db.reading() as session:
            return (await ledger.balance(session, ACCOUNT)).amount_kopecks

    async def value(self, query: str) -> Any:
        async with self.db.reading() as session:
            return await session.scalar(text(query))


@pytest.fixture(params=["sber", "yookassa", "tbank"])
async def world(fresh_database: TestDatabase, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    made = await build(fresh_database, request.param)
    yield made
    await made.ask.client.aclose()
    await made.db.close()


@pytest.fixture
async def sber(fresh_database: TestDatabase) -> AsyncIterator[World]:
    made = await build(fresh_database, "sber")
    yield made
    await made.ask.client.aclose()
    await made.db.close()


async def build(database: TestDatabase, kind: str) -> World:
    db = Database(database.url)
    await town.build(db)
    profile = preset(
        kind, base_url=f"http://test/{kind}/", merchant=MERCHANTS[kind], networks=["127.0.0.1/32"]
    )
    fiscal = PRESET | {"base_url": "http://test/atol/"}
    async with db.transaction() as session:
        await session.execute(text("UPDATE organisations SET kind = 'centre' WHERE id = 6"))
        for one, code, agent, value in (
            ("bank", kind, town.AGENT, profile.model_dump(mode="json")),
            ("fiscal", "kassa", None, fiscal),
        ):
            assert await card_gates.add(session, one, code, agent, value, None)
        await session.execute(text("UPDATE card_gates SET is_active = true"))
    return World(db, kind)


async def test_order_is_opened_paid_posted_and_has_its_check(world: World) -> None:
    order = await world.opened()
    assert (order.state, order.link[:16]) == ("open", "http://test/pay/")
    world.pay(order)

    await world.rounds()
    await world.intake()
    await world.rounds(3)

    order = await world.seen(order.number)
    assert (order.state, order.paid_kopecks) == ("paid", 1_000_00)
    assert await world.balance() == -1_000_00
    assert await world.value("SELECT source || ':' || state FROM payments") == "card:posted"
    assert await world.value("SELECT kind || ':' || state FROM card_checks") == "sell:done"
    assert str(await world.value("SELECT url FROM card_checks")).startswith("http://test/atol/check/")
    assert (await ledger.check(world.db.url))["ok"]


async def test_same_form_twice_is_one_order(sber: World) -> None:
    first = await sber.order(idem="one")
    again = await sber.order(idem="one")

    assert first.number == again.number
    assert await sber.value("SELECT count(*) FROM card_orders") == 1


async def test_notice_hastens_the_question_and_is_not_believed(world: World) -> None:
    order = await world.opened()
    world.pay(order)
    fake = world.till.orders[order.bank_id or ""]
    values = world.till.notice(fake)
    async with world.db.transaction() as session:
        gate = await card_gates.gate(session, world.kind)
        assert gate is not None
        for _ in range(3):
            about = notices.about(world.kind, values)
            assert await card_work.hear(
                session, gate.id, about.number, about.bank_id, values, notices.digest(values), "127.0.0.1"
            )
        await session.execute(text("UPDATE card_orders SET next_at = now() + interval '1 hour'"))
    fake.state = "new"  # the bank itself says otherwise than the notice

    await world.rounds()
    assert (await world.seen(order.number)).state == "open"
    assert await world.value("SELECT verdict || times FROM card_notices") == "good3"
    fake.state = "paid"
    await world.rounds()
    assert (await world.seen(order.number)).state == "paid"


async def test_forged_notice_changes_nothing_and_is_told(sber: World) -> None:
    order = await sber.opened()
    values = {"mdOrder": order.bank_id, "orderNumber": order.number, "status": "1", "checksum": "F" * 64}
    async with sber.db.transaction() as session:
        gate = await card_gates.gate(session, "sber")
        assert gate is not None
        assert await card_work.hear(session, gate.id, order.number, "", values, "d1", "127.0.0.1")
        await session.execute(text("UPDATE card_orders SET next_at = now() + interval '1 hour'"))

    await sber.rounds()

    assert await sber.value("SELECT verdict FROM card_notices") == "forged"
    assert await sber.value("SELECT count(*) FROM audit WHERE action = 'card_notice_forged'") == 1
    assert await sber.value("SELECT next_at > now() + interval '50 minutes' FROM card_orders")


async def test_race_of_questions_posts_one_payment(world: World) -> None:
    order = await world.opened()
    world.pay(order)
    fake = await world.cashier._bank(await _gate(world)).look(order)

    async def apply() -> None:
        async with world.db.transaction() as session:
            await card_work.apply(session, order.id, fake, world.clock.now)

    await asyncio.gather(*(apply() for _ in range(6)))
    await world.intake()
    await world.intake()

    assert await world.value("SELECT count(*) FROM payments") == 1
    assert await world.balance() == -1_000_00


async def _gate(world: World) -> card_gates.CardGate:
    async with world.db.reading() as session:
        found = await card_gates.gate(session, world.kind)
    assert found is not None
    return found


async def test_refused_card_takes_nothing(world: World) -> None:
    order = await world.opened()
    world.pay(order, POOR)

    await world.rounds()

    seen = await world.seen(order.number)
    assert seen.state == "refused"
    assert "не хватает денег" in seen.words
    assert await world.value("SELECT count(*) FROM inbox") == 0


async def test_money_that_comes_after_the_time_is_taken(world: World) -> None:
    order = await world.opened()
    await world.rounds(1, minutes=21)
    await world.rounds(2)
    assert (await world.seen(order.number)).state == "expired"
    world.pay(order)

    await world.rounds(1, minutes=61)
    await world.intake()

    assert (await world.seen(order.number)).state == "paid"
    assert await world.balance() == -1_000_00


async def test_another_sum_waits_for_a_person_and_is_taken_as_it_came(sber: World) -> None:
    order = await sber.opened(Part(600_00, town.WATER), Part(400_00))
    fake = sber.till.orders[order.bank_id or ""]
    fake.amount_kopecks = 900_00
    sber.pay(order)
    await sber.rounds()
    await sber.intake()
    assert (await sber.seen(order.number)).state == "mismatch"
    assert await sber.balance() == 0

    async with sber.db.transaction() as session:
        await card_work.accept_actual(session, order.id, reason="так списал банк", user_id=1)
    await sber.intake()

    assert await sber.balance() == -900_00
    assert (await sber.seen(order.number)).state == "paid"
    async with sber.db.transaction() as session:
        with pytest.raises(OrderRefused):
            await card_work.accept_actual(session, order.id, reason="ещё раз", user_id=1)


async def test_parts_for_payees_are_payments_of_their_own(world: World) -> None:
    order = await world.paid(Part(600_00, town.WATER), Part(400_00))

    assert await world.balance() == -1_000_00
    assert await world.value("SELECT count(*) FROM payments") == 2
    assert {part.payee_id for part in order.parts} == {town.WATER, None}


async def test_refund_by_two_persons_is_given_back_once_and_reversed(world: World) -> None:
    order = await world.paid(Part(600_00, town.WATER), Part(400_00))
    async with world.db.transaction() as session:
        refund = await card_refunds.propose(session, order.id, [1], reason="ошибка жителя", user_id=1)
    async with world.db.transaction() as session:
        with pytest.raises(OrderRefused):
            await card_refunds.propose(session, order.id, [2], reason="ещё", user_id=1)
    async with world.db.transaction() as session:
        with pytest.raises(ValueRefused):
            await card_refunds.decide(session, refund, agrees=True, user_id=1, now=world.clock.now)
    await world.rounds()
    assert world.till.orders[order.bank_id or ""].refunded_kopecks == 0
    async with world.db.transaction() as session:
        await card_refunds.decide(session, refund, agrees=True, user_id=2, now=world.clock.now)

    await world.rounds(4, seconds=40)
    await world.intake()
    await world.rounds(4)

    assert world.till.orders[order.bank_id or ""].refunded_kopecks == 600_00
    assert (await world.seen(order.number)).state == "part_refunded"
    assert await world.balance() == -400_00
    assert await world.value("SELECT string_agg(kind || state, ',' ORDER BY id) FROM card_checks") == (
        "selldone,sell_refunddone"
    )
    assert (await ledger.check(world.db.url))["ok"]


async def test_refund_whose_answer_was_lost_is_not_sent_twice(world: World) -> None:
    order = await world.paid(Part(600_00), Part(400_00, town.WATER))
    async with world.db.transaction() as session:
        refund = await card_refunds.propose(session, order.id, [2], reason="ошибка", user_id=1)
        await card_refunds.decide(session, refund, agrees=True, user_id=2, now=world.clock.now)
    lost: list[str] = []

    def lose(question: Any) -> bool:
        is_refund = any(word in question.url for word in ("refund", "Cancel"))
        lost.append(question.url) if is_refund else None
        return is_refund and len(lost) == 1

    world.ask.lose = lose
    await world.rounds(5, seconds=60)
    await world.intake()

    assert world.till.orders[order.bank_id or ""].refunded_kopecks == 400_00
    assert await world.value("SELECT state FROM card_refunds") == "done"
    assert await world.balance() == -600_00


async def test_refused_refund_reverses_nothing(sber: World) -> None:
    order = await sber.paid()
    async with sber.db.transaction() as session:
        refund = await card_refunds.propose(session, order.id, [1], reason="ошибка", user_id=1)
        await card_refunds.decide(session, refund, agrees=True, user_id=2, now=sber.clock.now)
    fake = sber.till.orders[order.bank_id or ""]
    fake.seen_refunds["x"], fake.state = 0, "paid"
    sber.till.give_back = lambda *given: False  # type: ignore[method-assign]

    await sber.rounds(2)
    await sber.intake()

    assert await sber.value("SELECT state FROM card_refunds") == "failed"
    assert await sber.balance() == -1_000_00
    assert (await sber.seen(order.number)).state == "paid"


async def test_missing_keys_make_orders_wait_and_the_gate_says_so(sber: World) -> None:
    del sber.keys["sber"]
    order = await sber.opened()
    assert order.state == "created"
    assert "нет ключей" in str(await sber.value("SELECT trouble FROM card_gates WHERE code = 'sber'"))
    sber.keys["sber"] = KEYS["sber"]

    await sber.rounds(1, seconds=90)

    assert (await sber.seen(order.number)).state == "open"
    assert await sber.value("SELECT trouble FROM card_gates WHERE code = 'sber'") == ""


async def test_lost_answer_of_an_opening_ends_in_one_open_order(world: World) -> None:
    world.ask.lose = lambda question: len(world.ask.questions) == 1
    order = await world.opened()
    assert order.state == "created"

    await world.rounds(2, seconds=90)

    order = await world.seen(order.number)
    assert order.state == "open"
    world.pay(order)
    await world.rounds()
    assert (await world.seen(order.number)).state == "paid"


async def test_cashier_that_died_with_a_claim_is_followed_by_another(sber: World) -> None:
    order = await sber.order()
    async with sber.db.transaction() as session:
        assert len(await card_work.claim(session, sber.clock.now + dt.timedelta(seconds=1))) == 1

    await sber.rounds()
    assert (await sber.seen(order.number)).state == "created"
    await sber.rounds(1, seconds=90)
    assert (await sber.seen(order.number)).state == "open"


async def test_check_refused_for_good_waits_for_a_person_and_is_corrected(sber: World) -> None:
    order = await sber.opened(contact="otkaz@example.ru")
    sber.pay(order)
    await sber.rounds(3)
    assert await sber.value("SELECT state FROM card_checks") == "failed"
    check_id = int(await sber.value("SELECT id FROM card_checks"))
    async with sber.db.transaction() as session:
        await card_checks.again(session, check_id, user_id=1, ground="17", ground_on=dt.date(2026, 11, 12))

    await sber.rounds(4)

    assert await sber.value("SELECT string_agg(kind || ':' || state, ',' ORDER BY id) FROM card_checks") == (
        "sell:replaced,sell_correction:done"
    )
    async with sber.db.transaction() as session:
        with pytest.raises(card_checks.CheckRefused):
            await card_checks.again(session, check_id, user_id=1)


async def test_check_that_timed_out_goes_again_under_another_number(sber: World) -> None:
    order = await sber.opened(contact="pozdno@example.ru")
    sber.pay(order)

    await sber.rounds(8, seconds=20)

    assert await sber.value("SELECT state || right(external_id, 3) FROM card_checks") == "done~t1"


async def test_lost_answer_of_a_check_makes_no_second_check(sber: World) -> None:
    order = await sber.opened()
    sber.pay(order)
    lost: list[str] = []

    def lose(question: Any) -> bool:
        is_check = question.url.endswith("/sell")
        lost.append(question.url) if is_check else None
        return is_check and len(lost) == 1

    sber.ask.lose = lose

    await sber.rounds(6, seconds=20)

    assert len(lost) == 2
    assert len(sber.cashbox.checks) == 1
    assert await sber.value("SELECT state FROM card_checks") == "done"


async def test_token_that_ran_out_is_renewed(sber: World) -> None:
    await sber.paid()
    sber.cashbox.tokens.clear()

    await sber.rounds(4, seconds=20)

    assert await sber.value("SELECT state FROM card_checks") == "done"
