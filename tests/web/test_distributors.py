"""The page of distributors of heat: entered with a document, refused below half of the area, downloaded."""

from __future__ import annotations

from tests.support.services import TestDatabase
from tests.web import corrections_city
from tests.web.conftest import SignIn
from tests.web.test_centre import one, seen
from tests.web.test_corrections import post

CITY = corrections_city
PAGE = "/corrections/houses/2/distributors"
ACT = {"year": "2025", "ground": "Акт снятия показаний № 3"}


async def test_readings_of_a_house_are_entered_shown_and_downloaded(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    desk = await sign_in("company")
    units = {f"units{account}": "12,5" for account in range(21, 41)}

    saved = await post(desk, PAGE, PAGE, {**ACT, **units})
    answer = await desk.get(f"{PAGE}?year=2025&done=saved")
    page = seen(answer)
    file = await desk.get(f"{PAGE}.csv?year=2025")

    assert saved.status_code == 303
    assert "Больше половины" in page
    assert "Показания записаны" in page
    assert 'value="12,5"' in answer.text
    assert "12,5" in file.text
    assert await one(fresh_town, "SELECT count(*) FROM heat_distributors WHERE year = 2025") == 20


async def test_few_wrong_or_of_another_company_are_refused(town: TestDatabase, sign_in: SignIn) -> None:
    desk = await sign_in("company")

    few = await post(desk, PAGE, PAGE, {**ACT, "units21": "1"})
    words = await post(desk, PAGE, PAGE, {**ACT, "units21": "много"})
    stranger = await desk.get("/corrections/houses/1/distributors")

    assert (few.status_code, words.status_code, stranger.status_code) == (422, 422, 404)
    assert "половине площади" in seen(few)
    assert "Введите показание числом" in seen(words)
    assert await one(town, "SELECT count(*) FROM heat_distributors") == 0
