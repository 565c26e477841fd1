"""Divided premises of cases: the account with an area holds the premises, the others only have shares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from billing.coowners import Divided
from billing.history import has_temporary_stay
from billing.lawcase.model import AccountSpec, HouseSpec, Stay
from billing.period import Period

ONE_DAY = dt.timedelta(days=1)


def premises_of(houses: Sequence[HouseSpec]) -> list[tuple[int, list[int]]]:
    """Row of the holder and rows of all parts of each divided premises; rows count through the houses."""
    out, start = [], 0
    for house in houses:
        flats: dict[str, list[int]] = {}
        for at, spec in enumerate(house.accounts, start):
            if spec.share is not None:
                flats.setdefault(spec.flat, []).append(at)
        for rows in flats.values():
            holder = [at for at in rows if _has_area(house.accounts[at - start])]
            assert len(holder) == 1, "a divided premises of a case has its area at one account"
            out.append((holder[0], sorted(rows, key=lambda at: (at != holder[0], at))))
        start += len(house.accounts)
    return out


def _has_area(spec: AccountSpec) -> bool:
    return any(step.value is not None for step in spec.area)


def whole_specs(
    houses: Sequence[HouseSpec], specs: Sequence[AccountSpec], period: Period
) -> Sequence[AccountSpec]:
    """The accounts as the rules see them: everybody lives at the holder, other parts are not open."""
    found = premises_of(houses)
    if not found:
        return specs
    out = list(specs)
    for holder, rows in found:
        parts = [specs[at] for at in rows]
        for at in rows:
            out[at] = replace(specs[at], closed=period.first_day - ONE_DAY, residents=(), temporary=())
        out[holder] = replace(
            specs[holder],
            residents=tuple(stay for one in parts for stay in one.residents),
            temporary=tuple(stay for one in parts for stay in one.temporary),
            owners=max(specs[holder].owners, len(parts)),
            absences=tuple(one for part in parts for one in part.absences),
        )
    return out


def divided_of(houses: Sequence[HouseSpec], specs: Sequence[AccountSpec], period: Period) -> Divided | None:
    """Shares of the parts and the people of each."""
    found = premises_of(houses)
    if not found:
        return None
    rows = [(holder, at) for holder, parts in found for at in parts]
    mine = [specs[at] for _, at in rows]
    last = period.last_day
    return Divided(
        whole=np.array([holder for holder, _ in rows], np.int32),
        account=np.array([at for _, at in rows], np.int32),
        num=np.array([spec.share[0] for spec in mine if spec.share], np.int64),
        den=np.array([spec.share[1] for spec in mine if spec.share], np.int64),
        person_days=np.array([_person_days(spec, period) for spec in mine], np.int64),
        persons=np.array([_people(spec, last) or spec.owners for spec in mine], np.int16),
        by_people=np.array([sum(1 << s for s in specs[holder].by_people) for holder, _ in rows], np.int64),
    )


def _person_days(spec: AccountSpec, period: Period) -> int:
    days = [period.first_day + at * ONE_DAY for at in range(period.days)]
    stays = (
        *spec.residents,
        *(one for one in spec.temporary if one.first is None or has_temporary_stay(one.first, one.last)),
    )
    return sum(_on(stay, day) for stay in stays for day in days)


def _people(spec: AccountSpec, day: dt.date) -> int:
    return sum(_on(stay, day) for stay in spec.residents)


def _on(stay: Stay, day: dt.date) -> int:
    """People of a stay on a day."""
    begun = stay.first is None or stay.first <= day
    return stay.count if begun and (stay.last is None or day <= stay.last) else 0
