"""Agents over the network: the fake and the real gate keep one contract in every dialect.

The five faults stand at the end by name; each has been seen in an open implementation of this protocol.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from pydantic import ValidationError
from sqlalchemy import text

from actors.payments import PaymentIntake
from gateways.agents.client import AgentClient
from gateways.agents.desk import Shown
from gateways.agents.fake import FakeProvider
from gateways.agents.parse import masked
from gateways.agents.profile import Profile, in_words, preset, presets
from gateways.agents.queue import Queue
from gateways.bus import Event
from storage import agent_gates, outbox
from storage.engine import Database
from storage.payment_gate import NEW, Asked, Taken
from tests.storage import town
from tests.support.services import TestDatabase
from web.app import create_app
from web.config import WebConfig

ACCOUNT, CLOSED = "0012345", "0012399"
LOCAL = ["127.0.0.1/32"]
DIALECTS = sorted(presets())


@dataclass
class Provider:
    """A provider under test with a way to see what an account was credited with, once events are taken."""

    profile: Profile
    client: AgentClient
    credited: Callable[[str], Awaitable[int]]
    send: Callable[[Mapping[str, str]], Awaitable[bytes]]


def profile_of(dialect: str, **changes: Any) -> Profile:
    return preset(dialect, networks=LOCAL, **changes)


def fake(profile: Profile) -> Provider:
    accounts = {
        ACCOUNT: Shown("Иванов Пётр Сергеевич", "ул. Ленина, 12, кв. 1", 0, False),
        CLOSED: Shown("Петров Олег", "ул. Ленина, 12, кв. 3", 0, True),
    }
    made = FakeProvider(profile, accounts)

    async def credited(account: str) -> int:
        return made.credited.get(account, 0)

    return Provider(profile, AgentClient(profile, made.send), credited, made.send)


@dataclass
class Stand:
    """The app over a town's database."""

    database: TestDatabase
    owner: Database
    browser: AsyncClient

    async def add(self, profile: Profile, code: str = "bank", is_active: bool = True) -> Provider:
        async with self.owner.transaction() as session:
            await agent_gates.add_gate(session, town.AGENT, code, profile.model_dump(mode="json"), None)
            await session.execute(
                text("UPDATE agent_gates SET is_active = :on WHERE code = :code"),
                {"on": is_active, "code": code},
            )

        async def send(values: Mapping[str, str]) -> bytes:
            answer = await self.browser.get(f"/gate/{code}", params=dict(values))
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "application/xml; charset=utf-8"
            return answer.content

        return Provider(profile, AgentClient(profile, send), self.credited, send)

    async def take_events(self) -> None:
        """What the relay and the intake do, without the stream between."""
        async with self.owner.transaction() as session:
            waiting = await outbox.unsent(session)
            await outbox.mark_sent(session, [one.id for one in waiting])
        events = [Event(one.event_id, one.subject, one.payload, 1) for one in waiting]
        await PaymentIntake(self.owner).handle(events)
        await PaymentIntake(self.owner).handle(events)  # at least once is often twice

    async def credited(self, account: str) -> int:
        await self.take_events()
        async with self.owner.reading() as session:
            found = await session.scalar(
                text("""
                SELECT -coalesce(sum(p.amount_kopecks), 0)::bigint FROM postings p
                  JOIN accounts a ON a.id = p.account_id WHERE p.book = 1 AND a.number = :number"""),
                {"number": account},
            )
        return int(found or 0)

    async def count(self, table: str) -> int:
        async with self.owner.reading() as session:
            return int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@asynccontextmanager
async def open_stand(database: TestDatabase) -> AsyncIterator[Stand]:
    owner = Database(database.url)
    await town.build(owner)
    async with owner.transaction() as session:
        await session.execute(text("UPDATE accounts SET closed_on = '2026-01-01' WHERE id = 3"))
    app = create_app(WebConfig(database_url=database.web_url))
    async with AsyncClient(
        transport=ASGITransport(app, client=("127.0.0.1", 5000)), base_url="http://test"
    ) as browser:
        yield Stand(database, owner, browser)
    await app.state.database.close()
    await owner.close()


@pytest.fixture
async def stand(fresh_database: TestDatabase) -> AsyncIterator[Stand]:
    async with open_stand(fresh_database) as made:
        yield made


@pytest.fixture(params=[(kind, dialect) for dialect in DIALECTS for kind in ("fake", "real")], ids="-".join)
def under_test(request: pytest.FixtureRequest) -> tuple[str, TestDatabase | None]:
    """A dialect, and a database when the real gate is tried."""
    kind, dialect = request.param
    return dialect, request.getfixturevalue("fresh_database") if kind == "real" else None


