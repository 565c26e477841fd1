"""The cash desk: what a scanned code names, and a slip that adds up."""

import datetime as dt

import pytest

from billing.cash import Slip, SlipPart, account_of


@pytest.mark.parametrize(
    ("scanned", "account"),
    [
        ("0100000058", "0100000058"),
        ("  0100000058 ", "0100000058"),
        ("ST00012|Name=УК|PersonalAcc=407|Sum=100|PersAcc=0100000058|LastName=Иванов", "0100000058"),
        ("ST00011~Name=УК|1~persacc=77", "77"),
        ("ST00012|Name=УК|PersonalAcc=407", ""),
        ("ST00", "ST00"),
    ],
)
def test_a_payment_code_or_a_number_names_the_account(scanned: str, account: str) -> None:
    assert account_of(scanned) == account


def slip(amount: int, given: int) -> Slip:
    return Slip(
        "1-1", dt.datetime(2026, 11, 24, tzinfo=dt.UTC), "Касса", "УК", "77", "Ким", "1", "ул. Мира, 4",
        "Ким", amount, given, (SlipPart("Вода", "Водоканал", None, 100),), False,
    )  # fmt: skip


def test_a_slip_that_does_not_add_up_is_not_printed() -> None:
    slip(100, 150).check()
    assert slip(100, 150).change_kopecks == 50

    with pytest.raises(ValueError, match="Раскладка не равна"):
        slip(101, 150).check()
    with pytest.raises(ValueError, match="Дано меньше"):
        slip(100, 99).check()
