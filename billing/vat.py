"""VAT inside a sum of a payee whose prices include it: extracted by one integer rule, never added.

Law: Tax Code, art. 164 p. 3, 168. A price for people is the price with VAT; what is due does not change. The
VAT of a total is extracted from the total, not added up from its lines.
"""

from __future__ import annotations

import datetime as dt

from billing.law import value_on

WHOLE_BP = 10_000
"""Hundredths of a percent in the price without VAT."""


def rate_on(day: dt.date) -> int:
    """The general rate in hundredths of a percent (2200 = 22 %). Raises NoFederalValueError."""
    return value_on("vat_rate", day).value


def included(amount_kopecks: int, rate_bp: int) -> int:
    """VAT in a sum: sum × rate / (100 % + rate), half up to a kopeck, away from zero in a negative one."""
    whole = WHOLE_BP + rate_bp
    size = (2 * abs(amount_kopecks) * rate_bp + whole) // (2 * whole)
    return -size if amount_kopecks < 0 else size
