"""Meters whose past is not worth a vector: several events, an ended refusal of access, acts of checks.

They are few; billing.history.state itself works them out, from three years of their readings.
"""

from __future__ import annotations

import numpy as np

from billing import history
from billing.period import Period
from billing.services import Service
from storage.bulk import Connection
from storage.meter_checks import NO_CHECKS, Checks
from storage.meter_past import INT16_MAX, LASTING_MONTHS, Events, State, date_of, past_readings
from storage.meter_reads import Month, Read, ordinals
from storage.meters import HEATING_SEASON


async def mend_intricate(
    connection: Connection,
    month: Month,
    read: Read,
    made: State,
    events_of: Events,
    checks: Checks = NO_CHECKS,
) -> None:
    """Put billing.history.state of these meters into the columns. events_of: by row; checks: by id."""
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
    if facts.checks:
        made.read[at] = state.has_reading
    if state.check is not None:
        made.checks[at] = state.check
