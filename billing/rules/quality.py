"""Breaks and bad quality: a share of the charge of the service is taken off, never more than the charge.

Law: Rules 354, cl. 98–104, 150, annex 1. The base is the rounded charge of the service in the month without
K; a norm also gives back what was not supplied (cl. 99). A line says a share (as its volume) of the charge
(as its tariff), so that it can be counted again like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from billing.basis import OWNERS, REDUCTIONS, UNAUTHORISED, Basis
from billing.block import I64, MISSING
from billing.law import value_on
from billing.lines import Lines
from billing.period import Period
from billing.quantity import KOPECKS_PER_RUBLE, MICRO, RATE_PER_RUBLE
from billing.reduction import MINUTES_A_DAY, MINUTES_AN_HOUR, WHOLE_HOUSE, Mark, Trouble, Troubles
from billing.relief import Charged, Rows
from billing.rule import clause
from billing.services import Component, Service

RATE_PER_KOPECK = RATE_PER_RUBLE // KOPECKS_PER_RUBLE
TENTHS = 10
NIGHT_UNTIL = 5 * MINUTES_AN_HOUR  # 0:00–5:00
AIR_NIGHT, AIR_ABOVE = 3 * TENTHS, 4 * TENTHS
HOT, HOT_NIGHT, HOT_DAY, HOT_STEP, HOT_LEAST = (value * TENTHS for value in (60, 5, 3, 3, 40))
PRESSURE_FAR = 25 * TENTHS
WASTE_COLD = 5 * TENTHS
HEAT_WARM, HEAT_COOL = 12 * TENTHS, 10 * TENTHS
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

Share = tuple[int, int, int, int]  # num, den micro of the charge; a, b of the line
Stretch = tuple[int, int]  # minutes of the month, first and after


class Target:
    """Everything that was wrong with one service in one house, or in one flat of it."""

    def __init__(self, period: Period, service: int, troubles: Troubles, rows: list[int]) -> None:
        self.period, self.service, self.troubles, self.rows = period, service, troubles, rows

    def of(self, trouble: Trouble) -> list[int]:
        return [row for row in self.rows if self.troubles.trouble[row] == trouble]

    def stretch(self, row: int) -> Stretch:
        return int(self.troubles.first[row]), int(self.troubles.after[row])

    def law(self, key: str) -> int:
        return value_on(key, self.period.first_day).value

    def breaks(self) -> list[Stretch]:
        """Breaks without overlaps."""
        return union(self.stretch(row) for row in self.of(Trouble.BREAK))

    def shares(self) -> dict[Basis, Share]:
        """What is taken off, by basis; nothing of what did not happen."""
        found = {
            Basis.NO_CHARGE_DAYS: no_charge_days(self),
            Basis.BREAK: above_allowed(self),
            Basis.AIR: air(self),
            Basis.HOT_WATER_COOL: hot_water(self),
            Basis.PRESSURE: pressure(self),
            Basis.VOLTAGE: voltage(self),
            Basis.WASTE_LATE: waste_late(self),
            Basis.HOT_AS_COLD: hot_as_cold(self),
        }
        return {basis: share for basis, share in found.items() if share[0] > 0}


def union(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same minutes, each once, in order."""
    out: list[Stretch] = []
    for first, after in sorted(stretches):
        if out and first <= out[-1][1]:
            out[-1] = (out[-1][0], max(after, out[-1][1]))
        elif first < after:
            out.append((first, after))
    return out


def night_minutes(stretch: Stretch) -> int:
    """Minutes of a stretch between midnight and five in the morning."""

    def until(minute: int) -> int:
        days, rest = divmod(minute, MINUTES_A_DAY)
        return days * NIGHT_UNTIL + min(rest, NIGHT_UNTIL)

    return until(stretch[1]) - until(stretch[0])


