"""A new tariff or norm: entered by one, put in force by another, never edited."""

from __future__ import annotations

import pytest
from httpx import AsyncClient, Response

from tests.support.services import TestDatabase
from tests.web.conftest import HTMX, SignIn, csrf_of
from tests.web.test_centre import change, one, seen

GOOD = {
    "family": "tariff",
    "service": "1",
    "kind": "population",
    "value": "60,5",
    "valid_from": "2026-11-01",
    "document": "Приказ РЭК № 90",
    "document_date": "2026-10-15",
    "owner": "",
    "zone": "",
}


async def send(client: AsyncClient, **changed: str) -> Response:
    page = await client.get("/centre/values/new?service=1")
    return await client.post("/centre/values", data={"csrf": csrf_of(page), **GOOD, **changed})


async def test_a_value_of_an_organisation_that_is_not_there_is_refused(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    refused = await send(await sign_in("centre"), owner="999999")

    assert refused.status_code == 422
    assert "Такой организации нет. Выберите из списка." in seen(refused)


async def decide(client: AsyncClient, act: str, proposal: int = 1) -> Response:
    page = await client.get("/centre/values")
    return await client.post(f"/centre/values/{proposal}/{act}", data={"csrf": csrf_of(page)})


async def test_a_value_waits_for_another_person_and_then_follows_the_old_one(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    first, second = await sign_in("centre"), await sign_in("publisher")

    sent = await send(first)
    waiting, mine = seen(await second.get("/centre/values")), await decide(first, "approve")
    in_force = await one(fresh_town, "SELECT count(*) FROM tariffs WHERE rate = 605000")
    approved, again = await decide(second, "approve"), await decide(second, "approve")

    assert sent.headers["Location"] == "/centre/values?service=1&done=proposed"
    assert "Холодное водоснабжение, население: 60,50 ₽/м³ с 1 ноября 2026, город" in waiting
    assert "было 51,2345 · 2 дома · Приказ РЭК № 90 · на утверждение: Иванова А. П." in waiting
    assert (mine.status_code, in_force) == (409, 0)
    assert "Внесли вы, поэтому утвердить должен другой сотрудник." in seen(mine)
    assert (approved.status_code, again.status_code) == (303, 409)
    assert await one(
        fresh_town,
        """SELECT t.rate, t.valid_from::text, t.valid_to::text, u.login FROM tariffs t
             LEFT JOIN users u ON u.id = t.approved_by
            WHERE t.superseded_at IS NULL ORDER BY t.valid_from""",
    ) == [
        (500000, "2026-01-01", "2026-07-01", None),
        (512345, "2026-07-01", "2026-11-01", None),
        (605000, "2026-11-01", None, "petrov"),
    ]
    assert await one(fresh_town, "SELECT count(*) FROM tariffs WHERE superseded_at IS NOT NULL") == 1


async def test_a_norm_is_kept_to_the_last_digit(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await send(await sign_in("centre"), family="norm", service="4", kind="area", value="0,023700", zone="2")
    await decide(await sign_in("publisher"), "approve")

    assert await one(fresh_town, "SELECT value_micro, zone_id, kind, service FROM norms") == [
        (23700, 2, "area", 4)
    ]


async def test_a_declined_value_stays_out(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    client = await sign_in("centre")
    await send(client)

    declined = await decide(client, "decline")

    assert declined.headers["Location"] == "/centre/values?done=declined"
    assert await one(fresh_town, "SELECT state FROM value_proposals") == "declined"
    assert await one(fresh_town, "SELECT count(*) FROM tariffs") == 2


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("value", "много", "Введите значение числом, например 51,2345."),
        ("value", "1,23456", "Введите значение числом, например 51,2345."),
        ("value", "-5", "Введите значение числом, например 51,2345."),
        ("document", "", "Укажите основание: документ, номер и дату."),
        ("document_date", "", "Укажите дату документа"),
        ("valid_from", "завтра", "Укажите, с какого дня действует"),
        ("valid_from", "2026-06-01", "С 01.07.2026 уже есть значение (Приказ РЭК № 44)."),
        ("zone", "0", "Введите номер зоны или оставьте пусто"),
        ("service", "999", "Такой услуги нет."),
    ],
)
async def test_a_wrong_field_is_told_and_what_was_typed_stays(
    sign_in: SignIn, field: str, typed: str, words: str
) -> None:
    answer = await send(await sign_in("centre"), **{field: typed})

    assert answer.status_code == 422
    assert words in seen(answer)
    assert "Приказ РЭК № 90" in answer.text or field == "document"
    if field in ("value", "valid_from", "zone"):
        assert f'value="{typed}"' in answer.text


async def test_the_effect_is_told_before_sending(sign_in: SignIn) -> None:
    client = await sign_in("centre")
    token = csrf_of(await client.get("/centre/values/new"))

    city = await client.post("/centre/values/effect", data={"csrf": token, **GOOD}, headers=HTMX)
    own = await client.post(
        "/centre/values/effect",
        data={"csrf": token, **GOOD, "owner": "2", "valid_from": "2026-08-01"},
        headers=HTMX,
    )

    assert "Коснётся 2 домов, 24 счетов" in seen(city)
    assert "Коснётся 1 дома, 12 счетов" in seen(own)
    assert "День раньше открытого месяца" in seen(own)


async def own_service(town: TestDatabase) -> None:
    """An intercom of the city, billed by a formula that names the tariff."""
    await change(
        town,
        'INSERT INTO services (code, key, label, short_label, unit, "group", position) '
        "VALUES (100, 'own_100', 'Домофон', 'Домофон', 'кв.', 'other', 100)",
    )


async def test_a_tariff_of_a_service_of_ones_own_is_entered_and_named(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await own_service(fresh_town)
    first, second = await sign_in("centre"), await sign_in("publisher")

    form = seen(await first.get("/centre/values/new?service=100&family=tariff"))
    sent = await send(first, service="100", value="45,5")
    waiting = seen(await second.get("/centre/values"))
    await decide(second, "approve")
    history = seen(await first.get("/centre/values?service=100"))

    assert "Домофон" in form
    assert sent.status_code == 303
    assert "Домофон, население: 45,50 ₽/кв. с 1 ноября 2026" in waiting
    assert "Домофон" in history
    assert "Услуга №" not in history
    assert await one(fresh_town, "SELECT rate FROM tariffs WHERE service = 100") == 455000


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"service": "101"}, "Такой услуги нет. Выберите из списка."),
        ({"service": "100", "family": "norm", "kind": "person"}, "Своей услуге числа задаёт её формула."),
    ],
)
async def test_a_service_nobody_has_and_a_norm_of_ones_own_are_refused(
    fresh_town: TestDatabase, sign_in: SignIn, changed: dict[str, str], words: str
) -> None:
    await own_service(fresh_town)

    refused = await send(await sign_in("centre"), **changed)

    assert refused.status_code == 422
    assert words in seen(refused)


