"""Checks of meters of communal flats: what was found in the common meter or a room, shared by the rooms.

Law: Rules 354, cl. 61, annex 2, formulas 7 and 9: a difference of the common meter goes to the rooms as its
volume does; a difference of a room's meter is of that room, and what is left of the flat is so much less:
ΔV_j + (ΔV_flat − ΣΔV_rooms) × n_j / n_flat. Rooms together pay what the common meter shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from billing.block import I64, AccountKind, Bool
from billing.checked import Checked
from billing.communal import ZONES, Rooms, room_volume, summed, take_rooms, zones_of
from billing.metering import common_meters
from billing.money import mul_div_half_up
from billing.parked import Reason
from billing.work import AVERAGE_DEN, Rows, Work


@dataclass(slots=True)
class FlatChecks:
    """Rooms of flats with acts of checks: differences × 60 stand where volumes of `Rooms` do; day (R,) is of
    the earliest act of the flat.
    """

    rooms: Rooms
    day: I64

    def take(self, some: Bool) -> FlatChecks:
        """Some of the rooms, whole flats."""
        return FlatChecks(take_rooms(self.rooms, some), self.day[some])

    def shares(self) -> list[tuple[int, FlatChecks, I64, I64]]:
        """Component, its rooms, and the fractions of their differences; rooms of a flat have zones alike."""
        out = []
        zones = self.rooms.zones
        for zone in range(ZONES):
            for some, component in (
                ((zones == 1) & (zone == 0), 0),
                ((zones > 1) & (zones > zone), zone + 1),
            ):
                if some.any():
                    part = self.take(some)
                    out.append((component, part, *room_volume(part.rooms, zone)))
        return out

    def told(self, component: int) -> tuple[I64, I64]:
        """What is divided among the rooms, and the room's own difference, micro-units."""
        zone = max(component - 1, 0)
        _, at = np.unique(self.rooms.flat, return_inverse=True)
        own = self.rooms.own60[:, zone]
        together = np.zeros(int(at.max()) + 1, np.int64)
        np.add.at(together, at, own)
        rest = self.rooms.of_flat60[:, zone] - together[at]
        return mul_div_half_up(rest, 1, AVERAGE_DEN), mul_div_half_up(own, 1, AVERAGE_DEN)


def flat_checks(work: Work, service: int, acts: Checked) -> tuple[Bool, FlatChecks | None]:
    """(K,) acts of flats that have a common meter of the service, and their rooms.

    Rooms of a flat in which nobody is counted are parked.
    """
    mine = np.zeros(len(acts), np.bool_)
    common, flat = common_meters(work, service), work.block.accounts.flat
    if common is None or flat is None or not common.any():
        return mine, None
    meters, accounts = work.block.meters, work.block.accounts
    shared = np.unique(flat[meters.account[common]])
    mine = (acts.service == service) & (accounts.kind[acts.account] == AccountKind.ROOM)
    mine &= np.isin(flat[acts.account], shared)
    if not mine.any():
        return mine, None
    flats = np.unique(flat[acts.account[mine]])
    lived = (accounts.kind == AccountKind.ROOM) & work.has(service) & np.isin(flat, flats)
    members = np.flatnonzero(lived)
    found = _rooms(work, service, acts, np.flatnonzero(mine), flats, members)
    nobody = found.rooms.all_weight == 0
    if nobody.any():
        work.park(found.rooms.rows[nobody], Reason.NO_PEOPLE, service)
        found = found.take(~nobody)
    return mine, found if found.rooms.rows.size else None


def _rooms(work: Work, service: int, acts: Checked, mine: Rows, flats: I64, members: Rows) -> FlatChecks:
    """Differences of the acts `mine` put to their rooms and flats."""
    accounts, meters = work.block.accounts, work.block.meters
    assert accounts.flat is not None, "checks of a communal flat in a block without flats"
    of_act = np.searchsorted(flats, accounts.flat[acts.account[mine]])
    found60 = acts.volume()[mine] * AVERAGE_DEN
    whole = np.zeros(len(mine), np.bool_) if acts.common is None else acts.common[mine]
    place = np.full(len(work.block), -1, np.intp)
    place[members] = np.arange(len(members))
    of_flat, own = (np.zeros((size, ZONES), np.int64) for size in (len(flats), len(members)))
    np.add.at(of_flat, of_act[whole], found60[whole])
    room = place[acts.account[mine]]
    single = ~whole & (room >= 0)
    np.add.at(own, room[single], found60[single])
    of = np.searchsorted(flats, accounts.flat[members])
    theirs = meters.of(service)
    theirs = theirs[np.isin(accounts.flat[meters.account[theirs]], flats)]
    zones = zones_of(work, flats, [(theirs, np.searchsorted(flats, accounts.flat[meters.account[theirs]]))])
    of_flat, own = (
        np.where(count[:, None] > 1, column, summed(column))
        for column, count in ((of_flat, zones), (own, zones[of]))
    )
    weight = (accounts.norm_person_days + accounts.temporary_days)[:, members].sum(0)
    together = np.zeros(len(flats), np.int64)
    np.add.at(together, of, weight)
    day = np.full(len(flats), work.days, np.int64)
    np.minimum.at(day, of_act, acts.day[mine].astype(np.int64))
    has = np.zeros(len(members), np.bool_)
    rooms = Rooms(members, of, of_flat[of], own, weight, together[of], zones[of], has)
    return FlatChecks(rooms, day[of])
