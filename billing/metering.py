"""Which method applies to an account's service and what volume its meters show: the decision table of Rules
354.

Law: Rules 354, cl. 42, 43, 59, 60, 60(1); rollover and replacement by the difference of readings. Each
meter gets its row of the table, then the meters of one account and service are joined: their volumes add
up; one meter that demands the norm sends the whole service to the norm, one by average makes the service
«by average».

Order of the rows (choices are dated settings of the centre, these are the defaults): an act of refused
access first (rows 6, 7), then a valid meter with a reading (row 1), an electricity meter owed by the
supplier (row 10), fault, loss or expiry (rows 2, 3), silence (rows 4, 5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from billing.basis import Basis
from billing.block import I64, AccountKind, Bool
from billing.choices import FAULT_DAYS, REFUSAL, SECOND_REFUSAL, SHORT_FAULT, answered
from billing.history import AVERAGE_MONTHS_CHOSEN
from billing.quantity import MICRO
from billing.rule import clause
from billing.services import Service
from billing.work import AVERAGE_DEN, Meterings, Rows, Work

# Methods by strength: the least of an account's meters decides for all of them.
RANKS = (
    Basis.NORM_FAULT,
    Basis.NORM_REFUSED,
    Basis.NORM_SILENT,
    Basis.NORM_FAULT_PLAIN,
    Basis.CONTRACT,
    Basis.AVERAGE_FAULT,
    Basis.AVERAGE_REFUSED,
    Basis.AVERAGE_SILENT,
    Basis.AVERAGE_SUPPLIER,
    Basis.AVERAGE_NONRESIDENTIAL,
    Basis.LATE_READING,
    Basis.METER,
)
RANK = {basis: number for number, basis in enumerate(RANKS)}
BASIS_OF_RANK = np.array([int(basis) for basis in RANKS], np.int64)
FIRST_AVERAGE, FIRST_MEASURED, NO_METER = RANK[Basis.AVERAGE_FAULT], RANK[Basis.LATE_READING], len(RANKS)

POWERS = np.array([10**digits * MICRO for digits in range(13)], np.int64)
EXACT_MONTHS = np.array([n > 0 and AVERAGE_DEN % n == 0 for n in range(AVERAGE_MONTHS_CHOSEN + 1)], np.bool_)


@clause("ПП 354, п. 42, прил. 2, ф. 1")
def by_reading(start: I64, end: I64, digits: I64) -> I64:
    """Difference of readings, (M, 3); a meter that passed its last figure starts again from zero."""
    volume = end - start
    turned = np.flatnonzero((volume < 0).any(1))
    if turned.size:
        volume[turned] += np.where(volume[turned] < 0, POWERS[digits[turned]][:, None], 0)
    return volume


@clause("ПП 354, п. 59")
def average_over_60(window: I64, months: I64) -> I64:
    """Average month × 60, exact for windows of 1…6, 10, 12 months; of 7, 8, 9, 11 half up, (M, 3)."""
    most = AVERAGE_MONTHS_CHOSEN
    assert months.size == 0 or (months.min() >= 0 and months.max() <= most), "a window too long"
    length = np.maximum(months, 1)[:, None]
    average = (2 * AVERAGE_DEN * window + length) // (2 * length)
    return np.asarray(np.where(months[:, None] > 0, average, 0), np.int64)


def decide(work: Work) -> Meterings:
    """The table for every meter of the block at once."""
    meters = work.block.meters
    measured = by_reading(meters.start, meters.end, meters.digits.astype(np.int64))
    shut = (meters.refused_month > 0) & (answered(work, REFUSAL, meters.account.astype(np.intp)) == 0)
    plain = meters.has_reading & (meters.failed_month == 0) & ~shut
    late = plain & (meters.gap_months > 0)
    rank = np.full(len(meters), RANK[Basis.METER], np.int64)
    rank[late] = RANK[Basis.LATE_READING]
    measured[late] -= meters.billed[late]
    average60 = np.zeros_like(measured)
    rest = np.flatnonzero(~plain)
    if rest.size:
        months = meters.window_months[rest].astype(np.int64)
        average60[rest] = average_over_60(meters.window[rest], months)
        rank[rest] = _without_reading(work, rest)
    return Meterings(rank, measured, average60, *_split(work, rest, rank))


def _split(work: Work, rest: Rows, rank: I64) -> tuple[I64, I64 | None]:
    """Day from which the row counts, and the row before it, of meters whose average ends inside the month."""
    meters, law = work.block.meters, work.law
    split = np.zeros(len(meters), np.int64)
    if meters.event_day is None or not rest.size:
        return split, None
    account = meters.account[rest].astype(np.intp)
    refused, failed = meters.refused_month[rest] > 0, meters.failed_month[rest] > 0
    number = np.where(refused, meters.refused_month[rest], meters.failed_month[rest])
    periods = np.where(refused, law.average_periods_refused, law.average_periods_fault)
    ends = (refused | failed) & (number == periods + 1) & (meters.event_day[rest] > 1)
    ends &= answered(work, FAULT_DAYS, account) == 1
    if not ends.any():
        return split, None
    before = rank.copy()
    before[rest] = _without_reading(work, rest, ends.astype(np.int64))
    split[rest] = np.where(ends, meters.event_day[rest], 0)
    return np.where(before == rank, 0, split), before


def _without_reading(work: Work, rest: Rows, earlier: I64 | int = 0) -> I64:
    """Rows 2–7, 10 and п. 43 for meters that are not simply read; earlier: so many months of the row less."""
    meters, law = work.block.meters, work.law
    enough = meters.window_months[rest] >= law.average_months_least
    failed, refused, silent = (
        column[rest].astype(np.int64)
        for column in (meters.failed_month, meters.refused_month, np.maximum(meters.silent_months, 1))
    )
    failed, refused = (np.maximum(column - earlier, 0) for column in (failed, refused))
    by_supplier = meters.supplier_duty[rest] & (meters.service[rest] == Service.ELECTRICITY)

    rank = silent_rank(silent, enough, law.average_periods_silent)
    broken = failed > 0
    rank = np.where(broken, fault_rank(failed, enough, law.average_periods_fault), rank)
    account = meters.account[rest].astype(np.intp)
    at_once = broken & ~enough & (answered(work, SHORT_FAULT, account) == 1)
    rank = np.where(at_once, RANK[Basis.NORM_FAULT], rank)
    rank = np.where(broken & by_supplier, supplier_rank(enough), rank)
    no_access = refused > 0
    again = meters.second_refusal[rest] & (answered(work, SECOND_REFUSAL, account) == 0)
    rank = np.where(no_access, refused_rank(refused, again, enough, law.average_periods_refused), rank)

    nonresidential = work.block.accounts.kind[meters.account[rest]] == AccountKind.NONRESIDENTIAL
    if nonresidential.any():
        count = np.where(no_access, refused, np.where(broken, failed, silent))
        other = nonresidential_rank(count, enough, law.average_periods_nonresidential)
        rank = np.where(nonresidential, other, rank)
    return np.asarray(rank, np.int64)


@clause("ПП 354, п. 59, пп. «а»; п. 60")
def fault_rank(month: I64, enough: Bool, periods: int) -> I64:
    """Rows 2, 3: average, then the norm with K.

    Too little data: the norm without K while the average would last.
    """
    first = np.where(enough, RANK[Basis.AVERAGE_FAULT], RANK[Basis.NORM_FAULT_PLAIN])
    return np.where(month <= periods, first, RANK[Basis.NORM_FAULT])


@clause("ПП 354, п. 59, пп. «б»; п. 60")
def silent_rank(month: I64, enough: Bool, periods: int) -> I64:
    """Rows 4, 5: average, then the norm, never with K."""
    first = np.where(enough, RANK[Basis.AVERAGE_SILENT], RANK[Basis.NORM_FAULT_PLAIN])
    return np.where(month <= periods, first, RANK[Basis.NORM_SILENT])


@clause("ПП 354, п. 59, пп. «в»; п. 60(1)")
def refused_rank(month: I64, again: Bool, enough: Bool, periods: int) -> I64:
    """Rows 6, 7: average from the act, then the norm with K; a second act brings the norm at once."""
    first = np.where(enough, RANK[Basis.AVERAGE_REFUSED], RANK[Basis.NORM_FAULT_PLAIN])
    return np.where((month <= periods) & ~again, first, RANK[Basis.NORM_REFUSED])


@clause("ПП 354, п. 59, пп. «г»")
def supplier_rank(enough: Bool) -> I64:
    """Row 10: average until the supplier's new meter is admitted, however long."""
    return np.where(enough, RANK[Basis.AVERAGE_SUPPLIER], RANK[Basis.NORM_FAULT_PLAIN])


