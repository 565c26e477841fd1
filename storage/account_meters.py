"""Meters of an account with a year of their readings. One statement."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.period import Period
from storage.jsonb import day, parsed
from storage.session import Session

MONTHS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class ReadingMark:
    """A reading of a month: values by zone, what was before, who gave it, whether it counts."""

    period: dt.date
    taken_on: dt.date
    values: tuple[int, int, int]
    previous: tuple[int, int, int]
    prev_period: dt.date | None
    source: str
    status: str
    verdict: str | None


@dataclass(frozen=True, slots=True)
class MeterRow:
    """A meter of the account with its readings, newest first."""

    id: int
    service: int
    serial: str
    model: str | None
    place: str | None
    zones: int
    digits: int
    kind: str
    installed_on: dt.date
    removed_on: dt.date | None
    verified_until: dt.date | None
    initial: tuple[int, int, int]
    readings: tuple[ReadingMark, ...]

    @property
    def last(self) -> ReadingMark | None:
        """The newest reading that counts."""
        return next((one for one in self.readings if one.status == "accepted"), None)

    @property
    def last_values(self) -> tuple[int, int, int]:
        """What stood on the meter last: the newest reading, or the one at installation."""
        return self.last.values if self.last else self.initial


METERS = """
SELECT m.id, m.service, m.serial, m.model, m.place, m.zones, m.digits, m.kind, m.installed_on, m.removed_on,
       m.verified_until, m.initial1_micro, m.initial2_micro, m.initial3_micro,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(
                 r.period, r.taken_on, r.value1_micro, r.value2_micro, r.value3_micro,
                 r.prev1_micro, r.prev2_micro, r.prev3_micro, r.prev_period, r.source, r.status,
                 (SELECT string_agg(v.message, ' ') FROM reading_verdicts v
                   WHERE v.reading_id = r.id AND v.period = r.period AND v.superseded_at IS NULL))
               ORDER BY r.period DESC, r.id DESC), '[]')
          FROM readings r
         WHERE r.meter_id = m.id AND r.period > :since AND r.period <= :last
           AND r.superseded_at IS NULL) AS readings
  FROM meters m
 WHERE m.account_id = ANY (CAST(:ids AS int[])) AND (m.removed_on IS NULL OR m.removed_on > :since)
 ORDER BY m.account_id, m.service, m.place, m.id
"""


async def meters(session: Session, account_id: int, last: dt.date) -> list[MeterRow]:
    """Meters in use or taken off within the year; readings of the twelve months that end with `last`."""
    since = Period.of(last).shift(-MONTHS_SHOWN).first_day
    found = await session.execute(text(METERS), {"ids": [account_id], "since": since, "last": last})
    rows = []
    for row in found:
        values = dict(row._mapping)
        initial = tuple(values.pop(f"initial{zone}_micro") for zone in (1, 2, 3))
        marks = tuple(_mark(one) for one in parsed(values.pop("readings")))
        rows.append(MeterRow(**values, initial=initial, readings=marks))
    return rows


async def meter_ids(session: Session, account_id: int) -> set[int]:
    """Meters that stand on the account."""
    found = await session.execute(
        text("SELECT id FROM meters WHERE account_id = :account_id"), {"account_id": account_id}
    )
    return {row.id for row in found}


def _mark(one: list[Any]) -> ReadingMark:
    return ReadingMark(
        period=dt.date.fromisoformat(one[0]),
        taken_on=dt.date.fromisoformat(one[1]),
        values=(one[2], one[3], one[4]),
        previous=(one[5], one[6], one[7]),
        prev_period=day(one[8]),
        source=one[9],
        status=one[10],
        verdict=one[11],
    )
