"""Common needs (КР на СОИ): water, hot water, sewerage, electricity for the common property, by norm or by
meter.

Law: Housing Code, art. 156 p. 9.1–9.3; PP 491, cl. 29–29(3). By the norm: N × S_ои × S_i / S_об; by the
meter of the house: max(V_house − Σ V_flats, 0) × S_i / S_об. Tariffs of the population, never K.
Electricity goes by the zones of the house meter, in proportion to its volumes. A tariff or norm of common
needs that is missing is that of the resource.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.basis import Basis
from billing.block import I64, MISSING, Bool, HouseMeter
from billing.heated_water import Heat, heat_norm, heat_of, park_without_heat, split
from billing.money import share_out
from billing.parked import Reason
from billing.premises import Operands, PerArea, house_share, with_area
from billing.quantity import DM2_PER_M2
from billing.rule import clause, service_rule
from billing.services import COMMON, Component, Method, Service
from billing.work import AVERAGE_DEN, Rows, Used, Work

Objects = npt.NDArray[Any]

SERVICES = (
    Service.COMMON_COLD_WATER,
    Service.COMMON_HOT_WATER,
    Service.COMMON_SEWERAGE,
    Service.COMMON_ELECTRICITY,
)
DIRECT = (Method.COMMON_DIRECT_NORM, Method.COMMON_DIRECT_ACTUAL)
BY_METER = (Method.COMMON_ACTUAL, Method.COMMON_DIRECT_ACTUAL)
WATERS = (Service.COLD_WATER, Service.HOT_WATER)


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


@service_rule(*SERVICES)
def common_needs(work: Work) -> None:
    """Every resource of common needs; each house by norm or by its meter."""
    excess = Excess(work)
    for service in SERVICES:
        rows = np.flatnonzero(work.has(service))
        if rows.size == 0:
            continue
        rows = _with_house_area(work, service, with_area(work, service, rows))
        actual = np.isin(work.block.method(service)[rows], BY_METER)
        parts = []
        if not actual.all():
            parts.append(_by_norm(work, service, rows[~actual]))
        if actual.any():
            parts.append(_by_meter(work, service, rows[actual], excess))
        found = parts[0] if len(parts) == 1 else _both(work, *parts)
        _charge(work, service, _named(work, service, found))


@clause("ПП 354, п. 44, прил. 2, ф. 10, 12, 15")
def _named(work: Work, service: int, found: Found) -> Found:
    """Under direct management the same volume is the house's needs of Rules 354, and its lines say so."""
    direct = np.isin(work.block.method(service)[found.rows], DIRECT)
    if not direct.any():
        return found
    actual = np.broadcast_to(found.told.basis, direct.shape) == int(Basis.COMMON_ACTUAL)
    of_house = np.where(actual, int(Basis.HOUSE_ACTUAL), int(Basis.HOUSE_NORM))
    basis = np.where(direct, of_house, found.told.basis)
    return replace(found, told=Operands(basis, found.told.a, found.told.b))


def _both(work: Work, one: Found, other: Found) -> Found:
    """Houses by norm and houses by meter together, in order of accounts."""
    metered = np.zeros(len(work.block.houses), np.bool_)
    metered[work.block.accounts.house[other.rows]] = True
    rows = np.concatenate([one.rows, other.rows])
    order = np.argsort(rows, kind="stable")
    volume = HouseVolume(
        np.where(metered, other.volume.num, one.volume.num),
        np.where(metered, other.volume.den, one.volume.den),
    )
    basis = np.repeat([one.told.basis, other.told.basis], [len(one.rows), len(other.rows)])
    a = np.concatenate([one.told.a, other.told.a])
    b = np.concatenate([one.told.b, other.told.b], axis=1)
    return Found(rows[order], volume, Operands(basis, a, b).take(order))


def _with_house_area(work: Work, service: int, rows: Rows) -> Rows:
    gone = work.block.houses.area_total_dm2[work.block.accounts.house[rows]] <= 0
    work.park(rows[gone], Reason.NO_HOUSE_AREA, service)
    return rows[~gone]


def _norm(work: Work, service: int) -> I64:
    """N of common needs by segment and house, (S, H).

    Sewerage without its own takes the sum of the waters.
    """
    own = work.house_norm(service, "common")
    of_resource = work.house_norm(service - COMMON, "common")
    norm = np.where(own == MISSING, of_resource, own)
    if service != Service.COMMON_SEWERAGE:
        return norm
    waters = np.zeros_like(norm)
    found = np.zeros(norm.shape, np.bool_)
    for water in WATERS:
        of_water = _norm(work, COMMON + water)
        waters += np.maximum(of_water, 0)
        found |= of_water != MISSING
    return np.where(norm == MISSING, np.where(found, waters, MISSING), norm)


