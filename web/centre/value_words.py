"""Words of tariffs, norms and coefficients: what a value is, for whom, in which unit."""

from __future__ import annotations

from billing.services import BOILED, CATALOGUE, FUELS, RANGE_STEP, RANGES, component_label, component_unit
from receipts.words import coefficient
from web.filters import quantity, rate

FAMILIES = {"tariff": "Тарифы", "norm": "Нормативы", "coefficient": "Коэффициенты"}
NORM_KINDS = {
    "person": "на человека в месяц",
    "area": "на квадратный метр",
    "common": "на общее имущество, на м²",
    "heat_per_m3": "тепло на подогрев 1 м³",
    "waste_year": "накопление отходов за год",
    "range_1": "предел первого диапазона на счёт в месяц",
    "range_2": "предел второго диапазона на счёт в месяц",
}
NORM_KINDS |= {fuel.kind: f"топливо котельной дома за месяц: {fuel.label}" for fuel in FUELS.values()}
NORM_UNITS = {fuel.kind: fuel.unit for fuel in FUELS.values()} | {
    "heat_per_m3": "Гкал/м³",
    "waste_year": "м³",
}
CONSUMERS = {"population": "население", "nonresidential": "нежилые"}
HOT_WATER = (2, 22)
ELECTRICITY = (5,)
Own = tuple[str | None, str | None]


def service_label(service: int | None, own: str | None = None) -> str:
    """The full name of a service; own: of a service of an organisation, which the law does not know."""
    if service is None:
        return "Для всех услуг"
    info = CATALOGUE.get(service)
    return info.label if info else own or f"Услуга № {service}"


def components_of(service: int) -> tuple[int, ...]:
    """Parts of a service a tariff is set for."""
    if service in HOT_WATER:
        return (1, 2, *(FUELS if service in BOILED else ()))
    if service in BOILED:
        return (0, *FUELS)
    return tuple(range(RANGE_STEP * RANGES)) if service in ELECTRICITY else (0,)


def worded(
    family: str, service: int | None, component: int, kind: str, value: int, own: Own = (None, None)
) -> tuple[str, str, str]:
    """What it is, its value and its unit in words; own: name and unit of a service of an organisation."""
    info = CATALOGUE.get(service) if service is not None else None
    if family == "tariff":
        what = component_label(info.code, component) if info else service_label(service, own[0])
        unit = component_unit(info.code, component) if info else own[1] or "единица"
        return f"{what}, {CONSUMERS.get(kind, kind)}", rate(value), f"₽/{unit}"
    if family == "norm":
        unit = NORM_UNITS.get(kind) or (info.unit if info else own[1] or "")
        return NORM_KINDS.get(kind, kind), quantity(value), unit
    return kind.replace("_", " "), coefficient(value), ""
