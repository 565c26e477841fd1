"""Common needs (КР на СОИ): water, hot water, sewerage, electricity for the common property, by the norm, by
the meter of the house or by last year's average.

Law: Housing Code, art. 156 p. 9.1–9.3; PP 491, cl. 29–29(3); PP 124, cl. 21(1). By the norm: N × S_ои × S_i /
S_об; by the meter of the house: what it shows above its flats, less what months before left below zero, at
most the norm where the meeting has not decided to pay more; by the average: a month of last year. What is
paid by the norm or an average is corrected once a year. Tariffs of the population, never K. Electricity goes
by the zones of the house meter, in proportion to its volumes. A tariff or norm of common needs that is
missing is that of the resource.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.basis import Basis
from billing.block import I64, MISSING, Bool, HouseMeter
from billing.common_fix import correct_common
from billing.common_house import (
    AVERAGE_MONTHS_LEAST,
    BY_METER,
    CAPPED,
    CARRYING,
    DIRECT,
    Excess,
    Measured,
    common_norm,
    meter_of,
    norm_of_month,
    past_of,
    rounded,
)
from billing.common_past import CommonPast, HouseMonth
from billing.common_rooms import Rooms, rooms_of, share_among_rooms
from billing.heated_water import Heat, heat_norm, heat_of, park_without_heat, split
from billing.money import share_out
from billing.parked import Reason
from billing.premises import Operands, PerArea, house_share, with_area
from billing.quantity import DM2_PER_M2
from billing.rule import clause, service_rule
from billing.services import COMMON, Component, Method, Service
from billing.work import AVERAGE_DEN, Rows, Work

Objects = npt.NDArray[Any]

SERVICES = (
    Service.COMMON_COLD_WATER,
    Service.COMMON_HOT_WATER,
    Service.COMMON_SEWERAGE,
    Service.COMMON_ELECTRICITY,
)
ACTUAL = (Basis.COMMON_ACTUAL, Basis.COMMON_CARRIED, Basis.HOUSE_ACTUAL)
OF_HOUSE = {
    Basis.COMMON_NORM: Basis.HOUSE_NORM,
    Basis.COMMON_ACTUAL: Basis.HOUSE_ACTUAL,
    Basis.COMMON_CAP: Basis.HOUSE_CAP,
}
"""Under direct management the same volume is the house's needs of Rules 354."""


@dataclass(slots=True)
class HouseVolume:
    """Volume for common property, num (S, H) / den (H,) micro-units: 100 by norm, 60 × days by meter."""

    num: Objects
    den: Objects


@dataclass(slots=True)
class Found:
    """Accounts that can be charged, the volume of their houses, what lines tell: a (n,), b (S, n)."""

    rows: Rows
    volume: HouseVolume
    told: Operands
    rooms: Rooms | None = None
    """Rooms that share their flat's part by people."""


@dataclass(slots=True)
class Ways:
    """How each house pays for a service, (H,), and what is known of it."""

    method: npt.NDArray[np.int16]
    measured: Measured
    past: CommonPast
    norm: I64
    metered: Bool
    averaged: Bool
    taken: Objects
    """By the meter, over 60 × days: less what months before left, not below zero."""
    after: Objects
    """The same before the zero is put in."""
    over_norm: Bool
    """By the meter, but not more than the norm, and the norm is less."""

    @classmethod
    def of(cls, work: Work, service: int, excess: Excess) -> Ways:
        method, past = work.block.services[service].method, past_of(work, service)
        measured, norm = excess.of_common(service), common_norm(work, service)
        unit = AVERAGE_DEN * work.days
        after = measured.over + np.where(np.isin(method, CARRYING), past.carried, 0).astype(object) * unit
        taken = np.maximum(after, 0)
        cap, den = norm_of_month(work, norm)
        over_norm = np.isin(method, CAPPED) & np.asarray(taken * den > cap * unit, np.bool_)
        averaged = (method == Method.COMMON_AVERAGE) & (past.months >= AVERAGE_MONTHS_LEAST)
        metered = np.isin(method, BY_METER)
        return cls(method, measured, past, norm, metered, averaged, taken, after, over_norm)


@service_rule(*SERVICES)
def common_needs(work: Work) -> None:
    """Every resource of common needs; each house by its way of paying."""
    excess = Excess(work)
    for service in SERVICES:
        rows = np.flatnonzero(work.has(service))
        if rows.size == 0:
            continue
        rows = _with_house_area(work, service, with_area(work, service, rows))
        ways = Ways.of(work, service, excess)
        work.common[service] = _month(work, service, excess, ways)
        if rows.size == 0:
            continue
        found = _named(work, service, _joined(work, _parts(work, service, rows, ways)))
        _charge(work, service, replace(found, rooms=rooms_of(work, service)))
        if ways.past.fix is not None:
            correct_common(work, service, ways.past.fix, rows)


