"""Checks of meters: the difference between what was read and what had been billed, in the month of the check.

Law: Rules 354, cl. 61. At the tariff of the day of the check, more or less; the reading of the month is
counted from the checked value. Whoever needs the volumes of the month (sewerage, common needs) sees the
difference in them (billing.use). Heat is charged from the rule of heating: only where readings of premises
are charged for, and what is left of the house's meter is less by the difference. Rooms of a communal flat:
billing.communal_checks.
"""

from __future__ import annotations

import numpy as np

from billing.act_lines import Due, charge
from billing.basis import Basis
from billing.block import I64, Bool
from billing.checked import Checked
from billing.communal_checks import FlatChecks, flat_checks
from billing.rule import clause
from billing.services import Component, Service
from billing.work import Rows, Work


def checked(work: Work) -> None:
    """Lines of every check of the block."""
    acts = work.block.checked
    if acts is None:
        return
    volume = difference(acts)
    for service in np.unique(acts.service[acts.service != Service.HEATING]).tolist():
        of_flats, flats = flat_checks(work, service, acts)
        if flats is not None:
            _charge_rooms(work, service, flats)
        mine = np.flatnonzero((acts.service == service) & work.has(service)[acts.account] & ~of_flats)
        zoned = (acts.zones[mine] > 1) & (service == Service.ELECTRICITY)
        _charge(work, acts, mine[~zoned], volume, (service, Component.WHOLE, 0))
        for zone in range(3):
            of_zone = mine[zoned & (acts.zones[mine] > zone)]
            _charge(work, acts, of_zone, volume, (service, zone + 1, zone))


@clause("ПП 354, п. 61")
def difference(acts: Checked) -> I64:
    """(K, 3) what the check read less the last reading used and what was billed since."""
    return acts.volume()


def charge_heat(work: Work, metered: Bool) -> None:
    """Lines of checks of meters of heat of the accounts metered (N,)."""
    acts = work.block.checked
    if acts is None:
        return
    mine = np.flatnonzero((acts.service == Service.HEATING) & metered[acts.account])
    _charge(work, acts, mine, difference(acts), (int(Service.HEATING), Component.WHOLE, 0))


def _charge(work: Work, acts: Checked, mine: Rows, volume: I64, of: tuple[int, int, int]) -> None:
    """One line an account: its meters of the service add up, as their readings do; the first one's day."""
    service, component, zone = of
    if not mine.size:
        return
    account = acts.account[mine].astype(np.intp)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(account)) + 1])
    num, a, b = (np.add.reduceat(column[mine, zone], starts) for column in (volume, acts.used, acts.value))
    segment = np.searchsorted(work.block.first_day, acts.day[mine[starts]], side="right") - 1
    due = Due(account[starts], num, np.ones(len(num), np.int64), segment, int(Basis.CHECK), a, b)
    charge(work, service, due.take(num != 0), component)


@clause("ПП 354, п. 61, прил. 2, ф. 7, 9")
def _charge_rooms(work: Work, service: int, flats: FlatChecks) -> None:
    """A line a room: its own difference and its part of what is left of the flat's, by the earliest day."""
    for component, part, num, den in flats.shares():
        rest, own = part.told(component)
        segment = np.searchsorted(work.block.first_day, part.day, side="right") - 1
        due = Due(part.rooms.rows, num, den, segment, int(Basis.CHECK_ROOM), rest, own)
        charge(work, service, due.take(num != 0), component)
