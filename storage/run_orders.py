"""Obeys the commands of runs inside the transaction of their event: start, publish, undo."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from storage.correction_plan import plan
from storage.engine import Database
from storage.run_publish import publish_run
from storage.run_work import drop_undone, undo_run
from storage.runs import PUBLISH, START, UNDO, RunRefused, log, notify
from storage.session import Session, raw_connection


class UnknownOrder(ValueError):
    """A command this version does not know: kept as a dead letter."""

    permanent = True


async def obey(session: Session, subject: str, payload: dict[str, Any]) -> None:
    """Do what the command says. Repeating it changes nothing. A refusal goes into the run's log."""
    run_id = payload.get("run_id")
    if not isinstance(run_id, int):
        raise UnknownOrder(f"В поручении {subject} нет номера прогона.")
    if subject == START:
        await plan(await raw_connection(session), run_id)
    elif subject == UNDO:
        await undo_run(await raw_connection(session), run_id)
    elif subject == PUBLISH:
        await _publish(session, run_id)
    else:
        raise UnknownOrder(f"Неизвестное поручение {subject}.")


async def _publish(session: Session, run_id: int) -> None:
    try:
        async with session.begin_nested():
            await publish_run(session, run_id)
    except RunRefused as refusal:
        await session.execute(
            text(
                "UPDATE runs SET requested_by = NULL, requested_at = NULL, approved_by = NULL "
                "WHERE id = :id AND state = 'checked'"
            ),
            {"id": run_id},
        )
        await log(session, run_id, "refused", refusal.message)
        await notify(session, run_id)


async def sweep(database: Database) -> int:
    """Drop the lines of undone runs; how many were dropped."""
    async with database.transaction() as session:
        return await drop_undone(await raw_connection(session))
