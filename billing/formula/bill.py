"""Lines by a formula.

Law: the contract of the organisation with the owners (ЖК РФ, ст. 162; ГК РФ, ст. 424); a formula may bill
only services of organisations, never what the law bills itself.

A formula says what a full month costs. Its quantities are means over the days the account was open in the
line; what it gives is multiplied by those days over the days of the month, so somebody who moved in on the
16th pays for half. A change of tariff inside the month cuts the line when the formula names the tariff.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from billing.basis import Basis
from billing.block import I64, MISSING, AccountKind, Bool
from billing.formula.columns import Column, Ratio, compute, settled
from billing.formula.rows import Version
from billing.formula.units import TARIFF, Quantity
from billing.parked import Reason
from billing.quantity import DM2_PER_M2, KOPECKS_PER_RUBLE, MICRO, RATE_PER_RUBLE
from billing.services import Service
from billing.work import AVERAGE_DEN, Part, Rows, Work

WIDTH_MAX = 60
FINE = 1_000_000  # parts of a micro-unit to which a fraction too wide for 64 bits is rounded
VOLUMES = {
    "cold_water": Service.COLD_WATER,
    "hot_water": Service.HOT_WATER,
    "sewerage": Service.SEWERAGE,
    "electricity": Service.ELECTRICITY,
}
WEIGHTS = 0x9E3779B97F4A7C15


def by_formula(work: Work, service: int, rows: Rows, version: Version) -> None:
    """Lines of rows (n,) by one version of a formula; accounts it cannot count are parked."""
    rows = _known(work, service, rows, version)
    for of_run, rows_of_run in _runs(work, service, rows, version):
        stretch = _Stretch.of(work, service, rows_of_run, of_run)
        _bill(stretch, version)


def _detail(version: Version) -> str:
    return f"№ {version.id}: {version.checked.text}"


def _known(work: Work, service: int, rows: Rows, version: Version) -> Rows:
    """Rows that have what the formula names; the others are parked."""
    accounts, houses = work.block.accounts, work.block.houses
    keys = {one.key for one in version.checked.quantities}
    house = accounts.house
    floor = accounts.floor
    needs: tuple[tuple[tuple[str, ...], Bool, Reason, str], ...] = (
        (("area", "share"), accounts.area_dm2 <= 0, Reason.NO_AREA, ""),
        (("living_area",), accounts.living_area_dm2 < 0, Reason.NO_AREA, ""),
        (("heated_area",), accounts.heated_area_dm2 < 0, Reason.NO_AREA, ""),
        (("house_area", "share"), houses.area_total_dm2[house] <= 0, Reason.NO_HOUSE_AREA, work.month),
        (
            ("floor",),
            np.ones(len(accounts), np.bool_) if floor is None else np.asarray(floor == MISSING),
            Reason.NO_FLOOR,
            _detail(version),
        ),
    )
    for needed, gone, reason, detail in needs:
        if keys.isdisjoint(needed):
            continue
        lost = gone[rows]
        work.park(rows[lost], reason, service, detail)
        rows = rows[~lost]
    if TARIFF in keys:
        lost = work.missing(work.rate(service, 0, rows), rows)
        work.park(rows[lost], Reason.NO_TARIFF, service)
        rows = rows[~lost]
    return rows


def _runs(work: Work, service: int, rows: Rows, version: Version) -> list[tuple[Bool, Rows]]:
    """Runs of segments (S, n) over which a line is one, with the rows of each."""
    whole = np.ones((work.segments, len(rows)), np.bool_)
    if work.segments == 1 or all(one.key != TARIFF for one in version.checked.quantities):
        return [(whole, rows)]
    rates = work.rate(service, 0, rows)
    opened = work.block.accounts.open_days[:, rows]
    run = np.zeros(rates.shape, np.int64)
    run[1:] = np.cumsum(rates[1:] != rates[:-1], axis=0)
    made = []
    for number in range(int(run.max(initial=0)) + 1):
        of_run = run == number
        kept = (opened * of_run).sum(0) > 0
        if kept.any():
            made.append((of_run[:, kept], rows[kept]))
    return made


@dataclass(slots=True)
class _Stretch:
    """Rows of one part with the segments (S, n) each line is about and its open days (n,)."""

    work: Work
    service: int
    rows: Rows
    of_run: Bool
    opened: I64
    first_day: I64
    days: I64
    rate: I64

    @classmethod
    def of(cls, work: Work, service: int, rows: Rows, of_run: Bool) -> _Stretch:
        block = work.block
        opened = np.asarray((block.accounts.open_days[:, rows] * of_run).sum(0), np.int64)
        first = of_run.argmax(0)
        rate = work.rate(service, 0, rows)[first, np.arange(len(rows))]
        days = np.asarray((block.days[:, None] * of_run).sum(0), np.int64)
        return cls(work, service, rows, of_run, opened, block.first_day[first].astype(np.int64), days, rate)

    def take(self, kept: Bool) -> _Stretch:
        columns = (self.opened[kept], self.first_day[kept], self.days[kept], self.rate[kept])
        return _Stretch(self.work, self.service, self.rows[kept], self.of_run[:, kept], *columns)

    def number(self, quantity: Quantity) -> Ratio:
        """A quantity of each row, in lowest terms."""
        num, den = self._fraction(quantity.key)
        made = Ratio.of(num, den, len(self.rows))
        return Ratio(*settled(made.num, made.den), made.bad)

    def _fraction(self, key: str) -> tuple[I64 | int, I64 | int]:
        accounts, houses = self.work.block.accounts, self.work.block.houses
        house = accounts.house[self.rows]
        if key in VOLUMES:
            return self._used(VOLUMES[key])
        if key in ("area", "share"):
            area = (accounts.area_days[:, self.rows] * self.of_run).sum(0)
            below = DM2_PER_M2 if key == "area" else houses.area_total_dm2[house]
            return area, self.opened * below
        if key in ("people", "temporary"):
            days = accounts.norm_person_days if key == "people" else accounts.temporary_days
            return (days[:, self.rows] * self.of_run).sum(0), self.opened
        if key == "accounts":
            counted = np.bincount(accounts.house[self.work.has(self.service)], minlength=len(houses))
            return counted[house].astype(np.int64), 1
        floor = accounts.rooms if accounts.floor is None else accounts.floor  # a missing one is parked before
        plain: dict[str, tuple[I64 | int, int]] = {
            "living_area": (accounts.living_area_dm2[self.rows], DM2_PER_M2),
            "heated_area": (accounts.heated_area_dm2[self.rows], DM2_PER_M2),
            "rooms": (accounts.rooms[self.rows].astype(np.int64), 1),
            "floor": (floor[self.rows].astype(np.int64), 1),
            "nonresidential": ((accounts.kind[self.rows] == AccountKind.NONRESIDENTIAL).astype(np.int64), 1),
            "days": (self.opened, 1),
            "month_days": (self.work.days, 1),
            "house_area": (houses.area_total_dm2[house], DM2_PER_M2),
            "common_area": (houses.area_common_dm2[house], DM2_PER_M2),
            TARIFF: (self.rate, RATE_PER_RUBLE),
        }
        return plain[key]

    def _used(self, service: int) -> tuple[I64 | int, I64 | int]:
        """The month's volume brought to a full month, so that the days open do not count twice."""
        used = self.work.used.get(service)
        if used is None:
            return 0, 1
        num = used.over(self.work.days)[self.rows]
        den = np.full(len(self.rows), AVERAGE_DEN * self.work.days * MICRO, np.int64)
        part = self.work.open_total[self.rows]
        num, den = settled(num, den)
        return num * self.work.days, den * part


