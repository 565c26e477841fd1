"""A reading a person gave on a page: judged, then kept as an inbox row and an event in one transaction.

The event is SUBJECT with the payload of `payload_of`; the intake takes the reading
(storage.readings.give_reading with event_id) and settles the inbox row: state `processed` or `refused`,
answer {"message"}. A page reads that state back by the same source and key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.history import Values
from storage import inbox
from storage.inbox import Accepted
from storage.jsonb import parsed
from storage.readings import Checked, check_reading
from storage.session import Session

SUBJECT = "readings.given"
SOURCES = {"resident": "cabinet", "company": "desk"}
"""Source of a reading → source of the inbox row."""
WAITING_STATES = ("accepted",)


@dataclass(frozen=True, slots=True)
class Sent:
    """A reading on its way: what it was judged to mean, and the answer a repeat will get."""

    checked: Checked
    accepted: Accepted


@dataclass(frozen=True, slots=True)
class InboxState:
    """How far a sent reading is: accepted (on its way), processed, refused; with words for the person."""

    state: str
    message: str
    meter_id: int

    @property
    def is_waiting(self) -> bool:
        """Whether the intake has not taken it yet."""
        return self.state in WAITING_STATES


def payload_of(
    meter_id: int,
    values: Values,
    taken_on: dt.date,
    source: str,
    user_id: int | None,
    confirmed: bool,
    period: dt.date | None = None,
) -> dict[str, Any]:
    """What the event carries; values are micro-units by zone, taken_on is ISO; period when the month it
    closes is said (a past one put right).
    """
    said = {} if period is None else {"period": period.isoformat()}
    return said | {
        "meter_id": meter_id,
        "values": list(values),
        "taken_on": taken_on.isoformat(),
        "source": source,
        "user_id": user_id,
        "confirmed": confirmed,
    }


async def send_reading(
    session: Session,
    meter_id: int,
    texts: Sequence[str],
    *,
    taken_on: dt.date,
    source: str,
    user_id: int | None,
    key: str,
    today: dt.date,
    open_period: dt.date,
    confirmed: bool = False,
    period: dt.date | None = None,
) -> Sent:
    """Judge what was typed and send it on; the caller commits, then answers.

    Raises ReadingRefused or ReadingAsked having written nothing, KeyReused when the key came with another.
    """
    checked = await check_reading(
        session,
        meter_id,
        texts,
        taken_on=taken_on,
        source=source,
        today=today,
        open_period=open_period,
        confirmed=confirmed,
        period=period,
    )
    meter = (
        await session.execute(
            text("SELECT account_id, company_id FROM meters WHERE id = :id"), {"id": meter_id}
        )
    ).one()
    accepted = await inbox.accept(
        session,
        source=SOURCES[source],
        key=key,
        payload=payload_of(meter_id, checked.values, taken_on, source, user_id, confirmed, period),
        subject=SUBJECT,
        answer={"message": checked.message},
        company_id=meter.company_id,
        account_id=meter.account_id,
    )
    return Sent(checked, accepted)


async def state_of(session: Session, source: str, key: str) -> InboxState | None:
    """The state of a sent reading, None when there is none we may see. source: of the reading."""
    return (await states_of(session, source, [key])).get(key)


async def states_of(session: Session, source: str, keys: Sequence[str]) -> dict[str, InboxState]:
    """States of several readings by key; keys we may not see are not there."""
    found = await session.execute(
        text("SELECT key, state, answer, payload FROM inbox WHERE source = :source AND key = ANY (:keys)"),
        {"source": SOURCES[source], "keys": list(keys)},
    )
    made = {}
    for row in found:
        answer, payload = parsed(row.answer) or {}, parsed(row.payload)
        made[row.key] = InboxState(row.state, str(answer.get("message", "")), int(payload["meter_id"]))
    return made