@clause("ПП 354, п. 43")
def nonresidential_rank(month: I64, enough: Bool, periods: int) -> I64:
    """Non-residential premises: average for two periods at most, then the volume of the contract."""
    return np.where((month <= periods) & enough, RANK[Basis.AVERAGE_NONRESIDENTIAL], RANK[Basis.CONTRACT])


@dataclass(slots=True)
class Group:
    """Accounts of a service with one kind of volume: num / den micro-units; a, b as billing.basis says.

    All (n,).
    """

    rows: Rows
    basis: I64
    num: I64
    a: I64
    b: I64

    def take(self, kept: Bool) -> Group:
        return Group(self.rows[kept], self.basis[kept], self.num[kept], self.a[kept], self.b[kept])


@dataclass(slots=True)
class Joined:
    """Meters of one service joined by account.

    Rank (N,), NO_METER where there is none; groups by component.
    """

    rank: I64
    measured: dict[int, Group]
    averaged: dict[int, Group]


COMMUNAL = (Service.COLD_WATER, Service.HOT_WATER, Service.ELECTRICITY, Service.GAS)


def common_meters(work: Work, service: int) -> Bool | None:
    """(M,) meters of the service that all rooms of a communal flat share, None = the block has none."""
    meters, accounts = work.block.meters, work.block.accounts
    if meters.common is None or accounts.flat is None or service not in COMMUNAL:
        return None
    of_rooms = accounts.kind[meters.account] == AccountKind.ROOM
    return np.asarray(meters.common & of_rooms & (meters.service == service), np.bool_)


