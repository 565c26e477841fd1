"""Supplier, social protection and agent: sums of their own, files, not a single name."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.web import clock, town
from tests.web.conftest import SignIn, counted
from tests.web.desk import plain
from tests.web.town_books import charged, lines_of
from tests.web.town_places import NAMES, WATER

CITY = town
QUERIES_MAX = 5
PAGES = {"vodokanal": "/supplier?company=2", "social": "/social", "bank": "/agent?day=12.09.2026"}


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock.freeze(monkeypatch)


def sum_words(kopecks: int) -> str:
    return f"{kopecks // 100:,}".replace(",", " ") + f",{kopecks % 100:02d}"


def supplied(run: int, company: int | None = None) -> int:
    """Kopecks of cold water in a run."""
    return sum(
        line["amount_kopecks"] + line["surcharge_kopecks"]
        for line in lines_of(run)
        if line["supplier_id"] == WATER and company in (None, line["company_id"])
    )


async def test_a_supplier_sees_its_sums_by_company_and_house(sign_in: SignIn) -> None:
    supplier = await sign_in("vodokanal")

    words = plain(await supplier.get("/supplier?period=2026-09&company=2"))

    now, before = supplied(12), supplied(11)
    assert f"Начислено, сентябрь 2026 {sum_words(now)} ₽" in words
    assert f"Всего {sum_words(now)} {sum_words(before)} +{sum_words(now - before)}" in words
    assert "ул. Ленина, 12 Холодное водоснабжение 6 28,65 м³" in words
    assert f"Всего по домам {sum_words(supplied(12, 2))}" in words
    assert "Отопление" not in words


async def test_a_supplier_sees_nothing_of_a_draft(sign_in: SignIn) -> None:
    supplier = await sign_in("vodokanal")

    words = plain(await supplier.get("/supplier?period=2026-10"))

    assert "сентябрь 2026, опубликованные начисления" in words
    assert sum_words(supplied(13)) not in words


async def test_houses_and_companies_go_into_files(sign_in: SignIn) -> None:
    supplier = await sign_in("vodokanal")

    houses = (await supplier.get("/supplier.csv?company=2")).content.decode("utf-8-sig").splitlines()
    companies = (await supplier.get("/supplier.csv")).content.decode("utf-8-sig").splitlines()

    assert houses[1].startswith("ул. Ленина, 12;Холодное водоснабжение;6;28,650000;м³;")
    assert len(companies) == 3


async def test_social_protection_sees_sums_of_benefits(sign_in: SignIn) -> None:
    social = await sign_in("social")

    words = plain(await social.get("/social?period=2026-09"))
    table = (await social.get("/social.csv?period=2026-09")).content.decode("utf-8-sig").splitlines()

    assert f"Ветераны труда 1 {sum_words(charged(12, 1))} –" in words
    assert "Холодное водоснабжение 1 358,64 –" in words
    assert "Ветераны труда;Холодное водоснабжение;1;358,64;0,00" in table


async def test_an_agent_compares_a_day_with_its_own_register(sign_in: SignIn) -> None:
    agent = await sign_in("bank")

    day = plain(await agent.get("/agent?day=12.08.2026"))
    one = plain(await agent.get("/agent?day=2026-08-12&account=1000001"))
    none = plain(await agent.get("/agent?day=13.08.2026"))
    table = (await agent.get("/agent.csv?day=2026-08-12")).content.decode("utf-8-sig").splitlines()

    total = charged(10, 1) + sum(charged(10, account) for account in range(2, 11))
    assert f"10 платежей на {sum_words(total)} ₽" in day
    assert f"1 платёж на {sum_words(charged(10, 1))} ₽" in one
    assert "Платежей за этот день нет" in none
    assert len(table) == 11


async def test_without_a_day_the_newest_one_with_payments_opens(sign_in: SignIn) -> None:
    agent = await sign_in("bank")

    assert "Платежи за 12 сентября 2026" in plain(await agent.get("/agent?day=вчера"))


@pytest.mark.parametrize("who", list(PAGES))
async def test_no_page_of_a_partner_has_a_name_or_costs_many_queries(
    sign_in: SignIn, app: FastAPI, who: str
) -> None:
    client = await sign_in(who)

    with counted(app) as sent:
        page = await client.get(PAGES[who])

    assert page.status_code == 200
    assert len(sent) <= QUERIES_MAX, sent
    assert not [name for name in NAMES if name.split()[0] in page.text]


@pytest.mark.parametrize("who", list(PAGES))
async def test_partners_do_not_open_each_other(sign_in: SignIn, who: str) -> None:
    client = await sign_in(who)

    answers = {path: (await client.get(path)).status_code for other, path in PAGES.items() if other != who}

    assert set(answers.values()) == {403}
