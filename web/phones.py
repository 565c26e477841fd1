"""A Russian phone number as people write it → «+7 900 123-45-67», or words on what is wrong with it."""

from __future__ import annotations

import re

from web.forms import Typed

EXTENSION = re.compile(r"[,;]?\s*(?:доб\.?|добавочный|#)\s*(\d{1,6})\s*$", re.IGNORECASE)
WRONG = "Это не похоже на телефон. Введите номер с кодом: 8 900 123-45-67."
NO_CODE = "Городской номер без кода: допишите код города, например 8 4822 12-34-56."
TOO_SHORT = "Не хватает цифр: в номере с кодом их десять после +7 или 8."
TOO_LONG = "Лишние цифры: в номере с кодом их десять после +7 или 8."
LOCAL_DIGITS = range(5, 8)
NATIONAL_DIGITS = 10


class BadPhone(ValueError):
    """A text that is no phone number; the message says what to do."""


def phone(typed: str) -> str:
    """The number in one form, «» for an empty text. Raises BadPhone."""
    text = typed.strip()
    if not text:
        return ""
    extension = EXTENSION.search(text)
    number = text[: extension.start()] if extension else text
    if re.search(r"[^\d\s()+\-–—.]", number) or "+" in number.lstrip()[1:]:
        raise BadPhone(WRONG)
    digits = re.sub(r"\D", "", number)
    national = _national(digits, number.lstrip().startswith("+"))
    groups = f"{national[:3]} {national[3:6]}-{national[6:8]}-{national[8:]}"
    return f"+7 {groups}" + (f" доб. {extension[1]}" if extension else "")


def _national(digits: str, is_international: bool) -> str:
    """Ten digits without the code of the country."""
    if is_international and not digits.startswith("7"):
        raise BadPhone("Это номер другой страны. Запишите российский номер, на который можно позвонить: +7.")
    if len(digits) == NATIONAL_DIGITS + 1 and digits[0] in "78":
        digits = digits[1:]
    elif is_international or (len(digits) > NATIONAL_DIGITS):
        raise BadPhone(TOO_LONG if len(digits) > NATIONAL_DIGITS else TOO_SHORT)
    if len(digits) in LOCAL_DIGITS:
        raise BadPhone(NO_CODE)
    if len(digits) != NATIONAL_DIGITS:
        raise BadPhone(TOO_SHORT)
    return digits


def read_phone(form: Typed, name: str) -> str:
    """The phone of a form; what was typed stays typed, an error goes beside the field."""
    try:
        return phone(form.value(name))
    except BadPhone as bad:
        form.refuse(name, str(bad))
        return ""
