"""What people do with drafted steps: preview, approve, undo, record a delivery, hold an account back."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.overdue import BY_DELIVERY, STAGES, WAIT_LEAST, Stage, following
from storage import audit
from storage.overdue_terms import terms_by_company
from storage.session import Session

PICKS_MAX = 20_000
NOTE_MAX = 300
DELIVERIES = ("receipt", "letter", "cabinet", "phone")


class StepRefused(ValueError):
    """A deed that cannot be done; the message says why and what to do."""

    permanent = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Batch:
    """Steps of one kind taken together."""

    id: int
    stage: str
    company_id: int | None
    state: str
    step_ids: list[int]
    digest: str
    steps_count: int
    amount_kopecks: int
    created_by: int
    approved_by: int | None
    approved_at: dt.datetime | None
    undo_reason: str | None


BATCH = """
SELECT id, stage, company_id, state, step_ids, digest, steps_count, amount_kopecks, created_by, approved_by,
       approved_at, undo_reason FROM debt_batches WHERE id = :id"""

DRAFTS = """
SELECT s.id, s.company_id, (d.overdue_kopecks + d.penalty_kopecks)::bigint AS amount
  FROM debt_steps s JOIN debtors d ON d.account_id = s.account_id AND d.overdue_kopecks > 0
 WHERE s.id = ANY (CAST(:ids AS int[])) AND s.state = 'draft' AND s.stage = :stage ORDER BY s.id"""


async def preview(session: Session, stage: str, step_ids: Sequence[int], user_id: int) -> int:
    """Keep a set of drafts with what they come to now; the batch's id. Raises StepRefused."""
    if len(step_ids) > PICKS_MAX:
        raise StepRefused("too-many", f"За раз утверждают не больше {PICKS_MAX} документов. Сузьте отбор.")
    found = await _drafts(session, stage, step_ids)
    if not found:
        raise StepRefused("nothing", "Выберите черновики: отмеченные уже утвердили или долг по ним оплачен.")
    companies = {row.company_id for row in found}
    made = await session.scalar(
        text("""
        INSERT INTO debt_batches (stage, company_id, step_ids, digest, steps_count, amount_kopecks,
                                  created_by)
        VALUES (:stage, :company, CAST(:ids AS int[]), :digest, :count, :amount, :user) RETURNING id"""),
        {
            "stage": stage,
            "company": companies.pop() if len(companies) == 1 else None,
            "ids": [row.id for row in found],
            "digest": _digest(found),
            "count": len(found),
            "amount": sum(row.amount for row in found),
            "user": user_id,
        },
    )
    return int(made or 0)


async def _drafts(session: Session, stage: str, step_ids: Sequence[int]) -> list[Any]:
    found = await session.execute(text(DRAFTS), {"ids": list(step_ids), "stage": stage})
    return list(found.all())


def _digest(rows: Sequence[Any]) -> str:
    return hashlib.sha256(",".join(f"{row.id}:{row.amount}" for row in rows).encode()).hexdigest()


async def batch(session: Session, batch_id: int) -> Batch | None:
    """A batch the scope shows."""
    row = (await session.execute(text(BATCH), {"id": batch_id})).one_or_none()
    return None if row is None else Batch(**row._mapping)


async def _locked(session: Session, batch_id: int, state: str) -> Batch:
    row = (await session.execute(text(f"{BATCH} FOR UPDATE"), {"id": batch_id})).one_or_none()
    if row is None:
        raise StepRefused("unknown", "Такого утверждения нет. Откройте список черновиков.")
    if row.state != state:
        raise StepRefused("state", "Это уже сделали. Обновите страницу.")
    return Batch(**row._mapping)


