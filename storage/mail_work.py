"""The postman's side: letters that are due are claimed, marked before the server hears of them, written down.

waiting → (claimed) → sending → sent → delivered | bounced. `sending` is committed before the letter is said
to the server: one found so after a crash may have gone, so it becomes `unclear` and is not sent by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage.mail_boxes import break_
from storage.session import Session

LEASE_S = 300
"""A claimed letter is nobody else's for so long; one left `sending` longer than this is unclear."""
BATCH_MAX = 20
PAUSES_S = (60, 300, 900, 3_600, 4 * 3_600, 12 * 3_600, 24 * 3_600)
"""Before the second try, the third…; after the last the letter is refused."""
AWAY_PAUSE_S = 30
LOCK = 5_400_360
UNCLEAR = "Связь оборвалась, пока сервер принимал письмо: дошло ли оно, неизвестно"


@dataclass(frozen=True, slots=True)
class LetterJob:
    """A letter to send. is_wanted: a receipt whose address was ended meanwhile is not."""

    id: int
    kind: str
    account_id: int
    company_id: int
    account_number: str
    period: dt.date | None
    address: str
    token: str
    attempts: int
    details: dict[str, Any]
    recorded_at: dt.datetime
    is_wanted: bool
    unsubscribe: str
    password_sealed: bytes | None
    company_name: str


CLAIM = """
WITH due AS (
  SELECT l.id FROM mail_letters l
   WHERE l.state = 'waiting' AND l.next_at <= :now
     AND (l.run_id IS NULL OR l.run_id = ANY (ARRAY(SELECT id FROM mail_runs WHERE state = 'sending')))
   ORDER BY (l.run_id IS NOT NULL), l.next_at, l.id LIMIT :limit FOR UPDATE SKIP LOCKED)
UPDATE mail_letters l SET next_at = CAST(:now AS timestamptz) + make_interval(secs => :lease),
       tried_at = :now, attempts = l.attempts + 1, changed_at = clock_timestamp()
  FROM due WHERE l.id = due.id RETURNING l.id"""
JOBS = """
SELECT l.id, l.kind, l.account_id, l.company_id, a.number AS account_number, l.period,
       CASE WHEN l.kind = 'receipt' AND b.address IS NOT NULL THEN b.address ELSE l.address END AS address,
       l.token, l.attempts, l.details, l.recorded_at,
       l.kind <> 'receipt' OR coalesce(b.state = 'confirmed' AND b.has_receipts, false) AS is_wanted,
       coalesce(b.token, '') AS unsubscribe, b.password_sealed, o.short_name AS company_name
  FROM mail_letters l
  JOIN accounts a ON a.id = l.account_id
  JOIN organisations o ON o.id = l.company_id
  LEFT JOIN mail_boxes b ON b.account_id = l.account_id
 WHERE l.id = ANY (:ids) ORDER BY l.id"""


