"""The `house` and `rest` sections of a case; the rest becomes neighbours so that house sums hold."""

from __future__ import annotations

from dataclasses import replace

from billing.heat_past import YearKnown
from billing.history import AVERAGE_MONTHS_MAX, Values, consumed
from billing.lawcase.cells import Cell
from billing.lawcase.load_account import (
    ACCOUNT_KEYS,
    account_of,
    aggregate,
    aggregate_volume,
    meters_of,
)
from billing.lawcase.load_common import common_past_of
from billing.lawcase.load_expect import EXPECT_KEYS, expectation_of
from billing.lawcase.load_law import HEATING_SEASON
from billing.lawcase.load_relief import troubles_of
from billing.lawcase.model import AccountSpec, Failure, HouseMeterSpec, HouseSpec, Law, MeterSpec, Stay, Step
from billing.lawcase.units import AREA, SERVICES, service_set, volume_unit, zone_values
from billing.period import Period
from billing.quantity import DM2_PER_M2, PERMILLE, format_scaled
from billing.services import COMMON, Method, Service

HOUSE_KEYS = (
    "area_total",
    "area_common",
    "heating",
    "heating_season",
    "services",
    "methods",
    "house_meters",
    "heat_year",
    "common_past",
    "troubles",
)
REST_KEYS = ("volumes", "heat_meters", "unheated_area", "accounts")
NEIGHBOUR_KEYS = (*ACCOUNT_KEYS, "meters", "count", *EXPECT_KEYS)
NEIGHBOURS_MAX = 500
HEATING_MODES = {"season": False, "uniform": True}
METHODS: dict[int, dict[str, int]] = {
    Service.WASTE: {"person": Method.PERSON, "area": Method.AREA},
    Service.UPKEEP: {"area": Method.AREA, "fixed": Method.FIXED},
    Service.CAPITAL_REPAIR: {"area": Method.AREA, "fixed": Method.FIXED},
    Service.HEATING: {"law": Method.LAW, "boiler": Method.BOILER},
    Service.HOT_WATER: {"law": Method.LAW, "boiler": Method.BOILER},
}
COMMON_METHODS: dict[str, int] = {
    "norm": Method.COMMON_NORM,
    "actual": Method.COMMON_ACTUAL,
    "direct_norm": Method.COMMON_DIRECT_NORM,
    "direct_actual": Method.COMMON_DIRECT_ACTUAL,
    "actual_capped": Method.COMMON_ACTUAL_CAPPED,
    "average": Method.COMMON_AVERAGE,
    "direct_capped": Method.COMMON_DIRECT_CAPPED,
}


def season_of(cell: Cell | None) -> frozenset[int] | None:
    """Calendar months of the heating season, for averages of heat meters."""
    if cell is None or not cell.is_map:
        return None
    months = cell.entries().get("heating_season")
    return None if months is None else frozenset(item.integer(1, 12) for item in months.items())


