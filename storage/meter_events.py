"""What happens to a meter after its readings were taken: a fault, a refused access, another verification.

The average window of a reading leaves out months of a fault (billing.history), so a change of the past of a
meter brings its later readings up to date in the same transaction. This is the only way to record one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.period import Period
from storage import late_facts
from storage.late_facts import LateFact
from storage.meters import derive, load
from storage.tables.meters import MeterEvent


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A dated state of a meter: fault, refusal, unverified; `after` None = still so."""

    meter_id: int
    kind: str
    first: dt.date
    after: dt.date | None
    ground: str


KNOWN = """
SELECT 1 FROM meter_events WHERE meter_id = :id AND kind = :kind AND valid_from = :first AND superseded_at IS
NULL"""


async def record(session: AsyncSession, event: NewEvent) -> bool:
    """Write the event and derive the readings after it again; False when it is known already."""
    known = {"id": event.meter_id, "kind": event.kind, "first": event.first}
    if await session.scalar(text(KNOWN), known) is not None:
        return False
    place = (
        await session.execute(
            text("UPDATE meters SET has_events = true WHERE id = :id RETURNING house_id, company_id"),
            {"id": event.meter_id},
        )
    ).one()
    event_id = await session.scalar(
        insert(MeterEvent)
        .returning(MeterEvent.id)
        .values(
            meter_id=event.meter_id,
            house_id=place.house_id,
            company_id=place.company_id,
            kind=event.kind,
            ground=event.ground,
            valid_from=event.first,
            valid_to=event.after,
        )
    )
    await derive_since(session, event.meter_id, event.first)
    await _note(session, event, f"meter-event-{event_id}", KIND_WORDS.get(event.kind, event.kind))
    return True


KIND_WORDS = {"fault": "неисправен", "refusal": "не допустили к счётчику", "unverified": "без поверки"}
METER = "SELECT account_id, house_id, service, serial FROM meters WHERE id = :id"


async def _note(session: AsyncSession, event: NewEvent, key: str, words: str) -> None:
    """Tell the queue of late facts: of the account, or of the house when the meter is the house's."""
    meter = (await session.execute(text(METER), {"id": event.meter_id})).one()
    fact = LateFact(
        key=key,
        kind="meter",
        happened_on=event.first,
        after=event.after,
        words=f"Счётчик № {meter.serial}: {words} с {event.first:%d.%m.%Y}",
        ground=event.ground,
        account_id=meter.account_id,
        house_id=meter.house_id,
        service=meter.service,
    )
    await late_facts.note(session, [fact])


async def verify(session: AsyncSession, meter_id: int, until: dt.date) -> bool:
    """The verification lasts until this day; False when that is known already."""
    was = (
        await session.execute(
            text("SELECT verified_until FROM meters WHERE id = :id FOR UPDATE"), {"id": meter_id}
        )
    ).one()
    if was.verified_until == until:
        return False
    await session.execute(
        text("UPDATE meters SET verified_until = :until WHERE id = :id"), {"until": until, "id": meter_id}
    )
    ended = until if was.verified_until is None else min(until, was.verified_until)
    after = ended + dt.timedelta(days=1)
    await derive_since(session, meter_id, after)
    event = NewEvent(meter_id, "verified", after, None, "Поверка")
    key = f"verified-{meter_id}-{was.verified_until}-{until}"
    await _note(session, event, key, f"поверен до {until:%d.%m.%Y}; расчёт меняется")
    return True


async def add_past(session: AsyncSession, meter_id: int, day: dt.date) -> int:
    """An act of a check was written: the meter has a dated past, readings since `day` are derived again."""
    await session.execute(text("UPDATE meters SET has_events = true WHERE id = :id"), {"id": meter_id})
    return await derive_since(session, meter_id, day)


async def derive_since(session: AsyncSession, meter_id: int, day: dt.date) -> int:
    """Readings of the meter from the month of `day` on, derived again; how many changed."""
    month = Period.of(day)
    return await derive(session, await load(session, meter_id, month, lock=True), month)
