"""Decimals of people and files become integers exactly, with no digit lost."""

import pytest

from billing.quantity import parse_scaled


@pytest.mark.fast
@pytest.mark.parametrize(
    ("text", "scale", "value"),
    [
        ("54,3", 100, 5_430),
        ("59.80", 10_000, 598_000),
        ("-2", 1_000_000, -2_000_000),
        ("−0,5", 1_000, -500),
        ("+7", 1, 7),
        ("1 234,5", 10, 12_345),
        ("0.000001", 1_000_000, 1),
    ],
)
def test_a_decimal_is_read_exactly(text: str, scale: int, value: int) -> None:
    assert parse_scaled(text, scale) == value


@pytest.mark.fast
@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "--1", "1e3", "0.0000001"])
def test_what_is_not_a_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"не число|слишком много"):
        parse_scaled(text, 1_000_000)
