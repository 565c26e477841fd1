"""What the past of a house says about its heat: last year's volumes, and the average of a failed meter.

Law: Rules 354, annex 2, formulas 3(2), 3(4): a house that pays evenly and has a meter pays a twelfth of last
year's volume; cl. 59(1): a failed meter of the house is billed by its average month of the season.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


class YearKnown(IntEnum):
    """Whether last calendar year's volume of a house is known from readings."""

    UNKNOWN = 0  # the meter stood all year, readings of some months are missing
    KNOWN = 1
    YOUNG = 2  # no meter stood all year: the norm goes on (ф. 2(1))


@dataclass(slots=True)
class HeatYear:
    """Volumes of last calendar year, micro-Gcal.

    state (H,) of YearKnown, house (H,) 0 unless known; account (N,) by the meters of the premises, 0 and
    metered (N,) False where they were not read all year.
    """

    state: I64
    house: I64
    account: I64
    metered: Bool


@dataclass(slots=True)
class HouseFailure:
    """Meters of heat of houses that are broken, lost or past their verification, (H,).

    month: 1 in the month it happened, 2 in the next …, 0 for a sound one. average60: an average month of the
    season
    × 60, with what the sound meters of the same house showed; months: how many months the average is of.
    """

    month: I64
    average60: I64
    months: I64


@dataclass(slots=True)
class Distributors:
    """Last year of premises with distributors of heat, (N,), in the month that corrects it (ф. 6).

    units: Σ readings × factors of the radiators, micro-units; billed: kopecks charged for the year's heating.
    """

    has: Bool
    units: I64
    billed: I64


FIX_MONTH = 3  # last year is corrected in the first quarter, here in its last month unless the centre chose


@dataclass(slots=True)
class HeatFix:
    """Last year of accounts that paid evenly, (N,); due: it is corrected now.

    cost: Σ volume of the house in a month × the tariff of the account in it, micro-Gcal × 0.0001 RUB.
    billed: kopecks charged for the year by equal parts; volume: micro-Gcal of the same lines.
    """

    due: Bool
    cost: I64
    billed: I64
    volume: I64
