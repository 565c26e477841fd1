"""Supplier, social protection and agent: sums of their own, files, not a single name."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.web import clock, town
from tests.web.conftest import HTMX, SignIn, counted
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


def roubles(kopecks: int) -> str:
    """As a CSV has it."""
    return f"{kopecks // 100},{kopecks % 100:02d}"


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
    assert len(companies) == 4
    assert companies[-1] == f"Всего;;;{roubles(supplied(12))};{roubles(supplied(11))};0,00"  # no VAT said
    assert houses[-1].startswith(f"Всего;;;;;{roubles(supplied(12, 2))};")


async def test_social_protection_sees_sums_of_benefits(sign_in: SignIn) -> None:
    social = await sign_in("social")

    words = plain(await social.get("/social?period=2026-09"))
    table = (await social.get("/social.csv?period=2026-09")).content.decode("utf-8-sig").splitlines()

    assert f"Ветераны труда 1 {sum_words(charged(12, 1))} –" in words
    assert "Холодное водоснабжение 1 358,64 –" in words
    assert "Ветераны труда;Холодное водоснабжение;1;358,64;0,00" in table
    assert table[-1].startswith("Всего;;;")


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
    assert len(table) == 12
    assert table[-1] == f"Всего за день;;;;{roubles(total)};"


async def test_without_a_day_the_newest_one_with_payments_opens(sign_in: SignIn) -> None:
    agent = await sign_in("bank")

    assert "Платежи за 12 сентября 2026" in plain(await agent.get("/agent?day=вчера"))


@pytest.mark.parametrize("asked", ["31.02.2026", "вчера"])
async def test_an_impossible_day_is_told_beside_its_field(sign_in: SignIn, asked: str) -> None:
    agent = await sign_in("bank")

    whole = await agent.get("/agent", params={"day": asked})
    bare = await agent.get("/agent", params={"day": asked}, headers=HTMX)
    right = await agent.get("/agent?day=12.08.2026", headers=HTMX)

    for answer in (whole, bare):
        assert f"Дня «{asked}» нет, отбор по нему не применён." in plain(answer)
    assert f'value="{asked}"' in whole.text
    assert '<hx-partial hx-target="#day-error"' in right.text
    assert "отбор по нему не применён" not in right.text


# ---- an account of a supplier ------------------------------------------------------------------------


async def test_a_supplier_opens_a_house_and_an_account_without_names(sign_in: SignIn, app: FastAPI) -> None:
    supplier = await sign_in("vodokanal")

    with counted(app) as sent:
        house = await supplier.get("/supplier/houses/1?period=2026-09")
    found = await supplier.get("/supplier/houses/1?period=2026-09&flat=1", headers=HTMX)
    with counted(app) as sent_more:
        account = await supplier.get("/supplier/accounts/1?period=2026-09")
    table = (await supplier.get("/supplier/houses/1.csv?period=2026-09")).content.decode("utf-8-sig")

    assert len(sent) <= QUERIES_MAX, sent
    assert len(sent_more) <= QUERIES_MAX, sent_more
    assert f"6 счетов на {sum_words(supplied(12, 2))} ₽" in plain(house)
    assert "1000001 кв. 1 Холодное водоснабжение 7 м³" in plain(found)
    assert "Счёт 1000001" in plain(account)
    assert "по счётчику · ПП 354, п. 42, прил. 2, ф. 1 7,000 м³" in plain(account)
    assert table.splitlines()[-1].startswith("Всего найдено;;;;;")
    assert table.splitlines()[-1].endswith(f";{roubles(supplied(12, 2))}")
    for answer in (house, account):
        assert not [name for name in NAMES if name.split()[0] in answer.text]
        assert "Отопление" not in answer.text


async def test_the_address_of_an_account_leads_a_supplier_to_its_own_page(sign_in: SignIn) -> None:
    supplier = await sign_in("vodokanal")

    led = await supplier.get("/accounts/1?period=2026-08")
    found = await supplier.get("/supplier/accounts?number=1000001")

    assert led.headers["Location"] == "/supplier/accounts/1?period=2026-08"
    assert found.headers["Location"] == "/supplier/accounts/1"


@pytest.mark.parametrize(
    "path", ["/supplier/accounts/999", "/supplier/accounts?number=1", "/supplier/houses/99"]
)
async def test_what_a_supplier_does_not_supply_is_not_found(sign_in: SignIn, path: str) -> None:
    supplier = await sign_in("vodokanal")

    assert (await supplier.get(path)).status_code == 404


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
