"""A stream whose store was lost is made again and filled from the outbox; nothing is done twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import text

from actors.keeper import Keeper
from actors.relay import Relay
from gateways.bus import STREAMS, Bus, Event
from storage import outbox
from storage.engine import Database
from tests.support.fixtures import STREAM_BYTES_MAX
from tests.support.services import TestDatabase

SMALL = [replace(plan, bytes_max=STREAM_BYTES_MAX) for plan in STREAMS]
CONSUMER = "readings-intake"


class Effects:
    """Counts an effect once an event, as an intake does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.delivered: list[str] = []
        self.done: list[str] = []

    async def handle(self, events: Sequence[Event]) -> None:
        async with self._database.transaction() as session:
            ids = [event.id for event in events]
            self.delivered += ids
            self.done += sorted(await outbox.once_many(session, CONSUMER, ids))

    async def bury(self, buried: object) -> None:
        raise AssertionError(buried)


async def write(database: Database, *names: str) -> None:
    async with database.transaction() as session:
        for name in names:
            await outbox.add(session, "readings.given", {"name": name}, name)


async def test_a_lost_store_is_filled_from_the_outbox_and_nothing_is_done_twice(
    fresh_database: TestDatabase, bus: Bus
) -> None:
    database = Database(fresh_database.url)
    relay, keeper, effects = (
        Relay(database, bus.publish_many),
        Keeper(database, bus, SMALL),
        Effects(database),
    )
    try:
        assert await keeper.look() == 0
        await write(database, "one", "two")
        await relay.drain()
        consumer = await bus.consumer(CONSUMER)
        while len(effects.done) < 2:
            await consumer.once(effects.handle, effects.bury, wait_s=5)
        await write(database, "three")  # sent, not yet read
        await relay.drain()

        await bus.delete_streams()
        assert set((await bus.births()).values()) == {None}
        assert await keeper.look() == 3
        assert await keeper.look() == 0
        await relay.drain()
        while "three" not in effects.done:
            await consumer.once(effects.handle, effects.bury, wait_s=5)
        while await bus.pending(CONSUMER):
            await consumer.once(effects.handle, effects.bury, wait_s=5)

        assert sorted(effects.done) == ["one", "three", "two"]
        assert sorted(effects.delivered) == ["one", "one", "three", "two", "two"]
        async with database.reading() as session:
            assert await session.scalar(text("SELECT sum(restored_count) FROM stream_marks")) == 3
    finally:
        await database.close()
