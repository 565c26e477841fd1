"""How the heat of a house is divided among its premises: formulas 3, 3(1), 3(3), and 2(3) where some are
unheated.

Law: Rules 354, annex 2: P_i = (V_i + S_i / S_об × (V_д − ΣV_i)) × T, where V_i is
 - nobody has meters: S_i × V_д / (S_об − S_инд + S_ои), 0 for an unheated premises (3, 3(6));
 - some have: the reading, or S_i × ΣV / ΣS of the metered for the others, 0 for an unheated one (3(1), 3(7));
 - all have: the reading (3(3)).
Premises with heated area 0 make S_инд. Areas are dm2 × days, so that an account counts by the days it was
open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.basis import Basis
from billing.block import I64, Bool
from billing.parked import Reason
from billing.premises import PerArea, fitted
from billing.rule import clause
from billing.services import Service
from billing.work import AVERAGE_DEN, Rows, Work

Objects = npt.NDArray[Any]


@dataclass(slots=True)
class Areas:
    """Areas × days of each house, (H,): S_об, S_ои, S_инд. known: S_об is written down."""

    total: I64
    common: I64
    unheated: I64
    known: Bool


def areas(work: Work) -> Areas:
    """Areas of the houses over the month."""
    block, days = work.block, work.days
    cold = unheated(work)
    area_days = block.accounts.area_days.sum(0)
    return Areas(
        total=block.houses.area_total_dm2 * days,
        common=np.maximum(block.houses.area_common_dm2, 0) * days,
        unheated=block.by_house(np.where(cold, area_days, 0)),
        known=block.houses.area_total_dm2 > 0,
    )


def unheated(work: Work) -> Bool:
    """(N,) open premises without heating devices."""
    return np.asarray((work.block.accounts.heated_area_dm2 == 0) & (work.open_total > 0), np.bool_)


def house_of_unknown(work: Work, needed: Bool) -> I64:
    """(H,) the first account of the house whose area is needed and unknown, −1 where there is none."""
    accounts = work.block.accounts
    out = np.full(len(work.block.houses), -1, np.int64)
    lost = np.flatnonzero(needed & (accounts.area_dm2 <= 0))[::-1]
    out[accounts.house[lost]] = lost
    return out


def park_neighbours(work: Work, rows: Rows, culprit: I64) -> None:
    """Parks rows until the area of the account `culprit` (n,) of their house is known, and that account."""
    for of in np.unique(culprit):
        account = str(int(work.block.accounts.id[of]))
        mine = rows[(culprit == of) & (rows != of)]
        work.park(mine, Reason.NEIGHBOUR, Service.HEATING, account)
        work.park(rows[rows == of], Reason.NO_AREA, Service.HEATING)


def found_heat(work: Work) -> I64:
    """(N,) what checks of meters of heat found, micro-Gcal."""
    found = np.zeros(len(work.block), np.int64)
    acts = work.block.checked
    if acts is not None:
        mine = (acts.service == Service.HEATING) & work.has(Service.HEATING)[acts.account]
        np.add.at(found, acts.account[mine].astype(np.intp), acts.volume()[mine].sum(1))
    return found


@clause("ПП 354, прил. 2, ф. 3, 3(6)")
def nobody_metered(work: Work, volume: Objects, den: Objects, of: Areas) -> tuple[PerArea, PerArea]:
    """Volume of the house for each dm2 of a heated and of an unheated premises.

    volume / den (H,) micro-units, Python integers. With S_инд = 0 the first is V_д / S_об.
    """
    total, common, cold = (column.astype(object) for column in (of.total, of.common, of.unheated))
    plain = cold == 0
    divided = np.where(of.known, total - cold + common, 0)
    some = np.asarray(~plain & (divided > 0), np.bool_)
    heated = np.where(some, total + common, np.where(plain, 1, 0))
    rest = np.where(some, common, 0)
    s_total = np.where(of.known, work.block.houses.area_total_dm2, 1).astype(object)
    below = den * s_total * np.where(some, divided, 1)
    return PerArea.of(volume * heated, below, work.segments), PerArea.of(volume * rest, below, work.segments)


@dataclass(slots=True)
class MeteredHouse:
    """Rows of one house in which some have meters of heat: who, V_i × 60 (0 without one), dm2 × days.

    found60: what checks of meters found, charged apart (п. 61): so much less is left of the house's volume.
    """

    rows: Rows
    metered: Bool
    unheated: Bool
    over60: I64
    area: I64
    found60: int = 0


@dataclass(frozen=True, slots=True)
class Bases:
    """How a line of a house is called: nobody has meters, this one has, this one has none, all have."""

    plain: Basis
    metered: Basis
    unmetered: Basis
    all_metered: Basis


@dataclass(slots=True)
class HouseHeat:
    """Heat of houses to divide: volume60 (H,) micro-units × 60; by account (N,) who is metered and V_i × 60.

    told_house (H,) and told_account (N,): what a line says of the volumes, micro-units. found60 (N,): by
    checks of meters, None = none.
    """

    volume60: I64
    metered: Bool
    over60: I64
    told_house: I64
    told_account: I64
    bases: Bases
    found60: I64 | None = None


@clause("ПП 354, прил. 2, ф. 3(1), 3(3), 3(7)")
def some_metered(
    of: MeteredHouse, total: int, unheated_area: int, volume60: int, bases: Bases
) -> tuple[I64, I64, I64]:
    """Fractions (num, den) and bases of the rows; exact, or in millionths of a micro-unit where 64 bits are
    few.

    total and unheated_area are S_об and S_инд in dm2 × days, volume60 is V_д × 60 in micro-units. An
    account without a meter takes the mean of the metered for its V_i.
    """
    metered_area = int(of.area[of.metered].sum())
    metered60 = int(of.over60[of.metered].sum())
    others = max(total - unheated_area - metered_area, 0)
    all_metered = bool((of.metered | of.unheated).all())
    if all_metered:
        others = 0
    # everything × 60 × metered_area × total: V_i, then S_i / S_об of the rest; area of rows is in dm2 × days
    rest = (volume60 - metered60 - of.found60) * metered_area - others * metered60
    own = of.over60.astype(object) * metered_area * total
    mean = of.area.astype(object) * metered60 * total
    mine = np.where(of.metered, own, np.where(of.unheated, 0, mean))
    num = mine + of.area.astype(object) * rest
    den = np.full(len(of.rows), AVERAGE_DEN * metered_area * total, object)
    below = bases.all_metered if all_metered else bases.unmetered
    with_meter = bases.all_metered if all_metered else bases.metered
    basis = np.where(of.metered, int(with_meter), int(below))
    out_num, out_den = fitted(num, den, np.zeros(len(of.rows), np.int64))
    return out_num, out_den, basis
