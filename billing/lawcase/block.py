"""Houses of cases → one Block, column by column, by the definitions of billing.history, as storage does.

Days of the month are columns of width D first; segments are cut where any value of any house changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.benefits import CAPITAL_MINIMUM
from billing.block import (
    MISSING,
    Accounts,
    Block,
    HouseMeter,
    Houses,
    HouseService,
    Meters,
    Norm,
    Rate,
)
from billing.choices import AVERAGE_WINDOW, FAULT_DAYS, PEOPLE_LINES
from billing.history import (
    AVERAGE_MONTHS_CHOSEN,
    AVERAGE_MONTHS_MAX,
    MeterState,
    counted_people,
    has_temporary_stay,
    state,
)
from billing.law import change_days
from billing.lawcase.acts import checked_of, unauthorised_of
from billing.lawcase.benefits import benefit_columns
from billing.lawcase.block_divided import divided_of, whole_specs
from billing.lawcase.block_past import (
    common_of,
    common_pasts_of,
    cut_of,
    distributors_of,
    failure_of,
    flats_of,
    heat_fix_of,
    heat_year_of,
)
from billing.lawcase.block_relief import absent_of, troubles_of
from billing.lawcase.model import AccountSpec, HouseSpec, MeterSpec, NormStep, Stay, Step
from billing.period import Period

I64 = npt.NDArray[np.int64]
SUPPLIER_BASE = 100


@dataclass(frozen=True, slots=True)
class Built:
    """The block, and where the accounts of each house begin in it."""

    block: Block
    starts: list[int]


Memo = dict[tuple[int, int], MeterState | None]


def build(houses: Sequence[HouseSpec], period: Period, first_id: int = 1, memo: Memo | None = None) -> Built:
    """Columns of whole houses in the given order; account ids ascend from first_id.

    memo keeps states of meters by identity and month between calls; its specs must stay alive as long as it.
    """
    specs = [account for house in houses for account in house.accounts]
    starts = np.cumsum([0, *(len(house.accounts) for house in houses)])[:-1].tolist()
    segments = _segments(houses, period)
    wholes = whole_specs(houses, specs, period)
    meters = _meters(houses, period, {} if memo is None else memo)
    block = Block(
        period=period,
        first_day=np.array([first + 1 for first in segments.first], np.int16),
        days=np.diff([*segments.first, period.days]).astype(np.int16),
        houses=_houses(houses),
        accounts=_accounts(houses, wholes, period, segments, first_id),
        meters=_columns(meters),
        house_meters=_house_meters(houses),
        heat_year=heat_year_of(houses, specs),
        heat_fix=heat_fix_of(specs),
        distributors=distributors_of(specs),
        common=common_pasts_of(houses),
        services=_services(houses, specs, starts),
        rates=_rates(houses, period, segments),
        norms=_norms(houses, period, segments),
        coefficients=_coefficients(houses, period, segments),
        absent=absent_of(wholes, _lived(wholes, period), segments.first, period),
        troubles=troubles_of(houses, starts, period),
        unauthorised=unauthorised_of(specs, period),
        checked=checked_of(meters),
        divided=divided_of(houses, specs, period),
        benefits=benefit_columns(
            specs, _lived(specs, period), _opened(specs, period), period, _capital_minimum(houses)
        ),
    )
    return Built(block, starts)


# ---- days and segments -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Segments:
    """0-based first days of the segments."""

    first: list[int]

    def sums(self, daily: I64) -> I64:
        """(N, D) → (S, N) sums over the days of each segment."""
        return np.add.reduceat(daily, self.first, axis=1).T.copy()


def _clip(day: int, days: int) -> int:
    return min(max(day, 0), days)


def _daily(steps: Iterable[Step], period: Period) -> I64:
    """(D,) value of each day, MISSING before the first version and where it ends."""
    out = np.full(period.days, MISSING, np.int64)
    for step in steps:
        since = 0 if step.since is None else _clip((step.since - period.first_day).days, period.days)
        out[since:] = MISSING if step.value is None else step.value
    return out


def _daily_norm(steps: Iterable[NormStep], period: Period, rooms: int, persons: int) -> I64:
    """(D, rooms, persons): the latest version wins, of one date the narrower row."""
    out = np.full((period.days, rooms, persons), MISSING, np.int64)
    order = sorted(steps, key=_norm_order)
    for step in order:
        since = 0 if step.since is None else _clip((step.since - period.first_day).days, period.days)
        row = slice(None) if step.rooms is None else slice(step.rooms - 1, step.rooms)
        column = slice(None) if step.persons is None else slice(step.persons - 1, step.persons)
        out[since:, row, column] = MISSING if step.value is None else step.value
    return out


def _norm_order(step: NormStep) -> tuple[int, int]:
    since = 0 if step.since is None else step.since.toordinal()
    return since, (step.rooms is not None) + (step.persons is not None)


def _norm_size(steps: Iterable[NormStep]) -> tuple[int, int]:
    rows = list(steps)
    return max((s.rooms or 1 for s in rows), default=1), max((s.persons or 1 for s in rows), default=1)


def _changes(daily: I64) -> list[int]:
    """0-based days whose value differs from the day before."""
    flat = daily.reshape(len(daily), -1)
    return (np.flatnonzero((flat[1:] != flat[:-1]).any(axis=1)) + 1).tolist()


def _segments(houses: Sequence[HouseSpec], period: Period) -> Segments:
    """Cut where a tariff, norm or coefficient really changes; a version with an equal value does not cut."""
    cuts = {0, *(day - 1 for day in change_days(period))}
    for house in houses:
        law = house.law
        for steps in (
            *law.tariffs.values(),
            *law.tariffs_nonresidential.values(),
            *law.coefficients.values(),
        ):
            if len(steps) > 1 or steps[0].since is not None:
                cuts.update(_changes(_daily(steps, period)))
        for norm in law.norms.values():
            if len(norm) > 1 or norm[0].since is not None:
                cuts.update(_changes(_daily_norm(norm, period, *_norm_size(norm))))
        if PEOPLE_LINES in law.coefficients:
            cuts.update(day for day in _stays(house, period) if day > 0)
        if FAULT_DAYS in law.coefficients:
            cuts.update(_event_days(house, period))
    return Segments(sorted(cuts))


def _event_days(house: HouseSpec, period: Period) -> Iterable[int]:
    """0-based days on which a row of faults or refusals would end, counted from the day of its event."""
    for spec in house.accounts:
        for meter in spec.meters:
            found = state(meter.facts, period)
            if found is not None and 1 < found.event_day <= period.days:
                yield found.event_day - 1


def _stays(house: HouseSpec, period: Period) -> Iterable[int]:
    """0-based days of the month on which people of the house's accounts change."""
    for spec in house.accounts:
        for stay in (*spec.residents, *spec.temporary):
            days = [stay.first, None if stay.last is None else stay.last + dt.timedelta(days=1)]
            yield from ((day - period.first_day).days for day in days if day and Period.of(day) == period)


