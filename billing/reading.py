"""What a reading is before the rules of billing.vee look at it: the meter, the digits, the usual month.

Values are micro-units by zone, as in billing.history. A refusal says what, why and what to do; a question is
asked once and the answer is `confirmed`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from billing.history import ZERO, Mark, Values, consumed
from billing.quantity import MICRO, format_scaled, parse_scaled
from billing.services import CATALOGUE, Service

USUAL_INTERVALS_MIN = 3
USUAL_INTERVALS_MAX = 6
ROLLOVER_PART = (
    20  # a counter may roll over by at most a twentieth of its scale, otherwise it is a slip of the pen
)
DECIMALS_MAX = 6
METER_DECIMALS = 3  # figures after the comma of a counter; counters of heat show up to six


class ReadingRefused(ValueError):
    """A reading that cannot be taken; the message is for the person who gave it."""

    permanent = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class ReadingAsked(ReadingRefused):
    """A reading that can be taken when the person says that it is right (`confirmed`)."""


@dataclass(frozen=True, slots=True)
class MeterCard:
    """What is known of a meter when a reading is judged."""

    service: int
    serial: str
    zones: int
    digits: int
    installed_on: dt.date
    removed_on: dt.date | None = None
    of_house: bool = False  # a meter of the whole house

    @property
    def decimals(self) -> int:
        """Figures after the comma a reading of it may have."""
        return DECIMALS_MAX if self.service == Service.HEATING else METER_DECIMALS

    @property
    def unit(self) -> str:
        return CATALOGUE[self.service].unit if self.service in CATALOGUE else ""

    @property
    def turn_micro(self) -> int:
        """The value at which the counter starts from zero again."""
        return int(10**self.digits) * MICRO


@dataclass(frozen=True, slots=True)
class Previous:
    """The reading before: of an earlier month, or the initial one (taken_on = day of installation)."""

    month: int
    values: Values
    taken_on: dt.date


def words(value_micro: int) -> str:
    """A reading as a person reads it: 124 or 12 124,35."""
    return format_scaled(value_micro, MICRO, DECIMALS_MAX).rstrip("0").rstrip(",")


def refuse_precise(values: Sequence[int], decimals: int) -> None:
    """A person cannot see more figures than the counter has: a comma stands in a wrong place."""
    for value in values:
        if value % int(10 ** (DECIMALS_MAX - decimals)):
            raise ReadingRefused(
                "too_precise",
                f"У счётчика не больше {decimals} цифр после запятой, а в показании {words(value)} их "
                f"больше. "
                "Проверьте, где стоит запятая.",
            )


def parse_values(texts: Sequence[str], zones: int, decimals: int = METER_DECIMALS) -> Values:
    """What a person typed, one text a zone → micro-units. Raises ReadingRefused (codes not_a_number,
    negative, too_precise).
    """
    if len(texts) != zones or any(not text.strip() for text in texts):
        names = ", ".join(f"T{zone}" for zone in range(1, zones + 1))
        what = "Введите показание числом: 124 или 124,35." if zones == 1 else f"Введите показания {names}."
        raise ReadingRefused("not_a_number", what)
    values = list(ZERO)
    for zone, typed in enumerate(texts):
        try:
            values[zone] = parse_scaled(typed, MICRO)
        except ValueError:
            raise ReadingRefused("not_a_number", "Введите показание числом: 124 или 124,35.") from None
        if values[zone] < 0:
            raise ReadingRefused("negative", "Показание не бывает меньше нуля. Введите цифры со счётчика.")
    refuse_precise(values, decimals)
    return values[0], values[1], values[2]


def usual_month(marks: Sequence[Mark], digits: int) -> tuple[int, int] | None:
    """Least and greatest volume of a month over the last intervals (micro-units), None when too little is
    known.
    """
    volumes = []
    for before, after in pairwise(marks):
        total = sum(consumed(before.values, after.values, digits))
        volumes.append(total // (after.month - before.month))
    last = volumes[-USUAL_INTERVALS_MAX:]
    return (min(last), max(last)) if len(last) >= USUAL_INTERVALS_MIN else None
