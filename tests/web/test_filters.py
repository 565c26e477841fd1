"""Money, months, counts and the typed form: the words of the screen."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest

from web import filters
from web.charts import columns, pairs
from web.export import Column, export
from web.forms import Typed, blank
from web.lists import ListState
from web.phones import BadPhone, phone
from web.render import ENV

OCTOBER = dt.date(2026, 10, 1)


def plain(words: str) -> str:
    return words.replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("kopecks", "words"),
    [
        (1234567, "12 345,67 ₽"),
        (-5, "−0,05 ₽"),
        (0, "0,00 ₽"),
        (None, "нет данных"),
        (100_000_000_00, "100 000 000,00 ₽"),
    ],
)
def test_money_has_two_digits_thin_spaces_and_a_real_minus(kopecks: int | None, words: str) -> None:
    assert plain(filters.money(kopecks)) == words
    assert "-" not in filters.money(kopecks)


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (103100, 100000, "+3,1 %"),
        (90000, 100000, "−10,0 %"),
        (100000, 100000, "0 %"),
        (5, 0, "–"),
        (None, 5, "–"),
        (-50, -100, "–"),
        (200049, 200000, "0 %"),
        (200100, 200000, "+0,1 %"),
    ],
)
def test_a_change_is_told_in_tenths_of_a_per_cent(now: int | None, before: int | None, words: str) -> None:
    assert plain(filters.percent_change(now, before)) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "1 счёт"),
        (2, "2 счёта"),
        (5, "5 счетов"),
        (11, "11 счетов"),
        (21, "21 счёт"),
        (112, "112 счетов"),
        (3012, "3 012 счетов"),
    ],
)
def test_a_number_and_its_word_agree(count: int, words: str) -> None:
    assert plain(filters.plural(count, "счёт", "счёта", "счетов")) == words


def test_dates_and_months_are_written_as_people_do() -> None:
    late_evening = dt.datetime(2026, 11, 23, 22, 30, tzinfo=dt.UTC)

    assert plain(filters.date(dt.date(2026, 11, 24))) == "24 ноября 2026"
    assert filters.date_short(late_evening) == "24.11.2026"
    assert filters.moment(late_evening) == "24.11.2026 01:30"
    assert filters.month(OCTOBER) == "октябрь 2026"
    assert filters.month_key(OCTOBER) == "2026-10"
    given = [filters.month_dative(dt.date(2026, number, 1)) for number in range(1, 13)]
    assert given == [
        "январю", "февралю", "марту", "апрелю", "маю", "июню",
        "июлю", "августу", "сентябрю", "октябрю", "ноябрю", "декабрю",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "took", "left"),
    [
        (0, "1 секунду", "1 секунды"),
        (1, "1 секунду", "1 секунды"),
        (40, "40 секунд", "40 секунд"),
        (62, "1 минуту", "1 минуты"),
        (170, "3 минуты", "3 минут"),
        (7500, "2 ч 05 мин", "2 ч 05 мин"),
    ],
)
def test_durations_stand_in_the_right_case(seconds: int, took: str, left: str) -> None:
    assert plain(filters.duration(seconds)) == took
    assert plain(filters.duration_of(seconds)) == left


def test_quantities_keep_every_digit_and_no_zeros_at_the_end() -> None:
    assert plain(filters.quantity(13_870_000, "м³")) == "13,87 м³"
    assert plain(filters.quantity(23_700, "Гкал")) == "0,0237 Гкал"
    assert plain(filters.area(5430)) == "54,3 м²"
    assert filters.quantity(None) == "нет данных"


def test_a_decimal_is_read_exactly_and_more_decimals_are_refused() -> None:
    form = Typed({"a": "1 234,5", "b": "0.0237", "c": "1,23456", "d": "12x", "e": "", "f": "-1"})

    assert (form.scaled("a", 4, "?"), form.scaled("b", 4, "?")) == (12_345_000, 237)
    assert [form.scaled(name, 4, "Введите число.") for name in "cdef"] == [None] * 4
    assert form.errors == dict.fromkeys("cdef", "Введите число.")


def test_a_date_is_read_as_browsers_and_as_people_write_it() -> None:
    form = Typed({"a": "2026-10-01", "b": "01.10.2026", "c": "31.02.2026"})

    assert form.date("a", "?") == form.date("b", "?") == OCTOBER
    assert form.date("c", "Такой даты нет.") is None
    assert form.errors == {"c": "Такой даты нет."}


def test_what_was_typed_stays_typed_and_the_error_stands_by_its_field() -> None:
    form = blank(area="54,3<")
    form.refuse("area", "Введите площадь числом.")

    html = " ".join(ENV.globals["ui"].field(form, "area", "Площадь").split())  # type: ignore[attr-defined]

    assert 'value="54,3&lt;"' in html
    assert 'aria-invalid="true" aria-describedby="area-error"' in html
    assert '<p class="error" id="area-error" role="alert">Введите площадь числом.</p>' in html


def test_the_address_of_a_list_has_no_empty_parameters_and_one_form() -> None:
    state = ListState("/x", {"reason": "NO_AREA"}, "amount", True, 3, "address")

    assert state.url() == "/x?reason=NO_AREA&sort=-amount&page=3"
    assert state.without("reason") == "/x?sort=-amount"
    assert state.sorted_by("amount") == "/x?reason=NO_AREA&sort=amount"
    assert state.export("csv") == "/x.csv?reason=NO_AREA&sort=-amount"
    assert ListState("/x", {}, "address", False, 1, "address").url() == "/x"
    assert state.page_numbers(1000) == [1, 2, 3, 4, 5, None, 10]


def test_a_file_holds_the_same_kopecks_and_no_formula_slips_in() -> None:
    columns_of = (Column("Кто"), Column("Сумма", "kopecks"), Column("Дата", "date"))
    rows = [("=cmd()", -1234567, OCTOBER), ("Иванова", 5, None)]

    lines = bytes(export("csv", "x", "t", columns_of, rows).body).decode("utf-8-sig").splitlines()

    assert lines == ["Кто;Сумма;Дата", "'=cmd();-12345,67;01.10.2026", "Иванова;0,05;"]


def test_the_total_of_a_page_is_the_last_row_of_its_file() -> None:
    columns = (Column("Счёт"), Column("Сумма, ₽", "kopecks"))
    total = ("Всего", 358_64)

    table = export("csv", "x", "Список", columns, [("1000001", 358_64)], total).body
    book = openpyxl.load_workbook(io.BytesIO(bytes(export("xlsx", "x", "Список", columns, [], total).body)))

    assert bytes(table).decode("utf-8-sig").splitlines()[-1] == "Всего;358,64"
    sheet = book["Список"]
    assert [cell.value for cell in sheet[sheet.max_row]] == ["Всего", 358.64]


def test_a_day_of_a_filter_is_read_or_told() -> None:
    state = ListState("/x", {"since": "31.02.2026", "until": "28.02.2026"})

    assert state.day("since") is None
    assert state.day("until") == dt.date(2026, 2, 28)
    assert state.day("other") is None
    assert list(state.errors) == ["since"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("9001112233", "+7 900 111-22-33"),
        ("8 (900) 111-22-33", "+7 900 111-22-33"),
        ("+7 900 111 22 33", "+7 900 111-22-33"),
        ("7-900-111-22-33", "+7 900 111-22-33"),
        ("8.4822.123456", "+7 482 212-34-56"),
        ("89001112233, доб 12", "+7 900 111-22-33 доб. 12"),
    ],
)
def test_a_phone_has_one_form(typed: str, kept: str) -> None:
    assert phone(typed) == kept
    assert phone(kept) == kept


@pytest.mark.parametrize("typed", ["абв", "112", "12-34-56", "900111223", "+1 900 111 22 33", "8+9001112233"])
def test_what_is_no_phone_is_refused(typed: str) -> None:
    with pytest.raises(BadPhone):
        phone(typed)


def test_bars_begin_at_zero_and_the_longest_fills_the_place() -> None:
    chart = pairs("x", [("a", 200, 100, "2"), ("b", -5, 50, "−")])
    year = columns("x", [("янв", 50, 100, ""), ("фев", 0, 0, "")])

    assert [(bar.now_width, bar.before_width) for bar in chart.bars] == [
        ("100.0%", "50.0%"),
        ("0.0%", "25.0%"),
    ]
    assert [(one.now_height, one.past_height) for one in year.columns] == [(120, 240), (0, 0)]
