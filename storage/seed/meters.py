"""Meters of flats and houses: who has one, who could, who cannot; the silent, the expired, the broken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.period import Period
from billing.services import Service
from storage.seed.copy import NO_DATE, day
from storage.seed.flats import Accounts
from storage.seed.houses import HOLE_ZONE, Houses

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Random = np.random.Generator

NORMAL, SILENT, EXPIRED, FAULT, REFUSAL = range(5)
STATE_PERMILLE = np.array([893, 948, 978, 991, 1000])  # cumulative, in the order above
INTERVAL_YEARS = {1: 6, 2: 6, 4: 4, 5: 16, 6: 10}
DIGITS = {1: 5, 2: 5, 4: 4, 5: 6, 6: 5}
EVENT_KINDS = {FAULT: "fault", REFUSAL: "refusal"}


@dataclass(slots=True)
class Meters:
    """M meters: of accounts in their order, then of houses (account −1). Days since 2000-01-01.

    part: this meter counts 1/part of its account's volume (two risers). state and since: what happened
    and the
    month from which it did (ordinal); event_day: the day of it.
    """

    account: I64
    house: I64
    company: I64
    service: I64
    zones: I64
    part: I64
    state: I64
    since: I64
    event_day: I64
    installed: I64
    verified_until: I64
    by_device: Bool  # read by a device, not by a person

    def __len__(self) -> int:
        return len(self.account)

    @property
    def is_house(self) -> Bool:
        return self.account < 0


def impossible(random: Random, houses: Houses, accounts: Accounts) -> tuple[dict[int, Bool], I64]:
    """(has a meter by service, bits of services where an act says that a meter cannot be installed)."""
    size = len(accounts)
    is_room, is_shop = accounts.kind == 1, accounts.kind == 2
    roll = random.integers(0, 1000, size)  # one roll for both waters: who has one usually has both
    old = houses.year[accounts.house] < 1975
    absent = np.where(old, 150, 70)
    act = absent + np.where(old, 90, 20)
    has: dict[int, Bool] = {}
    bits = np.zeros(size, np.int64)
    for service in (Service.COLD_WATER, Service.HOT_WATER):
        shifted = (roll + np.where(random.integers(0, 100, size) < 6, 400, 0)) % 1000
        refused = (shifted >= absent) & (shifted < act)
        bits |= np.where((refused | is_room) & ~is_shop, 1 << int(service), 0)
        has[service] = ((shifted >= act) & ~is_room) | is_shop
    has[Service.HOT_WATER] &= houses.has_hot[accounts.house]
    has[Service.ELECTRICITY] = (random.integers(0, 1000, size) >= 22) & ~is_shop
    private = houses.is_private[accounts.house]
    gas = np.where(private, 975, np.where(houses.has_hot[accounts.house], 240, 820))
    has[Service.GAS] = (
        (random.integers(0, 1000, size) < gas) & houses.has_gas[accounts.house] & ~is_shop & ~is_room
    )
    has[Service.GAS] &= houses.zone[accounts.house] != HOLE_ZONE
    some = random.integers(0, 1000, len(houses)) < 250  # in a quarter of such houses a few flats have none
    missing = some[accounts.house] & (random.integers(0, 1000, size) < 80)
    has[Service.HEATING] = houses.heat_meters[accounts.house] & ~missing
    return has, bits


def build(
    random: Random,
    houses: Houses,
    accounts: Accounts,
    has: dict[int, Bool],
    newcomers: Bool,
    last: Period,
    months: int,
) -> Meters:
    """All meters; `months`: of history, so that nobody is silent for longer than we have readings of."""
    parts = [_of_service(random, accounts, has[s] & ~newcomers, int(s)) for s in sorted(has)]
    account = np.concatenate([p[0] for p in parts])
    service = np.concatenate([p[1] for p in parts])
    part = np.concatenate([p[2] for p in parts])
    order = np.lexsort((service, account))
    account, service, part = account[order], service[order], part[order]
    owned = len(account)
    house = np.concatenate([accounts.house[account], *_house_rows(houses)])
    kinds = [np.full(int(has_it.sum()), s) for s, has_it in sorted(houses.house_meter.items())]
    service = np.concatenate([service, *kinds])
    size = len(service)
    account = np.concatenate([account, np.full(size - owned, -1)])
    part = np.concatenate([part, np.ones(size - owned, np.int64)])
    of_house = account < 0
    state, since, event_day = _states(random, of_house | (accounts.kind[account] == 2), last, months)
    state = np.where((service == Service.HEATING) & (state == SILENT), NORMAL, state)
    age_days = random.integers(400, 2_400, size)
    installed = day(last.shift(-months).first_day) - age_days
    verified = day(last.last_day) + random.integers(90, 2_200, size)
    verified = np.where(state == EXPIRED, event_day, verified)
    zone_roll = random.integers(0, 1000, size)
    zones = np.where(zone_roll < 150, 2, np.where(zone_roll < 190, 3, 1))
    zones = np.where((service == Service.ELECTRICITY) & ~of_house, zones, 1)
    device = (houses.year[house] >= 2015) & (random.integers(0, 100, size) < 70)
    return Meters(
        account, house, houses.company[house], service, zones, part, state, since, event_day, installed,
        verified, device & ~of_house,
    )  # fmt: skip


def _house_rows(houses: Houses) -> list[I64]:
    return [np.flatnonzero(has_it) for _, has_it in sorted(houses.house_meter.items())]


def _of_service(random: Random, accounts: Accounts, has: Bool, service: int) -> tuple[I64, I64, I64]:
    """(account, service, part) of one service; one flat in seven has two risers of water and two meters."""
    rows = np.flatnonzero(has)
    two = random.integers(0, 7, len(rows)) == 0
    count = np.where(two & (service in (Service.COLD_WATER, Service.HOT_WATER)), 2, 1)
    account = np.repeat(rows, count)
    return account, np.full(len(account), service), np.repeat(count, count)


def _states(random: Random, sound: Bool, last: Period, months: int) -> tuple[I64, I64, I64]:
    """State, month of it, day of it. Sound meters (houses', shops') have nothing."""
    size = len(sound)
    state = (random.integers(0, 1000, size)[:, None] >= STATE_PERMILLE).sum(axis=1)
    state = np.where(sound, NORMAL, state)
    back = np.minimum(
        random.choice(np.arange(1, 9), size, p=[0.34, 0.2, 0.14, 0.1, 0.08, 0.06, 0.05, 0.03]), months
    )
    since = np.where(state == NORMAL, 0, last.ordinal - back + 1)
    firsts = np.array([day(last.shift(-n).first_day) for n in range(8)])
    event_day = firsts[np.minimum(back, 8) - 1] + random.integers(0, 27, size)
    return state, since, np.where(state == NORMAL, NO_DATE, event_day)
