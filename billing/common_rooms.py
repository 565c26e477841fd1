"""Common needs of a house (ОДН) in rooms of a communal flat: the flat's share by area, divided by its people.

Law: Rules 354, cl. 44, 50, annex 2, formulas 16, 17: P_j = V_house × S_flat / S_об × n_j / n_flat × T. People
are weighed by their days, temporary ones and owners of an empty room with them, as for a common meter. Only
where common needs are a utility; СОИ of a room goes by its own area.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from billing.basis import Basis
from billing.block import I64, AccountKind, Bool, sum_by
from billing.common_house import DIRECT
from billing.parked import Reason
from billing.premises import Operands, PerArea, fitted
from billing.rule import clause, emit
from billing.work import Rows, Volume, Work

OF_ROOM = {
    Basis.HOUSE_NORM: Basis.ROOM_NORM,
    Basis.HOUSE_ACTUAL: Basis.ROOM_ACTUAL,
    Basis.HOUSE_CAP: Basis.ROOM_CAP,
}


@dataclass(slots=True)
class Rooms:
    """Rooms that share a flat's needs, dense (N,): whether an account is one, people × days of the room and
    of its flat; area_days (S, N): dm2 × days of the flat.
    """

    shares: Bool
    weight: I64
    together: I64
    area_days: I64


def rooms_of(work: Work, service: int) -> Rooms | None:
    """Rooms of the block whose flat has the service by several accounts at once; None where there are none.

    Rooms of a flat in which an area is not known are parked, and those of a flat without people.
    """
    block, accounts = work.block, work.block.accounts
    asked = (accounts.kind == AccountKind.ROOM) & work.has(service)
    if accounts.flat is None or not asked.any():
        return None
    members = np.flatnonzero(asked & np.isin(block.method(service), DIRECT))
    flats, of = np.unique(accounts.flat[members], return_inverse=True)
    several = sum_by(of, work.open_total[members], len(flats)) > work.days
    members, of = members[several[of]], of[several[of]]
    if not members.size:
        return None
    _park_blind(work, service, members, of, len(flats))
    weight = (accounts.norm_person_days + accounts.temporary_days)[:, members].sum(0)
    together = sum_by(of, weight, len(flats))[of]
    work.park(members[together == 0], Reason.NO_PEOPLE, service)
    size = len(accounts)
    shares, own, everybody = np.zeros(size, np.bool_), np.zeros(size, np.int64), np.zeros(size, np.int64)
    shares[members], own[members], everybody[members] = True, weight, together
    area = np.zeros((work.segments, size), np.int64)
    for segment, of_segment in enumerate(accounts.area_days[:, members]):
        area[segment, members] = sum_by(of, of_segment, len(flats))[of]
    return Rooms(shares, own, everybody, area)


def _park_blind(work: Work, service: int, members: Rows, of: Rows, flats: int) -> None:
    """Neighbours of a room whose area is not known: the flat's share cannot be found."""
    accounts = work.block.accounts
    lost = np.flatnonzero(accounts.area_dm2[members] <= 0)
    culprit = np.full(flats, -1, np.int64)
    culprit[of[lost][::-1]] = members[lost][::-1]
    for row in np.unique(culprit[culprit >= 0]).tolist():
        mine = members[(culprit[of] == row) & (accounts.area_dm2[members] > 0)]
        work.park(mine, Reason.NEIGHBOUR, service, str(int(accounts.id[row])))


@clause("ПП 354, п. 50, прил. 2, ф. 16, 17")
def share_among_rooms(
    work: Work,
    service: int,
    component: int,
    rows: Rows,
    per_area: PerArea,
    told: Operands,
    rooms: Rooms,
    **options: Any,
) -> None:
    """Lines of these rooms: V_house / S_об × S_flat × n_j / n_flat, even over the days open.

    rate (S, n) and skip_missing go on to `emit`. Rooms of a flat without people, parked, get none.
    """
    peopled = rooms.together[rows] > 0
    rows, told, options = rows[peopled], told.take(peopled), _taken(options, peopled)
    if not rows.size:
        return
    house = work.block.accounts.house[rows]
    weight, together = rooms.weight[rows], rooms.together[rows]
    of_flat = (rooms.area_days[:, rows].astype(object) * per_area.num[:, house]).sum(0)
    num, den = of_flat * weight, per_area.den[house] * work.days * together
    volume = Volume(*fitted(num, den, house))
    basis = np.array(np.broadcast_to(told.basis, rows.shape))
    for of_house, of_room in OF_ROOM.items():
        basis[basis == int(of_house)] = int(of_room)
    emit(work, service, component, rows, volume, basis=basis, a=weight, b=together, **options)


def _taken(options: dict[str, Any], kept: Bool) -> dict[str, Any]:
    rate = options.get("rate")
    return options if rate is None else {**options, "rate": rate[:, kept]}
