"""Reads one cell: what Excel or a csv holds → a value of ours, or a sentence saying what is wrong with it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from billing.period import MONTHS, Period
from billing.quantity import DM2_PER_M2, KOPECKS_PER_RUBLE, MICRO, parse_scaled
from billing.services import CATALOGUE
from storage.importer import sheets
from storage.importer.sheets import Column
from storage.natural import search_form

DAY_FIRST = dt.date(1900, 1, 1)
DAY_LAST = dt.date(2100, 12, 31)
AREA_MAX_DM2 = 100_000_000  # a million square metres
FACTOR_MAX_MICRO = 100 * MICRO  # of a radiator: usual ones are about one
MONEY_MAX = 10_000_000_000_00
YES_WORDS = frozenset(("да", "1", "true", "истина", "+"))
NO_WORDS = frozenset(("нет", "0", "false", "ложь", "-"))

_SERVICE_BY_WORD = {
    search_form(word): info.code
    for info in CATALOGUE.values()
    for word in (info.short_label, info.label, info.key)
}
_DAY = re.compile(r"^(\d{1,2})[./](\d{1,2})[./](\d{4})$|^(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00)?)?$")
_MONTH = re.compile(r"^(\d{1,2})[./-](\d{4})$|^(\d{4})-(\d{2})$")


class Formula(str):
    """A formula of a cell whose value the file does not hold: the program that wrote it never counted it."""

    __slots__ = ()


class CellError(ValueError):
    """What is wrong with a cell and what to do, for the person who filled it."""


def as_text(raw: Any) -> str:
    """What a person sees in the cell: whole numbers without «.0», dates as 31.12.2026."""
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "да" if raw else "нет"
    if isinstance(raw, (dt.datetime, dt.date)):
        return f"{raw:%d.%m.%Y}"
    if isinstance(raw, float):
        return format(Decimal(repr(raw)).normalize(), "f")
    return str(raw).replace("\xa0", " ").strip()


def parse(column: Column, raw: Any) -> Any:
    """The value of a filled cell. Raises CellError."""
    if isinstance(raw, Formula):
        raise CellError(
            f"В клетке формула «{raw}», а посчитанного значения в файле нет. Откройте файл в Excel и "
            f"сохраните "
            "или вставьте значение вместо формулы."
        )
    return _PARSERS[column.kind](column, raw)


def _text(column: Column, raw: Any) -> str:
    text = " ".join(as_text(raw).split())
    if len(text) > column.length:
        raise CellError(f"Слишком длинно: {len(text)} знаков, можно до {column.length}. Сократите.")
    return text


def _whole(column: Column, raw: Any) -> int:
    text = as_text(raw)
    if not re.fullmatch(r"\d{1,10}", text):
        raise CellError(f"«{text}» — не целое число. Впишите число цифрами, например {column.example or 1}.")
    value = int(text)
    if not column.least <= value <= column.most:
        raise CellError(f"{value} не бывает: здесь от {column.least} до {column.most}. Проверьте число.")
    return value


def _scaled(raw: Any, scale: int, what: str, example: str) -> int:
    text = as_text(raw)
    try:
        return parse_scaled(text, scale)
    except ValueError as error:
        reason = str(error) if "знаков" in str(error) else f"«{text}» — не {what}"
        raise CellError(f"{reason}. Впишите числом, например {example}.") from None


def _area(column: Column, raw: Any) -> int:
    value = _scaled(raw, DM2_PER_M2, "площадь", column.example or "54,3")
    if not 0 <= value <= AREA_MAX_DM2:
        raise CellError("Площадь не бывает такой. Впишите квадратные метры, например 54,3.")
    return value


def _money(column: Column, raw: Any) -> int:
    value = _scaled(raw, KOPECKS_PER_RUBLE, "сумма", "1520,40")
    if abs(value) > MONEY_MAX:
        raise CellError("Сумма слишком велика. Впишите рубли с копейками, например 1520,40.")
    return value


def _value(column: Column, raw: Any) -> int:
    value = _scaled(raw, MICRO, "показание", "124,35")
    if value < 0:
        raise CellError("Показание не бывает меньше нуля. Впишите цифры со счётчика.")
    if value >= 10**9 * MICRO:
        raise CellError("Показание длиннее любого счётчика. Проверьте, нет ли лишних цифр.")
    return value


def _factor(column: Column, raw: Any) -> int:
    value = _scaled(raw, MICRO, "коэффициент", column.example or "1,25")
    if not 0 < value <= FACTOR_MAX_MICRO:
        raise CellError("Коэффициент прибора больше нуля и не больше 100. Впишите, например, 1,25.")
    return value


def _day(column: Column, raw: Any) -> dt.date:
    if isinstance(raw, dt.datetime):
        raw = raw.date()
    day = raw if isinstance(raw, dt.date) else _day_of(as_text(raw))
    if not DAY_FIRST <= day <= DAY_LAST:
        raise CellError(f"{day:%d.%m.%Y} — такого дня у нас быть не может. Проверьте год.")
    return day


def _day_of(text: str) -> dt.date:
    match = _DAY.match(text)
    if match is None:
        raise CellError(f"«{text}» — не дата. Впишите как 31.12.2026.")
    day, month, year, iso_year, iso_month, iso_day = match.groups()
    try:
        if iso_year:
            return dt.date(int(iso_year), int(iso_month), int(iso_day))
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        raise CellError(f"Дня {text} нет в календаре. Проверьте число и месяц.") from None


def _month(column: Column, raw: Any) -> Period:
    if isinstance(raw, (dt.datetime, dt.date)):
        return Period.of(raw.date() if isinstance(raw, dt.datetime) else raw)
    text = search_form(as_text(raw))
    match = _MONTH.match(text)
    if match is not None:
        month, year, iso_year, iso_month = match.groups()
        number, of_year = int(month or iso_month), int(year or iso_year)
    else:
        words = text.split()
        known = {search_form(name): number for number, name in enumerate(MONTHS, 1)}
        if len(words) < 2 or words[0] not in known or not words[1].isdecimal():
            raise CellError(f"«{text}» — не месяц. Впишите как 10.2026 или «октябрь 2026».")
        number, of_year = known[words[0]], int(words[1])
    if not 1 <= number <= 12 or not 1990 <= of_year <= 2100:
        raise CellError(f"Месяца «{text}» не бывает. Впишите как 10.2026.")
    return Period(of_year * 12 + number - 1)


def _choice(column: Column, raw: Any) -> str:
    text = search_form(as_text(raw))
    for word, code in column.choices.items():
        if text in (search_form(word), code):
            return code
    raise CellError(f"«{as_text(raw)}» здесь не бывает. Выберите: {', '.join(column.choices)}.")


def service_of(text: str) -> int:
    """Code of a service by its short or full name. Raises CellError."""
    code = _SERVICE_BY_WORD.get(search_form(text))
    if code is None:
        raise CellError(f"Услуги «{text}» нет. Выберите: {', '.join(sheets.SERVICE_WORDS)}.")
    return code


def _service(column: Column, raw: Any) -> int:
    return service_of(as_text(raw))


def _services(column: Column, raw: Any) -> tuple[int, ...]:
    return tuple(sorted({service_of(word) for word in re.split(r"[,;]", as_text(raw)) if word.strip()}))


def _share(column: Column, raw: Any) -> tuple[int, int]:
    text = as_text(raw).replace(" ", "")
    if text in ("1", "1/1"):
        return 1, 1
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if match is None or not 0 < int(match.group(1)) <= int(match.group(2)):
        raise CellError(f"«{text}» — не доля. Впишите дробью: 1/2, 1/3 или 1.")
    return int(match.group(1)), int(match.group(2))


def _yes(column: Column, raw: Any) -> bool:
    text = search_form(as_text(raw))
    if text in YES_WORDS:
        return True
    if text in NO_WORDS:
        return False
    raise CellError(f"«{as_text(raw)}» здесь не бывает. Впишите «да» или оставьте пустым.")


_PARSERS: dict[str, Callable[[Column, Any], Any]] = {
    sheets.TEXT: _text,
    sheets.WHOLE: _whole,
    sheets.AREA: _area,
    sheets.MONEY: _money,
    sheets.DAY: _day,
    sheets.MONTH: _month,
    sheets.CHOICE: _choice,
    sheets.SERVICE: _service,
    sheets.SERVICES: _services,
    sheets.VALUE: _value,
    sheets.SHARE: _share,
    sheets.YES: _yes,
    sheets.FACTOR: _factor,
}
