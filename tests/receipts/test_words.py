"""Numbers of the paper in Russian."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.receipt import Quantity
from receipts import words

pytestmark = pytest.mark.fast


@given(st.integers(-(10**13), 10**13))
def test_money_reads_back_to_the_kopeck(kopecks: int) -> None:
    text = words.money(kopecks)

    plain = text.replace(words.THIN, "").replace(words.MINUS, "-").replace(",", ".")
    assert Decimal(plain) * 100 == kopecks
    assert text[-3] == ","


@pytest.mark.parametrize(
    ("kopecks", "text"),
    [(0, "0,00"), (5, "0,05"), (-5, "−0,05"), (99999, "999,99"), (100000, "1\u202f000,00")],
)
def test_money(kopecks: int, text: str) -> None:
    assert words.money(kopecks) == text


@pytest.mark.parametrize(("kopecks", "text"), [(1, "+0,01"), (0, "0,00"), (-1, "−0,01")])
def test_signed_money(kopecks: int, text: str) -> None:
    assert words.signed_money(kopecks) == text


@pytest.mark.parametrize(
    ("kopecks", "text"), [(49, "0"), (50, "1"), (-50, "−1"), (-49, "0"), (12345678, "123\u202f457")]
)
def test_roubles(kopecks: int, text: str) -> None:
    assert words.roubles(kopecks) == text


@pytest.mark.parametrize(
    ("num", "den", "unit", "text"),
    [
        (6_935_000, 1_000_000, "м³", "6,935"),
        (20_000_000, 3_000_000, "м³", "6,667"),
        (913_482, 1_000_000, "Гкал", "0,913482"),
        (500_000, 1_000_000, "Гкал", "0,5000"),
        (148_000_000, 1_000_000, "кВт·ч", "148"),
        (14_950_000, 1_000_000, "кВт·ч", "14,95"),
        (0, 1, "Гкал", "0"),
        (-1_500_000, 1_000_000, "м³", "−1,500"),
        (1, 4, "попугай", "0,25"),
    ],
)
def test_volume_has_the_decimals_of_its_unit(num: int, den: int, unit: str, text: str) -> None:
    assert words.volume(Quantity(num, den), unit) == text


def test_volume_may_be_asked_for_more_or_fewer_decimals() -> None:
    share = Quantity(184_213, 1_000_000)

    assert words.volume(share, "м³", 6) == "0,184213"
    assert words.volume(share, "м³", 2) == "0,18"


@pytest.mark.parametrize(
    ("scaled", "text"), [(512000, "51,20"), (87650, "8,765"), (27845501, "2\u202f784,5501"), (0, "0,00")]
)
def test_rate(scaled: int, text: str) -> None:
    assert words.rate(scaled) == text


def test_dates_and_months() -> None:
    moment = date(2026, 11, 5)

    assert words.day(moment) == "5\u00a0ноября 2026"
    assert words.day_short(moment) == "05.11.2026"
    assert words.month(moment) == "ноябрь 2026"
    assert words.month_in(moment) == "ноябре 2026"
    assert words.month_span(date(2026, 7, 1), date(2026, 9, 1)) == "июль–сентябрь 2026"
    assert words.month_span(date(2025, 12, 1), date(2026, 1, 1)) == "декабрь 2025 – январь 2026"
    assert words.month_span(date(2026, 7, 1), date(2026, 7, 1)) == words.month_span(date(2026, 7, 1), None)
    assert words.month_span(None, None) == ""


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 человек"), (1, "1 человек"), (3, "3 человека"), (12, "12 человек"), (22, "22 человека")],
)
def test_people(count: int, text: str) -> None:
    assert words.people(count).replace(words.NBSP, " ") == text