# ---- houses ----------------------------------------------------------------------------------------------


def _houses(houses: Sequence[HouseSpec]) -> Houses:
    size = len(houses)
    return Houses(
        id=np.arange(1, size + 1, dtype=np.int32),
        company_id=np.arange(1, size + 1, dtype=np.int32),
        zone=np.ones(size, np.int16),
        area_total_dm2=np.array([_known(h.area_total_dm2) for h in houses], np.int64),
        area_common_dm2=np.array([_known(h.area_common_dm2) for h in houses], np.int64),
        heating_uniform=np.array([h.heating_uniform for h in houses], np.bool_),
    )


def _known(value: int | None) -> int:
    return MISSING if value is None else value


def _house_meters(houses: Sequence[HouseSpec]) -> dict[int, HouseMeter]:
    out: dict[int, HouseMeter] = {}
    for service in sorted({s for house in houses for s in house.house_meters}):
        size = len(houses)
        meter = HouseMeter(
            has=np.zeros(size, np.bool_),
            has_reading=np.zeros(size, np.bool_),
            zones=np.ones(size, np.int8),
            volume=np.zeros((size, 3), np.int64),
        )
        for at, house in enumerate(houses):
            spec = house.house_meters.get(service)
            if spec is not None:
                meter.has[at] = True
                meter.zones[at] = spec.zones
                meter.has_reading[at] = spec.volume is not None
                meter.volume[at] = spec.volume or (0, 0, 0)
        meter.failure = failure_of(houses, service)
        out[service] = meter
    return out


def _services(
    houses: Sequence[HouseSpec], specs: Sequence[AccountSpec], starts: Sequence[int]
) -> dict[int, HouseService]:
    """Suppliers and methods of houses, and accounts that differ from their house."""
    named = {s for house in houses for s in house.services}
    named |= {s for spec in specs for s in spec.services or ()}
    out: dict[int, HouseService] = {}
    for service in sorted(named):
        off: list[int] = []
        on: list[int] = []
        for house, start in zip(houses, starts, strict=True):
            has = service in house.services
            for at, spec in enumerate(house.accounts, start):
                wanted = has if spec.services is None else service in spec.services
                if wanted != has:
                    (on if wanted else off).append(at)
        supplier = SUPPLIER_BASE + service
        out[service] = HouseService(
            supplier=np.array([supplier if service in h.services else 0 for h in houses], np.int32),
            method=np.array([h.methods.get(service, 0) for h in houses], np.int16),
            off=np.array(off, np.int32),
            on=np.array(on, np.int32),
            on_supplier=np.full(len(on), supplier, np.int32),
        )
    return out


