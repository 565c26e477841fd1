"""A dossier of an account with a debt, payments, a household and a penalty, for papers."""

from __future__ import annotations

import datetime as dt

from billing.paper import Dossier, MonthMove, Owner, PenaltyDebt, Resident
from billing.penalty.trace import Piece, kopecks_of
from billing.receipt_parts import Payee

DAY = dt.date
PIECES = (
    Piece(DAY(2026, 8, 11), DAY(2026, 9, 30), 51, 512345, 1800, 300),
    Piece(DAY(2026, 10, 1), DAY(2026, 10, 31), 31, 512345, 1650, 130),
)


def months(count: int = 10) -> tuple[MonthMove, ...]:
    made, opening = [], 100_000
    for number in range(1, count + 1):
        notes = (f"10.{number:02d}.2026 оплачено 5 000,00 ₽, Банк",) if number % 2 else ()
        move = MonthMove(
            DAY(2026, number, 1),
            opening,
            523_412 + number * 1017,
            500_000 if number % 2 else 0,
            -12_345 if number == 5 else 0,
            notes,
        )
        made.append(move)
        opening = move.closing_kopecks
    return tuple(made)


def dossier() -> Dossier:
    moves = months()
    return Dossier(
        on=DAY(2026, 11, 24),
        account_number="0100000123",
        els="12АВ345678",
        address="ул. Ленина, 12, кв. 45",
        payer="Иванова Мария Петровна",
        area_dm2=5430,
        living_area_dm2=3200,
        opened_on=DAY(2015, 1, 1),
        issuer=Payee(
            "ООО «УК „Уют“»",
            "7701234567",
            kpp="770101001",
            bank_account="40702810900000000001",
            bank_name="АО «Банк»",
            bic="044525000",
        ),
        residents=(
            Resident("Иванова Мария Петровна", DAY(1970, 5, 6), "собственник", True, DAY(2001, 3, 4), None),
            Resident("Иванов Пётр", DAY(2015, 5, 6), "внук", False, DAY(2026, 3, 4), DAY(2027, 3, 4)),
        ),
        owners=(Owner("Иванова Мария Петровна", 1, 2, "ЕГРН"),),
        balance_kopecks=moves[-1].closing_kopecks,
        months=moves,
        penalties_charged_kopecks=kopecks_of(PIECES),
        penalties_paid_kopecks=0,
        debts=(
            PenaltyDebt(
                DAY(2026, 7, 1),
                "Отопление",
                "АО «Теплосеть»",
                DAY(2026, 8, 10),
                "ч. 14 ст. 155 ЖК РФ",
                kopecks_of(PIECES),
                PIECES,
            ),
        ),
    )
