"""«Зачёт переплат до пеней»: tried on all accounts, chosen with a document, approved by another person."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import HTMX, SignIn, csrf_of
from tests.web.test_centre import one, seen
from tests.web.test_penalties import act, work

CITY: Any = town
PATH = "/centre/allocation/netting"


async def ask(client: AsyncClient, place: TestDatabase, **form: str) -> Response:
    page = await client.get(PATH)
    command = page.text.split('name="command" value="')[1].split('"')[0]
    company = await one(place, "SELECT company_id FROM accounts ORDER BY id LIMIT 1")
    day = page.text.split('id="valid_from"')[1].split('value="')[1].split('"')[0]
    data = {"company": str(company), "reach": "service", "valid_from": day, **form}
    return await client.post(PATH, data={"csrf": csrf_of(page), "command": command, **data})


async def test_try_choose_approve(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    first, second = await sign_in("ivanova"), await sign_in("petrov")

    asked = await ask(first, fresh_town)
    address = asked.headers["Location"]
    waits = seen(await first.get(address))
    progress = await first.get(f"{address}/progress", headers=HTMX)
    await work(fresh_town)
    over = await first.get(f"{address}/progress", headers=HTMX)
    counted = seen(await first.get(address))
    page = await first.get(address)
    empty = await first.post(f"{address}/choose", data={"csrf": csrf_of(page), "ground": ""})
    given = await first.post(f"{address}/choose", data={"csrf": csrf_of(page), "ground": "Приказ 12"})
    own = await act(first, address, "approve")
    approved = await act(second, address, "approve")
    rules = seen(await second.get(PATH))

    moved = "SELECT count(*)::int FROM netting_trial_accounts WHERE now_kopecks <> then_kopecks"
    assert await one(fresh_town, moved) == 0  # the rule begins after the day penalties are counted through
    assert "Ждёт своей очереди" in waits
    assert progress.status_code == 200
    assert over.headers["HX-Refresh"] == "true"
    assert "всегда, с первого месяца" in counted
    assert empty.status_code == 422
    assert "Назовите документ" in seen(empty)
    assert (given.status_code, own.status_code, approved.status_code) == (303, 409, 303)
    assert "остаётся на своей услуге" in rules
    assert "Приказ 12" in rules
    assert await one(fresh_town, "SELECT value FROM settings WHERE key = 'penalty_netting'") == "service"
    assert await one(fresh_town, "SELECT count(*)::int FROM audit WHERE action LIKE 'netting_%'") == 2


async def test_accounts_are_found_and_exported(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    client = await sign_in("ivanova")
    address = (await ask(client, fresh_town)).headers["Location"]
    await work(fresh_town)
    trial = address.rsplit("/", 1)[1]
    await one(
        fresh_town,
        "INSERT INTO netting_trial_accounts SELECT "
        f"{trial}, id, 100, 100, 350, 1 FROM accounts ORDER BY id LIMIT 1 ON CONFLICT DO NOTHING RETURNING 1",
    )
    number = str(await one(fresh_town, "SELECT number FROM accounts ORDER BY id LIMIT 1"))

    found = seen(await client.get(f"{address}?way=more&account={number}", headers=HTMX))
    nothing = seen(await client.get(f"{address}?since=day&account={number}", headers=HTMX))
    table = await client.get(f"{address}.csv")
    sheet = await client.get(f"{address}.xlsx")

    assert number in found
    assert "2,50" in found
    assert "Ничего не найдено" in nothing
    assert number in table.content.decode("utf-8-sig")
    assert sheet.content.startswith(b"PK")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"company": ""}, "Выберите организацию"),
        ({"reach": "house"}, "Выберите правило"),
        ({"valid_from": "2020-01-01"}, "не раньше"),
        ({"reach": "account"}, "правило уже такое"),
    ],
)
async def test_a_wrong_question_is_refused_in_words(
    fresh_town: TestDatabase, sign_in: SignIn, form: dict[str, str], words: str
) -> None:
    answer = await ask(await sign_in("ivanova"), fresh_town, **form)

    assert answer.status_code == 422
    assert words in seen(answer)


async def test_no_such_trial(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    client = await sign_in("ivanova")

    assert (await client.get(f"{PATH}/999999")).status_code == 404
