"""Readings of meters month by month, with what came before each and its average window (billing.history's
rules).

Meters are taken in chunks so that memory stays flat; the columns of a chunk and a month are one COPY into the
month's partition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.history import AVERAGE_MONTHS_MAX, ZONES_MAX
from billing.period import Period
from billing.services import Service
from storage.seed.consumption import HEATING_MONTHS, METERED, STEP, Consumption
from storage.seed.copy import DAY_US, NO_DATE, day
from storage.seed.flats import Accounts
from storage.seed.houses import Houses
from storage.seed.meters import EXPIRED, FAULT, REFUSAL, SILENT, Meters

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

CHUNK_METERS = 300_000
MISSED_PERMILLE = 30  # a month in which somebody forgot
LATE_PERMILLE = 90  # not yet given in the open month
SOURCES = ("resident", "company", "supplier", "device", "payment")
SOURCE_PERMILLE = np.array([640, 830, 890, 890, 1000])  # cumulative; devices are known by the meter
DEVICE, COMPANY = 3, 1
# Shares of the zones in a day, per cent: day, night, half-peak.
ZONE_SHARES = np.array([[100, 0, 0], [66, 34, 0], [31, 30, 39]], np.int64)
LOSSES_PERCENT = {1: 6, 2: 4, 4: 3, 5: 9}  # what the house's own needs and losses add


@dataclass(slots=True)
class Readings:
    """Readings of one month and chunk, R rows; values in micro-units, shape (R, 3)."""

    period: Period
    meter: I64  # rows of Meters
    taken_on: I64
    recorded_at: I64
    source: I64  # index of SOURCES
    value: I64
    previous_month: I64  # first day; NO_DATE when the previous reading is the initial one
    previous: I64
    window: I64
    window_months: I64

    def __len__(self) -> int:
        return len(self.meter)


class HouseVolumes:
    """Volumes of house meters: what the accounts of the house used, its own needs and losses on top."""

    def __init__(self, houses: Houses, accounts: Accounts, used: Consumption) -> None:
        per_house = np.bincount(accounts.house, minlength=len(houses))
        self._starts = np.cumsum(per_house) - per_house
        self._rows = np.arange(len(accounts))
        self._used = used
        self._known: dict[tuple[int, int], I64] = {}

    def month(self, service: int, period: Period) -> I64:
        """(H,) micro-units."""
        key = (service, period.ordinal)
        if key not in self._known:
            volume = self._used.month(service, self._rows, period)
            sums = np.add.reduceat(volume, self._starts)
            self._known[key] = sums * (100 + LOSSES_PERCENT[service]) // 100
        return self._known[key]


def readings(
    random: np.random.Generator,
    meters: Meters,
    used: Consumption,
    houses: HouseVolumes,
    first: Period,
    last: Period,
    without_last: Bool,
) -> Iterator[Readings]:
    """Months first − 1 (from which history is known) … last (open, not all given yet), chunk by chunk.

    without_last (M,): meters whose reading of the last month is missing on purpose.
    """
    for start in range(0, len(meters), CHUNK_METERS):
        rows = np.arange(start, min(start + CHUNK_METERS, len(meters)))
        chunk = _Chunk(random, meters, rows, first.shift(-1))
        for ordinal in range(first.ordinal - 1, last.ordinal + 1):
            period = Period(ordinal)
            volume = _volumes(meters, rows, used, houses, period)
            given = chunk.given(period, period == last, period < first)
            if period == last:
                given &= ~without_last[rows]
            yield chunk.read(period, volume, given)


def _volumes(meters: Meters, rows: I64, used: Consumption, houses: HouseVolumes, period: Period) -> I64:
    """True volume of each meter in a month, (R,)."""
    out = np.zeros(len(rows), np.int64)
    service, account = meters.service[rows], meters.account[rows]
    for kind in METERED:
        mine = np.flatnonzero((service == kind) & (account >= 0))
        out[mine] = used.month(kind, account[mine], period) // meters.part[rows[mine]]
        whole = np.flatnonzero((service == kind) & (account < 0))
        if len(whole):
            out[whole] = houses.month(kind, period)[meters.house[rows[whole]]]
    return out


class _Chunk:
    """Counters of a chunk of meters and what is known of their past."""

    def __init__(self, random: np.random.Generator, meters: Meters, rows: I64, base: Period) -> None:
        self._random, self._meters, self._rows = random, meters, rows
        size = len(rows)
        self._service = meters.service[rows]
        self._share = ZONE_SHARES[meters.zones[rows] - 1]
        self._step = np.array(
            [STEP.get(Service(service), 1) if service in METERED else 1 for service in range(max(STEP) + 1)]
        )[self._service]
        self._heating = self._service == Service.HEATING
        self._count = np.zeros((size, ZONES_MAX), np.int64)  # the true counter
        self._last = np.zeros((size, ZONES_MAX), np.int64)  # the last reading given
        self._last_month = _month_of(meters.installed[rows]) - 1
        self._dated = np.zeros(size, np.bool_)  # whether the last one is a reading and not the initial value
        self._length = np.zeros((size, AVERAGE_MONTHS_MAX), np.int64)
        self._volume = np.zeros((size, AVERAGE_MONTHS_MAX, ZONES_MAX), np.int64)
        self._months = base.ordinal - self._last_month  # the counter ran so long before the first reading

    def given(self, period: Period, is_last: bool, is_base: bool) -> Bool:
        """Who gave a reading for the month."""
        meters, rows = self._meters, self._rows
        roll = self._random.integers(0, 1000, len(rows))
        if is_base:
            return np.ones(len(rows), np.bool_)
        late = LATE_PERMILLE if is_last else MISSED_PERMILLE
        reliable = meters.by_device[rows] | meters.is_house[rows]
        stopped = np.isin(meters.state[rows], (SILENT, FAULT, REFUSAL)) & (
            meters.since[rows] <= period.ordinal
        )
        return (reliable | (roll >= late)) & ~stopped

    def read(self, period: Period, volume: I64, given: Bool) -> Readings:
        """Advance the counters by a month and write down the readings given."""
        by_zone = (volume * self._months)[:, None] * self._share // 100
        self._months = np.ones_like(self._months)
        self._count += by_zone
        at = np.flatnonzero(given)
        value = self._count[at] // self._step[at, None] * self._step[at, None]
        self._remember(at, value, period)
        window, window_months = self._window(at)
        taken_on, recorded_at, source = self._how(at, period)
        made = Readings(
            period,
            self._rows[at],
            taken_on,
            recorded_at,
            source,
            value,
            np.where(self._dated[at], _first_days(self._last_month[at]), NO_DATE),
            self._last[at],
            window,
            window_months,
        )
        self._last[at] = value
        self._last_month[at] = period.ordinal
        self._dated[at] = True
        return made

    def _remember(self, at: I64, value: I64, period: Period) -> None:
        """Push the new interval to the front, unless it has no month that counts."""
        length = period.ordinal - self._last_month[at]
        seasonal = _season_months(self._last_month[at] + 1, period.ordinal)
        length = np.where(self._heating[at], seasonal, length)
        meters, rows = self._meters, self._rows[at]
        failed = (meters.state[rows] == EXPIRED) & (meters.since[rows] <= period.ordinal)
        counts = np.flatnonzero((length > 0) & ~failed)
        rows = at[counts]
        self._length[rows, 1:] = self._length[rows, :-1]
        self._volume[rows, 1:] = self._volume[rows, :-1]
        self._length[rows, 0] = length[counts]
        self._volume[rows, 0] = (value - self._last[at])[counts]

    def _window(self, at: I64) -> tuple[I64, I64]:
        """billing.history.window for a column: only the interval cut by the window's edge is rounded."""
        months = np.zeros(len(at), np.int64)
        sums = np.zeros((len(at), ZONES_MAX), np.int64)
        for back in range(AVERAGE_MONTHS_MAX):
            length = self._length[at, back]
            taken = np.minimum(length, AVERAGE_MONTHS_MAX - months)
            safe = np.maximum(length, 1)[:, None]
            sums += (2 * self._volume[at, back] * taken[:, None] + safe) // (2 * safe)
            months += taken
        return sums, months

    def _how(self, at: I64, period: Period) -> tuple[I64, I64, I64]:
        """Day, instant and source of each reading."""
        size, meters, rows = len(at), self._meters, self._rows[at]
        roll = self._random.integers(0, 1000, size)
        source = (roll[:, None] >= SOURCE_PERMILLE).sum(axis=1)
        source = np.where(meters.is_house[rows], COMPANY, np.where(meters.by_device[rows], DEVICE, source))
        days = self._random.integers(14, 25, size)
        days = np.where(meters.is_house[rows], 24, days)
        taken_on = day(period.first_day) + days
        instant = taken_on * DAY_US + self._random.integers(6 * 3600, 18 * 3600, size) * 1_000_000
        return taken_on, instant, source


def _month_of(days: I64) -> I64:
    """Month ordinals of days since 2000-01-01."""
    dates = days.astype("datetime64[D]") + np.datetime64("2000-01-01", "D").astype(np.int64)
    return dates.astype("datetime64[M]").astype(np.int64) + 1970 * 12


def _first_days(ordinals: I64) -> I64:
    """First days of months, days since 2000-01-01."""
    months = (ordinals - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray((months - np.datetime64("2000-01-01", "D")).astype(np.int64))


def _season_months(first: I64, last: int) -> I64:
    """How many of the months first … last are in the heating season."""
    in_season = np.array([month + 1 in HEATING_MONTHS for month in range(12)])
    before = np.concatenate([[0], np.cumsum(in_season)])

    def up_to(ordinal: I64) -> I64:
        return np.asarray(ordinal // 12 * before[12] + before[ordinal % 12])

    return up_to(np.full(len(first), last + 1)) - up_to(first)
