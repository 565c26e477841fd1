"""Strangers: plausible houses around a case, so that a rule that is right alone is right in a block.

They have every kind of account and meter, tariffs of their own (in some houses changing inside the month),
houses that lack a value (parked) and all methods; chance comes only through the generator given.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from billing.block import AccountKind
from billing.history import ZERO, Event, Mark, MeterFacts, Values
from billing.lawcase.load_law import HEATING_MONTHS
from billing.lawcase.model import (
    AccountSpec,
    HouseMeterSpec,
    HouseSpec,
    Law,
    MeterSpec,
    NormStep,
    Stay,
    Step,
)
from billing.period import Period
from billing.quantity import MICRO, RATE_PER_RUBLE
from billing.services import COMMON, Component, Method, Service

HOUSE_ACCOUNTS = (12, 90)
HISTORY_MONTHS = 8
METERED = (Service.COLD_WATER, Service.HOT_WATER, Service.ELECTRICITY, Service.GAS)
MONTHLY_MICRO = {
    Service.COLD_WATER: 4 * MICRO,
    Service.HOT_WATER: 3 * MICRO,
    Service.ELECTRICITY: 180 * MICRO,
    Service.GAS: 14 * MICRO,
    Service.HEATING: MICRO,
}
# (service, component) → roubles a unit around which houses differ
PRICES = {
    (Service.COLD_WATER, Component.WHOLE): 45,
    (Service.HOT_WATER, Component.COLD_PART): 49,
    (Service.HOT_WATER, Component.HEAT_PART): 2300,
    (Service.SEWERAGE, Component.WHOLE): 38,
    (Service.HEATING, Component.WHOLE): 2400,
    (Service.ELECTRICITY, Component.WHOLE): 6,
    (Service.ELECTRICITY, Component.DAY): 7,
    (Service.ELECTRICITY, Component.NIGHT): 3,
    (Service.ELECTRICITY, Component.HALF_PEAK): 5,
    (Service.GAS, Component.WHOLE): 8,
    (Service.WASTE, Component.WHOLE): 600,
    (Service.UPKEEP, Component.WHOLE): 33,
    (Service.CAPITAL_REPAIR, Component.WHOLE): 12,
    (Service.COMMON_COLD_WATER, Component.WHOLE): 45,
    (Service.COMMON_ELECTRICITY, Component.WHOLE): 6,
}
# (service, kind) → micro-units around which houses differ
NORMS = {
    (Service.COLD_WATER, "person"): 4_300_000,
    (Service.HOT_WATER, "person"): 3_190_000,
    (Service.HOT_WATER, "heat_per_m3"): 61_100,
    (Service.HEATING, "area"): 19_500,
    (Service.ELECTRICITY, "person"): 91_000_000,
    (Service.GAS, "person"): 10_000_000,
    (Service.WASTE, "waste_year"): 2_410_000,
    (Service.COMMON_COLD_WATER, "common"): 20_000,
    (Service.COMMON_ELECTRICITY, "common"): 1_500_000,
}


def crowd(rng: np.random.Generator, period: Period, size: int) -> list[HouseSpec]:
    """Houses with `size` accounts in all."""
    houses: list[HouseSpec] = []
    left = size
    while left > 0:
        count = min(left, int(rng.integers(*HOUSE_ACCOUNTS)))
        houses.append(_House(rng, period).build(count))
        left -= count
    return houses


@dataclass(slots=True)
class _House:
    rng: np.random.Generator
    period: Period

    def chance(self, percent: int) -> bool:
        return int(self.rng.integers(100)) < percent

    def near(self, middle: int) -> int:
        """An integer between seven tenths of the middle and twice that."""
        return middle * int(self.rng.integers(700, 1400)) // 1000

    def pick(self, values: Sequence[int]) -> int:
        return values[int(self.rng.integers(len(values)))]

    def build(self, count: int) -> HouseSpec:
        unmeasured = int(self.rng.integers(count)) if self.chance(10) else -1
        accounts = tuple(self.account(at, has_area=at != unmeasured) for at in range(count))
        total = sum(_area(account) for account in accounts)
        services = {service for service, _ in PRICES}
        common = Method.COMMON_ACTUAL if self.chance(50) else Method.COMMON_NORM
        methods: dict[int, int] = {service: Method.LAW for service in services if service < COMMON}
        methods |= {
            Service.WASTE: Method.PERSON if self.chance(50) else Method.AREA,
            Service.UPKEEP: Method.AREA,
            Service.CAPITAL_REPAIR: Method.AREA,
            Service.COMMON_COLD_WATER: common,
            Service.COMMON_ELECTRICITY: common,
        }
        house_meters: dict[int, HouseMeterSpec] = {
            Service.COLD_WATER: self.house_meter(6 * MICRO * count),
            Service.ELECTRICITY: self.house_meter(250 * MICRO * count),
        }
        if self.chance(60):
            house_meters[Service.HEATING] = self.house_meter(total * MICRO // 5000)
        return HouseSpec(
            law=self.law(),
            services=frozenset(services),
            methods=methods,
            accounts=accounts,
            area_total_dm2=total,
            area_common_dm2=total // 5,
            heating_uniform=self.chance(30),
            house_meters=house_meters,
        )

    def law(self) -> Law:
        """Values of the house; one house in ten lacks a tariff, one in five changes them inside the month."""
        change = self.period.first_day + dt.timedelta(days=int(self.rng.integers(1, 27)))
        is_changing = self.chance(20)
        lacking = self.chance(10)
        tariffs: dict[tuple[int, int], tuple[Step, ...]] = {}
        for key, roubles in PRICES.items():
            steps = [Step(None, self.near(roubles * RATE_PER_RUBLE))]
            if is_changing:
                steps.append(Step(change, self.near(roubles * RATE_PER_RUBLE)))
            tariffs[key] = tuple(steps)
        if lacking:
            del tariffs[self.pick_key(list(tariffs))]
        norms: dict[tuple[int, str], tuple[NormStep, ...]] = {
            key: (NormStep(None, self.near(micro)),) for key, micro in NORMS.items()
        }
        if self.chance(90):
            for service in METERED:
                norms[service, "contract"] = (NormStep(None, self.near(MONTHLY_MICRO[service])),)
        if self.chance(50):
            norms[Service.ELECTRICITY, "person"] = tuple(
                NormStep(None, self.near(91 * MICRO), rooms, persons)
                for rooms in range(1, 5)
                for persons in range(1, 6)
            )
        return Law(tariffs=tariffs, norms=norms, coefficients={HEATING_MONTHS: (Step(None, 7000),)})

    def pick_key(self, keys: list[tuple[int, int]]) -> tuple[int, int]:
        return keys[int(self.rng.integers(len(keys)))]

    def house_meter(self, micro: int) -> HouseMeterSpec:
        if self.chance(5):
            return HouseMeterSpec(1, None)
        return HouseMeterSpec(1, (self.near(micro), 0, 0))

    # ---- accounts ------------------------------------------------------------------------------

    def account(self, at: int, has_area: bool) -> AccountSpec:
        kind = AccountKind.NONRESIDENTIAL if self.chance(5) else AccountKind.FLAT
        area = int(self.rng.integers(2800, 9500))
        residents = 0 if self.chance(8) else int(self.rng.integers(1, 6))
        arrived = self.period.first_day + dt.timedelta(days=int(self.rng.integers(0, 28)))
        stays = [Stay(residents)]
        if self.chance(5):
            stays.append(Stay(1, arrived))
        guest = (Stay(1, arrived, arrived + dt.timedelta(days=9)),) if self.chance(3) else ()
        impossible = frozenset({Service.COLD_WATER, Service.HOT_WATER}) if self.chance(10) else frozenset()
        return AccountSpec(
            name=f"посторонний {at}",
            kind=kind,
            rooms=int(self.rng.integers(1, 5)),
            area=(Step(None, area if has_area else None),),
            heated_area_dm2=0 if self.chance(2) else None,
            residents=tuple(stays) if kind == AccountKind.FLAT else (),
            temporary=guest,
            owners=int(self.rng.integers(1, 4)),
            meter_impossible=impossible,
            meters=tuple(self.meters()),
        )

    def meters(self) -> list[MeterSpec]:
        out: list[MeterSpec] = []
        for service in METERED:
            if self.chance(70):
                out.append(self.meter(service))
                if service in (Service.COLD_WATER, Service.HOT_WATER) and self.chance(10):
                    out.append(self.meter(service))
        if self.chance(10):
            out.append(self.meter(Service.HEATING))
        return out

    def meter(self, service: int) -> MeterSpec:
        """A meter with a history; some silent, late, broken, refused or past their verification."""
        zones = int(self.rng.integers(1, 4)) if service == Service.ELECTRICITY else 1
        now = self.period.ordinal
        skipped = int(self.rng.integers(1, 6)) if self.chance(15) else 0
        late = skipped > 0 and self.chance(30)
        months = range(now - HISTORY_MONTHS, now - skipped + 1)
        values = [int(self.rng.integers(0, 90_000)) * MICRO, 0, 0]
        marks: list[Mark] = []
        for month in [*months, now] if late else list(months):
            for zone in range(zones):
                values[zone] += self.near(MONTHLY_MICRO[Service(service)])
            marks.append(Mark(month, (values[0], values[1], values[2])))
        facts = MeterFacts(digits=6, marks=tuple(marks), events=self.events())
        if self.chance(5):
            expired = self.period.first_day - dt.timedelta(days=int(self.rng.integers(-20, 150)))
            facts = MeterFacts(facts.digits, facts.marks, verified_until=expired, events=facts.events)
        billed: Values = (MONTHLY_MICRO[Service(service)] * skipped, 0, 0) if late else ZERO
        duty = service == Service.ELECTRICITY and self.chance(50)
        return MeterSpec(
            service,
            zones,
            facts,
            supplier_duty=duty,
            billed=billed,
        )

    def events(self) -> tuple[Event, ...]:
        if not self.chance(6):
            return ()
        kind = ("fault", "refusal", "unverified")[int(self.rng.integers(3))]
        return (Event(kind, self.period.first_day - dt.timedelta(days=int(self.rng.integers(-20, 150)))),)


def _area(account: AccountSpec) -> int:
    return account.area[0].value or 0
