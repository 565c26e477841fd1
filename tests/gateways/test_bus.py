"""The bus on a real NATS: kept once, delivered until committed, buried when hopeless, durable or refused."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from cluster.nats import server_binary
from cluster.processes import free_ports, spawn
from gateways.bus import Buried, Bus, BusNotDurable, BusUnavailable, ConsumerPlan, Event, Outgoing, connect
from gateways.bus.streams import CONSUMERS, STREAMS
from tests.support.services import Services

PLAN = ConsumerPlan(
    "readings-intake", "readings", "readings.>", attempts_max=3, backoff_s=(0.05,), ack_wait_s=2.0
)


class Kept:
    """A handler and a grave that remember."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.buried: list[Buried] = []

    async def handle(self, events: Sequence[Event]) -> None:
        self.events += events

    async def bury(self, buried: Buried) -> None:
        self.buried.append(buried)


def reading(number: int) -> Outgoing:
    return Outgoing(f"event-{number}", "readings.given", {"schema": 1, "meter_id": number})


async def test_event_sent_twice_is_kept_once(bus: Bus) -> None:
    await bus.publish(reading(1))

    await bus.publish(reading(1))

    assert await bus.pending("readings-intake") == 1


async def test_batch_is_handled_together_and_acknowledged(bus: Bus) -> None:
    kept = Kept()
    sent = await bus.publish_many([reading(number) for number in range(500)])
    consumer = await bus.consumer(PLAN)

    done = 0
    while done < 500:
        done += await consumer.once(kept.handle, kept.bury, wait_s=5)

    assert len(sent) == 500
    assert {event.id for event in kept.events} == set(sent)
    assert kept.events[0].subject == "readings.given"
    assert await bus.pending("readings-intake") == 0


async def test_event_comes_again_when_the_database_was_away(bus: Bus) -> None:
    kept = Kept()
    away = iter([True] * 5)

    async def handle(events: Sequence[Event]) -> None:
        if next(away, False):
            raise ConnectionRefusedError("PostgreSQL restarts")
        await kept.handle(events)

    await bus.publish(reading(1))
    consumer = await bus.consumer(PLAN)
    while not kept.events:
        await consumer.once(handle, kept.bury, wait_s=1)

    assert kept.events[0].attempt == 6  # more than attempts_max: outages do not count
    assert kept.buried == []


async def test_bad_event_is_buried_with_its_reason_and_the_others_go_on(bus: Bus) -> None:
    kept = Kept()

    async def handle(events: Sequence[Event]) -> None:
        if any(event.payload["meter_id"] == 2 for event in events):
            raise KeyError("нет прибора 2")
        await kept.handle(events)

    await bus.publish_many([reading(number) for number in range(5)])
    consumer = await bus.consumer(PLAN)
    for _ in range(50):
        if kept.buried:
            break
        await consumer.once(handle, kept.bury, wait_s=0.5)

    assert sorted(event.payload["meter_id"] for event in kept.events) == [0, 1, 3, 4]
    assert [(dead.event_id, dead.attempts) for dead in kept.buried] == [("event-2", 3)]
    assert "нет прибора 2" in kept.buried[0].error
    assert await bus.pending("readings-intake") == 0


async def test_permanent_error_is_buried_at_once(bus: Bus) -> None:
    kept = Kept()

    class Refused(Exception):
        permanent = True

    async def handle(events: Sequence[Event]) -> None:
        raise Refused("Показание меньше предыдущего")

    await bus.publish(reading(1))
    consumer = await bus.consumer(PLAN)
    await consumer.once(handle, kept.bury, wait_s=2)

    assert [(dead.error, dead.attempts) for dead in kept.buried] == [("Показание меньше предыдущего", 1)]


async def test_unreadable_event_is_buried(bus: Bus) -> None:
    kept = Kept()
    await bus._js.publish(bus._subject("readings.given"), b"\xff not json")
    consumer = await bus.consumer(PLAN)

    await consumer.once(kept.handle, kept.bury, wait_s=2)

    assert kept.events == []
    assert "не читается" in kept.buried[0].error
    assert await bus.pending("readings-intake") == 0


