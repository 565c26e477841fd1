"""What takes off a charge: people who were away, breaks and bad quality of services, as columns of a block.

Nobody is away and nothing breaks in most months: then a block carries None instead of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I16 = npt.NDArray[np.int16]
Bool = npt.NDArray[np.bool_]

WHOLE_HOUSE = -1
HOURS_A_DAY = 24
MINUTES_AN_HOUR = 60
MINUTES_A_DAY = HOURS_A_DAY * MINUTES_AN_HOUR


class Trouble(IntEnum):
    """What was wrong with a service: rows of Annex 1."""

    BREAK = 1
    AIR = 2  # value: measured, limit: required, tenths of a degree
    HOT_WATER = 3  # value: measured, tenths of a degree
    PRESSURE = 4  # value: how far off, tenths of a percent
    VOLTAGE = 5
    COMPOSITION = 6  # also pressure inside the heating system
    WASTE_LATE = 7  # value: air outside, tenths of a degree


class Mark:
    """Bits of Troubles.marks."""

    DEAD_END = 1  # an accident on a dead-end main: 24 hours are allowed
    TWO_FEEDS = 2  # two independent feeds of electricity


@dataclass(slots=True)
class Absent:
    """A accounts with people away. days (S, A): people × full days, never more than lived there that day.

    forced: the same for absences that need no act about the meter (force majeure, п. 86).
    """

    account: I32  # index into Accounts, ascending
    days: I64
    forced: I64


@dataclass(slots=True)
class Troubles:
    """E events clipped to the month. account is WHOLE_HOUSE (-1) or an index into Accounts.

    first, after: minutes from the beginning of the month by the clock of the house.
    """

    house: I32  # index into Houses
    account: I32
    service: I16
    trouble: I16
    first: I32
    after: I32
    value: I32
    limit: I32
    marks: I16

    def __len__(self) -> int:
        return len(self.house)


def absent_people(account: I32, first: I32, after: I32, count: I32, lived: I64, rows: I32) -> I64:
    """(A, D) people away by day, at most those who lived there.

    Absence i takes `count` people of account[i] away on days [first, after), 0-based and inside the month.
    lived (A, D) are permanent residents of the accounts `rows` (sorted).
    """
    away = np.zeros((len(rows), lived.shape[1] + 1), np.int64)
    at = np.searchsorted(rows, account)
    np.add.at(away, (at, first), count)
    np.add.at(away, (at, after), -count)
    return np.asarray(np.minimum(np.cumsum(away, axis=1)[:, :-1], lived), np.int64)
