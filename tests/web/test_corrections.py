"""Corrections at the desk and in the centre: what is asked, shown, refused, and by whom."""

from __future__ import annotations

import json
from typing import Any

import asyncpg
from httpx import AsyncClient, Response

from actors.local import run_until_idle
from storage.engine import Database
from storage.runs import PUBLISH, START
from tests.storage.run_steps import order
from tests.support.services import TestDatabase
from tests.web import corrections_city
from tests.web.conftest import SignIn, csrf_of
from tests.web.test_centre import one, seen

CITY = corrections_city
DESK = "/corrections/accounts/30"
MOVED = {
    "fact": "moved_out",
    "registration": "1",
    "day": "2026-08-14",
    "ground": "Справка № 5",
    "ground_on": "2026-10-03",
}
EVENT = {
    "trouble": "1",
    "service": "1",
    "street": "мир",
    "house": "2",
    "from_day": "2026-08-10",
    "from_time": "08:00",
    "to_day": "2026-08-10",
    "to_time": "20:00",
    "ground": "Журнал АДС № 3",
}


async def post(client: AsyncClient, page: str, target: str, data: dict[str, str]) -> Response:
    token = csrf_of(await client.get(page))
    return await client.post(target, data={"csrf": token, **data})


async def draft(town: TestDatabase, run_id: int, command: str = START) -> None:
    """What workers do meanwhile."""
    owner = Database(town.url)
    await order(owner, command, run_id)
    await run_until_idle(owner.url)
    await owner.close()


async def rows(town: TestDatabase, query: str, *values: Any) -> list[Any]:
    connection = await asyncpg.connect(town.url)
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()


