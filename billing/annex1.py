"""Annex 1 of Rules 354: what share of the charge each break and each defect of quality takes off.

Law: Rules 354, annex 1. Hours, minutes and degrees are exact, or full ones only where the centre chose so.
"""

from __future__ import annotations

from collections.abc import Iterable

from billing.basis import Basis
from billing.law import value_on
from billing.period import Period
from billing.quantity import MICRO
from billing.reduction import MINUTES_A_DAY, MINUTES_AN_HOUR, Mark, Trouble, Troubles
from billing.rule import clause
from billing.services import Service

TENTHS = 10
NIGHT_UNTIL = 5 * MINUTES_AN_HOUR  # 0:00–5:00
AIR_NIGHT, AIR_ABOVE = 3 * TENTHS, 4 * TENTHS
HOT, HOT_NIGHT, HOT_DAY, HOT_STEP, HOT_LEAST = (value * TENTHS for value in (60, 5, 3, 3, 40))
PRESSURE_FAR = 25 * TENTHS
WASTE_COLD = 5 * TENTHS
HEAT_WARM, HEAT_COOL = 12 * TENTHS, 10 * TENTHS

Share = tuple[int, int, int, int]  # num, den micro of the charge; a, b of the line
Stretch = tuple[int, int]  # minutes of the month, first and after


class Target:
    """Everything that was wrong with one service in one house, or in one flat of it.

    is_whole: the centre counts full hours and full degrees only.
    """

    def __init__(
        self, period: Period, service: int, troubles: Troubles, rows: list[int], *, is_whole: bool = False
    ) -> None:
        self.period, self.service, self.troubles, self.rows = period, service, troubles, rows
        self.is_whole = is_whole

    def of(self, trouble: Trouble) -> list[int]:
        return [row for row in self.rows if self.troubles.trouble[row] == trouble]

    def stretch(self, row: int) -> Stretch:
        return int(self.troubles.first[row]), int(self.troubles.after[row])

    def law(self, key: str) -> int:
        return value_on(key, self.period.first_day).value

    def counted(self, amount: int, unit: int) -> int:
        """Minutes or tenths of a degree as they are, or the full units of them only."""
        return amount // unit * unit if self.is_whole else amount

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
    minutes = target.counted(max(at_once, in_month) + dead_end, MINUTES_AN_HOUR)
    share = target.law("break_share")
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
        night, day = _night_and_day(target, stretch)
        below = int(target.troubles.limit[row]) - int(target.troubles.value[row])
        above = max(-below - AIR_ABOVE, 0)
        of_day, of_night = (
            target.counted(max(degrees, above, 0), TENTHS) for degrees in (below, below - AIR_NIGHT)
        )
        total += day * of_day + night * of_night
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
        night, day = _night_and_day(target, target.stretch(row))
        steps = [max(HOT - tolerance - measured, 0) // HOT_STEP for tolerance in (HOT_NIGHT, HOT_DAY)]
        total += night * steps[0] + day * steps[1]
    share = target.law("hot_water_share")
    return total * share, MINUTES_AN_HOUR, total, share


@clause("ПП 354, прил. 1, п. 5: ниже 40 °C")
def hot_as_cold(target: Target) -> Share:
    """The part of the month in which hot water was below 40 °C."""
    rows = [row for row in target.of(Trouble.HOT_WATER) if target.troubles.value[row] < HOT_LEAST]
    minutes = _minutes(target, rows)
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
    minutes = _minutes(target, rows)
    return minutes * share, MINUTES_AN_HOUR, minutes, share


def _minutes(target: Target, rows: list[int]) -> int:
    minutes = sum(after - first for first, after in union(target.stretch(row) for row in rows))
    return target.counted(minutes, MINUTES_AN_HOUR)


def _night_and_day(target: Target, stretch: Stretch) -> tuple[int, int]:
    night = night_minutes(stretch)
    day = stretch[1] - stretch[0] - night
    return target.counted(night, MINUTES_AN_HOUR), target.counted(day, MINUTES_AN_HOUR)


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
