"""Forms of receipts in the browser: own ones only, a live picture, broken ones refused by line, versions."""

from __future__ import annotations

import base64
import datetime as dt
import io
import re

import pytest
from httpx import AsyncClient, Response
from PIL import Image
from sqlalchemy import text

from storage.engine import Database
from storage.receipt_forms import forms_of
from tests.receipts.paper import text_of
from tests.support.services import TestDatabase
from tests.web import town as town_
from tests.web.conftest import HTMX, SignIn, csrf_of
from tests.web.test_centre import seen
from web.receipt_forms.typed import standard_source

CITY = town_
PICTURE = re.compile(r'src="data:image/png;base64,([^"]+)"')


def logo() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (600, 150), (20, 80, 160)).save(made, "PNG")
    return made.getvalue()


async def filled(client: AsyncClient, key: str = "2") -> dict[str, str]:
    """What stands in the editor, as a browser would send it."""
    page = await client.get(f"/receipt-forms/{key}")
    html = page.text
    values = {"csrf": csrf_of(page), "accent": "#14509a", "source": "", "note": "Новый логотип"}
    for name in ("account", "valid_from", "version"):
        found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', html) or re.search(
            rf'value="([^"]*)"[^>]*name="{name}"', html
        )
        values[name] = found.group(1) if found else ""
    values |= {f"show_{name}": "1" for name in ("year", "services", "change", "news")}
    order = ("grounds", "meters", "year", "services", "payees", "house", "contacts", "news")
    return values | {f"place_{name}": str(at) for at, name in enumerate(order, 1)}


async def rows(place: TestDatabase, statement: str) -> list[tuple[object, ...]]:
    owner = Database(place.url, "worker")
    async with owner.reading() as session:
        found = [tuple(row) for row in await session.execute(text(statement))]
    await owner.close()
    return found


async def save(client: AsyncClient, key: str = "2", **changed: str) -> Response:
    return await client.post(f"/receipt-forms/{key}", data={**await filled(client, key), **changed})


async def test_the_centre_sees_all_forms_and_a_company_only_its_own(
    town: TestDatabase, sign_in: SignIn
) -> None:
    centre, company = await sign_in("ivanova"), await sign_in("center")

    listed, own = await centre.get("/receipt-forms"), await company.get("/receipt-forms")
    mine, foreign = await company.get("/receipt-forms/2"), await company.get("/receipt-forms/centre")

    assert "Расчётный центр" in listed.text
    assert own.headers["Location"] == "/receipt-forms/2"
    assert mine.status_code == 200
    assert foreign.status_code == 404
    assert (await save(company, "2")).status_code == 303
    for key in ("centre", "1", "3", "999999", "abc"):
        sent = await company.post(f"/receipt-forms/{key}", data=await filled(company))
        assert sent.status_code == 404, key


async def test_the_preview_is_a_picture_of_a_real_receipt(town: TestDatabase, sign_in: SignIn) -> None:
    company = await sign_in("center")
    values = await filled(company)

    plain = await company.post("/receipt-forms/2/preview", data=values, headers=HTMX)
    marked = await company.post(
        "/receipt-forms/2/preview", data=values, files={"logo": ("l.png", logo(), "image/png")}, headers=HTMX
    )

    assert values["account"]
    pictures = PICTURE.findall(plain.text)
    assert pictures, plain.text[:500]
    opened = Image.open(io.BytesIO(base64.b64decode(pictures[0])))
    assert abs(opened.width / opened.height - 210 / 297) < 0.01
    assert PICTURE.findall(marked.text)[0] != pictures[0]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"accent": "#ffff00"}, "Цвет слишком бледный"),
        ({"account": "0"}, "Такого счёта у организации нет"),
        ({"barcode": "account"}, "Шаблон штрихового кода"),
        (
            {"source": "#set page(width: 10cm)\n#hello"},
            "Строка 2: неизвестное имя «hello». Там стоит: #hello",
        ),
    ],
)
async def test_the_preview_says_what_is_wrong(
    town: TestDatabase, sign_in: SignIn, changed: dict[str, str], words: str
) -> None:
    company = await sign_in("center")

    shown = await company.post(
        "/receipt-forms/2/preview", data={**await filled(company), **changed}, headers=HTMX
    )

    assert words in seen(shown)
    assert not PICTURE.findall(shown.text)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('#band("facts"', '#bond("facts"', "неизвестное имя «bond»"),
        ('#band("facts", {', '#band("facts", {{', "скобка открыта и не закрыта"),
        ('font: "PT Sans"', 'font: "Comic Sans MS"', "рифта «comic sans ms» нет, есть PT Sans"),
        ('slot("facts", height: 7mm * k)', "[]", "нет места «facts»"),
        ('#band("divider"', '#band("dividers"', "нет полосы «divider»"),
        ("#let k =", '#import "@preview/tablex:0.0.8"\n#let k =', "Пакеты не загружаются"),
        ("#let k =", '#let secret = read("/etc/passwd")\n#let k =', "файлов рядом с формой нет"),
        ("#let k =", "#let spin(n) = spin(n + 1)\n#spin(0)\n#let k =", "Строка"),
    ],
)
async def test_a_broken_source_is_refused_with_its_line_and_nothing_is_kept(
    town: TestDatabase, sign_in: SignIn, old: str, new: str, words: str
) -> None:
    company = await sign_in("center")
    before = await rows(town, "SELECT count(*) FROM receipt_forms")
    assert old in standard_source()

    refused = await save(company, source=standard_source().replace(old, new, 1))

    assert refused.status_code == 422
    assert words in seen(refused)
    assert await rows(town, "SELECT count(*) FROM receipt_forms") == before


