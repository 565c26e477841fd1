"""Obeys the commands of penalties: count (block after block), post, undo, try a rule of surpluses."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from storage import netting_work, trials
from storage.engine import Database
from storage.netting import TRY
from storage.penalty_post import post, undo
from storage.penalty_runs import COUNT, POST, UNDO
from storage.penalty_work import count


class UnknownPenaltyOrder(ValueError):
    """A command this version does not know: kept as a dead letter."""

    permanent = True


async def obey(database: Database, subject: str, payload: dict[str, Any]) -> None:
    """Do what the command says. Repeating it changes nothing: each looks at the state of the computation."""
    if subject == TRY:
        await netting_work.count(database, int(payload["netting_trial_id"]))
        return
    run_id = payload.get("penalty_run_id")
    if not isinstance(run_id, int):
        raise UnknownPenaltyOrder(f"В поручении {subject} нет номера расчёта.")
    if subject == COUNT:
        await count(database, run_id)
        return
    if subject not in (POST, UNDO):
        raise UnknownPenaltyOrder(f"Неизвестное поручение {subject}.")
    async with database.transaction() as session:
        await (post if subject == POST else undo)(session, run_id)


async def give_up(database: Database, payload: dict[str, Any]) -> None:
    """A command nobody could do: say so to whoever waits for it."""
    words = "Расчёт не удался. Мы записали причину, администратор её видит. Отмените его и посчитайте заново."
    async with database.transaction() as session:
        await session.execute(
            text("""
            UPDATE penalty_runs SET state = 'failed', error = :words
             WHERE id = :id AND state IN ('planned', 'counting', 'posting')"""),
            {"words": words, "id": payload.get("penalty_run_id")},
        )
        await trials.fail(session, "netting_trials", payload.get("netting_trial_id"), words)
