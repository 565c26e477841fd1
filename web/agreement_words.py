"""Agreements on paying in parts in words: kinds, states, what happens when a part is not paid."""

from __future__ import annotations

from billing.quantity import format_scaled
from billing.services import CATALOGUE
from storage.agreement_debt import name_of
from storage.agreement_pages import AgreementRow

KINDS = {"debt": "рассрочка долга", "rise": "рассрочка платы, п. 72"}
STATES = {
    "asked": ("ждёт решения", "warn"),
    "declined": ("отказано", ""),
    "active": ("действует", "good"),
    "kept": ("выплачено", "good"),
    "broken": ("нарушено", "bad"),
    "cancelled": ("прекращено", ""),
}
PENALTIES = (
    ("stopped", "не начисляются, пока график соблюдается"),
    ("counted", "начисляются по закону"),
)
ON_BREAK = (
    ("since", "снова начисляются со дня нарушения"),
    ("whole", "начисляются за всё время, как если бы соглашения не было"),
)


def about(one: AgreementRow) -> str:
    """What is paid in parts."""
    if one.service is not None and one.of_period is not None:
        label = CATALOGUE[one.service].label if one.service in CATALOGUE else f"Услуга № {one.service}"
        return f"{label} за {name_of(one.of_period)}"
    return f"Долг по {name_of(one.covered_until)} включительно"


def percent(permille: int) -> str:
    """«17,2 %»; nothing is «без процентов»."""
    return (
        f"{format_scaled(permille, 10, 1).rstrip('0').rstrip(',')} % годовых" if permille else "без процентов"
    )
