"""Import through the browser: a check that keeps nothing, verdicts in words, one load of the whole file."""

from __future__ import annotations

import re

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text

from storage.engine import Database
from storage.import_orders import obey
from storage.importer import template
from storage.importer.template import write_rows
from tests.support.services import TestDatabase
from tests.web.conftest import SignIn, csrf_of
from tests.web.test_centre import one, seen

BAD_HOUSE = {
    "street": "ул. Садовая",
    "house": "5",
    "floors": "девять",
    "area_total": "1200",
    "area_common": "90",
}


async def upload(
    client: AsyncClient, content: bytes, name: str = "наш дом.xlsx", company: str = "2"
) -> Response:
    token = csrf_of(await client.get("/centre/import"))
    return await client.post(
        "/centre/import", data={"csrf": token, "company": company}, files={"file": (name, content)}
    )


async def work(place: TestDatabase) -> None:
    """What the worker does with the commands in the outbox."""
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        rows = (
            await session.execute(
                text("SELECT subject, payload FROM outbox WHERE subject LIKE 'commands.imports.%'")
            )
        ).all()
        for row in rows:
            await obey(session, row.subject, row.payload)
    await owner.close()


async def test_a_bad_row_gets_its_verdict_and_nothing_is_kept(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("centre")

    sent = await upload(client, write_rows({"houses": [BAD_HOUSE]}))
    place = sent.headers["Location"]
    waiting = await client.get(place)
    await work(fresh_town)
    checked, stream = await client.get(place), await client.get(f"{place}/stream")
    plain = await client.get(f"{place}/verdicts.csv")
    refused = await client.post(f"{place}/load", data={"csrf": csrf_of(checked)})

    assert sent.status_code == 303
    assert "Проверяем каждую строку" in seen(waiting)
    assert f'hx-sse:connect="{place}/stream"' in waiting.text
    assert "с замечаниями из 1. Ничего не записано" in seen(checked)
    assert "девять" in seen(checked)
    assert stream.text.rstrip().endswith("event: done\ndata:")
    assert "девять" in plain.content.decode("utf-8-sig")
    assert refused.status_code == 409
    assert await one(fresh_town, "SELECT count(*) FROM houses") == 2


async def test_the_template_is_taken_and_a_clean_file_is_loaded_once(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("centre")
    blank = await client.get("/centre/import/template.xlsx")
    good = write_rows({"houses": [{**BAD_HOUSE, "floors": "9"}]})

    place = (await upload(client, good)).headers["Location"]
    await work(fresh_town)
    checked = await client.get(place)
    loaded_at = (await client.post(f"{place}/load", data={"csrf": csrf_of(checked)})).headers["Location"]
    await work(fresh_town)
    again_at = (await client.post(f"{place}/load", data={"csrf": csrf_of(checked)})).headers["Location"]
    await work(fresh_town)

    assert blank.content == template()
    assert "Замечаний нет: 1 строка" in seen(checked)
    assert re.search(r"<button[^>]*>Загрузить 1.строку</button>", checked.text)
    assert "Загружено: 1 строка." in seen(await client.get(loaded_at))
    assert "Этот файл уже загружали" in seen(await client.get(again_at))
    assert await one(fresh_town, "SELECT count(*) FROM houses") == 3
    assert "загружен" in seen(await client.get("/centre/import"))


@pytest.mark.parametrize(
    ("content", "name", "company", "words"),
    [
        (b"", "a.xlsx", "2", "Файл «a.xlsx» пуст."),
        (b"x", "a.exe", "2", "Файл «a.exe» другого вида."),
        (b"x", "a.xlsx", "", "Выберите, чьи это данные."),
        (b"x", "a.xlsx", "777", "Такой организации нет."),
    ],
)
async def test_what_cannot_be_a_workbook_is_refused_at_once(
    sign_in: SignIn, content: bytes, name: str, company: str, words: str
) -> None:
    answer = await upload(await sign_in("centre"), content, name, company)

    assert answer.status_code == 422
    assert words in seen(answer)


async def test_a_torn_workbook_is_told_in_words(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    client = await sign_in("centre")

    place = (await upload(client, b"PK not really a workbook")).headers["Location"]
    await work(fresh_town)

    assert "Файл не прочитан, ничего не записано" in seen(await client.get(place))
    assert "не прочитан" in seen(await client.get("/centre/import"))
