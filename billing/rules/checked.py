"""Checks of meters: the difference between what was read and what had been billed, in the month of the check.

Law: Rules 354, cl. 61. At the tariff of the day of the check, more or less; the reading of the month is
counted from the checked value. Whoever needs the volumes of the month (sewerage, common needs) sees the
difference in them (billing.use). Heat is charged by the rule of heating: only where readings of premises
are charged for, and what is left of the house's meter is less by the difference. Rooms of a communal flat:
billing.communal_checks.
"""

from __future__ import annotations

import numpy as np

from billing.act_lines import Due, charge
from billing.basis import Basis
from billing.check_lines import charge_meters, difference
from billing.communal_checks import FlatChecks, flat_checks
from billing.rule import clause
from billing.services import Component, Service
from billing.work import Work


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
        charge_meters(work, acts, mine[~zoned], volume, (service, Component.WHOLE, 0))
        for zone in range(3):
            of_zone = mine[zoned & (acts.zones[mine] > zone)]
            charge_meters(work, acts, of_zone, volume, (service, zone + 1, zone))


@clause("ПП 354, п. 61, прил. 2, ф. 7, 9")
def _charge_rooms(work: Work, service: int, flats: FlatChecks) -> None:
    """A line a room: its own difference and its part of what is left of the flat's, by the earliest day."""
    for component, part, num, den in flats.shares():
        rest, own = part.told(component)
        segment = np.searchsorted(work.block.first_day, part.day, side="right") - 1
        due = Due(part.rooms.rows, num, den, segment, int(Basis.CHECK_ROOM), rest, own)
        charge(work, service, due.take(num != 0), component)