# ---- law values ------------------------------------------------------------------------------------------


def _rates(houses: Sequence[HouseSpec], period: Period, segments: Segments) -> dict[tuple[int, int], Rate]:
    """Population and non-residential tariffs; the latter are those of the population where not given."""
    keys = {key for house in houses for key in (*house.law.tariffs, *house.law.tariffs_nonresidential)}
    out: dict[tuple[int, int], Rate] = {}
    for key in sorted(keys):
        values = np.full((len(segments.first), 2, len(houses)), MISSING, np.int64)
        for at, house in enumerate(houses):
            plain = house.law.tariffs.get(key, ())
            for consumer, steps in enumerate((plain, house.law.tariffs_nonresidential.get(key, plain))):
                values[:, consumer, at] = _daily(steps, period)[segments.first]
        out[key] = Rate(values)
    return out


def _norms(houses: Sequence[HouseSpec], period: Period, segments: Segments) -> dict[tuple[int, str], Norm]:
    """A group a house; rooms and persons as wide as the widest table, narrower ones repeat their edge."""
    out: dict[tuple[int, str], Norm] = {}
    for key in sorted({key for house in houses for key in house.law.norms}):
        tables = [house.law.norms.get(key, ()) for house in houses]
        sizes = [_norm_size(table) for table in tables]
        rooms, persons = max(s[0] for s in sizes), max(s[1] for s in sizes)
        values = np.full((len(segments.first), len(houses), rooms, persons), MISSING, np.int64)
        row, column = np.arange(rooms), np.arange(persons)
        for at, (table, (own_rooms, own_persons)) in enumerate(zip(tables, sizes, strict=True)):
            if table:
                own = _daily_norm(table, period, own_rooms, own_persons)[segments.first]
                wide = own[:, np.minimum(row, own_rooms - 1)]
                values[:, at] = wide[:, :, np.minimum(column, own_persons - 1)]
        out[key] = Norm(values, np.arange(len(houses), dtype=np.int32))
    return out


def _coefficients(houses: Sequence[HouseSpec], period: Period, segments: Segments) -> dict[str, I64]:
    out: dict[str, I64] = {}
    for key in sorted({key for house in houses for key in house.law.coefficients}):
        values = np.full((len(segments.first), len(houses)), MISSING, np.int64)
        for at, house in enumerate(houses):
            values[:, at] = _daily(house.law.coefficients.get(key, ()), period)[segments.first]
        out[key] = values
    return out


# ---- accounts --------------------------------------------------------------------------------------------


def _people(stays: Iterable[Stay], period: Period, row: I64) -> None:
    """Adds people to the days of (D,) `row`."""
    for stay in stays:
        first = 0 if stay.first is None else (stay.first - period.first_day).days
        after = period.days if stay.last is None else (stay.last - period.first_day).days + 1
        row[_clip(first, period.days) : _clip(after, period.days)] += stay.count


def _lived(specs: Sequence[AccountSpec], period: Period) -> I64:
    """(N, D) permanent residents of the days on which the account is open; only where rules ask for them."""
    out = np.zeros((len(specs), period.days), np.int64)
    for at, spec in enumerate(specs):
        if spec.absences or spec.benefits:
            _people(spec.residents, period, out[at])
    return out * _opened(specs, period)


def _capital_minimum(houses: Sequence[HouseSpec]) -> int:
    """The minimum contribution a case names, 0 when none does; strangers have no льготы."""
    named = (house.law.coefficients.get(CAPITAL_MINIMUM, ()) for house in houses)
    return max((step.value or 0 for steps in named for step in steps), default=0)


def _opened(specs: Sequence[AccountSpec], period: Period) -> I64:
    """(N, D) 1 on the days on which the account is open."""
    out = np.zeros((len(specs), period.days), np.int64)
    for at, spec in enumerate(specs):
        opened = 0 if spec.opened is None else _clip((spec.opened - period.first_day).days, period.days)
        closed = period.days
        if spec.closed is not None:
            closed = _clip((spec.closed - period.first_day).days + 1, period.days)
        out[at, opened:closed] = 1
    return out


def _counts(stay: Stay) -> bool:
    """Whether a temporary stay is long enough; without a first day it began long ago."""
    return stay.first is None or has_temporary_stay(stay.first, stay.last)


