"""What people ask of runs: start, stop, go on, publish by two persons, return to check, undo.

Each function changes rows and puts a command into the outbox in the caller's transaction; workers do the rest
(storage.run_work). A refusal is RunRefused with words for the person. Works under row-level security: what a
user may not see is «not found» for them.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from billing.period import Period
from storage import outbox
from storage.session import Session
from storage.sum_gate import what_holds

SCOPES = ("city", "organisation", "house", "account")
START = "commands.runs.start"
PUBLISH = "commands.runs.publish"
UNDO = "commands.runs.undo"
DRAFTS = ("planned", "accruing", "checked", "failed")


class RunRefused(Exception):
    """A person asked for what cannot be done now; the message says what, why and what to do."""

    permanent = True

    def __init__(self, code: str, message: str, status: int = 409) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


async def request_run(
    session: Session,
    period: Period,
    scope_kind: str,
    scope_id: int | None,
    user_id: int | None,
    command_id: str | None = None,
) -> int:
    """Plan a run and command it to start; the id of the run. The same command_id again gives the same run."""
    assert scope_kind in SCOPES, scope_kind
    command_id = command_id or uuid4().hex
    known = await _by_command(session, command_id, period, scope_kind, scope_id)
    if known is not None:
        return known
    await _require_month(session, period)
    company_id = await _company(session, scope_kind, scope_id)
    inserted: int | None = await session.scalar(
        text(
            "INSERT INTO runs (period, scope_kind, scope_id, company_id, command_id, created_by) "
            "VALUES (:period, :kind, :scope_id, :company_id, :command_id, :user_id) "
            "ON CONFLICT (command_id) DO NOTHING RETURNING id"
        ),
        {
            "period": period.first_day,
            "kind": scope_kind,
            "scope_id": scope_id,
            "company_id": company_id,
            "command_id": command_id,
            "user_id": user_id,
        },
    )
    if inserted is None:  # the same command came by two ways at once
        twin = await _by_command(session, command_id, period, scope_kind, scope_id)
        assert twin is not None
        return twin
    await _command(session, START, inserted, f"run-{command_id}", user_id)
    return inserted


async def _by_command(
    session: Session, command_id: str, period: Period, scope_kind: str, scope_id: int | None
) -> int | None:
    row = (
        await session.execute(
            text("SELECT id, period, scope_kind, scope_id FROM runs WHERE command_id = :id"),
            {"id": command_id},
        )
    ).one_or_none()
    if row is None:
        return None
    if (row.period, row.scope_kind, row.scope_id) != (period.first_day, scope_kind, scope_id):
        raise RunRefused(
            "command-reused", "Этим поручением уже начат другой прогон. Обновите страницу и начните заново."
        )
    return int(row.id)


async def _require_month(session: Session, period: Period) -> None:
    state = await session.scalar(
        text("SELECT state FROM months WHERE period = :period"), {"period": period.first_day}
    )
    if state is None:
        opened: dt.date | None = await session.scalar(text("SELECT period FROM months WHERE state = 'open'"))
        where = f" Открыт {Period.of(opened).title}." if opened else " Сначала откройте месяц."
        raise RunRefused(
            "month-not-open", f"Месяц {period.title} не открыт, начислять за него нельзя.{where}"
        )


async def _company(session: Session, scope_kind: str, scope_id: int | None) -> int | None:
    """The company of the scope; refuses a scope that is not there (or not ours to see)."""
    if scope_kind == "city":
        return None
    query, name = {
        "organisation": ("SELECT id FROM organisations WHERE id = :id AND kind = 'company'", "Организация"),
        "house": ("SELECT company_id FROM houses WHERE id = :id", "Дом"),
        "account": ("SELECT company_id FROM accounts WHERE id = :id", "Лицевой счёт"),
    }[scope_kind]
    found: int | None = await session.scalar(text(query), {"id": scope_id})
    if found is None:
        raise RunRefused(
            "scope-not-found",
            f"{name}: не найдено ничего с номером {scope_id}. Проверьте область прогона.",
            404,
        )
    return found


# ---- stop and go on --------------------------------------------------------------------------------------


async def stop_run(session: Session, run_id: int, user_id: int | None) -> None:
    """Give out no more blocks; what is written stays, and resume_run goes on from there."""
    await _set_stop(session, run_id, True, user_id, "Остановлено: новые части не начинаются")


async def resume_run(session: Session, run_id: int, user_id: int | None) -> None:
    """Go on with a stopped run."""
    await _set_stop(session, run_id, False, user_id, "Продолжено")


async def _set_stop(session: Session, run_id: int, stop: bool, user_id: int | None, words: str) -> None:
    run = await _run(session, run_id)
    if run.state not in ("planned", "accruing"):
        raise RunRefused("run-not-live", f"Прогон {run_id} уже не идёт, останавливать и продолжать нечего.")
    await session.execute(
        text("UPDATE runs SET stop_requested = :stop WHERE id = :id"), {"stop": stop, "id": run_id}
    )
    await log(session, run_id, "stopped" if stop else "resumed", words, user_id)
    await notify(session, run_id)


# ---- publish by two persons --------------------------------------------------------------------------------


async def request_publication(session: Session, run_id: int, user_id: int) -> None:
    """The first person asks to publish a checked run."""
    run = await _run(session, run_id)
    if run.state != "checked":
        raise RunRefused("run-not-checked", _not_checked(run))
    await refuse_empty(run)
    await refuse_outdated(session, run_id)
    await refuse_held(session, run_id)
    changed = await session.scalar(
        text(
            "UPDATE runs SET requested_by = :user, requested_at = clock_timestamp() "
            "WHERE id = :id AND state = 'checked' AND requested_by IS NULL RETURNING id"
        ),
        {"user": user_id, "id": run_id},
    )
    if changed is None:
        raise RunRefused(
            "publication-asked", f"Публикация прогона {run_id} уже запрошена и ждёт второго человека."
        )
    await log(session, run_id, "publication_asked", "Публикация запрошена, нужен второй человек", user_id)
    await notify(session, run_id)


async def approve_publication(session: Session, run_id: int, user_id: int) -> None:
    """Another person agrees; the run is published by the workers within a moment, exactly once."""
    run = await _run(session, run_id)
    if run.state == "published":
        raise RunRefused("run-published", f"Прогон {run_id} уже опубликован.")
    if run.state != "checked":
        raise RunRefused("run-not-checked", _not_checked(run))
    if run.requested_by is None:
        raise RunRefused("publication-not-asked", "Публикацию ещё никто не запросил. Сначала запросите её.")
    if run.requested_by == user_id:
        raise RunRefused("same-person", "Публикацию запросили вы. Согласовать её должен другой человек.")
    await refuse_outdated(session, run_id)
    await refuse_held(session, run_id)
    changed = await session.scalar(
        text(
            "UPDATE runs SET approved_by = :user WHERE id = :id AND state = 'checked' AND approved_by IS "
            "NULL "
            "AND requested_by IS NOT NULL AND requested_by <> :user RETURNING id"
        ),
        {"user": user_id, "id": run_id},
    )
    if changed is None:
        raise RunRefused("run-approved", f"Публикация прогона {run_id} уже согласована, она идёт.")
    await log(session, run_id, "publication_approved", "Публикация согласована вторым человеком", user_id)
    await _command(session, PUBLISH, run_id, f"publish-{run_id}-{uuid4().hex}", user_id)
    await notify(session, run_id)


async def return_to_check(session: Session, run_id: int, user_id: int) -> None:
    """Take the request to publish back, by either person, while it is not approved."""
    changed = await session.scalar(
        text(
            "UPDATE runs SET requested_by = NULL, requested_at = NULL WHERE id = :id AND state = 'checked' "
            "AND requested_by IS NOT NULL AND approved_by IS NULL RETURNING id"
        ),
        {"id": run_id},
    )
    if changed is None:
        run = await _run(session, run_id)
        why = "уже согласована" if run.approved_by else "не запрошена"
        raise RunRefused("nothing-to-return", f"Публикация прогона {run_id} {why}, возвращать нечего.")
    await log(session, run_id, "returned", "Возвращено на проверку", user_id)
    await notify(session, run_id)


async def refuse_empty(run: Any) -> None:
    """Refuse to publish a run that charges nothing, with the reason."""
    if run.lines_count:
        return
    if run.kind in ("difference", "correction"):
        raise RunRefused(
            "nothing-changed",
            "Публиковать нечего: расчёт совпал с уже опубликованным, различий нет. Отмените черновик.",
        )
    raise RunRefused("no-lines", "Публиковать нечего: ни одного начисления нет. Посмотрите отложенные счета.")


async def refuse_held(session: Session, run_id: int) -> None:
    """Refuse a run with sums nobody has released, saying which."""
    words = await what_holds(session, run_id)
    if words:
        raise RunRefused("run-held", words)


async def refuse_outdated(session: Session, run_id: int) -> None:
    """Refuse a draft when another run over any of its houses was published after this one began to be
    computed.
    """
    newer: int | None = await session.scalar(text(NEWER), {"id": run_id})
    if newer is not None:
        raise RunRefused(
            "run-outdated",
            f"Черновик устарел: прогон {newer} по этим же домам опубликован позже, чем посчитан этот. "
            "Отмените черновик и начислите заново: опубликуются только различия.",
        )


NEWER = """
SELECT o.id FROM runs r LEFT JOIN corrections c ON c.run_id = r.id
  JOIN runs o ON o.state = 'published' AND o.id <> r.id AND o.published_at > r.started_at
  LEFT JOIN corrections d ON d.run_id = o.id
 WHERE r.id = :id
   AND coalesce(d.first_period, o.period) <= coalesce(c.last_period, r.period)
   AND coalesce(d.last_period, o.period) >= coalesce(c.first_period, r.period)
   AND (c.kind IS NULL OR c.kind <> 'manual') AND (d.kind IS NULL OR d.kind <> 'manual')
   AND NOT (r.scope_kind = 'account' AND o.scope_kind = 'account' AND r.scope_id <> o.scope_id) AND EXISTS (
   SELECT 1 FROM run_houses mine JOIN run_houses theirs ON theirs.house_id = mine.house_id
    WHERE mine.run_id = r.id AND theirs.run_id = o.id)
 ORDER BY o.id DESC LIMIT 1
