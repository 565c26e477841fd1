"""A made-up block of whole houses: every service, every method, plausible sizes. Columns only, one seed, no
loops.

`usual` is a flat of a usual city (most meters are read, values are all there); `odd` gives every rare state
its turn: two tariffs in a month, missing values, partly open accounts, late readings, refused access,
strange areas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.blocks_past import with_boilers, with_checks, with_distributors, with_past
from billing.block import (
    MISSING,
    AccountKind,
    Accounts,
    Block,
    HouseMeter,
    Houses,
    HouseService,
    Meters,
    Norm,
    Rate,
)
from billing.law import change_days
from billing.period import Period
from billing.quantity import MICRO, RATE_PER_RUBLE
from billing.services import COMMON, Method, Service

I64 = npt.NDArray[np.int64]
Rng = np.random.Generator

METERED = (
    Service.COLD_WATER,
    Service.HOT_WATER,
    Service.SEWERAGE,
    Service.HEATING,
    Service.ELECTRICITY,
    Service.GAS,
)
MONTHLY_MICRO = {1: 4_100_000, 2: 2_900_000, 3: 7_000_000, 4: 900_000, 5: 190_000_000, 6: 12_000_000}

# (service, component) → 0.0001 RUB
RATES = {
    (1, 0): 456_700,
    (2, 1): 491_900,
    (2, 2): 23_717_200,
    (3, 0): 381_200,
    (4, 0): 24_801_500,
    (5, 0): 64_300,
    (5, 1): 73_900,
    (5, 2): 32_100,
    (5, 3): 53_800,
    (6, 0): 87_600,
    (7, 0): 5_984_400,
    (8, 0): 341_700,
    (9, 0): 141_300,
    (21, 0): 456_700,
    (22, 1): 491_900,
    (22, 2): 23_717_200,
    (23, 0): 381_200,
    (25, 0): 64_300,
    (25, 1): 73_900,
    (25, 2): 32_100,
    (25, 3): 53_800,
}
# (service, kind) → micro-units
NORMS = {
    (1, "person"): 4_330_000,
    (2, "person"): 3_170_000,
    (2, "heat_per_m3"): 58_300,
    (3, "person"): 7_500_000,
    (4, "area"): 23_700,
    (5, "person"): 109_000_000,
    (6, "person"): 10_200_000,
    (6, "area"): 7_200_000,
    (7, "waste_year"): 2_280_000,
    (1, "contract"): 15_000_000,
    (2, "contract"): 5_000_000,
    (5, "contract"): 900_000_000,
    (6, "contract"): 40_000_000,
    (3, "contract"): 20_000_000,
    (21, "common"): 21_600,
    (22, "common"): 19_100,
    (23, "common"): 40_700,
    (25, "common"): 1_840_000,
}
HOUSE_FLATS = (24, 140)


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares in thousandths of what is rare in a usual city and common in an odd block."""

    no_meter: int = 60
    two_meters: int = 150
    silent: int = 45
    failed: int = 12
    refused: int = 3
    late: int = 10
    nonresidential: int = 20
    nobody: int = 40
    temporary: int = 10
    partly_open: int = 4
    no_area: int = 0
    no_people: int = 0
    no_value: int = 0
    unheated: int = 1
    house_metered: int = 850
    no_house_reading: int = 0
    heat_metered_houses: int = 60
    common_actual: int = 100
    uniform: int = 100
    service_off: int = 20
    heat_past: int = 0
    read_on_change: int = 0
    checked: int = 0
    boilers: int = 0
    distributors: int = 0
    cut: bool = False
    ragged: bool = False


USUAL = Mix()
ODD = Mix(
    no_meter=250,
    two_meters=250,
    silent=250,
    failed=150,
    refused=120,
    late=120,
    nonresidential=80,
    nobody=150,
    temporary=150,
    partly_open=120,
    no_area=4,
    no_people=4,
    no_value=60,
    unheated=60,
    house_metered=700,
    no_house_reading=60,
    heat_metered_houses=500,
    common_actual=500,
    uniform=300,
    service_off=80,
    heat_past=300,
    read_on_change=500,
    checked=120,
    boilers=250,
    distributors=300,
    cut=True,
    ragged=True,
)


