"""Heating: by the norm (formulas 2, 2(1), 2(3)) or by the meter of the house (formulas 3, 3(1)–3(4)).

Law: Rules 354, cl. 42(1), 59(1), annex 2. A house that pays evenly over the year goes by a twelfth of what
its meter showed last calendar year, or by the norm × months of the season / 12 while no meter stood all year.
In a seasonal house without a meter the whole norm is due in each month of the season (only days of the season
where so chosen): months in which the norm is above zero and the coefficient heating_season, if any, is not
zero. A failed meter of the house is billed by its average for as many periods as a meter of a flat, then the
house goes by the norm.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from billing.basis import Basis
from billing.block import I64, MISSING, Bool, HouseMeter
from billing.boiler import heat_by_boiler
from billing.check_lines import charge_heat
from billing.choices import SEASON_DAYS, answered
from billing.distributors import share_by_distributors
from billing.heat_fix import correct_year
from billing.heat_past import HouseFailure, YearKnown
from billing.house_heat import (
    Areas,
    Bases,
    HouseHeat,
    MeteredHouse,
    areas,
    found_heat,
    house_of_unknown,
    nobody_metered,
    park_neighbours,
    some_metered,
    unheated,
)
from billing.metering import FIRST_AVERAGE, NO_METER
from billing.money import mul_div_half_up
from billing.parked import Reason
from billing.premises import Operands, house_share, with_area
from billing.quantity import DM2_PER_M2, PERMILLE
from billing.rule import clause, emit, service_rule
from billing.services import Component, Method, Service
from billing.use import filled, find_use
from billing.work import AVERAGE_DEN, Rows, Volume, Work

HEATING = Service.HEATING
WHOLE = Component.WHOLE
MONTHS = 12
NOW = Bases(
    Basis.HEAT_HOUSE, Basis.HEAT_HOUSE_METERED, Basis.HEAT_HOUSE_UNMETERED, Basis.HEAT_HOUSE_ALL_METERED
)
EVENLY = Bases(Basis.HEAT_YEAR, Basis.HEAT_YEAR_METERED, Basis.HEAT_YEAR_UNMETERED, Basis.HEAT_YEAR_METERED)
FAILED = Bases(
    Basis.HEAT_FAILED, Basis.HEAT_FAILED_METERED, Basis.HEAT_FAILED_UNMETERED, Basis.HEAT_FAILED_METERED
)


@service_rule(HEATING)
def heating(work: Work) -> None:
    """Houses by their way of paying, then premises inside each."""
    rows = np.flatnonzero(work.has(HEATING))
    if rows.size == 0:
        return
    rows = with_area(work, HEATING, rows)
    block = work.block
    meter = house_meter(work)
    of_areas = areas(work)
    by_boiler = block.method(HEATING)[rows] == Method.BOILER
    everybody = rows
    if by_boiler.any():
        heat_by_boiler(work, rows[by_boiler], in_season(work), _metered(work))
        rows = rows[~by_boiler]
    house = block.accounts.house[rows]
    even, season = block.houses.heating_uniform, in_season(work)
    failed, given_up = _failures(work, meter.failure)
    metered = meter.has & ~given_up
    cold_houses = of_areas.unheated > 0
    _evenly(work, rows[even[house]], of_areas)
    _correct(work, rows[even[house]], of_areas)
    _by_norm(work, rows[(~even & ~metered & season & ~cold_houses)[house]])
    _by_norm_unheated(work, rows[(~even & ~metered & season & cold_houses)[house]], of_areas)
    by_house = rows[(~even & meter.has)[house]]
    if by_house.size:
        individually = _metered(work)
        charge_heat(work, _among(work, by_house) & individually)
        by_house = by_house[metered[block.accounts.house[by_house]]]
        failing = failed[block.accounts.house[by_house]]
        _by_house(work, by_house[~failing], meter, of_areas, season, individually)
        _by_average(work, by_house[failing], meter.failure, of_areas, season, individually)
    share_by_distributors(work, everybody)


def house_meter(work: Work) -> HouseMeter:
    """ОДПУ of heat; a block without any has them nowhere."""
    found = work.block.house_meters.get(HEATING)
    if found is not None:
        return found
    size = len(work.block.houses)
    none = np.zeros(size, np.bool_)
    return HouseMeter(none, none, np.ones(size, np.int8), np.zeros((size, 3), np.int64))


def in_season(work: Work) -> Bool:
    """(H,) the coefficient heating_season is not zero all month.

    A house without it leaves the season to its norm.
    """
    given = work.block.coefficients.get("heating_season")
    if given is None:
        return np.ones(len(work.block.houses), np.bool_)
    return np.asarray((given != 0).any(0), np.bool_)


@clause("ПП 354, прил. 2, ф. 2: неполный месяц сезона")
def _season_area(work: Work, rows: Rows) -> I64:
    """dm2 × days that are due (S, n): of the whole month, or of the days of the season where so chosen."""
    area = work.block.accounts.area_days[:, rows]
    given = work.block.coefficients.get("heating_season")
    by_days = answered(work, SEASON_DAYS, rows) == 1
    if given is None or not by_days.any():
        return area
    off = given[:, work.block.accounts.house[rows]] == 0
    return np.where(by_days & off, 0, area)


def _norm(work: Work, rows: Rows) -> tuple[Rows, I64]:
    """Norm per m2 by segment for rows that have it."""
    norm = work.norm(HEATING, "area", rows)
    gone = work.missing(norm, rows)
    work.park(rows[gone], Reason.NO_NORM, HEATING)
    return rows[~gone], filled(norm[:, ~gone])


@clause("ПП 354, прил. 2, ф. 2")
def _by_norm(work: Work, rows: Rows) -> None:
    rows, norm = _norm(work, rows)
    due = (norm > 0).any(0)
    rows, norm = rows[due], norm[:, due]
    area = _season_area(work, rows)
    volume = Volume(daily=area * norm, daily_den=DM2_PER_M2 * work.days)
    emit(work, HEATING, WHOLE, rows, volume, basis=int(Basis.HEAT_NORM), a=area, b=norm)


@clause("ПП 354, прил. 2, ф. 2(1)")
def _uniform(work: Work, rows: Rows) -> None:
    """S × N × months of the season / 12, in every month alike."""
    rows, norm = _norm(work, rows)
    months = work.block.coefficients.get("heating_months")
    if months is None:
        months = np.full((work.segments, len(work.block.houses)), MISSING, np.int64)
    of_row = months[:, work.block.accounts.house[rows]]
    gone = work.missing(of_row, rows)
    work.park(rows[gone], Reason.NO_NORM, HEATING)
    rows, norm, of_row = rows[~gone], norm[:, ~gone], filled(of_row[:, ~gone])
    area = work.block.accounts.area_days[:, rows]
    den = DM2_PER_M2 * work.days * MONTHS * PERMILLE
    volume = Volume(daily=area * norm * of_row, daily_den=den)
    emit(work, HEATING, WHOLE, rows, volume, basis=int(Basis.HEAT_NORM_UNIFORM), a=area, b=norm)


@clause("ПП 354, прил. 2, ф. 2(3)")
def _by_norm_unheated(work: Work, rows: Rows, of_areas: Areas) -> None:
    """A house without a meter with unheated premises: V_д := N × S_об, divided as by formula 3."""
    rows, norm = _norm(work, rows)
    due = (norm > 0).any(0)
    rows, norm = rows[due], norm[:, due]
    block = work.block
    rows, kept = _with_house(work, rows, of_areas)
    norm = norm[:, kept]
    of_house = np.maximum(work.house_norm(HEATING, "area"), 0).astype(object)
    days = _season_days(work).astype(object)
    volume = (of_house * days).sum(0) * np.maximum(block.houses.area_total_dm2, 1).astype(object)
    den = np.full(len(block.houses), DM2_PER_M2 * work.days, object)
    area = _season_area(work, rows).sum(0)
    _share(work, rows, (volume, den), of_areas, Operands(int(Basis.HEAT_NORM), area, norm[0]))


def _season_days(work: Work) -> I64:
    """Days of the segments that are due in each house, (S, H): see _season_area."""
    days = np.repeat(work.block.days.astype(np.int64)[:, None], len(work.block.houses), 1)
    given, chosen = (work.block.coefficients.get(key) for key in ("heating_season", SEASON_DAYS))
    if given is None or chosen is None:
        return days
    return np.where((chosen[0] == 1) & (given == 0), 0, days)


def _with_house(work: Work, rows: Rows, of_areas: Areas) -> tuple[Rows, Rows]:
    """Rows whose house has what formula 3 needs, and their places; the others are parked."""
    house = work.block.accounts.house[rows]
    no_area = ~of_areas.known[house]
    work.park(rows[no_area], Reason.NO_HOUSE_AREA, HEATING)
    blind = house_of_unknown(work, unheated(work))[house]
    park_neighbours(work, rows[(blind >= 0) & ~no_area], blind[(blind >= 0) & ~no_area])
    kept = np.flatnonzero(~no_area & (blind < 0))
    return rows[kept], kept


def _share(work: Work, rows: Rows, volume: tuple[Any, Any], of_areas: Areas, told: Operands) -> None:
    heated, cold = nobody_metered(work, *volume, of_areas)
    off = unheated(work)[rows]
    for some, per_area in ((~off, heated), (off, cold)):
        house_share(work, HEATING, WHOLE, rows[some], per_area, told.take(some))


def _failures(work: Work, failure: HouseFailure | None) -> tuple[Bool, Bool]:
    """(H,) houses whose failed meter goes by its average, and those in which it is as none."""
    if failure is None:
        none = np.zeros(len(work.block.houses), np.bool_)
        return none, none
    lasts = failure.month <= work.law.average_periods_fault
    averaged = (failure.month > 0) & lasts & (failure.months >= work.law.average_months_least)
    return averaged, (failure.month > 0) & ~averaged


def _by_house(
    work: Work, rows: Rows, meter: HouseMeter, of_areas: Areas, season: Bool, individually: Bool
) -> None:
    """Houses with a meter of heat.

    Without a reading the house waits for it, out of the season nothing is due.
    """
    house = work.block.accounts.house[rows]
    lacking = ~meter.has_reading[house]
    work.park(rows[lacking & season[house]], Reason.NO_HOUSE_READING, HEATING)
    volume = meter.volume[:, 0]
    heat = _heat_now(work, volume * AVERAGE_DEN, volume, individually, NOW)
    _divide(work, rows[~lacking], of_areas, heat)


@clause("ПП 354, п. 59(1)")
def _by_average(
    work: Work,
    rows: Rows,
    failure: HouseFailure | None,
    of_areas: Areas,
    season: Bool,
    individually: Bool,
) -> None:
    """The average month of a failed meter of the house; nothing out of the season."""
    if failure is None or rows.size == 0:
        return
    rows = rows[season[work.block.accounts.house[rows]]]
    told = mul_div_half_up(failure.average60, 1, AVERAGE_DEN)
    _divide(work, rows, of_areas, _heat_now(work, failure.average60, told, individually, FAILED))


def _heat_now(work: Work, volume60: I64, told: I64, individually: Bool, bases: Bases) -> HouseHeat:
    """The month's heat of houses, flats by their own meters."""
    used = work.used[HEATING]
    over60 = np.where(used.even_den == 1, used.even * AVERAGE_DEN, used.even)
    found60 = found_heat(work) * AVERAGE_DEN  # a line of its own (п. 61), not the month's V_i
    over60 = over60 - found60
    own = mul_div_half_up(over60, 1, AVERAGE_DEN)
    return HouseHeat(volume60, individually, over60, told, own, bases, found60)


