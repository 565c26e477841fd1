"""What people do with a difference of an agent's day: post theirs (two persons), ask to cancel, keep.

For pages: a decision and its event in the caller's transaction; workers move money (storage.agent_days). Both
sides write: the centre asks, the agent agrees or answers.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from storage import audit, outbox
from storage.agent_days import CANCEL, POST, DayRefused
from storage.session import Session

PROPOSE, ASK, KEEP, APPROVE, DECLINE = "post", "ask", "keep", "approve", "decline"
AGREE, ANSWER = "agree", "answer"
CENTRE_DEEDS = (PROPOSE, ASK, KEEP, APPROVE, DECLINE)
AGENT_DEEDS = (AGREE, ANSWER)
GROUND_MAX = 300

STALE = "С этим расхождением уже что-то сделали. Обновите страницу."


def deeds_of(verdict: str, state: str, payment_id: int | None, *, is_agent: bool) -> tuple[str, ...]:
    """Which deeds fit a difference now: one rule for buttons and for what is refused."""
    if is_agent:
        if state != "asked":
            return ()
        return (AGREE, ANSWER) if verdict in ("ours", "differs") and payment_id else (ANSWER,)
    if state == "proposed":
        return (APPROVE, DECLINE)
    if state == "asked":
        return (KEEP,)
    if state != "open":
        return ()
    if verdict == "theirs" and payment_id is None:
        return (PROPOSE, ASK, KEEP)
    return (KEEP,) if verdict == "bad" else (ASK, KEEP)


async def act(
    session: Session, day_id: int, row_id: int, deed: str, *, words: str, user_id: int, is_agent: bool
) -> None:
    """Write a deed. words: the ground of the centre, the answer of the agent. Raises DayRefused."""
    row = (
        await session.execute(
            text("""
            SELECT r.* FROM agent_day_rows r JOIN agent_days d ON d.id = r.day_id AND d.state = 'compared'
             WHERE r.id = :id AND r.day_id = :day FOR UPDATE OF r"""),
            {"id": row_id, "day": day_id},
        )
    ).one_or_none()
    if row is None or deed not in deeds_of(row.verdict, row.state, row.payment_id, is_agent=is_agent):
        raise DayRefused(STALE)
    if deed == APPROVE and row.proposed_by == user_id:
        raise DayRefused("Предложили вы, поэтому утвердить должен другой сотрудник.")
    await _write(session, row, deed, words, user_id)
    await audit.record(
        session,
        f"agent_day_{deed}",
        "agent_day_row",
        row_id,
        user_id=user_id,
        before={"state": row.state},
        after={"number": row.number, "their_kopecks": row.their_kopecks, "our_kopecks": row.our_kopecks},
        ground=words or row.ground,
    )
    if deed == APPROVE:
        await outbox.add(session, POST, {"row_id": row_id}, f"agent-day-post-{row_id}-{row.proposed_by}")
    elif deed == AGREE:
        await outbox.add(session, CANCEL, {"row_id": row_id}, f"agent-day-cancel-{row_id}")


STATES = {
    PROPOSE: "proposed",
    ASK: "asked",
    KEEP: "done",
    APPROVE: "posting",
    DECLINE: "open",
    AGREE: "cancelling",
    ANSWER: "open",
}


async def _write(session: Session, row: Any, deed: str, words: str, user_id: int) -> None:
    proposed = {PROPOSE: user_id, ASK: user_id, DECLINE: None}.get(deed, row.proposed_by)
    decided = {KEEP: user_id, APPROVE: user_id, AGREE: user_id}.get(deed)
    kept = {PROPOSE: "post", ASK: "ask", KEEP: "keep", DECLINE: None, ANSWER: None}.get(deed, row.deed)
    await session.execute(
        text("""
        UPDATE agent_day_rows
           SET state = :state, deed = :deed, ground = :ground, answer = :answer, message = :message,
               proposed_by = :proposed, decided_by = :decided,
               decided_at = CASE WHEN CAST(:decided AS int) IS NULL THEN NULL ELSE clock_timestamp() END
         WHERE id = :id"""),
        {
            "state": STATES[deed],
            "deed": kept,
            "ground": words if deed in (PROPOSE, ASK, KEEP) else row.ground,
            "answer": words if deed == ANSWER else row.answer,
            "message": "" if deed in (APPROVE, AGREE) else row.message,
            "proposed": proposed,
            "decided": decided,
            "id": row.id,
        },
    )
