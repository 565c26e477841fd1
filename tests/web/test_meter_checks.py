"""The desk of checks of meters: looked at, kept, refused, taken back (Rules 354, cl. 61)."""

from __future__ import annotations

from tests.support.services import TestDatabase
from tests.web import corrections_city
from tests.web.conftest import SignIn
from tests.web.test_centre import one, seen
from tests.web.test_corrections import draft, post

CITY = corrections_city
DESK = "/corrections/accounts/40"
ACT = {
    "fact": "check",
    "meter": "40",
    "number": "12",
    "checked_on": "2026-09-28",
    "inspector": "Контролёр Петров",
    "value1": "25",
    "ground": "Акт № 12",
    "ground_on": "2026-09-28",
}


async def test_a_check_is_previewed_kept_posted_explained_and_withdrawn(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    """Meter 40: 3 m3 a month, 21 on 24 September; 25 on the 28th: 4 m3 more of September."""
    desk = await sign_in("company")

    preview = (
        seen(await post(desk, DESK, f"{DESK}/preview", ACT)).replace("\u202f", " ").replace("\u2009", " ")
    )
    kept = await post(desk, DESK, f"{DESK}/commit", {**ACT, "command": "c" * 32})
    run_id = int(kept.headers["Location"].rsplit("/", 1)[1])
    await draft(fresh_town, run_id)
    page = seen(await desk.get(f"{DESK}?fact=check"))
    await post(desk, kept.headers["Location"], f"{kept.headers['Location']}/post", {})
    lines = seen(await desk.get(f"{DESK}/lines"))
    act = await one(fresh_town, "SELECT id FROM meter_checks")
    gone = await post(desk, DESK, f"{DESK}/checks/{act}/withdraw", {})

    assert "доначислится 311,08 ₽" in preview
    assert kept.status_code == 303
    assert "Контролёр Петров" in page
    assert "Акт № 12 от 28.09.2026" in page
    assert "по акту проверки счётчика" in lines
    assert gone.status_code == 303
    assert await one(fresh_town, "SELECT count(*) FROM meter_checks WHERE superseded_at IS NULL") == 0


async def test_a_check_that_cannot_be_is_refused_beside_its_field(
    town: TestDatabase, sign_in: SignIn
) -> None:
    desk = await sign_in("company")

    future = await post(desk, DESK, f"{DESK}/preview", {**ACT, "checked_on": "2036-05-01"})
    nothing = await post(desk, DESK, f"{DESK}/preview", {**ACT, "value1": "много"})
    stranger = await post(desk, DESK, f"{DESK}/preview", {**ACT, "meter": "38"})

    assert [answer.status_code for answer in (future, nothing, stranger)] == [422] * 3
    assert "ещё не наступил" in seen(future)
    assert "показание числом" in seen(nothing)
    assert "нет такого счётчика" in seen(stranger)
    assert await one(town, "SELECT count(*) FROM meter_checks") == 0
