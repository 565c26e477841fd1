"""Mailings and letters as pages show them: lists, progress, one letter, the mail server; deeds."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from dataclasses import dataclass

from sqlalchemy import text

from storage.mail_boxes import MailRefused, wake
from storage.session import Session

RUNS_MAX = 100
AWAY_AFTER = dt.timedelta(minutes=10)
AGAIN = ("unclear", "refused", "bounced")
"""States a letter may be sent again from."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A mailing with how far it is; counts are of its letters."""

    id: int
    period: dt.date
    scope_name: str
    state: str
    letters_count: int
    waiting: int
    sent: int
    delivered: int
    unclear: int
    refused: int
    bounced: int
    cancelled: int
    last_minute: int
    created_by_name: str | None
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None

    @property
    def is_live(self) -> bool:
        """Whether it still moves."""
        return self.state in ("planned", "sending")

    @property
    def settled(self) -> int:
        """Letters about which all is known for now."""
        return self.letters_count - self.waiting

    @property
    def eta_minutes(self) -> int | None:
        """Minutes left at the speed of the last one; None before there is a speed."""
        return -(-self.waiting // self.last_minute) if self.last_minute and self.waiting else None


RUN = """
SELECT r.id, r.period, coalesce(o.short_name, 'весь город')
         || CASE WHEN r.house_ids IS NULL THEN '' ELSE ', выбранный дом' END AS scope_name,
       r.state, r.letters_count, coalesce(c.waiting, 0) AS waiting, coalesce(c.sent, 0) AS sent,
       coalesce(c.delivered, 0) AS delivered, coalesce(c.unclear, 0) AS unclear,
       coalesce(c.refused, 0) AS refused, coalesce(c.bounced, 0) AS bounced,
       coalesce(c.cancelled, 0) AS cancelled, coalesce(c.last_minute, 0) AS last_minute,
       u.full_name AS created_by_name, r.created_at, r.started_at, r.finished_at
  FROM mail_runs r
  LEFT JOIN organisations o ON o.id = r.company_id
  LEFT JOIN users u ON u.id = r.created_by
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE state IN ('waiting', 'sending'))::int AS waiting,
              count(*) FILTER (WHERE state = 'sent')::int AS sent,
              count(*) FILTER (WHERE state = 'delivered')::int AS delivered,
              count(*) FILTER (WHERE state = 'unclear')::int AS unclear,
              count(*) FILTER (WHERE state = 'refused')::int AS refused,
              count(*) FILTER (WHERE state = 'bounced')::int AS bounced,
              count(*) FILTER (WHERE state = 'cancelled')::int AS cancelled,
              count(*) FILTER (WHERE sent_at > clock_timestamp() - interval '1 minute')::int AS last_minute
         FROM mail_letters WHERE run_id = r.id) c ON true"""


async def runs(session: Session) -> list[RunRow]:
    """The newest mailings."""
    found = await session.execute(text(f"{RUN} ORDER BY r.id DESC LIMIT {RUNS_MAX}"))
    return [RunRow(**row._mapping) for row in found]


async def run(session: Session, run_id: int) -> RunRow | None:
    """One mailing."""
    row = (await session.execute(text(f"{RUN} WHERE r.id = :id"), {"id": run_id})).one_or_none()
    return None if row is None else RunRow(**row._mapping)


@dataclass(frozen=True, slots=True)
class ServerState:
    """What the postman said last of the mail server."""

    sender: str
    server: str
    per_minute: int
    is_signed: bool
    trouble: str
    seen_at: dt.datetime


async def server(session: Session) -> ServerState | None:
    """The mail server; None before the postman has spoken."""
    row = (
        await session.execute(
            text("SELECT sender, server, per_minute, is_signed, trouble, seen_at FROM mail_state")
        )
    ).one_or_none()
    return None if row is None else ServerState(**row._mapping)


# ---- letters ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """What a list of letters is narrowed by; empty: not."""

    state: str = ""
    kind: str = ""
    words: str = ""
    run_id: int | None = None
    since: dt.date | None = None

    @property
    def values(self) -> dict[str, object]:
        return {
            "state": self.state,
            "kind": self.kind,
            "words": self.words.lower(),
            "run": self.run_id,
            "since": self.since,
        }


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter of the journal."""

    id: int
    run_id: int | None
    kind: str
    account_id: int
    account_number: str
    company_name: str
    period: dt.date | None
    address: str
    state: str
    words: str
    digest: str | None
    token: str
    attempts: int
    next_at: dt.datetime | None
    sent_at: dt.datetime | None
    recorded_at: dt.datetime

    @property
    def may_go_again(self) -> bool:
        """Whether a person may send it again. A code is asked for anew instead."""
        return self.state in AGAIN and self.kind != "code"


SORTS = {"recorded": "l.id", "account": "a.number", "address": "l.address", "state": "l.state"}
LETTER = """
SELECT l.id, l.run_id, l.kind, l.account_id, a.number AS account_number, o.short_name AS company_name,
       l.period, l.address, l.state, l.words, l.digest, l.token, l.attempts, l.next_at, l.sent_at,
       l.recorded_at
  FROM mail_letters l
  JOIN accounts a ON a.id = l.account_id
  JOIN organisations o ON o.id = l.company_id"""
WHERE = """
 WHERE (CAST(:state AS text) = '' OR l.state = :state) AND (CAST(:kind AS text) = '' OR l.kind = :kind)
   AND (CAST(:run AS int) IS NULL OR l.run_id = :run)
   AND (CAST(:since AS date) IS NULL OR l.recorded_at >= CAST(:since AS date))
   AND (CAST(:words AS text) = '' OR a.number LIKE :words || '%'
        OR position(:words IN lower(l.address)) > 0)"""


@dataclass(frozen=True, slots=True)
class LetterList:
    """A page of the journal and how many there are in all."""

    rows: list[LetterRow]
    total: int


async def letters(
    session: Session, wanted: LetterFilter, *, sort: str, is_descending: bool, limit: int, offset: int = 0
) -> LetterList:
    """Letters of a filter."""
    total = await session.scalar(
        text(f"SELECT count(*) FROM mail_letters l JOIN accounts a ON a.id = l.account_id {WHERE}"),  # noqa: S608
        wanted.values,
    )
    order = f"{SORTS[sort]} {'DESC' if is_descending else ''}, l.id"
    found = await session.execute(
        text(f"{LETTER} {WHERE} ORDER BY {order} LIMIT :limit OFFSET :offset"),
        wanted.values | {"limit": limit, "offset": offset},
    )
    return LetterList([LetterRow(**row._mapping) for row in found], int(total or 0))


async def letter(session: Session, letter_id: int) -> LetterRow | None:
    """One letter."""
    row = (await session.execute(text(f"{LETTER} WHERE l.id = :id"), {"id": letter_id})).one_or_none()
    return None if row is None else LetterRow(**row._mapping)


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """What came back of a letter."""

    id: int
    kind: str
    status: str
    words: str
    recorded_at: dt.datetime


async def returns(session: Session, letter_id: int) -> list[ReturnRow]:
    """Reports and bounces of a letter, newest first."""
    found = await session.execute(
        text("""
        SELECT id, kind, status, words, recorded_at FROM mail_returns
         WHERE letter_id = :id ORDER BY id DESC LIMIT 50"""),
        {"id": letter_id},
    )
    return [ReturnRow(**row._mapping) for row in found]


async def again(session: Session, letter_id: int) -> None:
    """Send it again under the same Message-ID, so that a mail reader shows it once. Raises MailRefused."""
    moved = (
        await session.execute(
            text("""
            UPDATE mail_letters SET state = 'waiting', attempts = 0, next_at = clock_timestamp(),
                   words = 'Отправляем ещё раз', changed_at = clock_timestamp()
             WHERE id = :id AND state = ANY (:states) AND kind <> 'code' RETURNING run_id"""),
            {"id": letter_id, "states": list(AGAIN)},
        )
    ).one_or_none()
    if moved is None:
        raise MailRefused("Это письмо отправить ещё раз нельзя: оно ждёт, уже отправлено или отменено.")
    await session.execute(
        text("UPDATE mail_runs SET state = 'sending', finished_at = NULL WHERE id = :id AND state = 'done'"),
        {"id": moved.run_id},
    )
    await wake(session)


async def settle_unclear(session: Session, letter_id: int) -> None:
    """A person knows that it came. Raises MailRefused."""
    moved = await session.scalar(
        text("""
        UPDATE mail_letters SET state = 'sent', words = 'Дошло, отметил сотрудник',
               changed_at = clock_timestamp() WHERE id = :id AND state = 'unclear' RETURNING id"""),
        {"id": letter_id},
    )
    if moved is None:
        raise MailRefused("Отметить можно только письмо, о котором неизвестно, дошло ли оно.")


async def add_link(
    session: Session, *, number: str, account_id: int, address: str, amount_kopecks: int, until: dt.date
) -> None:
    """A link to pay goes by e-mail; the same link to the same address once."""
    await session.execute(
        text("""
        INSERT INTO mail_letters (key, kind, account_id, company_id, address, token, details, next_at)
        SELECT :key, 'link', id, company_id, :address, :token, CAST(:details AS jsonb), clock_timestamp()
          FROM accounts WHERE id = :account ON CONFLICT (key) DO NOTHING"""),
        {
            "key": f"link:{number}:{address.lower()}",
            "account": account_id,
            "address": address,
            "token": secrets.token_hex(12),
            "details": json.dumps(
                {"number": number, "amount_kopecks": amount_kopecks, "until": until.isoformat()}
            ),
        },
    )
    await wake(session)
