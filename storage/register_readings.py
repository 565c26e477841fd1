"""Readings that came with rows of a register: each is sent where all readings go or told why not.

A reading is an inbox row of source `register` with the key «register-line-ordinal»; one that cannot be sent
(no such meter, no number) is refused there at once. What the intake made of the others, and what a person
decided about those held by the rules of readings, is read back from the same row: none is lost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.reading import ReadingRefused, parse_values
from storage.session import Session

SUBJECT = "readings.given"
SOURCE = "register"
ACCEPTED, REFUSED = "accepted", "refused"


@dataclass(frozen=True, slots=True)
class _Sent:
    """An inbox row to be: without an event when it is refused."""

    key: str
    payload: dict[str, Any]
    answer: dict[str, Any]
    state: str
    company_id: int | None
    account_id: int | None


METERS = """
SELECT w.ordinal - 1 AS at, m.id, m.company_id, m.account_id, m.zones, m.removed_on,
       m.serial = w.name AS by_serial
  FROM unnest(CAST(:accounts AS int[]), CAST(:names AS text[])) WITH ORDINALITY
    AS w(account_id, name, ordinal)
  JOIN meters m ON m.account_id = w.account_id AND (m.serial = w.name OR m.id::text = w.name)
 ORDER BY 1, m.id"""


async def send(session: Session, register_id: int, rows: Sequence[Any]) -> None:
    """Send on what rows of an accepted register brought; a meter is named by its serial or number."""
    given = [
        (row, ordinal, str(name), str(value))
        for row in rows
        for ordinal, (name, value) in enumerate(row.readings or [], 1)
    ]
    if not given:
        return
    found = await session.execute(
        text(METERS),
        {"accounts": [row.account_id for row, *_ in given], "names": [name for _, _, name, _ in given]},
    )
    meters: dict[int, list[Any]] = {}
    for meter in found:
        meters.setdefault(meter.at, []).append(meter)
    await _keep(
        session,
        [
            _judged(f"{register_id}-{row.line}-{ordinal}", row, name, value, meters.get(at, []))
            for at, (row, ordinal, name, value) in enumerate(given)
        ],
    )


def _judged(key: str, row: Any, name: str, value: str, meters: Sequence[Any]) -> _Sent:
    """What becomes of one reading before the rules of readings see it."""
    meter = _chosen(meters)
    payload = {"meter": name, "value": value, "taken_on": row.paid_on.isoformat()}
    company_id = meters[0].company_id if meters else None
    try:
        if meter is None:
            raise ReadingRefused("meter", _not_chosen(row, name, meters))
        if meter.zones != 1:
            raise ReadingRefused(
                "zones", f"У счётчика {name} тарифных зон: {meter.zones}, а показание одно. Внесите по зонам."
            )
        values = parse_values([value], 1)
    except ReadingRefused as refusal:
        answer = {"code": refusal.code, "message": refusal.message}
        return _Sent(key, payload, answer, REFUSED, company_id, row.account_id)
    payload = {
        "meter_id": meter.id,
        "values": list(values),
        "taken_on": row.paid_on.isoformat(),
        "source": "payment",
        "user_id": None,
        "confirmed": False,
    }
    return _Sent(key, payload, {}, ACCEPTED, meter.company_id, meter.account_id)


def _chosen(meters: Sequence[Any]) -> Any | None:
    """The meter a name means: of those that stand that with this serial, else that with this number."""
    standing = [one for one in meters if one.removed_on is None]
    by_serial = [one for one in standing if one.by_serial]
    mine = by_serial or standing
    return mine[0] if len(mine) == 1 else None


def _not_chosen(row: Any, name: str, meters: Sequence[Any]) -> str:
    if row.account_id is None:
        return "Счёта нет, показание некуда записать. Найдите счёт и внесите показание на его странице."
    if not meters:
        return f"Счётчика {name} у счёта нет. Проверьте номер у агента или внесите показание сами."
    removed = [one.removed_on for one in meters if one.removed_on is not None]
    if len(removed) == len(meters):
        return f"Счётчик {name} снят {max(removed):%d.%m.%Y}. Внесите показание нового."
    return f"Счётчиков с номером {name} у счёта несколько. Внесите показание на странице счёта."


KEEP = """
WITH given AS (
  SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:hashes AS text[]), CAST(:payloads AS text[]),
                       CAST(:answers AS text[]), CAST(:states AS text[]), CAST(:companies AS int[]),
                       CAST(:accounts AS int[]))
    AS n(key, input_hash, payload, answer, state, company_id, account_id)),
