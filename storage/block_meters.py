"""Meters of a block: this month's readings, and the past of those that are silent, broken or read late.

The month's partition is read once for all meters of the houses. A reading knows what came before it, so only
meters without a sound reading look back, at most LOOK_BACK_MONTHS months (a fault or silence is averaged for
three months, the reading before it may be three older). billing.history says what the columns mean.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from billing import history
from billing.basis import Basis
from billing.block import HouseMeter, Meters
from billing.period import Period
from billing.quantity import MICRO
from storage.block_values import known
from storage.bulk import Columns, Connection, Row, copy_out, int_array

LOOK_BACK_MONTHS = 7
ZONES = 3
DAY_ZERO = dt.date(2000, 1, 1).toordinal()  # dates of COPY are days since then
FOREVER = 2**31 - 1
BEFORE_ALL = -(2**31)
INT16_MAX = 2**15 - 1
READ_BASES = (
    Basis.METER,
    Basis.LATE_READING,
    Basis.NORM_TEMPORARY,
)  # lines that are not instead of a reading
HOT_HEAT = (2, 2)  # service, component measured in Gcal: the volume is in its cold part

METER = Row.of(
    id="int4",
    account_id="int4",
    house_id="int4",
    service="int2",
    zones="int2",
    digits="int2",
    initial1="int8",
    initial2="int8",
    initial3="int8",
    installed_on="date",
    removed_on="date",
    verified_until="date",
    supplier_duty="bool",
    has_events="bool",
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
LATE = Row.of(account_id="int4", period="date", service="int2", component="int2", num="int8", den="int8")


@dataclass(frozen=True, slots=True)
class Month:
    """What every query of meters needs: the month, whose houses, and the moment of knowledge."""

    period: Period
    house_ids: str  # SQL array
    as_of: dt.datetime | None

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

    def reading(self, prefix: str, otherwise: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """(M, 3) values of the month's reading; `otherwise` where there is none."""
        out = otherwise.copy()
        has = self.has_reading
        for zone in range(ZONES):
            out[has, zone] = self.readings[f"{prefix}{zone + 1}"][self.at[has]]
        return out

    def initial(self) -> npt.NDArray[np.int64]:
        return np.stack([self.meters[f"initial{zone + 1}"] for zone in range(ZONES)], axis=1)


async def read_meters(connection: Connection, month: Month) -> Read:
    """Meters of the houses that stood on some day of the month, with its readings."""
    period = month.period
    meters = await copy_out(
        connection,
        METER,
        "SELECT m.id, coalesce(m.account_id, 0), m.house_id, m.service, m.zones, m.digits, m.initial1_micro, "
        "m.initial2_micro, m.initial3_micro, m.installed_on, coalesce(m.removed_on, 'infinity'), "
        "coalesce(m.verified_until, 'infinity'), m.supplier_duty, m.has_events FROM meters m "
        f"WHERE m.house_id = ANY({month.house_ids}) AND m.installed_on <= '{period.last_day}' "
        f"AND (m.removed_on IS NULL OR m.removed_on > '{period.first_day}')",
    )
    readings = await copy_out(
        connection,
        READING,
        "SELECT r.meter_id, r.value1_micro, r.value2_micro, r.value3_micro, coalesce(r.prev_period, "
        "'-infinity'), "
        f"r.prev1_micro, r.prev2_micro, r.prev3_micro {month.readings(period, period)} "
        f"AND r.house_id = ANY({month.house_ids})",
    )
    order = np.argsort(meters["id"], kind="stable")
    meters = {name: column[order] for name, column in meters.items()}
    return Read(meters, rows_of(meters["id"], readings["meter_id"]), readings)


