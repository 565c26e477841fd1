"""Lines of checks of meters: of the accounts of a service, of meters of heat (Rules 354, cl. 61)."""

from __future__ import annotations

import numpy as np

from billing.act_lines import Due, charge
from billing.basis import Basis
from billing.block import I64, Bool
from billing.checked import Checked
from billing.rule import clause
from billing.services import Component, Service
from billing.work import Rows, Work


@clause("ПП 354, п. 61")
def difference(acts: Checked) -> I64:
    """(K, 3) what the check read less the last reading used and what was billed since."""
    return acts.volume()


@clause("ПП 354, п. 61, прил. 2, ф. 3(1), 3(3)")
def charge_heat(work: Work, metered: Bool) -> None:
    """Lines of checks of meters of heat of the accounts metered (N,)."""
    acts = work.block.checked
    if acts is None:
        return
    mine = np.flatnonzero((acts.service == Service.HEATING) & metered[acts.account])
    charge_meters(work, acts, mine, difference(acts), (int(Service.HEATING), Component.WHOLE, 0))


def charge_meters(work: Work, acts: Checked, mine: Rows, volume: I64, of: tuple[int, int, int]) -> None:
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
