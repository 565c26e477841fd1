"""Flats of the houses and their accounts: numbers, floors, rooms, areas, and how each account is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.seed.copy import utf8
from storage.seed.digits import joined, luhn, padded, plain
from storage.seed.houses import KINDS, ROOMS_PER_COMMUNAL, Houses

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]

FLAT, COMMUNAL, SHOP = 0, 1, 2
FLAT_KINDS = ("flat", "communal", "nonresidential")
ACCOUNT_KINDS = (
    "flat",
    "room",
    "nonresidential",
)  # of the only account of a flat, of a communal flat, of a shop
FLAT_NUMBER_DIGITS = 4


@dataclass(slots=True)
class Flats:
    """F premises in the order of houses and of natural numbers; areas in dm2."""

    house: I64
    kind: I64
    number: Array
    sort_key: Array
    entrance: I64  # 0 = none
    floor: I64
    rooms: I64
    area: I64
    living: I64

    def __len__(self) -> int:
        return len(self.house)


@dataclass(slots=True)
class Accounts:
    """N accounts in the order of flats. `room`: 1 … of a communal flat, 0 otherwise; areas in dm2."""

    flat: I64
    house: I64
    kind: I64  # index of ACCOUNT_KINDS
    room: I64
    area: I64
    living: I64
    number: Array
    els: Array
    company: I64

    def __len__(self) -> int:
        return len(self.flat)


def build_flats(random: np.random.Generator, houses: Houses) -> Flats:
    """Dwellings floor by floor, entrance by entrance, then the shops of the ground floor («Н1», «Н2» …)."""
    per_house = houses.flats + houses.shops
    house = np.repeat(np.arange(len(houses)), per_house)
    nth = np.arange(len(house)) - np.repeat(np.cumsum(per_house) - per_house, per_house)
    is_shop = nth >= houses.flats[house]
    per_entrance = (houses.floors * houses.per_floor)[house]
    position = nth % houses.per_floor[house]
    entrance = np.minimum(nth // per_entrance + 1, houses.entrances[house])
    floor = np.minimum(nth % per_entrance // houses.per_floor[house] + 1, houses.floors[house])
    rooms, area = _areas(random, houses, house, entrance, position)
    shop_area = random.integers(3_500, 24_000, len(house)) // 10 * 10
    area = np.where(is_shop, shop_area, area)
    is_communal = _communal(houses, nth, house) & ~is_shop
    rooms = np.where(is_shop, 1, np.where(is_communal, ROOMS_PER_COMMUNAL, rooms))
    area = np.where(is_communal, np.maximum(area, 6_400), area)
    living = np.where(is_shop, 0, area * (58 + nth * 7 % 9) // 100)
    ordinal = np.where(is_shop, nth - houses.flats[house] + 1, nth + 1)
    text = plain(ordinal, FLAT_NUMBER_DIGITS)
    shop = utf8(["Н"])[0]
    alone = houses.is_private[house]
    number = np.where(is_shop, joined(shop, text), np.where(alone, b"1", text))
    key = padded(ordinal, 6)
    sort_key = np.where(is_shop, joined(utf8(["н"])[0], key), key)
    kind = np.where(is_shop, SHOP, np.where(is_communal, COMMUNAL, FLAT))
    entrance = np.where(is_shop | alone, 0, entrance)
    floor = np.where(is_shop, 1, np.where(alone, 0, floor))
    return Flats(house, kind, number, sort_key, entrance, floor, rooms, area, living)


def _areas(
    random: np.random.Generator, houses: Houses, house: I64, entrance: I64, position: I64
) -> tuple[I64, I64]:
    """Rooms and area: flats above each other are alike, as in real houses, up to a few tenths of a metre."""
    landing = (entrance - 1) * houses.per_floor[house] + position
    kind = houses.kind[house]
    longest = max(len(one.rooms) for one in KINDS)
    pattern = np.array([[one.rooms[i % len(one.rooms)] for i in range(longest)] for one in KINDS])
    rooms = pattern[kind, landing % longest % np.array([len(one.rooms) for one in KINDS])[kind]]
    private = houses.is_private[house]
    rooms = np.where(private, random.integers(2, 5, len(house)), rooms)
    base = np.array([one.area_m2 for one in KINDS])[kind, np.minimum(rooms, 4) - 1] * 100
    wide = random.integers(92, 113, len(houses))[house]  # the project of the house
    stack = (landing * 37 + house * 11) % 9 - 4  # the project of the landing, per cent
    fine = random.integers(-30, 31, len(house))
    area = base * wide // 100 * (100 + stack) // 100 + fine
    area = np.where(private, base * random.integers(80, 190, len(house)) // 100, area)
    return rooms, area // 10 * 10


def _communal(houses: Houses, nth: I64, house: I64) -> Bool:
    """Every fourth flat of a house, until its number of communal flats is reached."""
    return np.asarray((nth % 4 == 2) & (nth // 4 < houses.communal[house]))


def build_accounts(houses: Houses, flats: Flats) -> Accounts:
    """One account a flat or shop, one a room of a communal flat. A room's area has its share of the flat's
    common.
    """
    per_flat = np.where(flats.kind == COMMUNAL, ROOMS_PER_COMMUNAL, 1)
    flat = np.repeat(np.arange(len(flats)), per_flat)
    nth = np.arange(len(flat)) - np.repeat(np.cumsum(per_flat) - per_flat, per_flat)
    is_room = flats.kind[flat] == COMMUNAL
    shares = np.array([40, 35, 25])  # per cent of the living area; the last room takes the remainder
    living, area = flats.living[flat], flats.area[flat]
    living = np.where(is_room, _share(living, shares, nth), living)
    area = np.where(is_room, _share(area, shares, nth), area)
    house = flats.house[flat]
    company = houses.company[house]
    serial = (company + 1) * 10_000_000 + np.arange(1, len(flat) + 1)
    number = padded(serial * 10 + luhn(serial, 9), 10)
    return Accounts(
        flat,
        house,
        flats.kind[flat],
        np.where(is_room, nth + 1, 0),
        area,
        living,
        number,
        _els(len(flat)),
        company,
    )


def _share(total: I64, shares: I64, nth: I64) -> I64:
    part = total * shares[nth] // 100
    before = total * shares[0] // 100 + total * shares[1] // 100
    return np.where(nth == len(shares) - 1, total - before, part)


def _els(count: int) -> Array:
    """Единые лицевые счета: two digits, two capitals, six digits (law.md § 6.6); region 00 does not exist."""
    letters = utf8(list("АБВГДЕЖИКЛМН"))
    ordinal = np.arange(count, dtype=np.int64)
    group, rest = ordinal // 1_000_000, (ordinal % 1_000_000 * 7 + 123_457) % 1_000_000
    first, second = letters[group % 12], letters[(group // 12 + 3) % 12]
    return joined(np.full(count, b"00"), first, second, padded(rest, 6))


__all__ = ["ACCOUNT_KINDS", "FLAT_KINDS", "Accounts", "Flats", "build_accounts", "build_flats"]
