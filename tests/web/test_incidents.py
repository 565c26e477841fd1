"""«Отключения»: begun and ended by a dispatcher, a break for every house; another hour replaces the first."""

from __future__ import annotations

from tests.support.services import TestDatabase
from tests.web import corrections_city
from tests.web.conftest import SignIn
from tests.web.test_centre import one, seen
from tests.web.test_corrections import post, rows

CITY = corrections_city
LIST = "/dispatch/incidents"
NEW = {
    "service": "1",
    "street": "мир",
    "houses": "2, 4",
    "from_day": "2026-08-10",
    "from_time": "08:00",
    "cause": "Свищ на вводе",
    "words": "Холодной воды нет, устраняем течь.",
}
BREAKS = """
SELECT house_id, service, trouble, ended_at - started_at AS long, incident_id FROM troubles
 WHERE superseded_at IS NULL ORDER BY house_id"""


async def test_an_incident_becomes_a_break_of_every_house_and_waits_for_a_correction(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    dispatcher, company = await sign_in("dispatcher"), await sign_in("company")
    begun = await post(dispatcher, f"{LIST}/new", f"{LIST}/new", NEW)
    number = await one(fresh_town, "SELECT id FROM incidents")
    running = seen(await dispatcher.get(f"{LIST}?state=open"))
    before = await one(fresh_town, "SELECT count(*) FROM troubles")

    place = f"{LIST}/{number}/end"
    ended = await post(dispatcher, place, place, {"to_day": "2026-08-11", "to_time": "20:00"})
    twice = await post(dispatcher, place, place, {"to_day": "2026-08-11", "to_time": "20:00"})
    first = await rows(fresh_town, BREAKS)
    moved = await post(dispatcher, place, place, {"to_day": "2026-08-10", "to_time": "20:00"})
    second = await rows(fresh_town, BREAKS)
    late = await rows(fresh_town, "SELECT house_id, words FROM late_facts ORDER BY id")
    queue = seen(await company.get("/corrections/late"))

    assert begun.status_code == 303
    assert "Свищ на вводе" in running
    assert before == 0
    assert (ended.status_code, twice.status_code, moved.status_code) == (303, 422, 303)
    assert [(row["house_id"], row["long"].total_seconds() / 3600) for row in first] == [(2, 36), (4, 36)]
    assert [(row["house_id"], row["long"].total_seconds() / 3600) for row in second] == [(2, 12), (4, 12)]
    assert {(row["service"], row["trouble"], row["incident_id"]) for row in second} == {(1, 1, number)}
    # внесли, исправили: два дома, снято два, внесено снова два
    assert [row["house_id"] for row in late] == [2, 4] * 3
    assert [row["words"].startswith("Снято") for row in late] == [False] * 2 + [True] * 2 + [False] * 2
    assert f"отключение № {number}" in queue
    assert "перерыв у 2 домов" in seen(await dispatcher.get(LIST))
    assert "Свищ на вводе" in (await dispatcher.get(f"{LIST}.csv")).text


async def test_what_cannot_be_is_refused_beside_its_field(town: TestDatabase, sign_in: SignIn) -> None:
    dispatcher = await sign_in("dispatcher")
    new = f"{LIST}/new"

    nowhere = await post(dispatcher, new, new, {**NEW, "houses": "2, 999"})
    mute = await post(dispatcher, new, new, {**NEW, "words": ""})
    ahead = await post(dispatcher, new, new, {**NEW, "from_day": "2999-01-01"})
    turned = await post(dispatcher, new, new, {**NEW, "until_day": "2026-08-09", "until_time": "08:00"})
    foreign = await post(dispatcher, new, new, {**NEW, "houses": "1, 2"})

    assert [answer.status_code for answer in (nowhere, mute, ahead, turned, foreign)] == [422] * 5
    assert "Дома 999 на такой улице нет" in seen(nowhere)
    assert "что сказать жителям" in seen(mute)
    assert "Авария ещё не началась" in seen(ahead)
    assert "Плановый конец не позже начала" in seen(turned)
    assert "Дома разных организаций" in seen(foreign)
    assert (await dispatcher.get(f"{LIST}/999/end")).status_code == 404
