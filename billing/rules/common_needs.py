"""Common needs (КР на СОИ): water, hot water, sewerage, electricity for the common property, by norm or by
meter.

Law: Housing Code, art. 156 p. 9.1–9.3; PP 491, cl. 29–29(3). By the norm: N × S_ои × S_i / S_об; by the
meter of the house: max(V_house − Σ V_flats, 0) × S_i / S_об. Tariffs of the population, never K.
Electricity goes by the zones of the house meter, in proportion to its volumes. A tariff or norm of common
needs that is missing is that of the resource.
"""

from __future__ import annotations

from dataclasses import dataclass
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
WATERS = (Service.COLD_WATER, Service.HOT_WATER)


@dataclass(slots=True)
class HouseVolume:
    """Volume for common property: num (S, H) / den micro-units; known (H,) says where it could be found.

    den is the same for all houses: 100 by norm (dm2), 60 × days by meter.
    """

    num: Objects
    den: int
    known: Bool


@service_rule(*SERVICES)
def common_needs(work: Work) -> None:
    """Every resource of common needs, houses by norm and houses by meter apart."""
    for service in SERVICES:
        rows = np.flatnonzero(work.has(service))
        if rows.size == 0:
            continue
        rows = _with_house_area(work, service, with_area(work, service, rows))
        actual = work.block.method(service)[rows] == Method.COMMON_ACTUAL
        _by_norm(work, service, rows[~actual])
        _by_meter(work, service, rows[actual])


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
def _by_norm(work: Work, service: int, rows: Rows) -> None:
    if rows.size == 0:
        return
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
    volume = HouseVolume(num, DM2_PER_M2, np.ones(len(common), np.bool_))
    told = Operands(int(Basis.COMMON_NORM), work.block.accounts.area_dm2[rows], norm[:, house[rows]])
    _charge(work, service, rows, volume, told)


@clause("ПП 491, п. 29(1), 29(2)")
def _by_meter(work: Work, service: int, rows: Rows) -> None:
    if rows.size == 0:
        return
    house = work.block.accounts.house
    volume, blind = _excess(work, service)
    lacking = ~volume.known[house[rows]]
    work.park(rows[lacking], Reason.NO_HOUSE_READING, service)
    rows = rows[~lacking]
    culprit = blind[house[rows]]
    for of in np.unique(culprit[culprit >= 0]):
        mine = rows[(culprit == of) & (rows != of)]
        work.park(mine, Reason.NEIGHBOUR, service, str(int(work.block.accounts.id[of])))
    rows = rows[culprit < 0]
    told = Operands(int(Basis.COMMON_ACTUAL), 0, work.block.accounts.area_dm2[rows])
    _charge(work, service, rows, volume, told)


def _excess(work: Work, service: int) -> tuple[HouseVolume, I64]:
    """max(V_house − Σ V_flats, 0) and the first account of the house whose volume is unknown (−1 = none),
    (H,).

    Sewerage without a meter of its own takes the excess of both waters.
    """
    resource = service - COMMON
    own, known, blind = _excess_of(work, resource)
    if service == Service.COMMON_SEWERAGE:
        has_own = _meter(work, resource).has
        total, all_known, first = np.zeros_like(own), np.ones(len(known), np.bool_), np.full_like(blind, -1)
        for water in WATERS:
            part, part_known, part_blind = _excess_of(work, water)
            provided = _provided(work, water)
            total = total + np.where(provided, part, 0)
            all_known &= part_known | ~provided
            first = np.where((first < 0) & provided, part_blind, first)
        all_known &= _provided(work, WATERS[0]) | _provided(work, WATERS[1])
        own, known = np.where(has_own, own, total), np.where(has_own, known, all_known)
        blind = np.where(has_own, blind, first)
    num = np.broadcast_to(own, (work.segments, len(own)))
    return HouseVolume(num, AVERAGE_DEN * work.days, known), blind


def _provided(work: Work, service: int) -> Bool:
    """(H,) houses in which any account has the service."""
    return np.asarray(work.block.by_house(work.has(service).astype(np.int64)) > 0, np.bool_)


def _excess_of(work: Work, resource: int) -> tuple[Objects, Bool, I64]:
    """Excess over 60 × days, whether the house was read, the first unknown account."""
    block, days = work.block, work.days
    meter = _meter(work, resource)
    used = work.used.get(resource) or Used.nothing(work.segments, len(block))
    flats = block.by_house(used.over(days))
    house = meter.volume.sum(1).astype(object) * (AVERAGE_DEN * days)
    blind = np.full(len(block.houses), -1, np.int64)
    lost = np.flatnonzero(used.unknown)[::-1]
    blind[block.accounts.house[lost]] = lost
    return np.maximum(house - flats.astype(object), 0), meter.has & meter.has_reading, blind


