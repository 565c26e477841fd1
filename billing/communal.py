"""Communal flats: what a common meter shows is shared by the rooms (formulas 7 and 9 of annex 2).

Law: Rules 354, cl. 50, annex 2. P_j = (V_j + (V_flat − ΣV_rooms) × n_j / n_flat) × T; V_j is 0 for a room
without a meter of its own. People are weighed by their days, temporary ones and owners of an empty room with
them. Heating of a room (formula 8) is its area with its share of the flat's common area, as for a flat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from billing.basis import Basis
from billing.block import I64, AccountKind, Bool
from billing.metering import FIRST_AVERAGE, FIRST_MEASURED, RANK, Group, Joined, common_meters
from billing.money import mul_div_half_up
from billing.parked import Reason
from billing.rule import clause
from billing.work import AVERAGE_DEN, Rows, Used, Work

ZONES = 3


@dataclass(slots=True)
class Rooms:
    """R rooms of flats with a common meter: account, flat; (R, 3) volumes × 60 of the flat and of the room.

    weight: people × days of the room; all_weight: of its flat. zones: 1 when its meters have different ones.
    """

    rows: Rows
    flat: Rows
    of_flat60: I64
    own60: I64
    weight: I64
    all_weight: I64
    zones: I64
    has_room_meters: Bool


def share_flats(work: Work, service: int, joined: Joined) -> list[tuple[int, Group, I64]]:
    """Volumes of rooms by component, with their denominators; rooms leave the groups of single meters.

    A common meter that demands the norm sends its rooms to the norm of its row.
    """
    common = common_meters(work, service)
    if common is None or not common.any():
        return []
    rooms = _rooms(work, service, joined, np.flatnonzero(common))
    if rooms is None:
        return []
    for groups in (joined.measured, joined.averaged):
        for component, group in list(groups.items()):
            groups[component] = group.take(~np.isin(group.rows, rooms.rows))
    joined.rank[rooms.rows] = RANK[Basis.METER]
    lost = rooms.all_weight == 0
    if lost.any():
        work.park(rooms.rows[lost], Reason.NO_PEOPLE, service)
        rooms = take_rooms(rooms, ~lost)
    out = []
    for zone in range(ZONES):
        for some, component in (
            ((rooms.zones == 1) & (zone == 0), 0),
            ((rooms.zones > 1) & (rooms.zones > zone), zone + 1),
        ):
            if some.any():
                out.append(_group(take_rooms(rooms, some), zone, component))
    return out


def take_rooms(rooms: Rooms, some: Rows | Bool) -> Rooms:
    """Some of the rooms."""
    return Rooms(*(getattr(rooms, name)[some] for name in Rooms.__slots__))


def _rooms(work: Work, service: int, joined: Joined, common: Rows) -> Rooms | None:
    """Rooms whose flat's meter gives a volume; the others get the rank of that meter."""
    block, found = work.block, work.meterings
    meters, accounts = block.meters, block.accounts
    assert accounts.flat is not None, "a common meter in a block without flats"
    flats, at = np.unique(accounts.flat[meters.account[common]], return_inverse=True)
    rank = np.full(len(flats), len(RANK), np.int64)
    np.minimum.at(rank, at, found.rank[common])
    lived = (accounts.kind == AccountKind.ROOM) & work.has(service)
    members = np.flatnonzero(lived & np.isin(accounts.flat, flats))
    of = np.searchsorted(flats, accounts.flat[members])
    by_norm = rank[of] < FIRST_AVERAGE
    joined.rank[members[by_norm]] = rank[of[by_norm]]
    members, of = members[~by_norm], of[~by_norm]
    if not members.size:
        return None
    place = np.full(len(block), -1, np.intp)
    place[members] = np.arange(len(members))
    single = meters.of(service)
    single = single[~np.isin(single, common)]
    single = single[place[meters.account[single]] >= 0]
    usable = single[found.rank[single] >= FIRST_AVERAGE]
    of_flat, own = np.zeros((len(flats), ZONES), np.int64), np.zeros((len(members), ZONES), np.int64)
    np.add.at(of_flat, at, _over60(work, common))
    np.add.at(own, place[meters.account[usable]], _over60(work, usable))
    zones = zones_of(work, flats, [(common, at), (usable, of[place[meters.account[usable]]])])
    of_flat = np.where(zones[:, None] > 1, of_flat, summed(of_flat))
    own = np.where(zones[of][:, None] > 1, own, summed(own))
    has = np.zeros(len(flats), np.bool_)
    has[of[place[meters.account[usable]]]] = True
    weight = (accounts.norm_person_days + accounts.temporary_days)[:, members].sum(0)
    together = np.zeros(len(flats), np.int64)
    np.add.at(together, of, weight)
    return Rooms(members, of, of_flat[of], own, weight, together[of], zones[of], has[of])


def _over60(work: Work, rows: Rows) -> I64:
    """Volumes × 60 of meters by zone: the reading, or the average."""
    found = work.meterings
    read = (found.rank[rows] >= FIRST_MEASURED)[:, None]
    return np.where(read, found.measured[rows] * AVERAGE_DEN, found.average60[rows])


def summed(volumes: I64) -> I64:
    """All zones in the first column."""
    out = np.zeros_like(volumes)
    out[:, 0] = volumes.sum(1)
    return out


def zones_of(work: Work, flats: Any, parts: list[tuple[Rows, Rows]]) -> I64:
    """(F,) zones of all meters of a flat, 1 where they differ."""
    least = np.full(len(flats), ZONES, np.int64)
    most = np.ones(len(flats), np.int64)
    for rows, flat in parts:
        zones = work.block.meters.zones[rows].astype(np.int64)
        np.minimum.at(least, flat, zones)
        np.maximum.at(most, flat, zones)
    return np.where(least == most, most, 1)


@clause("ПП 354, прил. 2, ф. 7, 9")
def room_volume(rooms: Rooms, zone: int) -> tuple[I64, I64]:
    """Fractions of V_j + (V_flat − ΣV_rooms) × n_j / n_flat."""
    own = rooms.own60[:, zone]
    _, at = np.unique(rooms.flat, return_inverse=True)
    together = np.zeros(int(at.max()) + 1, np.int64)
    np.add.at(together, at, own)
    rest = rooms.of_flat60[:, zone] - together[at]
    num = own * rooms.all_weight + rest * rooms.weight
    den = AVERAGE_DEN * rooms.all_weight
    divisor = np.gcd(num, den)
    return num // divisor, den // divisor


def _group(rooms: Rooms, zone: int, component: int) -> tuple[int, Group, I64]:
    num, den = room_volume(rooms, zone)
    basis = np.where(rooms.has_room_meters, int(Basis.FLAT_ROOM_METER), int(Basis.FLAT_METER))
    of_flat = mul_div_half_up(rooms.of_flat60[:, zone], 1, AVERAGE_DEN)
    own = mul_div_half_up(rooms.own60[:, zone], 1, AVERAGE_DEN)
    b = np.where(rooms.has_room_meters, own, rooms.weight)
    return component, Group(rooms.rows, basis.astype(np.int64), num, of_flat, b), den


def add_rooms(used: Used, flats: list[tuple[int, Group, I64]]) -> None:
    """What rooms used in sixtieths of a micro-unit; half of the last one is rounded away."""
    for _, group, den in flats:
        used.even_den[group.rows] = AVERAGE_DEN
        used.measured[group.rows] = True
        over60 = group.num.astype(object) * AVERAGE_DEN
        below = den.astype(object)
        used.even[group.rows] += ((over60 * 2 + below) // (2 * below)).astype(np.int64)
