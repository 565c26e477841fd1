"""A mailing of receipts: what a choice would send, asked for once, planned by a worker, stopped, undone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from storage.mail_boxes import MailRefused, wake
from storage.session import Session

FOUND = """
  SELECT a.id, a.company_id, a.receipt_by, b.state, b.has_receipts, b.address,
         'receipt:' || a.id || ':' || CAST(:period AS date) || ':' || p.run_id AS key
    FROM (SELECT account_id, max(run_id) AS run_id FROM run_accounts
           WHERE run_id = ANY (ARRAY(SELECT id FROM runs WHERE state = 'published' AND posted_in = :period))
           GROUP BY account_id) p
    JOIN accounts a ON a.id = p.account_id
    LEFT JOIN mail_boxes b ON b.account_id = a.id
   WHERE (CAST(:company AS int) IS NULL OR a.company_id = :company)
     AND (CAST(:houses AS int[]) IS NULL OR a.house_id = ANY (:houses))"""
"""Accounts of a choice with a published month; the key names the newest run that made their document."""


@dataclass(frozen=True, slots=True)
class MailChoice:
    """What to send: month, organisation (None: all), houses (None: all)."""

    period: dt.date
    company_id: int | None = None
    house_ids: tuple[int, ...] | None = None

    @property
    def values(self) -> dict[str, object]:
        houses = None if self.house_ids is None else list(self.house_ids)
        return {"period": self.period, "company": self.company_id, "houses": houses}


@dataclass(frozen=True, slots=True)
class MailPreview:
    """Whom a choice reaches: accounts; every account of the choice is in one of the counts.

    nowhere: of those not reached, who gets no paper either (chose electronic once, without an address here).
    """

    total: int
    to_send: int
    sent_before: int
    without: int
    asked: int
    broken: int
    ended: int
    nowhere: int
    sample_id: int | None


async def preview(session: Session, choice: MailChoice) -> MailPreview:
    """Counts before anything is asked."""
    row = (
        await session.execute(
            text(f"""
            WITH found AS ({FOUND}), known AS (
              SELECT f.*, l.id IS NOT NULL AS is_known,
                     f.state IS NOT DISTINCT FROM 'confirmed' AND f.has_receipts AS is_wanted
                FROM found f LEFT JOIN mail_letters l ON l.key = f.key)
            SELECT count(*)::int AS total,
                   count(*) FILTER (WHERE is_wanted AND NOT is_known)::int AS to_send,
                   count(*) FILTER (WHERE is_wanted AND is_known)::int AS sent_before,
                   count(*) FILTER (WHERE state IS NULL)::int AS without,
                   count(*) FILTER (WHERE state = 'asked')::int AS asked,
                   count(*) FILTER (WHERE state = 'broken')::int AS broken,
                   count(*) FILTER (WHERE state = 'off' OR (state = 'confirmed' AND NOT has_receipts))::int
                     AS ended,
                   count(*) FILTER (WHERE is_wanted IS NOT TRUE AND receipt_by = 'electronic')::int
                     AS nowhere,
                   min(id) FILTER (WHERE is_wanted AND NOT is_known) AS sample_id
              FROM known"""),  # noqa: S608 - words of ours
            choice.values,
        )
    ).one()
    return MailPreview(**row._mapping)


async def request(session: Session, choice: MailChoice, user_id: int, command_id: str) -> int:
    """Ask for the mailing; the same command twice is one. Its number."""
    made = await session.scalar(
        text("""
        INSERT INTO mail_runs (command_id, period, company_id, house_ids, created_by)
        VALUES (:command, :period, :company, CAST(:houses AS int[]), :user)
        ON CONFLICT (command_id) DO NOTHING RETURNING id"""),
        choice.values | {"command": command_id, "user": user_id},
    )
    if made is None:
        made = await session.scalar(
            text("SELECT id FROM mail_runs WHERE command_id = :command"), {"command": command_id}
        )
    await wake(session)
    return int(made or 0)


async def plan(session: Session, now: dt.datetime) -> int:
    """Make letters of mailings that were asked for; how many mailings. Safe to repeat."""
    asked = (
        await session.execute(
            text("SELECT * FROM mail_runs WHERE state = 'planned' ORDER BY id FOR UPDATE SKIP LOCKED")
        )
    ).all()
    for run in asked:
        houses = None if run.house_ids is None else tuple(run.house_ids)
        values = MailChoice(run.period, run.company_id, houses).values
        made = await session.execute(
            text(f"""
            INSERT INTO mail_letters
                   (key, run_id, kind, account_id, company_id, period, address, token, next_at)
            SELECT f.key, :run, 'receipt', f.id, f.company_id, :period, f.address,
                   substr(replace(gen_random_uuid()::text, '-', ''), 1, 24), :now
              FROM ({FOUND}) f
             WHERE f.state = 'confirmed' AND f.has_receipts ORDER BY f.id
            ON CONFLICT (key) DO NOTHING RETURNING 1"""),  # noqa: S608 - words of ours
            values | {"run": run.id, "now": now},
        )
        count = len(made.all())
        await session.execute(
            text("""
            UPDATE mail_runs SET state = 'sending', letters_count = :count, started_at = :now
             WHERE id = :id"""),
            {"id": run.id, "count": count, "now": now},
        )
    return len(asked)


async def finish(session: Session, now: dt.datetime) -> None:
    """Mailings with nothing left to send are done."""
    await session.execute(
        text("""
        UPDATE mail_runs r SET state = 'done', finished_at = :now
         WHERE r.state = 'sending' AND NOT EXISTS (
               SELECT 1 FROM mail_letters l WHERE l.run_id = r.id AND l.state IN ('waiting', 'sending'))"""),
        {"now": now},
    )


async def _move(session: Session, run_id: int, before: Sequence[str], after: str, words: str) -> None:
    moved = await session.scalar(
        text("UPDATE mail_runs SET state = :after WHERE id = :id AND state = ANY (:before) RETURNING id"),
        {"id": run_id, "before": list(before), "after": after},
    )
    if moved is None:
        raise MailRefused(words)
    await wake(session)


async def stop(session: Session, run_id: int) -> None:
    """Send no more; what is handed over stays sent. Raises MailRefused."""
    await _move(session, run_id, ("sending",), "stopped", "Рассылка уже не идёт, останавливать нечего.")


async def resume(session: Session, run_id: int) -> None:
    """Go on. Raises MailRefused."""
    await _move(session, run_id, ("stopped",), "sending", "Рассылка не остановлена, продолжать нечего.")


async def undo(session: Session, run_id: int) -> int:
    """Take back letters that have not gone; how many. Another mailing may send them. Raises MailRefused."""
    await _move(
        session,
        run_id,
        ("planned", "sending", "stopped"),
        "undone",
        "Рассылка уже закончена, отменять нечего: отправленного письма не вернуть.",
    )
    taken = await session.execute(
        text("""
        UPDATE mail_letters SET state = 'cancelled', key = key || ':undone:' || id, next_at = NULL,
               words = 'Рассылку отменили', changed_at = clock_timestamp()
         WHERE run_id = :id AND state = 'waiting' RETURNING 1"""),
        {"id": run_id},
    )
    await session.execute(
        text("UPDATE mail_runs SET finished_at = clock_timestamp() WHERE id = :id"), {"id": run_id}
    )
    return len(taken.all())
