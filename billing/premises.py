"""What a premises pays by its area, by a sum a flat, and its share of a volume of the house.

Law: Housing Code, art. 156, 169 (upkeep, capital repair); Rules 354, annex 2 (shares S_i / S_об). Volumes
of a house are fractions of Python integers, few and exact; they meet the columns of accounts as reduced
64-bit fractions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.basis import Basis
from billing.block import I64, Bool
from billing.parked import Reason
from billing.quantity import MICRO, MICRO_M2_PER_DM2
from billing.rule import clause, emit
from billing.work import Rows, Volume, Work

Objects = npt.NDArray[Any]

WIDTH_MAX = 62  # bits a product of columns may take
FINE = 1_000_000  # parts of a micro-unit in which a fraction too wide for 64 bits is apportioned


def with_area(work: Work, service: int, rows: Rows) -> Rows:
    """Rows with a known area; the others are parked."""
    gone = work.block.accounts.area_dm2[rows] <= 0
    if gone.any():
        work.park(rows[gone], Reason.NO_AREA, service)
        return rows[~gone]
    return rows


@clause("ЖК РФ, ст. 156, 169")
def by_area(work: Work, service: int, rows: Rows) -> None:
    """Square metres × rate, by the days of the month."""
    rows = with_area(work, service, rows)
    area, days = work.block.accounts.area_days[:, rows], work.days
    volume = Volume(daily=area * MICRO_M2_PER_DM2, daily_den=days)
    emit(work, service, 0, rows, volume, basis=int(Basis.AREA), a=area, b=days)


def by_fixed_sum(work: Work, service: int, rows: Rows) -> None:
    """A sum a flat and month, by the days open."""
    days, month = work.block.accounts.open_days[:, rows], work.days
    volume = Volume(daily=days * MICRO, daily_den=month)
    emit(work, service, 0, rows, volume, basis=int(Basis.FIXED), a=days, b=month)


def by_persons(work: Work, service: int, rows: Rows) -> None:
    """A sum a person and month, by people × days."""
    people, month = work.block.accounts.norm_person_days[:, rows], work.days
    nobody = people.sum(0) == 0
    if nobody.any():
        work.park(rows[nobody], Reason.NO_PEOPLE, service)
        rows, people = rows[~nobody], people[:, ~nobody]
    volume = Volume(daily=people * MICRO, daily_den=month)
    emit(work, service, 0, rows, volume, basis=int(Basis.PERSONS), a=people, b=month)


@dataclass(slots=True)
class PerArea:
    """Volume of a house for each dm2 of a premises: num (S, H) / den (H,) micro-units, Python integers.

    Equal in all segments unless a norm changes inside the month.
    """

    num: Objects
    den: Objects

    @classmethod
    def of(cls, num: Any, den: Any, segments: int) -> PerArea:
        """Reduced by house; num (H,) stands for every segment. den > 0."""
        wide = np.asarray(num, object)
        if wide.ndim == 1:
            wide = np.broadcast_to(wide, (segments, len(wide)))
        common = np.array(den, object)
        divisor = common
        for of_segment in wide:
            divisor = _gcd(divisor, of_segment)
        return cls(wide // divisor, common // divisor)

    def times(self, num: Any, den: Any) -> PerArea:
        """Multiplied by num (S, H) / den (H,)."""
        return PerArea.of(
            self.num * np.asarray(num, object), self.den * np.asarray(den, object), len(self.num)
        )


_gcd = np.frompyfunc(math.gcd, 2, 1)


@dataclass(slots=True)
class Operands:
    """What a line of a house share says of itself: basis, a, b, each one number or (n,)."""

    basis: Any
    a: Any
    b: Any

    def take(self, kept: Any) -> Operands:
        return Operands(
            *(v[..., kept] if isinstance(v, np.ndarray) else v for v in (self.basis, self.a, self.b))
        )


def house_share(
    work: Work,
    service: int,
    component: int,
    rows: Rows,
    per_area: PerArea,
    operands: Operands,
    **options: Any,
) -> None:
    """Lines of `rows`: their area × volume of the house for each dm2.

    An account open all month with one area takes area × num / den; any other its dm2 × days. rate (S, n) and
    skip_missing go on to `emit`. Rows of houses whose fractions are too wide take the slow way.
    """
    if rows.size == 0:
        return
    accounts = work.block.accounts
    house = accounts.house[rows]
    narrow = _narrow_houses(work, per_area)[house]
    even_norm = np.asarray((per_area.num == per_area.num[:1]).all(0), np.bool_)[house]
    constant = work.steady[rows] & even_norm
    for of_kind, kind in ((narrow & constant, "even"), (narrow & ~constant, "daily"), (~narrow, "wide")):
        if not of_kind.any():
            continue
        some = None if of_kind.all() else np.flatnonzero(of_kind)
        chosen = rows if some is None else rows[some]
        told, given = _chosen(operands, options, some)
        volume = _VOLUMES[kind](work, chosen, per_area)
        emit(work, service, component, chosen, volume, basis=told.basis, a=told.a, b=told.b, **given)


def _chosen(
    operands: Operands, options: dict[str, Any], some: Rows | None
) -> tuple[Operands, dict[str, Any]]:
    if some is None:
        return operands, options
    rate = options.get("rate")
    given = options if rate is None else {**options, "rate": rate[:, some]}
    return operands.take(some), given


def _narrow_houses(work: Work, per_area: PerArea) -> Bool:
    """(H,) houses whose fraction times any area × days of the house fits 62 bits."""
    limit = (1 << WIDTH_MAX) // np.maximum(work.widest_area, 1)
    fits = np.asarray((np.abs(per_area.num) < limit).all(0), np.bool_)
    return fits & np.asarray(per_area.den < 1 << (WIDTH_MAX - 5), np.bool_)


def _int64(values: Objects, house: Any) -> I64:
    """Columns of accounts from fractions of houses; houses that are not asked for may hold anything."""
    out = np.zeros(values.shape, np.int64)
    asked = np.zeros(values.shape[-1], np.bool_)
    asked[house] = True
    out[..., asked] = values[..., asked].astype(np.int64)
    return np.asarray(out.take(house, axis=-1), np.int64)


def _even(work: Work, rows: Rows, per_area: PerArea) -> Volume:
    accounts = work.block.accounts
    house = accounts.house[rows]
    num = accounts.area_dm2[rows] * _int64(per_area.num[0], house)
    return Volume(even=num, even_den=_int64(per_area.den, house))


def _daily(work: Work, rows: Rows, per_area: PerArea) -> Volume:
    accounts = work.block.accounts
    house = accounts.house[rows]
    daily = accounts.area_days[:, rows] * _int64(per_area.num, house)
    return Volume(daily=daily, daily_den=_int64(per_area.den, house) * work.days)


def _wide(work: Work, rows: Rows, per_area: PerArea) -> Volume:
    """Whole-month fractions by Python integers, spread over the days open."""
    accounts, days = work.block.accounts, work.days
    area = accounts.area_days[:, rows].astype(object)
    house = accounts.house[rows]
    num = (area * per_area.num[:, house]).sum(0)
    return Volume(*fitted(num, per_area.den[house] * days, house))


_VOLUMES = {"even": _even, "daily": _daily, "wide": _wide}


def fitted(num: Objects, den: Objects, house: Any) -> tuple[I64, I64]:
    """Fractions of Python integers as 64-bit columns.

    In lowest terms where they fit. A house with one that does not has its volumes rounded to millionths of a
    micro-unit so that their sum, rounded likewise, stays what it was (largest remainder, ties by order).
    """
    divisor = _gcd(num, den)
    low, below = num // divisor, den // divisor
    limit = 1 << WIDTH_MAX
    wide = np.asarray((np.abs(low) >= limit) | (below >= limit >> 5), np.bool_)
    for of in np.unique(house[wide]):
        rows = np.flatnonzero(house == of)
        low[rows] = _apportioned([int(n) * FINE for n in low[rows]], [int(d) for d in below[rows]])
        below[rows] = FINE
    return low.astype(np.int64), below.astype(np.int64)


def _apportioned(num: list[int], den: list[int]) -> list[int]:
    """Whole parts whose sum is the rounded sum of num / den."""
    common = math.lcm(*den)
    scaled = [n * (common // d) for n, d in zip(num, den, strict=True)]
    parts = [n // common for n in scaled]
    left = (2 * sum(scaled) + common) // (2 * common) - sum(parts)
    order = sorted(range(len(parts)), key=lambda i: (-(scaled[i] % common), i))
    for i in order[:left]:
        parts[i] += 1
    return parts
