"""Scales of every quantity: integers only, so that nothing is lost before the one rounding of a line.

| what                                | unit of the integer              | example            |
| ----------------------------------- | -------------------------------- | ------------------ |
| volume, reading, norm (m3, kWh, Gcal, m2) | millionth of the unit ("micro") | 6,935 m3 = 6 935 000 |
| area                                | dm2 (hundredth of m2)            | 54,3 m2 = 5 430    |
| rate (tariff, price, contribution)  | ten-thousandth of a rouble a unit | 45,67 RUB = 456 700 |
| money                               | kopeck                           | 299,46 RUB = 29 946 |
| coefficient                         | permille                         | 1,5 = 1 500        |
"""

from __future__ import annotations

import re

MICRO = 1_000_000
DM2_PER_M2 = 100
RATE_PER_RUBLE = 10_000
KOPECKS_PER_RUBLE = 100
PERMILLE = 1_000

# amount_kopecks = volume_micro × rate / RATE_TO_KOPECKS
RATE_TO_KOPECKS = MICRO * RATE_PER_RUBLE // KOPECKS_PER_RUBLE
MICRO_M2_PER_DM2 = MICRO // DM2_PER_M2

_DECIMAL = re.compile(r"^\s*([+\-−]?)\s*(\d[\d \u00a0\u2009\u202f]*)(?:[.,](\d+))?\s*$")


def parse_scaled(text: str, scale: int) -> int:
    """Exact integer of a decimal written by a person or a file: «54,3» at scale 100 is 5 430.

    Accepts comma or dot, spaces between thousands, a leading sign. Raises ValueError when it is not a
    number or has more decimals than the scale can hold exactly.
    """
    match = _DECIMAL.match(text)
    if match is None:
        raise ValueError(f"«{text}» — не число")
    sign, whole, fraction = match.group(1), re.sub(r"\D", "", match.group(2)), match.group(3) or ""
    numerator: int = int(whole + fraction) * scale
    value, rest = divmod(numerator, int(10 ** len(fraction)))
    if rest:
        raise ValueError(f"«{text}»: слишком много знаков после запятой")
    return -value if sign in ("-", "−") else value


def format_scaled(value: int, scale: int, decimals: int) -> str:
    """Decimal text with a comma, half away from zero to `decimals`.

    5 430 at scale 100 and 1 decimal is «54,3».
    """
    sign, magnitude = ("−", -value) if value < 0 else ("", value)
    rounded = (2 * magnitude * 10**decimals + scale) // (2 * scale)
    whole, fraction = divmod(rounded, 10**decimals)
    text = f"{whole:,}".replace(",", "\u2009")
    return f"{sign}{text},{fraction:0{decimals}d}" if decimals else f"{sign}{text}"
