"""The accountant of a company: letters find a flat, figures of the month, lists, files, only one's own."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from fastapi import FastAPI

from tests.web import clock, town
from tests.web.conftest import HTMX, SignIn, counted
from tests.web.desk import plain, section
from tests.web.town_books import charged

CITY = town
QUERIES_MAX = 5
OURS, THEIRS = range(1, 7), range(7, 11)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock.freeze(monkeypatch)


def sum_words(kopecks: int) -> str:
    return f"{kopecks // 100:,}".replace(",", " ") + f",{kopecks % 100:02d}"


@pytest.mark.parametrize("letters", ["але", "Алёх", "fkt", "лен 12 1", "1000001", "123456"])
async def test_three_letters_find_the_flat(sign_in: SignIn, letters: str) -> None:
    desk = await sign_in("center")

    live = await desk.get("/company/find", params={"q": letters}, headers=HTMX)
    whole = await desk.get("/company", params={"q": letters})

    for answer in (live, whole):
        assert 'href="/accounts/1"' in answer.text, letters
        assert "/accounts/7" not in answer.text
    assert "<html" not in live.text


async def test_too_few_letters_and_nothing_found_are_told_apart(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    short = await desk.get("/company/find?q=ал", headers=HTMX)
    none = await desk.get("/company/find?q=щщщ", headers=HTMX)

    assert "Не найдено" not in short.text
    assert "Не найдено" in none.text


async def test_the_month_in_figures_is_of_this_company_alone(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    words = plain(await desk.get("/company"))

    draft = sum(charged(13, account) for account in OURS if account != 6)
    before = sum(charged(12, account) for account in OURS)
    debt = charged(12, 1) + sum(charged(11, n) + charged(12, n) for n in OURS if n > 1)
    assert f"Начислено, октябрь 2026, черновик {sum_words(draft)} ₽" in words
    assert f"Долги на начало месяца {sum_words(debt)} ₽ 6 счетов" in words
    assert "Показания за октябрь 2026 0 из 2" in words
    assert "нет площади 1 Не указана площадь." in words
    assert f"ул. Ленина, 12 6 0 из 2 1 {sum_words(draft)} −{sum_words(before - draft)}" in words
    assert "Мира" not in words


async def test_pages_cost_few_queries(sign_in: SignIn, app: FastAPI) -> None:
    desk = await sign_in("center")

    for path in ("/company", "/company/find?q=але", "/company/accounts"):
        with counted(app) as sent:
            await desk.get(path)
        assert len(sent) <= QUERIES_MAX, (path, sent)


# ---- the list of accounts ---------------------------------------------------------------------------


def numbers(text: str) -> list[str]:
    return re.findall(r"<td>(10000\d\d)</td>", text)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["1000001", "1000002", "1000003", "1000004", "1000005", "1000006"]),
        ("q=бор", ["1000002"]),
        ("q=1000003", ["1000003"]),
        ("flat=4", ["1000004"]),
        ("house=1&flat=5", ["1000005"]),
        ("house=2", []),
        ("parked=1", ["1000006"]),
        ("silent=1", ["1000001"]),
        ("debt=advance", []),
        ("sort=-balance&debt=debtor", ["1000002", "1000003", "1000004", "1000005", "1000006", "1000001"]),
    ],
)
async def test_filters_and_sorting_of_the_list(sign_in: SignIn, query: str, found: list[str]) -> None:
    desk = await sign_in("center")

    answer = await desk.get(f"/company/accounts?{query}")

    assert numbers(answer.text) == found


async def test_totals_are_over_all_found(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    words = plain(await desk.get("/company/accounts?q=бор"))

    owed = charged(11, 2) + charged(12, 2)
    assert f"Всего найдено 1 счёт {sum_words(charged(13, 2))} {sum_words(owed)}" in words


async def test_the_list_is_the_same_whole_and_bare_and_names_its_address(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    whole = await desk.get("/company/accounts?q=бор&house=")
    bare = await desk.get("/company/accounts?q=бор&house=", headers=HTMX)

    assert section(whole, "list") == section(bare, "list")
    assert bare.headers["HX-Replace-Url"] == "/company/accounts?q=%D0%B1%D0%BE%D1%80"


async def test_nothing_found_offers_to_drop_the_filters(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    answer = await desk.get("/company/accounts?q=щщщ")

    assert "Ничего не найдено" in answer.text
    assert 'href="/company/accounts"' in answer.text


async def test_the_found_list_goes_into_files(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    table = (await desk.get("/company/accounts.csv?q=бор")).content.decode("utf-8-sig").splitlines()
    book = openpyxl.load_workbook(io.BytesIO((await desk.get("/company/accounts.xlsx?q=бор")).content))

    assert table[0].startswith("Счёт;Адрес;Плательщик")
    assert table[1].startswith("1000002;ул. Ленина, 12, кв. 2;Борисов Олег Иванович;54,30;1;")
    assert len(table) == 3
    assert table[-1].startswith("Всего найдено;;;;;")
    sheet = book.worksheets[0]
    row = [cell.value for cell in sheet[4]]
    assert row[0] == "1000002"
    assert row[5] == charged(13, 2) / 100
    assert (await desk.get("/company/accounts.exe")).status_code == 404


async def test_the_other_company_sees_its_own(sign_in: SignIn) -> None:
    desk = await sign_in("north")

    listed = await desk.get("/company/accounts")
    words = plain(await desk.get("/company"))

    assert numbers(listed.text) == ["1000007", "1000008", "1000009", "1000010"]
    assert "Ленина" not in words
    assert "Отложенных счетов нет" in words
