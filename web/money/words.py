"""States and verdicts in words, with the tone of their badges."""

from __future__ import annotations

REGISTER_STATES = {
    "uploaded": ("читается", "brand"),
    "staged": ("проверен, ждёт решения", "warn"),
    "refused": ("не принят", "bad"),
    "accepting": ("зачисляется", "brand"),
    "accepted": ("зачислен", "good"),
    "withdrawn": ("отозван", ""),
}
VERDICTS = {
    "good": ("можно зачислить", "good"),
    "unknown": ("в невыясненные", "warn"),
    "repeat": ("уже зачислен", ""),
    "conflict": ("номер занят", "bad"),
    "bad": ("не читается", "bad"),
}
PAYMENT_STATES = {
    "unmatched": ("ждёт разбора", "warn"),
    "kept": ("оставлен", ""),
    "posted": ("зачислен", "good"),
    "returned": ("возвращён", "bad"),
    "reversed": ("отменён агентом", "bad"),
}
DEEDS = {
    "assign": "Отнести на счёт",
    "return": "Вернуть агенту",
    "keep": "Оставить невыясненным",
    "undo": "Снять со счёта",
}
DECISION_STATES = {
    "planned": ("выполняется", "brand"),
    "done": ("сделано", "good"),
    "refused": ("отказано", "bad"),
}
ENTRY_KINDS = {
    "payment": "Платёж принят",
    "transfer": "Отнесён на счёт",
    "return": "Возвращён агенту",
    "reversal": "Сторно",
}
READING_STATES = {
    "waiting": ("ждёт приёма реестра", ""),
    "accepted": ("в обработке", "warn"),
    "taken": ("принято", "good"),
    "held": ("на проверке", "warn"),
    "refused": ("не принято", "bad"),
}
"""Of one reading that came with a register, and of many after their number."""
SOURCES = {"online": "терминал или банк онлайн", "register": "реестр", "desk": "касса", "card": "карта"}
DAY_STATES = {
    "uploaded": ("сверяется", "brand"),
    "compared": ("сверен", "good"),
    "refused": ("не принят", "bad"),
    "withdrawn": ("отозван", ""),
}
DAY_VERDICTS = {
    "same": ("Совпало", "good"),
    "theirs": ("Только у агента", "bad"),
    "ours": ("Только у нас", "bad"),
    "differs": ("Сумма или счёт разные", "warn"),
    "repeat": ("Повтор номера", "warn"),
    "bad": ("Не читается", "warn"),
}
DAY_ROW_STATES = {
    "open": ("ждёт решения", "warn"),
    "proposed": ("зачислить: ждёт второго", "brand"),
    "posting": ("зачисляется", "brand"),
    "asked": ("спросили агента", "brand"),
    "cancelling": ("отменяется", "brand"),
    "done": ("закрыто", "good"),
    "same": ("", ""),
}
DAY_DEEDS = {
    "post": "Зачислить как у агента",
    "ask": "Спросить агента",
    "keep": "Оставить как есть",
    "approve": "Утвердить зачисление",
    "decline": "Отклонить",
    "agree": "Отменить платёж",
    "answer": "Ответить",
}
DAY_OUTCOMES = {
    "post": "зачислен",
    "ask": "спросили агента",
    "keep": "оставлено",
    "later": "закрылось само",
}