def _accounts(
    houses: Sequence[HouseSpec],
    specs: Sequence[AccountSpec],
    period: Period,
    segments: Segments,
    first_id: int,
) -> Accounts:
    size, days = len(specs), period.days
    residents, temporary, area = (np.zeros((size, days), np.int64) for _ in range(3))
    opened = np.zeros((size, days), np.bool_)
    for at, spec in enumerate(specs):
        _people(spec.residents, period, residents[at])
        _people((stay for stay in spec.temporary if _counts(stay)), period, temporary[at])
        area[at] = _daily(spec.area, period)
        first = 0 if spec.opened is None else _clip((spec.opened - period.first_day).days, days)
        after = days if spec.closed is None else _clip((spec.closed - period.first_day).days + 1, days)
        opened[at, first:after] = True
    owners = np.array([spec.owners for spec in specs], np.int64)
    counted = counted_people(residents, temporary, np.broadcast_to(owners[:, None], residents.shape))
    last = days - 1 - np.argmax(opened[:, ::-1], axis=1)
    rows = np.arange(size)
    at_end, area_end = residents[rows, last], area[rows, last]
    house = np.repeat(np.arange(len(houses)), [len(h.accounts) for h in houses])
    living = [_known(spec.living_area_dm2) for spec in specs]
    heated = [_known(spec.heated_area_dm2) for spec in specs]
    return Accounts(
        id=np.arange(first_id, first_id + size, dtype=np.int32),
        house=house.astype(np.int32),
        company_id=(house + 1).astype(np.int32),
        kind=np.array([spec.kind for spec in specs], np.int8),
        rooms=np.array([spec.rooms for spec in specs], np.int16),
        persons=np.where(at_end > 0, at_end, owners).astype(np.int16),
        area_dm2=area_end,
        living_area_dm2=np.where(np.array(living) == MISSING, area_end, living).astype(np.int64),
        heated_area_dm2=np.where(np.array(heated) == MISSING, area_end, heated).astype(np.int64),
        open_days=segments.sums(opened.astype(np.int64)),
        area_days=segments.sums(np.where(opened & (area != MISSING), area, 0)),
        norm_person_days=segments.sums(np.where(opened, counted, 0)),
        temporary_days=segments.sums(np.where(opened, temporary, 0)),
        by_owners=np.asarray(~(opened & (residents > 0)).any(axis=1), np.bool_),
        meter_impossible=np.array([_bits(spec.meter_impossible) for spec in specs], np.int32),
        flat=flats_of(houses),
    )


def _bits(services: Iterable[int]) -> int:
    return sum(1 << service for service in services)


# ---- meters ----------------------------------------------------------------------------------------------


Standing = list[tuple[int, MeterSpec, MeterState]]  # account index, the meter, what its past means


def _longest(house: HouseSpec) -> int:
    """The longest window of the average in the house."""
    chosen = house.law.coefficients.get(AVERAGE_WINDOW)
    return AVERAGE_MONTHS_CHOSEN if chosen and chosen[0].value else AVERAGE_MONTHS_MAX


def _meters(houses: Sequence[HouseSpec], period: Period, memo: Memo) -> Standing:
    """Meters in force in the month, in order of accounts."""
    rows: Standing = []
    of_house = [(account, _longest(house)) for house in houses for account in house.accounts]
    for at, (spec, longest) in enumerate(of_house):
        for meter in spec.meters:
            key = (id(meter), period.ordinal)
            if key not in memo:
                memo[key] = state(meter.facts, period, longest)
            found = memo[key]
            if found is not None:
                rows.append((at, meter, found))
    return rows


def _columns(rows: Standing) -> Meters:
    windows = [meter.window or (found.window, found.window_months) for _, meter, found in rows]
    return Meters(
        id=np.arange(1, len(rows) + 1, dtype=np.int32),
        account=np.array([at for at, _, _ in rows], np.int32),
        service=np.array([meter.service for _, meter, _ in rows], np.int16),
        zones=np.array([meter.zones for _, meter, _ in rows], np.int8),
        digits=np.array([meter.facts.digits for _, meter, _ in rows], np.int8),
        has_reading=np.array([found.has_reading for _, _, found in rows], np.bool_),
        start=_zones([found.start for _, _, found in rows]),
        end=_zones([found.end for _, _, found in rows]),
        gap_months=np.array([found.gap_months for _, _, found in rows], np.int16),
        silent_months=np.array([found.silent_months for _, _, found in rows], np.int16),
        failed_month=np.array([found.failed_month for _, _, found in rows], np.int16),
        refused_month=np.array([found.refused_month for _, _, found in rows], np.int16),
        second_refusal=np.array([found.second_refusal for _, _, found in rows], np.bool_),
        supplier_duty=np.array([meter.supplier_duty for _, meter, _ in rows], np.bool_),
        window=_zones([volumes for volumes, _ in windows]),
        window_months=np.array([months for _, months in windows], np.int16),
        event_day=np.array([found.event_day for _, _, found in rows], np.int16),
        billed=_zones([(0, 0, 0) if found.check else meter.billed for _, meter, found in rows]),
        common=common_of([meter for _, meter, _ in rows]),
        cut=cut_of([meter for _, meter, _ in rows]),
    )


def _zones(values: Sequence[tuple[int, int, int]]) -> I64:
    return np.array(values, np.int64).reshape(len(values), 3)
