"""The past of a made-up block: last year's heat of houses, failed meters of houses, readings of a tariff's
day.

Drawn apart from the rest of the block, so that a block without them is what it always was.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from billing.block import MISSING, Block, Cut, HouseMeter, Norm, Rate
from billing.checked import Checked
from billing.heat_past import Distributors, HeatYear, HouseFailure, YearKnown
from billing.quantity import MICRO
from billing.services import FUELS, Component, Method, Service

ZONES = 3
CHECKED = (Service.COLD_WATER, Service.HOT_WATER, Service.ELECTRICITY, Service.GAS, Service.HEATING)

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


def with_checks(block: Block, seed: int, share: int) -> Block:
    """Acts of checks of some meters that were read, one of an account and service: more or less than used."""
    if not share:
        return block
    rng = np.random.default_rng(seed + 1_000_000)
    meters = block.meters
    size = len(meters)
    sound = meters.has_reading & (meters.failed_month == 0) & (meters.refused_month == 0)
    sound &= np.isin(meters.service, CHECKED) & (rng.integers(0, 1000, size) < share)
    rows = np.flatnonzero(sound)
    _, first = np.unique(
        meters.account[rows].astype(np.int64) * 100 + meters.service[rows], return_index=True
    )
    rows = rows[np.sort(first)]
    of_zone = np.arange(ZONES) < meters.zones[rows][:, None]
    limit = (10 ** meters.digits[rows].astype(np.int64) * MICRO)[:, None]
    value = meters.start[rows]
    used = np.where(of_zone, (value + rng.integers(-30, 30, (len(rows), ZONES)) * MICRO) % limit, 0)
    gap = np.where(np.isin(np.arange(size), rows), 0, meters.gap_months).astype(np.int16)
    billed = meters.billed.copy()
    billed[rows] = 0
    checked = Checked(
        account=meters.account[rows],
        service=meters.service[rows],
        zones=meters.zones[rows],
        digits=meters.digits[rows],
        day=rng.integers(1, block.period.days + 1, len(rows)).astype(np.int16),
        used=used,
        value=value,
        billed=np.where(meters.gap_months[rows, None] > 0, meters.billed[rows], 0),
    )
    return replace(block, meters=replace(meters, gap_months=gap, billed=billed), checked=checked)


def with_boilers(block: Block, seed: int, share: int) -> Block:
    """Houses that make their own heating or hot water of gas and electricity; some forgot the fuel."""
    if not share:
        return block
    rng = np.random.default_rng(seed + 2_000_000)
    size, segments = len(block.houses), len(block.days)
    services, rates, norms = dict(block.services), dict(block.rates), dict(block.norms)
    for service, scale in ((Service.HEATING, 90), (Service.HOT_WATER, 40)):
        own = rng.integers(0, 1000, size) < share
        method = np.where(own, int(Method.BOILER), services[service].method).astype(np.int16)
        services[service] = replace(services[service], method=method)
        for component in (Component.FUEL_GAS, Component.FUEL_ELECTRICITY):
            volume = rng.integers(0, 40, size) // 2 * scale * MICRO + rng.integers(0, 9, size)
            volume = np.where(rng.integers(0, 10, size) < 2, MISSING, volume)
            table = np.broadcast_to(volume[None, :, None, None], (segments, size, 1, 1)).copy()
            norms[service, FUELS[component].kind] = Norm(table, np.arange(size, dtype=np.int32))
            price = np.broadcast_to(80_000 + rng.integers(0, 99, size) * 100, (segments, 2, size)).copy()
            price[segments // 2 :] += 500 * (rng.integers(0, 2, size) if segments > 1 else 0)
            rates[service, int(component)] = Rate(price)
    return replace(block, services=services, rates=rates, norms=norms)


def with_distributors(block: Block, seed: int, share: int) -> Block:
    """Houses whose flats, most or few of them, have distributors of heat, in the month of the correction."""
    if not share:
        return block
    rng = np.random.default_rng(seed + 3_000_000)
    size = len(block.houses)
    level = np.where(rng.integers(0, 1000, size) < share, rng.choice([300, 900, 1000], size), 0)
    has = rng.integers(0, 1000, len(block)) < level[block.accounts.house]
    units = np.where(has, rng.integers(0, 3_000, len(block)) * MICRO, 0)
    billed = np.where(has, rng.integers(0, 5_000_000, len(block)), 0)
    return replace(block, distributors=Distributors(has, units, billed))
