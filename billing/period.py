"""A billing month as an integer ordinal (year × 12 + month − 1) and the calendar arithmetic rules need.

No clock.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

MONTHS = (
    "январь",
    "февраль",
    "март",
    "апрель",
    "май",
    "июнь",
    "июль",
    "август",
    "сентябрь",
    "октябрь",
    "ноябрь",
    "декабрь",
)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A month, half-open [first_day, next().first_day)."""

    ordinal: int

    @classmethod
    def of(cls, day: dt.date) -> Period:
        return cls(day.year * 12 + day.month - 1)

    @classmethod
    def parse(cls, text: str) -> Period:
        """«2026-10» → October 2026; ValueError in Russian otherwise."""
        try:
            year, month = text.split("-")
            if len(year) != 4 or not 1 <= int(month) <= 12:
                raise ValueError
            return cls(int(year) * 12 + int(month) - 1)
        except ValueError:
            raise ValueError(f"«{text}» — не месяц. Запишите как 2026-10.") from None

    @property
    def year(self) -> int:
        return self.ordinal // 12

    @property
    def month(self) -> int:
        return self.ordinal % 12 + 1

    @property
    def first_day(self) -> dt.date:
        return dt.date(self.year, self.month, 1)

    @property
    def last_day(self) -> dt.date:
        return dt.date(self.year, self.month, self.days)

    @property
    def days(self) -> int:
        return calendar.monthrange(self.year, self.month)[1]

    def shift(self, months: int) -> Period:
        return Period(self.ordinal + months)

    @property
    def title(self) -> str:
        """«октябрь 2026»"""
        return f"{MONTHS[self.month - 1]} {self.year}"

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
