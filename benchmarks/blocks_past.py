"""The past of a made-up block: last year's heat of houses, failed meters of houses, readings of a tariff's
day.

Drawn apart from the rest of the block, so that a block without them is what it always was.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from billing.block import Block, Cut, HouseMeter
from billing.heat_past import HeatYear, HouseFailure, YearKnown
from billing.quantity import MICRO
from billing.services import Service

Rng = np.random.Generator


def with_past(block: Block, seed: int, heat_past: int, cuts: int) -> Block:
    """The block with a past; heat_past and cuts are thousandths of houses and meters."""
    rng = np.random.default_rng([seed, 77])
    heat = block.house_meters.get(Service.HEATING)
    if heat is not None and heat_past:
        failing = replace(heat, failure=_failure(rng, heat, heat_past))
        block = replace(block, house_meters=block.house_meters | {Service.HEATING: failing})
        block = replace(block, heat_year=_year(rng, block, heat))
    if cuts and len(block.days) > 1:
        block = replace(block, meters=replace(block.meters, cut=_cut(rng, block, cuts)))
    return block


def _failure(rng: Rng, heat: HouseMeter, share: int) -> HouseFailure:
    size = len(heat.has)
    failed = heat.has & (rng.integers(0, 1000, size) < share)
    months = np.where(failed, rng.integers(1, 7, size), 0)
    average60 = np.where(failed, rng.integers(0, 60 * 200, size) * MICRO, 0)
    return HouseFailure(np.where(failed, rng.integers(1, 6, size), 0), average60, months)


def _year(rng: Rng, block: Block, heat: HouseMeter) -> HeatYear:
    """Of evenly paying houses with a meter: usually known, sometimes young, rarely with holes."""
    even = block.houses.heating_uniform & heat.has
    roll = rng.integers(0, 10, len(heat.has))
    known = np.where(roll < 6, int(YearKnown.KNOWN), np.where(roll < 9, int(YearKnown.YOUNG), 0))
    state = np.where(even, known, int(YearKnown.YOUNG))
    house = np.where(state == YearKnown.KNOWN, rng.integers(0, 900, len(state)) * MICRO + 7, 0)
    rows = np.flatnonzero(block.meters.service == Service.HEATING)
    owners = block.meters.account[rows].astype(np.int64)
    mine = owners[(state == YearKnown.KNOWN)[block.accounts.house[owners]]]
    metered = np.zeros(len(block), np.bool_)
    metered[mine] = True
    metered &= rng.integers(0, 10, len(block)) < 9
    account = np.where(metered, rng.integers(0, 12, len(block)) * MICRO + 11, 0)
    return HeatYear(state, house, account, metered)


def _cut(rng: Rng, block: Block, share: int) -> Cut:
    """Some meters were read on the first day of a segment, some of those beyond the reading of the month."""
    meters = block.meters
    size = len(meters)
    # all meters of an account on one day, so that their service may be cut
    days = rng.choice(np.append(block.first_day[1:], 15), len(block))[meters.account]
    read = (rng.integers(0, 1000, len(block)) < share)[meters.account] & meters.has_reading
    part = rng.integers(0, 11, size)[:, None]
    limit = (10 ** meters.digits.astype(np.int64) * MICRO)[:, None]
    used = np.where(meters.end < meters.start, meters.end - meters.start + limit, meters.end - meters.start)
    beyond = (rng.integers(0, 50, size) == 0)[:, None] * MICRO
    value = (meters.start + used * part // 10 + beyond) % limit
    return Cut(np.where(read, days, 0).astype(np.int16), np.where(read[:, None], value, 0))
