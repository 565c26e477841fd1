"""Receipts by e-mail on the pages: the resident's wish, one click that ends it, mailings, bounces."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import text

from gateways.mail.fake.box import report
from storage import mail_boxes, mail_runs, mail_work, sealed
from storage.engine import Database
from storage.mail_runs import MailChoice
from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import HTMX, SignIn, counted, csrf_of

CITY = town
PERIOD = dt.date(2026, 9, 1)
KEY = "a key of the stack for tests"
RESIDENT = "1000001"


@pytest.fixture
async def owner(place: TestDatabase) -> AsyncIterator[Database]:
    made = Database(place.url, "worker")
    yield made
    await made.close()


async def post(client: AsyncClient, page: str, url: str, data: dict[str, Any], **more: Any) -> Response:
    token = csrf_of(await client.get(page))
    return await client.post(url, data=data | {"csrf": token}, **more)


async def value(owner: Database, query: str) -> Any:
    async with owner.reading() as session:
        return await session.scalar(text(query))


async def subscribe(owner: Database, account: int, address: str) -> None:
    """An address as the resident's own deeds would leave it."""
    now = dt.datetime.now(dt.UTC)
    async with owner.transaction() as session:
        await mail_boxes.ask(session, account, address, now)
        code = await session.scalar(
            text("SELECT details->>'code' FROM mail_letters WHERE account_id = :a AND kind = 'code'"),
            {"a": account},
        )
        assert await mail_boxes.confirm(session, account, str(code), now)
        await mail_boxes.wish(session, account, has_receipts=True, is_paperless=True)
        await session.execute(text("DELETE FROM mail_letters WHERE kind = 'code'"))


async def planned(owner: Database) -> int:
    """A mailing with its letters, as a worker leaves it."""
    async with owner.transaction() as session:
        run = await mail_runs.request(session, MailChoice(PERIOD), 1, "command-of-sixteen")
        await mail_runs.plan(session, dt.datetime.now(dt.UTC))
    return run


async def test_resident_proves_the_address_and_gives_up_paper(
    owner: Database, fresh_town: Any, sign_in: SignIn
) -> None:
    client = await sign_in(RESIDENT)
    page = "/my/mail?account=1"
    asked = await post(client, page, page, {"deed": "address", "address": "i@pochta.example"})
    assert asked.status_code == 303, asked.text
    assert "Введите код из письма" in (await client.get(page)).text
    code = await value(owner, "SELECT details->>'code' FROM mail_letters")

    wrong = await post(client, page, page, {"deed": "code", "code": "0000000"})
    right = await post(client, page, page, {"deed": "code", "code": f" {code[:3]} {code[3:]} "})
    wished = await post(client, page, page, {"deed": "wishes", "receipts": "1", "paperless": "1"})

    assert (wrong.status_code, right.status_code, wished.status_code) == (422, 303, 303)
    assert "Код не подошёл" in wrong.text
    assert await value(owner, "SELECT receipt_by FROM accounts WHERE id = 1") == "electronic"
    assert await value(owner, "SELECT email FROM accounts WHERE id = 1") == "i@pochta.example"


async def test_codes_run_out_of_tries_and_are_not_sent_every_second(
    owner: Database, fresh_town: Any, sign_in: SignIn
) -> None:
    client = await sign_in(RESIDENT)
    page = "/my/mail?account=1"
    await post(client, page, page, {"deed": "address", "address": "i@pochta.example"})
    again = await post(client, page, page, {"deed": "address", "address": "j@pochta.example"})
    code = await value(owner, "SELECT details->>'code' FROM mail_letters")
    for _ in range(mail_boxes.CODE_TRIES):
        await post(client, page, page, {"deed": "code", "code": "x"})
    late = await post(client, page, page, {"deed": "code", "code": code})

    assert "через минуту" in again.text
    assert "больше не действует" in late.text
    assert await value(owner, "SELECT state FROM mail_boxes") == "asked"


