"""The law of penalties for a computation: what comes with the product, what operators added, settings.

Settings (rows of `settings`, an organisation's before the city's): penalty_rate_mode on_payment/daily,
penalty_first_period_15 2026-02, penalty_strict yes/no, penalty_late_documents yes/no; penalty_documents_on:
a row that begins on the first day of a month says on which day its payment documents reached people;
penalty_netting account/payee/service from a day on: how far a surplus of a service pays other debts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from billing.due import FIRST_PERIOD_15
from billing.penalty.federal import federal_calendar, federal_law
from billing.penalty.kernel import RateMode
from billing.penalty.netting import Reach
from billing.penalty.rates import Cap, KeyRate, Moratorium, RateLaw, joined
from billing.penalty.terms import Calendar, Terms
from billing.period import Period
from storage.session import Session

RATE_MODE, FIRST_15, STRICT, LATE, DELIVERED, NETTING = (
    "penalty_rate_mode",
    "penalty_first_period_15",
    "penalty_strict",
    "penalty_late_documents",
    "penalty_documents_on",
    "penalty_netting",
)
KEYS = (RATE_MODE, FIRST_15, STRICT, LATE, DELIVERED)
LAW_KEYS = (*KEYS, NETTING)
REACHES = {"account": Reach.ACCOUNT, "payee": Reach.PAYEE, "service": Reach.SERVICE}
KEY_RATE, CAP, MORATORIUM, DAY_OFF, WORKING_DAY = "key_rate", "cap", "moratorium", "day_off", "working_day"


@dataclass(frozen=True, slots=True)
class Reading:
    """How an organisation reads what the law leaves open."""

    terms: Terms
    mode: RateMode = RateMode.ON_PAYMENT
    netting: tuple[tuple[dt.date, Reach], ...] = ()

    @property
    def keeps_apart(self) -> bool:
        """Whether on any day a surplus stays with its payee or service."""
        return any(reach is not Reach.ACCOUNT for _, reach in self.netting)

    def reach_on(self, day: dt.date) -> Reach:
        """How far a surplus goes that day."""
        return next((reach for since, reach in reversed(self.netting) if since <= day), Reach.ACCOUNT)


@dataclass(frozen=True, slots=True)
class PenaltyLaw:
    """Everything a computation uses; `of` gives the reading of an organisation."""

    rates: RateLaw
    calendar: Calendar
    city: Reading
    readings: dict[int, Reading] = field(default_factory=dict)

    def of(self, company_id: int) -> Reading:
        return self.readings.get(company_id, self.city)

    @property
    def version(self) -> str:
        """A digest of all of it: what a computation stores."""
        said = repr((self.rates, sorted(self.calendar.days_off), sorted(self.calendar.working_days)))
        said += repr((self.city, sorted(self.readings.items())))
        return hashlib.sha256(said.encode()).hexdigest()[:16]


async def penalty_law(session: Session, at: dt.datetime | None = None) -> PenaltyLaw:
    """The law as known at a moment (now when None)."""
    rows = (await session.execute(text(ADDED), {"at": at})).all()
    calendar = _calendar(rows)
    said = (await session.execute(text(SETTINGS), {"keys": list(LAW_KEYS), "at": at})).all()
    city = _reading([row for row in said if row.organisation_id is None], calendar)
    companies = {row.organisation_id for row in said if row.organisation_id is not None}
    readings = {
        company: _reading([row for row in said if row.organisation_id in (None, company)], calendar)
        for company in companies
    }
    return PenaltyLaw(_rates(rows), calendar, city, readings)


ADDED = """
SELECT family, first_day, last_day, value, document, due_before FROM penalty_values
 WHERE state = 'approved' AND decided_at <= coalesce(CAST(:at AS timestamptz), 'infinity')
   AND (superseded_at IS NULL OR superseded_at > coalesce(CAST(:at AS timestamptz), 'infinity'))
 ORDER BY first_day, id"""

SETTINGS = """
SELECT organisation_id, key, value, valid_from FROM settings
 WHERE key = ANY (:keys) AND recorded_at <= coalesce(CAST(:at AS timestamptz), 'infinity')
   AND (superseded_at IS NULL OR superseded_at > coalesce(CAST(:at AS timestamptz), 'infinity'))
   AND (key IN ('penalty_documents_on', 'penalty_netting') OR valid_to IS NULL)
 ORDER BY organisation_id NULLS FIRST, valid_from, id"""


def _rates(rows: Sequence[Any]) -> RateLaw:
    """What comes with the product, then what was added; of one family and first day the added row wins."""
    base = federal_law()
    rates, caps, free = [*base.key_rates], {one.first: one for one in base.caps}, {}
    free.update({one.first: one for one in base.moratoria})
    for row in rows:
        family, first, last, value, document, due_before = row
        if family == KEY_RATE:
            rates.append(KeyRate(first, value, document))
        elif family == CAP:
            caps[first] = Cap(first, last, value, document)
        elif family == MORATORIUM:
            free[first] = Moratorium(first, last, document, due_before)
    return RateLaw(
        joined(rates),
        tuple(one for _, one in sorted(caps.items())),
        tuple(one for _, one in sorted(free.items())),
    )


def _calendar(rows: Sequence[Any]) -> Calendar:
    base = federal_calendar()
    off, working = set(base.days_off), set(base.working_days)
    for row in rows:
        family, day, *_ = row
        if family == DAY_OFF:
            off.add(day)
            working.discard(day)
        elif family == WORKING_DAY:
            working.add(day)
            off.discard(day)
    return Calendar(frozenset(off), frozenset(working))


MOVED = """
SELECT family, first_day FROM penalty_values
 WHERE family IN ('day_off', 'working_day') AND state = 'approved' AND superseded_at IS NULL
 ORDER BY first_day, id"""


async def working_calendar(session: Session) -> Calendar:
    """Days moved by decree, as known now: those of the product and those an operator added."""
    return calendar_of((await session.execute(text(MOVED))).all())


def calendar_of(moved: Sequence[Any]) -> Calendar:
    """The calendar of rows (day_off or working_day, day)."""
    return _calendar(moved)


TERMS = f"""
       (SELECT coalesce(jsonb_agg(jsonb_build_array(family, first_day)), '[]')
          FROM ({MOVED}) m) AS moved_days,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(organisation_id, key, value, valid_from)
                                  ORDER BY organisation_id NULLS FIRST, valid_from, id), '[]')
          FROM settings s WHERE s.key = ANY (CAST(:due_keys AS text[])) AND s.superseded_at IS NULL
           AND (s.organisation_id IS NULL OR s.organisation_id = :company_id)
           AND (s.key = '{DELIVERED}' OR s.valid_to IS NULL)) AS due_settings"""  # noqa: S608
"""Two columns for a statement that asks for other things too; parameters due_keys (KEYS) and company_id."""


def terms_of(moved: Sequence[Any], said: Sequence[Any]) -> Terms:
    """When an organisation's residents must pay, from the columns of TERMS."""
    calendar = calendar_of([(family, dt.date.fromisoformat(day)) for family, day in moved])
    rows = [(owner, key, value, dt.date.fromisoformat(day)) for owner, key, value, day in said]
    return _reading(rows, calendar).terms


def _reading(rows: Sequence[Any], calendar: Calendar) -> Reading:
    """The settings of one organisation over those of the city; what is not said is the safe default."""
    said: dict[str, str] = {}
    delivered: dict[Period, dt.date] = {}
    netting: dict[dt.date, Reach] = {}
    for row in rows:
        _, key, value, valid_from = row
        if key == DELIVERED:
            delivered[Period.of(valid_from)] = dt.date.fromisoformat(value)
        elif key == NETTING:
            netting[valid_from] = REACHES[value]
        else:
            said[key] = value
    terms = Terms(
        calendar,
        Period.parse(said.get(FIRST_15, str(FIRST_PERIOD_15))),
        said.get(STRICT, "no") == "yes",
        said.get(LATE, "yes") == "yes",
        delivered,
    )
    mode = RateMode(said.get(RATE_MODE, RateMode.ON_PAYMENT))
    return Reading(terms, mode, tuple(sorted(netting.items())))