@pytest.fixture
async def provider(under_test: tuple[str, TestDatabase | None]) -> AsyncIterator[Provider]:
    dialect, database = under_test
    if database is None:
        yield fake(profile_of(dialect))
        return
    async with open_stand(database) as made:
        yield await made.add(profile_of(dialect))


# ---- the contract ------------------------------------------------------------------------------------


async def test_check_knows_accounts_and_credits_nothing(provider: Provider) -> None:
    codes = provider.profile.codes
    answers = [await provider.client.check(account) for account in (ACCOUNT, "0000000", CLOSED, "' OR 1=1")]

    assert [one.code for one in answers] == [
        codes["ok"],
        codes["no_account"],
        provider.profile.code("inactive"),
        provider.profile.code("bad_account"),
    ]
    assert await provider.credited(ACCOUNT) == 0


async def test_payment_is_credited_once_however_often_it_is_sent(provider: Provider) -> None:
    first = await provider.client.pay("100", ACCOUNT, 100_45)
    again = [await provider.client.pay("100", ACCOUNT, 100_45) for _ in range(3)]
    other = await provider.client.pay("101", ACCOUNT, 50_00)

    assert first.code == other.code == provider.profile.codes["ok"]
    assert {one.code for one in again} == {provider.profile.code("repeat")}
    assert {one.our_id for one in again} == {first.our_id} != {other.our_id}
    assert {one.values.get("sum") for one in again} == {first.values.get("sum")}
    assert await provider.credited(ACCOUNT) == 150_45


async def test_same_number_with_another_sum_or_account_is_refused(provider: Provider) -> None:
    await provider.client.pay("100", ACCOUNT, 100_00)
    other = [
        await provider.client.pay("100", ACCOUNT, 100_01),
        await provider.client.pay("100", "0012354", 100_00),
    ]

    assert {one.code for one in other} == {provider.profile.codes["other"]}
    assert [one.our_id for one in other] == [None, None]
    assert await provider.credited(ACCOUNT) == 100_00


async def test_bad_payment_is_refused_with_its_reason(provider: Provider) -> None:
    bad = [
        ("1", "0000000", 100_00, "", "no_account"),
        ("1", CLOSED, 100_00, "", "inactive"),
        ("1", ACCOUNT, 99, "", "too_small"),
        ("1", ACCOUNT, 100_000_01, "", "too_large"),
        ("№1", ACCOUNT, 100_00, "", "bad_payment_id"),
        ("1", ACCOUNT, 100_00, "вчера", "bad_date"),
    ]
    for payment_id, account, kopecks, moment, reason in bad:
        made = await provider.client.pay(payment_id, account, kopecks, moment)
        assert (made.code, made.our_id) == (provider.profile.code(reason), None), reason
    for words in ("", "-5", "1e3", "10,5,1", "١٠٠", "10.123", "NaN", "0", "9" * 30):
        made = await provider.client.ask("pay", payment_id="1", account=ACCOUNT, sum=words)
        assert made.code == provider.profile.code("bad_sum"), words

    assert [await provider.credited(account) for account in (ACCOUNT, CLOSED)] == [0, 0]


async def test_unknown_command_is_answered(provider: Provider) -> None:
    assert (await provider.client.ask("drop_table")).code == provider.profile.code("unknown_command")


# ---- what only some dialects have ---------------------------------------------------------------------


async def test_status_and_cancel_of_osmp(stand: Stand) -> None:
    provider = await stand.add(profile_of("osmp", may_cancel="same_day"))
    paid = await provider.client.pay("7", ACCOUNT, 10_00)
    assert paid.our_id is not None

    by_number = await provider.client.ask("status", payment_id="7")
    by_ours = await provider.client.ask("status", our_id=paid.our_id)
    unknown = await provider.client.ask("status", payment_id="8")
    cancelled = [await provider.client.ask("cancel", our_id=paid.our_id) for _ in range(2)]

    assert [by_number.our_id, by_ours.our_id] == [paid.our_id] * 2
    assert [by_number.code, by_ours.code, unknown.code] == [0, 0, 300]
    assert [one.code for one in cancelled] == [0, 0]
    assert await stand.credited(ACCOUNT) == 0
    assert (await provider.client.pay("7", ACCOUNT, 10_00)).our_id == paid.our_id
    assert await stand.credited(ACCOUNT) == 0


