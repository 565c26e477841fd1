"""Takes commands of penalties from the stream: count, post, undo."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from actors.orders import bury
from gateways.bus import Buried, Event
from storage.engine import Database
from storage.penalty_orders import give_up, obey

log = logging.getLogger("paylogic.penalties")

CONSUMER = "penalties"


class Penalties:
    """Handler of the consumer `penalties`: one computation at a time.

    A count commits block by block, so the event is not written down as done: a repeat finds the state of the
    computation and goes on or changes nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def handle(self, events: Sequence[Event]) -> None:
        for event in events:
            await obey(self._database, event.subject, event.payload)
            log.info("%s %s", event.subject, event.payload)

    async def bury(self, buried: Buried) -> None:
        """Keep the command for a person to look at and tell the one who waits."""
        await bury(self._database, buried)
        await give_up(self._database, buried.payload)
