"""The rate of every day: key rate, its cap, moratoria; as columns over a stretch of calendar days.

A rate is in hundredths of a percent (950 = 9,5 %). Days are proleptic ordinals (`date.toordinal()`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from billing.rule import clause

I64 = npt.NDArray[np.int64]


class NoKeyRateError(ValueError):
    """A day before the first known key rate; the message says which day, in Russian."""

    code = "no_key_rate"
    permanent = True


@dataclass(frozen=True, slots=True)
class KeyRate:
    """The key rate from a day on, until the next one."""

    since: dt.date
    rate_bp: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Cap:
    """Days first … last on which the rate of a penalty is not above the cap."""

    first: dt.date
    last: dt.date
    rate_bp: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Moratorium:
    """Days first … last on which nothing accrues; due_before narrows it to debts due before that day."""

    first: dt.date
    last: dt.date
    source: str = ""
    due_before: dt.date | None = None


@dataclass(frozen=True, slots=True)
class RateLaw:
    """Dated rows a computation uses; stored versions are looked up by `version` of the run."""

    key_rates: tuple[KeyRate, ...]
    caps: tuple[Cap, ...] = ()
    moratoria: tuple[Moratorium, ...] = ()

    def rate_on(self, day: dt.date) -> int:
        """What the law uses on a day: the key rate, not above the cap. NoKeyRateError before the table."""
        known = [one for one in self.key_rates if one.since <= day]
        if not known:
            raise NoKeyRateError(
                f"Ключевой ставки на {day:%d.%m.%Y} нет в таблице. "
                "Внесите её на странице «Ставки и календарь»."
            )
        rate = max(known, key=lambda one: one.since).rate_bp
        return min([rate, *(cap.rate_bp for cap in self.caps if cap.first <= day <= cap.last)])

    def is_free(self, day: dt.date, due: dt.date) -> bool:
        """Whether a moratorium stops the penalty of a debt due on `due` that day."""
        return any(
            one.first <= day <= one.last and (one.due_before is None or due < one.due_before)
            for one in self.moratoria
        )


@dataclass(frozen=True)
class Days:
    """The law over a stretch of days: rate by day, and running sums for each set of moratoria.

    count[s, i] and weighted[s, i] are sums over days before first + i of 1 and of the rate, days of the
    moratoria of set s left out.
    """

    first: int
    rate: I64
    count: I64
    weighted: I64
    thresholds: tuple[int, ...] = field(default=())

    def sets_of(self, due: I64) -> I64:
        """Which set of moratoria concerns a debt, by its due day."""
        return np.searchsorted(np.array(self.thresholds, np.int64), due, side="right").astype(np.int64)

    def rate_at(self, day: I64) -> I64:
        return np.asarray(self.rate[day - self.first])

    def between(self, sums: I64, of_set: I64, after: I64, through: I64) -> I64:
        """Sum over the days after+1 … through; nothing when through is not later."""
        end = sums.shape[1] - 1
        low = np.clip(after + 1 - self.first, 0, end)
        high = np.maximum(np.clip(through + 1 - self.first, 0, end), low)
        return np.asarray(sums[of_set, high] - sums[of_set, low])


@clause("ПП 474 от 26.03.2022; ПП 424 от 02.04.2020; ПП 497 от 28.03.2022")
def over_days(law: RateLaw, first: dt.date, last: dt.date) -> Days:
    """The law for every day first … last, capped and with moratoria. NoKeyRateError before the table."""
    start, size = first.toordinal(), (last - first).days + 1
    law.rate_on(first)
    since = np.array([one.since.toordinal() for one in law.key_rates], np.int64)
    order = np.argsort(since, kind="stable")
    values = np.array([one.rate_bp for one in law.key_rates], np.int64)[order]
    days = np.arange(start, start + size, dtype=np.int64)
    rate = values[np.searchsorted(since[order], days, side="right") - 1]
    for cap in law.caps:
        inside = _inside(days, cap.first, cap.last)
        rate = np.where(inside, np.minimum(rate, cap.rate_bp), rate)
    thresholds = sorted({one.due_before.toordinal() for one in law.moratoria if one.due_before is not None})
    free = np.zeros((len(thresholds) + 1, size), bool)
    for at in range(len(thresholds) + 1):  # set 0: due before the first threshold, and so on
        for one in law.moratoria:
            if one.due_before is None or at <= thresholds.index(one.due_before.toordinal()):
                free[at] |= _inside(days, one.first, one.last)
    counted = np.where(free, 0, 1)
    return Days(start, rate, _running(counted), _running(counted * rate), tuple(thresholds))


def _inside(days: I64, first: dt.date, last: dt.date) -> npt.NDArray[np.bool_]:
    return np.asarray((days >= first.toordinal()) & (days <= last.toordinal()))


def _running(values: npt.NDArray[np.int64]) -> I64:
    """Sums before each place, and the whole at the end."""
    out = np.zeros((values.shape[0], values.shape[1] + 1), np.int64)
    np.cumsum(values, axis=1, out=out[:, 1:])
    return out


def joined(rows: Sequence[KeyRate]) -> tuple[KeyRate, ...]:
    """Rows in order of days, the later row of one day wins."""
    return tuple(value for _, value in sorted({row.since: row for row in rows}.items()))
