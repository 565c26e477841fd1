"""The last day to pay a month: the day of law, the working calendar, documents that came late.

Law: ЖК 155, ч. 1, 2; ГК 193. A creditor who is late himself (ГК 405, 406) asks no penalty for those days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from billing.due import FIRST_PERIOD_15, due_on, next_working
from billing.period import Period
from billing.rule import clause

DOCUMENT_DAY_BEFORE = 1
DOCUMENT_DAY = 5
FIRST_PERIOD_DOCUMENT_5 = Period.parse("2026-02")


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days the government moved: off though usually working, working though usually off."""

    days_off: frozenset[dt.date] = frozenset()
    working_days: frozenset[dt.date] = frozenset()


@dataclass(frozen=True, slots=True)
class Terms:
    """How an organisation reads the law on due days. delivered: when documents of a month reached people."""

    calendar: Calendar = field(default_factory=Calendar)
    first_period_15: Period = FIRST_PERIOD_15
    is_strict: bool = False
    shifts_late_documents: bool = True
    delivered: Mapping[Period, dt.date] = field(default_factory=dict)

    @clause("ЖК 155, ч. 1, 2; ГК 193, 405, 406")
    def due(self, period: Period) -> dt.date:
        """The last day to pay, included; documents late by so many days move it by as many."""
        days_off, working = self.calendar.days_off, self.calendar.working_days
        due = due_on(period, self.first_period_15, days_off, working, is_strict=self.is_strict)
        late = self.late_days(period)
        return next_working(due + dt.timedelta(days=late), days_off, working) if late else due

    def late_days(self, period: Period) -> int:
        """Days by which the documents of a month came too late; 0 when in time, not known or not counted."""
        came = self.delivered.get(period)
        if came is None or not self.shifts_late_documents:
            return 0
        return max(0, (came - document_by(period)).days)


def document_by(period: Period) -> dt.date:
    """The last day to give out the payment document of a month."""
    day = DOCUMENT_DAY if period >= FIRST_PERIOD_DOCUMENT_5 else DOCUMENT_DAY_BEFORE
    return period.shift(1).first_day.replace(day=day)
