"""Common needs on pages: a month as a list, a house by months, a way that waits for another person."""

from __future__ import annotations

import re

from httpx import AsyncClient, Response
from sqlalchemy import text

from storage.engine import Database
from tests.support.services import TestDatabase
from tests.web.conftest import HTMX, SignIn, csrf_of
from tests.web.test_centre import one, seen

HOUSE = {
    "service": "21",
    "method": "common_actual",
    "valid_from": "2026-10",
    "document": "Протокол № 7",
    "document_date": "2026-09-20",
}
WAYS = (
    "SELECT method, valid_from::text, valid_to::text FROM house_services "
    "WHERE house_id = 1 AND service = 21 AND superseded_at IS NULL ORDER BY valid_from"
)


async def kept(place: TestDatabase) -> None:
    """September of two houses: the first paid by its meter and left 40 m3, of the second nothing was read."""
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        await session.execute(
            text("""
            INSERT INTO house_services (house_id, company_id, service, supplier_id, method, valid_from)
            SELECT id, company_id, 21, company_id, 'law', DATE '2020-01-01' FROM houses""")
        )
        await session.execute(
            text("""
            INSERT INTO common_months (run_id, house_id, service, period, company_id, method, is_known,
            flats_known, house_micro, flats_micro, norm_micro, carried_micro, charged_micro, balance_micro)
            VALUES (1, 1, 21, '2026-09-01', 2, 5, true, true, 560000000, 600000000, 25000000, 0, 0,
            -40000000), (1, 2, 21, '2026-09-01', 3, 4, false, true, 0, 600000000, 25000000, 0, 25000000,
            0)""")
        )
    await owner.close()


async def send(client: AsyncClient, path: str = "/commons/houses/1", **changed: str) -> Response:
    page = await client.get(path)
    where = f"{path}/modes"
    return await client.post(where, data={"csrf": csrf_of(page), **HOUSE, **changed})


async def decide(client: AsyncClient, act: str, proposal: int = 1) -> Response:
    page = await client.get("/commons")
    return await client.post(f"/commons/modes/{proposal}/{act}", data={"csrf": csrf_of(page)})


async def test_houses_of_a_month_are_listed_filtered_and_taken_away(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await kept(fresh_town)
    client = await sign_in("centre")

    page = await client.get("/commons?period=2026-09&sort=balance")
    bare = await client.get("/commons?period=2026-09&only=balance", headers=HTMX)
    sheet = (await client.get("/commons.csv?period=2026-09")).text

    words = seen(page)
    assert "2 строки, сентябрь 2026" in words
    assert "560 600 −40 25 – 0 −40 −40" in words
    assert "нет данных" in words
    assert "<html" not in bare.text
    assert len(re.findall(r"<tr data-open>", bare.text)) == 1
    assert "−40,000000" in sheet
    assert "по счётчику дома" in sheet


async def test_a_company_sees_its_own_houses_and_may_not_set_ways(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await kept(fresh_town)
    client = await sign_in("company")

    page = await client.get("/commons?period=2026-09")

    assert "1 строка" in seen(page)
    assert "На утверждение" not in page.text
    assert (await client.get("/commons/houses/1?year=2026")).status_code == 200
    assert (await client.get("/commons/houses/2?year=2026")).status_code == 404
    refused = await client.post("/commons/houses/1/modes", data={"csrf": csrf_of(page), **HOUSE})
    assert refused.status_code == 403


async def test_a_way_of_a_house_waits_for_another_person(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await kept(fresh_town)
    first, second = await sign_in("centre"), await sign_in("publisher")

    sent, mine = await send(first), await decide(first, "approve")
    waiting = seen(await first.get("/commons/houses/1"))
    approved, again = await decide(second, "approve"), await decide(second, "approve")

    assert sent.headers["Location"] == "/commons/houses/1?done=proposed"
    assert (mine.status_code, approved.status_code, again.status_code) == (409, 303, 409)
    assert "Ждут второго сотрудника" in waiting
    assert "ПП 124, п. 21(1)" in waiting, "the note of law stands beside the way"
    assert await one(fresh_town, WAYS) == [
        ("law", "2020-01-01", "2026-10-01"),
        ("common_actual", "2026-10-01", None),
    ]
    page = seen(await first.get("/commons/houses/1?year=2026"))
    assert "сейчас по счётчику дома" in page
    assert "Основание: Протокол № 7." in page


async def test_a_way_of_an_organisation_is_declined(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await kept(fresh_town)
    first, second = await sign_in("centre"), await sign_in("publisher")

    sent = await send(first, "/commons", organisation="2", service="0", method="common_average")
    wrong = await send(first, "/commons", organisation="4", service="0")
    await decide(second, "decline")

    assert sent.headers["Location"] == "/commons?done=proposed"
    assert wrong.status_code == 422
    assert await one(fresh_town, "SELECT state FROM common_mode_proposals") == "declined"
    assert await one(fresh_town, "SELECT count(*) FROM coefficients WHERE key = 'common_mode'") == 0


async def test_what_cannot_be_sent_comes_back_with_words(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await kept(fresh_town)
    client = await sign_in("centre")

    empty = await send(client, document="", valid_from="")
    other = await send(client, service="25")

    assert empty.status_code == other.status_code == 422
    assert "Укажите основание" in seen(empty)
    assert "В доме нет такой услуги" in seen(other)


async def test_the_correction_of_a_year_is_shown_before_any_run(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await kept(fresh_town)
    client = await sign_in("centre")

    page = seen(await client.get("/commons/houses/2/fix?year=2026"))
    house = seen(await client.get("/commons/houses/2?year=2026"))

    assert "Корректировать нечего" in page
    assert "Посчитать сейчас, ничего не записывая" in house
    assert (await client.get("/commons/houses/2/fix?year=1")).status_code == 404
    assert (await client.get("/commons/houses/99?year=2026")).status_code == 404
