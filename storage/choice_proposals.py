"""Answers to what the law leaves open: proposed by one person, put in force by another, dated, never edited.

An answer in force is a coefficient of the city, or of a company, whose value is the number of the answer, so
that runs, corrections and versions of the law know it as they know any value.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.choices import AS_CITY, QUESTIONS, Question
from storage import second_person
from storage.second_person import Decision, ValueRefused
from storage.session import Session


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer to a question with who gave and who signed it; organisation_id None: of the city."""

    id: int
    organisation_id: int | None
    owner: str | None
    key: str
    value: str
    ground: str
    valid_from: dt.date
    state: str
    proposed_by: int
    proposed_by_name: str
    recorded_at: dt.datetime
    decided_by_name: str | None
    decided_at: dt.datetime | None


async def answers(session: Session) -> list[GivenAnswer]:
    """All of them, the newest first."""
    found = await session.execute(
        text("""
        SELECT p.id, p.organisation_id, o.short_name AS owner, p.key, p.value, p.ground, p.valid_from,
               p.state, p.proposed_by, u.full_name AS proposed_by_name, p.recorded_at,
               d.full_name AS decided_by_name, p.decided_at
          FROM choice_proposals p JOIN users u ON u.id = p.proposed_by
          LEFT JOIN users d ON d.id = p.decided_by
          LEFT JOIN organisations o ON o.id = p.organisation_id
         ORDER BY p.valid_from DESC, p.id DESC LIMIT 1000""")
    )
    return [GivenAnswer(**row._mapping) for row in found]


async def propose(
    session: Session,
    key: str,
    value: str,
    ground: str,
    valid_from: dt.date,
    user_id: int,
    organisation_id: int | None = None,
) -> None:
    """Keep an answer of the city or a company until somebody else agrees. Raises ValueRefused."""
    question = QUESTIONS.get(key)
    known = {one.key for one in question.answers} if question else set()
    if organisation_id is not None:
        known.add(AS_CITY)
    if question is None or value not in known:
        raise ValueRefused("no-answer", "Такого ответа нет. Выберите из списка.")
    if organisation_id is not None:
        await _refuse_own(session, question, organisation_id)
    if valid_from.day != 1:
        raise ValueRefused("not-month", "Ответ действует с первого числа месяца.")
    later = await session.scalar(
        text(
            "SELECT max(valid_from) FROM choice_proposals "
            "WHERE key = :key AND state <> 'declined' AND valid_from >= :day "
            "AND organisation_id IS NOT DISTINCT FROM CAST(:owner AS int)"
        ),
        {"key": key, "day": valid_from, "owner": organisation_id},
    )
    if later is not None:
        raise ValueRefused(
            "answer-later", f"С {later:%d.%m.%Y} ответ уже есть. Новый должен начинаться позже него."
        )
    await session.execute(
        text("""
        INSERT INTO choice_proposals (organisation_id, key, value, ground, valid_from, proposed_by)
        VALUES (:owner, :key, :value, :ground, :day, :user_id)"""),
        {
            "owner": organisation_id,
            "key": key,
            "value": value,
            "ground": ground,
            "day": valid_from,
            "user_id": user_id,
        },
    )


async def _refuse_own(session: Session, question: Question, organisation_id: int) -> None:
    if not question.is_own:
        raise ValueRefused(
            "city-only",
            "На этот вопрос отвечает только город: акт государства или региона один для всех домов.",
        )
    kind = await session.scalar(
        text("SELECT kind FROM organisations WHERE id = :id"), {"id": organisation_id}
    )
    if kind != "company":
        raise ValueRefused("no-company", "Эта организация домами не управляет. Выберите УК или ТСЖ.")


async def decide(session: Session, answer_id: int, act: str, user_id: int, now: dt.datetime) -> None:
    """approve (another person) or decline. Raises ValueRefused."""
    row = await second_person.take(session, "choice_proposals", answer_id)
    if act == "approve":
        second_person.refuse_own(row, user_id)
        await _in_force(session, row)
    decision: Decision = "approved" if act == "approve" else "declined"
    await second_person.decide(session, "choice_proposals", answer_id, decision, user_id, now)


async def _in_force(session: Session, row: Any) -> None:
    """The answer until then is superseded by itself with that day as its end."""
    at = {"key": row.key, "day": row.valid_from, "ground": row.ground, "owner": row.organisation_id}
    columns = "organisation_id, zone_id, service, key, value_permille, document"
    await session.execute(
        text(f"""
        WITH old AS (UPDATE coefficients SET superseded_at = now()
                      WHERE key = :key AND organisation_id IS NOT DISTINCT FROM CAST(:owner AS int)
                        AND zone_id IS NULL AND superseded_at IS NULL AND valid_from < :day
                        AND (valid_to IS NULL OR valid_to > :day)
                  RETURNING {columns}, valid_from)
        INSERT INTO coefficients ({columns}, valid_from, valid_to)
        SELECT {columns}, valid_from, :day FROM old"""),  # noqa: S608 - words of ours
        at,
    )
    if row.value == AS_CITY:
        return
    await session.execute(
        text("""
        INSERT INTO coefficients (organisation_id, key, value_permille, document, valid_from)
        VALUES (:owner, :key, :number, :ground, :day)"""),
        {**at, "number": QUESTIONS[row.key].number(row.value)},
    )