async def claim(
    session: Session, now: dt.datetime, per_minute: int, limit: int = BATCH_MAX
) -> list[LetterJob]:
    """Letters that are due, not more than the minute still holds; codes and links go before receipts."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    gone = await session.scalar(
        text(
            "SELECT count(*) FROM mail_letters "
            "WHERE tried_at > CAST(:now AS timestamptz) - interval '1 minute'"
        ),
        {"now": now},
    )
    room = min(limit, per_minute - int(gone or 0))
    if room <= 0:
        return []
    taken = await session.execute(text(CLAIM), {"now": now, "limit": room, "lease": LEASE_S})
    ids = list(taken.scalars())
    if not ids:
        return []
    found = await session.execute(text(JOBS), {"ids": ids})
    return [LetterJob(**row._mapping) for row in found]


async def starting(session: Session, job: LetterJob, digest: str | None) -> bool:
    """Say, before the server hears of it, that it may have gone; false when it is no longer ours to send."""
    marked = await session.scalar(
        text("""
        UPDATE mail_letters l SET state = 'sending', address = :address, digest = :digest,
               changed_at = clock_timestamp()
         WHERE l.id = :id AND l.state = 'waiting' AND l.attempts = :attempts
           AND (l.run_id IS NULL OR EXISTS (
                SELECT 1 FROM mail_runs r WHERE r.id = l.run_id AND r.state = 'sending'))
        RETURNING l.id"""),
        {"id": job.id, "address": job.address, "digest": digest, "attempts": job.attempts},
    )
    return marked is not None


async def _settle(session: Session, job: LetterJob, state: str, words: str, **more: Any) -> None:
    """What became of a letter. A code in it has done its work and is forgotten."""
    values: dict[str, Any] = {"id": job.id, "state": state, "words": words, "next_at": None, "sent_at": None}
    await session.execute(
        text("""
        UPDATE mail_letters SET state = :state, words = :words, next_at = :next_at,
               sent_at = coalesce(CAST(:sent_at AS timestamptz), sent_at), changed_at = clock_timestamp(),
               details = CASE WHEN :state = 'waiting' THEN details ELSE details - 'code' END
         WHERE id = :id AND state IN ('waiting', 'sending')"""),
        values | more,
    )


async def sent(session: Session, job: LetterJob, words: str, now: dt.datetime) -> None:
    """The server has taken it."""
    await _settle(session, job, "sent", words, sent_at=now)


async def refused(session: Session, job: LetterJob, words: str, *, is_dead: bool) -> None:
    """It will not be taken. A dead address is broken for all, and paper comes again."""
    await _settle(session, job, "refused", words)
    if is_dead:
        await break_(session, job.account_id, job.address, words)


async def cancelled(session: Session, job: LetterJob, words: str) -> None:
    """Nobody wants it any more."""
    await _settle(session, job, "cancelled", words)


async def unclear(session: Session, job: LetterJob, words: str) -> None:
    """It may have gone: a report of delivery or a person decides."""
    await _settle(session, job, "unclear", f"{UNCLEAR}. {words}".strip())


async def put_off(session: Session, job: LetterJob, words: str, now: dt.datetime) -> None:
    """Not taken for now: again later, or refused when tries are over."""
    if job.attempts > len(PAUSES_S):
        await _settle(session, job, "refused", f"Не принято с {job.attempts} раз. {words}")
        return
    later = now + dt.timedelta(seconds=PAUSES_S[job.attempts - 1])
    await _settle(session, job, "waiting", words, next_at=later)


async def give_back(session: Session, jobs: list[LetterJob], words: str, now: dt.datetime) -> None:
    """The server itself is away: no letter is to blame, and no try is counted."""
    await session.execute(
        text("""
        UPDATE mail_letters SET state = 'waiting', attempts = greatest(attempts - 1, 0), next_at = :at,
               tried_at = NULL, words = :words, changed_at = clock_timestamp()
         WHERE id = ANY (:ids) AND state IN ('waiting', 'sending')"""),
        {"ids": [job.id for job in jobs], "at": now + dt.timedelta(seconds=AWAY_PAUSE_S), "words": words},
    )


async def sweep(session: Session, now: dt.datetime) -> int:
    """Letters a dead postman left in the middle; how many became unclear."""
    left = await session.execute(
        text("""
        UPDATE mail_letters SET state = 'unclear', words = :words, next_at = NULL,
               changed_at = clock_timestamp()
         WHERE state = 'sending' AND tried_at < CAST(:now AS timestamptz) - make_interval(secs => :lease)
        RETURNING 1"""),
        {"now": now, "words": UNCLEAR, "lease": LEASE_S},
    )
    return len(left.all())


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back of a letter, as a notification was read. kind as in mail_returns."""

    kind: str
    status: str
    words: str
    token: str
    raw: bytes


async def take_back(session: Session, came: Returned, user_id: int | None = None) -> bool:
    """Keep it once and draw the consequence; whether the letter is known."""
    row = (
        await session.execute(
            text("SELECT id, account_id, address FROM mail_letters WHERE token = :token FOR UPDATE"),
            {"token": came.token},
        )
    ).one_or_none()
    first = await session.scalar(
        text("""
        INSERT INTO mail_returns (letter_id, kind, status, words, raw, digest, recorded_by)
        VALUES (:letter, :kind, :status, :words, :raw, :digest, :user)
        ON CONFLICT (digest) DO NOTHING RETURNING id"""),
        {
            "letter": row.id if row else None,
            "kind": came.kind,
            "status": came.status,
            "words": came.words,
            "raw": came.raw,
            "digest": hashlib.sha256(came.token.encode() + came.raw).hexdigest(),
            "user": user_id,
        },
    )
    if row is None or first is None:
        return row is not None
    if came.kind in ("dead", "failed", "delivered"):
        await session.execute(
            text("""
            UPDATE mail_letters SET state = :state, words = :words, next_at = NULL,
                   changed_at = clock_timestamp()
             WHERE id = :id AND (state IN ('sending', 'sent', 'unclear') OR
                                 (state = 'delivered' AND :state = 'bounced'))"""),
            {
                "id": row.id,
                "state": "delivered" if came.kind == "delivered" else "bounced",
                "words": came.words,
            },
        )
    if came.kind == "dead":
        await break_(session, row.account_id, row.address, came.words)
    return True


async def keep_state(
    session: Session, *, sender: str, server: str, per_minute: int, is_signed: bool, trouble: str
) -> None:
    """What pages tell of the mail server."""
    await session.execute(
        text("""
        INSERT INTO mail_state (id, sender, server, per_minute, is_signed, trouble)
        VALUES (1, :sender, :server, :per_minute, :is_signed, :trouble)
        ON CONFLICT (id) DO UPDATE SET sender = excluded.sender, server = excluded.server,
               per_minute = excluded.per_minute, is_signed = excluded.is_signed, trouble = excluded.trouble,
               seen_at = clock_timestamp()"""),
        {
            "sender": sender,
            "server": server,
            "per_minute": per_minute,
            "is_signed": is_signed,
            "trouble": trouble,
        },
    )
