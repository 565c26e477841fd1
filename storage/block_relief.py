"""Absences and troubles of the houses of a block. Most months have neither: two empty reads, and None."""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.history import full_days
from billing.reduction import WHOLE_HOUSE, Absent, Troubles, absent_people
from storage.block_values import Segments, known, overlaps
from storage.bulk import Columns, Connection, Row, copy_out
from storage.meter_reads import DAY_ZERO, Month, rows_of

I64 = npt.NDArray[np.int64]

ABSENCE = Row.of(account_id="int4", first="date", after="date", people="int4", forced="bool")
TROUBLE = Row.of(
    house_id="int4",
    account_id="int4",
    service="int2",
    trouble="int2",
    first="int4",
    after="int4",
    value="int4",
    required="int4",
    marks="int2",
)


async def read_absent(
    connection: Connection, month: Month, accounts: Columns, facts: Columns, segments: Segments
) -> Absent | None:
    """Who was away in the month: full days only, no more people than lived there that day."""
    rows = await copy_out(
        connection,
        ABSENCE,
        "SELECT s.account_id, s.valid_from, s.valid_to, s.people::int4, s.is_forced FROM absences s "
        f"WHERE s.house_id = ANY({month.house_ids}) AND {overlaps('s', month.period)} "
        f"AND {known('s', month.as_of)}",
    )
    account = rows_of(rows["account_id"], accounts["id"])
    found = []
    for at in np.flatnonzero(account >= 0).tolist():
        left, back = (_day(rows[name][at]) for name in ("first", "after"))
        days = full_days(left, back, month.period)
        if days is not None:
            found.append((int(account[at]), *days, int(rows["people"][at]), int(rows["forced"][at])))
    if not found:
        return None
    table = np.array(found, np.int64)
    who = np.unique(table[:, 0])
    lived = _lived(month, accounts, facts, who)
    first = [int(day) - 1 for day in segments.first_day]

    def days_of(some: I64) -> I64:
        account, after_left, back, count = (some[:, column].astype(np.int32) for column in range(4))
        by_day = absent_people(account, after_left, back, count, lived, who.astype(np.int32))
        return np.asarray(np.add.reduceat(by_day, first, axis=1).T.copy(), np.int64)

    return Absent(who.astype(np.int32), days_of(table), days_of(table[table[:, 4] == 1]))


def _day(days: Any) -> dt.date:
    """A date of COPY."""
    return dt.date.fromordinal(int(days) + DAY_ZERO)


def _lived(month: Month, accounts: Columns, facts: Columns, who: I64) -> I64:
    """(A, D) permanent residents of the accounts `who` on the days they are open."""
    period = month.period
    start = period.first_day.toordinal() - DAY_ZERO
    steps = np.zeros((len(who), period.days + 1), np.int64)
    of = np.flatnonzero(np.isin(facts["account"], who))
    at = facts["account"][of]
    place = np.searchsorted(who, at)
    first = np.maximum(facts["first"][of], accounts["opened"][at]).astype(np.int64) - start
    after = np.minimum(facts["after"][of], accounts["closed"][at]).astype(np.int64) - start
    first, after = np.clip(first, 0, period.days), np.clip(after, 0, period.days)
    real = first < after
    count = facts["residents"][of].astype(np.int64)
    np.add.at(steps, (place[real], first[real]), count[real])
    np.add.at(steps, (place[real], after[real]), -count[real])
    return np.asarray(np.cumsum(steps, axis=1)[:, :-1], np.int64)


async def read_troubles(
    connection: Connection, month: Month, house_ids: npt.NDArray[np.int32], account_ids: npt.NDArray[np.int32]
) -> Troubles | None:
    """Events of the month by the clock of each house's city; an entrance becomes its accounts."""
    period = month.period
    start, end = f"'{period.first_day}'::timestamp", f"'{period.shift(1).first_day}'::timestamp"
    local = "({} AT TIME ZONE coalesce(c.timezone, 'Europe/Moscow'))"
    first, after = local.format("t.started_at"), local.format("t.ended_at")
    rows = await copy_out(
        connection,
        TROUBLE,
        f"SELECT t.house_id, coalesce(t.account_id, e.id, {WHOLE_HOUSE}), t.service, t.trouble, "
        f"(extract(epoch FROM greatest({first}, {start}) - {start}) / 60)::int4, "
        f"(extract(epoch FROM least({after}, {end}) - {start}) / 60)::int4, t.value, t.required, t.marks "
        "FROM troubles t JOIN houses h ON h.id = t.house_id JOIN streets s ON s.id = h.street_id "
        "JOIN cities c ON c.id = s.city_id LEFT JOIN LATERAL (SELECT a.id FROM accounts a JOIN flats f "
        "ON f.id = a.flat_id WHERE a.house_id = t.house_id AND f.entrance = t.entrance) e ON true "
        f"WHERE t.house_id = ANY({month.house_ids}) AND {first} < {end} AND {after} > {start} "
        f"AND {known('t', month.as_of)} AND (t.entrance IS NULL OR e.id IS NOT NULL) ORDER BY t.id",
    )
    account = rows_of(rows["account_id"], account_ids)
    of_house = rows["account_id"] == WHOLE_HOUSE
    kept = np.flatnonzero(of_house | (account >= 0))
    if not kept.size:
        return None
    return Troubles(
        house=rows_of(rows["house_id"], house_ids)[kept].astype(np.int32),
        account=np.where(of_house, WHOLE_HOUSE, account)[kept].astype(np.int32),
        service=rows["service"][kept],
        trouble=rows["trouble"][kept],
        first=rows["first"][kept],
        after=rows["after"][kept],
        value=rows["value"][kept],
        limit=rows["required"][kept],
        marks=rows["marks"][kept],
    )