def _parts(work: Work, service: int, rows: Rows, ways: Ways) -> list[Found]:
    """Rows by the way of paying of their houses; no house is in two of them."""
    house = work.block.accounts.house
    capped = np.isin(ways.method, CAPPED)[house[rows]]
    metered, averaged = ways.metered[house[rows]], ways.averaged[house[rows]]
    parts = []
    if (plain := rows[~metered & ~averaged]).size:
        parts.append(_by_norm(work, service, plain, ways.norm))
    if (some := rows[averaged]).size:
        parts.append(_by_average(work, some, ways.past))
    if (some := rows[metered & ~capped]).size:
        parts.append(_by_meter(work, service, some, ways))
    if (some := rows[capped]).size:
        parts += _capped(work, service, some, ways)
    return parts


@clause("ПП 491, п. 29(2); ПП 354, п. 44: не больше норматива")
def _capped(work: Work, service: int, rows: Rows, ways: Ways) -> list[Found]:
    """By the meter, what is above the norm stays with the company: the meeting has not decided to pay it."""
    house = work.block.accounts.house
    norm = _by_norm(work, service, rows, ways.norm)
    actual = _by_meter(work, service, norm.rows, ways)
    norm = _some(norm, np.isin(norm.rows, actual.rows))
    norm.told = replace(norm.told, basis=int(Basis.COMMON_CAP))
    over = ways.over_norm[house[actual.rows]]
    return [_some(norm, over), _some(actual, ~over)]


@clause("ПП 354, п. 44, прил. 2, ф. 10, 12, 15")
def _named(work: Work, service: int, found: Found) -> Found:
    """Lines of houses under direct management say so."""
    direct = np.isin(work.block.method(service)[found.rows], DIRECT)
    if not direct.any():
        return found
    basis = np.array(np.broadcast_to(found.told.basis, direct.shape))
    for common, of_house in OF_HOUSE.items():
        basis[direct & (basis == int(common))] = int(of_house)
    return replace(found, told=Operands(basis, found.told.a, found.told.b))


def _joined(work: Work, parts: list[Found]) -> Found:
    """Houses by every way together, in order of accounts."""
    parts = [part for part in parts if part.rows.size] or parts[:1]
    if len(parts) == 1:
        return parts[0]
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows, kind="stable")
    num, den = parts[0].volume.num, parts[0].volume.den
    for part in parts[1:]:
        mine = np.zeros(len(work.block.houses), np.bool_)
        mine[work.block.accounts.house[part.rows]] = True
        num, den = np.where(mine, part.volume.num, num), np.where(mine, part.volume.den, den)
    sizes = [len(part.rows) for part in parts]
    basis = np.concatenate(
        [np.broadcast_to(part.told.basis, size) for part, size in zip(parts, sizes, strict=True)]
    )
    a = np.concatenate([part.told.a for part in parts])
    b = np.concatenate([part.told.b for part in parts], axis=1)
    return Found(rows[order], HouseVolume(num, den), Operands(basis, a, b).take(order))


def _with_house_area(work: Work, service: int, rows: Rows) -> Rows:
    gone = work.block.houses.area_total_dm2[work.block.accounts.house[rows]] <= 0
    work.park(rows[gone], Reason.NO_HOUSE_AREA, service)
    return rows[~gone]


@clause("ЖК РФ, ст. 156, ч. 9.2; ПП 491, п. 29")
def _by_norm(work: Work, service: int, rows: Rows, norm: I64) -> Found:
    """N × S_ои, to be divided by S_об."""
    house = work.block.accounts.house
    gone = work.missing(norm[:, house[rows]], rows)
    work.park(rows[gone], Reason.NO_NORM, service)
    rows = rows[~gone]
    common = work.block.houses.area_common_dm2
    blind = common[house[rows]] < 0
    work.park(rows[blind], Reason.NO_HOUSE_AREA, service)
    rows = rows[~blind]
    num = np.maximum(norm, 0).astype(object) * np.maximum(common, 0).astype(object)
    volume = HouseVolume(num, np.full(len(common), DM2_PER_M2, object))
    area = work.block.accounts.area_dm2[rows]
    return Found(rows, volume, Operands(int(Basis.COMMON_NORM), area, norm[:, house[rows]]))


