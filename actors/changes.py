"""Counts the parts of a month's change when a run is published: one month at a time, house after house."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from actors.orders import bury
from gateways.bus import Buried, Event
from storage.change_work import obey
from storage.engine import Database

log = logging.getLogger("paylogic.changes")

CONSUMER = "changes"


class ChangeCounter:
    """Handler of the consumer `changes`.

    A count commits block by block and looks at what is there, so a repeat goes on or changes nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def handle(self, events: Sequence[Event]) -> None:
        for event in events:
            await obey(self._database, event.subject, event.payload)
            log.info("%s %s", event.subject, event.payload)

    async def bury(self, buried: Buried) -> None:
        """Keep the command for a person to look at."""
        await bury(self._database, buried)
