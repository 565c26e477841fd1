"""Takes readings from the stream: judged again and written, with the event's id, in one transaction a
reading.

The page judged the reading when it was typed; between then and now another may have come. A refusal is an
answer: it goes into the inbox row, where the sender's page reads it. What cannot be understood becomes a dead
letter.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

from actors.orders import bury
from billing.reading import ReadingRefused
from billing.vee.batch import NONE
from gateways.bus import Buried, Event
from storage import held_readings, inbox, outbox
from storage.engine import Database
from storage.month_pages import open_period
from storage.readings import give_reading
from storage.robots import today_at_meter
from storage.session import Session

log = logging.getLogger("paylogic.intake")

CONSUMER = "readings-intake"
ZONES = 3


class BadEvent(ValueError):
    """An event of readings that does not say what it must."""

    permanent = True


class Intake:
    """Handler of the consumer `readings-intake`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def handle(self, events: Sequence[Event]) -> None:
        """All readings of a batch in one transaction; a refused one undoes only itself."""
        async with self._database.transaction() as session:
            for event in events:
                if await outbox.once(session, CONSUMER, event.id):
                    await self._obey(session, event)

    async def _obey(self, session: Session, event: Event) -> None:
        if event.subject == held_readings.SUBJECT:
            await self._decide(session, event)
        else:
            await self._take(session, event)

    async def _decide(self, session: Session, event: Event) -> None:
        """What a person decided about a held reading."""
        held_id, opened = event.payload.get("held_id"), await open_period(session)
        if not isinstance(held_id, int):
            raise BadEvent("В решении о показании нет его номера.")
        if opened is None:
            raise BadEvent("Нет открытого месяца, показание некуда записать.")
        await held_readings.carry_out(session, held_id, opened)

    async def _take(self, session: Session, event: Event) -> None:
        payload = event.payload
        reading = _reading(payload)
        source, _, key = event.id.partition(":")
        opened = await open_period(session)
        if opened is None:
            raise BadEvent("Нет открытого месяца, показание некуда записать.")
        try:
            async with session.begin_nested():
                given = await give_reading(
                    session,
                    **reading,
                    event_id=event.id,
                    today=await today_at_meter(session, reading["meter_id"]),
                    open_period=opened,
                )
        except ReadingRefused as refusal:
            log.info("reading %s refused: %s", event.id, refusal.code)
            answer = {"code": refusal.code, "message": refusal.message}
            await inbox.settle(session, source, key, "refused", answer)
            return
        await inbox.settle(
            session, source, key, "processed", {"reading_id": given.reading_id, "message": given.message}
        )

    async def bury(self, buried: Buried) -> None:
        """Keep an event that cannot be processed."""
        await bury(self._database, buried)


def _reading(payload: dict[str, Any]) -> dict[str, Any]:
    """Arguments of give_reading from an event of schema 1: meter_id, values (micro-units by zone), taken_on,
    source.
    """
    try:
        values = [int(value) for value in payload["values"]]
        if not 1 <= len(values) <= ZONES:
            raise ValueError("values")
        padded = (*values, *([0] * (ZONES - len(values))))
        return {
            "meter_id": int(payload["meter_id"]),
            "values": padded,
            "taken_on": dt.date.fromisoformat(payload["taken_on"]),
            "source": str(payload["source"]),
            "user_id": None if payload.get("user_id") is None else int(payload["user_id"]),
            "confirmed": bool(payload.get("confirmed", False)),
            "period": None if payload.get("period") is None else dt.date.fromisoformat(payload["period"]),
            "total_micro": NONE if payload.get("total_micro") is None else int(payload["total_micro"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise BadEvent(f"Событие показания не понято: {error!r}.") from error
