"""Words and roles of the pages of corrections."""

from __future__ import annotations

from storage.correction_pages import CorrectionHead
from storage.corrections import REASONS
from web.roles import CENTRE_STAFF, Role

CORRECTORS = (Role.CENTRE, Role.PUBLISHER, Role.COMPANY)
"""Those who draft and post corrections."""
READERS = (*CENTRE_STAFF, Role.COMPANY)
"""Those who read them."""
LOGGERS = (Role.CENTRE, Role.PUBLISHER, Role.COMPANY, Role.DISPATCHER)
"""Those who enter breaks and bad quality."""

STATES = {
    "planned": ("ждёт расчёта", ""),
    "accruing": ("считается", "brand"),
    "checked": ("черновик", "warn"),
    "published": ("проведён", "good"),
    "undone": ("отменён", ""),
    "failed": ("не удался", "bad"),
}
SCOPES = {
    "account": "Лицевой счёт",
    "house": "Дом",
    "organisation": "Управляющая организация",
    "city": "Весь город",
}
REASON_CHOICES = [("", "Выберите"), *REASONS.items()]


def state_words(head: CorrectionHead) -> tuple[str, str]:
    """State of a package in words, with its tone."""
    if head.state == "checked" and head.requested_by is not None:
        if head.one_person or head.approved_by is not None:
            return ("проводится", "brand")
        return ("ждёт второго человека", "warn")
    if head.state == "accruing" and head.stop_requested:
        return ("остановлен", "warn")
    return STATES[head.state]
