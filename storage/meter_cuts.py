"""Readings taken on the day a tariff changes (billing.cut), for the meters of a block.

It is the month's reading itself, or one of the same month that a later reading superseded: what was read on
the
day stays true. Asked about only in a month inside which something changes.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from billing.block import Cut
from storage.block_values import known
from storage.bulk import Connection, Row, copy_out
from storage.meter_reads import DAY_ZERO, ZONES, Month, rows_of

READING = Row.of(meter_id="int4", taken_on="date", value1="int8", value2="int8", value3="int8")


async def read_cuts(
    connection: Connection, month: Month, meter_ids: npt.NDArray[np.int32], days: Sequence[dt.date]
) -> Cut | None:
    """Readings of the month taken on one of these days; None when there is none. The last recorded counts."""
    if not days or not len(meter_ids):
        return None
    dates = ", ".join(f"'{day}'" for day in days)
    learnt = "true" if month.as_of is None else f"r.recorded_at <= '{month.as_of.astimezone(dt.UTC)}'"
    rows = await copy_out(
        connection,
        READING,
        "SELECT r.meter_id, r.taken_on, r.value1_micro, r.value2_micro, r.value3_micro "
        "FROM readings r JOIN readings c ON c.meter_id = r.meter_id AND c.period = r.period "
        f"WHERE r.period = '{month.period.first_day}' AND c.period = '{month.period.first_day}' "
        f"AND r.house_id = ANY({month.house_ids}) AND r.taken_on IN ({dates}) AND r.status = 'accepted' "
        f"AND {learnt} AND c.status = 'accepted' AND {known('c', month.as_of)} "
        "AND (c.id = r.id OR c.taken_on > r.taken_on) ORDER BY r.meter_id, r.id",
    )
    at = rows_of(rows["meter_id"], meter_ids)
    mine = np.flatnonzero(at >= 0)
    if not len(mine):
        return None
    cut = Cut(np.zeros(len(meter_ids), np.int16), np.zeros((len(meter_ids), ZONES), np.int64))
    first = month.period.first_day.toordinal() - DAY_ZERO
    cut.day[at[mine]] = (rows["taken_on"][mine] - first + 1).astype(np.int16)
    for zone in range(ZONES):
        cut.value[at[mine], zone] = rows[f"value{zone + 1}"][mine]
    return cut
