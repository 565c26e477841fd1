"""The `law` section of a case: dated tariffs, norms, coefficients."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from billing.benefits import CAPITAL_MINIMUM
from billing.choices import QUESTIONS
from billing.law import RAISED_SERVICES
from billing.lawcase.cells import Cell
from billing.lawcase.model import Law, NormStep, Step
from billing.lawcase.units import COEFFICIENT, SERVICES, components, norm_unit, rate_unit
from billing.services import BOILED, CATALOGUE, FUELS, Service

RENT = ("rent_quality", "rent_solvency")
LAW_KEYS = (
    "tariffs",
    "tariffs_nonresidential",
    "norms",
    "raising",
    "heating_months",
    "heating_season",
    "sewerage_cold_only",
    *RENT,
    CAPITAL_MINIMUM,
    *QUESTIONS,
)
RAISED = {CATALOGUE[service].key: f"raise_{CATALOGUE[service].key}" for service in RAISED_SERVICES}
HEATING_MONTHS = "heating_months"
HEATING_SEASON = "heating_season"
YEAR_MONTHS_MAX = 12
COLD_ONLY = {"norm": 1000, "water": 0}  # sewerage of a flat with cold water alone: its norm, or the water

# kind of norm → (unit of the value, per what); the first kind of a service is meant when none is named
NORM_KINDS: dict[int, dict[str, tuple[str, str]]] = {
    Service.COLD_WATER: {"person": ("м³", "чел"), "contract": ("м³", "")},
    Service.HOT_WATER: {"person": ("м³", "чел"), "heat_per_m3": ("Гкал", "м³"), "contract": ("м³", "")},
    Service.SEWERAGE: {"person": ("м³", "чел"), "contract": ("м³", "")},
    Service.HEATING: {"area": ("Гкал", "м²")},
    Service.ELECTRICITY: {
        "person": ("кВт·ч", "чел"),
        "contract": ("кВт·ч", ""),
        "range_1": ("кВт·ч", ""),
        "range_2": ("кВт·ч", ""),
    },
    Service.GAS: {"person": ("м³", "чел"), "area": ("м³", "м²"), "contract": ("м³", "")},
    Service.WASTE: {"waste_year": ("м³", "чел")},
    Service.COMMON_COLD_WATER: {"common": ("м³", "м²")},
    Service.COMMON_HOT_WATER: {"common": ("м³", "м²"), "heat_per_m3": ("Гкал", "м³")},
    Service.COMMON_SEWERAGE: {"common": ("м³", "м²")},
    Service.COMMON_ELECTRICITY: {"common": ("кВт·ч", "м²")},
}


for _service in BOILED:
    NORM_KINDS[_service] |= {fuel.kind: (fuel.unit, "") for fuel in FUELS.values()}


def load_law(cell: Cell | None) -> Law:
    """Law values of the case; without the section there are none."""
    if cell is None:
        return Law()
    cells = cell.fields(LAW_KEYS)
    coefficients: dict[str, tuple[Step, ...]] = {}
    if "raising" in cells:
        for name, item in cells["raising"].fields(RAISED).items():
            coefficients[RAISED[name]] = _steps(item, _coefficient)
    if "heating_months" in cells:
        coefficients[HEATING_MONTHS] = _steps(cells["heating_months"], _coefficient)
    if HEATING_SEASON in cells:
        coefficients[HEATING_SEASON] = _steps(cells[HEATING_SEASON], _coefficient)
    for name in RENT:
        if name in cells:
            coefficients[name] = _steps(cells[name], _coefficient)
    for key, question in QUESTIONS.items():
        if key in cells:
            answers = {one.key: at for at, one in enumerate(question.answers)}
            coefficients[key] = (Step(None, cells[key].choice(answers)),)
    if CAPITAL_MINIMUM in cells:
        unit = rate_unit(Service.CAPITAL_REPAIR, 0)
        coefficients[CAPITAL_MINIMUM] = (Step(None, cells[CAPITAL_MINIMUM].quantity(unit)),)
    if "sewerage_cold_only" in cells:
        chosen = cells["sewerage_cold_only"].choice(COLD_ONLY)
        coefficients["sewerage_cold_only"] = (Step(None, chosen),)
    return Law(
        tariffs=_tariffs(cells.get("tariffs")),
        tariffs_nonresidential=_tariffs(cells.get("tariffs_nonresidential")),
        norms=_norms(cells.get("norms")),
        coefficients=coefficients,
    )


def _coefficient(cell: Cell) -> int:
    return cell.quantity(COEFFICIENT)


def _tariffs(cell: Cell | None) -> dict[tuple[int, int], tuple[Step, ...]]:
    out: dict[tuple[int, int], tuple[Step, ...]] = {}
    if cell is None:
        return out
    for name, item in cell.fields(SERVICES).items():
        service = SERVICES[name]
        parts = {"whole": item}
        names = components(service)
        if item.is_map:
            parts = item.fields(names)
        for part, value in parts.items():
            unit = rate_unit(service, names[part])
            out[service, names[part]] = _steps(value, lambda c, unit=unit: c.quantity(unit))  # type: ignore[misc]
    return out


def _norms(cell: Cell | None) -> dict[tuple[int, str], tuple[NormStep, ...]]:
    out: dict[tuple[int, str], tuple[NormStep, ...]] = {}
    if cell is None:
        return out
    allowed = {CATALOGUE[service].key: service for service in NORM_KINDS}
    for name, item in cell.fields(allowed).items():
        service = allowed[name]
        kinds = NORM_KINDS[service]
        parts = {next(iter(kinds)): item}
        if item.is_map:
            parts = item.fields(kinds)
        for kind, value in parts.items():
            out[service, kind] = _norm_steps(value, service, kind)
    return out


def _norm_steps(cell: Cell, service: int, kind: str) -> tuple[NormStep, ...]:
    unit = norm_unit(*NORM_KINDS[service][kind])
    if cell.is_scalar:
        return (NormStep(None, None if cell.is_none else cell.quantity(unit)),)
    out: list[NormStep] = []
    for item in cell.items():
        row = item.fields(("from", "rooms", "persons", "value"), ("value",))
        out.append(
            NormStep(
                since=row["from"].date() if "from" in row else None,
                value=None if row["value"].is_none else row["value"].quantity(unit),
                rooms=row["rooms"].integer(1, 20) if "rooms" in row else None,
                persons=row["persons"].integer(1, 20) if "persons" in row else None,
            )
        )
    return tuple(out)


def _steps(cell: Cell, value: Callable[[Cell], int]) -> tuple[Step, ...]:
    """One value, or versions {from, value} in ascending order; `value: none` ends it."""
    if cell.is_scalar:
        return (Step(None, None if cell.is_none else value(cell)),)
    out: list[Step] = []
    latest: dt.date | None = None
    for item in cell.items():
        row = item.fields(("from", "value"), ("value",))
        since = row["from"].date() if "from" in row else None
        if out and (since is None or (latest is not None and since <= latest)):
            item.fail("версии идут по возрастанию дат; без «from» — только первая.")
        latest = since
        out.append(Step(since, None if row["value"].is_none else value(row["value"])))
    return tuple(out)


def dated_steps(cell: Cell, value: Callable[[Cell], int]) -> tuple[Step, ...]:
    """The same grammar for values outside the law: the area of an account."""
    return _steps(cell, value)
