"""Meters of the houses of a block with the month's readings, read by two COPYs; meters of whole houses
summed.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.block import HouseMeter
from billing.lines import Lines
from billing.period import Period
from billing.quantity import MICRO
from storage.block_values import known
from storage.bulk import Columns, Connection, Row, copy_out

ZONES = 3
DAY_ZERO = dt.date(2000, 1, 1).toordinal()  # dates of COPY are days since then
FOREVER = 2**31 - 1

METER = Row.of(
    id="int4", place="int4", service="int2", traits="int2", installed_on="date", verified_until="date"
)
READING = Row.of(
    meter_id="int4",
    value1="int8",
    value2="int8",
    value3="int8",
    prev_period="date",
    prev1="int8",
    prev2="int8",
    prev3="int8",
)


@dataclass(frozen=True, slots=True)
class Month:
    """What every query of meters needs: the month, whose houses, and the moment of knowledge."""

    period: Period
    house_ids: str  # SQL array
    as_of: dt.datetime | None
    instead: Mapping[int, Lines] = field(default_factory=dict)
    """Months (ordinals) whose published lines are about to be replaced by these."""

    def readings(self, first: Period, last: Period) -> str:
        """SQL: accepted readings of the months first … last, as known."""
        return (
            f"FROM readings r WHERE r.period BETWEEN '{first.first_day}' AND '{last.first_day}' "
            f"AND r.status = 'accepted' AND {known('r', self.as_of)}"
        )


@dataclass(slots=True)
class Read:
    """Meters in force and their readings of the month, before anything is derived. Rows in order of meter
    id.
    """

    meters: Columns
    at: npt.NDArray[np.intp]  # row of the reading of each meter, -1 without
    readings: Columns

    def take(self, rows: npt.NDArray[Any]) -> Read:
        return Read(
            {name: column[rows] for name, column in self.meters.items()}, self.at[rows], self.readings
        )

    def __len__(self) -> int:
        return len(self.at)

    @property
    def has_reading(self) -> npt.NDArray[np.bool_]:
        return self.at >= 0

    def reading(self, prefix: str) -> npt.NDArray[np.int64]:
        """(M, 3) of the month's reading: `value`, or `prev` (the initial value when nothing was read
        before).
        """
        out = np.zeros((len(self), ZONES), np.int64)
        has = self.has_reading
        rows = self.at[has]
        for zone in range(ZONES):
            out[has, zone] = self.readings[f"{prefix}{zone + 1}"][rows]
        return out


# Small columns travel as one: zones in 2 bits, figures of the counter in 4, then duty of the supplier, dated
# events, the meter of a whole communal flat.
TRAITS = (
    "m.zones + 4 * m.digits + 64 * m.supplier_duty::int + 128 * m.has_events::int "
    "+ 256 * (m.kind = 'flat')::int"
)


async def read_meters(connection: Connection, month: Month) -> Read:
    """Meters of the houses that stood on some day of the month, with its readings.

    Columns: id, account_id (0 for a meter of the house), house_id (0 for a meter of an account), service,
    zones, digits, installed_on, verified_until, supplier_duty, has_events, is_common.
    """
    period = month.period
    meters = await copy_out(
        connection,
        METER,
        f"SELECT m.id, coalesce(m.account_id, -m.house_id), m.service, ({TRAITS})::int2, m.installed_on, "
        f"coalesce(m.verified_until, 'infinity') FROM meters m WHERE m.house_id = ANY({month.house_ids}) "
        f"AND m.installed_on <= '{period.last_day}' "
        f"AND (m.removed_on IS NULL OR m.removed_on > '{period.first_day}')",
    )
    readings = await copy_out(
        connection,
        READING,
        "SELECT r.meter_id, r.value1_micro, r.value2_micro, r.value3_micro, coalesce(r.prev_period, "
        f"'-infinity'), r.prev1_micro, r.prev2_micro, r.prev3_micro {month.readings(period, period)} "
        f"AND r.house_id = ANY({month.house_ids})",
    )
    order = np.argsort(meters["id"], kind="stable")
    meters = {name: column[order] for name, column in meters.items()}
    place, traits = meters.pop("place"), meters.pop("traits")
    meters |= {
        "account_id": np.maximum(place, 0),
        "house_id": np.maximum(-place, 0),
        "zones": (traits & 3).astype(np.int8),
        "digits": (traits >> 2 & 15).astype(np.int8),
        "supplier_duty": (traits & 64) > 0,
        "has_events": (traits & 128) > 0,
        "is_common": (traits & 256) > 0,
    }
    return Read(meters, rows_of(meters["id"], readings["meter_id"]), readings)


def rows_of(wanted: npt.NDArray[Any], present: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Index into `present` for each of `wanted`, -1 where it is not there."""
    if not len(present):
        return np.full(len(wanted), -1, np.intp)
    order = np.argsort(present, kind="stable")
    at = np.searchsorted(present, wanted, sorter=order)
    row = order[np.minimum(at, len(order) - 1)]
    return np.where(present[row] == wanted, row, -1)


# ---- house meters ----------------------------------------------------------------------------------------


def house_meters(read: Read, house_ids: npt.NDArray[np.int32]) -> dict[int, HouseMeter]:
    """ОДПУ by service. Several meters of one service in a house are summed; one silent meter makes the house
    silent.
    """
    house = rows_of(read.meters["house_id"], house_ids)
    rows = np.flatnonzero(house >= 0)
    read, house = read.take(rows), house[rows]
    start, end = read.reading("prev"), read.reading("value")
    turn = (10 ** read.meters["digits"].astype(np.int64) * MICRO)[:, None]
    volume = np.where(end >= start, end - start, end - start + turn)
    out = {}
    for service in np.unique(read.meters["service"]).tolist():
        of = np.flatnonzero(read.meters["service"] == service)
        where, size = house[of], len(house_ids)
        has = np.zeros(size, np.bool_)
        has[where] = True
        silent = np.zeros(size, np.bool_)
        silent[where[~read.has_reading[of]]] = True
        sums = np.zeros((size, ZONES), np.int64)
        np.add.at(sums, where, volume[of])
        zones = np.zeros(size, np.int8)
        np.maximum.at(zones, where, read.meters["zones"][of])
        sums[silent] = 0
        out[service] = HouseMeter(has, has & ~silent, zones, sums)
    return out


def ordinals(days: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Month ordinals of COPY dates (days since 2000-01-01)."""
    if len(days) and int(days.min()) >= FIRST_KNOWN and int(days.max()) < FIRST_KNOWN + len(MONTHS):
        return MONTHS.take(days - FIRST_KNOWN)
    return _ordinals(days)


def _ordinals(days: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    since_1970 = days.astype(np.int64) + (DAY_ZERO - dt.date(1970, 1, 1).toordinal())
    return since_1970.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12


# Months of the days of 1950–2099, looked up: the calendar is worked out once, not for every meter.
FIRST_KNOWN = dt.date(1950, 1, 1).toordinal() - DAY_ZERO
MONTHS = _ordinals(np.arange(FIRST_KNOWN, dt.date(2100, 1, 1).toordinal() - DAY_ZERO))
