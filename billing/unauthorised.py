"""Acts about tampering with a meter and about unauthorised connections, as columns of a block.

Law: Rules 354, cl. 62. An act is charged in the month in which it was found, for its stretch [first, after)
of days, which may have begun in earlier months. Most blocks have none and carry None.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from billing.period import Period

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I16 = npt.NDArray[np.int16]

MONTH_PARTS = math.lcm(28, 29, 30, 31)
ONE_DAY = dt.timedelta(days=1)


class Way(IntEnum):
    """What was found."""

    TAMPERING = 1  # with a meter: ten norms less what was billed
    CONNECTION = 2  # capacity of the equipment, day and night
    CONNECTION_NORM = 3  # capacity not known: ten norms


@dataclass(slots=True)
class Unauthorised:
    """U acts. An account has at most one of a service and way in a month.

    - day: of the finding, 1-based; its tariff and norm are taken
    - months: persons × months of the stretch in parts of MONTH_PARTS, each day the share of its month
    - days: length of the stretch; now: its days inside this month
    - capacity: micro-units an hour (CONNECTION)
    - billed: micro-units billed in earlier months of the stretch (TAMPERING)
    """

    account: I32
    service: I16
    way: I16
    day: I16
    months: I64
    days: I64
    now: I64
    capacity: I64
    billed: I64

    def __len__(self) -> int:
        return len(self.account)


def person_months(first: dt.date, people: Sequence[int]) -> int:
    """Persons × months in MONTH_PARTS of the days from `first` on, one number of people a day."""
    parts = (MONTH_PARTS // Period.of(first + ONE_DAY * number).days for number in range(len(people)))
    return sum(count * part for count, part in zip(people, parts, strict=True))


def days_inside(first: dt.date, after: dt.date, period: Period) -> int:
    """Days of [first, after) in the month."""
    return max((min(after, period.last_day + ONE_DAY) - max(first, period.first_day)).days, 0)
