"""Takes commands of imports from the stream: check a workbook, load it; once each."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from actors.orders import bury
from gateways.bus import Buried, Event
from storage import outbox
from storage.engine import Database
from storage.import_orders import give_up, obey

log = logging.getLogger("paylogic.imports")

CONSUMER = "imports"


class Imports:
    """Handler of the consumer `imports`: one workbook at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def handle(self, events: Sequence[Event]) -> None:
        """Each in a transaction of its own; a repeat changes nothing."""
        for event in events:
            async with self._database.transaction() as session:
                if await outbox.once(session, CONSUMER, event.id):
                    await obey(session, event.subject, event.payload)
                    log.info("%s %s", event.subject, event.payload)

    async def bury(self, buried: Buried) -> None:
        """Keep the command for a person to look at and tell the one who waits."""
        await bury(self._database, buried)
        async with self._database.transaction() as session:
            await give_up(session, buried.payload)
