"""«Что если» on pages: asked, answered, compared, as a file; a company's own; others are refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text

from storage.engine import Database
from storage.warm_blocks import WarmBlocks
from storage.what_if_work import obey
from tests.support.services import TestDatabase
from tests.web import corrections_city
from tests.web.conftest import HTMX, SignIn, csrf_of
from tests.web.desk import plain

CITY: Any = corrections_city
COLD_WATER = re.compile(r'<option value="(tariff:\d+)"[^>]*>Холодное водоснабжение')
COMMAND = re.compile(r'name="command" value="([^"]+)"')


async def ask(client: AsyncClient, **form: str) -> Response:
    page = await client.get("/what-if")
    what = COLD_WATER.search(page.text)
    command = COMMAND.search(page.text)
    assert what
    assert command
    usual = {"csrf": csrf_of(page), "command": command[1], "what": what[1], "after": "+10 %", "company": ""}
    return await client.post("/what-if", data={**usual, **form})


async def work(place: TestDatabase) -> None:
    """Every question that waits in the outbox, as the worker takes it."""
    owner = Database(place.url)
    async with owner.reading() as session:
        rows = await session.execute(
            text("SELECT subject, payload FROM outbox WHERE subject LIKE 'commands.whatif%' ORDER BY id")
        )
        orders = [(row.subject, dict(row.payload)) for row in rows]
    for subject, payload in orders:
        await obey(place.url, WarmBlocks(), subject, payload)
    await owner.close()


async def test_a_tariff_is_asked_answered_and_nothing_is_written(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    centre = await sign_in("centre")

    asked = await ask(centre)
    waiting = await centre.get(asked.headers["Location"])
    await work(fresh_town)
    done = plain(await centre.get(asked.headers["Location"]))

    assert asked.status_code == 303
    assert 'hx-trigger="load delay:1s"' in waiting.text
    assert "Холодное водоснабжение, население: 45,67 → 50,237 ₽/м³" in done
    assert "+10,0 %" in done
    for words in (
        "По услугам",
        "По поставщикам",
        "По числу проживающих",
        "Льготники",
        "Дома, где изменилось",
    ):
        assert words in done
    part = await centre.get(asked.headers["Location"], headers=HTMX)
    assert "<html" not in part.text
    assert "load delay" not in part.text, "a finished answer is not asked for again"


async def test_questions_are_compared_side_by_side_and_taken_away(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    centre = await sign_in("centre")
    addresses = [(await ask(centre, after=after)).headers["Location"] for after in ("+10 %", "51,20")]
    await work(fresh_town)
    ids = [address.rpartition("/")[2] for address in addresses]

    compared = plain(await centre.get(f"/what-if/compare?id={ids[0]}&id={ids[1]}"))
    alone = await centre.get(f"/what-if/compare?id={ids[0]}")
    sheet = await centre.get(f"{addresses[0]}.csv")
    listed = plain(await centre.get("/what-if"))

    assert "50,237" in compared
    assert "51,20" in compared
    assert alone.status_code == 422
    assert "По домам" in sheet.text
    assert "готово" in listed


async def test_a_raising_coefficient_is_tried(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    centre = await sign_in("centre")

    asked = await ask(centre, what="raising:1", after="1,5")
    await work(fresh_town)
    done = plain(await centre.get(asked.headers["Location"]))

    assert asked.status_code == 303
    assert "Холодное водоснабжение, К: 3 → 1,5" in done
    assert "По услугам" in done


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"what": "raising:1", "after": "0,5"}, "Коэффициент не бывает меньше единицы"),
        ({"what": "raising:6", "after": "2"}, "Выберите из списка, что меняем."),
        ({"what": ""}, "Выберите из списка, что меняем."),
        ({"what": "tariff:999999"}, "Выберите из списка, что меняем."),
        ({"after": "дорого"}, "Напишите новое значение числом"),
        ({"after": "-200 %"}, "не может быть меньше нуля"),
        ({"after": ""}, "Напишите новое значение числом"),
    ],
)
async def test_what_cannot_be_asked_comes_back_with_words(
    sign_in: SignIn, form: dict[str, str], words: str
) -> None:
    centre = await sign_in("centre")

    answer = await ask(centre, **form)

    assert answer.status_code == 422
    assert words in plain(answer)


async def test_a_company_asks_about_its_own_and_sees_no_other(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    centre, company = await sign_in("centre"), await sign_in("company")
    theirs = (await ask(centre)).headers["Location"]
    mine = (await ask(company, company="3")).headers["Location"]
    await work(fresh_town)

    page = plain(await company.get(mine))

    assert "УК 1" in page
    assert "УК 2" not in page
    assert (await company.get(theirs)).status_code == 404
    assert theirs not in (await company.get("/what-if")).text


async def test_a_question_is_stopped(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    centre = await sign_in("centre")
    address = (await ask(centre)).headers["Location"]
    page = await centre.get(address)

    stopped = await centre.post(f"{address}/stop", data={"csrf": csrf_of(page)})

    assert stopped.status_code == 303
    assert "остановлено" in plain(await centre.get(address))


async def test_others_are_refused(sign_in: SignIn) -> None:
    dispatcher = await sign_in("dispatcher")

    for path in ("/what-if", "/what-if/1", "/what-if/compare?id=1&id=2", "/what-if/1.csv"):
        assert (await dispatcher.get(path)).status_code == 403
