"""The past of heat meters for a block: failed meters of houses, last year's volumes of houses that pay
evenly.

Only houses that need it are asked about: those with a failed meter of heat, and those that pay evenly and
have
one. What the numbers mean is billing.heat_past.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.block import HouseMeter, Houses
from billing.heat_past import HeatYear, HouseFailure, YearKnown
from billing.metering import average_over_60
from billing.period import Period
from billing.quantity import MICRO
from billing.services import Service
from billing.work import AVERAGE_DEN
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.meter_intricate import mend_intricate
from storage.meter_past import state_of
from storage.meter_reads import DAY_ZERO, FOREVER, Month, Read, ordinals, rows_of

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

HEAT = int(Service.HEATING)
MONTHS = 12
LONG_AGO = -(2**31)  # -infinity of COPY: no reading before

METER = Row.of(id="int4", place="int4", digits="int2", installed="date", removed="date")
READING = Row.of(meter_id="int4", period="date", value="int8", prev_period="date", prev="int8")


# ---- failed meters of houses ---------------------------------------------------------------------------


async def house_failures(
    connection: Connection, month: Month, read: Read, house_ids: npt.NDArray[np.int32]
) -> HouseFailure | None:
    """Failed meters of heat of these houses, None when all are sound.

    A house with a sound meter that was not read is left to wait for that reading.
    """
    heat = np.flatnonzero((read.meters["house_id"] > 0) & (read.meters["service"] == HEAT))
    last_day = month.period.last_day.toordinal() - DAY_ZERO
    ends = read.meters["verified_until"][heat] < last_day
    doubtful = heat[ends | read.meters["has_events"][heat]]
    if not len(doubtful):
        return None
    some = read.take(doubtful)
    state, intricate = await state_of(connection, month, some)
    await mend_intricate(connection, month, some, state, intricate)
    failed = state.failed > 0
    if not failed.any():
        return None
    size = len(house_ids)
    house = rows_of(some.meters["house_id"], house_ids)[failed]
    made = HouseFailure(np.zeros(size, np.int64), np.zeros(size, np.int64), np.full(size, MONTHS, np.int64))
    np.maximum.at(made.month, house, state.failed[failed].astype(np.int64))
    months = state.window_months[failed].astype(np.int64)
    np.minimum.at(made.months, house, months)
    np.add.at(made.average60, house, average_over_60(state.window[failed], months)[:, 0])
    _add_sound(made, read.take(np.setdiff1d(heat, doubtful[failed])), house_ids)
    return made


def _add_sound(made: HouseFailure, sound: Read, house_ids: npt.NDArray[np.int32]) -> None:
    """What the other meters of the same house showed."""
    house = rows_of(sound.meters["house_id"], house_ids)
    turn = 10 ** sound.meters["digits"].astype(np.int64) * MICRO
    volume = sound.reading("value")[:, 0] - sound.reading("prev")[:, 0]
    volume = np.where(volume < 0, volume + turn, volume)
    mine = made.month[house] > 0
    np.add.at(made.average60, house[mine], np.where(sound.has_reading, volume * AVERAGE_DEN, 0)[mine])
    made.month[house[mine & ~sound.has_reading]] = 0


# ---- last year --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Year:
    """Meters of heat that stood in last year: place (account id, −house id), months stood as bits, volume."""

    place: npt.NDArray[np.int32]
    stood: I64
    complete: Bool
    volume: I64


async def heat_year(
    connection: Connection,
    month: Month,
    houses: Houses,
    account_ids: npt.NDArray[np.int32],
    meters: dict[int, HouseMeter],
) -> HeatYear | None:
    """Last calendar year of houses that pay evenly and have a meter of heat; None when there is none."""
    heat = meters.get(HEAT)
    if heat is None:
        return None
    even = np.flatnonzero(houses.heating_uniform & heat.has)
    if not len(even):
        return None
    year = await _read_year(connection, month, houses.id[even])
    size = len(houses)
    state, whole = np.full(size, int(YearKnown.YOUNG), np.int64), np.zeros(size, np.int64)
    known, volume, stood = _by_place(year, -houses.id[even])
    state[even] = np.where(stood, np.where(known, int(YearKnown.KNOWN), int(YearKnown.UNKNOWN)), state[even])
    whole[even] = np.where(stood & known, volume, 0)
    known, volume, stood = _by_place(year, account_ids)
    metered = stood & known
    return HeatYear(state, whole, np.where(metered, volume, 0), metered)


def _by_place(year: _Year, places: npt.NDArray[Any]) -> tuple[Bool, I64, Bool]:
    """For each place: whether all its meters were read, their volume, whether some meter stood every
    month.
    """
    at = rows_of(year.place, places)
    mine = np.flatnonzero(at >= 0)
    known, volume = np.ones(len(places), np.bool_), np.zeros(len(places), np.int64)
    stood = np.zeros(len(places), np.int64)
    np.logical_and.at(known, at[mine], year.complete[mine])
    np.add.at(volume, at[mine], year.volume[mine])
    np.bitwise_or.at(stood, at[mine], year.stood[mine])
    return known, volume, np.asarray(stood == (1 << MONTHS) - 1, np.bool_)


async def _read_year(connection: Connection, month: Month, house_ids: npt.NDArray[np.int32]) -> _Year:
    first = Period((month.period.year - 1) * MONTHS)
    last = first.shift(MONTHS - 1)
    meters = await copy_out(
        connection,
        METER,
        "SELECT m.id, coalesce(m.account_id, -m.house_id), m.digits, m.installed_on, "
        f"coalesce(m.removed_on, 'infinity') FROM meters m WHERE m.service = {HEAT} "
        f"AND m.house_id = ANY({int_array(house_ids)}) AND m.installed_on <= '{last.last_day}' "
        f"AND (m.removed_on IS NULL OR m.removed_on > '{first.first_day}')",
    )
    readings = await copy_out(
        connection,
        READING,
        "SELECT r.meter_id, r.period, r.value1_micro, coalesce(r.prev_period, '-infinity'), r.prev1_micro "
        f"{month.readings(first, last)} AND r.meter_id = ANY({int_array(meters['id'])})",
    )
    return _told(meters, readings, first)


def _told(meters: Columns, readings: Columns, first: Period) -> _Year:
    """Months each meter stood and whether its readings cover exactly those; a gap bridged later is
    covered.
    """
    january = first.ordinal
    installed = np.maximum(ordinals(meters["installed"]) - january, 0)
    removed = np.full(len(meters["id"]), MONTHS - 1, np.int64)
    gone = meters["removed"] < FOREVER
    removed[gone] = np.minimum(ordinals(meters["removed"][gone].astype(np.int64) - 1) - january, MONTHS - 1)
    stood = (1 << (removed + 1)) - (1 << installed)
    at = rows_of(readings["meter_id"], meters["id"])
    before = ordinals(meters["installed"])[at] - 1
    dated = readings["prev_period"] > LONG_AGO
    before[dated] = ordinals(readings["prev_period"][dated])
    length = ordinals(readings["period"]) - before
    covered = np.zeros(len(meters["id"]), np.int64)
    np.add.at(covered, at, np.where(before >= january - 1, length, 2 * MONTHS))
    turn = 10 ** meters["digits"].astype(np.int64) * MICRO
    used = readings["value"] - readings["prev"]
    used = np.where(used < 0, used + turn[at], used)
    volume = np.zeros(len(meters["id"]), np.int64)
    np.add.at(volume, at, used)
    return _Year(meters["place"], stood, np.asarray(covered == removed - installed + 1, np.bool_), volume)