def _among(work: Work, rows: Rows) -> Bool:
    """(N,) accounts of the rows."""
    out = np.zeros(len(work.block), np.bool_)
    out[rows] = True
    return out


def _evenly(work: Work, rows: Rows, of_areas: Areas) -> None:
    """Houses that pay evenly: by last year where a meter stood all of it, else by the norm."""
    year = work.block.heat_year
    if year is None:
        _uniform(work, rows)
        return
    state = year.state[work.block.accounts.house[rows]]
    last_year = f"{work.block.period.year - 1} год"
    work.park(rows[state == YearKnown.UNKNOWN], Reason.NO_HOUSE_YEAR, HEATING, last_year)
    _uniform(work, rows[state == YearKnown.YOUNG])
    _by_year(work, rows[state == YearKnown.KNOWN], of_areas)


@clause("ПП 354, прил. 2, ф. 3(2), 3(4)")
def _by_year(work: Work, rows: Rows, of_areas: Areas) -> None:
    """A twelfth of last year's volumes, divided as a month's would be."""
    year = work.block.heat_year
    if year is None or rows.size == 0:
        return
    twelfth = AVERAGE_DEN // MONTHS
    metered = year.metered & ~unheated(work) & work.has(HEATING)
    heat = HouseHeat(year.house * twelfth, metered, year.account * twelfth, year.house, year.account, EVENLY)
    _divide(work, rows, of_areas, heat)


