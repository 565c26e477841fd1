"""The `account` and `meters` sections of a case (accounts of the rest are written the same way)."""

from __future__ import annotations

import datetime as dt
import re

from billing.block import ACCOUNT_KINDS
from billing.history import FAILURES, REFUSAL, ZERO, Event, Mark, MeterFacts, Values, initial_month
from billing.lawcase.acts import acts_of, checks_of, distributors_of, year_of
from billing.lawcase.benefits import benefits_of
from billing.lawcase.cells import Cell
from billing.lawcase.load_common import common_years_of
from billing.lawcase.load_law import dated_steps
from billing.lawcase.load_relief import absences_of, troubles_of
from billing.lawcase.model import AccountSpec, MeterSpec, Stay, Step
from billing.lawcase.units import AREA, SERVICES, service_set, volume_unit, zone_values
from billing.period import Period

ACCOUNT_KEYS = (
    "name",
    "kind",
    "flat",
    "share",
    "by_people",
    "rooms",
    "area",
    "living_area",
    "heated_area",
    "residents",
    "temporary",
    "owners",
    "opened",
    "closed",
    "meter_impossible",
    "services",
    "absences",
    "troubles",
    "acts",
    "heat_last_year",
    "distributors",
    "common_last_year",
    "benefits",
)
METER_KEYS = (
    "service",
    "zones",
    "digits",
    "installed",
    "initial",
    "removed",
    "verified_until",
    "supplier_duty",
    "common",
    "faults",
    "unverified",
    "refusals",
    "readings",
    "check",
    "billed",
    "average",
    "on_change",
    "heat_year",
)
PEOPLE_MAX = 200
WINDOW_MONTHS_MAX = 6
ONE_DAY = dt.timedelta(days=1)
_MONTH = re.compile(r"^\d{4}-\d{2}$")


# ---- account -------------------------------------------------------------------------------------------


def account_of(cells: dict[str, Cell], name: str, meters: tuple[MeterSpec, ...]) -> AccountSpec:
    """An account from its cells (already checked for unknown keys)."""
    kind = cells["kind"].choice(ACCOUNT_KINDS) if "kind" in cells else ACCOUNT_KINDS["flat"]
    area: tuple[Step, ...] = (Step(None, None),)
    if "area" in cells:
        area = dated_steps(cells["area"], lambda cell: cell.quantity(AREA))
    return AccountSpec(
        name=cells["name"].text() if "name" in cells else name,
        kind=kind,
        flat=cells["flat"].text() if "flat" in cells else "",
        share=_share(cells.get("share")),
        by_people=service_set(cells["by_people"]) if "by_people" in cells else frozenset(),
        rooms=cells["rooms"].integer(1, 20) if "rooms" in cells else 1,
        area=area,
        living_area_dm2=_area(cells.get("living_area")),
        heated_area_dm2=_area(cells.get("heated_area")),
        residents=stays(cells.get("residents")),
        temporary=stays(cells.get("temporary")),
        owners=cells["owners"].integer(0, PEOPLE_MAX) if "owners" in cells else 1,
        opened=cells["opened"].date() if "opened" in cells else None,
        closed=cells["closed"].date() if "closed" in cells else None,
        meter_impossible=service_set(cells["meter_impossible"])
        if "meter_impossible" in cells
        else frozenset(),
        services=service_set(cells["services"]) if "services" in cells else None,
        meters=meters,
        absences=absences_of(cells.get("absences")),
        troubles=troubles_of(cells.get("troubles")),
        acts=acts_of(cells.get("acts")),
        heat_last_year=year_of(cells.get("heat_last_year")),
        distributors=distributors_of(cells.get("distributors")),
        common_last_year=common_years_of(cells.get("common_last_year")),
        benefits=benefits_of(cells.get("benefits")),
    )


def _area(cell: Cell | None) -> int | None:
    return None if cell is None or cell.is_none else cell.quantity(AREA)


def _share(cell: Cell | None) -> tuple[int, int] | None:
    """«1/3» of a divided premises."""
    if cell is None or cell.is_none:
        return None
    top, _, bottom = cell.text().partition("/")
    if not (top.isdecimal() and bottom.isdecimal() and int(top) and int(bottom)):
        cell.fail("доля пишется двумя числами: 1/3.")
    return int(top), int(bottom)


def stays(cell: Cell | None) -> tuple[Stay, ...]:
    """A number for all time, or stretches {count, from, to}, both days included; overlapping ones add up."""
    if cell is None or cell.is_none:
        return ()
    if cell.is_scalar:
        return (Stay(cell.integer(0, PEOPLE_MAX)),)
    out: list[Stay] = []
    for item in cell.items():
        row = item.fields(("count", "from", "to"))
        first, last = _span(item, row)
        out.append(Stay(row["count"].integer(0, PEOPLE_MAX) if "count" in row else 1, first, last))
    return tuple(out)


def _span(item: Cell, row: dict[str, Cell]) -> tuple[dt.date | None, dt.date | None]:
    first = row["from"].date() if "from" in row else None
    last = row["to"].date() if "to" in row and not row["to"].is_none else None
    if first is not None and last is not None and last < first:
        item.fail(f"«to» {last} раньше «from» {first}.")
    return first, last


# ---- meters --------------------------------------------------------------------------------------------


