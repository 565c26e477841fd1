"""A connection to NATS: streams as declared, publishing answered after the disk has it."""

import asyncio
import datetime as dt
import json
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

from gateways.bus.consumer import Consumer
from gateways.bus.durability import require_durable
from gateways.bus.errors import BusUnavailable
from gateways.bus.streams import CONSUMERS, STREAMS, ConsumerPlan, StreamPlan, consumer_plan

log = logging.getLogger("paylogic.bus")

PUBLISH_S_MAX = 5.0
PUBLISHING_MAX = 200  # in flight at once: 4,750 durable events a second instead of 2,050 one by one
CONNECT_S_MAX = 5.0
RECONNECT_PAUSE_S = 0.5
REQUEST_S_MAX = 10.0
FLUSH_S_MAX = 2

FAILURES = (nats.errors.Error, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event of the outbox. id becomes Nats-Msg-Id: sent twice, it is kept once."""

    id: str
    subject: str
    payload: dict[str, Any]


async def connect(
    url: str,
    *,
    prefix: str = "",
    monitor_url: str | None = None,
    sync_confirmed: bool = False,
    name: str = "paylogic",
    replicas: int = 1,
) -> "Bus":
    """Connect; afterwards the connection restores itself for ever. Raises BusUnavailable at first failure.

    prefix sets the streams and subjects of this bus apart from others on one server (tests).
    """
    try:
        connecting = nats.connect(
            url,
            name=name,
            connect_timeout=CONNECT_S_MAX,
            reconnect_time_wait=RECONNECT_PAUSE_S,
            max_reconnect_attempts=-1,
            allow_reconnect=True,
            ping_interval=10,
            error_cb=_on_error,
            disconnected_cb=_on_disconnect,
            reconnected_cb=_on_reconnect,
        )
        client = await asyncio.wait_for(connecting, CONNECT_S_MAX)  # the option is for one try of many
    except FAILURES as error:
        raise BusUnavailable(error) from error
    return Bus(client, prefix, monitor_url, sync_confirmed, replicas)


class Bus:
    """Publishing and consuming over one connection."""

    def __init__(
        self, client: Client, prefix: str, monitor_url: str | None, sync_confirmed: bool, replicas: int
    ) -> None:
        self._client = client
        self._js = client.jetstream(timeout=REQUEST_S_MAX)
        self._prefix = prefix
        self._monitor_url = monitor_url
        self._sync_confirmed = sync_confirmed
        self._replicas = replicas

    @property
    def is_connected(self) -> bool:
        return bool(self._client.is_connected)

    async def require_durable(self) -> None:
        """Refuse (BusNotDurable) to go on over a server that may lose what it acknowledged."""
        await require_durable(self._monitor_url, self._sync_confirmed)

    # ---- streams ---------------------------------------------------------------------------------

    async def ensure_streams(
        self, streams: Iterable[StreamPlan] = STREAMS, consumers: Iterable[ConsumerPlan] = CONSUMERS
    ) -> None:
        """Make the server's streams and consumers equal to the declared ones; safe to repeat and to race."""
        try:
            for stream in streams:
                await self._ensure_stream(stream)
            for consumer in consumers:
                await self._js.add_consumer(self._stream(consumer.stream), self._consumer_config(consumer))
        except FAILURES as error:
            raise BusUnavailable(error) from error

    async def _ensure_stream(self, plan: StreamPlan) -> None:
        config = StreamConfig(
            name=self._stream(plan.name),
            description=plan.title,
            subjects=[self._subject(plan.subject)],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            max_age=plan.age_s_max,
            max_bytes=plan.bytes_max,
            duplicate_window=plan.dedupe_s,
            num_replicas=self._replicas,
            allow_direct=True,
        )
        try:
            await self._js.add_stream(config)
        except nats.js.errors.BadRequestError:  # it is there with other settings
            await self._js.update_stream(config)

    def _consumer_config(self, plan: ConsumerPlan) -> ConsumerConfig:
        return ConsumerConfig(
            durable_name=plan.name,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=plan.ack_wait_s,
            max_deliver=-1,  # attempts are counted by our consumer, which buries a hopeless event by name
            max_ack_pending=plan.in_flight_max,
            filter_subject=self._subject(plan.filter),
        )

    async def births(self, streams: Iterable[StreamPlan] = STREAMS) -> dict[str, dt.datetime | None]:
        """When each stream was made by the server; None for one that is not there. Raises BusUnavailable."""
        made: dict[str, dt.datetime | None] = {}
        for plan in streams:
            try:
                made[plan.name] = (await self._js.stream_info(self._stream(plan.name))).created
            except nats.js.errors.NotFoundError:
                made[plan.name] = None
            except FAILURES as error:
                raise BusUnavailable(error) from error
        return made

    async def delete_streams(self, streams: Iterable[StreamPlan] = STREAMS) -> None:
        """Remove the streams of this bus; for tests, hence only under a prefix."""
        assert self._prefix, "streams of a living stack are never removed"
        for stream in streams:
            try:
                await self._js.delete_stream(self._stream(stream.name))
            except nats.js.errors.NotFoundError:
                continue

    async def pending(self, consumer: str) -> int:
        """Events a consumer has not acknowledged yet."""
        plan = consumer_plan(consumer)
        try:
            info = await self._js.consumer_info(self._stream(plan.stream), plan.name)
        except FAILURES as error:
            raise BusUnavailable(error) from error
        return int(info.num_pending or 0) + int(info.num_ack_pending or 0)

    # ---- publishing ------------------------------------------------------------------------------

    async def publish(self, event: Outgoing) -> None:
        """Send one event and wait until the server has it on disk.

        Raises BusUnavailable; sending again is safe.
        """
        body = json.dumps(event.payload, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            await self._js.publish(
                self._subject(event.subject),
                body,
                timeout=PUBLISH_S_MAX,
                stream=self._stream(event.subject.partition(".")[0]),
                headers={"Nats-Msg-Id": event.id},
            )
        except FAILURES as error:
            raise BusUnavailable(error) from error

    async def publish_many(self, events: Sequence[Outgoing]) -> list[str]:
        """Send events side by side; ids of those the server has on disk. The rest are to be sent again.

        Order within a batch is not kept: consumers must not lean on it. Raises BusUnavailable when none went.
        """
        gate = asyncio.Semaphore(PUBLISHING_MAX)

        async def send(event: Outgoing) -> None:
            async with gate:
                await self.publish(event)

        answers = await asyncio.gather(*(send(event) for event in events), return_exceptions=True)
        sent = []
        failure: BaseException | None = None
        for event, answer in zip(events, answers, strict=True):
            if answer is None:
                sent.append(event.id)
            elif isinstance(answer, BusUnavailable):
                failure = answer
            else:
                raise answer
        if failure is not None and not sent:
            raise failure
        return sent

    # ---- consuming -------------------------------------------------------------------------------

    async def consumer(self, plan: str | ConsumerPlan) -> Consumer:
        """A reader of a declared consumer; several readers of one consumer share its events."""
        declared = consumer_plan(plan) if isinstance(plan, str) else plan
        try:
            pull = await self._js.pull_subscribe_bind(
                consumer=declared.name, stream=self._stream(declared.stream)
            )
        except FAILURES as error:
            raise BusUnavailable(error) from error
        return Consumer(declared, pull, self._client, prefix=self._prefix)

    async def close(self) -> None:
        """Send what is buffered (refusals of events) and disconnect."""
        if self._client.is_connected:
            with suppress(*FAILURES):
                await self._client.flush(FLUSH_S_MAX)
        await self._client.close()

    def _stream(self, name: str) -> str:
        return f"{self._prefix}-{name}" if self._prefix else name

    def _subject(self, subject: str) -> str:
        return f"{self._prefix}.{subject}" if self._prefix else subject


async def _on_error(error: Exception) -> None:
    log.warning("NATS: %r", error)


async def _on_disconnect() -> None:
    log.warning("NATS: disconnected, events wait in the outbox")


async def _on_reconnect() -> None:
    log.info("NATS: connected again")
