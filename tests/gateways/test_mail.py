"""E-mail on the wire: letters, the signature, an SMTP server that refuses, breaks off and reports back."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gateways.mail import dsn, receive
from gateways.mail.fake.box import Box, report
from gateways.mail.message import Attachment, Letter, made
from gateways.mail.settings import Dkim, Mail, MailNotSet, Server, from_environment, listen_at, server_of
from gateways.mail.smtp import Line, NotTaken, ServerAway, Unclear, refusal

TOKEN = "0123456789abcdef01234567"
MAIL = Mail(
    Server("127.0.0.1", 1, "off"),
    "Расчётный центр",
    "kvitanciya@rc.example",
    "bounce@rc.example",
    "https://rc.example",
)
LETTER = Letter(
    to="zhitel@pochta.example",
    subject="Квитанция за октябрь 2026 года: 4 312,45 ₽, оплатить до 15 ноября, лицевой счёт 0100000058",
    text="Здравствуйте!\nКвитанция во вложении.\n.\nТочка выше не конец.",
    html="<p>Здравствуйте!</p>",
    message_id=f"{TOKEN}@rc.example",
    date=dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC),
    unsubscribe="https://rc.example/u/abc",
    attachment=Attachment("kvitanciya-2026-10-0100000058.pdf", b"%PDF-1.7 \x00\xff"),
)


def parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


@pytest.fixture(scope="module")
def key() -> tuple[Dkim, bytes]:
    """A key and the record of its public half in DNS."""
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = b"v=DKIM1; k=rsa; p=" + b"".join(public.splitlines()[1:-1])
    return Dkim(pem, "paylogic", "rc.example"), record


@pytest.fixture
async def box() -> AsyncIterator[tuple[Box, Server]]:
    kept = Box()
    running = await kept.serve("127.0.0.1", 0)
    yield kept, Server("127.0.0.1", running.sockets[0].getsockname()[1], "off")
    running.close()


def test_a_letter_has_words_a_file_and_one_click_to_unsubscribe() -> None:
    message = parsed(made(LETTER, MAIL))

    assert message["Subject"] == LETTER.subject
    assert "Расчётный центр" in str(message["From"])
    assert message["List-Unsubscribe"] == "<https://rc.example/u/abc>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    body = message.get_body(("plain",))
    assert body is not None
    assert "Точка выше не конец" in body.get_content()
    (file,) = message.iter_attachments()
    assert file.get_filename() == "kvitanciya-2026-10-0100000058.pdf"
    assert file.get_payload(decode=True) == b"%PDF-1.7 \x00\xff"


def test_the_same_letter_is_the_same_bytes_and_plain_ascii() -> None:
    raw = made(LETTER, MAIL)

    assert raw == made(LETTER, MAIL)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) < 998


def test_the_signature_is_good_and_covers_the_unsubscribe_headers(key: tuple[Dkim, bytes]) -> None:
    raw = made(LETTER, replace(MAIL, dkim=key[0]))

    assert dkim.verify(raw, dnsfunc=lambda name, timeout=5: key[1])
    covered = raw.partition(b"From:")[0]
    assert b"list-unsubscribe-post" in covered
    changed = raw.replace(b"/u/abc", b"/u/abd")
    assert not dkim.verify(changed, dnsfunc=lambda name, timeout=5: key[1])


async def test_a_letter_arrives_unharmed_with_its_signature(
    box: tuple[Box, Server], key: tuple[Dkim, bytes]
) -> None:
    raw = made(LETTER, replace(MAIL, dkim=key[0]))

    async with Line(box[1]) as line:
        taken = await line.deliver(MAIL.envelope_from(TOKEN), LETTER.to, raw)

    assert taken.words.startswith("250")
    (kept,) = box[0].letters
    assert (kept.sender, kept.recipient) == (f"bounce+{TOKEN}@rc.example", LETTER.to)
    assert dkim.verify(kept.raw, dnsfunc=lambda name, timeout=5: key[1])


async def test_no_such_box_is_final_busy_is_not_and_the_line_goes_on(box: tuple[Box, Server]) -> None:
    async with Line(box[1]) as line:
        with pytest.raises(NotTaken) as nobody:
            await line.deliver("bounce@rc.example", "net-takogo@pochta.example", b"Subject: x\r\n\r\nx")
        with pytest.raises(NotTaken) as busy:
            await line.deliver("bounce@rc.example", "pozzhe@pochta.example", b"Subject: x\r\n\r\nx")
        await line.deliver("bounce@rc.example", "pozzhe@pochta.example", b"Subject: x\r\n\r\nx")

    assert (nobody.value.is_final, nobody.value.is_dead) == (True, True)
    assert (busy.value.is_final, busy.value.is_dead) == (False, False)
    assert len(box[0].letters) == 1


async def test_a_line_that_breaks_after_the_letter_is_unclear_and_one_that_does_not_open_is_away(
    box: tuple[Box, Server],
) -> None:
    box[0].drop_after = True

    async with Line(box[1]) as line:
        with pytest.raises(Unclear):
            await line.deliver("bounce@rc.example", "a@pochta.example", b"Subject: x\r\n\r\nx")
    with pytest.raises(ServerAway):
        async with Line(replace(box[1], port=1), limit_s=2):
            pass

    assert len(box[0].letters) == 1, "the server had taken it"


def test_codes_of_servers_are_told_apart() -> None:
    assert refusal(550, "5.7.1 spam", at_recipient=True).is_dead is False
    assert refusal(550, "unknown user", at_recipient=True).is_dead is True
    assert refusal(554, "unknown user", at_recipient=False).is_dead is False
    assert refusal(452, "4.2.2 full", at_recipient=True).is_final is False
    assert isinstance(refusal(421, "bye", at_recipient=True), ServerAway)


@pytest.mark.parametrize(
    ("recipient", "kind"),
    [("vernetsya@x.example", "dead"), ("polon@x.example", "failed"), ("a@x.example", "delivered")],
)
def test_a_report_is_read_into_a_verdict_and_the_letter(recipient: str, kind: str) -> None:
    found = dsn.read(report(MAIL.envelope_from(TOKEN), recipient))

    assert (found.kind, found.token) == (kind, TOKEN)
    assert found.words


def test_a_holiday_answer_is_no_bounce_and_a_stranger_has_no_token() -> None:
    found = dsn.read(b"To: kvitanciya@rc.example\r\nSubject: I am away\r\n\r\nback on Monday")

    assert (found.kind, found.token, found.words) == ("other", "", "I am away")


def test_the_letter_inside_a_forwarded_report_tells_the_token() -> None:
    raw = (
        report("office@rc.example", "vernetsya@x.example") + f"Message-ID: <{TOKEN}@rc.example>\r\n".encode()
    )

    assert dsn.read(raw).token == TOKEN


async def test_bounces_come_by_our_own_server_and_nothing_else_is_let_in() -> None:
    kept: list[tuple[str, bytes]] = []

    async def keep(recipient: str, raw: bytes) -> bool:
        kept.append((recipient, raw))
        return True

    server = await receive.serve("127.0.0.1", 0, keep)
    at = Server("127.0.0.1", server.sockets[0].getsockname()[1], "off")
    async with Line(at) as line:
        await line.deliver(
            "a@b.example", MAIL.envelope_from(TOKEN), report("x@y.example", "vernetsya@x.example")
        )
        with pytest.raises(NotTaken):
            await line.deliver("a@b.example", "president@far.example", b"Subject: x\r\n\r\nx")
    server.close()

    assert [one[0] for one in kept] == [MAIL.envelope_from(TOKEN)]
    assert dsn.read(kept[0][1], kept[0][0]).kind == "dead"


async def test_a_report_that_cannot_be_kept_is_asked_for_again() -> None:
    async def fail(recipient: str, raw: bytes) -> bool:
        raise RuntimeError("no database")

    server = await receive.serve("127.0.0.1", 0, fail)
    async with Line(Server("127.0.0.1", server.sockets[0].getsockname()[1], "off")) as line:
        with pytest.raises(NotTaken) as told:
            await line.deliver("a@b.example", MAIL.envelope_from(TOKEN), b"Subject: x\r\n\r\nx")
    server.close()

    assert told.value.is_final is False


async def test_the_fake_server_reports_back(box: tuple[Box, Server]) -> None:
    came: asyncio.Queue[str] = asyncio.Queue()

    async def keep(recipient: str, raw: bytes) -> bool:
        came.put_nowait(dsn.read(raw, recipient).kind)
        return True

    server = await receive.serve("127.0.0.1", 0, keep)
    box[0].reports = ("127.0.0.1", server.sockets[0].getsockname()[1])
    async with Line(box[1]) as line:
        await line.deliver(MAIL.envelope_from(TOKEN), "vernetsya@x.example", b"Subject: x\r\n\r\nx")
    kind = await asyncio.wait_for(came.get(), 10)
    server.close()

    assert kind == "dead"


def test_settings_are_an_address_and_a_few_names(tmp_path: Path, key: tuple[Dkim, bytes]) -> None:
    (tmp_path / "dkim.pem").write_bytes(key[0].key)
    env = {
        "PAYLOGIC_SMTP_URL": "smtp://post:se%40cret@mx.rc.example:2587",
        "PAYLOGIC_MAIL_FROM": "Расчётный центр <kvitanciya@rc.example>",
        "PAYLOGIC_PUBLIC_URL": "https://rc.example/",
        "PAYLOGIC_DKIM_KEY": str(tmp_path / "dkim.pem"),
        "PAYLOGIC_MAIL_PER_MINUTE": "30",
    }

    found = from_environment(env)

    assert found.server == Server("mx.rc.example", 2587, "start", "post", "se@cret")
    assert (found.bounces, found.public_url, found.per_minute) == (
        "bounce@rc.example",
        "https://rc.example",
        30,
    )
    assert found.dkim is not None
    assert found.dkim.selector == "paylogic"
    assert server_of("smtps://mx.example").port == 465
    assert listen_at(":2525") == ("127.0.0.1", 2525)


@pytest.mark.parametrize(
    "wrong",
    [
        {"PAYLOGIC_SMTP_URL": ""},
        {"PAYLOGIC_SMTP_URL": "http://x"},
        {"PAYLOGIC_MAIL_FROM": "nobody"},
        {"PAYLOGIC_PUBLIC_URL": "rc.example"},
        {"PAYLOGIC_DKIM_KEY": "/nowhere/key"},
        {"PAYLOGIC_MAIL_PER_MINUTE": "many"},
    ],
)
def test_wrong_settings_are_told_by_name(wrong: dict[str, str]) -> None:
    env = {
        "PAYLOGIC_SMTP_URL": "smtp://x",
        "PAYLOGIC_MAIL_FROM": "a@rc.example",
        "PAYLOGIC_PUBLIC_URL": "https://rc.example",
    }

    with pytest.raises(MailNotSet):
        from_environment(env | wrong)
