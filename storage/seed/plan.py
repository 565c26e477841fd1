"""The whole made-up city in memory, from numbers alone, with the holes made on purpose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.period import Period
from billing.services import Service
from storage.seed import meters as meters_of
from storage.seed import people as people_of
from storage.seed import reference
from storage.seed.consumption import Consumption, consumption
from storage.seed.flats import Accounts, Flats, build_accounts, build_flats
from storage.seed.houses import Houses
from storage.seed.houses import build as build_houses

HOLES_PER_ACCOUNTS = 1_000  # one account in so many has no area; as many stand in houses without a reading


@dataclass(slots=True)
class City:
    """Everything that is generated before anything is written."""

    houses: Houses
    flats: Flats
    accounts: Accounts
    homes: people_of.Households
    persons: people_of.Persons
    used: Consumption
    meters: meters_of.Meters
    impossible: npt.NDArray[np.int64]
    newcomers: npt.NDArray[np.bool_]  # accounts of the open month without an area
    unread: npt.NDArray[np.bool_]  # house meters without a reading of the open month
    first: Period
    last: Period
    companies: int


def generate(accounts: int, seed: int, months: int, last: Period) -> City:
    """The whole city in memory, from the numbers alone."""

    def random(stage: int) -> np.random.Generator:
        return np.random.default_rng([seed, stage])

    first = last.shift(1 - months)
    companies = reference.companies_of(accounts)
    houses = build_houses(random(1), accounts, companies, last.year)
    flats = build_flats(random(2), houses)
    units = build_accounts(houses, flats)
    newcomers = _newcomers(random(3), houses, units)
    homes = people_of.households(
        random(4), units, flats.rooms[units.flat], first.first_day, last.last_day, newcomers
    )
    persons = people_of.people(random(5), homes, last.first_day)
    used = consumption(random(6), houses, units, homes)
    has, impossible = meters_of.impossible(random(7), houses, units)
    made = meters_of.build(random(8), houses, units, has, newcomers, last, months)
    unread = _unread(houses, made, accounts)
    return City(
        houses,
        flats,
        units,
        homes,
        persons,
        used,
        made,
        impossible,
        newcomers,
        unread,
        first,
        last,
        companies,
    )


def _newcomers(random: np.random.Generator, houses: Houses, units: Accounts) -> npt.NDArray[np.bool_]:
    """Accounts of the open month without an area yet, in houses that share nothing by meter."""
    out = np.zeros(len(units), np.bool_)
    shared = np.zeros(len(houses), np.bool_)
    for actual in houses.common_actual.values():
        shared |= actual
    shared |= houses.house_meter[Service.HEATING]
    candidates = np.flatnonzero(~shared[units.house] & (units.kind == 0))
    wanted = min(len(candidates), max(2, len(units) // HOLES_PER_ACCOUNTS))
    out[random.choice(candidates, wanted, replace=False)] = True
    return out


def _unread(houses: Houses, meters: meters_of.Meters, accounts: int) -> npt.NDArray[np.bool_]:
    """Heat meters of the smallest houses that have one, about a thousandth of accounts, are not read yet."""
    heat = np.flatnonzero(meters.is_house & (meters.service == Service.HEATING))
    if not len(heat):
        return np.zeros(len(meters), np.bool_)
    sizes = houses.accounts[meters.house[heat]]
    order = np.argsort(sizes, kind="stable")
    count = 1 + int(np.searchsorted(np.cumsum(sizes[order]), accounts // HOLES_PER_ACCOUNTS))
    out = np.zeros(len(meters), np.bool_)
    out[heat[order[:count]]] = True
    return out
