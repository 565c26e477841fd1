"""Routes of delivery: made and put in order, own houses only, never two routes for an entrance, files."""

from __future__ import annotations

import datetime as dt
import html
import io
import re

import openpyxl
from httpx import AsyncClient, Response
from sqlalchemy import text

from storage.engine import Database
from tests.support.services import TestDatabase
from tests.web import town as town_
from tests.web.conftest import HTMX, SignIn, csrf_of
from tests.web.desk import plain

CITY = town_
LENINA, MIRA = 1, 2
ROW = re.compile(r'name="house_(\d+)" value="(\d+)"')


async def filled(client: AsyncClient, key: str = "new", **changed: str) -> dict[str, str]:
    """What a browser would send from the editor."""
    page = await client.get(f"/delivery/{key}")
    since = re.search(r'name="starts_on"[^>]*value="([^"]*)"', page.text, re.S)
    assert since, page.text
    values = {"csrf": csrf_of(page), "name": "Маршрут 1", "carrier": "Сидорова А. П.", "starts_on": since[1]}
    return values | changed


def stop(
    at: int, house: int, entrance: int | None = None, place: int | None = None, **more: str
) -> dict[str, str]:
    made = {f"house_{at}": str(house), f"place_{at}": str(place or at + 1)}
    if entrance:
        made[f"entrance_{at}"] = str(entrance)
    return made | {f"{name}_{at}": value for name, value in more.items()}


async def made(client: AsyncClient, *stops: dict[str, str], **changed: str) -> Response:
    """A new route sent by its form."""
    fields = await filled(client, **changed)
    for one in stops:
        fields |= one
    return await client.post("/delivery/new", data=fields)


async def rows(place: TestDatabase, statement: str) -> list[tuple[object, ...]]:
    owner = Database(place.url, "worker")
    async with owner.reading() as session:
        found = [tuple(row) for row in await session.execute(text(statement))]
    await owner.close()
    return found


STOPS = "SELECT house_id, entrance, is_down FROM delivery_stops ORDER BY version_id, position"