def make_block(
    accounts: int, seed: int = 1, period: Period | None = None, mix: Mix = USUAL, first_id: int = 1
) -> Block:
    """About `accounts` accounts in whole houses; the same arguments give the same block."""
    rng = np.random.default_rng(seed)
    month = period or Period.parse("2026-10")
    houses_count = max(accounts * 2 // sum(HOUSE_FLATS), 1)
    sizes = rng.integers(*HOUSE_FLATS, houses_count, endpoint=True)
    sizes = np.maximum(sizes * accounts // int(sizes.sum()), 1)
    house = np.repeat(np.arange(houses_count, dtype=np.int32), sizes)
    first_day, days = _segments(month, mix)
    people = _accounts(rng, house, days, mix, first_id)
    areas = np.zeros(houses_count, np.int64)
    np.add.at(areas, house, np.maximum(people.area_dm2, 0))
    houses = _houses(rng, areas, mix)
    meters = _meters(rng, people, houses_count, mix)
    house_meters = _house_meters(rng, areas, sizes, mix)
    made = Block(
        period=month,
        first_day=first_day,
        days=days,
        houses=houses,
        accounts=people,
        meters=meters,
        house_meters=house_meters,
        services=_services(rng, houses, people, house_meters, mix),
        rates=_rates(rng, len(days), houses_count, mix),
        norms=_norms(rng, len(days), houses_count, mix),
        coefficients=_coefficients(rng, len(days), houses_count, mix),
    )
    made = with_past(made, seed, mix.heat_past, mix.read_on_change)
    made = with_boilers(with_checks(made, seed, mix.checked), seed, mix.boilers)
    return with_distributors(made, seed, mix.distributors)


def _chance(rng: Rng, thousandths: int, size: int) -> npt.NDArray[np.bool_]:
    return rng.integers(0, 1000, size) < thousandths


def _segments(period: Period, mix: Mix) -> tuple[Any, Any]:
    starts = {1, *change_days(period)}
    if mix.cut:
        starts |= {11, 21}
    first = np.array(sorted(starts), np.int16)
    return first, np.diff(np.append(first, period.days + 1)).astype(np.int16)


def _houses(rng: Rng, areas: I64, mix: Mix) -> Houses:
    size = len(areas)
    total = np.where(areas > 0, areas, 10_000)
    if mix.ragged:
        total = np.where(_chance(rng, 50, size), MISSING, total)
        total = np.where(_chance(rng, 200, size), total + 1_234, total)
    return Houses(
        id=np.arange(1, size + 1, dtype=np.int32),
        company_id=(np.arange(size) % 7 + 10).astype(np.int32),
        zone=(np.arange(size) % 3 + 1).astype(np.int16),
        area_total_dm2=total,
        area_common_dm2=areas * 11 // 100 // 10 * 10,
        heating_uniform=_chance(rng, mix.uniform, size),
    )


def _accounts(rng: Rng, house: Any, days: Any, mix: Mix, first_id: int) -> Accounts:
    size = len(house)
    kind = np.where(_chance(rng, mix.nonresidential, size), AccountKind.NONRESIDENTIAL, AccountKind.FLAT)
    rooms = rng.integers(1, 5, size)
    area = rooms * 1_500 + rng.integers(80, 250, size) * 10
    if mix.ragged:
        area += rng.integers(0, 10, size)
    residents = rng.choice(6, size, p=[0.0, 0.3, 0.3, 0.2, 0.15, 0.05])
    nobody = _chance(rng, mix.nobody, size)
    residents = np.where(nobody, 0, residents)
    counted = np.where(nobody, rng.integers(1, 3, size), residents)
    counted[_chance(rng, mix.no_people, size)] = 0
    opened = _open_days(rng, days, size, mix)
    no_area = _chance(rng, mix.no_area, size)
    temporary = np.where(_chance(rng, mix.temporary, size), rng.integers(1, 3, size), 0)
    moved = rng.integers(0, 2, (len(days), size)) * _chance(rng, 50, size) if mix.cut else 0
    heated = np.full(size, MISSING, np.int64)
    heated[_chance(rng, mix.unheated, size)] = 0
    return Accounts(
        id=np.arange(first_id, first_id + size, dtype=np.int32),
        house=house,
        company_id=(house % 7 + 10).astype(np.int32),
        kind=kind.astype(np.int8),
        rooms=rooms.astype(np.int16),
        persons=np.maximum(counted, 1).astype(np.int16),
        area_dm2=np.where(no_area, MISSING, area),
        living_area_dm2=area * 6 // 10,
        heated_area_dm2=heated,
        open_days=opened,
        area_days=np.where(no_area, 0, area) * opened,
        norm_person_days=(counted + np.where(counted > 0, moved, 0)) * opened,
        temporary_days=temporary * opened // 2,
        by_owners=nobody,
        meter_impossible=(rng.integers(0, 64, size) * _chance(rng, 150, size)).astype(np.int32) * 2,
    )


def _open_days(rng: Rng, days: Any, size: int, mix: Mix) -> I64:
    """(S, N): most are open all month, some from or till a day inside it."""
    total = int(days.sum())
    part = _chance(rng, mix.partly_open, size)
    first = np.where(part & _chance(rng, 500, size), rng.integers(0, total, size), 0)
    after = np.where(part & (first == 0), rng.integers(1, total + 1, size), total)
    start = np.cumsum(days) - days
    low = np.maximum(start[:, None], first)
    high = np.minimum((start + days)[:, None], after)
    return np.asarray(np.maximum(high - low, 0), np.int64)


def _meters(rng: Rng, accounts: Accounts, houses: int, mix: Mix) -> Meters:
    """Meters of every metered service, ordered by account."""
    size = len(accounts)
    heat_houses = _chance(rng, mix.heat_metered_houses, houses)
    whole = _chance(rng, 400, houses)[accounts.house] & heat_houses[accounts.house]
    owner, service = [], []
    for code in METERED:
        share = 1000 - mix.no_meter
        if code == Service.SEWERAGE:
            share = 30 if mix.ragged else 0
        has = _chance(rng, share, size)
        if code == Service.HEATING:
            has &= heat_houses[accounts.house]
            has |= whole & (accounts.heated_area_dm2 != 0)
        second = has & _chance(rng, mix.two_meters if code in (1, 2) or mix.ragged else 10, size)
        rows = np.concatenate([np.flatnonzero(has), np.flatnonzero(second)])
        owner.append(rows)
        service.append(np.full(len(rows), int(code)))
    account, of = np.concatenate(owner), np.concatenate(service)
    order = np.lexsort((of, account))
    account, of = account[order], of[order]
    return _meter_columns(rng, account, of, (of == Service.HEATING) & whole[account], mix)


def _meter_columns(rng: Rng, account: Any, service: Any, calm: Any, mix: Mix) -> Meters:
    """calm meters are read every month: houses in which every flat has a meter of heat."""
    size = len(account)
    zones = np.where(service == 5, rng.choice([1, 2, 3], size, p=[0.75, 0.2, 0.05]), 1)
    usual = np.zeros(10, np.int64)
    for code, value in MONTHLY_MICRO.items():
        usual[code] = value
    of_zone = np.arange(3) < zones[:, None]
    step = MICRO // 1000 if mix.ragged else MICRO // 100
    used = (
        rng.integers(0, 2_000, (size, 3)) * usual[service][:, None] // 1000 // zones[:, None] // step * step
    )
    used *= of_zone
    digits = rng.integers(5, 7, size)
    limit = 10 ** digits.astype(np.int64)[:, None] * MICRO
    start = rng.integers(0, 99_000, (size, 3)) * MICRO * of_zone
    start = np.where(_chance(rng, 5, size)[:, None] & of_zone, limit - MICRO, start)
    failed = np.where(~calm & _chance(rng, mix.failed, size), rng.integers(1, 7, size), 0)
    refused = np.where(~calm & _chance(rng, mix.refused, size), rng.integers(1, 6, size), 0)
    silent = np.where(~calm & _chance(rng, mix.silent, size), rng.integers(1, 8, size), 0)
    late = (silent == 0) & _chance(rng, mix.late, size)
    window_months = np.where(_chance(rng, 900, size), 6, rng.integers(0, 6, size))
    window = used * window_months[:, None] + rng.integers(0, 50, (size, 3)) * step * of_zone
    return Meters(
        id=np.arange(1, size + 1, dtype=np.int32),
        account=account.astype(np.int32),
        service=service.astype(np.int16),
        zones=zones.astype(np.int8),
        digits=digits.astype(np.int8),
        has_reading=silent == 0,
        start=start,
        end=np.where((silent == 0)[:, None], (start + used) % limit, 0),
        gap_months=np.where(late, rng.integers(1, 5, size), 0).astype(np.int16),
        silent_months=silent.astype(np.int16),
        failed_month=failed.astype(np.int16),
        refused_month=refused.astype(np.int16),
        second_refusal=(refused > 0) & _chance(rng, 300, size),
        supplier_duty=_chance(rng, 300, size),
        window=np.where(window_months[:, None] > 0, window, 0),
        window_months=window_months.astype(np.int16),
        billed=np.where(late[:, None], used // 2 * 3, 0),
    )


def _house_meters(rng: Rng, areas: I64, sizes: Any, mix: Mix) -> dict[int, HouseMeter]:
    """ОДПУ of waters, heat and electricity."""
    size = len(areas)
    flats = np.asarray(sizes, np.int64)
    volumes = {1: flats * 4_600_000, 2: flats * 3_300_000, 4: areas * 284, 5: flats * 240_000_000}
    if mix.ragged:
        volumes[3] = flats * 9_000_000
    out = {}
    for service, usual in volumes.items():
        has = _chance(rng, mix.house_metered, size)
        read = has & ~_chance(rng, mix.no_house_reading, size)
        zones = np.where(service == 5, rng.choice([1, 2, 3], size, p=[0.8, 0.15, 0.05]), 1)
        of_zone = np.arange(3) < zones[:, None]
        share = rng.integers(700, 1_400, (size, 3)) * of_zone
        volume = usual[:, None] * share // 1000 // zones[:, None] // 1000 * 1000 * read[:, None]
        out[service] = HouseMeter(has, read, zones.astype(np.int8), volume)
    return out


def _services(
    rng: Rng, houses: Houses, accounts: Accounts, meters: dict[int, HouseMeter], mix: Mix
) -> dict[int, HouseService]:
    size = len(houses)
    out = {}
    for service in (*range(1, 10), 21, 22, 23, 25, 100, 101, 102):
        lacking = _chance(rng, 30 if service in (2, 6, 22) else 0, size)
        method = np.full(size, Method.LAW, np.int16)
        if service == Service.WASTE:
            method[:] = np.where(houses.zone == 2, Method.AREA, Method.PERSON)
        elif service in (Service.UPKEEP, Service.CAPITAL_REPAIR, 101):
            method[:] = Method.AREA
        elif service >= 100:
            method[:] = Method.FIXED if service == 100 else Method.PERSON
        elif service > COMMON:
            actual = _chance(rng, mix.common_actual, size)
            if not mix.ragged:  # a meeting of owners decides so where the house has meters
                needed = (1, 2) if service == Service.COMMON_SEWERAGE else (service - COMMON,)
                for resource in needed:
                    actual &= meters[resource].has_reading
            method[:] = np.where(actual, Method.COMMON_ACTUAL, Method.COMMON_NORM)
        supplier = np.where(lacking, 0, 500 + service).astype(np.int32)
        if service >= 100 and not mix.ragged:
            continue
        off = _chance(rng, mix.service_off if service not in (8, 9) else 0, len(accounts))
        on = np.flatnonzero(lacking[accounts.house] & _chance(rng, 50, len(accounts)))
        out[int(service)] = HouseService(
            supplier=supplier,
            method=method,
            off=np.flatnonzero(off).astype(np.int32),
            on=on.astype(np.int32),
            on_supplier=np.full(len(on), 700 + service, np.int32),
        )
    return out


def _rates(rng: Rng, segments: int, houses: int, mix: Mix) -> dict[tuple[int, int], Rate]:
    out = {}
    codes = dict(RATES)
    if mix.ragged:
        codes |= {(2, 0): 1_800_000, (100, 0): 50 * RATE_PER_RUBLE, (101, 0): 33_333, (102, 0): 120_000}
    for key, rate in codes.items():
        of_house = rate + rng.integers(0, 200, houses) * 100
        values = np.broadcast_to(of_house, (segments, 2, houses)).copy()
        values[:, 1] += 10_000
        if segments > 1:
            dearer = _chance(rng, 400, houses)
            values[segments // 2 :, :, dearer] += 12_300
        values[:, :, _chance(rng, mix.no_value // 10, houses)] = MISSING
        if key == (2, 0):
            values[:, :, _chance(rng, 500, houses)] = MISSING
        if key in ((2, 1), (2, 2)) and mix.ragged:
            values[:, :, np.arange(houses) % 4 == 0] = MISSING
            values[-1, :, np.arange(houses) % 4 == 1] = MISSING
        if key[0] > COMMON and key[0] < 100 and mix.ragged:
            values[:, :, np.arange(houses) % 5 == 0] = MISSING
        out[key] = Rate(values)
    return out


def _norms(rng: Rng, segments: int, houses: int, mix: Mix) -> dict[tuple[int, str], Norm]:
    out = {}
    for key, value in NORMS.items():
        groups = min(houses, 12)
        rooms, persons = (4, 5) if key == (5, "person") else (1, 1)
        values = value + rng.integers(0, 100, (groups, rooms, persons)) * (value // 500)
        table = np.broadcast_to(values, (segments, groups, rooms, persons)).copy()
        if segments > 1:
            table[segments // 2 :, groups // 2 :] += value // 50
        table[:, _chance(rng, mix.no_value // 3, groups)] = MISSING
        if key in ((23, "common"), (3, "person")) and mix.ragged:
            table[:, : groups // 3] = MISSING
        out[key] = Norm(table, (np.arange(houses) % groups).astype(np.int32))
    return out


def _coefficients(rng: Rng, segments: int, houses: int, mix: Mix) -> dict[str, I64]:
    months = np.broadcast_to(rng.integers(6, 10, houses) * 1000, (segments, houses)).copy()
    out = {"heating_months": months}
    if mix.ragged:
        season = np.where(_chance(rng, 100, houses), 0, np.where(_chance(rng, 300, houses), MISSING, 1000))
        out["heating_season"] = np.broadcast_to(season, (segments, houses)).copy()
        regional = np.where(_chance(rng, 300, houses), rng.integers(1000, 2500, houses), MISSING)
        out["raise_cold_water"] = np.broadcast_to(regional, (segments, houses)).copy()
        if segments > 1:
            out["raise_cold_water"][-1, ::3] = 1_700
    return out