def _correct(work: Work, rows: Rows, of_areas: Areas) -> None:
    """In the month of the correction: last year's heat is divided once more, whole, and only compared."""
    fix, year = work.block.heat_fix, work.block.heat_year
    if fix is None or year is None:
        return
    known = year.state[work.block.accounts.house[rows]] == YearKnown.KNOWN
    rows = rows[known & fix.due[rows]]
    if rows.size == 0:
        return
    metered = year.metered & ~unheated(work) & work.has(HEATING)
    of_year = year.house * AVERAGE_DEN, metered, year.account * AVERAGE_DEN
    before = len(work.parts)
    _divide(work, rows, of_areas, HouseHeat(*of_year, year.house, year.account, EVENLY))
    parts = work.parts[before:]
    del work.parts[before:]
    correct_year(work, fix, year, rows, parts)


def _metered(work: Work) -> Bool:
    """(N,) accounts with a usable heat meter; past its average periods a meter is as none."""
    rank = find_use(work, HEATING, needs_norm=False).joined.rank
    used = (rank >= FIRST_AVERAGE) & (rank != NO_METER)
    return np.asarray(used & ~unheated(work), np.bool_)


def _divide(work: Work, rows: Rows, of_areas: Areas, heat: HouseHeat) -> None:
    """Lines of the premises of houses whose heat is known."""
    house = work.block.accounts.house[rows]
    with_meters = work.block.by_house(heat.metered.astype(np.int64)) > 0
    running = heat.volume60 != 0
    rows = rows[(running | with_meters)[house]]
    rows, _ = _with_house(work, rows, of_areas)
    house = work.block.accounts.house[rows]
    plain = rows[~with_meters[house]]
    told = Operands(
        int(heat.bases.plain),
        heat.told_house[work.block.accounts.house[plain]],
        work.block.accounts.area_dm2[plain],
    )
    sixty = np.full(len(heat.volume60), AVERAGE_DEN, object)
    _share(work, plain, (heat.volume60.astype(object), sixty), of_areas, told)
    _by_meters(work, rows[with_meters[house]], heat, of_areas)


