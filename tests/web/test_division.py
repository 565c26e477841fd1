"""«Раздел счёта» at the desk: money first, then kept, ended, undone; the receipt of a part; refusals."""

from __future__ import annotations

import pytest

from tests.support.services import TestDatabase
from tests.web import clock, town
from tests.web.conftest import SignIn
from tests.web.desk import count, plain, send, send_live

CITY = town
PAGE = "/accounts/1/division"
NEW = {
    "first": "01.10.2026",
    "share": "1/2",
    "others": "Иванов Пётр Петрович; 1/4\nИванова Анна; 1/4",
    "ground": "Решение суда № 2-100 от 01.09.2026",
}


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock.freeze(monkeypatch)


async def test_sums_of_the_parts_are_shown_before_anything_is_kept(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    desk = await sign_in("center")
    before = await count(fresh_town, "accounts", "flat_id = 1")

    told = plain(await send_live(desk, PAGE, f"{PAGE}/effect", **NEW))
    kept = await count(fresh_town, "divisions")
    answer = await send(desk, PAGE, PAGE, **NEW)
    page = plain(await desk.get(answer.headers["location"]))

    assert "Начислят за октябрь 2026" in told
    assert "Всё помещение" in told
    assert kept == 0
    assert answer.status_code == 303
    assert "Раздел счёта записан." in page
    assert "Иванов Пётр Петрович" in page
    assert "Все услуги по долям" in page
    assert await count(fresh_town, "accounts", "flat_id = 1") == before + 2


async def test_utilities_by_people_are_said(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    desk = await sign_in("center")
    answer = await send(desk, PAGE, PAGE, **NEW, people1="on")
    page = plain(await desk.get(answer.headers["location"]))

    assert "По проживающим: Холодное водоснабжение; остальное по долям" in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("share", "1/3", "меньше целого"),
        ("share", "половина", "два целых числа через черту"),
        ("others", "Иванов без доли", "точка с запятой"),
        ("first", "15.10.2026", "с первого числа"),
        ("ground", "", "Укажите основание"),
    ],
)
async def test_refusals_stand_beside_what_was_typed(
    sign_in: SignIn, fresh_town: TestDatabase, field: str, value: str, words: str
) -> None:
    desk = await sign_in("center")
    answer = await send(desk, PAGE, PAGE, **{**NEW, field: value})

    assert answer.status_code == 422
    assert words in plain(answer)
    assert await count(fresh_town, "divisions") == 0


async def test_the_division_is_ended_and_each_step_undone(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    desk = await sign_in("center")
    await send(desk, PAGE, PAGE, **NEW)
    early = await send(desk, PAGE, f"{PAGE}/end", last="01.10.2026", end_ground="Соглашение")
    ended = await send(desk, PAGE, f"{PAGE}/end", last="01.11.2026", end_ground="Соглашение")
    back = await send(desk, PAGE, f"{PAGE}/undo")
    gone = await send(desk, PAGE, f"{PAGE}/undo")
    nothing = await send(desk, PAGE, f"{PAGE}/undo")

    assert early.status_code == 422
    assert "Раздел начался 01.10.2026" in plain(early)
    assert [one.status_code for one in (ended, back, gone)] == [303, 303, 303]
    assert nothing.status_code == 422
    assert "не разделён" in plain(nothing)
    assert await count(fresh_town, "divisions", "superseded_at IS NULL") == 0


async def test_the_page_of_a_part_names_the_account_of_the_flat(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    desk = await sign_in("center")
    await send(desk, PAGE, PAGE, **NEW)
    page = plain(await desk.get(PAGE))
    number = page.split("Иванов Пётр Петрович")[0].split()[-1]
    found = await desk.get(f"/search?q={number}", follow_redirects=True)

    assert found.status_code == 200
    assert number in plain(found)