async def approve(session: Session, batch_id: int, user_id: int, day: dt.date) -> None:
    """Approve what was seen. Raises StepRefused when anything of it has changed since the preview."""
    one = await _locked(session, batch_id, "preview")
    await session.execute(
        text("SELECT 1 FROM debt_steps WHERE id = ANY (:ids) ORDER BY id FOR UPDATE"), {"ids": one.step_ids}
    )
    found = await _drafts(session, one.stage, one.step_ids)
    if _digest(found) != one.digest:
        raise StepRefused(
            "changed",
            f"Данные изменились после просмотра: было {one.steps_count}, стало {len(found)} или "
            "другие суммы. Вернитесь к списку и посмотрите ещё раз.",
        )
    await session.execute(
        text("""
        UPDATE debt_steps s SET state = 'approved', batch_id = :batch,
               amount_kopecks = (SELECT d.overdue_kopecks + d.penalty_kopecks FROM debtors d
                                  WHERE d.account_id = s.account_id)
         WHERE s.id = ANY (:ids)"""),
        {"batch": batch_id, "ids": one.step_ids},
    )
    await session.execute(
        text(
            "UPDATE debt_batches SET state = 'approved', approved_by = :user, "
            "approved_at = clock_timestamp() WHERE id = :id"
        ),
        {"id": batch_id, "user": user_id},
    )
    await _go_on(session, one, day)
    await audit.record(
        session, "debt_steps_approved", "debt_batch", batch_id, user_id=user_id, company_id=one.company_id,
        after={"stage": one.stage, "count": one.steps_count, "kopecks": one.amount_kopecks},
    )  # fmt: skip


async def _go_on(session: Session, one: Batch, day: dt.date) -> None:
    """Cases know their next step; after one whose term runs from its delivery they wait for that."""
    stage = Stage(one.stage)
    known = await terms_by_company(session, day)
    rows = [(company, following(stage, terms), terms) for company, terms in known.items()]
    waits = stage in BY_DELIVERY
    await session.execute(
        text("""
        UPDATE debt_cases c SET stage = :stage, next_stage = t.next, ready_on = t.ready_on
          FROM debt_steps s, unnest(CAST(:companies AS int[]), CAST(:nexts AS text[]), CAST(:days AS date[]))
               AS t(company_id, next, ready_on)
         WHERE s.id = ANY (:ids) AND c.id = s.case_id AND t.company_id = c.company_id"""),
        {
            "stage": one.stage,
            "ids": one.step_ids,
            "companies": [company for company, _, _ in rows],
            "nexts": [None if after is None else str(after) for _, after, _ in rows],
            "days": [
                None if after is None or waits else day + dt.timedelta(days=terms[after].wait_days)
                for _, after, terms in rows
            ],
        },
    )


async def undo(session: Session, batch_id: int, user_id: int, reason: str) -> None:
    """Take an approval back whole: drafts are there again, papers stay kept. Raises StepRefused."""
    one = await _locked(session, batch_id, "approved")
    delivered = await session.scalar(
        text("SELECT count(*) FROM debt_steps WHERE batch_id = :id AND delivered_on IS NOT NULL"),
        {"id": batch_id},
    )
    if delivered:
        raise StepRefused(
            "delivered",
            f"Отменить нельзя: вручено документов — {delivered}. Придержите нужные счета по одному.",
        )
    await session.execute(
        text("UPDATE debt_steps SET state = 'undone' WHERE batch_id = :id"), {"id": batch_id}
    )
    await session.execute(
        text("""
        UPDATE debt_cases c SET next_stage = s.stage, ready_on = s.drafted_on,
               stage = (SELECT p.stage FROM debt_steps p WHERE p.case_id = c.id AND p.state = 'approved'
                         ORDER BY p.id DESC LIMIT 1)
          FROM debt_steps s WHERE s.batch_id = :id AND c.id = s.case_id AND c.closed_on IS NULL"""),
        {"id": batch_id},
    )
    await session.execute(
        text("""
        INSERT INTO debt_steps (case_id, account_id, company_id, stage, drafted_on, amount_kopecks, services,
                                norms)
        SELECT s.case_id, s.account_id, s.company_id, s.stage, s.drafted_on, s.amount_kopecks, s.services,
               s.norms
          FROM debt_steps s JOIN debt_cases c ON c.id = s.case_id AND c.closed_on IS NULL
         WHERE s.batch_id = :id"""),
        {"id": batch_id},
    )
    await session.execute(
        text("""
        UPDATE debt_batches SET state = 'undone', undone_by = :user, undone_at = clock_timestamp(),
               undo_reason = :reason WHERE id = :id"""),
        {"id": batch_id, "user": user_id, "reason": reason},
    )
    await audit.record(
        session, "debt_steps_undone", "debt_batch", batch_id, user_id=user_id, company_id=one.company_id,
        after={"count": one.steps_count}, ground=reason,
    )  # fmt: skip


