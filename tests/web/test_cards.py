"""Paying by card and СБП on the pages: cabinet, link, desk, refunds by two persons, gates, checks."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import text

from gateways.acquiring.profile import preset
from gateways.acquiring.sign import sber_checksum
from storage import card_gates, card_orders, card_work
from storage.card_orders import Order, Seen
from storage.engine import Database
from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import SignIn, csrf_of
from tests.web.town_places import BANK

CITY = town
NUMBER = re.compile(r"/my/pay/([0-9a-f]{28})")


@pytest.fixture
async def owner(place: TestDatabase) -> Any:
    made = Database(place.url, "worker")
    async with made.transaction() as session:
        if await card_gates.gate(session, "sber") is None:
            profile = preset("sber", base_url="http://test/sber/").model_dump(mode="json")
            assert await card_gates.add(session, "bank", "sber", BANK, profile, None)
            await session.execute(text("UPDATE card_gates SET is_active = true"))
    yield made
    await made.close()


async def post(client: AsyncClient, page: str, url: str, data: dict[str, Any]) -> Response:
    token = csrf_of(await client.get(page))
    return await client.post(url, data=data | {"csrf": token})


async def found(owner: Database, number: str) -> Order:
    async with owner.reading() as session:
        order = await card_orders.by_number(session, number)
    assert order is not None
    return order


async def say(owner: Database, order: Order, seen: Seen) -> None:
    """What a worker would write down of the bank's word."""
    now = dt.datetime.now(dt.UTC)
    async with owner.transaction() as session:
        jobs = [job for job in await card_work.claim(session, now) if job.order.id == order.id]
        if jobs and order.state == "created":
            await card_work.registered(session, jobs[0], "b-1", "https://bank.example/pay/b-1", now)
        await card_work.apply(session, order.id, seen, now)


async def ordered(client: AsyncClient, **more: Any) -> str:
    data = {"by": "whole", "contact": "i@example.ru", "method": "card", "idem": "f1"} | more
    answer = await post(client, f"/my/pay?account=1&by={data['by']}", "/my/pay?account=1", data)
    assert answer.status_code == 303, answer.text
    made = NUMBER.search(answer.headers["location"])
    assert made, answer.headers
    return made[1]


async def test_resident_pays_the_whole_debt(owner: Database, fresh_town: Any, sign_in: SignIn) -> None:
    client = await sign_in("1000001")
    form = await client.get("/my/pay?account=1")
    assert "Оплатить картой" in form.text
    assert "Оплатить по СБП" in form.text
    number = await ordered(client)
    order = await found(owner, number)
    assert order.amount_kopecks > 0
    assert order.state == "created"
    assert "Открываем банк" in (await client.get(f"/my/pay/{number}?go=1")).text

    await say(owner, order, Seen("open"))
    going = await client.get(f"/my/pay/{number}/state?go=1")
    assert going.headers["HX-Redirect"] == "https://bank.example/pay/b-1"
    assert "Банк обрабатывает платёж" in (await client.get(f"/my/pay/{number}")).text
    await say(owner, await found(owner, number), Seen("paid", order.amount_kopecks, card="411111******1111"))

    done = await client.get(f"/my/pay/{number}")
    assert "Оплачено" in done.text
    assert "411111******1111" in done.text
    assert "hx-trigger" not in done.text.partition('id="order"')[2]
    async with owner.reading() as session:
        sent = await session.scalar(
            text("SELECT payload->>'source' FROM outbox WHERE subject = 'payments.taken'")
        )
    assert sent == "card"


async def test_double_click_is_one_order(owner: Database, fresh_town: Any, sign_in: SignIn) -> None:
    client = await sign_in("1000001")

    assert await ordered(client, idem="same") == await ordered(client, idem="same")


async def test_chosen_payees_become_parts(owner: Database, fresh_town: Any, sign_in: SignIn) -> None:
    client = await sign_in("1000001")
    form = (await client.get("/my/pay?account=1&by=payees")).text
    payees = re.findall(r'name="payee" value="(\d+)"', form)
    assert len(payees) > 1

    number = await ordered(client, by="payees", payee=payees[:1])

    order = await found(owner, number)
    assert [part.payee_id for part in order.parts] == [int(payees[0]) or None]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"by": "sum", "sum": "0,50"}, "Введите сумму от"),
        ({"by": "sum", "sum": "много"}, "Введите сумму: рубли"),
        ({"contact": "не скажу"}, "Введите почту или телефон"),
        ({"method": "cash"}, "картой или по СБП"),
        ({"by": "payees"}, "Отметьте, кому"),
    ],
)
async def test_form_says_what_is_wrong(
    owner: Database, sign_in: SignIn, data: dict[str, str], words: str
) -> None:
    client = await sign_in("1000001")
    whole = {"by": "whole", "contact": "i@example.ru", "method": "card", "idem": "f2"} | data

    answer = await post(client, "/my/pay?account=1", "/my/pay?account=1", whole)

    assert answer.status_code == 422
    assert words in answer.text


