"""Codes of services, their components and methods.

The numbers stored in tables and lines, with Russian labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Service(IntEnum):
    """What is billed. СОИ (common needs) of a resource is COMMON + its code.

    ≥ 100: services of organisations.
    """

    COLD_WATER = 1
    HOT_WATER = 2
    SEWERAGE = 3
    HEATING = 4
    ELECTRICITY = 5
    GAS = 6
    WASTE = 7
    UPKEEP = 8
    CAPITAL_REPAIR = 9
    RENT = 10  # of social tenants
    COMMON_COLD_WATER = 21
    COMMON_HOT_WATER = 22
    COMMON_SEWERAGE = 23
    COMMON_ELECTRICITY = 25


COMMON = 20


class Component(IntEnum):
    """Part of a service that is a line of its own."""

    WHOLE = 0  # single rate, one-part tariff
    COLD_PART = 1  # hot water: cold water for heating
    HEAT_PART = 2  # hot water: heat to heat it
    DAY = 1  # electricity: day (peak when three zones)
    NIGHT = 2
    HALF_PEAK = 3
    FUEL_GAS = 3  # heating and hot water of a boiler of the house: the fuel burnt
    FUEL_ELECTRICITY = 4
    FUEL_COAL = 5
    FUEL_DIESEL = 6
    FUEL_WOOD = 7


class Method(IntEnum):
    """How a house is billed for a service where the region, the meeting or the contract chose."""

    LAW = 0  # decision table of Rules 354; of common needs: as the organisation has it, else the norm
    PERSON = 1  # waste by persons, ф. 9(1)
    AREA = 2  # waste by area, ф. 9(2); upkeep, capital repair by m2
    FIXED = 3  # a sum a flat
    COMMON_NORM = 4
    COMMON_ACTUAL = 5
    COMMON_DIRECT_NORM = 6  # ОДН of Rules 354: the owners manage themselves or the supplier bills
    COMMON_DIRECT_ACTUAL = 7
    BOILER = 8  # heating, hot water: equipment of the house makes it of fuel
    COMMON_ACTUAL_CAPPED = 9  # by the meter, what is above the norm stays with the company
    COMMON_AVERAGE = 10  # a month of last year's volume
    COMMON_DIRECT_CAPPED = 11


# Utilities that co-owners or a court may have split by people and not by shares.
BY_PEOPLE = frozenset(
    (
        Service.COLD_WATER,
        Service.HOT_WATER,
        Service.SEWERAGE,
        Service.ELECTRICITY,
        Service.GAS,
        Service.WASTE,
    )
)


METHOD_NAMES = {m.name.lower(): m for m in Method}


@dataclass(frozen=True, slots=True)
class ServiceInfo:
    """Labels of a service for screens and paper; decimals = how many to print of its volume."""

    code: int
    key: str
    label: str
    short_label: str
    unit: str
    decimals: int
    group: str  # housing, utility, common, capital


CATALOGUE: dict[int, ServiceInfo] = {
    info.code: info
    for info in (
        ServiceInfo(8, "upkeep", "Содержание жилого помещения", "Содержание", "м²", 2, "housing"),
        ServiceInfo(10, "rent", "Плата за наём жилого помещения", "Наём", "м²", 2, "housing"),
        ServiceInfo(
            21, "common_cold_water", "Холодная вода на общее имущество", "ХВС СОИ", "м³", 6, "common"
        ),
        ServiceInfo(22, "common_hot_water", "Горячая вода на общее имущество", "ГВС СОИ", "м³", 6, "common"),
        ServiceInfo(
            23, "common_sewerage", "Водоотведение на общее имущество", "Стоки СОИ", "м³", 6, "common"
        ),
        ServiceInfo(
            25, "common_electricity", "Электроэнергия на общее имущество", "Свет СОИ", "кВт·ч", 4, "common"
        ),
        ServiceInfo(1, "cold_water", "Холодное водоснабжение", "ХВС", "м³", 3, "utility"),
        ServiceInfo(2, "hot_water", "Горячее водоснабжение", "ГВС", "м³", 3, "utility"),
        ServiceInfo(3, "sewerage", "Водоотведение", "Стоки", "м³", 3, "utility"),
        ServiceInfo(4, "heating", "Отопление", "Отопление", "Гкал", 6, "utility"),
        ServiceInfo(5, "electricity", "Электроснабжение", "Свет", "кВт·ч", 2, "utility"),
        ServiceInfo(6, "gas", "Газоснабжение", "Газ", "м³", 3, "utility"),
        ServiceInfo(7, "waste", "Обращение с ТКО", "ТКО", "м³", 4, "utility"),
        ServiceInfo(9, "capital_repair", "Взнос на капитальный ремонт", "Капремонт", "м²", 2, "capital"),
    )
}

ELECTRICITY_ZONES = {0: "", 1: "день", 2: "ночь", 3: "полупик"}
RANGE_STEP = 4  # component of a range of consumption: zone + 4 × (range − 1)
RANGES = 3


@dataclass(frozen=True, slots=True)
class Fuel:
    """A fuel of a boiler: the kind of norm its volumes of a month are kept as, words, unit."""

    kind: str
    label: str
    unit: str


FUELS: dict[int, Fuel] = {
    Component.FUEL_GAS: Fuel("fuel_gas", "природный газ", "м³"),
    Component.FUEL_ELECTRICITY: Fuel("fuel_electricity", "электроэнергия котельной", "кВт·ч"),
    Component.FUEL_COAL: Fuel("fuel_coal", "уголь", "т"),
    Component.FUEL_DIESEL: Fuel("fuel_diesel", "дизельное топливо", "л"),
    Component.FUEL_WOOD: Fuel("fuel_wood", "дрова, пеллеты", "т"),
}
BOILED = (Service.HEATING, Service.HOT_WATER)
HOT_WATER_PARTS = {0: "", 1: "холодная вода", 2: "тепловая энергия"}


def component_label(service: int, component: int) -> str:
    """«Горячее водоснабжение (тепловая энергия)» for (2, 2); the plain label when there is one component."""
    info = CATALOGUE[service]
    if service in BOILED and component in FUELS:
        part = FUELS[component].label
    elif service in (2, 22):
        part = HOT_WATER_PARTS.get(component, "")
    else:
        number, zone = divmod(component, RANGE_STEP)
        words = (ELECTRICITY_ZONES[zone], f"{number + 1}-й диапазон" if number else "")
        part = ", ".join(word for word in words if word)
    return f"{info.label} ({part})" if part else info.label


def component_unit(service: int, component: int) -> str:
    """Unit of a component: the heat part of hot water is in Gcal, fuel in its own."""
    if service in BOILED and component in FUELS:
        return FUELS[component].unit
    return "Гкал" if service in (2, 22) and component == 2 else CATALOGUE[service].unit
