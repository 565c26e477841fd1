"""The decision of the second person over held sums: release, send to correction, hold again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from storage import audit
from storage.runs import RunRefused, log, notify
from storage.session import Session
from storage.sum_gate import counted

REASON_MAX = 300
DECISIONS = ("released", "correction", "held")

DECIDE = """
UPDATE run_holds h SET state = :decision,
       decided_by = CASE WHEN :decision = 'held' THEN NULL ELSE CAST(:user AS int) END,
       decided_at = CASE WHEN :decision = 'held' THEN NULL ELSE clock_timestamp() END, reason = :reason
  FROM unnest(CAST(:dimensions AS text[]), CAST(:keys AS int[])) AS t (dimension, key)
 WHERE h.run_id = :run_id AND h.dimension = t.dimension AND h.key = t.key AND h.state <> :decision
RETURNING h.dimension, h.key"""
DECIDED_WORDS = {
    "released": "Проверка сумм: пропущено",
    "correction": "Проверка сумм: отправлено на исправление",
    "held": "Проверка сумм: снова задержано",
}


async def decide(
    session: Session,
    run_id: int,
    picks: Sequence[tuple[str, int]],
    decision: str,
    reason: str,
    user_id: int,
) -> int:
    """Release held sums, send them to correction or hold them again; how many changed. Raises RunRefused."""
    assert decision in DECISIONS, decision
    run = (
        await session.execute(
            text("SELECT id, state, created_by, requested_by FROM runs WHERE id = :id FOR SHARE"),
            {"id": run_id},
        )
    ).one_or_none()
    if run is None:
        raise RunRefused("run-not-found", f"Прогона {run_id} нет.", 404)
    if run.state != "checked":
        raise RunRefused("run-not-checked", f"Прогон {run_id} уже не черновик, решать нечего.")
    if run.created_by == user_id:
        raise RunRefused(
            "same-person", "Прогон запустили вы. Задержанные суммы разбирает другой сотрудник.", 409
        )
    if not picks:
        raise RunRefused("nothing-picked", "Отметьте хотя бы одну строку.", 422)
    if not reason.strip():
        raise RunRefused("no-reason", "Напишите, почему: это увидят при проверке.", 422)
    if len(reason) > REASON_MAX:
        raise RunRefused("too-long", f"Причина длиннее {REASON_MAX} знаков. Сократите.", 422)
    changed = (
        await session.execute(
            text(DECIDE),
            {
                "run_id": run_id,
                "decision": decision,
                "reason": reason.strip(),
                "user": user_id,
                "dimensions": [dimension for dimension, _ in picks],
                "keys": [key for _, key in picks],
            },
        )
    ).all()
    if changed:
        await _remember(
            session, run_id, [(row.dimension, row.key) for row in changed], decision, reason, user_id
        )
    return len(changed)


async def held(session: Session, run_id: int) -> list[tuple[str, int]]:
    """Everything nobody has decided on yet."""
    query = text("SELECT dimension, key FROM run_holds WHERE run_id = :id AND state = 'held' ORDER BY 1, 2")
    return [(row.dimension, row.key) for row in await session.execute(query, {"id": run_id})]


async def _remember(
    session: Session,
    run_id: int,
    changed: Sequence[tuple[str, int]],
    decision: str,
    reason: str,
    user_id: int,
) -> None:
    by = {name: sum(1 for dimension, _ in changed if dimension == name) for name, _ in changed}
    what = ", ".join(counted(count, name) for name, count in sorted(by.items()))
    await log(session, run_id, "sums", f"{DECIDED_WORDS[decision]}: {what}. {reason.strip()}", user_id)
    await audit.record(
        session,
        f"sums_{decision}",
        "run",
        run_id,
        user_id=user_id,
        after={"what": [f"{dimension}:{key}" for dimension, key in changed]},
        ground=reason.strip(),
    )
    await notify(session, run_id)
