"""Read models of the resident's cabinet: what concerns the house and the account now, and the window."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.penalty.terms import Terms
from storage.jsonb import parsed
from storage.penalty_law import KEYS, TERMS, terms_of
from storage.readings import LAST_DAY_KEY
from storage.session import Session

ANSWERS_DAYS = 14
MESSAGES_MAX = 5


@dataclass(frozen=True, slots=True)
class Outage:
    """An accident or a planned stop that goes on or is ahead, in words for residents."""

    service_name: str | None
    is_planned: bool
    started_at: dt.datetime
    planned_until: dt.datetime | None
    words: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The last word said to the resident about a request that still lives or was just finished."""

    request_id: int
    number: int
    state: str
    recorded_at: dt.datetime
    message: str


@dataclass(frozen=True, slots=True)
class Around:
    """What concerns an account: outages of its house, answers to its requests, the last day for readings."""

    outages: tuple[Outage, ...]
    answers: tuple[Answer, ...]
    reading_last_day: int | None
    emergency_phone: str | None
    terms: Terms
    """When months must be paid: the organisation's reading of the law, moved days, late documents."""
    next_part: tuple[dt.date, int] | None = None
    """The last day and kopecks of the next part of an agreement in force."""


AROUND = f"""
SELECT (SELECT coalesce(jsonb_agg(jsonb_build_array(v.label, i.is_planned, i.started_at, i.planned_until,
                                                    i.words_for_residents) ORDER BY i.started_at DESC), '[]')
          FROM incidents i LEFT JOIN services v ON v.code = i.service
         WHERE i.house_ids @> ARRAY[CAST(:house_id AS int)] AND i.ended_at IS NULL) AS outages,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(x.id, x.number, x.state, x.recorded_at, x.message)
                                  ORDER BY x.recorded_at DESC), '[]')
          FROM (SELECT DISTINCT ON (r.id) r.id, r.number, r.state, e.recorded_at, e.message
                  FROM service_requests r JOIN request_events e ON e.request_id = r.id
                 WHERE r.account_id = :account_id AND e.to_resident AND e.recorded_at > :since
                 ORDER BY r.id, e.id DESC LIMIT {MESSAGES_MAX}) x) AS answers,
       (SELECT s.value FROM settings s
         WHERE s.key = :key AND s.superseded_at IS NULL AND s.valid_from <= :period
           AND (s.valid_to IS NULL OR s.valid_to > :period)
           AND (s.organisation_id IS NULL OR s.organisation_id = :company_id)
         ORDER BY s.organisation_id NULLS LAST LIMIT 1) AS last_day,
       (SELECT coalesce(o.emergency_phone, o.phone) FROM organisations o WHERE o.id = :company_id)
         AS emergency_phone,
       (SELECT jsonb_build_array(x.due_on, least(x.amount_kopecks, x.through - g.paid_kopecks)
                                           + x.interest_kopecks)
          FROM agreements g
          JOIN LATERAL (SELECT p.*, sum(p.amount_kopecks) OVER (ORDER BY p.ordinal)::bigint AS through
                          FROM agreement_parts p WHERE p.agreement_id = g.id) x
            ON x.through > g.paid_kopecks
         WHERE g.account_id = :account_id AND g.state = 'active' ORDER BY x.due_on, g.id
         LIMIT 1) AS next_part,
{TERMS}
"""  # noqa: S608


async def around(
    session: Session, *, house_id: int, account_id: int, company_id: int, period: dt.date, now: dt.datetime
) -> Around:
    """One statement; period is the open month."""
    row = (
        await session.execute(
            text(AROUND),
            {
                "house_id": house_id,
                "account_id": account_id,
                "company_id": company_id,
                "period": period,
                "since": now - dt.timedelta(days=ANSWERS_DAYS),
                "key": LAST_DAY_KEY,
                "due_keys": list(KEYS),
            },
        )
    ).one()
    return Around(
        outages=tuple(
            Outage(service, planned, _moment(start), None if until is None else _moment(until), words)
            for service, planned, start, until, words in parsed(row.outages)
        ),
        answers=tuple(
            Answer(request_id, number, state, _moment(at), message)
            for request_id, number, state, at, message in parsed(row.answers)
        ),
        reading_last_day=None if row.last_day is None else int(row.last_day),
        emergency_phone=row.emergency_phone,
        terms=terms_of(parsed(row.moved_days), parsed(row.due_settings)),
        next_part=_part(parsed(row.next_part)),
    )


def _part(said: Any) -> tuple[dt.date, int] | None:
    return None if said is None else (dt.date.fromisoformat(said[0]), int(said[1]))


def _moment(value: str) -> dt.datetime:
    return dt.datetime.fromisoformat(value)
