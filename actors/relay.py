"""Carries events from the outbox to NATS: sent with the event's id, marked after the stream has it on disk.

Killed between the two, it sends again and the stream keeps one. Woken by NOTIFY at commit, and polls anyway.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from gateways.bus import Outgoing
from storage import outbox
from storage.engine import Database

log = logging.getLogger("paylogic.relay")

Publish = Callable[[Sequence[Outgoing]], Awaitable[list[str]]]  # ids of what the stream has


class Relay:
    """One relay is enough; two share the work, since each locks the rows it sends."""

    def __init__(self, database: Database, publish: Publish) -> None:
        self._database = database
        self._publish = publish

    async def run(self) -> None:
        """Send whatever comes, for ever. Raises when PostgreSQL or NATS is away; whoever runs it tries
        again.
        """
        await self.drain()
        async for _ in outbox.listen(self._database.url):
            await self.drain()

    async def drain(self) -> int:
        """Send all that waits; how many were sent."""
        total = 0
        while sent := await self.send_batch():
            total += sent
        return total

    async def send_batch(self) -> int:
        """Send the oldest events that wait. What the stream did not take stays for the next time."""
        async with self._database.transaction() as session:
            waiting = await outbox.unsent(session)
            if not waiting:
                return 0
            sent = set(
                await self._publish(
                    [Outgoing(event.event_id, event.subject, event.payload) for event in waiting]
                )
            )
            await outbox.mark_sent(session, [event.id for event in waiting if event.event_id in sent])
        if len(sent) < len(waiting):
            log.warning(
                "%s of %s events were not taken by the stream", len(waiting) - len(sent), len(waiting)
            )
        return len(sent)
