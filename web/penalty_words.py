"""Penalties in words: a stretch of days as a sentence one can check with a calculator."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

from billing.penalty.kernel import DIVISOR
from billing.penalty.netting import Reach
from billing.penalty.trace import Piece
from billing.quantity import format_scaled
from billing.services import CATALOGUE
from storage.penalty_account import AccountPenalties, DebtPenalty

REACH_WORDS = {
    "account": "гасит любой долг счёта до расчёта пеней",
    "payee": "остаётся у своего получателя и гасит только долги ему",
    "service": "остаётся на своей услуге и других долгов не гасит",
}
NETTED_WORDS = {
    Reach.ACCOUNT: "",
    Reach.PAYEE: "Переплата других получателей этот долг не гасит: так решила организация.",
    Reach.SERVICE: "Переплата других услуг этот долг не гасит: так решила организация.",
}
NO_SERVICE = "Долг, перенесённый с другого счёта"


@dataclass(frozen=True, slots=True)
class PieceLine:
    """A stretch of days: what is multiplied and what it gives, kopecks with four more figures."""

    piece: Piece
    rate: str
    formula: str
    amount: str


@dataclass(frozen=True, slots=True)
class DebtLine:
    """A debt with its stretches in words."""

    debt: DebtPenalty
    service: str
    paid: list[str]
    rate_rule: str
    lines: list[PieceLine]
    netting: str


def percent_words(rate_bp: int) -> str:
    """«9,5 %», «14,25 %»."""
    return f"{format_scaled(rate_bp, 100, 2).rstrip('0').rstrip(',')} %"


def debt_lines(found: AccountPenalties) -> list[DebtLine]:
    """Every debt in words, oldest first."""
    return [_debt(one) for one in found.debts]


def _debt(one: DebtPenalty) -> DebtLine:
    info = CATALOGUE.get(one.service)
    rule = (
        "по ставке каждого дня"
        if one.is_daily
        else "по ставке на день оплаты, неоплаченное — на день расчёта"
    )
    paid = [
        f"{part.day:%d.%m.%Y} оплачено {format_scaled(part.amount_kopecks, 100, 2)} ₽{_netted(one, part.day)}"
        for part in one.parts
        if part.is_paid
    ]
    return DebtLine(
        debt=one,
        service=info.label if info else NO_SERVICE,
        paid=paid,
        rate_rule=rule,
        lines=[_piece(piece) for piece in one.pieces],
        netting=" ".join(filter(None, (NETTED_WORDS[one.reach], _agreed(one)))),
    )


def _agreed(one: DebtPenalty) -> str:
    """What agreements changed."""
    words = [
        f"С {pause.first:%d.%m.%Y} по {pause.last:%d.%m.%Y} пеней нет: "
        f"соблюдалось соглашение № {pause.agreement_id}."
        for pause in one.pauses
    ]
    if one.is_in_parts:
        words.append("Плата разделена на двенадцать частей (ПП 354, п. 72), у каждой свой срок.")
    return " ".join(words)


def _netted(one: DebtPenalty, day: dt.date) -> str:
    """How much of what was paid that day is a surplus of another service."""
    amount = one.netted.get(day, 0)
    return f", из них переплатой другой услуги {format_scaled(amount, 100, 2)} ₽" if amount else ""


def _piece(piece: Piece) -> PieceLine:
    rate = percent_words(piece.rate_bp)
    base = format_scaled(piece.base_kopecks, 100, 2)
    return PieceLine(
        piece=piece,
        rate=rate,
        formula=f"{base} ₽ × {rate} × 1/{piece.denominator} × {piece.days} дн.",
        amount=_exact(piece),
    )


def _exact(piece: Piece) -> str:
    """Roubles with four decimals: the debt is rounded once, not its stretches."""
    ten_thousandths = Fraction(piece.numerator, DIVISOR) * 100
    doubled = 2 * ten_thousandths.numerator + ten_thousandths.denominator
    return format_scaled(doubled // (2 * ten_thousandths.denominator), 10_000, 4)
