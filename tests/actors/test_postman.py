"""The postman over real books and a real SMTP server: sent once whatever breaks, bounces, passwords."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pikepdf
import pytest
from sqlalchemy import text

from actors.postman import Postman
from gateways.mail.fake.box import Box, report
from gateways.mail.settings import Mail, MailNotSet, Server
from gateways.mail.smtp import Line, Taken
from receipts.render import render_digest
from storage import mail_boxes, mail_runs, mail_work, sealed
from storage.engine import Database
from storage.mail_runs import MailChoice
from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import copy_of

__all__ = ["copy_of"]

KEY = "a key of the stack for tests"
PERIOD = dt.date(2026, 9, 1)
ACCOUNT = 1


class World:
    """Books, a postman, a mail server, a clock that moves when told."""

    def __init__(self, db: Database, box: Box, server: Server) -> None:
        self.db, self.box = db, box
        self.now = dt.datetime.now(dt.UTC)
        self.mail = Mail(
            server, "Расчётный центр", "kvitanciya@rc.example", "bounce@rc.example", "https://rc.example",
            per_minute=100,
        )  # fmt: skip
        self.postman = self.another()

    def another(self) -> Postman:
        return Postman(self.db, lambda: self.mail, lambda: self.now, lambda: KEY)

    async def subscribe(self, account: int, address: str, *, paperless: bool = True) -> None:
        async with self.db.transaction() as session:
            await mail_boxes.ask(session, account, address, self.now)
            code = await session.scalar(
                text(
                    "SELECT details->>'code' FROM mail_letters WHERE account_id = :a ORDER BY id DESC LIMIT 1"
                ),
                {"a": account},
            )
            assert await mail_boxes.confirm(session, account, str(code), self.now)
            await mail_boxes.wish(session, account, has_receipts=True, is_paperless=paperless)
            await session.execute(text("DELETE FROM mail_letters WHERE kind = 'code'"))

    async def run(self, command: str = "command-of-sixteen") -> int:
        async with self.db.transaction() as session:
            return await mail_runs.request(session, MailChoice(PERIOD), 1, command)

    async def letters(self) -> list[Any]:
        async with self.db.reading() as session:
            return list((await session.execute(text("SELECT * FROM mail_letters ORDER BY id"))).all())

    async def value(self, query: str) -> Any:
        async with self.db.reading() as session:
            return await session.scalar(text(query))

    async def round(self, **later: int) -> None:
        self.now += dt.timedelta(**later)
        await self.postman.round()


@pytest.fixture
def place(copy_of: Any) -> TestDatabase:
    made: TestDatabase = copy_of(town)
    return made


@pytest.fixture
async def world(place: TestDatabase) -> AsyncIterator[World]:
    db = Database(place.url, "worker")
    box = Box()
    running = await box.serve("127.0.0.1", 0)
    yield World(db, box, Server("127.0.0.1", running.sockets[0].getsockname()[1], "off"))
    running.close()
    await db.close()


async def test_a_mailing_sends_each_receipt_once_and_ends(world: World) -> None:
    await world.subscribe(1, "a@pochta.example")
    await world.subscribe(2, "b@pochta.example")
    run = await world.run()
    again = await world.run()

    await world.round()
    await world.round(seconds=5)

    assert again == run
    assert {one.recipient for one in world.box.letters} == {"a@pochta.example", "b@pochta.example"}
    assert len(world.box.letters) == 2
    assert {one.state for one in await world.letters()} == {"sent"}
    assert await world.value("SELECT state FROM mail_runs") == "done"


async def test_a_second_mailing_of_the_month_sends_only_what_was_not_sent(world: World) -> None:
    await world.subscribe(1, "a@pochta.example")
    await world.run()
    await world.round()
    await world.subscribe(2, "b@pochta.example")

    await world.run("another-command-16")
    await world.round(seconds=5)

    assert [one.recipient for one in world.box.letters] == ["a@pochta.example", "b@pochta.example"]


async def test_the_file_is_the_document_of_the_cabinet_and_the_digest_is_kept(world: World) -> None:
    await world.subscribe(1, "a@pochta.example")
    await world.run()
    await world.round()

    message = world.box.letters[0].message
    (file,) = message.iter_attachments()
    document = file.get_payload(decode=True)
    assert isinstance(document, bytes)
    assert render_digest(document) == (await world.letters())[0].digest
    assert "/u/" in str(message["List-Unsubscribe"])


async def test_the_resident_s_password_opens_the_file_and_nothing_else_does(world: World) -> None:
    await world.subscribe(1, "a@pochta.example")
    async with world.db.transaction() as session:
        await mail_boxes.set_password(session, 1, sealed.seal("тайна-1234", "mail:1", KEY))
    await world.run()
    await world.round()

    (file,) = world.box.letters[0].message.iter_attachments()
    document = file.get_payload(decode=True)
    assert isinstance(document, bytes)
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(document))
    with pikepdf.open(io.BytesIO(document), password="тайна-1234") as pdf:
        assert len(pdf.pages) >= 1
        assert (pdf.encryption.R, pdf.encryption.bits) == (6, 256)
    assert await world.value("SELECT position('тайна'::bytea in password_sealed) FROM mail_boxes") == 0


async def test_another_key_of_the_stack_opens_no_password_and_says_so(world: World) -> None:
    await world.subscribe(1, "a@pochta.example")
    async with world.db.transaction() as session:
        await mail_boxes.set_password(
            session, 1, sealed.seal("тайна-1234", "mail:1", "another key of a stack")
        )
    await world.run()
    await world.round()

    (letter,) = await world.letters()
    assert letter.state == "refused"
    assert "ключ стенда сменился" in letter.words
    assert not world.box.letters


async def test_a_crash_after_the_servers_250_sends_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.subscribe(1, "a@pochta.example")
    await world.run()

    async def dies(*_args: Any, **_more: Any) -> None:
        raise SystemExit("killed between the 250 and the commit")

    with monkeypatch.context() as killed:
        killed.setattr(mail_work, "sent", dies)
        with pytest.raises(SystemExit):
            await world.postman.round()
    after = world.another()
    for _ in range(4):
        world.now += dt.timedelta(minutes=10)
        await after.round()

    (letter,) = await world.letters()
    assert letter.state == "unclear"
    assert len(world.box.letters) == 1, "it has gone and does not go again by itself"


async def test_a_crash_before_the_server_hears_of_it_sends_it_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.subscribe(1, "a@pochta.example")
    await world.run()

    async def dies(*_args: Any, **_more: Any) -> bool:
        raise SystemExit("killed before the mark")

    with monkeypatch.context() as killed:
        killed.setattr(mail_work, "starting", dies)
        with pytest.raises(SystemExit):
            await world.postman.round()
    await world.round(minutes=1)
    assert not world.box.letters, "the claim is still held"
    await world.round(minutes=10)

    assert len(world.box.letters) == 1
    assert (await world.letters())[0].state == "sent"


async def test_a_line_broken_while_the_letter_is_taken_leaves_it_unclear_until_a_report(world: World) -> None:
    await world.subscribe(1, "a@pochta.example")
    await world.run()
    world.box.drop_after = True
    await world.round()
    await world.round(hours=1)
    (letter,) = await world.letters()
    assert (letter.state, len(world.box.letters)) == ("unclear", 1)

    known = await world.postman.take_back(
        world.mail.envelope_from(letter.token),
        report(world.mail.envelope_from(letter.token), "a@pochta.example"),
    )

    assert known
    assert (await world.letters())[0].state == "delivered"


async def test_two_postmen_do_not_share_a_letter(world: World) -> None:
    await world.subscribe(1, "a@pochta.example")
    await world.run()
    await world.postman.round()
    first = (await world.letters())[0]
    async with world.db.transaction() as session:
        await session.execute(text("UPDATE mail_runs SET state = 'sending'"))
        await session.execute(
            text("UPDATE mail_letters SET state = 'waiting', attempts = attempts + 1, next_at = :at"),
            {"at": world.now + dt.timedelta(minutes=5)},
        )
        job = (await mail_work.claim(session, world.now + dt.timedelta(minutes=6), 100))[0]
    stale = replace(job, attempts=first.attempts)

    async with world.db.transaction() as session:
        is_mine = await mail_work.starting(session, job, None)
        is_stale = await mail_work.starting(session, stale, None)

    assert (is_mine, is_stale) == (True, False)


async def test_no_such_box_is_refused_and_paper_comes_back(world: World) -> None:
    await world.subscribe(1, "net-takogo@pochta.example")
    assert await world.value("SELECT receipt_by FROM accounts WHERE id = 1") == "electronic"
    await world.run()
    await world.round()

    (letter,) = await world.letters()
    assert (letter.state, letter.words) == ("refused", "550 5.1.1 No such mailbox")
    assert (
        await world.value("SELECT state || ' ' || trouble FROM mail_boxes")
        == "broken 550 5.1.1 No such mailbox"
    )
    assert await world.value("SELECT receipt_by FROM accounts WHERE id = 1") == "paper"


async def test_a_bounce_that_comes_later_breaks_the_address_and_a_full_box_does_not(world: World) -> None:
    await world.subscribe(1, "vernetsya@pochta.example")
    await world.subscribe(2, "polon@pochta.example")
    await world.run()
    await world.round()
    for letter in await world.letters():
        sender = world.mail.envelope_from(letter.token)
        assert await world.postman.take_back(sender, report(sender, letter.address))
        assert await world.postman.take_back(sender, report(sender, letter.address)), "a repeat is harmless"

    assert {one.state for one in await world.letters()} == {"bounced"}
    assert await world.value("SELECT count(*) FROM mail_returns") == 2
    assert await world.value("SELECT state FROM mail_boxes WHERE account_id = 1") == "broken"
    assert await world.value("SELECT state FROM mail_boxes WHERE account_id = 2") == "confirmed"
    assert await world.value("SELECT receipt_by FROM accounts WHERE id = 1") == "paper"


async def test_what_belongs_to_no_letter_is_kept_for_a_person(world: World) -> None:
    assert not await world.postman.take_back(
        "bounce+0123456789abcdef01234567@rc.example", b"Subject: x\r\n\r\nx"
    )

    assert await world.value("SELECT count(*) FROM mail_returns WHERE letter_id IS NULL") == 1


async def test_a_busy_server_is_asked_again_after_a_pause(world: World) -> None:
    await world.subscribe(1, "pozzhe@pochta.example")
    await world.run()
    await world.round()
    (letter,) = await world.letters()
    assert (letter.state, letter.words[:3]) == ("waiting", "451")
    await world.round(seconds=30)
    assert not world.box.letters
    await world.round(seconds=31)

    assert (await world.letters())[0].state == "sent"


async def test_a_server_that_is_away_costs_no_try_and_is_told(world: World) -> None:
    await world.subscribe(1, "a@pochta.example")
    await world.run()
    there = world.mail
    world.mail = replace(there, server=replace(there.server, port=1))
    await world.round()
    (letter,) = await world.letters()
    assert (letter.state, letter.attempts) == ("waiting", 0)
    assert "не отвечает" in await world.value("SELECT trouble FROM mail_state")
    world.mail = there
    await world.round(minutes=1)

    assert (await world.letters())[0].state == "sent"
    assert await world.value("SELECT trouble FROM mail_state") == ""


async def test_not_more_letters_a_minute_than_agreed(world: World) -> None:
    for account in (1, 2, 3):
        await world.subscribe(account, f"a{account}@pochta.example")
    world.mail = replace(world.mail, per_minute=2)
    await world.run()
    await world.round()
    await world.round(seconds=20)
    assert len(world.box.letters) == 2
    await world.round(seconds=45)

    assert len(world.box.letters) == 3


async def test_a_stopped_mailing_waits_an_undone_one_frees_its_letters(world: World) -> None:
    await world.subscribe(1, "a@pochta.example")
    run = await world.run()
    async with world.db.transaction() as session:
        await mail_runs.plan(session, world.now)
        await mail_runs.stop(session, run)
    await world.round(seconds=5)
    assert not world.box.letters
    async with world.db.transaction() as session:
        assert await mail_runs.undo(session, run) == 1
    await world.run("another-command-16")
    await world.round(seconds=5)

    assert len(world.box.letters) == 1
    assert [one.state for one in await world.letters()] == ["cancelled", "sent"]


async def test_who_unsubscribes_before_the_letter_goes_gets_none(world: World) -> None:
    await world.subscribe(1, "a@pochta.example")
    await world.run()
    async with world.db.transaction() as session:
        await mail_runs.plan(session, world.now)
        await mail_boxes.end(session, 1)
    await world.round()

    assert not world.box.letters
    assert (await world.letters())[0].state == "cancelled"
    assert await world.value("SELECT receipt_by FROM accounts WHERE id = 1") == "paper"


async def test_a_code_goes_at_once_and_is_forgotten_when_it_has_gone(world: World) -> None:
    async with world.db.transaction() as session:
        await mail_boxes.ask(session, 1, "a@pochta.example", world.now)
    await world.round()

    body = world.box.letters[0].message.get_body(("plain",))
    assert body is not None
    assert "Код для подтверждения почты" in body.get_content()
    assert (await world.letters())[0].details == {}


async def test_a_stack_without_mail_says_what_to_set(world: World) -> None:
    def nothing() -> Mail:
        raise MailNotSet("Почтовый сервер не задан")

    await Postman(world.db, nothing, lambda: world.now).round()

    assert await world.value("SELECT trouble FROM mail_state") == "Почтовый сервер не задан"


async def test_the_line_is_one_for_a_batch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: set[int] = set()
    original = Line.deliver

    async def noted(self: Line, *args: Any) -> Taken:
        lines.add(id(self))
        return await original(self, *args)

    monkeypatch.setattr(Line, "deliver", noted)
    await world.subscribe(1, "a@pochta.example")
    await world.subscribe(2, "b@pochta.example")
    await world.run()
    await world.round()

    assert len(lines) == 1
