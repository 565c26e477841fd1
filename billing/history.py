"""What a month looks like in the light of the past: one definition for storage, the seed and law cases.

Meters: previous reading, gaps, silence, faults, refusals of access and the average window (Rules 354, п. 59,
п. 60). People: who counts on a day (п. 56). Months are ordinals of `billing.period.Period`; event days are
half-open [first, after). Exact integers; only a gap cut by the window's edge is rounded, to a micro-unit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from billing.block import MISSING
from billing.law import value_on
from billing.period import Period
from billing.quantity import MICRO

I64 = npt.NDArray[np.int64]
Values = tuple[int, int, int]
N = TypeVar("N", int, npt.NDArray[np.int64])

ZONES_MAX = 3
AVERAGE_MONTHS_MAX = 6  # п. 59: «не менее 6 месяцев»; exactly the last six unless the centre chose more
AVERAGE_MONTHS_CHOSEN = 12  # billing.choices.AVERAGE_WINDOW
TEMPORARY_DAYS_MIN = 6  # п. 56(1): a stay of more than five days in a row
ZERO: Values = (0, 0, 0)
FAILURES = ("fault", "unverified")
REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Mark:
    """An accepted reading that closes a month: micro-units by zone (day or single, night, half-peak)."""

    month: int
    values: Values


@dataclass(frozen=True, slots=True)
class Event:
    """A dated state of a meter, as in meter_events: fault, unverified, refusal. `after` None = still so."""

    kind: str
    first: dt.date
    after: dt.date | None = None

    def months(self, last: int) -> range:
        """Ordinals of the months it touches, not later than `last`."""
        end = last if self.after is None else Period.of(self.after - dt.timedelta(days=1)).ordinal
        return range(Period.of(self.first).ordinal, min(end, last) + 1)


@dataclass(frozen=True, slots=True)
class Check:
    """An act of a check (п. 61): what was read on a day. is_last: the reading of its month is older."""

    on: dt.date
    values: Values
    is_last: bool = False

    @property
    def month(self) -> int:
        return Period.of(self.on).ordinal


@dataclass(frozen=True, slots=True)
class CheckState:
    """A check of the month: what had been billed by (`used`), months silent since then, what was read."""

    day: int
    used: Values
    value: Values
    gap_months: int


@dataclass(frozen=True, slots=True)
class MeterFacts:
    """A meter and its past.

    marks: accepted readings, ascending by month, one a month. initial: values at installation. season: the
    calendar months that count for the average (heating meters only), None = every month.
    """

    digits: int
    marks: Sequence[Mark]
    installed_on: dt.date | None = None
    initial: Values = ZERO
    removed_on: dt.date | None = None
    verified_until: dt.date | None = None
    events: Sequence[Event] = ()
    season: frozenset[int] | None = None
    checks: Sequence[Check] = ()


@dataclass(frozen=True, slots=True)
class MeterState:
    """Columns of one row of billing.block.Meters, without the volumes billed meanwhile."""

    has_reading: bool
    start: Values
    end: Values
    gap_months: int
    silent_months: int
    failed_month: int
    refused_month: int
    second_refusal: bool
    window: Values
    window_months: int
    event_day: int = 0
    """Day of the month on which the row of faults or refusals began; 0 = there is none."""
    check: CheckState | None = None


# ---- arithmetic of months, for one meter or for a column -------------------------------------------------


def initial_month(installed_on: dt.date) -> int:
    """The month an initial reading closes: the one before installation, so that the first one counts."""
    return Period.of(installed_on).ordinal - 1


def gap_months(previous: N, period: int) -> N:
    """Months without a reading between the previous one and a reading of `period`."""
    return period - 1 - previous


def silent_months(last: N, period: int) -> N:
    """Months in a row without a reading, `period` included, when the last one closed month `last`."""
    return period - last


def expired_month(verified_until: dt.date | None, period: int) -> int:
    """1 in the month with the first day past the verification, 2 in the next …; 0 while it is valid."""
    if verified_until is None:
        return 0
    return max(0, period + 1 - Period.of(verified_until + dt.timedelta(days=1)).ordinal)


def in_force(installed_on: dt.date | None, removed_on: dt.date | None, period: Period) -> bool:
    """Whether the meter stood on some day of the month; taken off on the 1st, it belonged to the last one."""
    if installed_on is not None and installed_on > period.last_day:
        return False
    return removed_on is None or removed_on > period.first_day


def has_temporary_stay(first: dt.date, last: dt.date | None) -> bool:
    """Whether a temporary stay counts: more than five calendar days, both ends counted (law.md § 10.2)."""
    return last is None or (last - first).days + 1 >= TEMPORARY_DAYS_MIN


def full_days(left: dt.date, back: dt.date, period: Period) -> tuple[int, int] | None:
    """Full days of an absence inside the month, 0-based [first, after); None when none count.

    The days of leaving and of coming back do not count; the whole absence must be long enough (п. 86, 91).
    """
    if (back - left).days - 1 < value_on("absence_days_least", period.first_day).value:
        return None
    first = max((left - period.first_day).days + 1, 0)
    after = min((back - period.first_day).days, period.days)
    return (first, after) if first < after else None


def counted_people(residents: I64, temporary: I64, owners: I64) -> I64:
    """People of the norm on a day: residents; owners when nobody lives, not even temporarily (п. 56(2))."""
    return np.where(residents > 0, residents, np.where(temporary > 0, 0, owners))


# ---- readings ------------------------------------------------------------------------------------------


def consumed(start: Values, end: Values, digits: int) -> Values:
    """Difference of two readings by zone; a smaller second one means that the counter rolled over."""
    turn = 10**digits * MICRO
    day, night, half_peak = end[0] - start[0], end[1] - start[1], end[2] - start[2]
    if day < 0 or night < 0 or half_peak < 0:
        day, night, half_peak = (v + turn if v < 0 else v for v in (day, night, half_peak))
    return day, night, half_peak


def moved(start: Values, end: Values, digits: int) -> Values:
    """Signed difference by zone, the shorter way round the counter: a check may show less than was given."""
    turn = 10**digits * MICRO
    day, night, half_peak = ((e - s + turn // 2) % turn - turn // 2 for s, e in zip(start, end, strict=True))
    return day, night, half_peak


def rebased(marks: Sequence[Mark], checks: Iterable[Check], digits: int) -> list[Mark]:
    """Marks in which each check stands at the end of the month before it (п. 61).

    The next reading starts from the checked value, which is the reading of its month as well when nobody gave
    a later one. Earlier readings above it and later ones below it were not true, so they leave the past.
    """
    out = list(marks)
    for check in sorted(checks, key=lambda one: one.on):
        earlier = [mark for mark in out if mark.month < check.month]
        while earlier and min(moved(earlier[-1].values, check.values, digits)) < 0:
            earlier.pop()
        if earlier and earlier[-1].month == check.month - 1:
            earlier.pop()
        later = [mark for mark in out if mark.month >= check.month]
        if later and later[0].month == check.month and check.is_last:
            later.pop(0)
        while later and min(moved(check.values, later[0].values, digits)) < 0:
            later.pop(0)
        if not later or later[0].month > check.month:
            later.insert(0, Mark(check.month, check.values))
        out = [*earlier, Mark(check.month - 1, check.values), *later]
    return out


def _part(volume: int, taken: int, length: int) -> int:
    """volume × taken / length, half up; volumes of readings are not negative."""
    return (2 * volume * taken + length) // (2 * length)


def window(
    marks: Sequence[Mark],
    digits: int,
    failed: frozenset[int] = frozenset(),
    season: frozenset[int] | None = None,
    longest: int = AVERAGE_MONTHS_MAX,
) -> tuple[Values, int]:
    """Volume and months of the average window that ends with the last mark (п. 59).

    At most the last `longest` months; a gap between two readings is spread evenly (over months of the season,
    when given); an interval that touches a failed month or has no month of the season does not count. Less
    than three months in the result means that there is no average.
    """
    months = 0
    day = night = half_peak = 0
    for at in range(len(marks) - 1, 0, -1):
        before, after = marks[at - 1], marks[at]
        between = range(before.month + 1, after.month + 1)
        assert between, "marks must ascend, one a month"
        length = len(between) if season is None else sum(month % 12 + 1 in season for month in between)
        if length == 0 or not failed.isdisjoint(between):
            continue
        taken = min(length, longest - months)
        d, n, h = consumed(before.values, after.values, digits)
        if taken < length:  # only the interval at the edge is cut, so only it is rounded
            d, n, h = (_part(volume, taken, length) for volume in (d, n, h))
        day, night, half_peak, months = day + d, night + n, half_peak + h, months + taken
        if months == longest:
            break
    return (day, night, half_peak), months


# ---- events --------------------------------------------------------------------------------------------


def failed_months(events: Iterable[Event], verified_until: dt.date | None, period: int) -> frozenset[int]:
    """Months up to `period` with a day on which the meter was broken, lost or unverified."""
    out: set[int] = set()
    for event in events:
        if event.kind in FAILURES:
            out.update(event.months(period))
    expired = expired_month(verified_until, period)
    out.update(range(period - expired + 1, period + 1))
    return frozenset(out)


def in_a_row(months: frozenset[int] | set[int], period: int) -> int:
    """How many months of the set in a row end with `period`; 0 when it is not in the set."""
    count = 0
    while period - count in months:
        count += 1
    return count


def refused_months(events: Iterable[Event], period: int) -> frozenset[int]:
    """Months up to `period` touched by an act of refused access: their readings are kept, not billed."""
    return frozenset(month for act in events if act.kind == REFUSAL for month in act.months(period))


def refusal(events: Sequence[Event], period: int) -> tuple[int, bool]:
    """Month number of refused access (0 = none) and whether a second act was drawn up in the same row."""
    number = in_a_row(refused_months(events, period), period)
    if number == 0:
        return 0, False
    row = range(period - number + 1, period + 1)
    drawn = sum(act.kind == REFUSAL and Period.of(act.first).ordinal in row for act in events)
    return number, drawn > 1


# ---- the whole state of a meter ------------------------------------------------------------------------


def points(facts: MeterFacts, period: int) -> list[Mark]:
    """Readings up to `period`, the initial one first when the installation is known."""
    known = [mark for mark in facts.marks if mark.month <= period]
    if facts.installed_on is not None:
        first = Mark(initial_month(facts.installed_on), facts.initial)
        known = [first, *(mark for mark in known if mark.month > first.month)]
    checks = [check for check in facts.checks if check.month <= period]
    return rebased(known, checks, facts.digits) if checks else known


def check_of(facts: MeterFacts, period: Period) -> CheckState | None:
    """The check of the month and the reading that was used for the months before it."""
    check = next((one for one in facts.checks if one.month == period.ordinal), None)
    if check is None:
        return None
    used = points(replace(facts, checks=[c for c in facts.checks if c.on < check.on]), period.ordinal - 1)
    if not used:
        return None
    gap = gap_months(used[-1].month, period.ordinal)
    return CheckState(check.on.day, used[-1].values, check.values, gap)


def state(facts: MeterFacts, period: Period, longest: int = AVERAGE_MONTHS_MAX) -> MeterState | None:
    """Columns of the meter for the month, or None when it is not in force or nothing was ever read.

    The window ends with the last reading before the month, or before the fault of a broken meter. Readings of
    months of refused access were not billed: the next billed reading is counted from the last before them.
    """
    if not in_force(facts.installed_on, facts.removed_on, period):
        return None
    refused = refused_months(facts.events, period.ordinal - 1)
    known = [mark for mark in points(facts, period.ordinal) if mark.month not in refused]
    has_reading = bool(known) and known[-1].month == period.ordinal
    earlier = known[:-1] if has_reading else known
    if not earlier:
        return None
    failed = failed_months(facts.events, facts.verified_until, period.ordinal)
    failed_month = in_a_row(failed, period.ordinal)
    refused_month, second = refusal(facts.events, period.ordinal)
    sound = period.ordinal - failed_month if failed_month else period.ordinal - 1
    before = [mark for mark in earlier if mark.month <= sound]
    volumes, months = window(before, facts.digits, failed, facts.season, longest)
    previous = earlier[-1]
    return MeterState(
        has_reading=has_reading,
        start=previous.values,
        end=known[-1].values if has_reading else previous.values,
        gap_months=gap_months(previous.month, period.ordinal) if has_reading else 0,
        silent_months=0 if has_reading else _silence(previous.month, failed, period.ordinal),
        failed_month=failed_month,
        refused_month=refused_month,
        second_refusal=second,
        window=volumes,
        window_months=months,
        check=None if failed_month or refused_month else check_of(facts, period),
        event_day=_event_day(facts, period.ordinal, failed_month, refused_month),
    )


def _event_day(facts: MeterFacts, period: int, failed_month: int, refused_month: int) -> int:
    """The earliest day in the first month of the row that decides: refusals over faults."""
    kinds, number = ((REFUSAL,), refused_month) if refused_month else (FAILURES, failed_month)
    began = period - number + 1
    days = [one.first for one in facts.events if one.kind in kinds]
    if not refused_month and facts.verified_until is not None:
        days.append(facts.verified_until + dt.timedelta(days=1))
    return min((day.day for day in days if number and Period.of(day).ordinal == began), default=0)


def _silence(last: int, failed: frozenset[int], period: int) -> int:
    """Silent months since the last reading; months of a fault before them were not silence."""
    broken = max((month for month in failed if last < month < period), default=MISSING)
    return silent_months(max(last, broken), period)
