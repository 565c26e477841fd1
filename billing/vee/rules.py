"""The rules: each answers for every row whether it fires, does not, or cannot be evaluated.

A rule is a pure function of a batch and of thresholds; severities are the organisation's (policy). `asks`: at
severity «warn» a person who gives the reading is asked once and may confirm it; the others only leave a note.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.quantity import MICRO
from billing.reading import ROLLOVER_PART
from billing.services import Service
from billing.vee.batch import I64, NONE, UNKNOWN, Batch, Bool

Outcomes = npt.NDArray[np.int8]
Limits = Mapping[str, int]

PASSES, FIRES, CANNOT = 0, 1, 2
BLOCK, HOLD, WARN, OFF = "block", "hold", "warn", "off"
SEVERITIES = (BLOCK, HOLD, WARN, OFF)
HOURS = 24
MILLE = 1000
COUNT_MAX = 100_000_000
WATERS = (Service.COLD_WATER, Service.HOT_WATER)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number of a rule an organisation may change, with its unit in words."""

    key: str
    title: str
    usual: int
    least: int = 0
    most: int = COUNT_MAX


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule: what it looks for, how strict it is until somebody says otherwise."""

    key: str
    title: str
    what: str
    severity: str
    allowed: tuple[str, ...]
    test: Callable[[Batch, Limits], Outcomes]
    thresholds: tuple[Threshold, ...] = ()
    asks: bool = False


def _out(fires: Bool, cannot: Bool | None = None) -> Outcomes:
    found = np.where(fires, FIRES, PASSES).astype(np.int8)
    return found if cannot is None else np.where(cannot, CANNOT, found).astype(np.int8)


def _any(mask: npt.NDArray[np.bool_]) -> Bool:
    """Whether a zone of the row is so."""
    found: Bool = np.asarray(mask.any(axis=1), np.bool_)
    return found


def by_service(batch: Batch, limits: Limits, prefix: str) -> I64:
    """A threshold that each service has its own of; NONE where it has none."""
    found = np.full(len(batch), NONE, np.int64)
    for name, value in limits.items():
        head, _, code = name.rpartition("_")
        if head == prefix:
            found[batch.service == int(code)] = value
    return found


def _smaller(batch: Batch) -> tuple[Bool, Bool]:
    """Smaller than before in some zone: by too much for a counter that goes round; by little."""
    less = batch.values < batch.before
    rolled = batch.values - batch.before + batch.turn[:, None]
    too_much = less & (rolled * ROLLOVER_PART > batch.turn[:, None])
    return _any(too_much), _any(less) & ~_any(too_much)


# ---- the rules ---------------------------------------------------------------------------------------------


def unknown_meter(batch: Batch, limits: Limits) -> Outcomes:
    return _out(~batch.is_known)


def negative(batch: Batch, limits: Limits) -> Outcomes:
    return _out(_any(batch.values < 0))


def too_long(batch: Batch, limits: Limits) -> Outcomes:
    return _out(_any(batch.values >= batch.turn[:, None]))


def future(batch: Batch, limits: Limits) -> Outcomes:
    return _out(batch.taken > batch.today)


def standing(batch: Batch, limits: Limits) -> Outcomes:
    gone = (batch.removed > 0) & (batch.taken >= batch.removed)
    return _out(gone | (batch.taken < batch.installed))


def before_previous(batch: Batch, limits: Limits) -> Outcomes:
    return _out(batch.taken < batch.before_taken)


def lower(batch: Batch, limits: Limits) -> Outcomes:
    return _out(_smaller(batch)[0])


def rollover(batch: Batch, limits: Limits) -> Outcomes:
    return _out(_smaller(batch)[1])


def _above_usual(batch: Batch, times: int, units: int) -> Outcomes:
    """Above so many usual months and so many units a month; a meter without history is not compared."""
    volume, months = batch.volume, batch.months
    above = (volume > units * MICRO * months) & (volume > times * batch.usual_high * months)
    return _out((batch.usual_high >= 0) & above)


def jump(batch: Batch, limits: Limits) -> Outcomes:
    return _above_usual(batch, limits["times"], limits["units"])


def spike(batch: Batch, limits: Limits) -> Outcomes:
    return _above_usual(batch, limits["times"], limits["units"])


def ceiling(batch: Batch, limits: Limits) -> Outcomes:
    most = by_service(batch, limits, "service")
    above = (most >= 0) & (batch.volume > most * MICRO * batch.months)
    return _out(above & (batch.usual_high < 0) & ~batch.of_house)


def norm(batch: Batch, limits: Limits) -> Outcomes:
    """Only where there is no history to compare with: people who save or spend are not wrong for years."""
    applies = (batch.usual_high < 0) & ~batch.of_house & (batch.norm_micro != NONE)
    volume = batch.volume
    above = volume > limits["times"] * np.maximum(batch.norm_micro, 0) * batch.months
    big = volume > limits["units"] * MICRO * batch.months
    return _out(applies & above & big, applies & big & (batch.norm_micro == UNKNOWN))


def capacity(batch: Batch, limits: Limits) -> Outcomes:
    """More than the pipe or the wire lets through in these days."""
    flow = by_service(batch, limits, "service")
    applies = (flow >= 0) & ~batch.of_house
    days = batch.taken - batch.before_taken
    most = flow * HOURS * np.maximum(days, 1) * (MICRO // MILLE)
    return _out(applies & (batch.volume > most), applies & (days < 0))


def zero_long(batch: Batch, limits: Limits) -> Outcomes:
    return _out((batch.volume == 0) & (batch.zero_months + batch.months >= limits["months"]))


def repeated(batch: Batch, limits: Limits) -> Outcomes:
    same = (batch.volume > 0) & (batch.volume == batch.last_volume)
    return _out(same & (batch.same_count + 1 >= limits["times"]))


def duplicate(batch: Batch, limits: Limits) -> Outcomes:
    same = (batch.values == batch.current).all(axis=1) & (batch.taken == batch.current_taken)
    return _out(batch.has_current & same)


def window(batch: Batch, limits: Limits) -> Outcomes:
    return _out(batch.was_late)


def unverified(batch: Batch, limits: Limits) -> Outcomes:
    return _out((batch.verified_until > 0) & (batch.verified_until < batch.taken))


def zone_sum(batch: Batch, limits: Limits) -> Outcomes:
    """Zones against the total the counter showed; a device that knows its total and did not say it cannot
    be checked.
    """
    apart = np.abs(batch.values.sum(axis=1) - batch.total_micro) * MILLE
    wrong = (batch.total_micro >= 0) & (apart > limits["thousandths"] * MICRO)
    return _out(wrong, batch.total_micro == UNKNOWN)


def house_sum(batch: Batch, limits: Limits) -> Outcomes:
    """Flats used more than came into the house."""
    volume, parts = batch.volume, batch.parts_micro
    above = (parts * 100 > volume * (100 + limits["percent"])) & (parts - volume > limits["units"] * MICRO)
    return _out(batch.of_house & (parts >= 0) & above, batch.of_house & (parts == UNKNOWN))


def prolonged(batch: Batch, limits: Limits) -> Outcomes:
    return _out(batch.months > limits["months"])


def swapped(batch: Batch, limits: Limits) -> Outcomes:
    """Of two meters of water each value goes on from the other's: hot was written for cold."""
    water = np.isin(batch.service, WATERS) & (batch.zones == 1) & ~batch.of_house
    value, usual = batch.values[:, 0], limits["units"] * MICRO * batch.months
    odd = (value < batch.before[:, 0]) | (batch.volume > usual)
    fits = (value >= batch.twin_micro) & (value - batch.twin_micro <= usual)
    return _out(water & (batch.twin_micro >= 0) & odd & fits, water & (batch.twin_micro == UNKNOWN))