async def test_a_saved_form_is_on_the_document_of_its_month_and_not_on_an_earlier_one(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    company = await sign_in("center")
    saved = await save(
        company, valid_from="2026-09", messages="Касса работает до восьми.", cabinet="dom.example"
    )
    shown = await company.get("/accounts/1/receipts/2026-09.pdf")

    assert saved.status_code == 303, seen(saved)
    said = " ".join(text_of(shown.content).split())
    assert "Касса работает до восьми." in said
    assert "Личный кабинет: dom.example" in said
    assert (await company.get("/accounts/1/receipts/2026-09.pdf")).content == shown.content


async def test_versions_are_kept_and_an_older_one_comes_back_as_a_new_one(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    company = await sign_in("center")
    await save(company, accent="#14509a", note="Синий")
    await save(company, accent="#0b6b2e", note="Зелёный", source=standard_source().replace("9.5", "9.6"))
    page = await company.get("/receipt-forms/2?version=1")

    restored = await company.post("/receipt-forms/2/restore/1", data={"csrf": csrf_of(page)})
    plain = await company.post("/receipt-forms/2/restore/0", data={"csrf": csrf_of(page)})
    none = await company.post("/receipt-forms/2/restore/77", data={"csrf": csrf_of(page)})

    assert 'value="#14509a"' in page.text
    assert (restored.status_code, plain.status_code, none.status_code) == (303, 303, 404)
    assert await rows(
        fresh_town, "SELECT version, note, look->>'accent', source IS NULL FROM receipt_forms ORDER BY id"
    ) == [
        (1, "Синий", "#14509a", True),
        (2, "Зелёный", "#0b6b2e", False),
        (3, "Снова версия 1", "#14509a", True),
        (4, "Снова стандартная форма", "#000000", True),
    ]
    digests = await rows(fresh_town, "SELECT digest FROM receipt_forms ORDER BY id")
    assert digests[0] == digests[2]
    history = seen(await company.get("/receipt-forms/2"))
    assert history.index("Снова стандартная форма") < history.index("Синий")


async def test_a_company_without_a_form_takes_that_of_the_centre(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre, company = await sign_in("ivanova"), await sign_in("center")
    await save(centre, "centre", messages="От центра")
    database = Database(fresh_town.url)
    month = dt.date(2026, 10, 1)
    try:
        async with database.reading() as session:
            taken = await forms_of(session, [2], month)
        await save(company, "2", messages="Своё")
        async with database.reading() as session:
            own = await forms_of(session, [2], month)
            before = await forms_of(session, [2], month, until=taken[2].id)
    finally:
        await database.close()

    assert taken[2].look["messages"] == ["От центра"]
    assert own[2].look["messages"] == ["Своё"]
    assert before[2].id == taken[2].id


async def test_a_month_that_was_sent_out_long_ago_keeps_its_form(town: TestDatabase, sign_in: SignIn) -> None:
    company = await sign_in("center")

    refused = await save(company, valid_from="2025-01")

    assert refused.status_code == 422
    assert "уже разосланы" in seen(refused)
