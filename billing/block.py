"""Columns of the accounts of WHOLE houses: everything the rules may look at, and nothing else.

Shapes: H houses, N accounts (ordered by house, then account id), M individual meters, S segments of days. A
segment is a run of days of the month inside which no tariff, norm or coefficient of the block changes (S is
1 in a usual month); day-weighted columns are given per segment, so that daily volumes can be summed and a
line is cut only where its rate really differs. A missing value is -1 in columns that cannot be negative.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.benefits import Benefits
from billing.checked import Checked
from billing.common_past import CommonPast
from billing.coowners import Divided
from billing.formula.rows import Formulas
from billing.heat_past import Distributors, HeatFix, HeatYear, HouseFailure
from billing.period import Period
from billing.reduction import Absent, Troubles
from billing.unauthorised import Unauthorised

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I16 = npt.NDArray[np.int16]
I8 = npt.NDArray[np.int8]
Bool = npt.NDArray[np.bool_]

MISSING = -1


class AccountKind:
    """Codes of accounts.kind."""

    FLAT = 0
    ROOM = 1
    NONRESIDENTIAL = 2


ACCOUNT_KINDS = {
    "flat": AccountKind.FLAT,
    "room": AccountKind.ROOM,
    "nonresidential": AccountKind.NONRESIDENTIAL,
}


@dataclass(slots=True)
class Houses:
    """H houses. Areas in dm2; heating_uniform: paid evenly over the year (п. 42(1))."""

    id: I32
    company_id: I32
    zone: I16
    area_total_dm2: I64  # S_об: all living and non-living premises
    area_common_dm2: I64  # S_ои of the common needs norm
    heating_uniform: Bool

    def __len__(self) -> int:
        return len(self.id)


@dataclass(slots=True)
class Accounts:
    """N accounts. *_days are sums over the days of a segment, shape (S, N): people × days, dm2 × days.

    norm_person_days counts residents, and owners on days when nobody lives, not even temporarily (п.
    56(2)); by_owners says that no day had a resident. temporary_days: temporary people × days of stays of
    more than five days. area_dm2 is the area on the last day of the month on which the account was open
    (MISSING when nobody wrote it down).
    """

    id: I32
    house: I32  # index into Houses
    company_id: I32
    kind: I8
    rooms: I16
    persons: I16  # permanent residents on the last day, owners when none: picks a norm by household size
    area_dm2: I64
    living_area_dm2: I64
    heated_area_dm2: I64
    open_days: I64  # (S, N)
    area_days: I64  # (S, N); 0 where the area is missing
    norm_person_days: I64  # (S, N)
    temporary_days: I64  # (S, N)
    by_owners: Bool
    meter_impossible: I32  # bit 1 << service: an act says that a meter cannot be installed
    flat: I32 | None = None  # which flat the account stands in; None = no flat has a common meter
    floor: I16 | None = None  # of the flat, MISSING where unknown; None = nobody asked

    def __len__(self) -> int:
        return len(self.id)


@dataclass(slots=True)
class Cut:
    """Readings taken on the day a tariff changes: what was used before it goes by the old one.

    day (M,): first day of the segment that begins then, 0 = no such reading; value (M, 3) micro-units by
    zone.
    """

    day: I16
    value: I64


@dataclass(slots=True)
class Meters:
    """M individual meters in force in the month, ordered by account index.

    Values are micro-units, shape (M, 3) by zone.

    - start, end: previous and this month's accepted reading, rollover NOT undone (see digits)
    - gap_months: months without a reading between the previous one and this month, usually 0
    - silent_months: months in a row without a reading, this one included, 0 when there is one
    - failed_month: 1 = the fault, loss or end of verification was in this month, 2 in the last …, 0 = valid
    - refused_month: the same for an act of refused access
    - second_refusal: another act, in its own and later months
    - window: volume of the average window before the silence or fault, over window_months (0 = no data)
    - event_day: day of the month on which the fault, refusal or expiry began, None = months count
    - billed: volumes billed between the previous reading and this month, for late readings
    """

    id: I32
    account: I32  # index into Accounts
    service: I16
    zones: I8
    digits: I8
    has_reading: Bool
    start: I64
    end: I64
    gap_months: I16
    silent_months: I16
    failed_month: I16
    refused_month: I16
    second_refusal: Bool
    supplier_duty: Bool
    window: I64
    window_months: I16
    billed: I64
    common: Bool | None = None  # the meter of a whole communal flat; None = there is none
    event_day: I16 | None = None
    cut: Cut | None = None  # None = no tariff changes inside the month, or nobody read a meter that day

    def __len__(self) -> int:
        return len(self.id)

    def of(self, service: int) -> npt.NDArray[np.intp]:
        """Rows of one service, in order of accounts."""
        return np.flatnonzero(self.service == service)


@dataclass(slots=True)
class HouseMeter:
    """ОДПУ of one service.

    has (H,), has_reading (H,), volume (H, 3) micro-units by zone (0 where no reading).
    """

    has: Bool
    has_reading: Bool
    zones: I8
    volume: I64
    failure: HouseFailure | None = None  # of heat; None = all are sound


@dataclass(slots=True)
class HouseService:
    """A service in the houses of the block: supplier (H,), 0 = not provided; method (H,) of services.Method.

    off / on: indices of accounts that are exceptions; on_supplier goes with on.
    """

    supplier: I32
    method: I16
    off: I32 = field(default_factory=lambda: np.empty(0, np.int32))
    on: I32 = field(default_factory=lambda: np.empty(0, np.int32))
    on_supplier: I32 = field(default_factory=lambda: np.empty(0, np.int32))


@dataclass(slots=True)
class Norm:
    """Values of a norm by segment, group, rooms, persons: (S, G, R, P) micro-units, MISSING where none.

    group (H,) picks the row of a house; rooms and persons are clipped to R and P (1 when the norm does not
    care).
    """

    values: I64
    group: I32


@dataclass(slots=True)
class Rate:
    """Values of a tariff: shape (S, 2, H): population, non-residential; MISSING where none.

    Unit: 0.0001 RUB.
    """

    values: I64


@dataclass(slots=True)
class Block:
    """One block of one month. rates by (service, component); norms by (service, kind of norm)."""

    period: Period
    first_day: I16  # (S,) 1-based
    days: I16  # (S,) sums to the days of the month
    houses: Houses
    accounts: Accounts
    meters: Meters
    house_meters: dict[int, HouseMeter]
    services: dict[int, HouseService]
    rates: dict[tuple[int, int], Rate]
    norms: dict[tuple[int, str], Norm]
    coefficients: dict[str, I64]  # by key, (S, H) permille, MISSING where none
    heat_year: HeatYear | None = None  # of houses that pay for heat evenly; None = none of them has a meter
    heat_fix: HeatFix | None = None  # last year of those who paid evenly, in the month that corrects it
    distributors: Distributors | None = None  # of last year, in the month that corrects it; None = nowhere
    common: dict[int, CommonPast] | None = None  # kept months of common needs, by service; None = none yet
    absent: Absent | None = None  # who was away (section VIII), None = nobody
    troubles: Troubles | None = None  # breaks and bad quality, None = none
    formulas: Formulas | None = None  # of services of organisations, None = none
    benefits: Benefits | None = None  # льготы, None = none
    unauthorised: Unauthorised | None = None  # acts under п. 62, None = none
    divided: Divided | None = None  # premises whose co-owners pay apart, None = none
    checked: Checked | None = None  # checks of meters under п. 61, None = none

    def __len__(self) -> int:
        return len(self.accounts)

    @property
    def days_in_month(self) -> int:
        return self.period.days

    def has(self, service: int) -> tuple[Bool, I32]:
        """Which accounts have the service and who supplies it: (N,) bool, (N,) int32."""
        rows = self.services.get(service)
        if rows is None:
            return np.zeros(len(self), np.bool_), np.zeros(len(self), np.int32)
        supplier = rows.supplier[self.accounts.house].copy()
        supplier[rows.off] = 0
        supplier[rows.on] = rows.on_supplier
        return supplier > 0, supplier

    def method(self, service: int) -> I16:
        """Method of the service for each account, (N,)."""
        rows = self.services[service]
        return rows.method[self.accounts.house]

    def rate(self, service: int, component: int = 0) -> I64:
        """Tariff of each account by segment, (S, N), MISSING where there is none."""
        table = self.rates.get((service, component))
        if table is None:
            return np.full((len(self.days), len(self)), MISSING, np.int64)
        consumer = (self.accounts.kind == AccountKind.NONRESIDENTIAL).astype(np.intp)
        return np.asarray(table.values[:, consumer, self.accounts.house], np.int64)

    def norm(self, service: int, kind: str) -> I64:
        """Norm of each account by segment, (S, N), MISSING where there is none."""
        table = self.norms.get((service, kind))
        if table is None:
            return np.full((len(self.days), len(self)), MISSING, np.int64)
        _, _, rooms_max, persons_max = table.values.shape
        rooms = np.clip(self.accounts.rooms, 1, rooms_max) - 1
        persons = np.clip(self.accounts.persons, 1, persons_max) - 1
        return np.asarray(table.values[:, table.group[self.accounts.house], rooms, persons], np.int64)

    def by_house(self, per_account: I64) -> I64:
        """Sums of an (N,) column by house, (H,), exact (no floats)."""
        return sum_by(self.accounts.house, per_account, len(self.houses))


def sum_by(index: npt.NDArray[Any], values: I64, size: int) -> I64:
    """Exact integer sums of `values` by `index` into (size,)."""
    out = np.zeros(size, np.int64)
    np.add.at(out, index, values)
    return out