@clause("ПП 491, п. 29(1), 29(2)")
def _by_meter(work: Work, service: int, rows: Rows, ways: Ways) -> Found:
    """What the meter of the house shows above its flats, not below zero."""
    house, measured = work.block.accounts.house, ways.measured
    lacking = ~measured.known[house[rows]]
    work.park(rows[lacking], Reason.NO_HOUSE_READING, service)
    rows = rows[~lacking]
    culprit = measured.blind[house[rows]]
    for of in np.unique(culprit[culprit >= 0]):
        mine = rows[(culprit == of) & (rows != of)]
        work.park(mine, Reason.NEIGHBOUR, service, str(int(work.block.accounts.id[of])))
    rows = rows[culprit < 0]
    return _divided(work, rows, ways.taken, AVERAGE_DEN * work.days, _carried_basis(ways)[house[rows]])


@clause("ПП 124, п. 21(1): отрицательный объём уменьшает следующие месяцы")
def _carried_basis(ways: Ways) -> I64:
    """(H,) by the meter, or by the meter less what months before left."""
    lessened = np.isin(ways.method, CARRYING) & (ways.past.carried < 0)
    return np.where(lessened, int(Basis.COMMON_CARRIED), int(Basis.COMMON_ACTUAL))


@clause("ПП 491, п. 29(2): среднемесячный объём прошлого года")
def _by_average(work: Work, rows: Rows, past: CommonPast) -> Found:
    """A month of last year."""
    months = np.maximum(past.months, 1).astype(object)
    return _divided(work, rows, past.year.astype(object), months, int(Basis.COMMON_AVERAGE), told=past.year)


def _divided(work: Work, rows: Rows, volume: Objects, den: Any, basis: Any, told: I64 | None = None) -> Found:
    """A volume of the month, the same in all segments; told: what lines say of it when it is not itself."""
    house = work.block.accounts.house[rows]
    of = np.broadcast_to(np.asarray(den, object), volume.shape)
    whole = rounded(volume, of) if told is None else told
    area = np.broadcast_to(work.block.accounts.area_dm2[rows], (work.segments, len(rows)))
    num = np.broadcast_to(volume, (work.segments, len(volume)))
    return Found(rows, HouseVolume(num, of), Operands(basis, whole[house], area))


def _month(work: Work, service: int, excess: Excess, ways: Ways) -> HouseMonth:
    """What is kept of the month, charged or not."""
    measured, past, unit = ways.measured, ways.past, AVERAGE_DEN * work.days
    asked = work.block.by_house(work.has(service).astype(np.int64)) > 0
    seen = np.asarray(excess.is_billed(service) & (measured.blind < 0), np.bool_)
    cap, den = norm_of_month(work, ways.norm)
    norm = np.where(cap < 0, MISSING, rounded(np.maximum(cap, 0), den))
    taken = np.where(ways.over_norm, norm, rounded(ways.taken, unit))
    of_meter = np.where(measured.known & (measured.blind < 0), taken, 0)
    average = rounded(past.year.astype(object), np.maximum(past.months, 1).astype(object))
    charged = np.where(ways.metered, of_meter, np.where(ways.averaged, average, np.maximum(norm, 0)))
    moved = np.isin(ways.method, CARRYING) & measured.known & (measured.blind < 0)
    balance = np.where(moved, np.minimum(rounded(ways.after, unit), 0), past.carried)
    if past.fix is not None:
        balance = balance + np.where(past.fix.house, past.fix.left - past.fix.used, 0)
    return HouseMonth(
        asked=np.asarray(asked, np.bool_),
        method=np.where(ways.method == Method.LAW, int(Method.COMMON_NORM), ways.method).astype(np.int16),
        known=measured.known & seen,
        flats_known=seen,
        house=rounded(measured.house, unit),
        flats=rounded(measured.flats, unit),
        norm=norm,
        carried=past.carried,
        charged=charged,
        balance=balance,
    )


def _charge(work: Work, service: int, found: Found) -> None:
    """Lines of one resource: parts of hot water, zones of electricity, one line otherwise."""
    if found.rows.size == 0:
        return
    if service == Service.COMMON_HOT_WATER:
        _charge_hot(work, found)
        return
    if service != Service.COMMON_ELECTRICITY:
        _lines(work, service, Component.WHOLE, found)
        return
    meter = meter_of(work, Service.ELECTRICITY)
    zoned = (meter.zones > 1) & meter.has & meter.has_reading & (meter.volume.sum(1) > 0)
    house = work.block.accounts.house[found.rows]
    _lines(work, service, Component.WHOLE, _some(found, ~zoned[house]))
    if not zoned[house].any():
        return
    for zone, num in enumerate(_zones(found.volume, meter, zoned)):
        part = _some(found, (zoned & (meter.zones > zone))[house])
        _lines(work, service, zone + 1, _told(work, replace(part, volume=HouseVolume(num, found.volume.den))))


