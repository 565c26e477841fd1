"""A reading taken on the day a tariff changes: what was used before it goes by the old tariff.

Law: law leaves the split of a month to days unless the meter was read on that very day, then the reading
wins.
A cut counts when all meters of the account's service were read on one day, and the service's tariffs change
on
that day and on no other of the month; otherwise the volume goes by days.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from billing.basis import Basis
from billing.block import I64, Bool
from billing.choices import TARIFF_DAY, answered
from billing.metering import POWERS, RANK, Group, Joined
from billing.rule import clause
from billing.services import Service
from billing.work import Cuts, Rows, Scalar, Volume, Work


def find_cuts(work: Work, joined: Joined, service: int) -> dict[int, Cuts]:
    """Cuts of a service by component of its measured groups; empty in a month without any."""
    cut, meters, block = work.block.meters.cut, work.block.meters, work.block
    if cut is None or not joined.measured or work.segments == 1:
        return {}
    rows = meters.of(service)
    rows = rows[work.has(service)[meters.account[rows]]]
    account = meters.account[rows].astype(np.intp)
    at = np.minimum(np.searchsorted(block.first_day, cut.day[rows]), work.segments - 1)
    sound = (cut.day[rows] > 1) & (block.first_day[at] == cut.day[rows])
    sound &= joined.rank[account] == RANK[Basis.METER]
    first, last = (np.zeros(len(block), np.int64) for _ in range(2))
    first[:] = np.iinfo(np.int64).max
    np.minimum.at(first, account, np.where(sound, at, 0))
    np.maximum.at(last, account, np.where(sound, at, 0))
    whole = work.open_total == work.days
    by_days = answered(work, TARIFF_DAY, np.arange(len(block))) == 1
    segment = np.where((first == last) & whole & ~by_days, last, 0)
    out: dict[int, Cuts] = {}
    for component in joined.measured:
        zone = max(component - 1, 0)
        before = cut.value[rows, zone] - meters.start[rows, zone]
        before += np.where(before < 0, POWERS[meters.digits[rows].astype(np.int64)], 0)
        zoned = (meters.zones[rows] > 1) & (service == Service.ELECTRICITY)
        mine = sound & (~zoned if component == 0 else zoned & (meters.zones[rows] > zone))
        bad = mine & (before > work.meterings.measured[rows, zone])
        sums, spoilt = np.zeros(len(block), np.int64), np.zeros(len(block), np.bool_)
        np.add.at(sums, account[mine], before[mine])
        spoilt[account[bad]] = True
        kept = np.where(spoilt, 0, segment)
        out[component] = Cuts(kept, np.where(kept > 0, sums, 0))
    return out


def change_once(work: Work, service: int, rows: Rows, segment: I64) -> Bool:
    """(n,) rows whose tariffs of the service change at the beginning of their segment and nowhere else."""
    changed = np.zeros((work.segments - 1, len(rows)), np.bool_)
    for of, component in work.block.rates:
        if of == service:
            rates = work.rate(service, component, rows)
            changed |= rates[1:] != rates[:-1]
    there = changed[np.maximum(segment, 1) - 1, np.arange(len(rows))]
    return np.asarray((segment > 0) & there & (changed.sum(0) == 1), np.bool_)


@clause("ПП 354, п. 42: показание в день изменения тарифа")
def cut_volume(work: Work, whole: I64, before: I64, segment: I64) -> Volume:
    """Volumes (n,) in the segments on both sides of the reading: the runs of days with one tariff."""
    days, at = work.days, np.arange(len(whole))
    daily = np.zeros((work.segments, len(whole)), np.int64)
    daily[segment - 1, at] = before * days
    daily[segment, at] = (whole - before) * days
    return Volume(daily=daily, daily_den=days)


def measured_parts(
    work: Work, service: int, group: Group, den: Scalar, cuts: Cuts | None
) -> Iterator[tuple[Bool | None, Volume]]:
    """The volume of a group by meters with the mask of its rows (None = all): even, or on both sides of a
    reading.
    """
    if cuts is None:
        yield None, Volume(even=group.num, even_den=den)
        return
    segment = cuts.segment[group.rows]
    split = change_once(work, service, group.rows, segment)
    if not split.any():
        yield None, Volume(even=group.num, even_den=den)
        return
    yield ~split, Volume(even=group.num[~split], even_den=den)
    yield split, cut_volume(work, group.num[split], cuts.before[group.rows][split], segment[split])
