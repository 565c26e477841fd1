"""Payment orders whatever file they leave in: who pays whom, how much, for what."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

PURPOSE_MAX = 210
NAME_MAX = 160
REPLACED = str.maketrans(
    {"\r": " ", "\n": " ", "\t": " ", "\u00a0": " ", "₽": "руб.", "−": "-", "\u202f": " "}
)


@dataclass(frozen=True, slots=True)
class Side:
    """Who pays or is paid."""

    name: str
    inn: str
    kpp: str
    account: str
    bank: str
    bic: str
    corr_account: str


@dataclass(frozen=True, slots=True)
class Order:
    """One payment order."""

    number: int
    day: dt.date
    amount_kopecks: int
    payee: Side
    purpose: str


def clean(words: str, longest: int) -> str:
    """Words on one line in signs the bank's encoding has."""
    return " ".join(words.translate(REPLACED).split())[:longest]