@pytest.mark.parametrize(
    "address", ["", "ivanova", "a@b", "почта@яндекс.рф", "a@b.ru\r\nBcc: x@y.ru", "a b@c.ru"]
)
async def test_what_is_no_address_is_refused(owner: Database, sign_in: SignIn, address: str) -> None:
    client = await sign_in(RESIDENT)

    answer = await post(
        client, "/my/mail?account=1", "/my/mail?account=1", {"deed": "address", "address": address}
    )

    assert answer.status_code == 422
    assert await value(owner, "SELECT count(*) FROM mail_letters") == 0


async def test_the_password_is_kept_sealed_and_may_be_taken_off(
    owner: Database, fresh_town: Any, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(sealed.VARIABLE, KEY)
    await subscribe(owner, 1, "i@pochta.example")
    client = await sign_in(RESIDENT)
    page = "/my/mail?account=1"
    short = await post(client, page, page, {"deed": "password", "password": "12345"})
    kept = await post(client, page, page, {"deed": "password", "password": "тайна-1234"})
    raw = await value(owner, "SELECT password_sealed FROM mail_boxes")

    assert (short.status_code, kept.status_code) == (422, 303)
    assert sealed.unseal(raw, "mail:1", KEY) == "тайна-1234"
    with pytest.raises(sealed.CannotOpen):
        sealed.unseal(raw, "mail:2", KEY)
    assert "тайна" not in (await client.get(page)).text
    await post(client, page, page, {"deed": "open"})
    assert await value(owner, "SELECT password_sealed FROM mail_boxes") is None


async def test_a_resident_touches_only_accounts_of_their_own(owner: Database, sign_in: SignIn) -> None:
    client = await sign_in(RESIDENT)

    answer = await post(client, "/my/mail?account=1", "/my/mail?account=9", {"deed": "off"})

    assert answer.status_code == 404


async def test_one_click_ends_letters_without_signing_in_and_opening_the_page_does_not(
    owner: Database, fresh_town: Any, anyone: AsyncClient
) -> None:
    await subscribe(owner, 1, "ivanova@pochta.example")
    token = await value(owner, "SELECT token FROM mail_boxes")

    shown = await anyone.get(f"/u/{token}")
    assert "Не присылать" in shown.text
    assert "ivanova" not in shown.text
    assert await value(owner, "SELECT state FROM mail_boxes") == "confirmed"
    clicked = await anyone.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})
    again = await anyone.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})

    assert (clicked.status_code, again.status_code) == (200, 200)
    assert await value(owner, "SELECT state FROM mail_boxes") == "off"
    assert await value(owner, "SELECT receipt_by FROM accounts WHERE id = 1") == "paper"
    assert (await anyone.post("/u/no-such-token")).status_code == 404


async def test_a_mailing_is_previewed_asked_for_once_stopped_and_undone(
    owner: Database, fresh_town: Any, sign_in: SignIn
) -> None:
    await subscribe(owner, 1, "i@pochta.example")
    client = await sign_in("ivanova")
    form = await client.get("/centre/mailings/new?period=2026-09")
    assert "Отправить 1 письмо" in form.text.replace("\u00a0", " ")
    command = form.text.partition('name="command" value="')[2].partition('"')[0]
    data = {"period": "2026-09", "company": "", "house_id": "", "command": command}
    first = await post(client, "/centre/mailings/new", "/centre/mailings", data)
    second = await post(client, "/centre/mailings/new", "/centre/mailings", data)
    run = first.headers["location"]
    async with owner.transaction() as session:
        await mail_runs.plan(session, dt.datetime.now(dt.UTC))

    shown = await client.get(run)
    stopped = await post(client, run, f"{run}/stop", {})
    undone = await post(client, run, f"{run}/undo", {})
    late = await post(client, "/centre/mailings/new", f"{run}/resume", {})

    assert first.headers["location"] == second.headers["location"]
    assert "0 из 1 письма" in shown.text.replace("\u00a0", " ")
    assert (stopped.status_code, undone.status_code, late.status_code) == (303, 303, 409)
    assert await value(owner, "SELECT state FROM mail_letters") == "cancelled"


