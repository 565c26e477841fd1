"""Rates, caps, moratoria and moved days that come with the product (billing/law/penalty.yaml)."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib import resources
from typing import Any

import yaml

from billing.penalty.rates import Cap, KeyRate, Moratorium, RateLaw
from billing.penalty.terms import Calendar


@cache
def _table() -> dict[str, Any]:
    text = resources.files("billing.law").joinpath("penalty.yaml").read_text(encoding="utf-8")
    table: dict[str, Any] = yaml.safe_load(text)
    return table


@cache
def caps() -> tuple[Cap, ...]:
    return tuple(Cap(row["first"], row["last"], row["value"], row["source"]) for row in _table()["caps"])


@cache
def moratoria() -> tuple[Moratorium, ...]:
    return tuple(
        Moratorium(row["first"], row["last"], row["source"], row.get("due_before"))
        for row in _table()["moratoria"]
    )


@cache
def key_rates() -> tuple[KeyRate, ...]:
    return tuple(KeyRate(day, row["value"], row["source"]) for day, row in _table()["key_rates"].items())


def federal_law() -> RateLaw:
    """The law as the product knows it, without what an operator added."""
    return RateLaw(key_rates(), caps(), moratoria())


def moved_days() -> dict[dt.date, tuple[bool, str]]:
    """Moved days: whether worked, and by which act."""
    table = _table()
    days = {day: (False, source) for day, source in table["days_off"].items()}
    return days | {day: (True, source) for day, source in table["working_days"].items()}


@cache
def federal_calendar() -> Calendar:
    days = moved_days()
    return Calendar(
        frozenset(day for day, (is_working, _) in days.items() if not is_working),
        frozenset(day for day, (is_working, _) in days.items() if is_working),
    )
