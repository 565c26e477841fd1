"""Houses of the made-up city: kinds, sizes, streets and numbers in postal order, zones, companies, equipment.

Everything is an array over houses; the order of the arrays is the order of house ids. Accounts of all houses
together are exactly as many as asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.services import Service
from storage.natural import natural_key
from storage.seed.words import street_names

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class HouseKind:
    """What houses of a kind are like. Chances are per mille; ranges include both ends."""

    code: str
    share: int  # of accounts, per mille
    years: tuple[int, int]
    floors: tuple[int, int]
    entrances: tuple[int, int]
    per_floor: tuple[int, int]
    rooms: tuple[int, ...]  # rooms of the flats of a landing, in turn
    area_m2: tuple[int, int, int, int]  # of flats of 1, 2, 3, 4 rooms
    hot: int  # central hot water
    gas: int  # gas cookers; electric otherwise
    house_meter: dict[int, int]  # ОДПУ by service
    heat_meters: int  # houses whose flats have heat meters
    shops: int  # houses with non-residential premises
    communal: int  # houses with communal flats


KINDS: tuple[HouseKind, ...] = (
    HouseKind("new", 240, (2004, 2025), (14, 25), (1, 4), (4, 8), (1, 2, 1, 3, 2, 1), (41, 62, 86, 112),
              1000, 0, {1: 1000, 2: 1000, 4: 1000, 5: 1000}, 450, 600, 0),
    HouseKind("panel", 340, (1972, 1994), (9, 9), (2, 8), (4, 4), (2, 1, 2, 3), (34, 50, 65, 78),
              1000, 650, {1: 780, 2: 700, 4: 820, 5: 950}, 0, 120, 0),
    HouseKind("brick", 110, (1976, 2003), (5, 12), (1, 4), (3, 4), (2, 1, 3, 2), (36, 54, 70, 88),
              1000, 450, {1: 800, 2: 750, 4: 860, 5: 950}, 0, 250, 0),
    HouseKind("khrushchev", 220, (1958, 1973), (5, 5), (2, 6), (3, 4), (2, 1, 2, 3), (31, 44, 57, 62),
              620, 1000, {1: 560, 2: 450, 4: 520, 5: 900}, 0, 60, 60),
    HouseKind("stalin", 50, (1936, 1957), (2, 5), (1, 4), (2, 3), (3, 2, 3), (38, 57, 78, 102),
              760, 1000, {1: 450, 2: 380, 4: 380, 5: 850}, 0, 250, 300),
    HouseKind("private", 40, (1950, 2024), (1, 2), (1, 1), (1, 1), (4,), (45, 62, 88, 118),
              0, 1000, {}, 0, 0, 0),
)  # fmt: skip
PRIVATE = len(KINDS) - 1
ROOMS_PER_COMMUNAL = 3

# A zone is a group of houses with the same tariffs and norms (houses.zone_id): bank of the river, cooker, hot
# water.
ZONES = {
    1: "Левый берег, газовые плиты",
    2: "Левый берег, электроплиты",
    3: "Правый берег, газовые плиты",
    4: "Правый берег, электроплиты",
    5: "Частный сектор",
    6: "Посёлок Дальний",
    7: "Левый берег, газовые колонки",
    8: "Правый берег, газовые колонки",
}
LEFT_ZONES, RIGHT_ZONES, PRIVATE_ZONES = (1, 2, 7), (3, 4, 8), (5, 6)
ELECTRIC_ZONES, GAS_HEATER_ZONES = (2, 4), (7, 8)
HOLE_ZONE = 6  # its gas norm is missing in the open month, on purpose
SHOPS_LEAST, ACCOUNTS_PER_SHOP = 2, 250  # non-residential premises of a small city
NEW_YEARS = 5  # a house younger pays no contribution for capital repair yet


@dataclass(slots=True)
class Houses:
    """H houses. `flats` are dwellings; shops come on top; a communal flat stands for three accounts."""

    kind: I64
    floors: I64
    entrances: I64
    per_floor: I64
    flats: I64
    shops: I64
    communal: I64
    year: I64
    street: I64
    number: list[str]
    sort_key: list[str]
    zone: I64
    company: I64  # index of a company
    has_hot: Bool
    has_gas: Bool
    has_sewerage: Bool
    heat_meters: Bool
    house_meter: dict[int, Bool]
    common_actual: dict[int, Bool]  # by code of the СОИ service
    special_fund: Bool
    streets: list[tuple[str, str]]
    companies: int

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def accounts(self) -> I64:
        """Accounts of each house."""
        return self.flats + self.shops + (ROOMS_PER_COMMUNAL - 1) * self.communal

    @property
    def is_private(self) -> Bool:
        return np.asarray(self.kind == PRIVATE)


def build(random: Random, accounts: int, companies: int, year: int) -> Houses:
    """Houses with exactly `accounts` accounts, in postal order. `year`: of the open month."""
    houses = _sizes(random, accounts, year)
    _place(random, houses)
    _equip(random, houses)
    _give_to_companies(random, houses, companies)
    return houses


def _between(random: Random, ends: tuple[int, int], size: int) -> I64:
    return random.integers(ends[0], ends[1], size, np.int64, endpoint=True)


def _chance(random: Random, permille: I64 | int, size: int) -> Bool:
    return np.asarray(random.integers(0, 1000, size) < permille)


def _sizes(random: Random, accounts: int, year: int) -> Houses:
    """Draw houses kind by kind, large ones first; what a kind could not fill goes to the next, private ones
    last.
    """
    parts: list[tuple[I64, ...]] = []
    left, owed = accounts, 0
    for index, kind in enumerate(KINDS):
        target = left if index == PRIVATE else min(left, accounts * kind.share // 1000 + owed)
        drawn = _draw(random, index, kind, target, year)
        flats, shops, communal = drawn[4], drawn[5], drawn[6]
        taken = int((flats + shops + (ROOMS_PER_COMMUNAL - 1) * communal).sum())
        left, owed = left - taken, target - taken
        parts.append(drawn)
    kinds, floors, entrances, per_floor, flats, shops, communal, years = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    _open_shops(kinds, flats, shops, communal, max(SHOPS_LEAST, accounts // ACCOUNTS_PER_SHOP))
    size = len(kinds)
    no = np.zeros(size, np.bool_)
    zero = np.zeros(size, np.int64)
    return Houses(
        kinds, floors, entrances, per_floor, flats, shops, communal, years, zero, [], [], zero, zero,
        no, no, no, no, {}, {}, no, [], 0,
    )  # fmt: skip


def _open_shops(kinds: I64, flats: I64, shops: I64, communal: I64, wanted: int) -> None:
    """Flats of the largest houses become shops, one a house in turn, until the city has as many as wanted."""
    lacking = wanted - int(shops.sum())
    fit = np.flatnonzero((kinds != PRIVATE) & (flats > 4 * (communal + 1)))
    largest = fit[np.argsort(-flats[fit], kind="stable")]
    for turn in range(max(0, lacking)):
        if len(largest) == 0:
            return
        house = largest[turn % len(largest)]
        if flats[house] > 4 * (communal[house] + 1):
            flats[house] -= 1
            shops[house] += 1


def _draw(random: Random, index: int, kind: HouseKind, target: int, year: int) -> tuple[I64, ...]:
    """Houses of a kind with not more than `target` accounts in all (exactly so many when private)."""
    smallest = kind.floors[0] * kind.entrances[0] * kind.per_floor[0]
    count = target // smallest
    floors, entrances, per_floor, years = (
        _between(random, ends, count) for ends in (kind.floors, kind.entrances, kind.per_floor, kind.years)
    )
    flats = floors * entrances * per_floor
    shops = np.where(_chance(random, kind.shops, count), _between(random, (1, 4), count), 0)
    communal = np.where(_chance(random, kind.communal, count), _between(random, (1, 3), count), 0)
    if index == PRIVATE:
        flats = np.ones(count, np.int64)
    communal = np.minimum(communal, flats // 4)
    total = np.cumsum(flats + shops + (ROOMS_PER_COMMUNAL - 1) * communal)
    kept = int(np.searchsorted(total, target, side="right"))
    columns = (floors, entrances, per_floor, flats, shops, communal, np.minimum(years, year - 1))
    return (np.full(kept, index, np.int64), *(column[:kept] for column in columns))


def _place(random: Random, houses: Houses) -> None:
    """Streets and numbers, then all columns in postal order: street by street, number by number."""
    size = len(houses)
    private = houses.is_private
    flat_streets = max(4, int((~private).sum()) // 14)
    lone_streets = max(2, int(private.sum()) // 45)
    names = street_names(flat_streets + lone_streets)
    order = random.permutation(len(names))
    names = sorted((names[i] for i in order[: flat_streets + lone_streets]), key=lambda s: natural_key(s[1]))
    is_lone = np.zeros(len(names), np.bool_)
    is_lone[random.permutation(len(names))[:lone_streets]] = True
    ranks = np.where(private, random.integers(0, lone_streets, size), random.integers(0, flat_streets, size))
    street = np.where(private, np.flatnonzero(is_lone)[ranks % lone_streets],
                      np.flatnonzero(~is_lone)[ranks % flat_streets])  # fmt: skip
    order = np.lexsort((random.permutation(size), street))
    houses.streets = names
    _reorder(houses, order, street)
    houses.number = _numbers(random, houses.street, houses.is_private)
    houses.sort_key = [natural_key(number) for number in houses.number]
    by_number = np.array(
        sorted(range(size), key=lambda i: (houses.street[i], houses.sort_key[i])), dtype=np.int64
    )
    houses.number = [houses.number[i] for i in by_number]
    houses.sort_key = [houses.sort_key[i] for i in by_number]
    _reorder(houses, by_number, houses.street)


def _reorder(houses: Houses, order: I64, street: I64) -> None:
    houses.street = street[order]
    for name in ("kind", "floors", "entrances", "per_floor", "flats", "shops", "communal", "year"):
        setattr(houses, name, getattr(houses, name)[order])


def _numbers(random: Random, street: I64, private: Bool) -> list[str]:
    """Numbers along each street: usually the next one, sometimes a letter or a building of the last."""
    dice = random.integers(0, 100, len(street)).tolist()
    numbers: list[str] = []
    at, number, tail = -1, 0, 0
    for row, lone, roll in zip(street.tolist(), private.tolist(), dice, strict=True):
        if row != at:
            at, number, tail = row, 0, 0
        if number and roll < 8 and tail < 3:
            tail += 1
            numbers.append(f"{number}{'АБВ'[tail - 1]}" if lone or roll < 5 else f"{number} к. {tail + 1}")
            continue
        number, tail = number + 1 + (roll > 85), 0
        numbers.append(f"{number}/{1 + roll % 9}" if roll in (84, 85) else str(number))
    return numbers


def _equip(random: Random, houses: Houses) -> None:
    """Zones, water, gas, meters of the house, methods of common needs."""
    size = len(houses)

    def by_kind(permille: list[int]) -> Bool:
        return _chance(random, np.array(permille)[houses.kind], size)

    private = houses.is_private
    houses.has_hot = by_kind([kind.hot for kind in KINDS])
    houses.has_gas = by_kind([kind.gas for kind in KINDS]) | ~houses.has_hot
    houses.has_sewerage = ~private | _chance(random, 550, size)
    houses.heat_meters = by_kind([kind.heat_meters for kind in KINDS])
    for service in (Service.COLD_WATER, Service.HOT_WATER, Service.HEATING, Service.ELECTRICITY):
        houses.house_meter[service] = by_kind([kind.house_meter.get(service, 0) for kind in KINDS])
    houses.house_meter[Service.HOT_WATER] &= houses.has_hot & houses.house_meter[Service.COLD_WATER]
    houses.house_meter[Service.HEATING] |= houses.heat_meters  # flats' heat meters need the house's
    decided = _chance(random, 180, size)  # the meeting decided to pay by the house meter
    for common in (Service.COMMON_COLD_WATER, Service.COMMON_HOT_WATER, Service.COMMON_ELECTRICITY):
        houses.common_actual[common] = decided & houses.house_meter[common - 20]
    houses.special_fund = _chance(random, 60, size) & ~private
    right = houses.street * 2 >= len(houses.streets)
    zone = np.where(houses.has_gas, 1, 2) + np.where(right, 2, 0)
    zone = np.where(houses.has_hot, zone, np.where(right, 8, 7))
    houses.zone = np.where(private, 5, zone)
    _far_settlement(houses)


def _far_settlement(houses: Houses) -> None:
    """One account in four hundred, the last private houses, are the zone with a hole."""
    lone = np.flatnonzero(houses.is_private)
    wanted = min(len(lone), max(2, int(houses.accounts.sum()) // 400))
    houses.zone[lone[len(lone) - wanted :]] = HOLE_ZONE


def _give_to_companies(random: Random, houses: Houses, companies: int) -> None:
    """Neighbouring streets to one company, one house in ten to another; the last company has the private
    houses.
    """
    size = np.where(houses.is_private, 0, houses.accounts)
    before = np.cumsum(size) - size
    owner = before * companies // max(1, int(size.sum()))
    moved = _chance(random, 100, len(houses))
    owner = np.where(moved, random.integers(0, companies, len(houses)), owner)
    houses.company = np.where(houses.is_private, companies, np.minimum(owner, companies - 1))
    houses.companies = companies
