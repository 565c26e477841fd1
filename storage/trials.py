"""Settings tried on real accounts before they are chosen: what trials of every kind have in common.

Every table of trials has the columns of `storage.second_person` and state 'planned', 'counting', 'counted',
'failed' before them, created_at, ground, error. Who decides on a counted trial is a second person.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Row, text

from storage.second_person import ValueRefused
from storage.session import Session

TrialTable = Literal["netting_trials", "policy_trials"]
LIVE = ("planned", "counting")
TRIALS_MAX = 100
"""Trials of one list: the newest."""


async def known(session: Session, table: TrialTable, command_id: str) -> int | None:
    """The trial a command has made already."""
    found = await session.scalar(
        text(f"SELECT id FROM {table} WHERE command_id = :command"),  # noqa: S608
        {"command": command_id},
    )
    return None if found is None else int(found)


async def counted(session: Session, table: TrialTable, trial_id: int) -> Row[Any]:
    """A counted trial nobody has chosen yet, locked. Raises ValueRefused."""
    row = (
        await session.execute(
            text(f"SELECT * FROM {table} WHERE id = :id FOR UPDATE"),  # noqa: S608
            {"id": trial_id},
        )
    ).one_or_none()
    if row is None or row.state != "counted":
        raise ValueRefused("not-counted", "Выбирают посчитанную пробу, по которой ещё не решали.")
    return row


async def choose(session: Session, table: TrialTable, trial_id: int, ground: str, user_id: int) -> None:
    """Let a counted trial wait for a second person."""
    await session.execute(
        text(
            f"UPDATE {table} SET state = 'waiting', ground = :ground, proposed_by = :user_id WHERE id = :id"  # noqa: S608
        ),
        {"id": trial_id, "ground": ground, "user_id": user_id},
    )


async def fail(session: Session, table: TrialTable, trial_id: int | None, words: str) -> None:
    """Say to who waits that a trial could not be counted."""
    await session.execute(
        text(
            f"UPDATE {table} SET state = 'failed', error = :words "  # noqa: S608
            "WHERE id = :id AND state IN ('planned', 'counting')"
        ),
        {"words": words, "id": trial_id},
    )
