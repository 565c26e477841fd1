"""Numbers and dates of the paper in Russian: kopecks, volumes, rates, areas, months. Integers in, text out.

Thousands are parted by a narrow space that does not break, kopecks have two digits, minus is a minus sign.
"""

import re
from datetime import date
from functools import lru_cache

from billing.receipt import Quantity

THIN = "\u202f"
NBSP = "\u00a0"
MINUS = "\u2212"
DASH = "\u2013"
ZERO_WIDTH_SPACE = "\u200b"
PIECE = 12
"""Letters between two places to break in a word no column holds whole."""
LONG_WORD = re.compile(r"\S{31,}")
"""The longest words of Russian addresses have under thirty letters."""

MONTHS = (
    "январь", "февраль", "март", "апрель", "май", "июнь",
    "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
)  # fmt: skip
MONTHS_OF = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip
MONTHS_IN = (
    "январе", "феврале", "марте", "апреле", "мае", "июне",
    "июле", "августе", "сентябре", "октябре", "ноябре", "декабре",
)  # fmt: skip
MONTHS_SHORT = ("янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")

VOLUME_DIGITS = {
    "м³": (3, 3),
    "м3": (3, 3),
    "Гкал": (4, 6),
    "кВт·ч": (0, 2),
    "м²": (2, 2),
    "чел.": (0, 2),
}
"""Least and most decimals printed for a unit; zeros between them are dropped."""
VOLUME_DIGITS_OTHER = (0, 6)
RATE_DIGITS = (2, 4)


def grouped(whole: int) -> str:
    """12345 → «12 345»; not negative."""
    return f"{whole:,}".replace(",", THIN)


@lru_cache(maxsize=1 << 16)
def scaled(value: int, digits: int, least: int) -> str:
    """value × 10^-digits with a comma, at least `least` decimals, other end zeros dropped.

    Kept: tariffs, norms and zeros repeat on every receipt of a house.
    """
    sign = MINUS if value < 0 else ""
    whole, rest = divmod(abs(value), 10**digits)
    decimals = f"{rest:0{digits}d}" if digits else ""
    decimals = decimals[:least] + decimals[least:].rstrip("0")
    return f"{sign}{grouped(whole)},{decimals}" if decimals else f"{sign}{grouped(whole)}"


def money(kopecks: int) -> str:
    """593044 → «5 930,44»."""
    return scaled(kopecks, 2, 2)


def signed_money(kopecks: int) -> str:
    """With a plus for more: differences and recalculations."""
    return f"+{money(kopecks)}" if kopecks > 0 else money(kopecks)


def roubles(kopecks: int) -> str:
    """Whole roubles half away from zero: labels of a chart only."""
    whole = (abs(kopecks) + 50) // 100
    return (MINUS if kopecks < 0 and whole else "") + grouped(whole)


def rate(rate_scaled: int) -> str:
    """1/10 000 rouble → «51,2», at least two decimals."""
    least, digits = RATE_DIGITS[0], RATE_DIGITS[1]
    return scaled(rate_scaled, digits, least)


def coefficient(permille: int) -> str:
    """1500 → «1,5»."""
    return scaled(permille, 3, 0)


def area(dm2: int) -> str:
    """5340 → «53,40 м²»."""
    return f"{scaled(dm2, 2, 2)}{NBSP}м²"


def volume(quantity: Quantity, unit: str, decimals: int | None = None) -> str:
    """The amount alone, with the decimals usual for its unit or those asked for; rounded for the eye only."""
    least, digits = VOLUME_DIGITS.get(unit, VOLUME_DIGITS_OTHER) if quantity.num else (0, 0)
    if decimals is not None:
        least, digits = min(least, decimals), decimals
    return scaled(quantity.rounded(digits), digits, least)


def reading(quantity: Quantity) -> str:
    """What stands on a meter: up to three decimals, no zeros at the end."""
    return scaled(quantity.rounded(3), 3, 0)


def day(moment: date) -> str:
    """«15 ноября 2026»."""
    return f"{moment.day}{NBSP}{MONTHS_OF[moment.month - 1]} {moment.year}"


@lru_cache(maxsize=4096)
def day_short(moment: date) -> str:
    """«15.11.2026»."""
    return f"{moment:%d.%m.%Y}"


def month(moment: date) -> str:
    """«октябрь 2026»."""
    return f"{MONTHS[moment.month - 1]} {moment.year}"


def month_in(moment: date) -> str:
    """«октябре 2026», after «в»."""
    return f"{MONTHS_IN[moment.month - 1]} {moment.year}"


def month_span(first: date | None, last: date | None) -> str:
    """«июль–сентябрь 2026», «июль 2026» or nothing."""
    if first is None:
        return ""
    if last is None or last == first:
        return month(first)
    if first.year == last.year:
        return f"{MONTHS[first.month - 1]}{DASH}{month(last)}"
    return f"{month(first)} {DASH} {month(last)}"


def breakable(text: str) -> str:
    """Places where a very long word may break: a line of the page never runs off the sheet."""
    return LONG_WORD.sub(lambda word: ZERO_WIDTH_SPACE.join(_pieces(word.group())), text)


def _pieces(word: str) -> list[str]:
    return [word[at : at + PIECE] for at in range(0, len(word), PIECE)]


def people(count: int) -> str:
    """«3 человека»."""
    few = count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14)
    return f"{count}{NBSP}{'человека' if few else 'человек'}"
