"""What a meter's past means for the month, for all meters of a block at once (billing.history has the
definition).

A reading knows what came before it, so only meters without a sound reading look back, as far as their case
needs; the few with dated events (faults, refusals of access) are worked out one by one by billing.history
itself.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from billing import history
from billing.law import NoFederalValueError, value_on
from billing.period import Period
from storage.block_values import known
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.meter_reads import DAY_ZERO, FOREVER, ZONES, Month, Read, ordinals, rows_of

BROKEN_MONTHS = 12
LASTING_MONTHS = 36  # while the supplier's duty to replace is not done; after refused access
AVERAGED = (
    "average_periods_fault",
    "average_periods_silent",
    "average_periods_refused",
    "average_periods_nonresidential",
)
BEFORE_ALL = -(2**31)
INT16_MAX = 2**15 - 1

PAST = Row.of(
    meter_id="int4",
    period="date",
    value1="int8",
    value2="int8",
    value3="int8",
    window1="int8",
    window2="int8",
    window3="int8",
    window_months="int2",
)


Events = dict[int, list[history.Event]]  # by row of the meter

EVENT = Row.of(meter_id="int4", fault="bool", first="date", after="date")


@dataclass(slots=True)
class State:
    """billing.history.MeterState of every meter as columns (M,)."""

    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    gap: npt.NDArray[np.int16]
    silent: npt.NDArray[np.int16]
    failed: npt.NDArray[np.int16]
    refused: npt.NDArray[np.int16]
    second: npt.NDArray[np.bool_]
    window: npt.NDArray[np.int64]
    window_months: npt.NDArray[np.int16]
    previous: npt.NDArray[np.int64]  # ordinal of the month of the previous reading
    last_failed: npt.NDArray[np.int64]  # the latest failed month before this one, BEFORE_ALL without
    limit: npt.NDArray[np.int64]  # the latest month whose reading counts as the previous one
    event_day: npt.NDArray[np.int16]  # on which the row of faults or refusals began, where the centre asks
    checks: dict[int, history.CheckState] = field(default_factory=dict)  # of the month, by row of the meter
    read: dict[int, bool] = field(
        default_factory=dict
    )  # whether a meter with checks has a reading of the month


async def state_of(
    connection: Connection, month: Month, read: Read, checked: Collection[int] = ()
) -> tuple[State, Events]:
    """Columns of all meters at once, and the events of the few that storage.meter_intricate has to mend.

    checked: ids of meters with acts of checks, which are among those.
    """
    period = month.period.ordinal
    has, size = read.has_reading, len(read)
    previous = ordinals(read.meters["installed_on"]) - 1
    given = np.full(size, BEFORE_ALL, np.int64)
    given[has] = read.readings["prev_period"][read.at[has]]
    dated = given > BEFORE_ALL
    previous[dated] = ordinals(given[dated])
    failed = _expired(read.meters["verified_until"], period)
    made = State(
        start=read.reading("prev"),
        end=read.reading("value"),
        gap=np.zeros(size, np.int16),
        silent=np.zeros(size, np.int16),
        failed=failed,
        refused=np.zeros(size, np.int16),
        second=np.zeros(size, np.bool_),
        window=np.zeros((size, ZONES), np.int64),
        window_months=np.zeros(size, np.int16),
        previous=previous,
        last_failed=np.where(failed > 1, period - 1, BEFORE_ALL),
        limit=np.full(size, period - 1, np.int64),
        event_day=np.zeros(size, np.int16),
    )
    intricate = await _add_events(connection, month, read, made, checked)
    await _look_back(connection, month, read, made)
    made.gap = np.where(has, history.gap_months(made.previous, period), 0).clip(0, INT16_MAX).astype(np.int16)
    silence = history.silent_months(np.maximum(made.previous, made.last_failed), period).clip(0, INT16_MAX)
    made.silent = np.where(has, 0, silence).astype(np.int16)
    made.end = np.where(has[:, None], made.end, made.start)
    return made, intricate


def _expired(verified_until: npt.NDArray[np.int32], period: int) -> npt.NDArray[np.int16]:
    """billing.history.expired_month of every meter, (M,)."""
    expires = np.full(len(verified_until), FOREVER, np.int64)
    limited = verified_until < FOREVER
    expires[limited] = ordinals(verified_until[limited].astype(np.int64) + 1)
    return np.clip(period + 1 - expires, 0, INT16_MAX).astype(np.int16)


async def _add_events(
    connection: Connection, month: Month, read: Read, made: State, checked: Collection[int]
) -> Events:
    """A single fault, or a single refusal that still lasts, into the columns; events of all other meters
    come back.
    """
    eventful = np.flatnonzero(read.meters["has_events"])
    if not len(eventful):
        return {}
    ids = read.meters["id"][eventful]
    events = await copy_out(
        connection,
        EVENT,
        "SELECT e.meter_id, e.kind <> 'refusal', e.valid_from, coalesce(e.valid_to, 'infinity') "
        f"FROM meter_events e WHERE e.meter_id = ANY({int_array(ids)}) "
        f"AND e.valid_from <= '{month.period.last_day}' AND {known('e', month.as_of)} ORDER BY "
        "e.valid_from, e.id",
    )
    period = month.period.ordinal
    row = eventful[rows_of(events["meter_id"], ids)]
    last = np.where(events["after"] < FOREVER, events["after"].astype(np.int64) - 1, FOREVER)
    lasts = last >= month.period.last_day.toordinal() - DAY_ZERO  # to the end of the month or longer
    months_last = np.full(len(row), period, np.int64)
    months_last[~lasts] = ordinals(last[~lasts])
    single = np.bincount(row, minlength=len(read))[row] == 1
    plain = ~np.isin(read.meters["id"][row], list(checked))
    simple = single & plain & (events["fault"] | (months_last >= period))
    first = ordinals(events["first"])
    faults, refusals = simple & events["fault"], simple & ~events["fault"]
    _add_faults(made, row[faults], first[faults], months_last[faults], period)
    made.refused[row[refusals]] = (period - first[refusals] + 1).clip(0, INT16_MAX)
    made.limit[row[refusals]] = np.minimum(first[refusals] - 1, period - 1)
    rest: Events = {int(at): [] for at in np.flatnonzero(np.isin(read.meters["id"], list(checked)))}
    for at in np.flatnonzero(~simple).tolist():
        kind = history.FAILURES[0] if events["fault"][at] else history.REFUSAL
        began, after = date_of(int(events["first"][at])), date_of(int(events["after"][at]))
        assert began is not None, "an event begins on a day"
        rest.setdefault(int(row[at]), []).append(history.Event(kind, began, after))
    return rest


def _add_faults(
    made: State,
    row: npt.NDArray[np.intp],
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    period: int,
) -> None:
    """One fault of months first … last a meter, joined with the months of an expired verification."""
    expired = made.failed[row].astype(np.int64)
    since = np.where(
        expired > 0, period - expired + 1, period + 1
    )  # the month after the period: nothing expired
    joined = np.where(last >= since - 1, np.minimum(first, since), since)
    made.failed[row] = (period + 1 - joined).clip(0, INT16_MAX)
    before = np.where(first < period, np.minimum(last, period - 1), BEFORE_ALL)
    made.last_failed[row] = np.maximum(made.last_failed[row], before)


def date_of(day: int) -> dt.date | None:
    """A date of COPY; None for infinity."""
    return None if day >= FOREVER else dt.date.fromordinal(day + DAY_ZERO)


async def _look_back(connection: Connection, month: Month, read: Read, made: State) -> None:
    """Start, previous month and window of meters without a sound reading this month."""
    months = _look_back_months(read, made, month.period)
    wanted = np.flatnonzero(months)
    if not len(wanted):
        return
    period, ids = month.period, read.meters["id"][wanted]
    failed = made.failed[wanted].astype(np.int64)
    sound = np.minimum(np.where(failed > 0, period.ordinal - failed, period.ordinal - 1), made.limit[wanted])
    past = await _past(connection, month, ids, months[wanted], sound == period.ordinal - 1)
    closed, meter = ordinals(past["period"]), rows_of(past["meter_id"], ids)
    last = _latest(meter, closed, made.limit[wanted], len(wanted))
    found = np.flatnonzero((last >= 0) & (~read.has_reading[wanted] | (made.refused[wanted] > 0)))
    rows = wanted[found]
    for zone in range(ZONES):
        made.start[rows, zone] = past[f"value{zone + 1}"][last[found]]
    made.previous[rows] = closed[last[found]]
    before = _latest(meter, closed, sound, len(wanted))
    averaged = np.flatnonzero(before >= 0)
    for zone in range(ZONES):
        made.window[wanted[averaged], zone] = past[f"window{zone + 1}"][before[averaged]]
    made.window_months[wanted[averaged]] = past["window_months"][before[averaged]]


def _look_back_months(read: Read, made: State, period: Period) -> npt.NDArray[np.int64]:
    """How many months back each meter's last sound reading may matter, (M,); 0 = its own reading says all.

    A silent or broken meter is billed by the average for some months, by the norm after them. The last sound
    reading of a broken one may be older. One that the supplier must replace is billed by the average until
    then.
    """
    averaged = _averaged_months(period)
    months = np.where(read.has_reading, 0, averaged + 1)
    broken = (made.failed > 0) | (made.refused > 0)
    by_average = _is_within(made.failed, averaged) | _is_within(made.refused, averaged)
    months[broken] = np.where(by_average[broken], BROKEN_MONTHS, 0)
    months[broken & read.meters["supplier_duty"]] = LASTING_MONTHS
    return months


def _is_within(month: npt.NDArray[np.int16], most: int) -> npt.NDArray[np.bool_]:
    return np.asarray((month > 0) & (month <= most), np.bool_)


def _averaged_months(period: Period) -> int:
    """The longest a meter is billed by its average, by the law of the month (Rules 354, п. 59)."""
    try:
        return max(value_on(key, period.first_day).value for key in AVERAGED)
    except NoFederalValueError:  # the month is older than the law we have: the rules will park everybody
        return 0


async def _past(
    connection: Connection,
    month: Month,
    ids: npt.NDArray[np.int32],
    months: npt.NDArray[np.int64],
    may_be_recent: npt.NDArray[np.bool_],
) -> Columns:
    """Readings among which the last sound one of each meter is.

    Most were read a month ago and are done with that one row; only the others look through all their months.
    """
    recent = await past_readings(connection, month, ids[may_be_recent], 1)
    months = np.where(np.isin(ids, recent["meter_id"]), 0, months)
    parts = [recent]
    parts += [
        await past_readings(connection, month, ids[months == back], back)
        for back in np.unique(months[months > 0]).tolist()
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in PAST.names}


async def past_readings(
    connection: Connection, month: Month, ids: npt.NDArray[np.int32], months: int
) -> Columns:
    """Readings of these meters in so many months before."""
    return await copy_out(
        connection,
        PAST,
        "SELECT r.meter_id, r.period, r.value1_micro, r.value2_micro, r.value3_micro, r.window1_micro, "
        "r.window2_micro, r.window3_micro, r.window_months "
        f"{month.readings(month.period.shift(-months), month.period.shift(-1))} "
        f"AND r.meter_id = ANY({int_array(ids)})",
    )


def _latest(
    meter: npt.NDArray[np.intp], closed: npt.NDArray[np.int64], not_after: npt.NDArray[Any], size: int
) -> npt.NDArray[np.intp]:
    """Row of the latest reading of each meter that is not after its month; -1 where there is none."""
    fits = np.flatnonzero(closed <= not_after[meter])
    order = fits[np.argsort(closed[fits], kind="stable")]
    out = np.full(size, -1, np.intp)
    out[meter[order]] = order  # the last assignment wins: the latest month
    return out