kept AS (
  INSERT INTO inbox (source, key, input_hash, payload, answer, state, company_id, account_id)
  SELECT :source, key, input_hash, payload::jsonb, answer::jsonb, state, company_id, account_id
    FROM given ON CONFLICT (source, key) DO NOTHING RETURNING key)
INSERT INTO outbox (event_id, subject, payload)
SELECT :source || ':' || g.key, :subject,
       g.payload::jsonb || jsonb_build_object('schema', 1, 'event_id', :source || ':' || g.key)
  FROM given g JOIN kept k ON k.key = g.key WHERE g.state = 'accepted'"""


async def _keep(session: Session, sent: Sequence[_Sent]) -> None:
    payloads = [json.dumps(one.payload, ensure_ascii=False) for one in sent]
    await session.execute(
        text(KEEP),
        {
            "source": SOURCE,
            "subject": SUBJECT,
            "keys": [one.key for one in sent],
            "hashes": [hashlib.sha256(one.encode()).hexdigest() for one in payloads],
            "payloads": payloads,
            "answers": [json.dumps(one.answer, ensure_ascii=False) for one in sent],
            "states": [one.state for one in sent],
            "companies": [one.company_id for one in sent],
            "accounts": [one.account_id for one in sent],
        },
    )


# ---- what became of them ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowReading:
    """A reading of a row. state: waiting (register not accepted yet), accepted (on its way), taken, held,
    refused; message: what was answered.
    """

    line: int
    meter: str
    value: str
    state: str
    message: str


READINGS = """
SELECT r.line, r.position, n.ordinal, n.pair->>0 AS meter, n.pair->>1 AS value,
       CASE WHEN i.state IS NULL THEN 'waiting' WHEN i.state = 'processed' AND h.state = 'held' THEN 'held'
            WHEN i.state = 'processed' AND h.state = 'rejected' THEN 'refused'
            WHEN i.state = 'processed' THEN 'taken' ELSE i.state END AS state,
       coalesce(CASE WHEN h.state <> 'held' THEN h.note END, i.answer->>'message', '') AS message
  FROM register_rows r
 CROSS JOIN LATERAL jsonb_array_elements(r.readings) WITH ORDINALITY AS n(pair, ordinal)
  LEFT JOIN inbox i ON i.source = :source AND i.key = r.register_id || '-' || r.line || '-' || n.ordinal
  LEFT JOIN held_readings h ON h.reading_id = CAST(i.answer->>'reading_id' AS bigint)
 WHERE r.register_id = :id AND r.readings IS NOT NULL"""


async def of_register(
    session: Session, register_id: int, lines: Sequence[int]
) -> tuple[Mapping[int, list[RowReading]], Mapping[str, int]]:
    """Readings of some rows of a register by line, and how many of all stand in which state; one query."""
    found = await session.execute(
        text(f"""
        WITH one AS MATERIALIZED ({READINGS})
        SELECT line, meter, value, state, message, 0 AS readings_count, position, ordinal FROM one
         WHERE line = ANY (CAST(:lines AS int[]))
        UNION ALL
        SELECT 0, '', '', state, '', count(*)::int, 0, 0 FROM one GROUP BY state
        ORDER BY position, ordinal"""),  # noqa: S608
        {"id": register_id, "source": SOURCE, "lines": list(lines)},
    )
    by_line: dict[int, list[RowReading]] = {}
    counts: dict[str, int] = {}
    for row in found:
        if row.readings_count:
            counts[row.state] = row.readings_count
        else:
            one = RowReading(row.line, row.meter, row.value, row.state, row.message)
            by_line.setdefault(row.line, []).append(one)
    return by_line, counts
