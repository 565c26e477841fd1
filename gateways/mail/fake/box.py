"""The fake server's memory and its SMTP: letters kept in memory, refusals and bounces as an address asks."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
from collections import deque
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session

log = logging.getLogger("paylogic.mailbox")

LETTERS_MAX = 2_000
"""The oldest letters give way."""
OPTION = re.compile(r"\s(NOTIFY|RET|ENVID|ORCPT)=\S+", re.IGNORECASE)
NOBODY, LATER, LOST, FULL = "net-takogo", "pozzhe", "vernetsya", "polon"
"""Beginnings of addresses: no such box, busy the first time, comes back as dead, comes back as full."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A letter as it came."""

    number: int
    sender: str
    recipient: str
    raw: bytes
    came_at: dt.datetime

    @property
    def message(self) -> EmailMessage:
        """The letter parsed."""
        return message_from_bytes(self.raw, policy=policy.default)


@dataclass
class Box:
    """All letters. reports: «host:port» that bounces are sent to, None to send none."""

    reports: tuple[str, int] | None = None
    letters: deque[Kept] = field(default_factory=lambda: deque(maxlen=LETTERS_MAX))
    tries: dict[str, int] = field(default_factory=dict)
    drop_after: bool = False  # take the letter and break the line before the answer
    count: int = 0

    def find(self, number: int) -> Kept | None:
        """A letter by its number."""
        return next((one for one in self.letters if one.number == number), None)

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Listen; the caller closes it."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: Speaker(self, loop), host, port)

    def keep(self, envelope: Envelope) -> None:
        """Take a letter."""
        self.count += 1
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        now = dt.datetime.now(dt.UTC)
        self.letters.append(
            Kept(self.count, envelope.mail_from or "", ", ".join(envelope.rcpt_tos), raw, now)
        )


class Speaker(SMTP):
    """SMTP with DSN, which aiosmtpd itself does not know."""

    def __init__(self, box: Box, loop: asyncio.AbstractEventLoop) -> None:
        self.box = box
        super().__init__(self, hostname="pochta.example", loop=loop)

    async def handle_EHLO(  # noqa: N802 - names are aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, name: str, said: list[str]
    ) -> list[str]:
        """Offer DSN."""
        session.host_name = name
        return [*said[:-1], "250-DSN", said[-1]]

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        await super().smtp_MAIL(None if arg is None else OPTION.sub("", arg))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        await super().smtp_RCPT(None if arg is None else OPTION.sub("", arg))

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """What the address asks for."""
        if address.startswith(NOBODY):
            return "550 5.1.1 No such mailbox"
        if address.startswith(LATER):
            self.box.tries[address] = self.box.tries.get(address, 0) + 1
            if self.box.tries[address] == 1:
                return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep it and tell the sender what became of it."""
        self.box.keep(envelope)
        if self.box.drop_after and self.transport is not None:
            self.transport.close()
        if self.box.reports is not None and envelope.mail_from:
            task = asyncio.create_task(self._report(envelope.mail_from, envelope.rcpt_tos[0]))
            REPORTS.add(task)
            task.add_done_callback(REPORTS.discard)
        return "250 2.0.0 Ok: queued"

    async def _report(self, sender: str, recipient: str) -> None:
        assert self.box.reports is not None
        host, port = self.box.reports
        client = aiosmtplib.SMTP(hostname=host, port=port, start_tls=False)
        try:
            async with client:
                await client.ehlo()
                await client.execute_command(b"MAIL", b"FROM:<>")  # a report has no sender (RFC 5321, 4.5.5)
                await client.rcpt(sender)
                await client.data(report(sender, recipient))
        except (aiosmtplib.SMTPException, OSError) as error:
            log.warning("a report to %s was not taken: %s", sender, error)


REPORTS: set[asyncio.Task[Any]] = set()


def report(sender: str, recipient: str) -> bytes:
    """A notification of RFC 3464 about a letter to this address."""
    if recipient.startswith(LOST):
        action, status, words = "failed", "5.1.1", "smtp; 550 5.1.1 User unknown"
    elif recipient.startswith(FULL):
        action, status, words = "failed", "5.2.2", "smtp; 552 5.2.2 Mailbox full"
    else:
        action, status, words = "delivered", "2.0.0", "smtp; 250 2.0.0 Delivered"
    return (
        "From: MAILER-DAEMON@pochta.example\r\n"
        f"To: {sender}\r\nSubject: Delivery Status Notification\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="dsn"\r\n\r\n'
        "--dsn\r\nContent-Type: text/plain\r\n\r\nThis is an automatic report.\r\n"
        "--dsn\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; pochta.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: {words}\r\n\r\n--dsn--\r\n"
    ).encode()
