"""How old a debt is, which step of the overdue process is next, which services may be restricted for it.

Law: ГК 196, 200 (limitation, three years from the day after the last day to pay); Rules 354, cl. 117–119
(restriction of a utility: a debt above two months by the norm, twenty days from the delivery of the warning,
ten more before it is stopped; heating and, in a block of flats, cold water are never stopped).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from billing.rule import clause
from billing.services import Service

AGE_MONTHS = (1, 2, 3, 6, 12, 36)
"""Ends of ages in months; what is older is beyond the limitation period."""
AGES_COUNT = len(AGE_MONTHS) + 1
NOT_DUE = -1
MONTHS_A_YEAR = 12

RESTRICTABLE = (Service.HOT_WATER, Service.SEWERAGE, Service.ELECTRICITY, Service.GAS)
"""What may be restricted or stopped for a debt in a block of flats (cl. 119)."""
NORM_MONTHS = 2
"""A service may be restricted when its debt is above so many months by the norm (cl. 118)."""


class Stage(StrEnum):
    """Steps of the process, in order."""

    REMINDER = "reminder"
    NOTICE = "notice"
    RESTRICTION = "restriction"
    STOP = "stop"
    COURT = "court"


STAGES = tuple(Stage)
OF_LAW = (Stage.NOTICE, Stage.RESTRICTION, Stage.STOP)
"""Steps of cl. 117–119: only while a service may be restricted, and only one after another."""
BY_DELIVERY = OF_LAW
"""Steps whose term runs from the day they were handed over or carried out, not from the day of approval."""
WAIT_LEAST = {Stage.RESTRICTION: 20, Stage.STOP: 10}
"""Days the law asks to wait before a step (cl. 119 «а», «в»)."""
WAIT_MOST = 365
MONTHS_MOST = 36


@dataclass(frozen=True, slots=True)
class Term:
    """When a step is due: days after the one before, unpaid months and kopecks at least."""

    is_on: bool
    wait_days: int
    months: int
    kopecks: int


Terms = Mapping[Stage, Term]

DEFAULTS: Terms = {
    Stage.REMINDER: Term(True, 0, 1, 300_00),
    Stage.NOTICE: Term(True, 15, 2, 1_000_00),
    Stage.RESTRICTION: Term(True, 20, 2, 1_000_00),
    Stage.STOP: Term(True, 10, 2, 1_000_00),
    Stage.COURT: Term(True, 30, 3, 3_000_00),
}


class TermsRefused(ValueError):
    """Terms that go against the law; the message says which and why."""

    code = "overdue_terms_refused"
    permanent = True


@clause("ПП 354, п. 119: предупреждение, ограничение, приостановление — по порядку и не раньше срока")
def check(terms: Terms) -> None:
    """Raises TermsRefused when a step comes earlier than the law lets it or without the one it needs."""
    for stage, least in WAIT_LEAST.items():
        if terms[stage].is_on and terms[stage].wait_days < least:
            raise TermsRefused(f"Закон велит ждать не меньше {least} дней (п. 119 Правил № 354).")
    for before, after in ((Stage.NOTICE, Stage.RESTRICTION), (Stage.RESTRICTION, Stage.STOP)):
        if terms[after].is_on and not terms[before].is_on:
            raise TermsRefused("Без предупреждения услугу не ограничивают, без ограничения не останавливают.")


@clause("ПП 354, п. 117–119: шаги ограничения — только пока есть что ограничивать")
def following(stage: Stage | None, terms: Terms, *, may_restrict: bool = True) -> Stage | None:
    """The next step that is on after `stage` (None: from the beginning); None when there is none."""
    begin = 0 if stage is None else STAGES.index(stage) + 1
    for one in STAGES[begin:]:
        if terms[one].is_on and (may_restrict or one not in OF_LAW):
            return one
    return None


@clause("ПП 354, п. 119, пп. «а», «в»: 20 дней со дня вручения, ещё 10 до приостановления")
def ready_on(stage: Stage, after: dt.date, terms: Terms) -> dt.date:
    """The first day a step may be drafted; after: the day the one before was approved or handed over.

    «В течение 20 дней со дня доставки»: the day itself is not counted, the next after the last one is ours.
    """
    days = terms[stage].wait_days
    return after + dt.timedelta(days=days + 1 if stage in WAIT_LEAST else days)


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last one of a shorter month (ГК 192)."""
    ordinal = day.year * MONTHS_A_YEAR + day.month - 1 + months
    year, month = ordinal // MONTHS_A_YEAR, ordinal % MONTHS_A_YEAR + 1
    following_month = dt.date(year + month // MONTHS_A_YEAR, month % MONTHS_A_YEAR + 1, 1)
    last = (following_month - dt.timedelta(days=1)).day
    return dt.date(year, month, min(day.day, last))


@clause("ГК 192, 196, 200: просрочка и исковая давность")
def age_of(due: dt.date, day: dt.date) -> int:
    """Which age a debt is of on a day: 0 … 6 (6: beyond the limitation period); NOT_DUE while it may be paid.

    due: the last day to pay, included.
    """
    if day <= due:
        return NOT_DUE
    for age, months in enumerate(AGE_MONTHS):
        if day <= add_months(due, months):
            return age
    return len(AGE_MONTHS)


@clause("ПП 354, п. 118, 119: долг больше двух месячных размеров по нормативу")
def restrictable(debts: Mapping[int, int], by_norm: Mapping[int, int]) -> tuple[int, ...]:
    """Services that may be restricted: by service its debt and its month by the norm, kopecks (cl. 118).

    A service nobody is charged for by any norm is left alone.
    """
    return tuple(
        int(service)
        for service in RESTRICTABLE
        if by_norm.get(service, 0) > 0 and debts.get(service, 0) > NORM_MONTHS * by_norm[service]
    )
