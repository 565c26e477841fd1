"""Decisions on held readings: a page asks, the intake carries it out in the transaction of its event.

Accepted or corrected, a reading is taken as any other; of a closed month it brings a draft of correction by
itself. Rejected, it stays in the history of the meter and never bills. What cannot be carried out is held
again with the reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from billing.history import Values
from billing.period import Period
from billing.reading import ReadingRefused
from storage import audit, outbox
from storage.corrections import Ground, request_correction
from storage.readings import Given, give_reading
from storage.robots import robots, today_at_meter
from storage.runs import RunRefused
from storage.session import Session

SUBJECT = "readings.decided"
ACCEPTED, CORRECTED, REJECTED = "accepted", "corrected", "rejected"
DECISIONS = (ACCEPTED, CORRECTED, REJECTED)
NOTE_MAX = 300


class DecisionRefused(ValueError):
    """A decision that cannot be made; the message says what to do."""

    permanent = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


DECIDE = """
UPDATE held_readings SET state = :state, decided_by = :user, decided_at = clock_timestamp(), note = :note,
       after1_micro = :after1, after2_micro = :after2, after3_micro = :after3, refusal = NULL
 WHERE id = ANY (:ids) AND state = 'held'
RETURNING id, company_id, meter_id, value1_micro, value2_micro, value3_micro, rules
"""


async def decide(
    session: Session,
    ids: Sequence[int],
    decision: str,
    note: str,
    user_id: int,
    after: Values | None = None,
) -> int:
    """Decide on held readings and command the intake to carry it out; how many were still held.

    after: the value to take instead, of one reading only. Raises DecisionRefused.
    """
    assert decision in DECISIONS, decision
    if not ids:
        raise DecisionRefused("nothing-picked", "Отметьте хотя бы одно показание.")
    if not note.strip():
        raise DecisionRefused("no-note", "Напишите, почему: это увидят при проверке.")
    if len(note) > NOTE_MAX:
        raise DecisionRefused("too-long", f"Причина длиннее {NOTE_MAX} знаков. Сократите.")
    if (decision == CORRECTED) != (after is not None) or (after is not None and len(ids) != 1):
        raise DecisionRefused("one-value", "Исправляют по одному: введите верное показание.")
    values: Mapping[str, Any] = {
        f"after{zone}": None if after is None else after[zone - 1] for zone in (1, 2, 3)
    }
    changed = (
        await session.execute(
            text(DECIDE),
            {"ids": list(ids), "state": decision, "user": user_id, "note": note.strip(), **values},
        )
    ).all()
    for row in changed:
        before = [row.value1_micro, row.value2_micro, row.value3_micro]
        await audit.record(
            session,
            f"reading_{decision}",
            "meter",
            row.meter_id,
            user_id=user_id,
            company_id=row.company_id,
            before={"values_micro": before, "rules": list(row.rules)},
            after={"values_micro": list(after or before), "held": row.id},
            ground=note.strip(),
        )
        event_id = f"decision:{row.id}-{uuid4().hex}"
        await outbox.add(session, SUBJECT, {"held_id": row.id}, event_id)
    return len(changed)


# ---- carrying out: the intake ------------------------------------------------------------------------------

HELD = "SELECT * FROM held_readings WHERE id = :id FOR UPDATE"
RETIRE = """
UPDATE readings SET status = :status, superseded_at = clock_timestamp()
 WHERE period = :period AND id = :id AND status = 'held'
"""
DONE = "UPDATE held_readings SET taken_id = :taken, correction_id = :correction WHERE id = :id"
AGAIN = """
UPDATE held_readings SET state = 'held', decided_by = NULL, decided_at = NULL, after1_micro = NULL,
       after2_micro = NULL, after3_micro = NULL, refusal = :why WHERE id = :id
"""


async def carry_out(session: Session, held_id: int, open_period: dt.date) -> None:
    """Do what was decided. Repeating it changes nothing."""
    held = (await session.execute(text(HELD), {"id": held_id})).one_or_none()
    if held is None or held.state not in DECISIONS or held.taken_id is not None:
        return
    if held.state == REJECTED:
        await session.execute(
            text(RETIRE), {"period": held.period, "id": held.reading_id, "status": "rejected"}
        )
        return
    try:
        async with session.begin_nested():
            given = await _take(session, held, open_period)
            correction = await _correct(session, held, open_period)
    except ReadingRefused as refusal:
        await session.execute(text(AGAIN), {"id": held_id, "why": refusal.message})
        return
    await session.execute(text(DONE), {"id": held_id, "taken": given.reading_id, "correction": correction})


async def _take(session: Session, held: Any, open_period: dt.date) -> Given:
    values: Values = (held.value1_micro, held.value2_micro, held.value3_micro)
    if held.state == CORRECTED:
        values = (held.after1_micro, held.after2_micro or 0, held.after3_micro or 0)
    # the held row steps aside first, so that the new one does not find it waiting
    await session.execute(text(RETIRE), {"period": held.period, "id": held.reading_id, "status": "held"})
    return await give_reading(
        session,
        held.meter_id,
        values,
        held.taken_on,
        held.source,
        held.decided_by,
        f"held:{held.id}",
        await today_at_meter(session, held.meter_id),
        open_period,
        period=held.period,
        by_person=True,
    )


async def _correct(session: Session, held: Any, open_period: dt.date) -> int | None:
    """A draft of correction for a reading of a closed month: the account, or the house of its meter."""
    if held.period >= open_period:
        return None
    asker, _ = await robots(session)
    ground = Ground(
        "reading",
        f"Показание за {Period.of(held.period).title} проверено",
        held.decided_at.date(),
        held.note or "",
    )
    kind, scope = ("house", held.house_id) if held.account_id is None else ("account", held.account_id)
    try:
        async with session.begin_nested():
            return await request_correction(
                session, kind, scope, Period.of(held.period), None, ground, asker, f"held-{held.id}"
            )
    except RunRefused:
        return None  # nothing was published then, or the month is too far back: the reading still counts
