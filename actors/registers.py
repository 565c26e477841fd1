"""Takes commands of registers from the stream: read, stage, post, compare with ours; once each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from actors import agent_days
from actors.orders import bury
from actors.register_rows import staged
from gateways.bus import Buried, Event
from gateways.registers import Parsed, RegisterProfile, RegisterRefused, parse
from storage import agent_days as days
from storage import outbox, registers
from storage.engine import Database
from storage.registers import Waiting
from storage.session import Session

log = logging.getLogger("paylogic.registers")

CONSUMER = "registers"


class Registers:
    """Handler of the consumer `registers`: one file at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def handle(self, events: Sequence[Event]) -> None:
        """Each in a transaction of its own; a repeat changes nothing."""
        for event in events:
            async with self._database.transaction() as session:
                if await outbox.once(session, CONSUMER, event.id):
                    await _take(session, event)
                    log.info("%s %s", event.subject, event.payload)

    async def bury(self, buried: Buried) -> None:
        """Keep the command for a person to look at and tell the one who waits."""
        await bury(self._database, buried)
        async with self._database.transaction() as session:
            await registers.give_up(session, int(buried.payload.get("register_id", 0)))
            await days.give_up(session, buried.payload)


async def _take(session: Session, event: Event) -> None:
    if event.subject in agent_days.SUBJECTS:
        await agent_days.take(session, event.subject, event.payload)
    elif event.subject == registers.STAGE:
        await stage(session, int(event.payload["register_id"]))
    elif event.subject == registers.ACCEPT:
        await registers.accept(session, int(event.payload["register_id"]))


async def stage(session: Session, register_id: int) -> None:
    """Read a file and write its rows with verdicts, or the reason why not."""
    register = await registers.waiting(session, register_id)
    if register is None:
        return
    refusal = await registers.twin(session, register)
    if refusal is None:
        try:
            parsed = await asyncio.to_thread(_read, register)
        except RegisterRefused as error:
            refusal = str(error)
    if refusal is not None:
        await registers.refuse(session, register_id, refusal)
        return
    rows = [staged(row) for row in parsed.rows]
    await registers.stage(session, register, rows, parsed.encoding, parsed.is_totalled)


def _read(register: Waiting) -> Parsed:
    profile = RegisterProfile.model_validate(register.profile)
    return parse(profile, register.content, register.file_name, register.ticket)
