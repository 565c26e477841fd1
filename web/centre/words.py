"""Words of the centre's pages for codes of the database."""

from __future__ import annotations

from web.reasons import REASON_WORDS

STATE_WORDS = {
    "planned": ("запланирован", ""),
    "accruing": ("считается", "brand"),
    "checked": ("черновик", "warn"),
    "published": ("опубликован", "good"),
    "undone": ("отменён", ""),
    "failed": ("не удался", "bad"),
}
"""State of a run: word and tone."""

BLOCK_WORDS = {"planned": ("ждёт", ""), "done": ("посчитан", "good"), "parked": ("отложен", "bad")}

SCOPE_WORDS = {
    "city": "Весь город",
    "organisation": "Управляющая организация",
    "house": "Дом",
    "account": "Счёт",
}

REASON_DEEDS = {
    "NO_AREA": ("Загрузите площадь: листы «Квартиры» и «Счета».", "/centre/import"),
    "NO_PEOPLE": ("Загрузите собственника или жителей: лист «Люди».", "/centre/import"),
    "NO_TARIFF": ("Добавьте тариф с документом.", "/centre/values"),
    "NO_NORM": ("Добавьте норматив с документом.", "/centre/values"),
    "NO_HOUSE_READING": ("Загрузите показание общедомового счётчика: лист «Показания».", "/centre/import"),
    "NO_HOUSE_AREA": ("Загрузите площадь дома: лист «Дома».", "/centre/import"),
    "NEIGHBOUR": ("Исправьте счёт, который назван в причине.", ""),
    "OLDER_THAN_LAW": ("Расчёт за этот месяц не поддерживается.", ""),
    "BLOCK_FAILED": ("Причину покажет журнал прогона; сообщите администратору.", ""),
}
"""What to do about a reason, and where."""


def reason_words(reason: str) -> str:
    """The short word of a reason; an unknown one as it is."""
    return REASON_WORDS.get(reason.upper(), reason)


def reason_deed(reason: str) -> tuple[str, str]:
    """What to do and the page for it."""
    return REASON_DEEDS.get(reason.upper(), ("Откройте счёт и посмотрите, чего не хватает.", ""))