def _bill(stretch: _Stretch, version: Version) -> None:
    """Counts, parks what must not be billed, puts the lines of the others down."""
    checked = version.checked
    numbers = {one.key: stretch.number(one) for one in checked.quantities}
    size = len(stretch.rows)
    full = Ratio.of(1, 1, size) if checked.volume is None else compute(checked.volume, numbers, size)
    price = stretch.rate if checked.by_tariff else np.full(size, checked.price, np.int64)
    kept = _parked(stretch, version, full, price)
    if not kept.any():
        return
    digest = _told(stretch, version, numbers, kept)
    stretch, price = stretch.take(kept), price[kept]
    num, den = _weighed(full.num[kept], full.den[kept], stretch)
    stretch.work.parts.append(
        Part(
            service=stretch.service,
            component=0,
            rows=stretch.rows,
            supplier_id=stretch.work.supplier(stretch.service).take(stretch.rows),
            basis=int(Basis.FORMULA),
            first_day=stretch.first_day,
            days=stretch.days,
            volume_num=num,
            volume_den=den,
            rate=price,
            raised_num=0,
            a=version.id,
            b=digest,
        )
    )


def _parked(stretch: _Stretch, version: Version, full: Ratio, price: I64) -> Bool:
    """(n,) rows to bill: counted, neither below zero nor above the ceiling; nothing to pay is no line."""
    num, den = full.num.astype(object), full.den.astype(object)
    sums, limit = num * price, den * (version.ceiling_kopecks * (RATE_PER_RUBLE // KOPECKS_PER_RUBLE))
    below, above = np.asarray(num < 0, np.bool_) & ~full.bad, np.asarray(sums > limit, np.bool_) & ~full.bad
    for gone, reason in (
        (full.bad, Reason.FORMULA_ZERO),
        (below, Reason.FORMULA_NEGATIVE),
        (above, Reason.FORMULA_CEILING),
    ):
        stretch.work.park(stretch.rows[gone], reason, stretch.service, _detail(version))
    return np.asarray(~(full.bad | below | above) & (full.num != 0), np.bool_)


def _weighed(num: Column, den: Column, stretch: _Stretch) -> tuple[I64, I64]:
    """A full month → micro-units of the days open, as 64-bit fractions in lowest terms.

    A row that does not fit is rounded to millionths of a micro-unit, far below a kopeck (ADR 0010).
    """
    wide_num = num.astype(object) * stretch.opened.astype(object) * MICRO
    wide_den = den.astype(object) * stretch.work.days
    top, below = settled(wide_num, wide_den)
    if top.dtype == object or below.dtype == object or int(below.max(initial=0)) >= 1 << WIDTH_MAX:
        top, below = top.astype(object), below.astype(object)
        limit = 1 << WIDTH_MAX
        for row in np.flatnonzero(np.asarray((top >= limit) | (below >= limit), np.bool_)).tolist():
            fine, rest = int(top[row]) * FINE, int(below[row])
            top[row], below[row] = (2 * fine + rest) // (2 * rest), FINE
    return top.astype(np.int64), below.astype(np.int64)


def _told(stretch: _Stretch, version: Version, numbers: dict[str, Ratio], kept: Bool) -> I64:
    """(n,) digests of the numbers of the kept rows; the numbers go to the block's book of them."""
    columns = [
        column[kept].astype(np.int64)
        for one in version.checked.quantities
        for column in (numbers[one.key].num, numbers[one.key].den)
    ]
    digest = np.full(int(kept.sum()), np.uint64(len(columns) + 1), np.uint64)
    for column in columns:
        digest = _mix(digest ^ (column.view(np.uint64) + np.uint64(WEIGHTS)))
    short = (digest >> np.uint64(1)).astype(np.int64)
    formulas = stretch.work.block.formulas
    assert formulas is not None, "a formula without a book of numbers"
    unique, first = np.unique(short, return_index=True)
    for key, row in zip(unique.tolist(), first.tolist(), strict=True):
        formulas.told[version.id, key] = tuple(int(column[row]) for column in columns)
    return short


def _mix(x: np.typing.NDArray[np.uint64]) -> np.typing.NDArray[np.uint64]:
    """splitmix64, wrapping."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)), np.uint64)
