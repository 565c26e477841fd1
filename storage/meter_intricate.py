"""Meters whose past is not worth a vector: several events, an ended refusal of access, acts of checks.

They are few; billing.history.state itself works them out, from three years of their readings.
"""

# ruff: noqa: S608 - queries hold only our own words

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from billing import history
from billing.period import Period
from billing.services import Service
from storage.block_values import known
from storage.bulk import Connection
from storage.meter_checks import NO_CHECKS, Checks
from storage.meter_past import INT16_MAX, LASTING_MONTHS, Events, State, date_of, past_readings
from storage.meter_reads import Month, Read, ordinals
from storage.meters import HEATING_SEASON

LongestOf = npt.NDArray[np.int64]


async def mend_intricate(
    connection: Connection,
    month: Month,
    read: Read,
    made: State,
    events_of: Events,
    checks: Checks = NO_CHECKS,
    longest: LongestOf | None = None,
) -> None:
    """Put billing.history.state of these meters into the columns.

    events_of: by row of the meter; checks: by id; longest (M,): months of the window, None = six.
    """
    if not events_of:
        return
    ids = read.meters["id"][list(events_of)]
    rows = await connection.fetch(
        "SELECT id, initial1_micro, initial2_micro, initial3_micro FROM meters WHERE id = ANY($1)",
        ids.tolist(),
    )
    initial: dict[int, history.Values] = {row[0]: (row[1], row[2], row[3]) for row in rows}
    past = await past_readings(connection, month, ids, LASTING_MONTHS)
    marks: dict[int, list[history.Mark]] = {}
    closed = ordinals(past["period"])
    for at in np.argsort(closed, kind="stable").tolist():
        values = (int(past["value1"][at]), int(past["value2"][at]), int(past["value3"][at]))
        marks.setdefault(int(past["meter_id"][at]), []).append(history.Mark(int(closed[at]), values))
    for at, events in events_of.items():
        meter = int(read.meters["id"][at])
        marks_of_meter = marks.get(meter, [])
        if read.at[at] >= 0:
            day, night, half_peak = (int(value) for value in made.end[at])
            marks_of_meter = [*marks_of_meter, history.Mark(month.period.ordinal, (day, night, half_peak))]
        facts = history.MeterFacts(
            digits=int(read.meters["digits"][at]),
            marks=marks_of_meter,
            installed_on=date_of(int(read.meters["installed_on"][at])),
            initial=initial[meter],
            verified_until=date_of(int(read.meters["verified_until"][at])),
            events=events,
            season=HEATING_SEASON if read.meters["service"][at] == Service.HEATING else None,
            checks=checks.get(meter, ()),
        )
        most = history.AVERAGE_MONTHS_MAX if longest is None else int(longest[at])
        _put_state(made, at, facts, month.period, most)


async def with_chosen(
    connection: Connection,
    month: Month,
    read: Read,
    made: State,
    events_of: Events,
    longest: LongestOf,
    by_days: npt.NDArray[np.bool_],
) -> Events:
    """The same and those the centre asks more of: a longer window than readings keep, days of events."""
    broken = (made.failed > 0) | (made.refused > 0)
    windows = (~read.has_reading | broken) & (longest > history.AVERAGE_MONTHS_MAX)
    rows = np.flatnonzero(windows | (broken & by_days))
    if not rows.size:
        return events_of
    of_row = {int(read.meters["id"][at]): int(at) for at in rows}
    found: Events = {at: [] for at in of_row.values()}
    events = await connection.fetch(
        f"SELECT e.meter_id, e.kind, e.valid_from, e.valid_to FROM meter_events e "
        f"WHERE e.meter_id = ANY($1) AND e.valid_from <= $2 AND {known('e', month.as_of)} "
        "ORDER BY e.valid_from, e.id",
        list(of_row),
        month.period.last_day,
    )
    for meter, kind, first, after in events:
        found[of_row[meter]].append(history.Event(kind, first, after))
    return events_of | found


def _put_state(made: State, at: int, facts: history.MeterFacts, period: Period, longest: int) -> None:
    state = history.state(facts, period, longest)
    if state is None:  # every reading, the initial one too, falls into months of refused access
        return
    made.start[at], made.end[at] = state.start, state.end
    made.gap[at], made.silent[at] = state.gap_months, min(state.silent_months, INT16_MAX)
    made.failed[at], made.refused[at] = state.failed_month, state.refused_month
    made.second[at], made.event_day[at] = state.second_refusal, state.event_day
    made.window[at], made.window_months[at] = state.window, state.window_months
    made.previous[at] = period.ordinal - 1 - state.gap_months if state.has_reading else made.previous[at]
    if facts.checks:
        made.read[at] = state.has_reading
    if state.check is not None:
        made.checks[at] = state.check