async def test_strangers_order_is_not_shown(owner: Database, fresh_town: Any, sign_in: SignIn) -> None:
    number = await ordered(await sign_in("1000001"))
    other = await sign_in("1000002")

    assert (await other.get(f"/my/pay/{number}")).status_code == 404
    assert (await other.get(f"/pay/{number}")).status_code == 404
    company = await sign_in("north")
    assert (await company.get(f"/card-payments/{number}")).status_code == 404
    assert (await (await sign_in("center")).get(f"/card-payments/{number}")).status_code == 200


async def test_refused_card_keeps_the_sum_and_says_why(
    owner: Database, fresh_town: Any, sign_in: SignIn
) -> None:
    client = await sign_in("1000001")
    number = await ordered(client)
    await say(owner, await found(owner, number), Seen("open"))
    await say(owner, await found(owner, number), Seen("refused", words="Не хватает денег на карте."))

    shown = await client.get(f"/my/pay/{number}")

    assert "Оплата не прошла" in shown.text
    assert "Не хватает денег" in shown.text
    assert "Попробовать ещё раз" in shown.text


async def test_link_is_paid_without_signing_in(
    owner: Database, fresh_town: Any, sign_in: SignIn, anyone: AsyncClient
) -> None:
    desk = await sign_in("ivanova")
    made = await post(
        desk, "/card-payments/new", "/card-payments", {"account": "1000001", "sum": "150,00", "idem": "l1"}
    )
    number = made.headers["location"].rpartition("/")[2]
    assert f"/pay/{number}" in (await desk.get(f"/card-payments/{number}")).text
    shown = await anyone.get(f"/pay/{number}")
    assert "150,00" in shown.text
    assert "Иванов" not in shown.text

    data = {"method": "sbp", "contact": "+7 900 123-45-67"}
    chosen = await post(anyone, f"/pay/{number}", f"/pay/{number}", data)
    assert chosen.status_code == 303

    order = await found(owner, number)
    assert (order.method, order.state, order.contact) == ("sbp", "created", "+79001234567")
    await say(owner, order, Seen("open"))
    assert "<svg" in (await anyone.get(f"/pay/{number}")).text
    await say(owner, await found(owner, number), Seen("paid", 150_00))
    assert "Оплачено" in (await anyone.get(f"/pay/{number}/state")).text


async def test_refund_needs_two_persons(owner: Database, fresh_town: Any, sign_in: SignIn) -> None:
    number = await ordered(await sign_in("1000001"))
    order = await found(owner, number)
    await say(owner, order, Seen("open"))
    await say(owner, await found(owner, number), Seen("paid", order.amount_kopecks))
    page = f"/card-payments/{number}"
    first, second = await sign_in("ivanova"), await sign_in("petrov")

    empty = await post(first, page, f"{page}/refund", {"part": "1", "reason": ""})
    assert empty.status_code == 422
    asked = await post(first, page, f"{page}/refund", {"part": "1", "reason": "оплатили дважды"})
    assert asked.status_code == 303
    own = await post(first, page, f"{page}/refunds/1", {"deed": "approve"})
    assert own.status_code == 422
    assert "другой сотрудник" in own.text
    agreed = await post(second, page, f"{page}/refunds/1", {"deed": "approve"})
    assert agreed.status_code == 303

    async with owner.reading() as session:
        row = (await session.execute(text("SELECT state, next_at FROM card_refunds"))).one()
    assert row.state == "approved"
    assert row.next_at is not None


async def test_other_sum_is_taken_by_an_accountant(owner: Database, fresh_town: Any, sign_in: SignIn) -> None:
    number = await ordered(await sign_in("1000001"))
    order = await found(owner, number)
    await say(owner, order, Seen("open"))
    await say(owner, await found(owner, number), Seen("paid", order.amount_kopecks - 1))
    desk = await sign_in("ivanova")
    assert "вместо" in (await desk.get(f"/card-payments/{number}")).text
    assert number in (await desk.get("/card-payments?state=trouble")).text

    answer = await post(
        desk, f"/card-payments/{number}", f"/card-payments/{number}/accept", {"reason": "письмо банка"}
    )

    assert answer.status_code == 303
    assert (await found(owner, number)).state == "paid"


