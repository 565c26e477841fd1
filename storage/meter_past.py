"""What a meter's past means for the month, for all meters of a block at once (billing.history has the
definition).

A reading knows what came before it, so only meters without a sound reading look back, as far as their case
needs; the few with dated events (faults, refusals of access) are worked out one by one by billing.history
itself.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from billing import history
from billing.law import NoFederalValueError, value_on
from billing.period import Period
from billing.services import Service
from storage.block_values import known
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.meter_reads import DAY_ZERO, FOREVER, ZONES, Month, Read, ordinals, rows_of
from storage.meters import HEATING_SEASON

BROKEN_MONTHS = 12
LASTING_MONTHS = 36  # while the supplier's duty to replace is not done; after refused access
AVERAGED = ("average_periods_fault", "average_periods_silent", "average_periods_nonresidential")
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


async def state_of(connection: Connection, month: Month, read: Read) -> State:
    """Columns of all meters at once; those with acts of refused access (few) are worked out one by one."""
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
    )
    last_failed = np.where(failed > 1, period - 1, BEFORE_ALL)
    refused = await _add_events(connection, month, read, made, last_failed)
    await _look_back(connection, month, read, made)
    made.gap = np.where(has, history.gap_months(made.previous, period), 0).clip(0, INT16_MAX).astype(np.int16)
    silence = history.silent_months(np.maximum(made.previous, last_failed), period).clip(0, INT16_MAX)
    made.silent = np.where(has, 0, silence).astype(np.int16)
    made.end = np.where(has[:, None], made.end, made.start)
    await _mend_refused(connection, month, read, made, refused)
    return made


def _expired(verified_until: npt.NDArray[np.int32], period: int) -> npt.NDArray[np.int16]:
    """billing.history.expired_month of every meter, (M,)."""
    expires = np.full(len(verified_until), FOREVER, np.int64)
    limited = verified_until < FOREVER
    expires[limited] = ordinals(verified_until[limited].astype(np.int64) + 1)
    return np.clip(period + 1 - expires, 0, INT16_MAX).astype(np.int16)


Events = dict[int, list[history.Event]]  # by row of the meter


async def _add_events(
    connection: Connection, month: Month, read: Read, made: State, last_failed: npt.NDArray[np.int64]
) -> Events:
    """Faults into `failed` and `last_failed`; returns the events of meters with an act of refused access."""
    eventful = np.flatnonzero(read.meters["has_events"])
    refused: Events = {}
    if not len(eventful):
        return refused
    period = month.period.ordinal
    events = await _events(connection, month, read.meters["id"][eventful])
    for at in eventful.tolist():
        known_events = events.get(int(read.meters["id"][at]), [])
        if any(event.kind == history.REFUSAL for event in known_events):
            refused[at] = known_events
        elif known_events:
            until = _date(int(read.meters["verified_until"][at]))
            failed = history.failed_months(known_events, until, period)
            made.failed[at] = history.in_a_row(failed, period)
            last_failed[at] = max((one for one in failed if one < period), default=BEFORE_ALL)
    return refused


def _date(day: int) -> dt.date | None:
    """A date of COPY; None for infinity."""
    return None if day >= FOREVER else dt.date.fromordinal(day + DAY_ZERO)


async def _look_back(connection: Connection, month: Month, read: Read, made: State) -> None:
    """Start, previous month and window of meters without a sound reading this month."""
    months = _look_back_months(read, made, month.period)
    wanted = np.flatnonzero(months)
    if not len(wanted):
        return
    period, ids = month.period, read.meters["id"][wanted]
    parts = [
        await _past(connection, month, ids[months[wanted] == back], back)
        for back in np.unique(months[wanted]).tolist()
    ]
    past = {name: np.concatenate([part[name] for part in parts]) for name in PAST.names}
    closed, meter = ordinals(past["period"]), rows_of(past["meter_id"], ids)
    last = _latest(meter, closed, np.full(len(wanted), period.ordinal - 1), len(wanted))
    found = np.flatnonzero((last >= 0) & ~read.has_reading[wanted])
    rows = wanted[found]
    for zone in range(ZONES):
        made.start[rows, zone] = past[f"value{zone + 1}"][last[found]]
    made.previous[rows] = closed[last[found]]
    failed = made.failed[wanted].astype(np.int64)
    sound = np.where(failed > 0, period.ordinal - failed, period.ordinal - 1)
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
    broken = made.failed > 0
    months[broken] = np.where(made.failed[broken] <= averaged, BROKEN_MONTHS, 0)
    months[broken & read.meters["supplier_duty"]] = LASTING_MONTHS
    return months


def _averaged_months(period: Period) -> int:
    """The longest a meter is billed by its average, by the law of the month (Rules 354, п. 59)."""
    try:
        return max(value_on(key, period.first_day).value for key in AVERAGED)
    except NoFederalValueError:  # the month is older than the law we have: the rules will park everybody
        return 0


async def _past(connection: Connection, month: Month, ids: npt.NDArray[np.int32], months: int) -> Columns:
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


# ---- meters with acts of refused access ------------------------------------------------------------------


async def _mend_refused(
    connection: Connection, month: Month, read: Read, made: State, refused: Events
) -> None:
    """billing.history.state itself for the few meters it is not worth a vector for, from three years of
    readings.
    """
    if not refused:
        return
    ids = read.meters["id"][list(refused)]
    rows = await connection.fetch(
        "SELECT id, initial1_micro, initial2_micro, initial3_micro FROM meters WHERE id = ANY($1)",
        ids.tolist(),
    )
    initial: dict[int, history.Values] = {row[0]: (row[1], row[2], row[3]) for row in rows}
    past = await _past(connection, month, ids, LASTING_MONTHS)
    marks: dict[int, list[history.Mark]] = {}
    closed = ordinals(past["period"])
    for at in np.argsort(closed, kind="stable").tolist():
        values = (int(past["value1"][at]), int(past["value2"][at]), int(past["value3"][at]))
        marks.setdefault(int(past["meter_id"][at]), []).append(history.Mark(int(closed[at]), values))
    for at, events in refused.items():
        meter = int(read.meters["id"][at])
        known_marks = marks.get(meter, [])
        if read.at[at] >= 0:
            day, night, half_peak = (int(value) for value in made.end[at])
            known_marks = [*known_marks, history.Mark(month.period.ordinal, (day, night, half_peak))]
        facts = history.MeterFacts(
            digits=int(read.meters["digits"][at]),
            marks=known_marks,
            installed_on=_date(int(read.meters["installed_on"][at])),
            initial=initial[meter],
            verified_until=_date(int(read.meters["verified_until"][at])),
            events=events,
            season=HEATING_SEASON if read.meters["service"][at] == Service.HEATING else None,
        )
        _put_state(made, at, facts, month.period)


def _put_state(made: State, at: int, facts: history.MeterFacts, period: Period) -> None:
    state = history.state(facts, period)
    if state is None:  # every reading, the initial one too, falls into months of refused access
        return
    made.start[at], made.end[at] = state.start, state.end
    made.gap[at], made.silent[at] = state.gap_months, min(state.silent_months, INT16_MAX)
    made.failed[at], made.refused[at] = state.failed_month, state.refused_month
    made.second[at] = state.second_refusal
    made.window[at], made.window_months[at] = state.window, state.window_months
    made.previous[at] = period.ordinal - 1 - state.gap_months if state.has_reading else made.previous[at]


async def _events(
    connection: Connection, month: Month, meter_ids: npt.NDArray[Any]
) -> dict[int, list[history.Event]]:
    rows = await connection.fetch(
        "SELECT e.meter_id, e.kind, e.valid_from, e.valid_to FROM meter_events e WHERE e.meter_id = ANY($1) "
        f"AND e.valid_from <= $2 AND {known('e', month.as_of)} ORDER BY e.valid_from, e.id",
        meter_ids.tolist(),
        month.period.last_day,
    )
    events: dict[int, list[history.Event]] = {}
    for row in rows:
        event = history.Event(row["kind"], row["valid_from"], row["valid_to"])
        events.setdefault(row["meter_id"], []).append(event)
    return events