async def test_cancel_is_refused_where_the_agreement_has_none(stand: Stand) -> None:
    provider = await stand.add(profile_of("osmp"))
    await provider.client.pay("7", ACCOUNT, 10_00)

    assert (await provider.client.ask("cancel", payment_id="7")).code == 300
    assert await stand.credited(ACCOUNT) == 10_00


async def test_payment_is_booked_on_the_day_the_agent_says(stand: Stand) -> None:
    provider = await stand.add(profile_of("osmp"))
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=3)
    await provider.client.pay("7", ACCOUNT, 10_00, f"{yesterday:%Y%m%d}120133")
    await stand.take_events()

    async with stand.owner.reading() as session:
        day = await session.scalar(text("SELECT paid_on FROM payments"))
    assert day == yesterday.date()


async def test_dialect_of_sber_tells_a_repeat_by_its_code_and_the_first_values(stand: Stand) -> None:
    provider = await stand.add(profile_of("sber_a"))
    first = await provider.client.pay("8604-1", ACCOUNT, 100_50, "13.09.2026_12:30:05")
    again = await provider.client.pay("8604-1", ACCOUNT, 100_50, "14.09.2026_09:00:00")

    assert (first.code, again.code) == (0, 8)
    assert again.values["moment"] == first.values["moment"] == "13.09.2026_12:30:05"
    assert again.values["sum"] == "100.50"


async def test_check_shows_what_the_agreement_allows(stand: Stand) -> None:
    shown = {}
    for shows in ("nothing", "masked", "full"):
        provider = await stand.add(profile_of("osmp", shows=shows), code=shows)
        shown[shows] = (await provider.client.check(ACCOUNT)).values

    assert "FIO" not in shown["nothing"]
    assert shown["masked"]["FIO"] == masked("Иванов Пётр Сергеевич") == "И*** П. С."
    assert "address" not in shown["masked"]
    assert shown["full"]["FIO"] == "Иванов Пётр Сергеевич"
    assert shown["full"]["address"] == "ул. Ленина, 12, кв. 1"


async def test_gate_lets_in_by_secret_or_network_only(stand: Stand) -> None:
    await stand.add(preset("osmp"), code="bare")
    await stand.add(preset("osmp", networks=["10.0.0.0/8"]), code="far")
    await stand.add(preset("osmp"), code="named")
    async with stand.owner.transaction() as session:
        gate = await agent_gates.gate(session, "named")
        assert gate is not None
        login, secret = await agent_gates.new_secret(session, gate, None)

    async def status(code: str, header: str | None = None) -> int:
        headers = {"Authorization": header} if header else {}
        return (await stand.browser.get(f"/gate/{code}", headers=headers)).status_code

    def basic(words: str) -> str:
        return "Basic " + base64.b64encode(words.encode()).decode()

    assert [await status(code) for code in ("bare", "far", "named", "none")] == [403, 403, 401, 404]
    assert await status("named", basic(f"{login}:wrong")) == 401
    assert await status("named", basic(f"x:{secret}")) == 401
    assert await status("named", "Basic %%%") == 401
    assert await status("named", basic(f"{login}:{secret}")) == 200


async def test_closed_gate_takes_nothing_new_but_answers_repeats(stand: Stand) -> None:
    provider = await stand.add(profile_of("osmp"))
    first = await provider.client.pay("7", ACCOUNT, 10_00)
    async with stand.owner.transaction() as session:
        await session.execute(text("UPDATE agent_gates SET is_active = false"))
        await session.execute(text("UPDATE agent_gates SET code = 'shut'"))

    async def send(values: Mapping[str, str]) -> bytes:
        return (await stand.browser.post("/gate/shut", data=dict(values))).content

    shut = AgentClient(provider.profile, send)

    assert (await shut.check(ACCOUNT)).code == 7
    assert (await shut.pay("8", ACCOUNT, 10_00)).code == 7
    again = await shut.pay("7", ACCOUNT, 10_00)
    assert (again.code, again.our_id) == (0, first.our_id)
    assert (await shut.pay("7", ACCOUNT, 11_00)).code == 300


async def test_profile_with_nonsense_is_refused_in_words() -> None:
    for change, words in (
        ({"ask": {"command": "c"}}, "ask: нет payment_id"),
        ({"codes": {"ok": 0, "wrong": 1}}, "codes: не бывает wrong"),
        ({"networks": ["10.0.0.0/99"]}, "networks"),
        ({"account_pattern": "("}, "не образец"),
        ({"least_kopecks": 5, "most_kopecks": 1}, "наименьшая сумма больше наибольшей"),
    ):
        with pytest.raises(ValidationError) as caught:
            preset("osmp", **change)
        assert words in in_words(caught.value)


