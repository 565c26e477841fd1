"""States in words, with the tone of their badges."""

from __future__ import annotations

RUN_STATES = {
    "planned": ("ждёт расчёта", "brand"),
    "checked": ("посчитано, не проведено", "warn"),
    "posting": ("проводится", "brand"),
    "posted": ("проведено, файл не выгружен", "warn"),
    "exported": ("в банке", "brand"),
    "closed": ("закрыто выпиской", "good"),
    "undone": ("отменено", ""),
    "failed": ("не удалось", "bad"),
}
TRANSFER_STATES = {
    "draft": ("к переводу", "warn"),
    "held": ("удержан", "bad"),
    "ordered": ("поручение готово", "brand"),
    "exported": ("в банке", "brand"),
    "executed": ("переведён", "good"),
    "returned": ("возвращён банком", "bad"),
    "undone": ("отменён", ""),
}
SHOWN_STATES = ("held", "ordered", "exported", "executed", "returned")
STATEMENT_STATES = {
    "uploaded": ("читается", "brand"),
    "loaded": ("загружена", "good"),
    "refused": ("не принята", "bad"),
}
VERDICTS = {
    "waiting": ("ждёт решения", "warn"),
    "arrival": ("деньги агента", "good"),
    "transfer": ("наше поручение", "good"),
    "returned": ("возврат поручения", "bad"),
    "repeat": ("уже было", ""),
    "aside": ("отложено", ""),
}
BEARERS = {
    "payee": "получатели денег",
    "centre": "расчётный центр",
    "payer": "плательщик, сверх суммы",
}
KINDS = {"agency": "Платёжный агент", "service": "Расчётный центр у получателя"}
BOOKS = {1: "Долг жителя", 4: "Невыясненные", 6: "Пени"}
ENTRY_KINDS = {
    "payment": "Платёж принят",
    "transfer": "Отнесён на счёт",
    "return": "Возвращён агенту",
    "reversal": "Сторно",
}
PAYMENT_STATES = {
    "accepted": ("принят", "brand"),
    "posted": ("зачислен", "good"),
    "unmatched": ("не опознан", "warn"),
    "kept": ("оставлен невыясненным", ""),
    "returned": ("возвращён", "bad"),
    "reversed": ("отменён агентом", "bad"),
}
