"""What a case says of the past: last year's heat, failed meters of houses, readings of a tariff's day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from billing.block import Cut
from billing.common_past import CommonFix, CommonPast
from billing.heat_past import Distributors, HeatFix, HeatYear, HouseFailure, YearKnown
from billing.lawcase.model import AccountSpec, CommonSpec, HouseSpec, MeterSpec
from billing.metering import average_over_60


def heat_year_of(houses: Sequence[HouseSpec], specs: Sequence[AccountSpec]) -> HeatYear | None:
    """Last year of the houses that tell it; the others pay by the norm."""
    if all(house.heat_year is None for house in houses):
        return None
    told = [house.heat_year or (YearKnown.YOUNG, 0) for house in houses]
    years = [[m.heat_year for m in spec.meters if m.heat_year is not None] for spec in specs]
    return HeatYear(
        state=np.array([int(state) for state, _ in told], np.int64),
        house=np.array([volume for _, volume in told], np.int64),
        account=np.array([sum(volumes) for volumes in years], np.int64),
        metered=np.array([bool(volumes) for volumes in years], np.bool_),
    )


def failure_of(houses: Sequence[HouseSpec], service: int) -> HouseFailure | None:
    """Failed meters of the service in these houses."""
    found = [
        house.house_meters[service].failure if service in house.house_meters else None for house in houses
    ]
    if all(one is None for one in found):
        return None
    window = np.array([[0 if one is None else one.volume] * 3 for one in found], np.int64)
    months = np.array([0 if one is None else one.months for one in found], np.int64)
    return HouseFailure(
        month=np.array([0 if one is None else one.month for one in found], np.int64),
        average60=average_over_60(window, months)[:, 0],
        months=months,
    )


def cut_of(meters: Sequence[MeterSpec]) -> Cut | None:
    """Readings on the day of a tariff."""
    if all(meter.on_change is None for meter in meters):
        return None
    day = [0 if meter.on_change is None else meter.on_change[0].day for meter in meters]
    value = [(0, 0, 0) if meter.on_change is None else meter.on_change[1] for meter in meters]
    return Cut(np.array(day, np.int16), np.array(value, np.int64).reshape(len(meters), 3))


def common_of(meters: Sequence[MeterSpec]) -> npt.NDArray[np.bool_] | None:
    """(M,) meters of whole communal flats."""
    out = np.array([meter.common for meter in meters], np.bool_)
    return out if out.any() else None


def flats_of(houses: Sequence[HouseSpec]) -> npt.NDArray[np.int32]:
    """(N,) a number for every flat; accounts of a house with one name of a flat share it."""
    known: dict[tuple[int, str], int] = {}
    out = []
    for house, spec in enumerate(houses):
        for at, account in enumerate(spec.accounts):
            key = (house, account.flat or f"\0{at}")
            out.append(known.setdefault(key, len(known) + 1))
    return np.array(out, np.int32)


def heat_fix_of(specs: Sequence[AccountSpec]) -> HeatFix | None:
    """Last year of the accounts that tell it."""
    years = [spec.heat_last_year for spec in specs]
    if all(year is None for year in years):
        return None
    return HeatFix(
        np.array([year is not None for year in years], np.bool_),
        np.array([0 if year is None else year.cost for year in years], np.int64),
        np.array([0 if year is None else year.billed for year in years], np.int64),
        np.array([0 if year is None else year.volume for year in years], np.int64),
    )


def distributors_of(specs: Sequence[AccountSpec]) -> Distributors | None:
    """Distributors of heat of the accounts that have them."""
    told = [spec.distributors for spec in specs]
    if all(one is None for one in told):
        return None
    return Distributors(
        np.array([one is not None for one in told], np.bool_),
        np.array([0 if one is None else one[0] for one in told], np.int64),
        np.array([0 if one is None else one[1] for one in told], np.int64),
    )


def common_pasts_of(houses: Sequence[HouseSpec]) -> dict[int, CommonPast] | None:
    """Kept months of common needs of the houses that tell them."""
    specs = [account for house in houses for account in house.accounts]
    services = {service for house in houses for service in house.common_past}
    services |= {service for spec in specs for service in spec.common_last_year}
    out = {}
    for service in sorted(services):
        told = [house.common_past.get(service, CommonSpec()) for house in houses]
        columns = [(one.carried, one.year, one.months) for one in told]
        carried, year, months = np.array(columns, np.int64).reshape(-1, 3).T.copy()
        out[service] = CommonPast(carried, year, months, _common_fix_of(houses, specs, service))
    return out or None


def _common_fix_of(
    houses: Sequence[HouseSpec], specs: Sequence[AccountSpec], service: int
) -> CommonFix | None:
    years = [spec.common_last_year.get(service) for spec in specs]
    if all(year is None for year in years):
        return None
    told = [any(service in account.common_last_year for account in house.accounts) for house in houses]
    none = np.zeros(len(houses), np.int64)
    return CommonFix(
        house=np.array(told, np.bool_),
        used=none,
        left=none,
        due=np.array([year is not None for year in years], np.bool_),
        cost=np.array([0 if year is None else year.cost for year in years], np.int64),
        billed=np.array([0 if year is None else year.billed for year in years], np.int64),
    )
