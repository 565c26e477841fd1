"""What identifiers of ГИС ЖКХ look like: ЕЛС is ten characters, ИД ЖКУ is the ЕЛС, a hyphen and two digits.

Both are assigned by ГИС ЖКХ and have no check digit; we keep and print them.
"""

from __future__ import annotations

import re

UNIFIED = re.compile(r"[0-9]{2}[А-Я]{2}[0-9]{6}")
SERVICE = re.compile(r"[0-9]{2}[А-Я]{2}[0-9]{6}-[0-9]{2}")
UNIFIED_WORDS = "ЕЛС — это две цифры, две заглавные русские буквы и шесть цифр, например 12АБ345678."
SERVICE_WORDS = "ИД ЖКУ — это ЕЛС, дефис и две цифры, например 12АБ345678-01."


def is_unified(value: str) -> bool:
    """A единый лицевой счёт."""
    return UNIFIED.fullmatch(value) is not None


def is_service(value: str) -> bool:
    """An идентификатор ЖКУ."""
    return SERVICE.fullmatch(value) is not None


def fits(els: str | None, service_id: str | None) -> bool:
    """Whether an ИД ЖКУ is of this ЕЛС; nothing to compare is no quarrel."""
    return not els or not service_id or service_id.startswith(f"{els}-")