class HouseLoader:
    """Reads `house` and `rest` around the account of the case."""

    def __init__(self, cell: Cell, house: Cell | None, rest: Cell | None, law: Law, period: Period) -> None:
        self.cell = cell
        self.house = house.fields(HOUSE_KEYS) if house is not None and not house.is_none else {}
        self.rest = rest.fields(REST_KEYS) if rest is not None and not rest.is_none else {}
        self.law = law
        self.period = period
        self.season = season_of(house)

    def load(self, account: AccountSpec, expected: frozenset[int]) -> HouseSpec:
        """The whole house; expected: services named by what the case expects."""
        services = self._services(expected, account.meters)
        neighbours = self._neighbours(services)
        total, filler = self._areas(account, neighbours)
        rest = self._filler(services, filler)
        return HouseSpec(
            law=self._law(),
            services=services,
            methods=self._methods(services),
            accounts=(account, *neighbours, *rest),
            area_total_dm2=total,
            area_common_dm2=self._area("area_common"),
            heating_uniform=self.house["heating"].choice(HEATING_MODES) if "heating" in self.house else False,
            house_meters=self._house_meters(),
            heat_year=self._heat_year(),
            common_past=common_past_of(self.house.get("common_past")),
            troubles=troubles_of(self.house.get("troubles")),
        )

    def _law(self) -> Law:
        """Law values, with the season of the house as the coefficient that says whether heat is due."""
        if self.season is None:
            return self.law
        permille = PERMILLE if self.period.month in self.season else 0
        coefficients = self.law.coefficients | {HEATING_SEASON: (Step(None, permille),)}
        return replace(self.law, coefficients=coefficients)

    # ---- services ------------------------------------------------------------------------------

    def _services(self, expected: frozenset[int], meters: tuple[MeterSpec, ...]) -> frozenset[int]:
        """Given ones, else all that the case has a tariff, an expected line, a method or a meter for."""
        if "services" in self.house:
            return service_set(self.house["services"])
        named = {service for service, _ in self.law.tariffs} | {meter.service for meter in meters}
        if "methods" in self.house:
            named |= {SERVICES[name] for name in self.house["methods"].entries() if name in SERVICES}
        return frozenset(named | expected)

    def _methods(self, services: frozenset[int]) -> dict[int, int]:
        given = self.house["methods"].fields(SERVICES) if "methods" in self.house else {}
        out: dict[int, int] = {}
        for name, item in given.items():
            service = SERVICES[name]
            allowed = COMMON_METHODS if service > COMMON else METHODS.get(service, {"law": Method.LAW})
            out[service] = item.choice(allowed)
        for service in services - set(out):
            if service == Service.WASTE:
                self.cell.fail("нужен способ для ТКО: house.methods.waste — person или area.")
            if service > COMMON:
                out[service] = Method.COMMON_NORM
            else:
                plain = Method.LAW if "law" in METHODS.get(service, {}) else Method.AREA
                out[service] = plain if service in METHODS else Method.LAW
        return out

    def _house_meters(self) -> dict[int, HouseMeterSpec]:
        """ОДПУ: {volume} by zone (`volume: none` = no reading), or {start, end, digits}."""
        if "house_meters" not in self.house:
            return {}
        out: dict[int, HouseMeterSpec] = {}
        for name, item in self.house["house_meters"].fields(SERVICES).items():
            service = SERVICES[name]
            row = item.fields(("volume", "zones", "start", "end", "digits", "failed_month", "average"))
            zones = row["zones"].integer(1, 3) if "zones" in row else 1
            volume: Values | None = None
            if "failed_month" in row:
                out[service] = HouseMeterSpec(zones, None, self._failure(item, row, service))
                continue
            if "volume" in row:
                if not row["volume"].is_none:
                    if "zones" not in row:
                        _, zones = aggregate_volume(row["volume"], service)
                    volume = zone_values(row["volume"], service, zones)
            elif "start" in row and "end" in row:
                start = zone_values(row["start"], service, zones)
                digits = row["digits"].integer(1, 9) if "digits" in row else 5
                volume = consumed(start, zone_values(row["end"], service, zones), digits)
            else:
                item.fail(
                    "нужен объём «volume» (или «volume: none», если показания нет) либо «start» и «end»."
                )
            out[service] = HouseMeterSpec(zones, volume)
        return out

    def _failure(self, item: Cell, row: dict[str, Cell], service: int) -> Failure:
        """A failed meter of heat: {failed_month, average: {volume, months}}; without average there is no
        data.
        """
        if service != Service.HEATING:
            item.fail("вышедший из строя счётчик дома считают по среднему только для отопления.")
        month = row["failed_month"].integer(1, 600)
        if "average" not in row:
            return Failure(month, 0, 0)
        window = row["average"].fields(("volume", "months"), ("volume", "months"))
        volume = window["volume"].quantity(volume_unit(service))
        return Failure(month, volume, window["months"].integer(0, AVERAGE_MONTHS_MAX))

    def _heat_year(self) -> tuple[YearKnown, int] | None:
        """Last year by the meters of heat of the house: Gcal, `none` = readings are missing, `young` = no
        meter
        stood all year.
        """
        cell = self.house.get("heat_year")
        if cell is None:
            return None
        if cell.is_none:
            return YearKnown.UNKNOWN, 0
        if cell.is_scalar and cell.text() == "young":
            return YearKnown.YOUNG, 0
        return YearKnown.KNOWN, cell.quantity(volume_unit(Service.HEATING))

    # ---- the rest of the house -----------------------------------------------------------------

    def _neighbours(self, services: frozenset[int]) -> list[AccountSpec]:
        """Explicit accounts, then one that stands for all premises with heat meters, and the unheated one."""
        out: list[AccountSpec] = []
        if "accounts" in self.rest:
            for at, item in enumerate(self.rest["accounts"].items(), 1):
                cells = item.fields(NEIGHBOUR_KEYS)
                count = cells.pop("count").integer(1, NEIGHBOURS_MAX) if "count" in cells else 1
                meters = meters_of(cells.get("meters"), self.period, self.season)
                account = account_of(cells, f"сосед {at}", meters)
                account = replace(account, expect=expectation_of(cells))
                out.extend([account] * count)
        if "heat_meters" in self.rest:
            row = self.rest["heat_meters"].fields(("area", "volume"), ("area", "volume"))
            volume = row["volume"].quantity(volume_unit(Service.HEATING))
            meter = aggregate(Service.HEATING, (volume, 0, 0), 1, self.period)
            out.append(_stand_in("остальные со счётчиками тепла", row["area"].quantity(AREA), (meter,)))
        if "unheated_area" in self.rest:
            area = self.rest["unheated_area"].quantity(AREA)
            out.append(replace(_stand_in("остальные неотапливаемые", area, ()), heated_area_dm2=0))
        return out

    def _area(self, key: str) -> int | None:
        if key not in self.house or self.house[key].is_none:
            return None
        return self.house[key].quantity(AREA)

    def _areas(self, account: AccountSpec, neighbours: list[AccountSpec]) -> tuple[int | None, int | None]:
        """Total area of the house and what is left of it for a neighbour that fills it up (None: no such)."""
        taken = sum(_last_area(a, self.period) for a in (account, *neighbours))
        needed = "volumes" in self.rest
        if "area_total" not in self.house:
            if needed:
                self.cell.fail("к rest.volumes нужна площадь дома: house.area_total.")
            return (taken or None), None
        total = self._area("area_total")
        if total is None:
            return None, DM2_PER_M2 if needed else None
        if total < taken:
            together = format_scaled(taken, DM2_PER_M2, 2)
            self.house["area_total"].fail(
                f"площади счетов ({together} м²) больше площади дома. Проверьте обе."
            )
        if needed and total == taken:
            self.rest["volumes"].fail(
                "остатку дома не осталось площади: площади счетов уже дают house.area_total."
            )
        return total, (total - taken) or None

    def _filler(self, services: frozenset[int], area: int | None) -> list[AccountSpec]:
        """The account of the remaining area: it carries the volumes of the rest and shares the heat."""
        if area is None:
            return []
        meters: list[MeterSpec] = []
        if "volumes" in self.rest:
            for name, item in self.rest["volumes"].fields(SERVICES).items():
                volume, zones = aggregate_volume(item, SERVICES[name])
                meters.append(aggregate(SERVICES[name], volume, zones, self.period))
        on = {meter.service for meter in meters} | ({Service.HEATING} & services)
        return [replace(_stand_in("остальной дом", area, tuple(meters)), services=frozenset(on))]


def _stand_in(name: str, area_dm2: int, meters: tuple[MeterSpec, ...]) -> AccountSpec:
    """A neighbour that is billed for heating only and has one resident."""
    return AccountSpec(
        name=name,
        area=(Step(None, area_dm2),),
        residents=(Stay(1),),
        services=frozenset({Service.HEATING}),
        meters=meters,
    )


def _last_area(account: AccountSpec, period: Period) -> int:
    """Area at the end of the month, 0 when unknown."""
    value = None
    for step in account.area:
        if step.since is None or step.since <= period.last_day:
            value = step.value
    return value or 0
