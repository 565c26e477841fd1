"""A letter as bytes: text and HTML, an attachment, headers of a mailing, the signature of DKIM (RFC 6376)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import dkim

from gateways.mail.settings import Dkim, Mail, MailNotSet

SIGNED = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"mime-version",
    b"content-type",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)
"""What the signature covers; RFC 8058 asks for the last two."""
POLICY = SMTP.clone(max_line_length=76)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a letter."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What a person will read. message_id without brackets; unsubscribe: address of one click, or empty."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    date: dt.datetime
    unsubscribe: str = ""
    attachment: Attachment | None = None


def made(letter: Letter, mail: Mail) -> bytes:
    """The letter for the wire, the same bytes for the same letter, signed when there is a key."""
    message = EmailMessage(policy=POLICY)
    local, _, domain = mail.from_address.rpartition("@")
    message["From"] = Address(mail.from_name, local, domain)
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.date)
    message["Message-ID"] = f"<{letter.message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text, cte="base64")
    message.add_alternative(letter.html, subtype="html", cte="base64")
    if letter.attachment is not None:
        message.add_attachment(
            letter.attachment.content, maintype="application", subtype="pdf", filename=letter.attachment.name
        )
    _fix_boundaries(message, letter.message_id)
    return signed(message.as_bytes(), mail.dkim)


def _fix_boundaries(message: EmailMessage, seed: str) -> None:
    """Boundaries of our own, so that the same letter is the same bytes."""
    parts = [part for part in message.walk() if part.is_multipart()]
    for number, part in enumerate(parts):
        part.set_boundary(f"=_{seed.partition('@')[0]}_{number}")


def signed(raw: bytes, key: Dkim | None) -> bytes:
    """With the header DKIM-Signature before it. Raises MailNotSet for a key that does not sign."""
    if key is None:
        return raw
    there = {line.partition(b":")[0].lower() for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n")}
    is_ed25519 = b"BEGIN" not in key.key
    try:
        header = dkim.sign(
            raw,
            key.selector.encode(),
            key.domain.encode(),
            key.key.strip() if is_ed25519 else key.key,
            include_headers=[name for name in SIGNED if name in there],
            signature_algorithm=b"ed25519-sha256" if is_ed25519 else b"rsa-sha256",
        )
    except dkim.DKIMException as error:
        raise MailNotSet("Ключ DKIM не подписывает письма: проверьте файл ключа") from error
    return bytes(header) + raw
