"""Meters as OpenFisca variables: the decision table of Rules 354 and the volumes meters show."""

from __future__ import annotations

from typing import Any

import numpy as np
from openfisca_core.variables import Variable

from benchmarks.peers._openfisca_base import ACCOUNT, Formula, variable
from benchmarks.peers._openfisca_inputs import METER_COUNTS, METER_FLAGS, METERED, PLACES, ZONES

NO_METER = 12
FIRST_AVERAGE, FIRST_READ = 5, 10  # rows of the table by strength, as in billing.metering.RANKS
PERIODS, PERIODS_BUSINESS = 3, 2  # by average: dwellings, non-residential premises
MONTHS_LEAST = 3


def meter_inputs(meter: str, service: int) -> list[type[Variable]]:
    """Columns of one meter of an account, see billing.block.Meters; readings in thousandths."""
    made = [variable(f"{meter}_{word}", ACCOUNT, bool) for word in ("is_there", *METER_FLAGS)]
    counts = ["turn", *METER_COUNTS, *(["zones"] if service == 5 else [])]
    made += [variable(f"{meter}_{word}", ACCOUNT, int) for word in counts]
    for zone in range(ZONES if service == 5 else 1):
        words = ("start", "end", "window", "billed")
        made += [variable(f"{meter}_{word}_{zone}", ACCOUNT, int) for word in words]
    return made


def meters() -> list[type[Variable]]:
    made = []
    for service, name in METERED.items():
        places = [f"{name}_m{place}" for place in range(PLACES)]
        made += [variable(f"{place}_row", ACCOUNT, int, _row(place, service)) for place in places]
        made.append(variable(f"{name}_row", ACCOUNT, int, _weakest(name)))
        made.append(variable(f"{name}_is_read", ACCOUNT, bool, _is_between(name, FIRST_READ, NO_METER)))
        averaged = _is_between(name, FIRST_AVERAGE, FIRST_READ)
        made.append(variable(f"{name}_is_averaged", ACCOUNT, bool, averaged))
        made.append(variable(f"{name}_is_raised", ACCOUNT, bool, _is_raised(name)))
        for component in range(4 if service == 5 else 1):
            formula = _metered_volume(name, component)
            made.append(variable(f"{name}_{component}_volume", ACCOUNT, float, formula))
    return made


def _row(meter: str, service: int) -> Formula:
    """Row of the decision table for one meter."""

    def formula(account: Any, period: Any) -> Any:
        def of(word: str) -> Any:
            return account(f"{meter}_{word}", period)

        failed, refused, silent = of("failed_month"), of("refused_month"), np.maximum(of("silent_months"), 1)
        enough = of("window_months") >= MONTHS_LEAST
        business = account("is_nonresidential", period)
        count = np.where(refused > 0, refused, np.where(failed > 0, failed, silent))
        by_supplier = (failed > 0) & of("supplier_duty") & (service == 5)
        plain = of("has_reading") & (failed == 0) & (refused == 0)
        rows: list[tuple[Any, int]] = [
            (~of("is_there"), NO_METER),
            (plain & (of("gap_months") > 0), 10),
            (plain, 11),
            (business & enough & (count <= PERIODS_BUSINESS), 9),
            (business, 4),
            ((refused > 0) & ((refused > PERIODS) | of("second_refusal")), 1),
            ((refused > 0) & enough, 6),
            (refused > 0, 3),
            (by_supplier & enough, 8),
            (by_supplier, 3),
            (failed > PERIODS, 0),
            ((failed > 0) & enough, 5),
            (failed > 0, 3),
            (silent > PERIODS, 2),
            (enough, 7),
        ]
        return np.select([condition for condition, _ in rows], [number for _, number in rows], 3)

    return formula


def _weakest(name: str) -> Formula:
    def formula(account: Any, period: Any) -> Any:
        first, second = (account(f"{name}_m{place}_row", period) for place in range(PLACES))
        return np.where(account(f"has_{name}", period), np.minimum(first, second), NO_METER)

    return formula


def _is_between(name: str, first: int, after: int) -> Formula:
    def formula(account: Any, period: Any) -> Any:
        row = account(f"{name}_row", period)
        return (row >= first) & (row < after)

    return formula


def _is_raised(name: str) -> Formula:
    """A long fault, refused access, or no meter though possible."""

    def formula(account: Any, period: Any) -> Any:
        row = account(f"{name}_row", period)
        return np.where(row == NO_METER, account(f"{name}_is_possible", period), row <= 1)

    return formula


def _metered_volume(name: str, component: int) -> Formula:
    """By readings, or by averages together with readings of the account's other meter."""

    def formula(account: Any, period: Any) -> Any:
        total = 0.0
        for place in range(PLACES):
            total = total + _of_meter(account, period, f"{name}_m{place}", name == "power", component)
        measured = account(f"{name}_is_read", period) | account(f"{name}_is_averaged", period)
        return np.where(measured, total, 0)

    return formula


def _of_meter(account: Any, period: Any, meter: str, is_zoned: bool, component: int) -> Any:
    zone = max(component - 1, 0)

    def of(word: str) -> Any:
        return account(f"{meter}_{word}", period)

    row, volume = of("row"), of(f"end_{zone}") - of(f"start_{zone}")
    volume = np.where(volume < 0, volume + of("turn"), volume)
    read = np.where(row == FIRST_READ, volume - of(f"billed_{zone}"), volume) / 1000
    average = of(f"window_{zone}") / (1000 * np.maximum(of("window_months"), 1))
    found = np.where(row >= FIRST_READ, read, average)
    counts = of("is_there")
    if is_zoned:
        zones = of("zones")
        counts = counts & ((zones >= component) & (zones > 1) if component else zones == 1)
    return np.where(counts, found, 0)