async def test_queue_keeps_many_at_once_and_a_bad_one_refuses_no_neighbour() -> None:
    batches: list[int] = []

    async def keep(asked: Any) -> list[Taken]:
        batches.append(len(asked))
        await asyncio.sleep(0.01)
        if any(one.number == "13" for one in asked):
            raise RuntimeError("bad row")
        return [Taken(NEW, int(one.number)) for one in asked]

    queue = Queue(keep, batch_max=50)
    asked = [Asked(1, str(n), ACCOUNT, 1, dt.datetime.now(dt.UTC)) for n in range(40)]

    made = await asyncio.gather(*(queue.put(one) for one in asked), return_exceptions=True)

    assert isinstance(made[13], RuntimeError)
    assert [one.our_id for one in made if isinstance(one, Taken)] == [n for n in range(40) if n != 13]
    assert max(batches) > 10


# ---- faults of other implementations (each was found in an open one) -----------------------------------


async def test_fault_a_repeat_is_never_refused_so_no_credited_payment_is_given_back(stand: Stand) -> None:
    """The account closes and the limits change after the payment: a repeat is told what the first was."""
    provider = await stand.add(profile_of("osmp"))
    first = await provider.client.pay("7", ACCOUNT, 10_00)
    async with stand.owner.transaction() as session:
        await session.execute(text("UPDATE accounts SET closed_on = '2026-01-01' WHERE id = 1"))
    narrow = await stand.add(profile_of("osmp", least_kopecks=500_00), code="narrow")

    closed = await provider.client.pay("7", ACCOUNT, 10_00)
    small = await narrow.client.pay("7", ACCOUNT, 10_00)

    assert [(one.code, one.our_id) for one in (closed, small)] == [(0, first.our_id)] * 2


async def test_fault_b_nothing_is_credited_on_check(stand: Stand) -> None:
    provider = await stand.add(profile_of("osmp"))
    await provider.client.ask("check", payment_id="7", account=ACCOUNT, sum="10.00")

    assert [await stand.count(table) for table in ("inbox", "outbox", "payments", "entries")] == [0] * 4


async def test_fault_c_our_number_belongs_to_the_payment_not_to_the_last_row(stand: Stand) -> None:
    provider = await stand.add(profile_of("osmp"))
    numbers = [str(number) for number in range(30)]
    first = await asyncio.gather(*(provider.client.pay(n, ACCOUNT, 10_00) for n in numbers))
    again = await asyncio.gather(*(provider.client.pay(n, ACCOUNT, 10_00) for n in reversed(numbers)))

    ids = [one.our_id for one in first]
    assert len(set(ids)) == 30
    assert [one.our_id for one in reversed(again)] == ids
    assert await stand.credited(ACCOUNT) == 30 * 10_00


async def test_fault_d_the_declaration_is_the_first_byte(provider: Provider) -> None:
    names = provider.profile.ask
    for command in ("check", "pay"):
        body = await provider.send(
            {names["command"]: provider.profile.commands[command], names["account"]: "\x01<&>"}
        )
        assert body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')


async def test_fault_e_a_number_used_again_is_an_alarm_and_overwrites_nothing(stand: Stand) -> None:
    provider = await stand.add(profile_of("osmp"))
    await provider.client.pay("7", ACCOUNT, 10_00)
    twice = await asyncio.gather(
        provider.client.pay("7", ACCOUNT, 99_00), provider.client.pay("7", "0012354", 10_00)
    )

    assert [one.code for one in twice] == [300, 300]
    async with stand.owner.reading() as session:
        alarms = await session.scalar(
            text("SELECT count(*) FROM audit WHERE action = 'payment_number_reused'")
        )
    assert alarms == 2
    assert await stand.credited(ACCOUNT) == 10_00


async def test_database_that_is_away_is_a_temporary_code_never_a_refusal(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = await stand.add(profile_of("osmp"))
    await provider.client.check(ACCOUNT)

    async def away(*_: Any) -> list[Taken]:
        raise ConnectionRefusedError("no database")

    monkeypatch.setattr("storage.payment_gate.take", away)
    refused = await provider.client.pay("7", ACCOUNT, 10_00)
    monkeypatch.undo()
    again = await provider.client.pay("7", ACCOUNT, 10_00)

    assert (refused.code, again.code) == (1, 0)
