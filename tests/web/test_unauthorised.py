"""The desk of acts about tampering and unauthorised connections: looked at, kept, refused, taken back."""

from __future__ import annotations

from tests.support.services import TestDatabase
from tests.web import corrections_city
from tests.web.conftest import SignIn
from tests.web.test_centre import one, seen
from tests.web.test_corrections import DESK, draft, post

CITY = corrections_city
ACT = {
    "fact": "unauthorised",
    "service": "1",
    "way": "3",
    "found_on": "2026-09-10",
    "first": "2026-08-01",
    "fixed": "2026-09-01",
    "ground": "Акт № 12",
    "ground_on": "2026-09-10",
}


async def test_an_act_is_previewed_kept_posted_explained_and_withdrawn(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    """Account 30: two people, the whole of August: 2 × 4,3 × 10 × 45,67 ₽."""
    desk = await sign_in("company")

    preview = seen(await post(desk, DESK, f"{DESK}/preview", ACT))
    kept = await post(desk, DESK, f"{DESK}/commit", {**ACT, "command": "c" * 32})
    run_id = int(kept.headers["Location"].rsplit("/", 1)[1])
    await draft(fresh_town, run_id)
    page = seen(await desk.get(f"{DESK}?fact=unauthorised"))
    await post(desk, kept.headers["Location"], f"{kept.headers['Location']}/post", {})
    lines = seen(await desk.get(f"{DESK}/lines"))
    act = await one(fresh_town, "SELECT id FROM unauthorised_uses")
    gone = await post(desk, DESK, f"{DESK}/unauthorised/{act}/withdraw", {})

    assert "сентябрь 2026" in preview
    assert "доначислится 3 927,62 ₽" in preview.replace("\u202f", " ").replace("\u2009", " ")
    assert kept.status_code == 303
    assert "Акт № 12 от 10.09.2026" in page
    assert "подключение мимо счётчика, мощность неизвестна" in page
    assert "2 × 4,3 × 10 × 45,67" in lines
    assert gone.status_code == 303
    assert await one(fresh_town, "SELECT count(*) FROM unauthorised_uses WHERE superseded_at IS NULL") == 0


async def test_an_act_that_cannot_be_is_refused_beside_its_field(town: TestDatabase, sign_in: SignIn) -> None:
    desk = await sign_in("company")

    early = await post(desk, DESK, f"{DESK}/preview", {**ACT, "first": "2026-05-01"})
    nothing = await post(desk, DESK, f"{DESK}/preview", {**ACT, "way": "2"})
    empty = await post(desk, DESK, f"{DESK}/preview", {**ACT, "service": ""})

    assert [answer.status_code for answer in (early, nothing, empty)] == [422] * 3
    assert "не раньше чем за 3 месяца до проверки" in seen(early)
    assert "Введите, сколько единиц в час" in seen(nothing)
    assert "Выберите услугу" in seen(empty)
    assert await one(town, "SELECT count(*) FROM unauthorised_uses") == 0
