"""Cells into values: kopecks, days, months, readings. What cannot be understood is told in words."""

from __future__ import annotations

import datetime as dt
import re

SUM = re.compile(r"(-?)(\d{1,11})(?:[.,](\d{1,2})0*)?")
WHOLE = re.compile(r"\d{1,13}")
MONTH_FORMS = (
    (re.compile(r"(\d{2})(\d{2})"), 1, 2, 2000),  # ММГГ
    (re.compile(r"(\d{2})[./-](\d{4})"), 1, 2, 0),
    (re.compile(r"(\d{4})[./-](\d{2})(?:[./-]\d{2})?"), 2, 1, 0),
    (re.compile(r"(\d{2})(\d{4})"), 1, 2, 0),
    (re.compile(r"01[./-](\d{2})[./-](\d{4})"), 1, 2, 0),
)
YEARS = range(2000, 2100)
READING = re.compile(r"\d{1,9}(?:[.,]\d{1,6})?")


class BadValue(ValueError):
    """A cell that is not what it must be; the message is a verdict of its row."""


def kopecks(words: str, decimal: str) -> int:
    """Money: «1275,00», «1 275.5»; whole kopecks where the profile says so. Raises BadValue."""
    bare = words.replace(" ", "").replace("\u00a0", "").replace("\u202f", "")
    if decimal == "kopecks":
        if not WHOLE.fullmatch(bare) or not bare.isascii():
            raise BadValue(f"«{words}» — не сумма в копейках.")
        return int(bare)
    found = SUM.fullmatch(bare)
    foreign = {".": ",", ",": "."}.get(decimal)
    if found is None or not bare.isascii() or (foreign is not None and foreign in bare):
        raise BadValue(f"«{words}» — не сумма. Нужны рубли и копейки, например 1275,00.")
    amount = int(found[2]) * 100 + int(((found[3] or "") + "00")[:2])
    return -amount if found[1] else amount


def day(words: str, patterns: list[str]) -> dt.date:
    """A date by the first pattern that fits. Raises BadValue."""
    for pattern in patterns or ["%d.%m.%Y", "%Y-%m-%d"]:
        try:
            found = dt.datetime.strptime(words, pattern).date()  # noqa: DTZ007 - a calendar date
        except ValueError:
            continue
        if found.year in YEARS:
            return found
    raise BadValue(f"«{words}» — не дата.")


def month(words: str) -> dt.date:
    """The month a payment names: «0824», «08.2024», «2024-08», «01.08.2024». Raises BadValue."""
    for form, month_at, year_at, century in MONTH_FORMS:
        found = form.fullmatch(words)
        if found is None:
            continue
        number, year = int(found[month_at]), int(found[year_at]) + century
        if 1 <= number <= 12 and year in YEARS:
            return dt.date(year, number, 1)
    raise BadValue(f"«{words}» — не месяц. Нужно, например, 0826 или 08.2026.")


def is_reading(words: str) -> bool:
    """Whether a cell is a number a meter may show."""
    return READING.fullmatch(words) is not None and words.isascii()
