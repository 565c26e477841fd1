"""The way in: what comes from outside is a row with its key and a hash before it is anything else.

`accept` writes the inbox row and the event in one transaction. The same key with the same input gives the
earlier answer; the same key with another input is an alarm and changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from storage import outbox

Payload = dict[str, Any]
KEY_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was answered, now or the first time; the event's id is the same both times."""

    answer: Payload
    event_id: str
    is_repeat: bool


class KeyReused(ValueError):
    """The key came a second time with another input: somebody's mistake, told to a person, never
    overwritten.
    """

    code = "key_reused"
    permanent = True

    def __init__(self, source: str, key: str) -> None:
        super().__init__(
            f"Сообщение «{key}» от «{source}» уже принято с другим содержанием. "
            "Ничего не изменено: проверьте номер или пришлите новое сообщение под новым номером."
        )
        self.source, self.key = source, key


def hash_of(payload: Payload) -> str:
    """Digest of what was sent, the same whatever the order of its fields. Floats are refused: money has
    none.
    """
    return hashlib.sha256(
        json.dumps(
            payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_refuse
        ).encode()
    ).hexdigest()


def _refuse(value: object) -> object:
    raise TypeError(f"{type(value).__name__} does not travel: give text or whole numbers")


def _assert_exact(value: object) -> None:
    assert not isinstance(value, float), "a payload holds no floats: scale to whole numbers"
    if isinstance(value, dict):
        for inner in value.values():
            _assert_exact(inner)
    elif isinstance(value, list):
        for inner in value:
            _assert_exact(inner)


async def accept(
    session: AsyncSession,
    *,
    source: str,
    key: str,
    payload: Payload,
    subject: str,
    answer: Payload | None = None,
    company_id: int | None = None,
    account_id: int | None = None,
    quiet: bool = False,
) -> Accepted:
    """Take a message: inbox row and outbox event on `subject` together; commit before answering the sender.

    source, key: who sent it and its own number of it. answer: what a repeat will be told. quiet: do not
    wake the relay by NOTIFY (which serialises commits); it polls anyway. Raises KeyReused.
    """
    assert 0 < len(key) <= KEY_LENGTH_MAX, "a key has 1 to 200 characters"
    _assert_exact(payload)
    input_hash, given = hash_of(payload), answer or {}
    event_id = f"{source}:{key}"
    is_new = await session.scalar(
        text(
            "INSERT INTO inbox (source, key, input_hash, payload, answer, company_id, account_id) VALUES "
            "(:source, "
            ":key, :input_hash, CAST(:payload AS jsonb), CAST(:answer AS jsonb), :company_id, :account_id) "
            "ON CONFLICT (source, key) DO NOTHING RETURNING true"
        ),
        {
            "source": source,
            "key": key,
            "input_hash": input_hash,
            "payload": json.dumps(payload, ensure_ascii=False),
            "answer": json.dumps(given, ensure_ascii=False),
            "company_id": company_id,
            "account_id": account_id,
        },
    )
    if not is_new:
        return await _earlier(session, source, key, input_hash, event_id)
    if quiet:
        await session.execute(text("SELECT set_config('paylogic.quiet', 'on', true)"))
    await outbox.add(session, subject, {**payload, "event_id": event_id}, event_id)
    return Accepted(given, event_id, is_repeat=False)


async def _earlier(session: AsyncSession, source: str, key: str, input_hash: str, event_id: str) -> Accepted:
    """The first answer; a row hidden from this scope is somebody else's, so its key is in use."""
    row = (
        await session.execute(
            text("SELECT input_hash, answer FROM inbox WHERE source = :source AND key = :key"),
            {"source": source, "key": key},
        )
    ).one_or_none()
    if row is None or row.input_hash != input_hash:
        raise KeyReused(source, key)
    return Accepted(row.answer or {}, event_id, is_repeat=True)


async def settle(session: AsyncSession, source: str, key: str, state: str, answer: Payload) -> None:
    """After processing: the state and the final answer a repeat is told. For workers."""
    await session.execute(
        text(
            "UPDATE inbox SET state = :state, answer = CAST(:answer AS jsonb) WHERE source = :source AND "
            "key = :key"
        ),
        {"state": state, "answer": json.dumps(answer, ensure_ascii=False), "source": source, "key": key},
    )