def _some(found: Found, kept: Bool) -> Found:
    return replace(found, rows=found.rows[kept], told=found.told.take(kept))


@clause("ПП 491, п. 29: по зонам счётчика дома")
def _zones(volume: HouseVolume, meter: HouseMeter, zoned: Bool) -> list[Objects]:
    """The volume of each house over its zones.

    Whole parts of 1 / den that add up (largest remainder).
    """
    out = [np.zeros(volume.num.shape, object) for _ in range(3)]
    for house in np.flatnonzero(zoned):
        weights = meter.volume[house].tolist()
        for segment in range(len(volume.num)):
            for zone, share in enumerate(share_out(int(volume.num[segment, house]), weights)):
                out[zone][segment, house] = share
    return out


def _told(work: Work, found: Found) -> Found:
    """By the meter of the house a line tells the volume of its zone, in whole micro-units."""
    den = found.volume.den
    whole = ((found.volume.num[0] * 2 + den) // (2 * den)).astype(np.int64)
    actual = np.isin(found.told.basis, ACTUAL)
    a = np.where(actual, whole[work.block.accounts.house[found.rows]], found.told.a)
    return replace(found, told=Operands(found.told.basis, a, found.told.b))


def _per_area(work: Work, volume: HouseVolume, heat: Heat | None = None) -> PerArea:
    total = np.maximum(work.block.houses.area_total_dm2, 1).astype(object)
    per_area = PerArea.of(volume.num, total * volume.den, work.segments)
    return per_area if heat is None else per_area.times(heat.num, heat.den)


def _lines(work: Work, service: int, component: int, found: Found) -> None:
    if found.rows.size == 0:
        return
    rate = _rate(work, service, component, found.rows)
    gone = work.missing(rate, found.rows)
    if gone.any():
        work.park(found.rows[gone], Reason.NO_TARIFF, service)
        found, rate = _some(found, ~gone), rate[:, ~gone]
    _shared(work, service, component, found, _per_area(work, found.volume), rate=rate)


def _shared(
    work: Work, service: int, component: int, found: Found, per_area: PerArea, **options: Any
) -> None:
    """Premises by area; rooms of communal flats under direct management share that of their flat by people.

    rate (S, n) and skip_missing go on to `emit`.
    """
    if found.rooms is None:
        house_share(work, service, component, found.rows, per_area, found.told, **options)
        return
    of_room = found.rooms.shares[found.rows]
    some, given = _some(found, ~of_room), {**options, "rate": options["rate"][:, ~of_room]}
    house_share(work, service, component, some.rows, per_area, some.told, **given)
    some, given = _some(found, of_room), {**options, "rate": options["rate"][:, of_room]}
    share_among_rooms(work, service, component, some.rows, per_area, some.told, found.rooms, **given)


def _rate(work: Work, service: int, component: int, rows: Rows) -> I64:
    """Tariff of the population: of common needs, else of the resource.

    (S, n)
    """
    own = work.population_rate(service, component, rows)
    if (own != MISSING).all():
        return own
    return np.where(own == MISSING, work.population_rate(service - COMMON, component, rows), own)


def _charge_hot(work: Work, found: Found) -> None:
    """One part, or cold water and heat: as the tariff of the house says on each day."""
    service = Service.COMMON_HOT_WATER
    parts = (Component.WHOLE, Component.COLD_PART, Component.HEAT_PART)
    rates = split(found.rows, *(_rate(work, service, part, found.rows) for part in parts))
    gone = work.missing(np.maximum(rates.whole, rates.cold), found.rows)
    work.park(found.rows[gone], Reason.NO_TARIFF, service)
    rates = rates.take(~gone)
    norm = heat_norm(work, service, Service.HOT_WATER)
    complete = park_without_heat(work, service, rates, norm)
    found = _some(found, np.isin(found.rows, complete.rows))
    of_heat = _per_area(work, found.volume, heat_of(norm))
    in_m3 = _per_area(work, found.volume)
    for part, rate, per_area in (
        (Component.WHOLE, complete.whole, in_m3),
        (Component.COLD_PART, complete.cold, in_m3),
        (Component.HEAT_PART, complete.heat, of_heat),
    ):
        some = (rate != MISSING).any(0)
        if some.any():
            _shared(work, service, part, _some(found, some), per_area, rate=rate[:, some], skip_missing=True)
