"""Takes commands of runs from the stream: start, publish, undo. The effect and the event's id are one
transaction.

A refusal is an answer, not a failure: it goes into the run's log, where whoever asked reads it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from gateways.bus import Buried, Event
from storage import outbox
from storage.engine import Database
from storage.run_orders import obey, sweep

log = logging.getLogger("paylogic.orders")

CONSUMER = "runs"


class Orders:
    """Handler of the consumer `runs`; `wake` is called after a command that gives the supervisor work."""

    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        self._database = database
        self._wake = wake

    async def handle(self, events: Sequence[Event]) -> None:
        """Each command in a transaction of its own: planning a city holds up no undo."""
        for event in events:
            async with self._database.transaction() as session:
                if await outbox.once(session, CONSUMER, event.id):
                    await obey(session, event.subject, event.payload)
                    log.info("%s %s", event.subject, event.payload)
        await sweep(self._database)
        self._wake()

    async def bury(self, buried: Buried) -> None:
        """Keep a command that cannot be obeyed."""
        await bury(self._database, buried)


async def bury(database: Database, buried: Buried) -> None:
    """A dead letter for the page where a person looks at it and sends it again."""
    event = outbox.Event(0, buried.event_id, buried.subject, buried.payload)
    async with database.transaction() as session:
        await outbox.bury(
            session, consumer=buried.consumer, event=event, error=buried.error, attempts=buried.attempts
        )
