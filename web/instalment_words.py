"""What may be paid by instalments (Rules 354, cl. 72): services a quarter dearer than a year ago."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from billing.benefits import Look
from billing.instalment import Part, may_pay_in_parts, parts
from billing.period import Period
from billing.services import CATALOGUE
from storage.account_lines import LineRow
from web.benefit_words import percent

RATE = "instalment.rate"
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Offer:
    """A utility with its charges a year apart and the twelve parts."""

    label: str
    now_kopecks: int
    before_kopecks: int
    parts: tuple[Part, ...]
    rate_permille: int
    service: int
    period: dt.date

    @property
    def dearer_percent(self) -> int:
        """By how many whole percent it is dearer."""
        return (self.now_kopecks - self.before_kopecks) * 100 // self.before_kopecks

    @property
    def rate_words(self) -> str:
        """«12,5 %»."""
        return percent(self.rate_permille)

    @property
    def total_kopecks(self) -> int:
        """All parts with their interest."""
        return sum(part.total_kopecks for part in self.parts)


def year_before(period: dt.date) -> dt.date:
    """The same month a year ago."""
    return Period.of(period).shift(-MONTHS_A_YEAR).first_day


def offers(lines: Sequence[LineRow], shown: dt.date, value: Look) -> list[Offer]:
    """Offers of the shown month; lines hold that of a year ago too, both without corrections."""
    sums: dict[tuple[int, dt.date], int] = {}
    for line in lines:
        if line.service in CATALOGUE and CATALOGUE[line.service].group == "utility" and not line.is_draft:
            key = (line.service, line.period)
            sums[key] = sums.get(key, 0) + line.total_kopecks
    rate, before = value(RATE) or 0, year_before(shown)
    made = []
    for service in sorted({service for service, period in sums if period == shown}):
        now, was = sums[service, shown], sums.get((service, before), 0)
        if may_pay_in_parts(now, was):
            schedule = parts(now, rate, Period.of(shown))
            made.append(Offer(CATALOGUE[service].label, now, was, schedule, rate, service, shown))
    return made