async def test_notice_is_kept_and_answered(
    owner: Database, fresh_town: Any, sign_in: SignIn, anyone: AsyncClient, app: FastAPI
) -> None:
    number = await ordered(await sign_in("1000001"))
    values = {"mdOrder": "b-1", "orderNumber": number, "status": "1", "operation": "deposited"}
    values["checksum"] = sber_checksum(values, "key")

    for _ in range(2):
        assert (await anyone.get("/cards/notice/sber", params=values)).status_code == 200
    assert (await anyone.get("/cards/notice/sber", params={"orderNumber": "x"})).status_code == 200
    assert (await anyone.get("/cards/notice/none", params=values)).status_code == 404
    bad = await anyone.post("/cards/notice/sber", content=b"{", headers={"Content-Type": "application/json"})
    assert bad.status_code == 400

    async with owner.reading() as session:
        rows = (await session.execute(text("SELECT verdict, times FROM card_notices"))).all()
    assert [tuple(row) for row in rows] == [("new", 2)]


async def test_gate_is_added_changed_and_refused_in_words(
    owner: Database, fresh_town: Any, sign_in: SignIn
) -> None:
    desk = await sign_in("ivanova")
    made = await post(
        desk,
        "/centre/card-gates",
        "/centre/card-gates",
        {"preset": "yookassa", "agent": str(BANK), "code": "yoo"},
    )
    assert made.status_code == 303
    page = "/centre/card-gates/yoo"
    profile = "title: ЮKassa\nbank: yookassa\nbase_url: https://api.yookassa.ru/v3/\nmerchant: '1'\n"
    good = {"profile": profile, "place": "2", "is_active": "on"}
    assert (await post(desk, page, page, good)).status_code == 303
    bad = await post(desk, page, page, good | {"profile": profile.replace("https", "ftp")})
    assert bad.status_code == 422
    assert "https" in bad.text
    assert (await post(desk, page, page, good | {"place": "много"})).status_code == 422

    async with owner.reading() as session:
        gate = await card_gates.gate(session, "yoo")
    assert gate is not None
    assert gate.is_active
    assert gate.place == 2


async def test_lists_are_searched_and_exported(owner: Database, fresh_town: Any, sign_in: SignIn) -> None:
    number = await ordered(await sign_in("1000001"))
    desk = await sign_in("ivanova")

    assert number in (await desk.get("/card-payments?words=1000001")).text
    assert number not in (await desk.get("/card-payments?words=999")).text
    for form in ("csv", "xlsx"):
        assert (await desk.get(f"/card-payments.{form}")).status_code == 200
        assert (await desk.get(f"/card-checks.{form}")).status_code == 200
    assert "Чеков пока нет" in (await desk.get("/card-checks")).text


async def test_failed_check_is_sent_again_or_corrected(
    owner: Database, fresh_town: Any, sign_in: SignIn
) -> None:
    number = await ordered(await sign_in("1000001"))
    order = await found(owner, number)
    await say(owner, order, Seen("open"))
    await say(owner, await found(owner, number), Seen("paid", order.amount_kopecks))
    async with owner.transaction() as session:
        await session.execute(
            text("UPDATE card_checks SET state = 'failed', words = 'Касса отказала', next_at = NULL")
        )
    desk = await sign_in("ivanova")
    shown = await desk.get("/card-checks?state=failed")
    assert "Касса отказала" in shown.text
    refused = await post(desk, "/card-checks", "/card-checks/1", {"deed": "correct"})
    assert refused.status_code == 422
    assert "номер акта" in refused.text

    data = {"deed": "correct", "ground": "17", "ground_on": "2026-11-12"}
    assert (await post(desk, "/card-checks", "/card-checks/1", data)).status_code == 303

    async with owner.reading() as session:
        kinds = await session.scalar(
            text("SELECT string_agg(kind || ':' || state, ',' ORDER BY id) FROM card_checks")
        )
    assert kinds == "sell:replaced,sell_correction:waiting"


async def test_without_a_bank_the_page_says_what_to_do(sign_in: SignIn, fresh_town: Any) -> None:
    client = await sign_in("1000001")

    assert "сейчас не принимается" in (await client.get("/my/pay?account=1")).text
