"""Answers to what the law leaves open: proposed by one person, put in force by another, dated, never edited.

An answer in force is a coefficient of the city whose value is the number of the answer, so that runs,
corrections and versions of the law know it as they know any value.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.choices import QUESTIONS
from storage import second_person
from storage.second_person import Decision, ValueRefused
from storage.session import Session


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer to a question with who gave and who signed it."""

    id: int
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
        SELECT p.id, p.key, p.value, p.ground, p.valid_from, p.state, p.proposed_by,
               u.full_name AS proposed_by_name, p.recorded_at, d.full_name AS decided_by_name, p.decided_at
          FROM choice_proposals p JOIN users u ON u.id = p.proposed_by
          LEFT JOIN users d ON d.id = p.decided_by
         ORDER BY p.valid_from DESC, p.id DESC LIMIT 1000""")
    )
    return [GivenAnswer(**row._mapping) for row in found]


async def propose(
    session: Session, key: str, value: str, ground: str, valid_from: dt.date, user_id: int
) -> None:
    """Keep an answer until somebody else agrees. Raises ValueRefused."""
    question = QUESTIONS.get(key)
    if question is None or value not in {one.key for one in question.answers}:
        raise ValueRefused("no-answer", "Такого ответа нет. Выберите из списка.")
    if valid_from.day != 1:
        raise ValueRefused("not-month", "Ответ действует с первого числа месяца.")
    later = await session.scalar(
        text(
            "SELECT max(valid_from) FROM choice_proposals "
            "WHERE key = :key AND state <> 'declined' AND valid_from >= :day"
        ),
        {"key": key, "day": valid_from},
    )
    if later is not None:
        raise ValueRefused(
            "answer-later", f"С {later:%d.%m.%Y} ответ уже есть. Новый должен начинаться позже него."
        )
    await session.execute(
        text("""
        INSERT INTO choice_proposals (key, value, ground, valid_from, proposed_by)
        VALUES (:key, :value, :ground, :day, :user_id)"""),
        {"key": key, "value": value, "ground": ground, "day": valid_from, "user_id": user_id},
    )


async def decide(session: Session, answer_id: int, act: str, user_id: int, now: dt.datetime) -> None:
    """approve (another person) or decline. Raises ValueRefused."""
    row = await second_person.take(session, "choice_proposals", answer_id)
    if act == "approve":
        second_person.refuse_own(row, user_id)
        await _in_force(session, row.key, row.value, row.ground, row.valid_from)
    decision: Decision = "approved" if act == "approve" else "declined"
    await second_person.decide(session, "choice_proposals", answer_id, decision, user_id, now)


async def _in_force(session: Session, key: str, value: str, ground: str, day: dt.date) -> None:
    """The answer until then is superseded by itself with that day as its end."""
    at = {"key": key, "day": day, "ground": ground, "number": QUESTIONS[key].number(value)}
    columns = "organisation_id, zone_id, service, key, value_permille, document"
    await session.execute(
        text(f"""
        WITH old AS (UPDATE coefficients SET superseded_at = now()
                      WHERE key = :key AND organisation_id IS NULL AND zone_id IS NULL
                        AND superseded_at IS NULL AND valid_from < :day
                        AND (valid_to IS NULL OR valid_to > :day)
                  RETURNING {columns}, valid_from)
        INSERT INTO coefficients ({columns}, valid_from, valid_to)
        SELECT {columns}, valid_from, :day FROM old"""),  # noqa: S608 - words of ours
        at,
    )
    await session.execute(
        text("""
        INSERT INTO coefficients (key, value_permille, document, valid_from)
        VALUES (:key, :number, :ground, :day)"""),
        at,
    )
