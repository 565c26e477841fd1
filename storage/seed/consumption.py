"""What accounts really consume month by month; meters of flats and of houses are read from it alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.period import Period
from billing.quantity import MICRO
from billing.services import Service
from storage.seed.flats import Accounts
from storage.seed.houses import Houses
from storage.seed.people import Households

I64 = npt.NDArray[np.int64]
Random = np.random.Generator

METERED = (Service.COLD_WATER, Service.HOT_WATER, Service.ELECTRICITY, Service.GAS, Service.HEATING)
# Of the yearly mean, per cent, January … December.
SEASON = {
    Service.COLD_WATER: (96, 96, 98, 98, 102, 108, 108, 106, 100, 97, 95, 96),
    Service.HOT_WATER: (110, 110, 107, 103, 97, 86, 78, 82, 96, 106, 110, 115),
    Service.ELECTRICITY: (114, 109, 104, 98, 93, 88, 87, 90, 96, 102, 108, 111),
    Service.GAS: (112, 110, 106, 100, 94, 88, 86, 88, 96, 104, 108, 108),
    Service.HEATING: (250, 225, 175, 95, 0, 0, 0, 0, 0, 105, 165, 225),
}
HEATING_MONTHS = (10, 11, 12, 1, 2, 3, 4)
# A unit a reading is written down with, micro-units.
STEP = {
    Service.COLD_WATER: 1_000,
    Service.HOT_WATER: 1_000,
    Service.ELECTRICITY: MICRO,
    Service.GAS: 10_000,
    Service.HEATING: 100,
}
# A person's month, micro-units; a household that nobody is registered in still uses a little.
PER_PERSON = {
    Service.COLD_WATER: 3_100_000,
    Service.HOT_WATER: 2_200_000,
    Service.ELECTRICITY: 62_000_000,
    Service.GAS: 7_500_000,
}
HEAT_PER_DM2 = 158  # micro-Gcal in a mean month of the year: 0.19 Gcal a square metre a year


@dataclass(slots=True)
class Consumption:
    """Monthly means of each account by service, (N,) micro-units, and each account's own seed of chance."""

    mean: dict[int, I64]
    own: I64

    def month(self, service: int, rows: I64, period: Period) -> I64:
        """Volume of the accounts `rows` in a month; the same question always has the same answer."""
        season = SEASON[Service(service)][period.month - 1]
        chance = _noise(self.own[rows], service * 10_000 + period.ordinal)
        return self.mean[service][rows] * season // 100 * (1000 + (chance - 128) * 3 // 2) // 1000


def _noise(own: I64, salt: int) -> I64:
    """0 … 255, evenly, by a multiplicative hash."""
    mixed = (own.astype(np.uint64) + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    return ((mixed * np.uint64(0xBF58476D1CE4E5B9)) >> np.uint64(56)).astype(np.int64)


def consumption(random: Random, houses: Houses, accounts: Accounts, homes: Households) -> Consumption:
    """Means by people and area; thrifty and careless households differ about fourfold."""
    size = len(accounts)
    habit = np.exp(random.normal(0.0, 0.33, size) * 1.0)
    factor = np.clip(habit * 1000, 350, 2600).astype(np.int64)  # drawn once; from here on integers
    people = np.maximum(homes.residents * 10, 4)  # tenths of a person
    shop = accounts.kind == 2
    mean: dict[int, I64] = {}
    for service, norm in PER_PERSON.items():
        by_people = norm * people // 10
        if service == Service.ELECTRICITY:
            electric = ~houses.has_gas[accounts.house]
            by_people = by_people * np.where(electric, 13, 10) // 10 + 25 * MICRO
        if service == Service.COLD_WATER:
            by_people = np.where(houses.has_hot[accounts.house], by_people, by_people * 16 // 10)
        if service == Service.GAS:
            by_people = _gas(houses, accounts, by_people)
        by_people = np.where(shop, norm * 3 // 2, by_people)
        mean[service] = by_people * factor // 1000
    warm = 800 + factor // 5
    mean[Service.HEATING] = accounts.area * HEAT_PER_DM2 * warm // 1000
    return Consumption(mean, random.integers(0, 2**40, size))


def _gas(houses: Houses, accounts: Accounts, by_people: I64) -> I64:
    """Cooking; with a gas water heater twice and a half as much; a private house is heated by gas too."""
    no_hot = ~houses.has_hot[accounts.house]
    private = houses.is_private[accounts.house]
    by_people = np.where(no_hot, by_people * 5 // 2, by_people)
    return np.where(private, by_people + accounts.area * 15_000, by_people)
