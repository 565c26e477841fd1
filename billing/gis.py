"""Identifiers of ГИС ЖКХ: their shapes and, in words, what is wrong with one.

All of them are assigned by the state system and only stored here. No check digit is known, so a slip of a
digit cannot be seen; Latin letters that look like Cyrillic ones, blanks and a missing part can.
"""

from __future__ import annotations

import re

ELS = re.compile(r"^[0-9]{2}[А-Я]{2}[0-9]{6}$")
SERVICE_ID = re.compile(r"^[0-9]{2}[А-Я]{2}[0-9]{6}-[0-9]{2}$")
DOCUMENT_ID = re.compile(r"^[0-9]{2}[А-Я]{2}[0-9]{6}-[0-9]{2}-[0-9]{4}$")
ADDRESS_ID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
LATIN = re.compile(r"[A-Za-z]")
ELS_LENGTH, SERVICE_ID_LENGTH, ADDRESS_ID_LENGTH = 10, 13, 36


def els_fault(els: str) -> str:
    """What is wrong with a единый лицевой счёт, "" when nothing is."""
    if ELS.fullmatch(els):
        return ""
    return _latin(els) or (
        "ЕЛС — это две цифры, две заглавные русские буквы и шесть цифр без пробелов, например 12АБ345678. "
        "Проверьте по ГИС ЖКХ."
    )


def service_id_fault(service_id: str, els: str | None) -> str:
    """What is wrong with an идентификатор ЖКУ of an account whose ЕЛС is given; "" when nothing is."""
    if not SERVICE_ID.fullmatch(service_id):
        return _latin(service_id) or (
            "ИД ЖКУ — это ЕЛС, дефис и две цифры, например 12АБ345678-01. Проверьте по ГИС ЖКХ."
        )
    if els is not None and not service_id.startswith(f"{els}-"):
        return f"ИД ЖКУ начинается с ЕЛС счёта, а здесь не {els}. Проверьте, от этого ли счёта номер."
    return ""


def document_id_fault(document_id: str) -> str:
    """What is wrong with an идентификатор платёжного документа; "" when nothing is."""
    if DOCUMENT_ID.fullmatch(document_id):
        return ""
    return _latin(document_id) or (
        "ИД платёжного документа — это ИД ЖКУ, дефис и четыре цифры, например 12АБ345678-01-6051. "
        "Проверьте по ГИС ЖКХ."
    )


def address_id_fault(address_id: str) -> str:
    """What is wrong with an identifier of a house or premises of the state address register (ФИАС)."""
    if ADDRESS_ID.fullmatch(address_id):
        return ""
    return (
        "Код ФИАС — это 32 знака 0–9 и a–f через дефисы: 8-4-4-4-12, "
        "например 0c5b2444-70a0-4932-980c-b4dc0d3f02b5. Скопируйте его из ГИС ЖКХ."
    )


def _latin(text: str) -> str:
    if not LATIN.search(text):
        return ""
    return "В номере латинские буквы, а в ГИС ЖКХ они русские. Перепечатайте буквы в русской раскладке."
