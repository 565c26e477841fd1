"""Readings as columns, with everything a rule may look at; one reading is a batch of one row."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.history import ZERO, ZONES_MAX, Values
from billing.quantity import MICRO
from billing.reading import MeterCard

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

NONE = -1
"""Does not apply: a house has no norm, a meter without history no usual month."""
UNKNOWN = -2
"""Applies and is not known: the rule that needs it cannot be evaluated."""


@dataclass(frozen=True, slots=True)
class Row:
    """One reading as it was given and what it is judged by. Days are ordinals, volumes micro-units.

    before_*: the reading it follows. usual_*: least and greatest month of the last intervals. zero_months:
    months of nothing used in a row before it. same_count, last_volume: intervals in a row with one and the
    same volume, and that volume. current*: the reading of this month that already stands. norm_micro: norm of
    all people of the account for a month. twin_micro: what stands on the account's meter of hot (cold) water
    when this one is of cold (hot). parts_micro: what meters of the flats used in the months of a house's
    meter. total_micro: what the counter showed over all zones.
    """

    meter: MeterCard | None
    values: Values
    taken: int
    today: int
    month: int
    before: Values = ZERO
    before_month: int = 0
    before_taken: int = 0
    usual_low: int = NONE
    usual_high: int = NONE
    zero_months: int = 0
    same_count: int = 0
    last_volume: int = NONE
    current: Values | None = None
    current_taken: int = 0
    verified_until: int = 0
    was_late: bool = False
    norm_micro: int = NONE
    twin_micro: int = NONE
    parts_micro: int = NONE
    total_micro: int = NONE


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as columns; values, before and current are n × 3."""

    rows: tuple[Row, ...]
    is_known: Bool
    service: I64
    zones: I64
    turn: I64
    of_house: Bool
    installed: I64
    removed: I64
    values: I64
    before: I64
    current: I64
    has_current: Bool
    was_late: Bool
    taken: I64
    today: I64
    month: I64
    before_month: I64
    before_taken: I64
    usual_low: I64
    usual_high: I64
    zero_months: I64
    same_count: I64
    last_volume: I64
    current_taken: I64
    verified_until: I64
    norm_micro: I64
    twin_micro: I64
    parts_micro: I64
    total_micro: I64

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def months(self) -> I64:
        """Months since the reading before, at least one."""
        apart: I64 = np.maximum(1, self.month - self.before_month)
        return apart

    @property
    def by_zone(self) -> I64:
        """Volume by zone; a smaller value means that the counter has gone round."""
        used = self.values - self.before
        return np.where(used < 0, used + self.turn[:, None], used)

    @property
    def volume(self) -> I64:
        """Volume of all zones."""
        total: I64 = self.by_zone.sum(axis=1)
        return total


MISSING_METER = {"service": 0, "zones": 1, "turn": MICRO, "of_house": False, "installed": 0, "removed": 0}


def batch_of(rows: list[Row]) -> Batch:
    """Columns of rows."""
    own = {name.name for name in fields(Row)} - {"meter", "values", "before", "current", "was_late"}
    meters = [_meter(row) for row in rows]
    columns: dict[str, Any] = {
        name: np.array([getattr(row, name) for row in rows], np.int64) for name in sorted(own)
    }
    for name in ("service", "zones", "turn", "installed", "removed"):
        columns[name] = np.array([meter[name] for meter in meters], np.int64)
    columns["of_house"] = np.array([meter["of_house"] for meter in meters], np.bool_)
    columns["is_known"] = np.array([row.meter is not None for row in rows], np.bool_)
    columns["was_late"] = np.array([row.was_late for row in rows], np.bool_)
    columns["has_current"] = np.array([row.current is not None for row in rows], np.bool_)
    for name in ("values", "before"):
        columns[name] = np.array([getattr(row, name) for row in rows], np.int64).reshape(-1, ZONES_MAX)
    current = [row.current or ZERO for row in rows]
    columns["current"] = np.array(current, np.int64).reshape(-1, ZONES_MAX)
    return Batch(rows=tuple(rows), **columns)


def _meter(row: Row) -> dict[str, Any]:
    card = row.meter
    if card is None:
        return MISSING_METER
    return {
        "service": card.service,
        "zones": card.zones,
        "turn": card.turn_micro,
        "of_house": card.of_house,
        "installed": card.installed_on.toordinal(),
        "removed": 0 if card.removed_on is None else card.removed_on.toordinal(),
    }