"""


# ---- undo --------------------------------------------------------------------------------------------------


async def request_undo(session: Session, run_id: int, user_id: int | None) -> None:
    """Command to drop a draft. The workers do it at once; a published run is never undone.

    A draft handed over to the second person is taken back first: it does not vanish from under the signature.
    """
    run = await _run(session, run_id)
    refuse_undo(run_id, run.state)
    refuse_handed_over(run_id, run.requested_by, run.approved_by)
    await log(session, run_id, "undo_asked", "Отмена запрошена", user_id)
    await _command(session, UNDO, run_id, f"undo-{run_id}-{uuid4().hex}", user_id)


def refuse_undo(run_id: int, state: str) -> None:
    """Raise RunRefused unless a run in this state can be undone."""
    if state == "published":
        raise RunRefused(
            "run-published",
            f"Прогон {run_id} опубликован, отменить его нельзя. Исправьте данные и начислите заново: "
            "опубликуются только различия.",
        )
    if state not in DRAFTS:
        raise RunRefused("run-undone", f"Прогон {run_id} уже отменён.")


def refuse_handed_over(run_id: int, requested_by: int | None, approved_by: int | None) -> None:
    """Raise RunRefused when the draft waits for its second person or is being published."""
    if approved_by is not None:
        raise RunRefused("run-approved", f"Публикация прогона {run_id} уже согласована, отменить его нельзя.")
    if requested_by is not None:
        raise RunRefused(
            "run-handed-over",
            f"Прогон {run_id} передан на публикацию и ждёт второго человека. Сначала верните его на "
            "проверку, потом отмените.",
        )


# ---- shared ------------------------------------------------------------------------------------------------


def _not_checked(run: Any) -> str:
    words = {
        "planned": "ещё не начат",
        "accruing": "ещё считается",
        "published": "уже опубликован",
        "undone": "отменён",
        "failed": "не удался",
    }
    return f"Прогон {run.id} {words.get(run.state, run.state)}, публиковать нечего."


async def _run(session: Session, run_id: int) -> Any:
    row = (
        await session.execute(
            text(
                "SELECT id, period, kind, state, requested_by, approved_by, lines_count FROM runs WHERE id "
                "= :id"
            ),
            {"id": run_id},
        )
    ).one_or_none()
    if row is None:
        raise RunRefused("run-not-found", f"Прогона {run_id} нет.", 404)
    return row


async def _command(session: Session, subject: str, run_id: int, event_id: str, user_id: int | None) -> None:
    await outbox.add(session, subject, {"run_id": run_id, "user_id": user_id}, event_id)


async def log(session: Session, run_id: int, event: str, message: str, user_id: int | None = None) -> None:
    """Add to the run's own log; who is added when known."""
    await session.execute(
        text(
            "INSERT INTO run_log (run_id, event, message, details) VALUES (:run_id, :event, :message, "
            "CASE WHEN CAST(:user_id AS int) IS NULL THEN NULL ELSE jsonb_build_object('user_id', "
            "CAST(:user_id AS int)) END)"
        ),
        {"run_id": run_id, "event": event, "message": message, "user_id": user_id},
    )


async def notify(session: Session, run_id: int) -> None:
    """Wake whoever watches the run, after the commit."""
    await session.execute(text("SELECT pg_notify('run_progress', :run_id)"), {"run_id": str(run_id)})
