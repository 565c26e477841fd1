"""Events nobody could process: the queue a person looks at, sending again, setting aside with a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage import audit, outbox
from storage.run_totals import escaped
from storage.session import Session

AT_ONCE_MAX = 500
"""Letters of one deed; more are done by pressing again."""


@dataclass(frozen=True, slots=True)
class Letter:
    """An event with the words of its error and what was done with it."""

    id: int
    consumer: str
    event_id: str
    subject: str
    payload: dict[str, Any]
    error: str
    attempts: int
    recorded_at: dt.datetime
    resolved_at: dt.datetime | None
    resolution: str | None
    reason: str | None
    resolved_by_name: str | None


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """What is looked for. state: waiting, sent, aside."""

    state: str = "waiting"
    consumer: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class LetterPage:
    """A page of the queue and how many there are."""

    rows: list[Letter]
    total: int


@dataclass(frozen=True, slots=True)
class Health:
    """Whether events go on: what waits for the stream, since when; what was sent anew after a lost store;
    fiscal checks the cashbox did not take, since when.
    """

    unsent: int
    oldest: dt.datetime | None
    restored: int
    failed_checks: int = 0
    failed_since: dt.datetime | None = None


STATES = ("waiting", "sent", "aside")

WHERE = """
   WHERE coalesce(d.resolution, 'waiting') = :state
     AND (CAST(:consumer AS text) = '' OR d.consumer = :consumer)
     AND (CAST(:words AS text) = '' OR d.event_id ILIKE :like OR d.error ILIKE :like
          OR d.payload::text ILIKE :like)"""

LIST = f"""
SELECT d.id, d.consumer, d.event_id, d.subject, d.payload, d.error, d.attempts, d.recorded_at, d.resolved_at,
       d.resolution, d.reason, u.full_name AS resolved_by_name, count(*) OVER ()::int AS total
  FROM dead_letters d LEFT JOIN users u ON u.id = d.resolved_by {WHERE}
 ORDER BY d.id DESC LIMIT :limit OFFSET :offset"""  # noqa: S608 - words of ours


async def queue(session: Session, asked: LetterFilter, *, limit: int, offset: int = 0) -> LetterPage:
    """Letters, the newest first."""
    values = {
        "state": asked.state,
        "consumer": asked.consumer,
        "words": asked.words,
        "like": f"%{escaped(asked.words)}%",
        "limit": limit,
        "offset": offset,
    }
    rows = [row._mapping for row in await session.execute(text(LIST), values)]
    total = rows[0]["total"] if rows else 0
    return LetterPage(
        [Letter(**{key: row[key] for key in row if key != "total"}) for row in rows], int(total)
    )


async def counts(session: Session) -> dict[str, int]:
    """How many letters are in each state."""
    found = await session.execute(
        text("SELECT coalesce(resolution, 'waiting') AS state, count(*) FROM dead_letters GROUP BY 1")
    )
    return {row[0]: int(row[1]) for row in found}


async def consumers(session: Session) -> list[str]:
    """Consumers that have ever buried something."""
    found = await session.execute(text("SELECT DISTINCT consumer FROM dead_letters ORDER BY 1"))
    return list(found.scalars())


async def health(session: Session) -> Health:
    """The way out as it is now."""
    unsent, oldest = await outbox.backlog(session)
    row = (
        await session.execute(
            text("""
            SELECT (SELECT coalesce(sum(restored_count), 0) FROM stream_marks)::bigint AS restored,
                   count(*)::int AS failed, min(recorded_at) AS since
              FROM card_checks WHERE state = 'failed'""")
        )
    ).one()
    return Health(unsent, oldest, row.restored, row.failed, row.since)


async def send_again(session: Session, letter_ids: Sequence[int], *, user_id: int | None) -> int:
    """Put letters back into the outbox under new event ids; how many. One resolved already is left alone."""
    rows = await _resolve(session, letter_ids, "sent", None, user_id)
    for row in rows:
        await outbox.add(session, row.subject, row.payload, f"{row.event_id}+{row.id}")
    return len(rows)


async def set_aside(session: Session, letter_ids: Sequence[int], *, reason: str, user_id: int | None) -> int:
    """Say that nothing is to be done with letters, and why; how many. Nothing is deleted."""
    return len(await _resolve(session, letter_ids, "aside", reason, user_id))


async def _resolve(
    session: Session, letter_ids: Sequence[int], how: str, reason: str | None, user_id: int | None
) -> Sequence[Any]:
    found = await session.execute(
        text(
            "UPDATE dead_letters SET resolved_at = clock_timestamp(), resolved_by = :user_id, "
            "resolution = :how, reason = :reason WHERE id = ANY(:ids) AND resolved_at IS NULL "
            "RETURNING id, event_id, subject, payload"
        ),
        {"ids": list(letter_ids)[:AT_ONCE_MAX], "user_id": user_id, "how": how, "reason": reason},
    )
    rows = sorted(found.all(), key=lambda row: int(row.id))
    action = "sent_again" if how == "sent" else "set_aside"
    for row in rows:
        await audit.record(session, action, "dead_letter", row.id, user_id=user_id, ground=reason)
    return rows
