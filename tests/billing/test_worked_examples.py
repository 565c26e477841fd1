"""Worked examples of payments and of dividing a sum: the published kopecks."""

from __future__ import annotations

import pytest

from billing.money import share_out
from tests.billing.test_allocation import Owed, Paid, one

pytestmark = pytest.mark.fast

MAY, JUNE, JULY = 24_316, 24_317, 24_318
PAYEE, SERVICE = 2, 8
DEBTS = [
    Owed(MAY, PAYEE, SERVICE, 3000_00),
    Owed(JUNE, PAYEE, SERVICE, 2800_00),
    Owed(JULY, PAYEE, SERVICE, 3100_00),
    Owed(MAY, PAYEE, SERVICE, 25_10, is_penalty=True),
    Owed(JUNE, PAYEE, SERVICE, 16_10, is_penalty=True),
]


def test_a_payment_that_names_its_month_pays_that_month() -> None:
    """A002: 3100 for July."""
    assert one(Paid(3100_00, period=JULY), DEBTS) == ([0, 0, 3100_00, 0, 0], 0)


def test_principal_then_penalties_then_an_advance() -> None:
    """A004: 9000 over 8900 of principal and 41,20 of penalties."""
    assert one(Paid(9000_00), DEBTS) == ([3000_00, 2800_00, 3100_00, 25_10, 16_10], 58_80)


def test_payees_share_in_proportion() -> None:
    """A005: 1000 over 600, 300, 200."""
    debts = [Owed(MAY, payee, SERVICE, owed) for payee, owed in ((1, 600_00), (2, 300_00), (3, 200_00))]

    assert one(Paid(1000_00), debts) == ([545_45, 272_73, 181_82], 0)


def test_no_kopeck_of_a_divided_sum_is_lost() -> None:
    """C046: 100 over three equal areas."""
    assert share_out(100_00, [1, 1, 1]) == [33_34, 33_33, 33_33]
