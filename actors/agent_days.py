"""Commands of agents' days for the consumer of registers: compare a file, post or cancel a difference."""

from __future__ import annotations

import asyncio
from typing import Any

from actors.register_rows import staged
from gateways.registers import Parsed, RegisterProfile, RegisterRefused, parse
from storage import agent_days
from storage.agent_days import CANCEL, COMPARE, POST, DayRefused, Waiting
from storage.session import Session

SUBJECTS = (COMPARE, POST, CANCEL)


async def take(session: Session, subject: str, payload: dict[str, Any]) -> None:
    """Carry out one command; a repeat changes nothing."""
    if subject == COMPARE:
        await compare(session, int(payload["day_id"]))
    elif subject == POST:
        await agent_days.post(session, int(payload["row_id"]))
    else:
        await agent_days.cancel(session, int(payload["row_id"]))


async def compare(session: Session, day_id: int) -> None:
    """Read a register of a day and lay it against ours, or say why it cannot be."""
    day = await agent_days.waiting(session, day_id)
    if day is None:
        return
    try:
        parsed = await asyncio.to_thread(_read, day)
        await agent_days.lay(session, day, [staged(row) for row in parsed.rows])
    except (RegisterRefused, DayRefused) as error:
        await agent_days.refuse(session, day_id, str(error))


def _read(day: Waiting) -> Parsed:
    profile = RegisterProfile.model_validate(day.profile)
    return parse(profile.model_copy(update={"ticket": None}), day.content, day.file_name)
