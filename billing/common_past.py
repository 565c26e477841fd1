"""What the kept months of a house say of its common needs, and what a month comes to: СОИ by house.

Law: Housing Code, art. 156 p. 9.2, 9.3; PP 491, cl. 29–29(3); PP 124, cl. 21(1): less than nothing used for
the common property lessens the next months; what was paid by the norm or an average is corrected once a year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

FIX_MONTHS = (3, 2, 1, 0)
"""Months of the yearly correction by the number of the centre's answer; 0 = last year is not corrected."""


@dataclass(slots=True)
class CommonFix:
    """Last year of a service of common needs paid by the norm or an average.

    house (H,): corrected now; used, left (H,): micro-units ≤ 0 of the balance that the year takes in, and
    that it leaves for later. due (N,): accounts corrected; cost (N,): Σ what the year should have used × the
    tariff of its months, micro-units × 0.0001 RUB; billed (N,): kopecks charged for it.
    """

    house: Bool
    used: I64
    left: I64
    due: Bool
    cost: I64
    billed: I64


@dataclass(slots=True)
class CommonPast:
    """Of one service, (H,). carried: micro-units ≤ 0 that months before left; year: what was used for the
    common property over `months` months of last calendar year, micro-units (0 months = not known).
    """

    carried: I64
    year: I64
    months: I64
    fix: CommonFix | None = None

    @classmethod
    def nothing(cls, houses: int) -> CommonPast:
        none = np.zeros(houses, np.int64)
        return cls(none, none, none)


@dataclass(slots=True)
class HouseMonth:
    """What a month of a service of common needs came to in each house, (H,), whole micro-units.

    asked: an account has the service. known: both the meter of the house and its flats, so that `house` less
    `flats` says something; flats_known: the flats. norm: N × S_ои, −1 where there is none. carried came from
    months before, balance goes to the next ones, both ≤ 0; charged is what was divided among the premises.
    """

    asked: Bool
    method: npt.NDArray[np.int16]
    known: Bool
    flats_known: Bool
    house: I64
    flats: I64
    norm: I64
    carried: I64
    charged: I64
    balance: I64
