"""What a house used for its common property: its meter less its flats, the norm it may not go over, the ways
of paying.

Volumes of houses are Python integers, exact: over 60 × days by a meter, over 100 by the norm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.block import I64, MISSING, Bool, HouseMeter
from billing.common_past import CommonPast
from billing.quantity import DM2_PER_M2
from billing.services import COMMON, Method, Service
from billing.work import AVERAGE_DEN, Used, Work

Objects = npt.NDArray[Any]

WATERS = (Service.COLD_WATER, Service.HOT_WATER)
DIRECT = (Method.COMMON_DIRECT_NORM, Method.COMMON_DIRECT_ACTUAL, Method.COMMON_DIRECT_CAPPED)
CAPPED = (Method.COMMON_ACTUAL_CAPPED, Method.COMMON_DIRECT_CAPPED)
BY_METER = (Method.COMMON_ACTUAL, Method.COMMON_DIRECT_ACTUAL, *CAPPED)
CARRYING = (Method.COMMON_ACTUAL, Method.COMMON_ACTUAL_CAPPED)
AVERAGE_MONTHS_LEAST = 3
"""Fewer known months of last year make no average: the norm goes on."""


@dataclass(slots=True)
class Measured:
    """A resource of each house, (H,): house and flats over 60 × days, what is above the flats (below zero
    when they used more), whether both are known, the first account whose volume is unknown (−1 = none).
    """

    house: Objects
    flats: Objects
    over: Objects
    known: Bool
    blind: I64


class Excess:
    """Meters of houses against their flats, each resource counted once a block."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.found: dict[int, Measured] = {}

    def of_common(self, service: int) -> Measured:
        """For a service of common needs; sewerage without a meter takes both waters, each as it is charged:
        what months before left comes off it, and it is not below zero.
        """
        own = self.of_resource(service - COMMON)
        if service != Service.COMMON_SEWERAGE:
            return own
        has_own = meter_of(self.work, Service.SEWERAGE).has
        size = len(own.known)
        house, flats, over = (np.zeros(size, object) for _ in range(3))
        blind = np.full(size, -1, np.int64)
        all_known, any_water = np.ones(size, np.bool_), np.zeros(size, np.bool_)
        for water in WATERS:
            part, provided = self.of_resource(water), _provided(self.work, water)
            carried = past_of(self.work, COMMON + water).carried.astype(object) * AVERAGE_DEN * self.work.days
            house = house + np.where(provided, part.house, 0)
            flats = flats + np.where(provided, part.flats, 0)
            over = over + np.where(provided, np.maximum(part.over + carried, 0), 0)
            all_known &= part.known | ~provided
            any_water |= provided
            blind = np.where((blind < 0) & provided, part.blind, blind)
        known = np.where(has_own, own.known, all_known & any_water)
        return Measured(
            np.where(has_own, own.house, house),
            np.where(has_own, own.flats, flats),
            np.where(has_own, own.over, over),
            np.asarray(known, np.bool_),
            np.where(has_own, own.blind, blind),
        )

    def of_resource(self, resource: int) -> Measured:
        if resource not in self.found:
            self.found[resource] = self._count(resource)
        return self.found[resource]

    def _count(self, resource: int) -> Measured:
        block, days = self.work.block, self.work.days
        meter = meter_of(self.work, resource)
        used = self.work.used.get(resource) or Used.nothing(self.work.segments, len(block))
        house = meter.volume.sum(1).astype(object) * (AVERAGE_DEN * days)
        blind = np.full(len(block.houses), -1, np.int64)
        lost = np.flatnonzero(used.unknown)[::-1]
        blind[block.accounts.house[lost]] = lost
        flats = block.by_house(used.over(days)).astype(object)
        return Measured(house, flats, house - flats, meter.has & meter.has_reading, blind)

    def is_billed(self, service: int) -> Bool:
        """(H,) houses whose flats are billed for the resource: only there the difference says anything."""
        resource = service - COMMON
        if resource == Service.SEWERAGE:
            has_own = meter_of(self.work, resource).has
            by_waters = _provided(self.work, WATERS[0]) | _provided(self.work, WATERS[1])
            return np.where(has_own, _provided(self.work, resource), by_waters)
        return _provided(self.work, resource)


def _provided(work: Work, service: int) -> Bool:
    """(H,) houses in which any account has the service."""
    return np.asarray(work.block.by_house(work.has(service).astype(np.int64)) > 0, np.bool_)


def meter_of(work: Work, resource: int) -> HouseMeter:
    """ОДПУ of a resource; a block without any has them nowhere."""
    found = work.block.house_meters.get(resource)
    if found is not None:
        return found
    size = len(work.block.houses)
    none = np.zeros(size, np.bool_)
    return HouseMeter(none, none, np.ones(size, np.int8), np.zeros((size, 3), np.int64))


def past_of(work: Work, service: int) -> CommonPast:
    """Kept months of the service; nothing where there are none."""
    found = (work.block.common or {}).get(service)
    return CommonPast.nothing(len(work.block.houses)) if found is None else found


def common_norm(work: Work, service: int) -> I64:
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
        of_water = common_norm(work, COMMON + water)
        waters += np.maximum(of_water, 0)
        found |= of_water != MISSING
    return np.where(norm == MISSING, np.where(found, waters, MISSING), norm)


def norm_of_month(work: Work, norm: I64) -> tuple[Objects, int]:
    """N × S_ои of the whole month, (H,) over the denominator; below zero where a part of it is missing."""
    common = work.block.houses.area_common_dm2
    days = work.block.days.astype(object)[:, None]
    whole = (np.maximum(norm, 0).astype(object) * days).sum(0) * np.maximum(common, 0).astype(object)
    missing = (norm == MISSING).any(0) | (common < 0)
    return np.where(missing, -1, whole), DM2_PER_M2 * work.days


def rounded(num: Objects, den: Any) -> I64:
    """Whole micro-units, half away from zero."""
    size = (2 * np.abs(num) + den) // (2 * den)
    return np.asarray(np.where(num < 0, -size, size), object).astype(np.int64)
