"""Reading events: fetch a batch, let the handler commit, then acknowledge and wait for the answer to it."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nats.errors
from nats.aio.msg import Msg

from gateways.bus.streams import ConsumerPlan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nats.aio.client import Client
    from nats.js.client import JetStreamContext

log = logging.getLogger("paylogic.bus")

FETCH_S = 5.0
ACK_S_MAX = 5.0
PAUSE_S = 1.0  # after a failure of the bus itself


@dataclass(frozen=True, slots=True)
class Event:
    """One delivery of an event. id is that of the outbox: the handler writes it with the effect."""

    id: str
    subject: str
    payload: dict[str, Any]
    attempt: int


@dataclass(frozen=True, slots=True)
class Buried:
    """An event that will not be delivered again, for the table of dead letters."""

    consumer: str
    event_id: str
    subject: str
    payload: dict[str, Any]
    error: str
    attempts: int


Handle = Callable[[Sequence[Event]], Awaitable[None]]
Bury = Callable[[Buried], Awaitable[None]]
IsTransient = Callable[[BaseException], bool]


def transient_by_default(error: BaseException) -> bool:
    """Trouble of the surroundings, not of the event: `permanent` of our own errors, or a lost connection."""
    permanent = getattr(error, "permanent", None)
    if isinstance(permanent, bool):
        return not permanent
    return isinstance(error, (OSError, TimeoutError, nats.errors.Error))


class Consumer:
    """Delivers each event at least once, to a handler that makes it exactly once.

    handle(events) commits the effects and the ids of all of them in one transaction. When it raises:
    trouble of the surroundings → all come again later, without limit; otherwise each is tried alone, and
    one that is permanent or fails attempts_max times goes to bury() and is not delivered again.
    """

    def __init__(
        self,
        plan: ConsumerPlan,
        pull: "JetStreamContext.PullSubscription",
        client: "Client",
        prefix: str = "",
    ) -> None:
        self.plan = plan
        self._pull = pull
        self._client = client
        self._prefix = f"{prefix}." if prefix else ""

    async def run(
        self,
        handle: Handle,
        bury: Bury,
        stop: asyncio.Event,
        is_transient: IsTransient = transient_by_default,
    ) -> None:
        """Consume until stop is set; the batch in hand is finished first."""
        while not stop.is_set():
            try:
                await self.once(handle, bury, is_transient)
            except (nats.errors.Error, OSError, TimeoutError) as error:
                log.warning("consumer %s: bus failed (%r), trying again", self.plan.name, error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), PAUSE_S)

    async def once(
        self,
        handle: Handle,
        bury: Bury,
        is_transient: IsTransient = transient_by_default,
        wait_s: float = FETCH_S,
    ) -> int:
        """One batch; how many events were acknowledged. 0 when none came within wait_s or all failed."""
        try:
            messages = await self._pull.fetch(self.plan.batch_max, timeout=wait_s)
        except (nats.errors.TimeoutError, TimeoutError):
            return 0
        pairs = []
        for message in messages:
            event = self._event(message)
            if isinstance(event, Buried):
                await self._bury(message, event, bury)
            else:
                pairs.append((message, event))
        if not pairs:
            return 0
        async with self._prolonged(messages):
            return await self._handle(pairs, handle, bury, is_transient)

    async def _handle(
        self, pairs: list[tuple[Msg, Event]], handle: Handle, bury: Bury, is_transient: IsTransient
    ) -> int:
        try:
            await handle([event for _, event in pairs])
        except Exception as error:
            if is_transient(error):
                log.warning("consumer %s: %r, %s events will come again", self.plan.name, error, len(pairs))
                await asyncio.gather(*(self._later(message, event) for message, event in pairs))
                return 0
            if len(pairs) > 1:  # one of them is bad: find it without holding up the others
                return sum([await self._handle([pair], handle, bury, is_transient) for pair in pairs])
            await self._failed(*pairs[0], error, bury)
            return 0
        await asyncio.gather(*(message.ack_sync(timeout=ACK_S_MAX) for message, _ in pairs))
        return len(pairs)

    async def _failed(self, message: Msg, event: Event, error: Exception, bury: Bury) -> None:
        hopeless = getattr(error, "permanent", None) is True or event.attempt >= self.plan.attempts_max
        log.error(
            "consumer %s: event %s (%s) failed at attempt %s",
            self.plan.name,
            event.id,
            event.subject,
            event.attempt,
            exc_info=error,
        )
        if not hopeless:
            await self._later(message, event)
            return
        words = str(error) or type(error).__name__
        buried = Buried(self.plan.name, event.id, event.subject, event.payload, words, event.attempt)
        await self._bury(message, buried, bury)

    async def _bury(self, message: Msg, buried: Buried, bury: Bury) -> None:
        try:
            await bury(buried)
        except Exception:
            log.exception("consumer %s: dead letter %s was not kept", self.plan.name, buried.event_id)
            await message.nak(self.plan.delay_s(buried.attempts))
            return
        await self._client.request(message.reply, b"+TERM", timeout=ACK_S_MAX)

    async def _later(self, message: Msg, event: Event) -> None:
        await message.nak(self.plan.delay_s(event.attempt))

    def _event(self, message: Msg) -> Event | Buried:
        subject = message.subject.removeprefix(self._prefix)
        event_id = (message.headers or {}).get("Nats-Msg-Id", "")
        attempt = message.metadata.num_delivered or 1
        try:
            payload = json.loads(message.data)
            if not event_id or not isinstance(payload, dict):
                raise ValueError("нет идентификатора или тело не объект")
        except ValueError as error:
            raw = {"raw": message.data.decode("utf-8", "replace")}
            known = event_id or f"{self.plan.stream}-{message.metadata.sequence.stream}"
            return Buried(self.plan.name, known, subject, raw, f"Событие не читается: {error}", attempt)
        return Event(event_id, subject, payload, attempt)

    @asynccontextmanager
    async def _prolonged(self, messages: Sequence[Msg]) -> "AsyncIterator[None]":
        """While the handler works, tell the server so: another reader must not get the same events."""

        async def tell() -> None:
            while True:
                await asyncio.sleep(self.plan.ack_wait_s / 3)
                for message in messages:
                    if not message.is_acked:
                        await message.in_progress()

        task = asyncio.create_task(tell())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, nats.errors.Error, OSError):
                await task
