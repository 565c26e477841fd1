"""Breaks and bad quality: a share of the charge of the service is taken off, never more than the charge.

Law: Rules 354, cl. 98–104, 150, annex 1. The base is the rounded charge of the service in the month without
K; a norm also gives back what was not supplied (cl. 99). A line says a share (as its volume) of the charge
(as its tariff), so that it can be counted again like any other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from billing.annex1 import Stretch, Target, hot_as_cold
from billing.basis import FIXES, OWNERS, REDUCTIONS, UNAUTHORISED, Basis
from billing.block import I64, MISSING, Block
from billing.choices import WHOLE_UNITS
from billing.lines import Lines
from billing.quantity import KOPECKS_PER_RUBLE, MICRO, RATE_PER_RUBLE
from billing.reduction import MINUTES_A_DAY, WHOLE_HOUSE
from billing.relief import Charged, Rows
from billing.rule import clause
from billing.services import Component, Service

RATE_PER_KOPECK = RATE_PER_RUBLE // KOPECKS_PER_RUBLE
NORMS = (
    Basis.NORM,
    Basis.NORM_RAISED,
    Basis.NORM_SILENT,
    Basis.NORM_REFUSED,
    Basis.NORM_FAULT,
    Basis.NORM_FAULT_PLAIN,
    Basis.SEWERAGE_NORM,
)
BY_NORM = (*NORMS, *(basis + OWNERS for basis in NORMS), Basis.NORM_TEMPORARY, Basis.HEAT_NORM)

ORDER = (  # in which shares are cut at the charge
    Basis.NO_CHARGE_DAYS,
    Basis.BREAK,
    Basis.AIR,
    Basis.HOT_WATER_COOL,
    Basis.PRESSURE,
    Basis.VOLTAGE,
    Basis.WASTE_LATE,
    Basis.HOT_AS_COLD,
)


def quality(charged: Charged) -> list[Lines]:
    """Lines that take off what was not supplied and the shares for breaks and bad quality."""
    troubles = charged.block.troubles
    if troubles is None or not len(troubles) or not len(charged.lines):
        return []
    out: list[Lines] = []
    for service in np.unique(troubles.service).tolist():
        targets, place = _targets(charged, service)
        base = _Base(charged, service, place)
        if base.rows.size:
            volumes = not_supplied(base, targets)
            out.extend([*volumes, *_shares(base, targets, volumes), *_as_cold(base, targets)])
    return [part for part in out if len(part)]


def _targets(charged: Charged, service: int) -> tuple[list[Target], I64]:
    """Targets of a service and the one of each account, (N,), -1 where nothing happened."""
    block, troubles = charged.block, charged.block.troubles
    assert troubles is not None
    period = block.period
    by_house: dict[int, list[int]] = {}
    by_account: dict[int, list[int]] = {}
    for row in np.flatnonzero(troubles.service == service).tolist():
        account = int(troubles.account[row])
        if account == WHOLE_HOUSE:
            by_house.setdefault(int(troubles.house[row]), []).append(row)
        else:
            by_account.setdefault(account, []).append(row)
    whole = _in_full(block)
    targets = [
        Target(period, service, troubles, rows, is_whole=house in whole) for house, rows in by_house.items()
    ]
    of_house = np.full(len(block.houses), -1, np.int64)
    of_house[list(by_house)] = np.arange(len(targets))
    place = of_house[block.accounts.house]
    for account, rows in by_account.items():
        house = int(block.accounts.house[account])
        place[account] = len(targets)
        both = [*by_house.get(house, []), *rows]
        targets.append(Target(period, service, troubles, both, is_whole=house in whole))
    return targets, place


def _in_full(block: Block) -> frozenset[int]:
    """Houses in which only full hours and degrees count, by index."""
    given = block.coefficients.get(WHOLE_UNITS)
    return frozenset() if given is None else frozenset(np.flatnonzero(given[0] == 1).tolist())


class _Base:
    """Charges of one service in the accounts something happened to, and their sums by account."""

    def __init__(self, charged: Charged, service: int, place: I64) -> None:
        lines = charged.lines
        is_base = (lines.service == service) & ~np.isin(lines.basis, [*REDUCTIONS, *UNAUTHORISED, *FIXES])
        self.charged, self.place = charged, place
        self.rows = np.flatnonzero(is_base & (place[charged.owner] >= 0))
        self.owners, self.first, self.inverse = np.unique(
            charged.owner[self.rows], return_index=True, return_inverse=True
        )
        self.kopecks = self.summed(lines.amount_kopecks[self.rows], self.inverse)
        taken = np.flatnonzero((lines.service == service) & (lines.basis == Basis.ABSENCE))
        self.left = self.kopecks + self.summed_of(charged.owner[taken], lines.amount_kopecks[taken])

    def summed(self, amounts: I64, inverse: Rows) -> I64:
        out = np.zeros(len(self.owners), np.int64)
        np.add.at(out, inverse, amounts)
        return out

    def summed_of(self, owner: Rows, amounts: I64) -> I64:
        """Sums by account of lines that may be of other accounts too."""
        at = np.searchsorted(self.owners, owner)
        mine = at < len(self.owners)
        mine[mine] = self.owners[at[mine]] == owner[mine]
        return self.summed(amounts[mine], at[mine])


@clause("ПП 354, п. 99, 100")
def not_supplied(base: _Base, targets: list[Target]) -> list[Lines]:
    """Of volumes by norm the hours of breaks: volume of a day × hours / 24, with its K."""
    charged, lines = base.charged, base.charged.lines
    rows = base.rows[np.isin(lines.basis[base.rows], BY_NORM)]
    target = base.place[charged.owner[rows]]
    minutes = np.zeros(len(rows), np.int64)
    windows = target << 12 | lines.first_day[rows].astype(np.int64) << 6 | lines.days[rows]
    for window in np.unique(windows).tolist():
        first, days = (window >> 6) & 63, window & 63
        of_days = ((first - 1) * MINUTES_A_DAY, (first - 1 + days) * MINUTES_A_DAY)
        minutes[windows == window] = _inside(targets[window >> 12].breaks(), of_days)
    kept = minutes > 0
    rows, minutes = rows[kept], minutes[kept]
    if not rows.size:
        return []
    first, num, raised = _together(charged, rows, lines.volume_num[rows] * minutes, minutes)
    chosen = rows[first]
    return [
        charged.derived(
            chosen,
            basis=int(Basis.NOT_SUPPLIED),
            volume_num=-num,
            volume_den=lines.volume_den[chosen] * MINUTES_A_DAY * lines.days[chosen],
            raised_num=-raised,
            a=minutes[first],
            b=lines.days[chosen],
        )
    ]


def _inside(stretches: list[Stretch], window: Stretch) -> int:
    return sum(max(min(after, window[1]) - max(first, window[0]), 0) for first, after in stretches)


def _together(charged: Charged, rows: Rows, num: I64, factor: I64) -> tuple[Rows, I64, I64]:
    """Lines of one account, component and days as one: its first row, sums of numerators and of K.

    Permanent and temporary people of a norm have the same denominator.
    """
    lines = charged.lines
    key = charged.owner[rows].astype(np.int64) << 12 | lines.component[rows].astype(np.int64) << 6
    key |= lines.first_day[rows]
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    assert (lines.volume_den[rows] == lines.volume_den[rows[first[inverse]]]).all(), "norms of two kinds"
    summed, raised = np.zeros(len(first), np.int64), np.zeros(len(first), np.int64)
    np.add.at(summed, inverse, num)
    np.add.at(raised, inverse, lines.raised_num[rows] * factor)
    return first, summed, raised


@clause("ПП 354, п. 98, 150")
def _shares(base: _Base, targets: list[Target], volumes: list[Lines]) -> list[Lines]:
    """Shares of the charge by basis, cut so that all reductions together never exceed it."""
    charged, out = base.charged, []
    left = base.left.copy()
    for part in volumes:
        left += base.summed_of(Charged.of(charged.block, part).owner, part.amount_kopecks)
    place = base.place[base.owners]
    found = [target.shares() for target in targets]
    cold = _cold_rate(base) if any(Basis.HOT_AS_COLD in one for one in found) else None
    for basis in ORDER:
        table = np.array([one.get(basis, (0, 1, 0, 0)) for one in found], np.int64)
        share = table[place]
        some = (share[:, 0] > 0) & (left > 0)
        if basis == Basis.HOT_AS_COLD and cold is not None:
            some &= cold != MISSING
        at = np.flatnonzero(some)
        if not at.size:
            continue
        made = _share_lines(base, at, basis, share[at], left[at])
        left[at] += made.amount_kopecks
        out.append(made)
    return out


def _share_lines(base: _Base, at: Rows, basis: Basis, share: I64, left: I64) -> Lines:
    """Lines of the accounts at[…]: the share, or all that is left of the charge when the share is more."""
    charged, kopecks = base.charged, base.kopecks[at]
    num, den = share[:, 0].copy(), share[:, 1].copy()
    rows = base.rows[base.first[at]]
    columns: dict[str, Any] = {
        "component": int(Component.WHOLE),
        "basis": int(basis),
        "first_day": 1,
        "days": charged.block.days_in_month,
        "rate": kopecks * RATE_PER_KOPECK,
        "a": share[:, 2],
        "b": share[:, 3],
    }
    made = charged.derived(rows, volume_num=-num, volume_den=den, **columns)
    over = -made.amount_kopecks > left
    if over.any():
        num[over], den[over] = left[over] * MICRO, kopecks[over]
        made = charged.derived(rows, volume_num=-num, volume_den=den, **columns)
    return made


def _cold_rate(base: _Base) -> I64:
    """Tariff of cold water on the first day of the first line of each account, MISSING where there is
    none.
    """
    charged = base.charged
    rates = charged.block.rate(Service.COLD_WATER)
    segment, _ = charged.segments(base.rows[base.first])
    return np.asarray(rates[segment, base.owners], np.int64)


def _as_cold(base: _Base, targets: list[Target]) -> list[Lines]:
    """The hours of hot water below 40 °C at the price of cold water."""
    charged, lines = base.charged, base.charged.lines
    minutes_of = np.array([hot_as_cold(target)[2] for target in targets], np.int64)
    if not minutes_of.any():
        return []
    rows = base.rows[lines.component[base.rows] != Component.HEAT_PART]
    minutes = minutes_of[base.place[charged.owner[rows]]]
    segment, _ = charged.segments(rows)
    rate = charged.block.rate(Service.COLD_WATER)[segment, charged.owner[rows]]
    kept = (minutes > 0) & (rate != MISSING) & (lines.volume_num[rows] > 0)
    rows, minutes, rate = rows[kept], minutes[kept], rate[kept]
    if not rows.size:
        return []
    month = charged.block.days_in_month * MINUTES_A_DAY
    first, num, _ = _together(charged, rows, lines.volume_num[rows] * minutes, minutes)
    chosen = rows[first]
    return [
        charged.derived(
            chosen,
            basis=int(Basis.COLD_FOR_HOT),
            volume_num=num,
            volume_den=lines.volume_den[chosen] * month,
            rate=rate[first],
            a=minutes[first],
            b=month,
        )
    ]
