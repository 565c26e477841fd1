"""«Что изменилось» on pages: the city, a company's own, a house, an account; files; strangers see nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from fastapi import FastAPI

from billing.period import Period
from storage.change_work import count
from storage.engine import Database
from tests.support.services import TestDatabase
from tests.web import clock, town
from tests.web.conftest import HTMX, SignIn, counted
from tests.web.desk import plain
from tests.web.town_books import charged

CITY: Any = town
QUERIES_MAX = 5
SEPTEMBER = Period.of(dt.date(2026, 9, 1))


@pytest.fixture(autouse=True)
async def _counted(place: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    clock.freeze(monkeypatch)
    owner = Database(place.url)
    await count(owner, SEPTEMBER)
    await owner.close()


def sum_words(kopecks: int) -> str:
    return f"{abs(kopecks) // 100:,}".replace(",", " ") + f",{abs(kopecks) % 100:02d}"


def change(accounts: range) -> int:
    return sum(charged(12, one) - charged(11, one) for one in accounts)


async def test_the_centre_sees_the_city_and_the_company_its_own(sign_in: SignIn) -> None:
    centre, company = await sign_in("ivanova"), await sign_in("center")

    whole = await centre.get("/changes")
    assert 'id="period"' in whole.text, "the form of filters stands in the frame of the page"
    assert "<nav" in whole.text
    city, own = plain(await centre.get("/changes")), plain(await company.get("/changes"))
    other = plain(await company.get("/changes?company=3"))

    assert f"+{sum_words(change(range(1, 11)))} ₽" in city
    assert f"+{sum_words(change(range(1, 7)))} ₽" in own
    assert own.split("Причины файлом")[0].endswith(other.split("Причины файлом")[0][-60:])
    assert "Организация" not in own
    assert "Объём" in own


async def test_a_house_lists_its_accounts_and_an_account_its_causes(sign_in: SignIn) -> None:
    company = await sign_in("center")

    house = await company.get("/changes/houses/1?period=2026-09")
    by_flat = await company.get("/changes/houses/1?period=2026-09&sort=flat")
    account = plain(await company.get("/changes/accounts/1?period=2026-09"))

    assert house.text.index("/changes/accounts/1?") < house.text.index("/changes/accounts/2?")
    assert by_flat.status_code == 200
    assert "На 51,23 ₽ больше, чем за август 2026. Главная причина — объём: +51,23 ₽." in account
    assert "Холодное водоснабжение +51,23" in account


async def test_strangers_are_not_shown(sign_in: SignIn) -> None:
    company, resident, supplier = [await sign_in(one) for one in ("center", "1000001", "vodokanal")]

    for path in ("/changes/houses/2?period=2026-09", "/changes/accounts/8?period=2026-09"):
        assert (await company.get(path)).status_code == 404
    for person in (resident, supplier):
        for path in ("/changes", "/changes/houses/1", "/changes/accounts/1", "/changes.csv"):
            assert (await person.get(path)).status_code == 403


async def test_files_hold_the_same_sums(sign_in: SignIn) -> None:
    centre = await sign_in("ivanova")

    houses = (await centre.get("/changes.csv")).text
    parts = (await centre.get("/changes/parts.csv")).text
    accounts = (await centre.get("/changes/houses/1.csv?period=2026-09")).text
    sheet = await centre.get("/changes.xlsx")

    whole = sum_words(change(range(1, 11))).replace(" ", "")
    assert whole in houses.splitlines()[-1]
    assert whole in parts.splitlines()[-1]
    assert sum_words(change(range(1, 7))).replace(" ", "") in accounts.splitlines()[-1]
    assert sheet.content.startswith(b"PK")


async def test_filters_narrow_the_list_and_stay_in_the_address(sign_in: SignIn) -> None:
    centre = await sign_in("ivanova")

    found = await centre.get("/changes?company=2", headers=HTMX)
    none = plain(await centre.get("/changes?street=щщщ"))

    assert "<html" not in found.text
    assert found.headers["HX-Replace-Url"] == "/changes?company=2"
    assert "/changes/houses/1?" in found.text
    assert "/changes/houses/2?" not in found.text
    assert "Ничего не найдено" in none


@pytest.mark.parametrize("path", ["/changes", "/changes/houses/1", "/changes/accounts/1"])
async def test_pages_ask_little(app: FastAPI, sign_in: SignIn, path: str) -> None:
    centre = await sign_in("ivanova")

    with counted(app) as sent:
        answer = await centre.get(path)

    assert answer.status_code == 200
    assert len(sent) <= QUERIES_MAX + 2, sent
