"""The work sheet of a block: its columns as rules read them, what they found so far, who is parked.

Volumes are exact fractions of 64-bit columns; no loop runs over accounts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.block import MISSING, AccountKind, Block
from billing.common_past import HouseMonth
from billing.law import FederalLaw
from billing.parked import Parked, Reason

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]
Scalar = I64 | int


@dataclass(slots=True)
class Volume:
    """Volumes of n rows: even / even_den spread evenly over the days open, plus daily / daily_den by
    segments.

    even (n,), daily (S, n); a denominator is one number or (n,).
    """

    even: I64 | None = None
    even_den: Scalar = 1
    daily: I64 | None = None
    daily_den: Scalar = 1

    def take(self, rows: Rows | Bool) -> Volume:
        return Volume(
            None if self.even is None else self.even[rows],
            _some(self.even_den, rows),
            None if self.daily is None else self.daily[:, rows],
            _some(self.daily_den, rows),
        )

    def whole(self) -> tuple[I64, Scalar]:
        """The month as one fraction."""
        daily = None if self.daily is None else self.daily.sum(0)
        return _joined(self.even, self.even_den, daily, self.daily_den)

    def part(self, of_run: Bool, share: I64, total: I64) -> tuple[I64, Scalar]:
        """Fraction of a run of segments: `of_run` (S, n), its open days `share` out of `total`, both (n,)."""
        daily = None if self.daily is None else (self.daily * of_run).sum(0)
        if self.even is None:
            return _joined(None, 1, daily, self.daily_den)
        cut = share != total
        even = np.where(cut, self.even * share, self.even)
        return _joined(even, np.where(cut, self.even_den * total, self.even_den), daily, self.daily_den)


def _some(value: Any, rows: Any) -> Any:
    """Rows of a column; a single number stays what it is."""
    return value[..., rows] if isinstance(value, np.ndarray) and value.ndim else value


def _joined(even: I64 | None, even_den: Scalar, daily: I64 | None, daily_den: Scalar) -> tuple[I64, Scalar]:
    if daily is None:
        assert even is not None, "a volume without numbers"
        return even, even_den
    if even is None:
        return daily, daily_den
    return even * daily_den + daily * even_den, even_den * daily_den


@dataclass(slots=True)
class Part:
    """Lines of one service component, at most one an account, by the names of billing.lines.

    A field but `rows` is a column (n,) or one number for all.
    """

    service: int
    component: int
    rows: Rows
    supplier_id: npt.NDArray[np.int32]
    basis: Any
    first_day: Any
    days: Any
    volume_num: I64
    volume_den: Scalar
    rate: I64
    raised_num: I64 | int
    a: Any
    b: Any


@dataclass(slots=True)
class Used:
    """Volume of a service in every account of the block, dense: even / even_den + daily.sum(0) / days.

    by_norm and unknown say how it was found and where it could not be.
    """

    even: I64  # (N,)
    even_den: I64  # (N,) 1 or 60
    daily: I64  # (S, N) over the days of the month
    by_norm: Bool
    measured: Bool
    unknown: Bool

    @classmethod
    def nothing(cls, segments: int, size: int) -> Used:
        made = (np.zeros(size, np.bool_) for _ in range(3))
        return cls(
            np.zeros(size, np.int64), np.ones(size, np.int64), np.zeros((segments, size), np.int64), *made
        )

    def over(self, days: int) -> I64:
        """Numerators over the common denominator 60 × days, (N,)."""
        scale = np.where(self.even_den == 1, AVERAGE_DEN * days, days)
        return np.asarray(self.even * scale + self.daily.sum(0) * AVERAGE_DEN, np.int64)


@dataclass(slots=True)
class Cuts:
    """Readings on the day of a change of tariff (billing.cut): (N,) segment that begins with it, 0 = none,
    and
    what was used before it, micro-units.
    """

    segment: I64
    before: I64


@dataclass(slots=True)
class Meterings:
    """Row of the decision table for each meter of a block and its volumes: see billing.metering.

    rank (M,), measured and average60 (M, 3) by zone. split (M,): the day of the month from which rank counts
    when another row, before (M,), holds until it; 0 = rank counts all month, before None = for every meter.
    """

    rank: I64
    measured: I64
    average60: I64
    split: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    before: I64 | None = None

    @classmethod
    def empty(cls) -> Meterings:
        return cls(np.zeros(0, np.int64), np.zeros((0, 3), np.int64), np.zeros((0, 3), np.int64))


AVERAGE_DEN = 60  # least common multiple of windows of 3…6 months


@dataclass(slots=True)
class Work:
    """The sheet of one block: what was read, what rules found so far, who is parked."""

    block: Block
    law: FederalLaw
    parked: Parked
    parts: list[Part] = field(default_factory=list)
    used: dict[int, Used] = field(default_factory=dict)
    cuts: dict[int, Cuts] = field(default_factory=dict)
    meterings: Meterings = field(default_factory=lambda: Meterings.empty())
    windows: dict[int, Bool] = field(default_factory=dict)  # (S, N) days a rule may make lines of, by service
    only: dict[int, Bool] = field(default_factory=dict)  # (N,) accounts of a second run of a rule
    common: dict[int, HouseMonth] = field(default_factory=dict)  # what is kept of common needs, by service
    days: int = field(init=False)
    open_total: I64 = field(init=False)
    steady: Bool = field(init=False)  # (N,) open all month with one area
    widest_area: I64 = field(init=False)  # (H,) largest dm2 × days of an account of the house
    _has: dict[int, tuple[Bool, npt.NDArray[np.int32]]] = field(default_factory=dict)
    _consumer: I64 = field(init=False)

    def __post_init__(self) -> None:
        accounts, houses = self.block.accounts, len(self.block.houses)
        self.days = self.block.days_in_month
        self.open_total = accounts.open_days.sum(0)
        same = accounts.area_days == accounts.area_dm2 * accounts.open_days
        self.steady = np.asarray(same.all(0) & (self.open_total == self.days), np.bool_)
        self.widest_area = np.zeros(houses, np.int64)
        np.maximum.at(self.widest_area, accounts.house, accounts.area_days.sum(0))
        nonresidential = accounts.kind == AccountKind.NONRESIDENTIAL
        self._consumer = nonresidential.astype(np.int64) * houses + accounts.house

    @property
    def segments(self) -> int:
        return len(self.block.days)

    @property
    def month(self) -> str:
        return self.block.period.title

    def has(self, service: int) -> Bool:
        """(N,) accounts open in the month that have the service."""
        has = self._of(service)[0]
        return has & self.only[service] if service in self.only else has

    def supplier(self, service: int) -> npt.NDArray[np.int32]:
        return self._of(service)[1]

    def _of(self, service: int) -> tuple[Bool, npt.NDArray[np.int32]]:
        if service not in self._has:
            has, supplier = self.block.has(service)
            self._has[service] = has & (self.open_total > 0), supplier
        return self._has[service]

    def rate(self, service: int, component: int, rows: Rows) -> I64:
        """Tariff of the rows by segment, (S, n), MISSING where there is none."""
        table = self.block.rates.get((service, component))
        if table is None:
            return np.full((self.segments, len(rows)), MISSING, np.int64)
        flat = table.values.reshape(self.segments, -1)
        return flat.take(self._consumer[rows], axis=1)

    def population_rate(self, service: int, component: int, rows: Rows) -> I64:
        """Tariff of the population for the rows, whatever their kind, (S, n)."""
        table = self.block.rates.get((service, component))
        if table is None:
            return np.full((self.segments, len(rows)), MISSING, np.int64)
        return table.values[:, 0].take(self.block.accounts.house[rows], axis=1)

    def norm(self, service: int, kind: str, rows: Rows) -> I64:
        """Norm of the rows by segment, (S, n), MISSING where there is none."""
        table = self.block.norms.get((service, kind))
        if table is None:
            return np.full((self.segments, len(rows)), MISSING, np.int64)
        accounts = self.block.accounts
        _, _, rooms_max, persons_max = table.values.shape
        cell = table.group[accounts.house[rows]].astype(np.int64)
        if rooms_max > 1 or persons_max > 1:
            rooms = np.clip(accounts.rooms[rows], 1, rooms_max).astype(np.int64) - 1
            persons = np.clip(accounts.persons[rows], 1, persons_max).astype(np.int64) - 1
            cell = (cell * rooms_max + rooms) * persons_max + persons
        return table.values.reshape(self.segments, -1).take(cell, axis=1)

    def house_norm(self, service: int, kind: str) -> I64:
        """Norm of whole houses by segment, (S, H), MISSING where there is none."""
        table = self.block.norms.get((service, kind))
        if table is None:
            return np.full((self.segments, len(self.block.houses)), MISSING, np.int64)
        return np.asarray(table.values[:, table.group, 0, 0], np.int64)

    def missing(self, values: I64, rows: Rows) -> Bool:
        """(n,) rows with a MISSING value in a segment in which the account is open."""
        if self.segments == 1:
            return np.asarray(values[0] == MISSING, np.bool_)
        opened = self.block.accounts.open_days[:, rows] > 0
        return np.asarray(((values == MISSING) & opened).any(0), np.bool_)

    def lose(self, service: int, rows: Rows) -> None:
        """Marks accounts whose volume of the service could not be found, for those who need the house's
        sum.
        """
        if service in self.used:
            self.used[service].unknown[rows] = True

    def park(self, rows: Rows, reason: Reason, service: int, detail: str | None = None) -> None:
        if rows.size:
            self.parked.add(rows, reason, service, self.month if detail is None else detail)
