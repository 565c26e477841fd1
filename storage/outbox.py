"""The way out: events are rows first, written in the transaction of what they tell, and reach NATS
afterwards.

The relay reads `unsent`, publishes each with its event_id as Nats-Msg-Id, and calls `mark_sent` when the
stream has
acknowledged. It is woken by NOTIFY on channel CHANNEL at commit, and polls anyway. A consumer calls `once`
in the transaction of its effect, so an event delivered again changes nothing.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.engine import connect

CHANNEL = "paylogic_outbox"
SCHEMA = 1  # number of the payloads' shape, in every payload as "schema"
BATCH_MAX = 500
POLL_S = 5.0
QUEUE_MAX = 1000  # notifications kept for a slow listener; one is enough to look again

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the outbox as the relay publishes it."""

    id: int
    event_id: str
    subject: str
    payload: Payload


async def add(session: AsyncSession, subject: str, payload: Payload, event_id: str) -> None:
    """Write an event in the caller's transaction. event_id is used once: IntegrityError when it comes
    again, so
    the row it tells about (an inbox row, a run by command_id) is what makes a repeat harmless.
    """
    await session.execute(
        text(
            "INSERT INTO outbox (event_id, subject, payload) "
            "VALUES (:event_id, :subject, CAST(:payload AS jsonb))"
        ),
        {"event_id": event_id, "subject": subject, "payload": json.dumps(_with_schema(payload))},
    )


def _with_schema(payload: Payload) -> Payload:
    return payload if "schema" in payload else {"schema": SCHEMA, **payload}


async def unsent(session: AsyncSession, limit: int = BATCH_MAX) -> list[Event]:
    """The oldest events not sent yet, locked until this transaction ends; two relays share the work."""
    rows = await session.execute(
        text(
            "SELECT id, event_id, subject, payload FROM outbox WHERE sent_at IS NULL "
            "ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED"
        ),
        {"limit": min(limit, BATCH_MAX)},
    )
    return [Event(row.id, row.event_id, row.subject, row.payload) for row in rows]


async def mark_sent(session: AsyncSession, ids: Sequence[int]) -> None:
    """After the stream acknowledged them."""
    await session.execute(
        text("UPDATE outbox SET sent_at = clock_timestamp() WHERE id = ANY(:ids) AND sent_at IS NULL"),
        {"ids": list(ids)},
    )


async def backlog(session: AsyncSession) -> tuple[int, dt.datetime | None]:
    """How many events wait, and since when the oldest does; for health pages."""
    row = (
        await session.execute(text("SELECT count(*), min(recorded_at) FROM outbox WHERE sent_at IS NULL"))
    ).one()
    return int(row[0]), row[1]


async def once(session: AsyncSession, consumer: str, event_id: str) -> bool:
    """True the first time this consumer meets the event; false when its effect is in the database already."""
    first = await session.scalar(
        text(
            "INSERT INTO processed_events (consumer, event_id) VALUES (:consumer, :event_id) "
            "ON CONFLICT DO NOTHING RETURNING true"
        ),
        {"consumer": consumer, "event_id": event_id},
    )
    return bool(first)


async def once_many(session: AsyncSession, consumer: str, event_ids: Sequence[str]) -> set[str]:
    """Those of the events this consumer meets the first time: `once` for a batch, by one statement."""
    found = await session.execute(
        text(
            "INSERT INTO processed_events (consumer, event_id) "
            "SELECT :consumer, id FROM unnest(CAST(:ids AS text[])) AS n(id) "
            "ON CONFLICT DO NOTHING RETURNING event_id"
        ),
        {"consumer": consumer, "ids": list(event_ids)},
    )
    return set(found.scalars())


async def bury(session: AsyncSession, *, consumer: str, event: Event, error: str, attempts: int) -> None:
    """Keep a message that cannot be processed, for a person to look at and send again."""
    await session.execute(
        text(
            "INSERT INTO dead_letters (consumer, event_id, subject, payload, error, attempts) "
            "VALUES (:consumer, :event_id, :subject, CAST(:payload AS jsonb), :error, :attempts)"
        ),
        {
            "consumer": consumer,
            "event_id": event.event_id,
            "subject": event.subject,
            "payload": json.dumps(event.payload),
            "error": error,
            "attempts": attempts,
        },
    )


async def listen(url: str, channel: str = CHANNEL, poll_s: float = POLL_S) -> AsyncIterator[str]:
    """Payload of each notification; an empty string when poll_s passed without one, so that nothing is
    missed.

    Ends with an error when the connection is lost; the caller decides how long to wait before listening
    again.
    """
    connection = await connect(url)
    queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_MAX)

    def heard(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        if not queue.full():
            queue.put_nowait(str(payload))

    try:
        await connection.add_listener(channel, heard)
        while True:
            try:
                yield await asyncio.wait_for(queue.get(), poll_s)
            except TimeoutError:
                await connection.execute("SELECT 1")  # raises when the server is gone
                yield ""
    finally:
        await connection.close(timeout=poll_s)