def meters_of(cell: Cell | None, period: Period, season: frozenset[int] | None) -> tuple[MeterSpec, ...]:
    """Individual meters of an account. season: months that count for averages of heating meters."""
    if cell is None or cell.is_none:
        return ()
    return tuple(_meter(item, period, season) for item in cell.items())


def _meter(cell: Cell, period: Period, season: frozenset[int] | None) -> MeterSpec:
    cells = cell.fields(METER_KEYS, ("service",))
    service = cells["service"].choice(SERVICES)
    zones = cells["zones"].integer(1, 3) if "zones" in cells else 1
    installed = cells["installed"].date() if "installed" in cells else None
    if "initial" in cells and installed is None:
        cells["initial"].fail("к начальному показанию нужна дата установки: ключ «installed».")
    marks = _marks(cells.get("readings"), service, zones)
    facts = MeterFacts(
        digits=cells["digits"].integer(1, 9) if "digits" in cells else 5,
        marks=marks,
        installed_on=installed,
        initial=zone_values(cells["initial"], service, zones) if "initial" in cells else ZERO,
        removed_on=cells["removed"].date() if "removed" in cells else None,
        verified_until=cells["verified_until"].date() if "verified_until" in cells else None,
        events=_events(cells),
        season=season if service == SERVICES["heating"] else None,
        checks=checks_of(cells.get("check"), service, zones),
    )
    earliest = initial_month(installed) if installed is not None else marks[0].month if marks else None
    if earliest is None or earliest >= period.ordinal:
        cell.fail(
            f"у счётчика нет показания раньше {period}. Добавьте его в «readings» "
            "или запишите «installed» и «initial»."
        )
    return MeterSpec(
        service=service,
        zones=zones,
        facts=facts,
        supplier_duty=cells["supplier_duty"].flag() if "supplier_duty" in cells else False,
        common=cells["common"].flag() if "common" in cells else False,
        billed=_billed(cells.get("billed"), service, zones),
        window=_average(cells.get("average"), service, zones),
        on_change=_on_change(cells.get("on_change"), service, zones, period),
        heat_year=cells["heat_year"].quantity(volume_unit(service)) if "heat_year" in cells else None,
    )


def _on_change(cell: Cell | None, service: int, zones: int, period: Period) -> tuple[dt.date, Values] | None:
    """A reading taken on the day a tariff changes: {2026-04-11: 115.5}."""
    if cell is None or cell.is_none:
        return None
    entries = list(cell.entries().items())
    if len(entries) != 1:
        cell.fail("нужно одно показание: день и значение, например {2026-04-11: 115.5}.")
    (text, item), day = entries[0], None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        cell.fail(f"«{text}» — не дата. Запишите как 2026-04-11.")
    if Period.of(day) != period:
        cell.fail(f"день {day} не в месяце {period}.")
    return day, zone_values(item, service, zones)


def _marks(cell: Cell | None, service: int, zones: int) -> tuple[Mark, ...]:
    """Readings by month, sorted."""
    if cell is None or cell.is_none:
        return ()
    found: dict[int, Values] = {}
    for key, item in cell.entries().items():
        found[item.month(key).ordinal] = zone_values(item, service, zones)
    return tuple(Mark(month, found[month]) for month in sorted(found))


def _events(cells: dict[str, Cell]) -> tuple[Event, ...]:
    """Faults, breaks of verification, acts of refusal: a date, or {from, to}, or a list of these."""
    out: list[Event] = []
    for key, kind in (("faults", FAILURES[0]), ("unverified", FAILURES[1]), ("refusals", REFUSAL)):
        if key not in cells or cells[key].is_none:
            continue
        for item in cells[key].items():
            if item.is_scalar:
                out.append(Event(kind, item.date()))
                continue
            row = item.fields(("from", "to"), ("from",))
            first, last = _span(item, row)
            assert first is not None, "`from` is required"
            out.append(Event(kind, first, None if last is None else last + ONE_DAY))
    return tuple(out)


def _billed(cell: Cell | None, service: int, zones: int) -> Values:
    """Volumes billed since the last reading: a total, or by month (then added up)."""
    if cell is None or cell.is_none:
        return ZERO
    entries = cell.entries() if cell.is_map else {}
    if entries and all(_MONTH.match(key) for key in entries):
        parts = [zone_values(item, service, zones) for item in entries.values()]
        day, night, half_peak = (sum(part[zone] for part in parts) for zone in range(3))
        return day, night, half_peak
    return zone_values(cell, service, zones)


def _average(cell: Cell | None, service: int, zones: int) -> tuple[Values, int] | None:
    """The average window itself, instead of a history of readings."""
    if cell is None:
        return None
    row = cell.fields(("volume", "months"), ("volume", "months"))
    return zone_values(row["volume"], service, zones), row["months"].integer(0, WINDOW_MONTHS_MAX)


def aggregate(service: int, volume: Values, zones: int, period: Period) -> MeterSpec:
    """One meter that stands for all meters of the rest of the house."""
    marks = (Mark(period.ordinal - 1, ZERO), Mark(period.ordinal, volume))
    return MeterSpec(service, zones, MeterFacts(digits=9, marks=marks))


def aggregate_volume(cell: Cell, service: int) -> tuple[Values, int]:
    """Volume of the rest of the house by zone, with the number of zones it was written in."""
    zones = len(cell.entries()) if cell.is_map else len(cell.items())
    if not 1 <= zones <= 3:
        cell.fail(f"нужен {volume_unit(service).name}: одно значение или по зонам.")
    return zone_values(cell, service, zones), zones