def rows_of(wanted: npt.NDArray[Any], present: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Index into `present` for each of `wanted`, -1 where it is not there."""
    if not len(present):
        return np.full(len(wanted), -1, np.intp)
    order = np.argsort(present, kind="stable")
    at = np.searchsorted(present, wanted, sorter=order)
    row = order[np.minimum(at, len(order) - 1)]
    return np.where(present[row] == wanted, row, -1)


# ---- individual meters ---------------------------------------------------------------------------------


async def individual(
    connection: Connection, month: Month, read: Read, account_ids: npt.NDArray[np.int32]
) -> Meters:
    """Columns of billing.block.Meters. account_ids (N,): ids of the block's accounts, in its order."""
    account = rows_of(read.meters["account_id"], account_ids)
    rows = np.flatnonzero(account >= 0)
    rows = rows[np.lexsort((read.meters["id"][rows], read.meters["service"][rows], account[rows]))]
    read, account = read.take(rows), account[rows]
    state = await _state(connection, month, read)
    late = await _billed(connection, month, read, account_ids[account], state)
    return Meters(
        id=read.meters["id"],
        account=account.astype(np.int32),
        service=read.meters["service"],
        zones=read.meters["zones"].astype(np.int8),
        digits=read.meters["digits"].astype(np.int8),
        has_reading=read.has_reading,
        start=state.start,
        end=state.end,
        gap_months=state.gap,
        silent_months=state.silent,
        failed_month=state.failed,
        refused_month=state.refused,
        second_refusal=state.second,
        supplier_duty=read.meters["supplier_duty"],
        window=state.window,
        window_months=state.window_months,
        billed=late,
    )


@dataclass(slots=True)
class _State:
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


async def _state(connection: Connection, month: Month, read: Read) -> _State:
    """As if the previous reading were the one the month's reading names; _look_back mends the unusual
    ones.
    """
    period = month.period.ordinal
    initial, has, size = read.initial(), read.has_reading, len(read)
    previous = _ordinals(read.meters["installed_on"]) - 1
    given = np.full(size, BEFORE_ALL, np.int64)
    given[has] = read.readings["prev_period"][read.at[has]]
    dated = given > BEFORE_ALL
    previous[dated] = _ordinals(given[dated])
    broken = await _broken(connection, month, read)
    made = _State(
        start=read.reading("prev", initial),
        end=read.reading("value", initial),
        gap=np.zeros(size, np.int16),
        silent=np.zeros(size, np.int16),
        failed=broken.failed,
        refused=broken.refused,
        second=broken.second,
        window=np.zeros((size, ZONES), np.int64),
        window_months=np.zeros(size, np.int16),
        previous=previous,
    )
    await _look_back(connection, month, read, made, broken.unbilled)
    made.gap = np.where(has, history.gap_months(made.previous, period), 0).clip(0, INT16_MAX).astype(np.int16)
    since = np.maximum(made.previous, broken.last_failed)
    silence = history.silent_months(since, period).clip(0, INT16_MAX)
    made.silent = np.where(has, 0, silence).astype(np.int16)
    made.end = np.where(has[:, None], made.end, made.start)
    return made


async def _look_back(
    connection: Connection, month: Month, read: Read, made: _State, unbilled: dict[int, frozenset[int]]
) -> None:
    """Start, previous month and window of meters without a sound reading this month, or with unbilled ones
    before.

    unbilled: by meter row, months whose readings were kept but not billed (access was refused in them).
    """
    lasting = np.zeros(len(read), np.bool_)
    lasting[list(unbilled)] = True
    wanted = np.flatnonzero(~read.has_reading | (made.failed > 0) | (made.refused > 0) | lasting)
    if not len(wanted):
        return
    period, ids = month.period, read.meters["id"][wanted]
    past = await copy_out(
        connection,
        PAST,
        "SELECT r.meter_id, r.period, r.value1_micro, r.value2_micro, r.value3_micro, r.window1_micro, "
        "r.window2_micro, r.window3_micro, r.window_months "
        f"{month.readings(period.shift(-LOOK_BACK_MONTHS), period.shift(-1))} "
        f"AND r.meter_id = ANY({int_array(ids)})",
    )
    closed, meter = _ordinals(past["period"]), rows_of(past["meter_id"], ids)
    if unbilled:
        billed = [
            int(closed[at]) not in unbilled.get(int(wanted[meter[at]]), ()) for at in range(len(closed))
        ]
        past = {name: column[billed] for name, column in past.items()}
        closed, meter = closed[billed], meter[billed]
    last = _latest(meter, closed, np.full(len(wanted), period.ordinal - 1), len(wanted))
    found = np.flatnonzero((last >= 0) & (~read.has_reading[wanted] | lasting[wanted]))
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


def _latest(
    meter: npt.NDArray[np.intp], closed: npt.NDArray[np.int64], not_after: npt.NDArray[Any], size: int
) -> npt.NDArray[np.intp]:
    """Row of the latest reading of each meter that is not after its month; -1 where there is none."""
    fits = np.flatnonzero(closed <= not_after[meter])
    order = fits[np.argsort(closed[fits], kind="stable")]
    out = np.full(size, -1, np.intp)
    out[meter[order]] = order  # the last assignment wins: the latest month
    return out


@dataclass(slots=True)
class _Broken:
    """Faults and refusals of the month, (M,). last_failed: the latest failed month before it, BEFORE_ALL
    without.

    unbilled: by row, earlier months of refused access.
    """

    failed: npt.NDArray[np.int16]
    refused: npt.NDArray[np.int16]
    second: npt.NDArray[np.bool_]
    last_failed: npt.NDArray[np.int64]
    unbilled: dict[int, frozenset[int]]


async def _broken(connection: Connection, month: Month, read: Read) -> _Broken:
    """Expired verifications for all meters at once; dated events one by one, for the few that have any."""
    period = month.period.ordinal
    until = read.meters["verified_until"].astype(np.int64)
    expires = np.full(len(read), FOREVER, np.int64)
    limited = until < FOREVER
    expires[limited] = _ordinals(until[limited] + 1)
    failed = np.clip(period + 1 - expires, 0, INT16_MAX).astype(np.int16)
    made = _Broken(
        failed=failed,
        refused=np.zeros(len(read), np.int16),
        second=np.zeros(len(read), np.bool_),
        last_failed=np.where(failed > 1, period - 1, BEFORE_ALL),
        unbilled={},
    )
    eventful = np.flatnonzero(read.meters["has_events"])
    if len(eventful):
        events = await _events(connection, month, read.meters["id"][eventful])
        for at in eventful.tolist():
            _add_events(made, at, events.get(int(read.meters["id"][at]), []), int(until[at]), period)
    return made


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


def _add_events(made: _Broken, at: int, events: list[history.Event], until: int, period: int) -> None:
    verified = None if until >= FOREVER else dt.date.fromordinal(until + DAY_ZERO)
    failed = history.failed_months(events, verified, period)
    made.failed[at] = history.in_a_row(failed, period)
    made.last_failed[at] = max((one for one in failed if one < period), default=BEFORE_ALL)
    made.refused[at], made.second[at] = history.refusal(events, period)
    unbilled = history.refused_months(events, period - 1)
    if unbilled:
        made.unbilled[at] = unbilled


# ---- volumes billed while a meter was silent -------------------------------------------------------------


async def _billed(
    connection: Connection,
    month: Month,
    read: Read,
    account_ids: npt.NDArray[np.int32],
    state: _State,
) -> npt.NDArray[np.int64]:
    """(M, 3) volumes of published lines since the previous reading of meters that were read late.

    The lines of a service are not of one meter: what was billed by average or norm in a month is split evenly
    among the account's meters of the service that were silent in it, so that nothing is counted twice or
    lost.
    """
    out = np.zeros((len(read), ZONES), np.int64)
    gap = state.gap.astype(np.int64)
    late = np.flatnonzero(gap > 0)
    if not len(late):
        return out
    period = month.period.ordinal
    first = Period(int(period - gap[late].max()))
    lines = await _published(connection, month, np.unique(account_ids[late]), first)
    meters_of: dict[tuple[int, int], list[int]] = {}
    for at in range(len(read)):
        if gap[at] > 0 or not read.has_reading[at]:
            meters_of.setdefault((int(account_ids[at]), int(read.meters["service"][at])), []).append(at)
    for account, closed, service, component, volume in lines:
        silent = [at for at in meters_of.get((account, service), []) if state.previous[at] < closed]
        zone = 0 if service == HOT_HEAT[0] else max(component - 1, 0)
        for share, at in enumerate(silent):
            out[at, zone] += volume // len(silent) + (1 if share < volume % len(silent) else 0)
    out[gap == 0] = 0
    return out


async def _published(
    connection: Connection, month: Month, accounts: npt.NDArray[np.int32], first: Period
) -> list[tuple[int, int, int, int, int]]:
    """(account, month, service, component, volume) of lines that stood instead of a reading, published and
    in order.
    """
    bases = ", ".join(str(int(basis)) for basis in READ_BASES)
    heat_service, heat_component = HOT_HEAT
    columns = await copy_out(
        connection,
        LATE,
        "SELECT l.account_id, r.period, l.service, l.component, l.volume_num, l.volume_den FROM runs r "
        f"JOIN lines l ON l.run_id = r.id WHERE r.state = 'published' AND r.period >= '{first.first_day}' "
        f"AND r.period < '{month.period.first_day}' AND l.account_id = ANY({int_array(accounts)}) "
        f"AND l.basis NOT IN ({bases}) AND NOT (l.service = {heat_service} AND l.component = "
        f"{heat_component}) "
        "ORDER BY l.account_id, r.period, l.service, l.component, r.id, l.first_day, l.basis, l.kind",
    )
    volume = (2 * columns["num"] + columns["den"]) // (2 * columns["den"])
    months = _ordinals(columns["period"])
    rows = (columns["account_id"], months, columns["service"], columns["component"], volume)
    return list(zip(*(column.tolist() for column in rows), strict=True))


# ---- house meters ----------------------------------------------------------------------------------------


def house_meters(read: Read, house_ids: npt.NDArray[np.int32]) -> dict[int, HouseMeter]:
    """ОДПУ by service. Several meters of one service in a house are summed; one silent meter makes the house
    silent.
    """
    house = rows_of(read.meters["house_id"], house_ids)
    rows = np.flatnonzero((read.meters["account_id"] == 0) & (house >= 0))
    read, house = read.take(rows), house[rows]
    start, end = read.reading("prev", read.initial()), read.reading("value", read.initial())
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
        np.maximum.at(zones, where, read.meters["zones"][of].astype(np.int8))
        sums[silent] = 0
        out[service] = HouseMeter(has, has & ~silent, zones, sums)
    return out


def _ordinals(days: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Month ordinals of COPY dates (days since 2000-01-01)."""
    since_1970 = days.astype(np.int64) + (DAY_ZERO - dt.date(1970, 1, 1).toordinal())
    return since_1970.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12