def _meter(work: Work, resource: int) -> HouseMeter:
    found = work.block.house_meters.get(resource)
    if found is not None:
        return found
    size = len(work.block.houses)
    none = np.zeros(size, np.bool_)
    return HouseMeter(none, none, np.ones(size, np.int8), np.zeros((size, 3), np.int64))


def _charge(work: Work, service: int, rows: Rows, volume: HouseVolume, told: Operands) -> None:
    """Lines of one resource: parts of hot water, zones of electricity, one line otherwise."""
    if rows.size == 0:
        return
    if service == Service.COMMON_HOT_WATER:
        _charge_hot(work, rows, volume, told)
        return
    if service != Service.COMMON_ELECTRICITY:
        _lines(work, service, Component.WHOLE, rows, volume, told)
        return
    meter = _meter(work, service - COMMON)
    zoned = (meter.zones > 1) & meter.has & meter.has_reading & (meter.volume.sum(1) > 0)
    of_row = zoned[work.block.accounts.house[rows]]
    _lines(work, service, Component.WHOLE, rows[~of_row], volume, told.take(~of_row))
    if not of_row.any():
        return
    parts = _zones(volume, meter, zoned)
    for zone in range(3):
        some = of_row & (meter.zones > zone)[work.block.accounts.house[rows]]
        _lines(work, service, zone + 1, rows[some], parts[zone], told.take(some))


@clause("ПП 491, п. 29: по зонам счётчика дома")
def _zones(volume: HouseVolume, meter: HouseMeter, zoned: Bool) -> list[HouseVolume]:
    """The volume of each house over its zones, whole parts of 1 / den that add up (largest remainder)."""
    out = [np.zeros(volume.num.shape, object) for _ in range(3)]
    for house in np.flatnonzero(zoned):
        weights = meter.volume[house].tolist()
        for segment in range(len(volume.num)):
            shares = share_out(int(volume.num[segment, house]), weights)
            for zone, share in enumerate(shares):
                out[zone][segment, house] = share
    return [HouseVolume(num, volume.den, volume.known) for num in out]


def _per_area(work: Work, volume: HouseVolume, heat: Heat | None = None) -> PerArea:
    total = np.maximum(work.block.houses.area_total_dm2, 1).astype(object)
    per_area = PerArea.of(volume.num, total * volume.den, work.segments)
    return per_area if heat is None else per_area.times(heat.num, heat.den)


def _lines(work: Work, service: int, component: int, rows: Rows, volume: HouseVolume, told: Operands) -> None:
    rate = _rate(work, service, component, rows)
    gone = work.missing(rate, rows)
    if gone.any():
        work.park(rows[gone], Reason.NO_TARIFF, service)
        rows, rate, told = rows[~gone], rate[:, ~gone], told.take(~gone)
    told = _with_volume(work, rows, volume, told)
    house_share(work, service, component, rows, _per_area(work, volume), told, rate=rate)


def _with_volume(work: Work, rows: Rows, volume: HouseVolume, told: Operands) -> Operands:
    """By the meter of the house a line tells the volume that was divided, in whole micro-units."""
    if told.basis != Basis.COMMON_ACTUAL:
        return told
    whole = (volume.num[0] * 2 + volume.den) // (2 * volume.den)
    return Operands(told.basis, whole.astype(np.int64)[work.block.accounts.house[rows]], told.b)


def _rate(work: Work, service: int, component: int, rows: Rows) -> I64:
    """Tariff of the population: of common needs, else of the resource. (S, n)"""
    own = work.population_rate(service, component, rows)
    if (own != MISSING).all():
        return own
    return np.where(own == MISSING, work.population_rate(service - COMMON, component, rows), own)


def _charge_hot(work: Work, rows: Rows, volume: HouseVolume, told: Operands) -> None:
    """One part, or cold water and heat: as the tariff of the house says on each day."""
    service = Service.COMMON_HOT_WATER
    parts = (Component.WHOLE, Component.COLD_PART, Component.HEAT_PART)
    found = split(rows, *(_rate(work, service, part, rows) for part in parts))
    gone = work.missing(np.maximum(found.whole, found.cold), rows)
    work.park(rows[gone], Reason.NO_TARIFF, service)
    found, told = found.take(~gone), told.take(~gone)
    norm = heat_norm(work, service, Service.HOT_WATER)
    complete = park_without_heat(work, service, found, norm)
    told = told.take(np.isin(found.rows, complete.rows))
    told = _with_volume(work, complete.rows, volume, told)
    of_heat = _per_area(work, volume, heat_of(norm))
    in_m3 = _per_area(work, volume)
    for part, rate, per_area in (
        (Component.WHOLE, complete.whole, in_m3),
        (Component.COLD_PART, complete.cold, in_m3),
        (Component.HEAT_PART, complete.heat, of_heat),
    ):
        some = (rate != MISSING).any(0)
        if some.any():
            chosen, given = complete.rows[some], rate[:, some]
            house_share(work, service, part, chosen, per_area, told.take(some), rate=given, skip_missing=True)
