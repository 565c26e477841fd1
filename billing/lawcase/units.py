"""How quantities of a case are written: in natural units, read into the integer scales of the engine."""

from __future__ import annotations

from billing.lawcase.cells import Cell, Unit
from billing.quantity import DM2_PER_M2, MICRO, PERMILLE, RATE_PER_RUBLE
from billing.services import BOILED, CATALOGUE, FUELS, RANGE_STEP, Component, Service, component_unit

SPELLINGS = {
    "м³": ("м³", "м3", "m3", "куб.м"),
    "м²": ("м²", "м2", "m2", "кв.м"),
    "кВт·ч": ("квт·ч", "квтч", "квт*ч", "kwh"),
    "Гкал": ("гкал", "gcal"),
    "т": ("т", "t"),
    "л": ("л", "l"),
}
PEOPLE = ("чел", "чел.", "person")
ROUBLES = ("₽", "руб", "руб.", "rub", "р.")
KOPECKS = ("коп", "коп.", "kop")

AREA = Unit(DM2_PER_M2, "площадь в м²", SPELLINGS["м²"], "54.3")
COEFFICIENT = Unit(PERMILLE, "коэффициент", (), "1.5")

UNITS = Unit(MICRO, "показание распределителей", (), "1234.5")

SERVICES = {info.key: code for code, info in CATALOGUE.items()}
WATER_PARTS = {"cold_part": Component.COLD_PART, "heat_part": Component.HEAT_PART}
ZONES = {
    "day": Component.DAY,
    "peak": Component.DAY,
    "night": Component.NIGHT,
    "half_peak": Component.HALF_PEAK,
}
HEATED = (Service.HOT_WATER, Service.COMMON_HOT_WATER)
LIT = (Service.ELECTRICITY, Service.COMMON_ELECTRICITY)


def volume_unit(service: int) -> Unit:
    """Volumes and readings of a service."""
    unit = CATALOGUE[service].unit
    return Unit(MICRO, f"объём в {unit}", SPELLINGS[unit], "12.345")


def norm_unit(unit: str, per: str) -> Unit:
    """A norm: `unit` a person, m² or m³ a month (or a year); without `per`, the volume of a contract."""
    plain = SPELLINGS[unit]
    pers = (*SPELLINGS.get(per, ()), *(PEOPLE if per == "чел" else ()))
    both = tuple(f"{u}/{p}" for u in plain for p in pers)
    name = f"норматив в {unit} на {per}" if per else f"объём договора в {unit} за месяц"
    return Unit(MICRO, name, (*plain, *both), "6.935")


def rate_unit(service: int, component: int) -> Unit:
    """A tariff in roubles a unit of the service."""
    unit = component_unit(service, component)
    spelled = tuple(f"{rouble}/{u}" for rouble in ROUBLES for u in SPELLINGS[unit])
    return Unit(RATE_PER_RUBLE, f"тариф в рублях за {unit}", (*ROUBLES, *spelled), "45.67")


def components(service: int) -> dict[str, int]:
    """Names of components a service may have."""
    names: dict[str, int] = {"whole": Component.WHOLE}
    if service in HEATED:
        names |= WATER_PARTS
    if service in BOILED:
        names |= {fuel.kind: int(component) for component, fuel in FUELS.items()}
    if service in LIT:
        zones: dict[str, int] = {"single": int(Component.WHOLE)} | {
            name: int(code) for name, code in ZONES.items()
        }
        names |= zones
        if service == Service.ELECTRICITY:
            names |= {
                f"{name}_{n + 1}": code + RANGE_STEP * n for n in (1, 2) for name, code in zones.items()
            }
    return names


def service_set(cell: Cell) -> frozenset[int]:
    """Services named in a list (or one name)."""
    if cell.is_none:
        return frozenset()
    return frozenset(item.choice(SERVICES) for item in cell.items())


def zone_values(cell: Cell, service: int, zones: int, signed: bool = False) -> tuple[int, int, int]:
    """Values by zone: a number for one zone, a list in the order of zones, or names of zones."""
    unit = volume_unit(service)
    out = [0, 0, 0]
    if cell.is_map:
        named = cell.fields(ZONES)
        slots = {ZONES[name] - 1: item for name, item in named.items()}
        if set(slots) != set(range(zones)):
            cell.fail(f"у счётчика зон: {zones}. Нужны значения: {', '.join(_zone_names(zones))}.")
        for slot, item in slots.items():
            out[slot] = item.quantity(unit, signed)
    else:
        items = cell.items()
        if len(items) != zones:
            cell.fail(f"значений {len(items)}, а зон у счётчика {zones}. Проверьте ключ «zones».")
        for slot, item in enumerate(items):
            out[slot] = item.quantity(unit, signed)
    return out[0], out[1], out[2]


def _zone_names(zones: int) -> list[str]:
    return ["single"] if zones == 1 else ["day", "night", "half_peak"][:zones]