@clause("ЖК РФ, ст. 156, ч. 9.2; ПП 491, п. 29")
def _by_norm(work: Work, service: int, rows: Rows) -> Found:
    """N × S_ои, to be divided by S_об."""
    house = work.block.accounts.house
    norm = _norm(work, service)
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
def _by_meter(work: Work, service: int, rows: Rows, excess: Excess) -> Found:
    """What the meter of the house shows above its flats, not below zero."""
    house = work.block.accounts.house
    over, known, blind = excess.of_common(service)
    lacking = ~known[house[rows]]
    work.park(rows[lacking], Reason.NO_HOUSE_READING, service)
    rows = rows[~lacking]
    culprit = blind[house[rows]]
    for of in np.unique(culprit[culprit >= 0]):
        mine = rows[(culprit == of) & (rows != of)]
        work.park(mine, Reason.NEIGHBOUR, service, str(int(work.block.accounts.id[of])))
    rows = rows[culprit < 0]
    den = np.full(len(over), AVERAGE_DEN * work.days, object)
    whole = (over * 2 + den) // (2 * den)
    area = np.broadcast_to(work.block.accounts.area_dm2[rows], (work.segments, len(rows)))
    told = Operands(int(Basis.COMMON_ACTUAL), whole.astype(np.int64)[house[rows]], area)
    return Found(rows, HouseVolume(np.broadcast_to(over, (work.segments, len(over))), den), told)


class Excess:
    """max(V_house − Σ V_flats, 0) of each resource, counted once a block.

    Each answer: the excess over 60 × days (H,), whether the house was read, the first account of the house
    whose volume is unknown (−1 = none).
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self.found: dict[int, tuple[Objects, Bool, I64]] = {}

    def of_common(self, service: int) -> tuple[Objects, Bool, I64]:
        """For a service of common needs; sewerage without a meter takes the excess of both waters."""
        own, known, blind = self.of_resource(service - COMMON)
        if service != Service.COMMON_SEWERAGE:
            return own, known, blind
        has_own = _meter(self.work, Service.SEWERAGE).has
        total, first = np.zeros_like(own), np.full_like(blind, -1)
        all_known, any_water = np.ones(len(known), np.bool_), np.zeros(len(known), np.bool_)
        for water in WATERS:
            part, part_known, part_blind = self.of_resource(water)
            provided = _provided(self.work, water)
            total = total + np.where(provided, part, 0)
            all_known &= part_known | ~provided
            any_water |= provided
            first = np.where((first < 0) & provided, part_blind, first)
        known = np.where(has_own, known, all_known & any_water)
        return np.where(has_own, own, total), known, np.where(has_own, blind, first)

    def of_resource(self, resource: int) -> tuple[Objects, Bool, I64]:
        if resource not in self.found:
            self.found[resource] = self._count(resource)
        return self.found[resource]

    def _count(self, resource: int) -> tuple[Objects, Bool, I64]:
        block, days = self.work.block, self.work.days
        meter = _meter(self.work, resource)
        used = self.work.used.get(resource) or Used.nothing(self.work.segments, len(block))
        flats = block.by_house(used.over(days))
        house = meter.volume.sum(1).astype(object) * (AVERAGE_DEN * days)
        blind = np.full(len(block.houses), -1, np.int64)
        lost = np.flatnonzero(used.unknown)[::-1]
        blind[block.accounts.house[lost]] = lost
        return np.maximum(house - flats.astype(object), 0), meter.has & meter.has_reading, blind


def _provided(work: Work, service: int) -> Bool:
    """(H,) houses in which any account has the service."""
    return np.asarray(work.block.by_house(work.has(service).astype(np.int64)) > 0, np.bool_)


def _meter(work: Work, resource: int) -> HouseMeter:
    found = work.block.house_meters.get(resource)
    if found is not None:
        return found
    size = len(work.block.houses)
    none = np.zeros(size, np.bool_)
    return HouseMeter(none, none, np.ones(size, np.int8), np.zeros((size, 3), np.int64))


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
    meter = _meter(work, Service.ELECTRICITY)
    zoned = (meter.zones > 1) & meter.has & meter.has_reading & (meter.volume.sum(1) > 0)
    house = work.block.accounts.house[found.rows]
    _lines(work, service, Component.WHOLE, _some(found, ~zoned[house]))
    if not zoned[house].any():
        return
    for zone, num in enumerate(_zones(found.volume, meter, zoned)):
        part = _some(found, (zoned & (meter.zones > zone))[house])
        _lines(work, service, zone + 1, _told(work, replace(part, volume=HouseVolume(num, found.volume.den))))


def _some(found: Found, kept: Bool) -> Found:
    return Found(found.rows[kept], found.volume, found.told.take(kept))


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
    actual = np.isin(found.told.basis, (Basis.COMMON_ACTUAL, Basis.HOUSE_ACTUAL))
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
    house_share(work, service, component, found.rows, _per_area(work, found.volume), found.told, rate=rate)


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
    told = found.told.take(np.isin(found.rows, complete.rows))
    of_heat = _per_area(work, found.volume, heat_of(norm))
    in_m3 = _per_area(work, found.volume)
    for part, rate, per_area in (
        (Component.WHOLE, complete.whole, in_m3),
        (Component.COLD_PART, complete.cold, in_m3),
        (Component.HEAT_PART, complete.heat, of_heat),
    ):
        some = (rate != MISSING).any(0)
        if some.any():
            chosen, given = complete.rows[some], rate[:, some]
            house_share(work, service, part, chosen, per_area, told.take(some), rate=given, skip_missing=True)