async def test_grave_that_fails_keeps_the_event(bus: Bus) -> None:
    kept = Kept()
    failures = iter([True])

    class Refused(Exception):
        permanent = True

    async def handle(events: Sequence[Event]) -> None:
        raise Refused("no")

    async def bury(buried: Buried) -> None:
        if next(failures, False):
            raise ConnectionRefusedError
        await kept.bury(buried)

    await bus.publish(reading(1))
    consumer = await bus.consumer(PLAN)
    for _ in range(10):
        await consumer.once(handle, bury, wait_s=0.5)

    assert [dead.event_id for dead in kept.buried] == ["event-1"]


async def test_reader_that_died_before_the_answer_gives_its_event_to_another(bus: Bus) -> None:
    kept = Kept()
    quick = ConsumerPlan("readings-intake", "readings", "readings.>", ack_wait_s=0.5)
    await bus.ensure_streams(consumers=[quick])
    await bus.publish(reading(1))
    first = await bus.consumer(quick)
    await first._pull.fetch(1, timeout=2)  # taken, never answered

    second = await bus.consumer(quick)
    await second.once(kept.handle, kept.bury, wait_s=5)

    assert [(event.id, event.attempt) for event in kept.events] == [("event-1", 2)]


async def test_slow_handler_keeps_its_events_to_itself(bus: Bus) -> None:
    quick = ConsumerPlan("readings-intake", "readings", "readings.>", ack_wait_s=0.6)
    await bus.ensure_streams(consumers=[quick])
    await bus.publish(reading(1))
    kept = Kept()

    async def slow(events: Sequence[Event]) -> None:
        await asyncio.sleep(2.0)
        await kept.handle(events)

    first = await bus.consumer(quick)
    second = await bus.consumer(quick)
    _, stolen = await asyncio.gather(
        first.once(slow, kept.bury, wait_s=2), second.once(kept.handle, kept.bury, wait_s=1.8)
    )

    assert stolen == 0
    assert [event.attempt for event in kept.events] == [1]


async def test_run_stops_when_asked(bus: Bus) -> None:
    kept = Kept()
    stop = asyncio.Event()

    async def handle(events: Sequence[Event]) -> None:
        await kept.handle(events)
        stop.set()

    await bus.publish(reading(1))
    consumer = await bus.consumer(PLAN)
    await asyncio.wait_for(consumer.run(handle, kept.bury, stop), 10)

    assert len(kept.events) == 1


async def test_our_server_is_durable(bus: Bus) -> None:
    await bus.require_durable()


async def test_server_that_syncs_later_is_refused(tmp_path: Path) -> None:
    port, monitor = free_ports(2)
    config = tmp_path / "nats.conf"
    config.write_text(
        f'listen: "127.0.0.1:{port}"\nhttp: "127.0.0.1:{monitor}"\njetstream {{ store_dir: "{tmp_path}" }}\n'
    )
    server = spawn([str(server_binary()), "-c", str(config)], tmp_path / "nats.log")
    try:
        for _ in range(100):
            try:
                other = await connect(f"nats://127.0.0.1:{port}", monitor_url=f"http://127.0.0.1:{monitor}")
                break
            except BusUnavailable:
                await asyncio.sleep(0.05)

        with pytest.raises(BusNotDurable, match="sync_interval: always"):
            await other.require_durable()

        await other.close()
    finally:
        server.terminate()
        server.wait(10)


async def test_unknown_server_needs_a_word_of_the_operator(services: Services) -> None:
    silent = await connect(services.stack.nats_url)
    vouched = await connect(services.stack.nats_url, sync_confirmed=True)

    with pytest.raises(BusNotDurable, match="PAYLOGIC_NATS_SYNC_CONFIRMED"):
        await silent.require_durable()
    await vouched.require_durable()

    await silent.close()
    await vouched.close()


async def test_absent_server_says_that_events_are_safe() -> None:
    (port,) = free_ports(1)

    with pytest.raises(BusUnavailable, match="События сохранены в базе"):
        await connect(f"nats://127.0.0.1:{port}")


def test_every_consumer_reads_a_declared_stream() -> None:
    names = {stream.name for stream in STREAMS}

    assert {consumer.stream for consumer in CONSUMERS} <= names
    assert all(consumer.filter.startswith(f"{consumer.stream}.") for consumer in CONSUMERS)


async def test_streams_are_on_disk_and_made_equal_to_the_plan_again(bus: Bus) -> None:
    await bus.ensure_streams()

    info = await bus._js.stream_info(bus._stream("payments"))
    assert info.config.storage == "file"
    assert info.config.duplicate_window == pytest.approx(3600)
    assert json.dumps(info.config.subjects) == json.dumps([bus._subject("payments.>")])
