"""How numbers, money, dates and words look on the screen. Integers in, text out; nothing here rounds money.

The paper has the same words (receipts.words); the screen adds the sign of the currency, plural and change.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from receipts import words
from receipts.words import DASH, MINUS, NBSP, THIN

__all__ = ["DASH", "FILTERS", "MINUS", "NBSP", "THIN", "money", "plural"]

MOSCOW = ZoneInfo("Europe/Moscow")
RUB = f"{THIN}₽"
NO_DATA = "нет данных"
AREA_UNIT = "м²"
MINUTE = 60
HOUR = 3600


def money(kopecks: int | None) -> str:
    """1234567 → «12 345,67 ₽»; an unknown sum is «нет данных», never 0."""
    return NO_DATA if kopecks is None else words.money(kopecks) + RUB


def sum_only(kopecks: int | None) -> str:
    """The sum without the sign of the currency: cells of a table whose head says «₽»."""
    return DASH if kopecks is None else words.money(kopecks)


def delta(kopecks: int | None) -> str:
    """A change of money with its sign: «+312,40 ₽», «−220,10 ₽», «0,00 ₽»."""
    return DASH if kopecks is None else words.signed_money(kopecks) + RUB


def delta_only(kopecks: int | None) -> str:
    """A change of money in a cell whose head says «₽»."""
    return DASH if kopecks is None else words.signed_money(kopecks)


def percent_change(now: int | None, before: int | None) -> str:
    """How much `now` is over `before`, one decimal, half up: «+3,1 %»; a dash over nothing or a negative."""
    if now is None or before is None or before <= 0:
        return DASH
    tenths = (2 * abs(now - before) * 1000 + before) // (2 * before)
    if tenths == 0:
        return f"0{NBSP}%"
    sign = "+" if now > before else MINUS
    return f"{sign}{words.grouped(tenths // 10)},{tenths % 10}{NBSP}%"


def percent(part: int, whole: int) -> str:
    """Share of a whole in whole percent, rounded down, so that 100 % means all: «62 %»."""
    return f"{part * 100 // whole if whole else 0}{NBSP}%"


def integer(value: int | None) -> str:
    """78310 → «78 310»."""
    if value is None:
        return DASH
    return (MINUS if value < 0 else "") + words.grouped(abs(value))


def plural(count: int, one: str, few: str, many: str) -> str:
    """«1 счёт», «2 счёта», «5 счетов», «21 счёт»: the number and the word after it."""
    return f"{integer(count)}{NBSP}{form_of(count, one, few, many)}"


def form_of(count: int, one: str, few: str, many: str) -> str:
    """The word alone in the form the number asks for."""
    tail, tens = abs(count) % 10, abs(count) % 100
    if tail == 1 and tens != 11:
        return one
    if tail in (2, 3, 4) and tens not in (12, 13, 14):
        return few
    return many


def date(value: dt.date | dt.datetime | None) -> str:
    """«24 ноября 2026»."""
    return DASH if value is None else words.day(_local(value))


def date_short(value: dt.date | dt.datetime | None) -> str:
    """«24.11.2026», for tables."""
    return DASH if value is None else words.day_short(_local(value))


def day_before(value: dt.date) -> dt.date:
    """The last day of a stretch kept as [first, after)."""
    return value - dt.timedelta(days=1)


def moment(value: dt.datetime | None) -> str:
    """«24.11.2026 14:02» by the clock of Moscow."""
    return DASH if value is None else f"{value.astimezone(MOSCOW):%d.%m.%Y %H:%M}"


def clock(value: dt.datetime | None) -> str:
    """«14:02:07» by the clock of Moscow."""
    return DASH if value is None else f"{value.astimezone(MOSCOW):%H:%M:%S}"


def _local(value: dt.date | dt.datetime) -> dt.date:
    return value.astimezone(MOSCOW).date() if isinstance(value, dt.datetime) else value


def month(value: dt.date) -> str:
    """«октябрь 2026»."""
    return words.month(value)


def month_dative(value: dt.date) -> str:
    """«к сентябрю»: the name of a month as «compared with» asks for."""
    name = words.MONTHS[value.month - 1]
    return name + "у" if name[-1] not in "ьй" else name[:-1] + "ю"


def month_key(value: dt.date) -> str:
    """«2026-10»: a month in an address."""
    return f"{value:%Y-%m}"


def month_short(value: dt.date) -> str:
    """«окт» under a bar of a chart."""
    return words.MONTHS_SHORT[value.month - 1]


def quantity(micro: int | None, unit: str = "") -> str:
    """Micro-units as a number with its unit: 13870000 → «13,87 м³»."""
    if micro is None:
        return NO_DATA
    return words.scaled(micro, 6, 0) + (NBSP + unit if unit else "")


def rate(rate_e4: int | None) -> str:
    """A tariff kept in 1/10 000 rouble: 512345 → «51,2345»."""
    return DASH if rate_e4 is None else words.rate(rate_e4)


def area(dm2: int | None) -> str:
    """5430 → «54,3 м²»."""
    return NO_DATA if dm2 is None else f"{words.scaled(dm2, 2, 0)}{NBSP}{AREA_UNIT}"


SECONDS, MINUTES = ("секунду", "секунды", "секунд"), ("минуту", "минуты", "минут")
SECONDS_OF, MINUTES_OF = ("секунды", "секунд", "секунд"), ("минуты", "минут", "минут")


def duration(seconds: int | None) -> str:
    """In how long: «за 40 секунд», «за 1 минуту», «за 2 ч 05 мин»."""
    return _duration(seconds, SECONDS, MINUTES)


def duration_of(seconds: int | None) -> str:
    """About how long: «около 1 минуты», «около 3 минут»."""
    return _duration(seconds, SECONDS_OF, MINUTES_OF)


def _duration(seconds: int | None, in_seconds: tuple[str, str, str], in_minutes: tuple[str, str, str]) -> str:
    if seconds is None:
        return DASH
    if seconds < MINUTE:
        return plural(max(seconds, 1), *in_seconds)  # «за 0 секунд» says nothing
    if seconds < HOUR:
        return plural((seconds + MINUTE // 2) // MINUTE, *in_minutes)
    hours, rest = divmod(seconds, HOUR)
    return f"{hours}{NBSP}ч{NBSP}{rest // MINUTE:02d}{NBSP}мин"


def vat_rate(rate_bp: int) -> str:
    """Hundredths of a percent: 2200 → «22 %»."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}{f',{rest:02d}'.rstrip('0') if rest else ''}{NBSP}%"


def named(rows: Iterable[Any]) -> list[tuple[Any, str]]:
    """Rows with an id and a name as the pairs a list of choices takes."""
    return [(row.id, row.name) for row in rows]


def counted(facets: Iterable[Any]) -> list[tuple[str, str]]:
    """Values of a dimension as such pairs, with how many there are of each: «ХВС (1 204)»."""
    return [(one.key, f"{one.name} ({integer(one.count)})") for one in facets]


FILTERS = {
    "vat_rate": vat_rate,
    "money": money,
    "sum_only": sum_only,
    "delta": delta,
    "delta_only": delta_only,
    "percent_change": percent_change,
    "percent": percent,
    "integer": integer,
    "plural": plural,
    "form_of": form_of,
    "date": date,
    "date_short": date_short,
    "day_before": day_before,
    "moment": moment,
    "clock": clock,
    "month": month,
    "month_dative": month_dative,
    "month_key": month_key,
    "month_short": month_short,
    "quantity": quantity,
    "rate": rate,
    "area": area,
    "duration": duration,
    "duration_of": duration_of,
    "named": named,
    "counted": counted,
}
"""Every filter a template may use."""
