"""Held readings: written aside with their verdict, taken or rejected later, never lost and never billed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.history import Values
from billing.vee.evaluate import Finding, Verdict
from storage.meters import Known

SUPERSEDED = "Передано новое показание за этот месяц"

REPEAT = """
SELECT h.id, h.reading_id, h.words, h.volume_micro FROM readings r JOIN held_readings h ON h.reading_id = r.id
 WHERE r.meter_id = :meter_id AND r.period = :period AND r.event_id = :event_id
"""
READING = """
INSERT INTO readings (period, meter_id, house_id, account_id, company_id, taken_on, value1_micro,
                      value2_micro, value3_micro, source, status, prev1_micro, prev2_micro, prev3_micro,
                      event_id, user_id)
VALUES (:period, :meter_id, :house_id, :account_id, :company_id, :taken_on, :value1, :value2, :value3,
        :source, 'held', :prev1, :prev2, :prev3, :event_id, :user_id) RETURNING id
"""
HELD = """
INSERT INTO held_readings (reading_id, period, meter_id, house_id, account_id, company_id, service, zones,
                           source, taken_on, value1_micro, value2_micro, value3_micro, prev1_micro,
                           prev2_micro, prev3_micro, volume_micro, rules, words, given_by)
VALUES (:reading_id, :period, :meter_id, :house_id, :account_id, :company_id, :service, :zones, :source,
        :taken_on, :value1, :value2, :value3, :prev1, :prev2, :prev3, :volume, :rules, :words, :user_id)
"""
CLOSE = """
UPDATE held_readings SET state = 'rejected', decided_at = clock_timestamp(), decided_by = :user_id,
       note = :note
 WHERE meter_id = :meter_id AND period = :period AND state = 'held' RETURNING reading_id
"""
RETIRE = """
UPDATE readings SET status = 'rejected', superseded_at = clock_timestamp()
 WHERE period = :period AND id = ANY (:ids) AND status = 'held'
"""
VERDICTS = """
INSERT INTO reading_verdicts (reading_id, period, company_id, rule, message, severity)
SELECT :reading_id, :period, :company_id, v.rule, v.message, v.severity
  FROM unnest(CAST(:rules AS text[]), CAST(:messages AS text[]), CAST(:severities AS text[]))
    AS v (rule, message, severity)
"""


async def repeated(
    session: AsyncSession, meter_id: int, period: dt.date, event_id: str | None
) -> tuple[int, str, int] | None:
    """A held reading this event has already brought: its id, why it is held, the volume."""
    if event_id is None:
        return None
    row = (
        await session.execute(text(REPEAT), {"meter_id": meter_id, "period": period, "event_id": event_id})
    ).one_or_none()
    return None if row is None else (row.reading_id, row.words, row.volume_micro)


async def hold(
    session: AsyncSession,
    known: Known,
    period: dt.date,
    month: int,
    values: Values,
    volume: int,
    verdict: Verdict,
    *,
    taken_on: dt.date,
    source: str,
    user_id: int | None,
    event_id: str | None,
) -> int:
    """Keep a reading aside; one given before for the same month and still held gives way to it."""
    await session.execute(text("SELECT ensure_reading_partition(:period)"), {"period": period})
    await give_way(session, known.id, period, user_id)
    before = known.previous(month).values
    row: dict[str, Any] = {
        "period": period,
        "meter_id": known.id,
        "house_id": known.house_id,
        "account_id": known.account_id,
        "company_id": known.company_id,
        "taken_on": taken_on,
        "source": source,
        "event_id": event_id,
        "user_id": user_id,
    }
    for zone in range(3):
        row[f"value{zone + 1}"], row[f"prev{zone + 1}"] = values[zone], before[zone]
    reading_id = int(await session.scalar(text(READING), row) or 0)
    rules = [one.rule for one in verdict.of("hold")]
    more = {
        "reading_id": reading_id,
        "service": known.card.service,
        "zones": known.card.zones,
        "volume": volume,
        "rules": rules,
        "words": verdict.held_words,
    }
    await session.execute(text(HELD), {**row, **more})
    await note(session, reading_id, period, known.company_id, verdict.findings)
    return reading_id


async def give_way(session: AsyncSession, meter_id: int, period: dt.date, user_id: int | None) -> None:
    """Held readings of a meter's month that a newer one has replaced."""
    closed = list(
        await session.scalars(
            text(CLOSE), {"meter_id": meter_id, "period": period, "user_id": user_id, "note": SUPERSEDED}
        )
    )
    if closed:
        await session.execute(text(RETIRE), {"period": period, "ids": closed})


async def note(
    session: AsyncSession, reading_id: int, period: dt.date, company_id: int, findings: Sequence[Finding]
) -> None:
    """Keep what the rules said of a reading, held or taken."""
    if not findings:
        return
    await session.execute(
        text(VERDICTS),
        {
            "reading_id": reading_id,
            "period": period,
            "company_id": company_id,
            "rules": [one.rule for one in findings],
            "messages": [one.words for one in findings],
            "severities": [one.severity for one in findings],
        },
    )
