"""Keeps the streams there: makes those that are gone, and has the outbox sent anew when a store was lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from gateways.bus import STREAMS, Bus, StreamPlan
from storage.engine import Database
from storage.stream_marks import restore

log = logging.getLogger("paylogic.keeper")

LOOK_S = 10.0


class Keeper:
    """Looks at the streams now and then; what it finds is written in one transaction a stream."""

    def __init__(self, database: Database, bus: Bus, streams: Sequence[StreamPlan] = STREAMS) -> None:
        self._database = database
        self._bus = bus
        self._streams = streams

    async def run(self, stop: asyncio.Event) -> None:
        """Until stop is set. Raises when PostgreSQL or NATS is away; whoever runs it tries again."""
        while not stop.is_set():
            await self.look()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_S)

    async def look(self) -> int:
        """Make what is missing and note when each stream was born; how many events will be sent anew."""
        births = await self._bus.births(self._streams)
        if None in births.values():
            log.error("streams %s are gone, made again", [name for name, at in births.items() if at is None])
            await self._bus.ensure_streams(self._streams)
            births = await self._bus.births(self._streams)
        total = 0
        for plan in self._streams:
            born_at = births[plan.name]
            if born_at is None:
                continue  # gone again between two looks: the next look makes it
            async with self._database.transaction() as session:
                count = await restore(session, plan.name, born_at, plan.age_s_max)
            if count:
                log.warning("stream %s is new, %s events of the outbox go out anew", plan.name, count)
            total += count
        return total
