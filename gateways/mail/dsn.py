"""What came back of a letter: a delivery status notification (RFC 3464) read into a verdict and our token."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message

from gateways.mail.smtp import DEAD, WORDS_MAX

TOKEN = re.compile(r"\+([0-9a-f]{24})@")
MESSAGE_ID = re.compile(r"<([0-9a-f]{24})@")
DELIVERED = ("delivered", "relayed", "expanded")
RAW_MAX = 256 * 1024
"""A larger one is not a notification."""


@dataclass(frozen=True, slots=True)
class Report:
    """kind: delivered, delayed, dead (no such address), failed (for another reason), other (not a report).

    status: code of RFC 3463; words: the diagnosis of the server; token: of the letter, empty when unknown.
    """

    kind: str
    status: str
    words: str
    token: str


def read(raw: bytes, recipient: str = "") -> Report:
    """The verdict of a notification; `recipient` is the envelope's, when it came by SMTP."""
    message = message_from_bytes(raw[:RAW_MAX], policy=policy.compat32)
    token = _token(message, raw[:RAW_MAX], recipient)
    rows = list(_recipients(message))
    if not rows:
        return Report("other", "", _line(message.get("Subject", "")), token)
    row = next((one for one in rows if _action(one) == "failed"), rows[0])
    action, status = _action(row), _line(row.get("Status", "")).split(" ")[0]
    words = _line(row.get("Diagnostic-Code", "")).partition(";")[2].strip() or status
    if action in DELIVERED:
        return Report("delivered", status, words, token)
    if action == "delayed":
        return Report("delayed", status, words, token)
    if action != "failed":
        return Report("other", status, words, token)
    return Report("dead" if DEAD.fullmatch(status) else "failed", status, words, token)


def _recipients(message: Message) -> list[Message]:
    """Groups of fields that speak of a recipient."""
    found: list[Message] = []
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            if isinstance(blocks, list):
                found += [one for one in blocks if isinstance(one, Message) and one.get("Action")]
    return found


def _action(row: Message) -> str:
    return _line(row.get("Action", "")).lower()


def _token(message: Message, raw: bytes, recipient: str) -> str:
    """Of the envelope, else of the addresses it was sent to, else of the letter that lies inside."""
    heads = [recipient, *(str(message.get(name, "")) for name in ("To", "Delivered-To", "X-Original-To"))]
    for words in heads:
        met = TOKEN.search(words.lower())
        if met:
            return met[1]
    inside = MESSAGE_ID.search(raw.decode("ascii", "replace"))
    return inside[1] if inside else ""


def _line(value: object) -> str:
    return " ".join(str(value).split())[:WORDS_MAX]
