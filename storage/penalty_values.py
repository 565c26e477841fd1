"""Key rates, caps, moratoria and moved days: entered with a paper by one person, put in force by another.

What comes with the product is not a row here; an approved row of the same family and first day replaces it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.penalty import federal
from storage import second_person
from storage.penalty_law import CAP, DAY_OFF, KEY_RATE, MORATORIUM, WORKING_DAY
from storage.second_person import ValueRefused
from storage.session import Session

WAITING_MAX = 200
FAMILIES = (KEY_RATE, CAP, MORATORIUM, DAY_OFF, WORKING_DAY)


@dataclass(frozen=True, slots=True)
class LawValue:
    """A value in force or waiting. recorded_at None: it comes with the product."""

    family: str
    first_day: dt.date
    last_day: dt.date | None
    value: int | None
    document: str
    due_before: dt.date | None = None
    id: int | None = None
    document_date: dt.date | None = None
    recorded_at: dt.datetime | None = None
    proposed_by: int | None = None
    proposed_by_name: str | None = None
    decided_by_name: str | None = None


@dataclass(frozen=True, slots=True)
class NewLawValue:
    """What is proposed."""

    family: str
    first_day: dt.date
    last_day: dt.date | None
    value: int | None
    document: str
    document_date: dt.date
    due_before: dt.date | None = None
    """Of a moratorium: only debts due before this day; None = all."""


ROWS = """
SELECT v.id, v.family, v.first_day, v.last_day, v.value, v.document, v.due_before,
       v.document_date, v.recorded_at,
       v.proposed_by, p.full_name AS proposed_by_name, d.full_name AS decided_by_name
  FROM penalty_values v
  LEFT JOIN users p ON p.id = v.proposed_by
  LEFT JOIN users d ON d.id = v.decided_by
"""


async def in_force(session: Session) -> list[LawValue]:
    """Every value, newest first: those of the product and those added, the added one where both are."""
    found = {(one.family, one.first_day): one for one in _federal()}
    added = await session.execute(text(f"{ROWS} WHERE v.state = 'approved' AND v.superseded_at IS NULL"))
    found |= {(row.family, row.first_day): LawValue(**row._mapping) for row in added}
    return sorted(found.values(), key=lambda one: one.first_day, reverse=True)


def _federal() -> list[LawValue]:
    rows = [LawValue(KEY_RATE, one.since, None, one.rate_bp, one.source) for one in federal.key_rates()]
    rows += [LawValue(CAP, one.first, one.last, one.rate_bp, one.source) for one in federal.caps()]
    rows += [
        LawValue(MORATORIUM, one.first, one.last, None, one.source, one.due_before)
        for one in federal.moratoria()
    ]
    return rows + [
        LawValue(WORKING_DAY if is_working else DAY_OFF, day, None, None, source)
        for day, (is_working, source) in federal.moved_days().items()
    ]


async def waiting(session: Session) -> list[LawValue]:
    """Proposals nobody has decided on, oldest first."""
    found = await session.execute(text(f"{ROWS} WHERE v.state = 'waiting' ORDER BY v.id LIMIT {WAITING_MAX}"))
    return [LawValue(**row._mapping) for row in found]


async def propose(session: Session, new: NewLawValue, user_id: int) -> int:
    """Keep a value until somebody else agrees. Raises ValueRefused when the same one already waits."""
    known = await session.scalar(
        text("""
        SELECT id FROM penalty_values
         WHERE family = :family AND first_day = :first_day AND state = 'waiting' LIMIT 1"""),
        {"family": new.family, "first_day": new.first_day},
    )
    if known is not None:
        raise ValueRefused(
            "value-waits",
            "Значение на этот день уже ждёт второго сотрудника. Пусть он его утвердит или отклонит.",
        )
    added = await session.scalar(
        text("""
        INSERT INTO penalty_values (family, first_day, last_day, value, due_before, document, document_date,
                                    proposed_by)
        VALUES (:family, :first_day, :last_day, :value, :due_before, :document, :document_date, :user_id)
        RETURNING id"""),
        {
            "family": new.family,
            "first_day": new.first_day,
            "last_day": new.last_day,
            "value": new.value,
            "due_before": new.due_before,
            "document": new.document,
            "document_date": new.document_date,
            "user_id": user_id,
        },
    )
    return int(added or 0)


async def approve(session: Session, value_id: int, user_id: int, now: dt.datetime) -> None:
    """Put a value in force. Raises ValueRefused when it is one's own or already decided."""
    row = await second_person.take(session, "penalty_values", value_id)
    second_person.refuse_own(row, user_id)
    await session.execute(
        text("""
        UPDATE penalty_values SET superseded_at = :now WHERE family = :family AND first_day = :first_day
           AND state = 'approved' AND superseded_at IS NULL"""),
        {"now": now, "family": row.family, "first_day": row.first_day},
    )
    await second_person.decide(session, "penalty_values", value_id, "approved", user_id, now)


async def decline(session: Session, value_id: int, user_id: int, now: dt.datetime) -> None:
    """Take a proposal away; it stays in the table with who declined it."""
    await second_person.take(session, "penalty_values", value_id)
    await second_person.decide(session, "penalty_values", value_id, "declined", user_id, now)