async def test_fuel_of_a_boiler_is_of_its_house_and_month_alone(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    house = await one(fresh_town, "SELECT min(id) FROM houses")
    await one(
        fresh_town,
        "INSERT INTO house_services (house_id, company_id, service, supplier_id, method, valid_from) "
        "SELECT id, company_id, 4, company_id, 'boiler', '2026-01-01' FROM houses "
        f"WHERE id = {house} RETURNING id",
    )
    client = await sign_in("centre")
    fuel = {"family": "norm", "service": "4", "kind": "fuel_gas", "value": "12000"}

    page = seen(await client.get("/centre/values/new?service=4&family=norm"))
    nobody = await send(client, **fuel)
    inside = await send(client, **fuel, house=str(house), valid_from="2026-11-05")
    await send(client, **fuel, house=str(house))
    waiting = seen(await client.get("/centre/values"))
    await decide(await sign_in("publisher"), "approve")

    assert "Дом с котельной" in page
    assert "топливо котельной дома за месяц: природный газ" in page
    assert "выберите дом с котельной" in seen(nobody)
    assert "укажите первое число месяца" in seen(inside)
    assert "12" in waiting
    kept = "SELECT house_id, value_micro, valid_from::text, valid_to::text FROM norms WHERE kind = 'fuel_gas'"
    assert await one(fresh_town, kept) == [(house, 12_000_000_000, "2026-11-01", "2026-12-01")]
