"""A formula in the browser: refused at the place, tried beside the present method, signed by another
person.
"""

from __future__ import annotations

import pytest
from httpx import AsyncClient, Response

from tests.support.services import TestDatabase
from tests.web.conftest import HTMX, SignIn, csrf_of
from tests.web.test_centre import one, seen

GOOD = {
    "service": "",
    "label": "Домофон",
    "formula": "если люди > 1 то 60 руб иначе 45 руб",
    "ceiling": "1 000",
    "valid_from": "2026-10",
    "document": "Протокол № 3",
    "document_date": "2026-08-20",
    "whole": "all",
}
OF_CITY = {**GOOD, "label": "Видеонаблюдение", "formula": "площадь × 0,85 руб/м²", "payee": "2"}


async def send(client: AsyncClient, path: str = "/formulas", **changed: str) -> Response:
    page = await client.get("/formulas/new")
    return await client.post(path, data={"csrf": csrf_of(page), **GOOD, **changed})


async def decide(client: AsyncClient, act: str, formula: int = 1) -> Response:
    page = await client.get("/formulas")
    return await client.post(f"/formulas/{formula}/{act}", data={"csrf": csrf_of(page)})


async def test_a_companys_formula_waits_for_another_person_and_gives_the_service_to_its_houses(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    company, centre = await sign_in("company"), await sign_in("centre")

    sent, mine = await send(company), await decide(company, "approve")
    waiting = seen(await centre.get("/formulas"))
    approved, again = await decide(centre, "approve"), await decide(centre, "approve")

    assert sent.headers["Location"] == "/formulas?done=proposed"
    assert (mine.status_code, approved.status_code, again.status_code) == (409, 303, 409)
    assert "Внесли вы, поэтому утвердить должен другой сотрудник." in seen(mine)
    assert "Домофон с 1 октября 2026, УК «Центр»: если люди &gt; 1 то 60 руб иначе 45 руб" in waiting
    assert await one(
        fresh_town, "SELECT code, label, unit, organisation_id FROM services WHERE code >= 100"
    ) == [(100, "Домофон", "мес.", 2)]
    houses = "SELECT DISTINCT company_id, supplier_id, service FROM house_services WHERE service = 100"
    assert await one(fresh_town, houses) == [(2, 2, 100)]


async def test_a_company_sees_and_decides_only_on_its_own_beside_the_citys(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    company, centre, publisher = [await sign_in(role) for role in ("company", "centre", "publisher")]
    await send(centre, **OF_CITY)
    foreign = await decide(company, "approve")
    signed = await decide(publisher, "approve")
    await send(company, service="100", label="", formula="площадь × 1,10 руб/м²")
    own = await decide(centre, "approve", 2)

    page = seen(await company.get("/formulas"))

    assert (foreign.status_code, signed.status_code, own.status_code) == (404, 303, 303)
    assert "вместо формулы города" in page
    assert page.index("площадь × 0,85 руб/м²") < page.index("площадь × 1,10 руб/м²")


async def test_a_wrong_formula_is_refused_with_the_place_marked(town: TestDatabase, sign_in: SignIn) -> None:
    company = await sign_in("company")

    refused = await send(company, formula="60 руб × плошадь")

    assert refused.status_code == 422
    assert "Величины «плошадь» нет. Может быть, «площадь»?" in seen(refused)
    assert "60 руб × <mark>плошадь</mark>" in refused.text
    assert 'value="Протокол № 3"' in refused.text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("label", "", "Назовите услугу."),
        ("formula", "", "Напишите формулу"),
        ("ceiling", "много", "Введите сумму в рублях"),
        ("ceiling", "0", "Предел должен быть больше нуля."),
        ("valid_from", "вчера", "вчера"),
        ("document", "", "Укажите основание"),
        ("document_date", "когда-то", "Укажите дату документа"),
        ("whole", "some", "Выберите хотя бы один дом."),
        ("service", "99", "Такой услуги нет."),
    ],
)
async def test_every_field_is_refused_in_words(
    town: TestDatabase, sign_in: SignIn, field: str, value: str, words: str
) -> None:
    refused = await send(await sign_in("company"), **{field: value})

    assert refused.status_code == 422
    assert words in seen(refused)


async def test_the_city_names_who_is_paid(town: TestDatabase, sign_in: SignIn) -> None:
    centre = await sign_in("centre")

    nobody, wrong = await send(centre), await send(centre, payee="999")

    assert "Выберите, кому идут деньги." in seen(nobody)
    assert "Такой организации нет. Выберите из списка." in seen(wrong)


async def test_a_trial_shows_both_ways_on_accounts_of_ones_own_and_keeps_nothing(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    company = await sign_in("company")
    token = csrf_of(await company.get("/formulas/new"))
    number = "SELECT min(number) FROM accounts WHERE company_id"
    mine, foreign = await one(fresh_town, f"{number} = 2"), await one(fresh_town, f"{number} = 3")

    tried = await company.post(
        "/formulas/trial",
        data={"csrf": token, **GOOD, "formula": "60 руб + 0 × 1 руб", "accounts": f"{mine} {foreign}"},
        headers=HTMX,
    )

    words = seen(tried)
    assert "<html" not in tried.text
    assert f"Не нашли счета: {foreign}." in words
    assert "не начисляется" in words
    assert "60,00 ₽" in words.replace("\u202f", " ").replace("\u00a0", " ")
    assert await one(fresh_town, "SELECT count(*) FROM formulas") == 0


async def test_a_trial_of_a_wrong_formula_points_at_the_place(town: TestDatabase, sign_in: SignIn) -> None:
    company = await sign_in("company")
    token = csrf_of(await company.get("/formulas/new"))

    tried = await company.post(
        "/formulas/trial", data={"csrf": token, **GOOD, "formula": "площадь + 5 м³"}, headers=HTMX
    )

    assert "площадь + <mark>5 м³</mark>" in tried.text
    assert "разные единицы: м² и м³" in seen(tried)


async def test_the_list_is_searched_and_taken_as_a_file(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    company, centre = await sign_in("company"), await sign_in("centre")
    await send(company)
    await decide(centre, "approve")

    found = seen(await centre.get("/formulas?q=домоф"))
    nothing = seen(await centre.get("/formulas?q=лифт"))
    table = (await centre.get("/formulas.csv")).text

    assert "если люди &gt; 1" in found
    assert "Ничего не нашлось" in nothing
    assert "Домофон" in table
    assert "утверждена" in table


async def test_a_trial_says_who_would_be_parked_and_why(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    """Nobody wrote the areas of this town down; another service by a formula needs them too."""
    company, centre = await sign_in("company"), await sign_in("centre")
    await send(company, formula="площадь × 2 руб/м²")
    await decide(centre, "approve")
    token = csrf_of(await company.get("/formulas/new"))

    tried = await company.post(
        "/formulas/trial",
        data={"csrf": token, **GOOD, "label": "Лифт", "formula": "площадь × 3 руб/м²"},
        headers=HTMX,
    )

    assert seen(tried).count("отложен") >= 2
    assert "Не указана площадь." in seen(tried)
