"""«НДС»: a term waits for another person, then VAT stands in files and acts; what is due stays."""

from __future__ import annotations

import pytest
from httpx import AsyncClient, Response

from tests.support.services import TestDatabase
from tests.web.conftest import SignIn, csrf_of
from tests.web.test_centre import RUN, one, seen

GOOD = {
    "owner": "4",
    "service": "",
    "way": "yes",
    "valid_from": "2026-01",
    "document": "Договор № 7",
    "document_date": "2025-12-16",
}


async def send(client: AsyncClient, **changed: str) -> Response:
    page = await client.get("/centre/vat")
    return await client.post("/centre/vat", data={"csrf": csrf_of(page), **GOOD, **changed})


async def decide(client: AsyncClient, act: str, term: int = 1) -> Response:
    page = await client.get("/centre/vat")
    return await client.post(f"/centre/vat/{term}/{act}", data={"csrf": csrf_of(page)})


async def agreed(sign_in: SignIn, **changed: str) -> None:
    await send(await sign_in("centre"), **changed)
    await decide(await sign_in("publisher"), "approve")


async def test_a_term_waits_for_another_person(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    first, second = await sign_in("centre"), await sign_in("publisher")

    sent, mine = await send(first), await decide(first, "approve")
    approved, again = await decide(second, "approve"), await decide(second, "approve")
    page = seen(await first.get("/centre/vat"))

    assert sent.headers["Location"] == "/centre/vat?done=proposed"
    assert (mine.status_code, approved.status_code, again.status_code) == (409, 303, 409)
    assert await one(fresh_town, "SELECT state FROM vat_terms") == "approved"
    assert "22 %" in page
    assert "Водоканал остальные услуги включён" in page


async def test_totals_of_a_run_have_vat_by_the_narrower_term(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    """80 000,00 of water with 22 % inside; heat of another supplier has none."""
    await agreed(sign_in)

    by_service = (await (await sign_in("centre")).get(f"{RUN}/totals.csv")).text
    by_supplier = (await (await sign_in("centre")).get(f"{RUN}/totals.csv?by=supplier")).text

    assert "НДС" in by_service
    assert "14426,23" in by_service
    assert "14426,23" in by_supplier


async def test_an_act_shows_what_was_charged_with_vat(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await agreed(sign_in)
    address = "payee=4&since=2026-09-01&until=2026-09-30"

    page = seen(await (await sign_in("centre")).get(f"/reconciliation?{address}"))
    table = (await (await sign_in("centre")).get(f"/reconciliation/charged.csv?{address}")).text

    assert "Начислено в эти месяцы" in page
    assert "22 %" in page
    assert "14426,22" in table  # of two companies, each to the kopeck


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"owner": ""}, "Выберите организацию."),
        ({"owner": "999"}, "Выберите организацию."),
        ({"service": "77"}, "Такой услуги нет."),
        ({"way": "maybe"}, "Выберите, есть ли в тарифе НДС."),
        ({"document": ""}, "Укажите документ"),
        ({"valid_from": "скоро"}, "скоро"),
    ],
)
async def test_every_field_is_refused_in_words(
    town: TestDatabase, sign_in: SignIn, changed: dict[str, str], words: str
) -> None:
    refused = await send(await sign_in("centre"), **changed)

    assert refused.status_code == 422
    assert words in seen(refused)


async def test_a_service_of_an_organisation_may_have_a_term_of_its_own(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await one(
        fresh_town,
        'INSERT INTO services (code, key, label, short_label, unit, "group", organisation_id, position) '
        "VALUES (117, 'own_117', 'Видеонаблюдение', 'Видео', 'квартира', 'housing', 2, 117) RETURNING code",
    )
    client = await sign_in("centre")

    offered = seen(await client.get("/centre/vat"))
    await agreed(sign_in, owner="2", service="117")
    page, table = seen(await client.get("/centre/vat")), (await client.get("/centre/vat.csv")).text

    assert "Видеонаблюдение (" in offered
    assert await one(fresh_town, "SELECT service FROM vat_terms WHERE state = 'approved'") == 117
    assert page.count("Видеонаблюдение") == 2  # of the list to choose from and of the term
    assert "Видеонаблюдение" in table


async def test_two_terms_from_one_month_are_refused(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await send(await sign_in("centre"))

    again = await send(await sign_in("centre"), way="no")

    assert again.status_code == 422
    assert "С 01.01.2026 условие уже есть." in seen(again)