def join(work: Work, service: int) -> Joined:
    """Meters of the service, summed by account. Component is 0 but for zones of electricity (1…3)."""
    block, found = work.block, work.meterings
    meters = block.meters
    rank = np.full(len(block), NO_METER, np.int64)
    rows = meters.of(service)
    rows = rows[work.has(service)[meters.account[rows]]]
    common = common_meters(work, service)
    if common is not None:
        rows = rows[~common[rows]]
    if rows.size == 0:
        return Joined(rank, {}, {})
    account = meters.account[rows].astype(np.intp)
    starts = _starts(account)
    rank[account[starts]] = np.minimum.reduceat(found.rank[rows], starts)
    zoned = meters.zones[rows] > 1
    joined = Joined(rank, {}, {})
    if service != Service.ELECTRICITY or not zoned.any():
        _component(work, joined, rows, 0, 0)
        return joined
    _component(work, joined, rows[~zoned], 0, 0)
    for zone in range(3):
        _component(work, joined, rows[zoned & (meters.zones[rows] > zone)], zone + 1, zone)
    return joined


def _starts(account: Rows) -> Rows:
    """Where each account begins in a sorted column."""
    return np.concatenate([[0], np.flatnonzero(np.diff(account)) + 1])


def _component(work: Work, joined: Joined, rows: Rows, component: int, zone: int) -> None:
    """Sums of one zone over the meters of each account."""
    meters, found = work.block.meters, work.meterings
    account = meters.account[rows].astype(np.intp)
    rank = joined.rank[account]
    measured = rank >= FIRST_MEASURED
    if measured.any():
        chosen, of = rows[measured], account[measured]
        starts = _starts(of)
        num = np.add.reduceat(found.measured[chosen, zone], starts)
        a = np.add.reduceat(meters.start[chosen, zone], starts)
        b = np.add.reduceat(meters.end[chosen, zone], starts)
        owner = of[starts]
        joined.measured[component] = Group(owner, BASIS_OF_RANK[joined.rank[owner]], num, a, b)
    averaged = (rank >= FIRST_AVERAGE) & ~measured
    if averaged.any():
        joined.averaged[component] = _averaged(work, joined, rows[averaged], zone)


def _averaged(work: Work, joined: Joined, rows: Rows, zone: int) -> Group:
    """Averages over 60; a meter of the same account that was read adds its reading."""
    meters, found = work.block.meters, work.meterings
    account = meters.account[rows].astype(np.intp)
    starts = _starts(account)
    read = found.rank[rows] >= FIRST_MEASURED
    over60 = np.where(read, found.measured[rows, zone] * AVERAGE_DEN, found.average60[rows, zone])
    num = np.add.reduceat(over60, starts)
    owner = account[starts]
    months = meters.window_months[rows].astype(np.int64)
    least, most = np.minimum.reduceat(months, starts), np.maximum.reduceat(months, starts)
    mixed = (least != most) | np.logical_or.reduceat(read, starts) | ~EXACT_MONTHS[most]
    window = np.add.reduceat(meters.window[rows, zone], starts)
    a = np.where(mixed, num, window)
    b = np.where(mixed, AVERAGE_DEN, most)
    return Group(owner, BASIS_OF_RANK[joined.rank[owner]], num, a, b)
