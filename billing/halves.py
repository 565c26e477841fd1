"""A month in which the average ends on a day, where the centre counts periods from the day of the event.

Law: Rules 354, cl. 59, 60. The rule of the service runs twice: for all accounts, and once more for those
whose method changes inside the month, by the method of the days before. Each run makes lines of its own days
only; the volume of the account is the part of each (half up to 1/60 of a micro-unit).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from billing.block import I64, AccountKind, Bool
from billing.money import mul_div_half_up
from billing.rule import clause
from billing.services import Service
from billing.work import AVERAGE_DEN, Used, Work

Rule = Callable[[Work], None]
DIVIDED = (Service.COLD_WATER, Service.HOT_WATER, Service.ELECTRICITY, Service.GAS)


@clause("ПП 354, п. 59, 60: периоды со дня события")
def charge_halves(work: Work, service: int, rule: Rule) -> None:
    """The rule of a service, in two goes where the method of some accounts changes inside the month."""
    found = work.meterings
    if found.before is None or not found.split[work.block.meters.service == service].any():
        rule(work)
        return
    after, day = found.rank, split_days(work, service)
    split = day > 0
    early = (work.block.first_day[:, None] < day) & split  # (S, N)
    work.windows[service] = ~early
    rule(work)
    late = work.used.get(service)
    work.windows[service] = early
    kept, work.only[service] = work.cuts.get(service), split
    found.rank = np.where(found.split > 0, found.before, after)
    rule(work)
    found.rank = after
    del work.only[service], work.windows[service]
    if kept is not None:
        work.cuts[service] = kept
    if late is not None:
        work.used[service] = joined(work, late, work.used[service], early, split)


def split_days(work: Work, service: int) -> I64:
    """(N,) day of the month from which the later method counts; 0 where one method holds all month.

    Of several meters the weakest decides before and after, as in any month, from the earliest of their days.
    """
    found, meters = work.meterings, work.block.meters
    assert found.before is not None, "no meter changes its method"
    rows = meters.of(service)
    account = meters.account[rows]
    far = np.iinfo(np.int64).max
    before, after, day = (np.full(len(work.block), far, np.int64) for _ in range(3))
    split = found.split[rows] > 0
    np.minimum.at(after, account, found.rank[rows])
    np.minimum.at(before, account, np.where(split, found.before[rows], found.rank[rows]))
    np.minimum.at(day, account, np.where(split, found.split[rows], far))
    changes = (day != far) & (before != after) & work.has(service)
    changes &= work.block.accounts.kind == AccountKind.FLAT
    return np.where(changes, day, 0)


def joined(work: Work, late: Used, soon: Used, early: Bool, split: Bool) -> Used:
    """What was used by both methods, each on its days."""
    opened = work.block.accounts.open_days
    total = np.maximum(work.open_total, 1)
    days_soon = (opened * early).sum(0)
    even60 = np.zeros(len(split), np.int64)
    for used, days in ((soon, days_soon), (late, work.open_total - days_soon)):
        over60 = np.where(used.even_den == 1, used.even * AVERAGE_DEN, used.even)
        even60 += mul_div_half_up(over60, days, total)
    daily = np.where(early, soon.daily, late.daily)
    return Used(
        even=np.where(split, even60, late.even),
        even_den=np.where(split, AVERAGE_DEN, late.even_den),
        daily=np.where(split, daily, late.daily),
        by_norm=np.where(split, soon.by_norm | late.by_norm, late.by_norm),
        measured=np.where(split, soon.measured | late.measured, late.measured),
        unknown=late.unknown | (soon.unknown & split),
    )
