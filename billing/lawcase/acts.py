"""The `acts` of an account: unauthorised use under п. 62, read from YAML and put into columns of a block."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from billing.checked import Checked
from billing.distributors import units_of
from billing.history import Check, MeterState, counted_people
from billing.lawcase.cells import Cell
from billing.lawcase.model import AccountSpec, ActSpec, MeterSpec, Stay, YearSpec
from billing.lawcase.units import SERVICES, UNITS, rate_unit, volume_unit, zone_values
from billing.period import Period
from billing.unauthorised import I64, ONE_DAY, Unauthorised, Way, days_inside, person_months

WAYS = {way.name.lower(): way for way in Way}
KEYS = ("service", "what", "found", "from", "to", "capacity", "billed")


def acts_of(cell: Cell | None) -> tuple[ActSpec, ...]:
    """What was found: {service, what, found, from, to, …}; `to` is the day of the fix, not counted."""
    if cell is None or cell.is_none:
        return ()
    return tuple(_act(item) for item in cell.items())


def _act(cell: Cell) -> ActSpec:
    row = cell.fields(KEYS, ("service", "what", "found", "from", "to"))
    service, way = row["service"].choice(SERVICES), row["what"].choice(WAYS)
    found, first, after = (row[key].date() for key in ("found", "from", "to"))
    if not first < after:
        row["to"].fail(f"устранено {after}, а началось {first}: нужен хотя бы один день.")
    if way == Way.CONNECTION and "capacity" not in row:
        cell.fail("нет ключа «capacity»: сколько единиц в час могло пройти.")
    unit = volume_unit(service)
    capacity = row["capacity"].quantity(unit) if "capacity" in row else 0
    billed = row["billed"].quantity(unit) if "billed" in row else 0
    return ActSpec(service, way, found, first, after, capacity, billed)


def checks_of(cell: Cell | None, service: int, zones: int) -> tuple[Check, ...]:
    """What an inspector read: {on: date, value: reading}, or a list of these."""
    if cell is None or cell.is_none:
        return ()
    rows = [item.fields(("on", "value"), ("on", "value")) for item in cell.items()]
    return tuple(Check(row["on"].date(), zone_values(row["value"], service, zones)) for row in rows)


def year_of(cell: Cell | None) -> YearSpec | None:
    """Last year of heat paid evenly: {billed: kopecks, billed_volume, months: [{volume, tariff}, …]}."""
    if cell is None or cell.is_none:
        return None
    row = cell.fields(("billed", "billed_volume", "months"), ("billed", "months"))
    heat, cost = SERVICES["heating"], 0
    for item in row["months"].items():
        part = item.fields(("volume", "tariff"), ("volume", "tariff"))
        cost += part["volume"].quantity(volume_unit(heat)) * part["tariff"].quantity(rate_unit(heat, 0))
    volume = row["billed_volume"].quantity(volume_unit(heat)) if "billed_volume" in row else 0
    return YearSpec(row["billed"].integer(), cost, volume)


def distributors_of(cell: Cell | None) -> tuple[int, int] | None:
    """Distributors of heat of an account: {units: readings × factors, billed: kopecks of last year}, or the
    radiators apart instead of units: {parts: [{reading, factor}, …], billed}.
    """
    if cell is None or cell.is_none:
        return None
    row = cell.fields(("units", "parts", "billed"), ("billed",))
    if ("units" in row) == ("parts" in row):
        cell.fail("нужен один из ключей «units» и «parts»: сумма показаний или радиаторы по одному.")
    if "units" in row:
        return row["units"].quantity(UNITS), row["billed"].integer()
    parts = [item.fields(("reading", "factor"), ("reading", "factor")) for item in row["parts"].items()]
    units = units_of((part["reading"].quantity(UNITS), part["factor"].quantity(UNITS)) for part in parts)
    return units, row["billed"].integer()


def unauthorised_of(specs: Sequence[AccountSpec], period: Period) -> Unauthorised | None:
    """Acts found in the month; people of each day of the stretch as the account has them."""
    found = [
        (at, act, person_months(act.first, _people(spec, act).tolist()))
        for at, spec in enumerate(specs)
        for act in spec.acts
        if Period.of(act.found) == period
    ]
    if not found:
        return None
    acts = [act for _, act, _ in found]
    return Unauthorised(
        account=np.array([at for at, _, _ in found], np.int32),
        service=np.array([act.service for act in acts], np.int16),
        way=np.array([act.way for act in acts], np.int16),
        day=np.array([act.found.day for act in acts], np.int16),
        months=np.array([months for _, _, months in found], np.int64),
        days=np.array([(act.after - act.first).days for act in acts], np.int64),
        now=np.array([days_inside(act.first, act.after, period) for act in acts], np.int64),
        capacity=np.array([act.capacity for act in acts], np.int64),
        billed=np.array([act.billed for act in acts], np.int64),
    )


def _people(spec: AccountSpec, act: ActSpec) -> I64:
    """Who counts on each day of the stretch: residents and temporary people, else owners."""
    days = [act.first + ONE_DAY * number for number in range((act.after - act.first).days)]
    residents, temporary = (
        np.array([_on(stays, day) for day in days], np.int64) for stays in (spec.residents, spec.temporary)
    )
    return temporary + counted_people(residents, temporary, np.full(len(days), spec.owners, np.int64))


def _on(stays: Sequence[Stay], day: dt.date) -> int:
    return sum(
        stay.count
        for stay in stays
        if (stay.first is None or stay.first <= day) and (stay.last is None or day <= stay.last)
    )


def checked_of(rows: Sequence[tuple[int, MeterSpec, MeterState]]) -> Checked | None:
    """Checks of the month among the meters of a block; `billed` of such a meter is what came before them."""
    found = [(at, meter, state.check) for at, meter, state in rows if state.check is not None]
    if not found:
        return None
    checks = [check for _, _, check in found]
    return Checked(
        account=np.array([at for at, _, _ in found], np.int32),
        service=np.array([meter.service for _, meter, _ in found], np.int16),
        zones=np.array([meter.zones for _, meter, _ in found], np.int8),
        digits=np.array([meter.facts.digits for _, meter, _ in found], np.int8),
        day=np.array([check.day for check in checks], np.int16),
        used=np.array([check.used for check in checks], np.int64),
        value=np.array([check.value for check in checks], np.int64),
        billed=np.array([meter.billed for _, meter, _ in found], np.int64),
        common=np.array([meter.common for _, meter, _ in found], np.bool_),
    )