def days_touched(stretches: Iterable[Stretch]) -> int:
    """Calendar days with any minute of the stretches."""
    days: set[int] = set()
    for first, after in stretches:
        days.update(range(first // MINUTES_A_DAY, (after - 1) // MINUTES_A_DAY + 1))
    return len(days)


# ---- shares of the charge ----------------------------------------------------------------------------------


@clause("ПП 354, прил. 1, п. 1, 4, 8, 9, 11, 14")
def above_allowed(target: Target) -> Share:
    """Hours above what is allowed at once or in the month, whichever is more; dead-end accidents apart."""
    marks = target.troubles.marks
    apart = [row for row in target.of(Trouble.BREAK) if marks[row] & Mark.DEAD_END]
    usual = [row for row in target.of(Trouble.BREAK) if not marks[row] & Mark.DEAD_END]
    lengths = [after - first for first, after in union(target.stretch(row) for row in usual)]
    monthly, once = _allowed(target, usual)
    at_once = sum(max(length - once, 0) for length in lengths) if once is not None else 0
    in_month = max(sum(lengths) - monthly, 0) if monthly is not None else 0
    dead_end = sum(
        max(after - first - target.law("break_dead_end"), 0)
        for first, after in union(target.stretch(row) for row in apart)
    )
    minutes, share = max(at_once, in_month) + dead_end, target.law("break_share")
    return minutes * share, MINUTES_AN_HOUR, minutes, share


def _allowed(target: Target, rows: list[int]) -> tuple[int | None, int | None]:
    """Minutes allowed in the month and at once; None = the law names no such limit."""
    law = target.law
    if target.service == Service.ELECTRICITY:
        two = any(target.troubles.marks[row] & Mark.TWO_FEEDS for row in rows)
        return None, law("break_two_feeds" if two else "break_one_feed")
    if target.service == Service.GAS:
        return law("break_gas_month"), None
    if target.service == Service.HEATING:
        coldest = min((int(target.troubles.value[row]) for row in rows), default=HEAT_WARM)
        key = "warm" if coldest >= HEAT_WARM else "cool" if coldest >= HEAT_COOL else "cold"
        return law("break_heat_month"), law(f"break_heat_{key}")
    return law("break_water_month"), law("break_water_once")


@clause("ПП 354, прил. 1, п. 15")
def air(target: Target) -> Share:
    """Hours × degrees beyond the tolerance: three degrees below at night, none by day; four above."""
    total = 0
    for row in target.of(Trouble.AIR):
        stretch = target.stretch(row)
        night = night_minutes(stretch)
        day = stretch[1] - stretch[0] - night
        below = int(target.troubles.limit[row]) - int(target.troubles.value[row])
        above = max(-below - AIR_ABOVE, 0)
        total += day * max(below, above) + night * max(below - AIR_NIGHT, above) if below or above else 0
    share = target.law("air_share")
    return max(total, 0) * share, MINUTES_AN_HOUR * TENTHS, max(total, 0), share


@clause("ПП 354, прил. 1, п. 5")
def hot_water(target: Target) -> Share:
    """Hours × full three degrees below 60 °C less the tolerance; hours below 40 °C are priced otherwise."""
    total = 0
    for row in target.of(Trouble.HOT_WATER):
        measured = int(target.troubles.value[row])
        if measured < HOT_LEAST:
            continue
        stretch = target.stretch(row)
        night = night_minutes(stretch)
        steps = [max(HOT - tolerance - measured, 0) // HOT_STEP for tolerance in (HOT_NIGHT, HOT_DAY)]
        total += night * steps[0] + (stretch[1] - stretch[0] - night) * steps[1]
    share = target.law("hot_water_share")
    return total * share, MINUTES_AN_HOUR, total, share


@clause("ПП 354, прил. 1, п. 5: ниже 40 °C")
def hot_as_cold(target: Target) -> Share:
    """The part of the month in which hot water was below 40 °C."""
    rows = [row for row in target.of(Trouble.HOT_WATER) if target.troubles.value[row] < HOT_LEAST]
    minutes = sum(after - first for first, after in union(target.stretch(row) for row in rows))
    month = target.period.days * MINUTES_A_DAY
    return minutes * MICRO, month, minutes, month


@clause("ПП 354, прил. 1, п. 3, 7, 13")
def pressure(target: Target) -> Share:
    """Hours with a pressure off by up to a quarter."""
    rows = [row for row in target.of(Trouble.PRESSURE) if target.troubles.value[row] <= PRESSURE_FAR]
    return _by_hours(target, rows, target.law("pressure_share"))


@clause("ПП 354, прил. 1, п. 10")
def voltage(target: Target) -> Share:
    """Hours of wrong voltage or frequency."""
    return _by_hours(target, target.of(Trouble.VOLTAGE), target.law("voltage_share"))


def _by_hours(target: Target, rows: list[int], share: int) -> Share:
    minutes = sum(after - first for first, after in union(target.stretch(row) for row in rows))
    return minutes * share, MINUTES_AN_HOUR, minutes, share


@clause("ПП 354, прил. 1, п. 2, 3, 6, 7, 12, 13, 16")
def no_charge_days(target: Target) -> Share:
    """Every calendar day touched by a wrong composition or by a pressure off by more than a quarter."""
    rows = target.of(Trouble.COMPOSITION)
    rows += [row for row in target.of(Trouble.PRESSURE) if target.troubles.value[row] > PRESSURE_FAR]
    days = days_touched(target.stretch(row) for row in rows)
    return days * MICRO, target.period.days, days, target.period.days


@clause("ПП 354, прил. 1, п. 17")
def waste_late(target: Target) -> Share:
    """Full days of delay above 72 hours in the month, or above what is allowed at once."""
    rows = target.of(Trouble.WASTE_LATE)
    if not rows:
        return 0, 1, 0, 0
    cold, warm = target.law("waste_once_cold"), target.law("waste_once_warm")
    lengths = [
        (after - first, cold if target.troubles.value[row] <= WASTE_COLD else warm)
        for row in rows
        for first, after in [target.stretch(row)]
    ]
    at_once = sum(max(length - once, 0) for length, once in lengths)
    in_month = max(sum(length for length, _ in lengths) - target.law("waste_month"), 0)
    days, share = max(at_once, in_month) // MINUTES_A_DAY, target.law("waste_share")
    return days * share, 1, days, share


# ---- lines -------------------------------------------------------------------------------------------------


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
    targets = [Target(period, service, troubles, rows) for rows in by_house.values()]
    of_house = np.full(len(block.houses), -1, np.int64)
    of_house[list(by_house)] = np.arange(len(targets))
    place = of_house[block.accounts.house]
    for account, rows in by_account.items():
        of_all = by_house.get(int(block.accounts.house[account]), [])
        place[account] = len(targets)
        targets.append(Target(period, service, troubles, [*of_all, *rows]))
    return targets, place


class _Base:
    """Charges of one service in the accounts something happened to, and their sums by account."""

    def __init__(self, charged: Charged, service: int, place: I64) -> None:
        lines = charged.lines
        is_base = (lines.service == service) & ~np.isin(
            lines.basis, [*REDUCTIONS, *UNAUTHORISED, Basis.HEAT_YEAR_FIX]
        )
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