async def test_the_preview_says_who_gets_nothing(owner: Database, fresh_town: Any, sign_in: SignIn) -> None:
    await subscribe(owner, 1, "i@pochta.example")
    await subscribe(owner, 2, "j@pochta.example")
    async with owner.transaction() as session:
        await mail_boxes.break_(session, 2, "j@pochta.example", "550 нет")

    async with owner.reading() as session:
        found = await mail_runs.preview(session, MailChoice(PERIOD))

    assert (found.to_send, found.broken) == (1, 1)
    assert found.total == found.to_send + found.broken + found.without + found.asked + found.ended
    assert found.sample_id == 1


async def test_an_unclear_letter_is_decided_by_a_person(
    owner: Database, fresh_town: Any, sign_in: SignIn
) -> None:
    await subscribe(owner, 1, "i@pochta.example")
    await planned(owner)
    async with owner.transaction() as session:
        (job,) = await mail_work.claim(session, dt.datetime.now(dt.UTC), 100)
        await mail_work.starting(session, job, "abc")
        await mail_work.unclear(session, job, "")
    client = await sign_in("ivanova")
    page = f"/centre/mail/{job.id}"

    shown = await client.get(page)
    again = await post(client, page, f"{page}/again", {})
    too_late = await post(client, "/centre/mail", f"{page}/came", {})

    assert "тем же номером письма" in shown.text
    assert (again.status_code, too_late.status_code) == (303, 409)
    assert await value(owner, "SELECT token FROM mail_letters") == job.token
    assert await value(owner, "SELECT state FROM mail_letters") == "waiting"


async def test_a_bounce_brought_as_a_file_breaks_the_address_and_the_desk_sees_it(
    owner: Database, fresh_town: Any, sign_in: SignIn
) -> None:
    await subscribe(owner, 1, "i@pochta.example")
    await planned(owner)
    async with owner.transaction() as session:
        (job,) = await mail_work.claim(session, dt.datetime.now(dt.UTC), 100)
        await mail_work.starting(session, job, "abc")
        await mail_work.sent(session, job, "250", dt.datetime.now(dt.UTC))
    client = await sign_in("ivanova")
    raw = report(f"bounce+{job.token}@rc.example", "vernetsya@x.example")

    taken = await post(client, "/centre/mail", "/centre/mail/returned", {}, files={"file": ("a.eml", raw)})
    foreign = await post(
        client, "/centre/mail", "/centre/mail/returned", {}, files={"file": ("b.eml", b"Subject: x\r\n\r\nx")}
    )

    assert (taken.status_code, foreign.status_code) == (303, 422)
    assert await value(owner, "SELECT state FROM mail_letters") == "bounced"
    assert "не работает" in (await client.get("/accounts/1")).text
    assert "User unknown" in (await client.get(f"/centre/mail/{job.id}")).text
    mine = await (await sign_in(RESIDENT)).get("/my/mail?account=1")
    assert "Почта не работает" in mine.text


async def test_letters_are_found_filtered_and_exported(
    owner: Database, fresh_town: Any, sign_in: SignIn
) -> None:
    await subscribe(owner, 1, "i@pochta.example")
    await planned(owner)
    client = await sign_in("ivanova")

    assert "i@pochta.example" in (await client.get("/centre/mail?words=1000001&state=waiting")).text
    assert "Ничего не найдено" in (await client.get("/centre/mail?words=999")).text
    assert (await client.get("/centre/mail?state=waiting", headers=HTMX)).status_code == 200
    for form in ("csv", "xlsx"):
        assert (await client.get(f"/centre/mail.{form}")).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/centre/mailings", "/centre/mailings/new", "/centre/mailings/1", "/centre/mail", "/centre/mail/1"],
)
async def test_pages_of_mail_take_few_queries(
    owner: Database, app: FastAPI, sign_in: SignIn, path: str
) -> None:
    if not await value(owner, "SELECT count(*) FROM mail_runs"):
        await subscribe(owner, 1, "i@pochta.example")
        await planned(owner)
    client = await sign_in("ivanova")
    if path.endswith("mail/1"):
        path = f"/centre/mail/{await value(owner, 'SELECT min(id) FROM mail_letters')}"
    if path.endswith("mailings/1"):
        path = f"/centre/mailings/{await value(owner, 'SELECT min(id) FROM mail_runs')}"

    with counted(app) as sent:
        answer = await client.get(path)

    assert answer.status_code == 200, answer.text
    assert len(sent) <= 5, sent