async def test_a_late_move_out_is_previewed_kept_posted_and_explained(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    desk = await sign_in("company")

    preview = seen(await post(desk, DESK, f"{DESK}/preview", MOVED))
    untouched = await one(fresh_town, "SELECT count(*) FROM registrations WHERE superseded_at IS NOT NULL")
    kept = await post(desk, DESK, f"{DESK}/commit", {**MOVED, "command": "a" * 32})
    run_id = int(kept.headers["Location"].rsplit("/", 1)[1])
    await draft(fresh_town, run_id)
    drafted = seen(await desk.get(kept.headers["Location"]))
    posted = await post(desk, kept.headers["Location"], f"{kept.headers['Location']}/post", {})
    await draft(fresh_town, run_id, PUBLISH)
    card = seen(await desk.get(f"{DESK}/lines"))

    # август: 2 человека 31 день стали одним 31 и одним 14; 4,3 м³ × 45,67 ₽ × 3 (с К)
    assert "август 2026" in preview
    assert "сентябрь 2026" in preview
    assert "В октябрь 2026 снимется" in preview
    assert untouched == 0
    assert kept.status_code == 303
    assert "черновик" in drafted
    assert "Справка № 5 от 03.10.2026" in drafted
    assert posted.status_code == 303
    assert await one(fresh_town, f"SELECT state FROM runs WHERE id = {run_id}") == "published"
    assert "2 × 4,3 × 45,67" in card
    assert "45 / 31 × 4,3 × 45,67" in card
    september = await rows(
        fresh_town,
        "SELECT sum(amount_kopecks)::bigint AS s FROM lines WHERE run_id = $1 AND months_back = 1 AND "
        "service = 1",
        run_id,
    )
    assert september[0]["s"] == -19_638


async def test_the_same_form_sent_twice_drafts_once(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    desk = await sign_in("company")
    form = {"scope": "house", "street": "мир", "house": "2", "first": "2026-08", "last": "2026-09"}
    form |= {"reason": "court", "ground": "Решение № 1", "ground_on": "2026-10-01", "command": "b" * 32}

    first = await post(desk, "/corrections/new", "/corrections/new", form)
    second = await post(desk, "/corrections/new", "/corrections/new", form)

    assert first.headers["Location"] == second.headers["Location"]
    assert await one(fresh_town, "SELECT count(*) FROM corrections") == 1
    assert await one(fresh_town, "SELECT count(*) FROM runs WHERE kind = 'correction'") == 1


async def test_what_cannot_be_is_refused_beside_its_field(town: TestDatabase, sign_in: SignIn) -> None:
    desk = await sign_in("company")

    nobody = await post(desk, DESK, f"{DESK}/preview", {**MOVED, "registration": ""})
    no_paper = await post(desk, DESK, f"{DESK}/preview", {**MOVED, "ground": ""})
    future = await post(desk, DESK, f"{DESK}/preview", {**MOVED, "ground_on": "2999-01-01"})
    short = {"fact": "absence", "left": "2026-08-03", "back": "2026-08-09", "people": "1", "proof": "ticket"}
    short |= {"applied_on": "2026-08-10", "ground": "Билеты", "ground_on": "2026-08-10"}
    five_days = await post(desk, DESK, f"{DESK}/preview", short)
    late = await post(
        desk, DESK, f"{DESK}/preview", {**short, "back": "2026-08-20", "applied_on": "2026-10-20"}
    )

    assert [answer.status_code for answer in (nobody, no_paper, future, five_days, late)] == [422] * 5
    assert "Выберите, кто выехал." in seen(nobody)
    assert "Укажите документ и номер" in seen(no_paper)
    assert "Документ из будущего" in seen(future)
    assert "Полных дней отсутствия 5, а нужно больше 5 подряд" in seen(five_days)
    assert "позже 30 дней после возвращения" in seen(late)
    assert await one(town, "SELECT count(*) FROM absences") == 0


async def test_another_company_is_not_found(town: TestDatabase, sign_in: SignIn) -> None:
    desk = await sign_in("company")

    foreign = await desk.get("/corrections/accounts/1")
    city = await post(
        desk,
        "/corrections/new",
        "/corrections/new",
        {
            "scope": "city",
            "first": "2026-09",
            "last": "2026-09",
            "reason": "court",
            "ground": "Решение",
            "ground_on": "2026-10-01",
        },
    )

    assert foreign.status_code == 404
    assert city.status_code == 422
    assert "Весь город пересчитывает расчётный центр" in seen(city)


async def test_a_great_correction_waits_for_another_person(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    centre, publisher = await sign_in("centre"), await sign_in("publisher")
    form = {"service": "8", "period": "2026-09", "sign": "minus", "kopecks": "5000,00", "reason": "court"}
    form |= {"ground": "Решение № 2-17", "ground_on": "2026-10-01"}

    sent = await post(centre, f"{DESK}/manual", f"{DESK}/manual", form)
    place = sent.headers["Location"]
    run_id = int(place.rsplit("/", 1)[1])
    await draft(fresh_town, run_id)
    shown = seen(await centre.get(place))
    await post(centre, place, f"{place}/post", {})
    mine = await post(centre, place, f"{place}/approve", {})
    other = await post(publisher, place, f"{place}/approve", {})
    await draft(fresh_town, run_id, PUBLISH)

    assert "один человек проводит до 3 000,00 ₽: нужен второй" in shown
    assert (mine.status_code, other.status_code) == (409, 303)
    assert "Согласовать её должен другой человек" in seen(mine)
    assert await one(fresh_town, f"SELECT state FROM runs WHERE id = {run_id}") == "published"
    assert "−5 000,00" in seen(await centre.get(f"{DESK}/lines"))


async def test_changes_of_no_money_are_hidden_until_asked_for(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    """Account 33 had one resident and has none: its owner is counted, the basis changes, the sum stays."""
    await rows(fresh_town, "UPDATE account_facts SET residents = 0 WHERE account_id = 33")
    desk = await sign_in("company")
    form = {"scope": "house", "street": "мир", "house": "2", "first": "2026-08", "last": "2026-09"}
    form |= {"reason": "court", "ground": "Решение № 1", "ground_on": "2026-10-01", "command": "c" * 32}
    place = (await post(desk, "/corrections/new", "/corrections/new", form)).headers["Location"]
    await draft(fresh_town, int(place.rsplit("/", 1)[1]))

    hidden, shown = seen(await desk.get(place)), seen(await desk.get(f"{place}?zeros=1"))

    assert "Показать нулевые: 1 счёт, 4 услуги месяцев" in hidden
    assert "Холодное водоснабжение" not in hidden
    assert "0000000033" not in hidden
    assert "Скрыть нулевые" in shown
    assert shown.count("Холодное водоснабжение") == 2
    assert "0000000033" in shown


async def test_a_dispatcher_enters_a_break_by_the_clock_of_the_house(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    dispatcher = await sign_in("dispatcher")

    kept = await post(dispatcher, "/corrections/events/new", "/corrections/events/new", EVENT)
    twice = await post(dispatcher, "/corrections/events/new", "/corrections/events/new", EVENT)
    listed = seen(await dispatcher.get("/corrections/events"))
    table = await dispatcher.get("/corrections/events.csv")

    assert kept.status_code == 303
    assert (twice.status_code, "Такая же запись уже есть." in seen(twice)) == (422, True)
    assert "10.08.2026 08:00" in listed
    assert "Журнал АДС № 3" in table.text
    assert await one(fresh_town, "SELECT started_at = '2026-08-10 08:00+03' FROM troubles") is True
    assert (await dispatcher.get("/corrections")).status_code == 403


async def test_an_event_that_cannot_be_is_refused(town: TestDatabase, sign_in: SignIn) -> None:
    dispatcher = await sign_in("dispatcher")
    new = "/corrections/events/new"

    backwards = await post(dispatcher, new, new, {**EVENT, "to_day": "2026-08-09"})
    ahead = await post(dispatcher, new, new, {**EVENT, "to_day": "2999-08-09"})
    wrong = await post(dispatcher, new, new, {**EVENT, "service": "7"})
    nowhere = await post(dispatcher, new, new, {**EVENT, "street": "нет такой"})
    boiling = await post(dispatcher, new, new, {**EVENT, "trouble": "3", "service": "2", "value": "61"})

    answers = (backwards, ahead, wrong, nowhere, boiling)
    assert [answer.status_code for answer in answers] == [422] * 5
    assert "Конец не позже начала" in seen(backwards)
    assert "Больше года подряд" in seen(ahead) or "Конец ещё не наступил" in seen(ahead)
    assert "для этой услуги не бывает" in seen(wrong)
    assert "Дом не найден" in seen(nowhere)
    assert "Вода от 60 °C — по норме" in seen(boiling)


async def test_the_list_is_found_and_taken_as_a_file(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    centre = await sign_in("centre")
    form = {"scope": "city", "first": "2026-08", "last": "2026-09", "reason": "tariff"}
    form |= {"ground": "Решение суда № 9", "ground_on": "2026-10-01"}
    await post(centre, "/corrections/new?scope=city", "/corrections/new", form)

    found = seen(await centre.get("/corrections?q=суда&reason=tariff"))
    missed = seen(await centre.get("/corrections?q=справка"))
    table = await centre.get("/corrections.csv?q=суда")

    assert "Решение суда № 9" in found
    assert "весь город" in found
    assert "Ничего не нашлось" in missed
    assert "август 2026 — сентябрь 2026" in table.text


async def test_a_reading_of_a_past_month_goes_through_the_intake_and_then_the_months_differ(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    """Account 22 (22 % 3 = 1, 22 % 5 = 2): 5 m³ a month; August showed 30 where it should be 32."""
    desk = await sign_in("company")
    page = "/corrections/accounts/22"
    form = {"meter": "22", "day": "2026-08-24", "value1": "32", "ground": "Акт проверки № 3", "key": "r" * 20}

    greater = await post(desk, f"{page}?fact=reading", f"{page}/reading", {**form, "value1": "36"})
    open_month = await post(desk, f"{page}?fact=reading", f"{page}/reading", {**form, "day": "2026-10-05"})
    sent = await post(desk, f"{page}?fact=reading", f"{page}/reading", form)
    await take_readings(fresh_town)
    since = seen(await desk.get(sent.headers["Location"]))
    told = {"fact": "since", "since": "2026-08", "ground": "Акт проверки № 3", "ground_on": "2026-10-02"}
    preview = seen(await post(desk, page, f"{page}/preview", told))

    assert (greater.status_code, open_month.status_code, sent.status_code) == (422, 422, 303)
    assert "больше следующего" in seen(greater)
    assert "Показание открытого месяца вносят в карточке" in seen(open_month)
    assert "Принято" in since
    # август 2 м³ × 45,67 ₽ прибавятся, сентябрь столько же снимут; водоотведение так же
    assert "+91,34" in preview
    assert "−91,34" in preview


async def take_readings(town: TestDatabase) -> None:
    """What the intake does meanwhile: every reading waiting in the outbox."""
    from actors.intake import Intake
    from gateways.bus import Event

    owner = Database(town.url)
    waiting = await rows(
        town, "SELECT event_id, subject, payload FROM outbox WHERE subject = 'readings.given'"
    )
    events = [Event(row["event_id"], row["subject"], json.loads(row["payload"]), 1) for row in waiting]
    await Intake(owner).handle(events)
    await owner.close()