def _by_meters(work: Work, rows: Rows, heat: HouseHeat, of_areas: Areas) -> None:
    """Houses in which some premises have meters of heat: few, so house by house in exact integers."""
    accounts, individually = work.block.accounts, heat.metered
    blind = house_of_unknown(work, individually)[accounts.house[rows]]
    park_neighbours(work, rows[blind >= 0], blind[blind >= 0])
    rows = rows[blind < 0]
    if rows.size == 0:
        return
    area, off = accounts.area_days.sum(0), unheated(work)
    num, den, basis = (np.zeros(len(rows), np.int64) for _ in range(3))
    house = accounts.house[rows]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(house)) + 1])
    for first, after in zip(starts, [*starts[1:], len(rows)], strict=True):
        own, at = rows[first:after], int(house[first])
        found60 = 0 if heat.found60 is None else int(heat.found60[own[individually[own]]].sum())
        of = MeteredHouse(own, individually[own], off[own], heat.over60[own], area[own], found60)
        here = slice(first, after)
        total, cold = int(of_areas.total[at]), int(of_areas.unheated[at])
        num[here], den[here], basis[here] = some_metered(of, total, cold, int(heat.volume60[at]), heat.bases)
    b = np.where(individually[rows], heat.told_account[rows], accounts.area_dm2[rows])
    volume = Volume(even=num, even_den=den)
    emit(work, HEATING, WHOLE, rows, volume, basis=basis, a=heat.told_house[house], b=b)
