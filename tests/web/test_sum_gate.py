"""Pages of the gate of sums: what is held, why, who may release it, limits as dated data."""

from __future__ import annotations

import re

from httpx import AsyncClient, Response

from tests.support.services import TestDatabase
from tests.web.conftest import SignIn, csrf_of
from tests.web.test_centre import change, one, press, seen

RUN = "/centre/runs/2"
HOLDS = f"{RUN}/holds"
HELD = """
INSERT INTO run_holds (run_id, dimension, key, company_id, now_kopecks, before_kopecks, limit_percent,
                       limit_kopecks)
VALUES (2, 'account', 1, 2, 7000000, 300000, 150, 700000), (2, 'house', 1, 2, 11000000, 3000000, 200, 300000),
       (2, 'service', 1, NULL, 8000000, 2000000, 150, 100000)"""
STARTED = "UPDATE runs SET created_by = (SELECT id FROM users WHERE login = 'ivanova') WHERE id = 2"


async def decide(
    client: AsyncClient, decision: str, reason: str, query: str = "", **fields: object
) -> Response:
    csrf = csrf_of(await client.get(HOLDS))
    data = {"csrf": csrf, "decision": decision, "reason": reason, **fields}
    return await client.post(HOLDS + query, data=data)


async def test_a_held_run_says_so_and_is_not_handed_over(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await change(fresh_town, HELD)
    client = await sign_in("centre")

    shown = await client.get(RUN)
    refused = await press(client, RUN, "hand-over")

    assert "Проверка сумм держит публикацию: 3 из 3." in seen(shown)
    assert "прогон 2: 3 суммы держит проверка" in seen(await client.get("/centre/month/2026-10"))
    assert re.search(r"<button[^>]*disabled[^>]*>Передать на публикацию</button>", shown.text)
    assert refused.status_code == 409
    assert "публиковать нельзя, задержано проверкой сумм: 1 счёт, 1 дом, 1 услуга" in seen(refused)
    assert await one(fresh_town, "SELECT requested_by FROM runs WHERE id = 2") is None


async def test_the_list_is_filtered_and_taken_away(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await change(fresh_town, HELD)
    client = await sign_in("admin")

    houses = seen(await client.get(f"{HOLDS}?dimension=house"))
    file = await client.get(f"{HOLDS}.csv?dimension=account")

    assert "Найдено 1 из 3, держит публикацию 3" in houses
    assert "Решает расчётчик или ответственный за публикацию." in houses
    assert "70000,00" in file.text.replace(" ", "").replace("\u00a0", "").replace("\u202f", "")
    assert (await client.get(f"{HOLDS}/service/1")).status_code == 200
    assert (await client.get(f"{HOLDS}/account/999")).status_code == 404


async def test_another_person_releases_by_one_and_in_bulk_and_the_run_goes_on(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await change(fresh_town, HELD)
    await change(fresh_town, STARTED)
    starter, other = await sign_in("centre"), await sign_in("publisher")

    mine = await decide(starter, "released", "Верно", pick="account:1")
    without = await decide(other, "released", "", pick="account:1")
    single = await decide(other, "released", "Акт 5", pick="account:1")
    rest = await decide(other, "released", "Включили отопление", "?state=held", everything="yes")

    assert mine.status_code == 422
    assert "Прогон запустили вы, поэтому" in seen(mine)
    assert "Напишите, почему" in seen(without)
    assert (single.status_code, rest.status_code) == (303, 303)
    assert await one(fresh_town, "SELECT DISTINCT state FROM run_holds") == "released"
    assert await one(fresh_town, "SELECT count(*) FROM audit WHERE action = 'sums_released'") == 2
    assert "Проверка сумм пройдена, пропущено 3." in seen(await starter.get(RUN))
    assert (await press(starter, RUN, "hand-over")).status_code == 303


async def test_limits_are_dated_and_belong_to_the_city_or_a_company(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("centre")
    form = {
        f"{name}_{field}": value
        for name in ("account", "house", "service", "supplier")
        for field, value in (("rise", "40"), ("fall", "30"), ("kopecks", "5 000"))
    }
    csrf = csrf_of(await client.get("/centre/gate"))
    good = {"csrf": csrf, **form, "owner": "2", "valid_from": "2026-10-01", "ground": "Приказ 9"}

    wrong = await client.post("/centre/gate", data={**good, "account_rise": "много", "ground": ""})
    late = await client.post("/centre/gate", data={**good, "valid_from": "2026-09-01"})
    saved = await client.post("/centre/gate", data=good)

    assert "Введите целое число: 150." in seen(wrong)
    assert "Закрытые месяцы уже проверены." in seen(late)
    assert (wrong.status_code, late.status_code, saved.status_code) == (422, 422, 303)
    assert 'value="5000"' in (await client.get("/centre/gate?owner=2")).text
    assert 'value="10000"' in (await client.get("/centre/gate")).text
    assert (
        await one(fresh_town, "SELECT count(*) FROM settings WHERE organisation_id = 2 AND key LIKE 'gate_%'")
        == 12
    )