async def test_a_route_is_made_of_houses_and_entrances_in_the_order_of_their_numbers(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("ivanova")

    saved = await made(
        client,
        stop(0, MIRA),
        stop(1, LENINA, 1, place=1, down="1"),
        stop(2, LENINA, 2, place=1),
        stop(3, LENINA, 2, place=4, drop="1"),
    )

    assert saved.status_code == 303, plain(saved)
    assert await rows(fresh_town, STOPS) == [(MIRA, None, False), (LENINA, 1, True), (LENINA, 2, False)]
    shown = await client.get(saved.headers["Location"])
    assert "ул. Ленина, д. 12, подъезд 1" in plain(shown)
    assert "10 квитанций" in plain(shown)
    listed = await client.get("/delivery")
    assert "Маршрут 1" in plain(listed)
    assert "Без маршрута" not in plain(listed)


async def test_adding_a_street_or_entrances_changes_only_the_page(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("ivanova")
    fields = await filled(client)

    street = await client.post(
        "/delivery/new/stops", data={**fields, **stop(0, MIRA), "street": "лен"}, headers=HTMX
    )
    parts = await client.post(
        "/delivery/new/stops",
        data={**fields, "street": "Лен", "house": "12", "entrances": "2-1"},
        headers=HTMX,
    )
    nowhere = await client.post("/delivery/new/stops", data={**fields, "street": "ябл"}, headers=HTMX)
    unclear = await client.post(
        "/delivery/new/stops", data={**fields, "street": "лен", "entrances": "первый"}, headers=HTMX
    )

    assert ROW.findall(street.text) == [("0", str(MIRA)), ("1", str(LENINA))]
    assert "Добавлено: 1." in plain(street)
    assert re.findall(r'name="entrance_\d+" value="(\d*)"', parts.text) == ["2", "1"]
    assert "Такого дома нет" in plain(nowhere)
    assert "Подъезды пишут так" in plain(unclear)
    assert await rows(fresh_town, STOPS) == []


async def test_an_entrance_is_on_one_route_and_a_new_version_frees_it(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("ivanova")
    first = await made(client, stop(0, LENINA, 1), stop(1, MIRA))
    key = first.headers["Location"].partition("?")[0].rpartition("/")[2]

    taken = await made(client, stop(0, LENINA), name="Маршрут 2")
    beside = await made(client, stop(0, LENINA, 2), name="Маршрут 2")
    again = await made(client, stop(0, LENINA, 2), name="Маршрут 3")
    same = await made(client, stop(0, LENINA, 3), name="маршрут 1")
    closed = await client.post(f"/delivery/{key}", data=await filled(client, key))

    assert taken.status_code == again.status_code == same.status_code == 422
    assert "уже в маршруте «Маршрут 1»" in plain(taken)
    assert beside.status_code == closed.status_code == 303
    assert "уже в маршруте «Маршрут 2»" in plain(again)
    assert "Маршрут «Маршрут 1» уже есть" in plain(same)
    assert (await made(client, stop(0, LENINA, 1), name="Маршрут 4")).status_code == 303
    assert "закрыт" in plain(await client.get("/delivery"))
    assert "ул. Мира, д. 4" in plain(await client.get("/delivery/houses"))


async def test_a_company_walks_its_own_houses_and_opens_its_own_routes(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre, company, other = await sign_in("ivanova"), await sign_in("center"), await sign_in("north")
    foreign = await made(centre, stop(0, MIRA))

    own = await made(company, stop(0, LENINA), name="Двор")
    not_own = await made(company, stop(0, MIRA), name="Чужой")

    assert own.status_code == 303
    assert not_own.status_code == 422
    assert "дом не вашей организации" in plain(not_own)
    where = own.headers["Location"].partition("?")[0]
    assert (await other.get(where)).status_code == 404
    assert (await other.post(where, data=await filled(other))).status_code == 404
    assert (await company.get(foreign.headers["Location"])).status_code == 404
    assert (await centre.get(where)).status_code == 200
    assert "Двор" not in plain(await other.get("/delivery"))
    assert (await (await sign_in("1000001")).get("/delivery")).status_code == 403


def workbook(*lines: tuple[object, ...]) -> tuple[str, bytes, str]:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Маршрут", "Почтальон", "Улица", "Дом", "Подъезд", "Квартиры"])
    for line in lines:
        sheet.append(list(line))
    out = io.BytesIO()
    book.save(out)
    return "маршруты.xlsx", out.getvalue(), "application/octet-stream"


async def sent(client: AsyncClient, file: tuple[str, bytes, str], act: str = "load") -> Response:
    token = csrf_of(await client.get("/delivery"))
    fields = {"csrf": token, "starts_on": "2026-10-01", "act": act}
    return await client.post("/delivery/file", data=fields, files={"file": file})


async def test_a_workbook_is_checked_loaded_whole_and_given_out_the_same(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("ivanova")
    good = workbook(
        ("Первый", "Орлова", "ул. Мира", "4", None, "вверх"),
        ("Второй", "Котов", "ул. Ленина", 12, 2, "вниз"),
        ("Второй", "Котов", "Ул. Ленина", "12", 1, None),
    )
    bad = workbook(
        ("Третий", "", "ул. Мира", "4", "первый", ""),
        ("Третий", "", "ул. Нет такой", "4", "", ""),
        ("Третий", "", "ул. Мира", "4", "", "вбок"),
    )

    looked = await sent(client, good, "check")
    assert await rows(fresh_town, STOPS) == []
    loaded = await sent(client, good)
    moved = await sent(
        client,
        workbook(("Первый", "", "ул. Ленина", "12", 1, ""), ("Второй", "", "ул. Мира", "4", "", "")),
    )
    refused = await sent(client, bad)

    assert "маршрута, из них новых 2; остановок 3" in plain(looked)
    assert loaded.status_code == moved.status_code == 303, plain(loaded)
    assert refused.status_code == 422
    words = plain(refused)
    for wrong in (
        "Строка 2: подъезд «первый» — не число",
        "Строка 3: дома",
        "Строка 4: в столбце «Квартиры»",
    ):
        assert wrong in words
    given = await client.get("/delivery/stops.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(given.content)).worksheets[0]
    cells = [row for row in sheet.iter_rows(values_only=True) if row[0] in ("Первый", "Второй")]
    assert [(row[0], row[3], str(row[4]), row[5], row[6]) for row in cells] == [
        ("Второй", "ул. Мира", "4", None, "вверх"),
        ("Первый", "ул. Ленина", "12", 1, "вверх"),
    ]
    assert (await sent(client, ("a.xlsx", given.content, "application/octet-stream"))).status_code == 303
    assert (await sent(client, ("a.xlsx", b"not a workbook", "x/y"))).status_code == 422


async def test_houses_no_route_has_are_listed_with_what_is_left_of_them(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("ivanova")
    await made(client, stop(0, LENINA, 1))

    page = await client.get("/delivery/houses")
    found = await client.get("/delivery/houses?street=ми")
    file = await client.get("/delivery/houses.csv?street=лен")

    assert "ул. Ленина, д. 12" in plain(page)
    assert "ул. Ленина" not in plain(found).partition("Дома по улицам")[2]
    assert file.content.decode("utf-8-sig").splitlines()[1] == "ул. Ленина, д. 12;УК «Центр»;2;3"


async def test_the_press_chooses_by_routes(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    client = await sign_in("ivanova")
    await made(client, stop(0, LENINA), name="Центр", starts_on="2026-01-01")
    (route_id,) = (await rows(fresh_town, "SELECT id FROM delivery_routes"))[0]
    query = "order=routes&routes_on=2026-10-05"

    every = plain(await client.get(f"/centre/press/new?{query}"))
    one = await client.get(f"/centre/press/new?{query}&route_{route_id}=1")
    command = re.search(r'name="command" value="([^"]+)"', one.text)
    assert command, html.unescape(one.text)
    fields = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', one.text.rpartition('/centre/press"')[2])
    )
    asked = await client.post("/centre/press", data={**fields, "csrf": csrf_of(one), "command": command[1]})

    assert "Центр: Сидорова А. П." in every
    assert "Без маршрута" in every
    assert asked.status_code == 303, plain(asked)
    kept = await rows(fresh_town, "SELECT routes_on, route_ids FROM press_runs")
    assert kept == [(dt.date(2026, 10, 5), [route_id])]
    shown = await client.get(asked.headers["Location"])
    assert "по маршрутам на 05.10.2026" in plain(shown)
    register = await client.get(asked.headers["Location"] + "/routes.csv")
    assert register.content.decode("utf-8-sig").startswith("Маршрут;Почтальон")
