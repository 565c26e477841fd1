"""Federal values by date with their sources (federal.yaml) and the register of what is covered
(register.yaml).

A value is looked up for a day; a day before the first value refuses. Tariffs, norms and regional
coefficients are not here: they are dated rows of a centre and come with the block.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from billing.law.rules_version import rules_version
from billing.period import Period
from billing.services import Service

I64 = npt.NDArray[np.int64]

RAISED_SERVICES = {
    Service.COLD_WATER: "raising_cold_water",
    Service.HOT_WATER: "raising_hot_water",
    Service.ELECTRICITY: "raising_electricity",
}
BY_MONTH = (
    "average_window_months",
    "average_months_least",
    "average_periods_fault",
    "average_periods_silent",
    "average_periods_refused",
    "average_periods_nonresidential",
)


class NoFederalValueError(ValueError):
    """The law of that day is not in the table; the message says which value and which day, in Russian."""


@dataclass(frozen=True, slots=True)
class Value:
    """A federal value in force [since, until)."""

    since: dt.date
    until: dt.date | None
    value: int
    source: str


@dataclass(frozen=True, slots=True)
class FederalLaw:
    """Federal values of one month. raising: by service, permille for each segment of the block, (S,)."""

    period: Period
    average_window_months: int
    average_months_least: int
    average_periods_fault: int
    average_periods_silent: int
    average_periods_refused: int
    average_periods_nonresidential: int
    raising: dict[int, I64]


def _text(name: str) -> str:
    return resources.files("billing.law").joinpath(name).read_text(encoding="utf-8")


@cache
def _table() -> dict[str, tuple[str, tuple[Value, ...]]]:
    """key → label, values in order of dates."""
    raw: dict[str, Any] = yaml.safe_load(_text("federal.yaml"))
    table: dict[str, tuple[str, tuple[Value, ...]]] = {}
    for key, entry in raw.items():
        days = sorted(entry["values"])
        values = []
        for day, after in zip(days, [*days[1:], None], strict=True):
            row = entry["values"][day]
            until = row.get("until", after)
            assert after is None or until == after or until < after, f"{key}: values overlap on {day}"
            values.append(Value(day, until, int(row["value"]), str(row["source"])))
        table[key] = (str(entry["label"]), tuple(values))
    return table


def value_on(key: str, day: dt.date) -> Value:
    """The federal value in force on `day`; NoFederalValueError when there is none."""
    label, values = _table()[key]
    for row in reversed(values):
        if row.since <= day and (row.until is None or day < row.until):
            return row
    raise NoFederalValueError(f"{label}: нет значения на {day:%d.%m.%Y}.")


def change_days(period: Period) -> tuple[int, ...]:
    """Days of the month (2…) on which a federal value changes.

    A block must start a segment on each of them.
    """
    found = set()
    for _, values in _table().values():
        for row in values:
            for day in (row.since, row.until):
                if day is not None and Period.of(day) == period and day.day > 1:
                    found.add(day.day)
    return tuple(sorted(found))


def federal_law(period: Period, first_days: tuple[int, ...] = (1,)) -> FederalLaw:
    """Values of the month; `first_days` are the first days of the block's segments (see change_days)."""
    missing = set(change_days(period)) - set(first_days)
    assert not missing, f"a segment must start on days {sorted(missing)}: see billing.law.change_days"
    by_month = {key: value_on(key, period.first_day).value for key in BY_MONTH}
    days = [period.first_day.replace(day=day) for day in first_days]
    raising = {
        int(service): np.array([value_on(key, day).value for day in days], np.int64)
        for service, key in RAISED_SERVICES.items()
    }
    return FederalLaw(period=period, raising=raising, **by_month)


@cache
def law_version() -> str:
    """Digests of the federal values and of the rules, «values-rules»: what a run stores, so that a line can
    be
    traced to the law it used and a worker with other rules is seen.
    """
    return f"{hashlib.sha256(_text('federal.yaml').encode()).hexdigest()[:16]}-{rules_version()}"


@cache
def register() -> tuple[dict[str, Any], ...]:
    """Rows of register.yaml: clause, what it covers, since, how it is verified, what is left out."""
    rows: list[dict[str, Any]] = yaml.safe_load(_text("register.yaml"))
    return tuple(rows)