async def deliver(
    session: Session, step_ids: Sequence[int], how: str, day: dt.date, today: dt.date, note: str, user_id: int
) -> int:
    """Record that papers were handed over or the deed carried out; how many. Raises StepRefused.

    The term of the next step runs from this day (cl. 119 «а»).
    """
    assert how in DELIVERIES, how
    if day > today:
        raise StepRefused("future", "Этот день ещё не наступил. Укажите день вручения.")
    early = await session.scalar(
        text("""
        SELECT count(*) FROM debt_steps s JOIN debt_batches b ON b.id = s.batch_id
         WHERE s.id = ANY (:ids)
           AND (b.approved_at AT TIME ZONE 'Europe/Moscow')::date > :day"""),
        {"ids": list(step_ids), "day": day},
    )
    if early:
        raise StepRefused("early", "Документ утвердили позже этого дня. Проверьте день вручения.")
    found = (
        await session.execute(
            text("""
            UPDATE debt_steps SET delivery = :how, delivered_on = :day, delivery_note = nullif(:note, ''),
                   delivered_by = :user
             WHERE id = ANY (:ids) AND state = 'approved' AND delivered_on IS NULL RETURNING id"""),
            {"ids": list(step_ids), "how": how, "day": day, "note": note, "user": user_id},
        )
    ).all()
    ids = [row.id for row in found]
    if ids:
        await _run_terms(session, ids, day)
        await audit.record(
            session, "debt_papers_delivered", "debt_step", ids[0], user_id=user_id,
            after={"count": len(ids), "how": how, "day": day.isoformat()}, ground=note or None,
        )  # fmt: skip
    return len(ids)


async def _run_terms(session: Session, ids: Sequence[int], day: dt.date) -> None:
    known = await terms_by_company(session, day)
    rows = [(company, stage, terms[stage].wait_days) for company, terms in known.items() for stage in STAGES]
    await session.execute(
        text("""
        UPDATE debt_cases c
           SET ready_on = CAST(:day AS date) + t.wait
                        + CASE WHEN c.next_stage = ANY (:legal) THEN 1 ELSE 0 END
          FROM debt_steps s, unnest(CAST(:companies AS int[]), CAST(:stages AS text[]), CAST(:waits AS int[]))
               AS t(company_id, stage, wait)
         WHERE s.id = ANY (:ids) AND c.id = s.case_id AND c.closed_on IS NULL AND c.stage = s.stage
           AND s.stage = ANY (:by_delivery) AND t.company_id = c.company_id AND t.stage = c.next_stage"""),
        {
            "day": day,
            "ids": list(ids),
            "legal": [str(stage) for stage in WAIT_LEAST],
            "by_delivery": [str(stage) for stage in BY_DELIVERY],
            "companies": [company for company, _, _ in rows],
            "stages": [str(stage) for _, stage, _ in rows],
            "waits": [wait for _, _, wait in rows],
        },
    )


async def hold(session: Session, case_id: int, until: dt.date, reason: str, user_id: int) -> None:
    """Do not go on with an account before a day; its draft goes. Raises StepRefused."""
    company = await session.scalar(
        text("""
        UPDATE debt_cases SET held_until = :until, hold_reason = :reason
         WHERE id = :id AND closed_on IS NULL RETURNING company_id"""),
        {"id": case_id, "until": until, "reason": reason},
    )
    if company is None:
        raise StepRefused("closed", "Дело уже закрыто. Обновите страницу.")
    await session.execute(
        text("UPDATE debt_steps SET state = 'dropped' WHERE case_id = :id AND state = 'draft'"),
        {"id": case_id},
    )
    await audit.record(
        session, "debt_case_held", "debt_case", case_id, user_id=user_id, company_id=company,
        after={"until": until.isoformat()}, ground=reason,
    )  # fmt: skip
