"""The resident's cabinet: sum and date, readings, why, receipts, requests; no scripts; only one's own."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from tests.support.services import TestDatabase
from tests.web import clock, town
from tests.web.conftest import HTMX, SignIn, counted, csrf_of
from tests.web.desk import count, plain, send, take_readings
from tests.web.town_books import charged

CITY = town
QUERIES_MAX = 5


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock.freeze(monkeypatch)


def sum_words(kopecks: int) -> str:
    return f"{kopecks // 100:,}".replace(",", " ") + f",{kopecks % 100:02d}"


async def give(client: AsyncClient, /, **fields: str) -> Response:
    """The form of readings as a browser without scripts sends it."""
    page = await client.get("/my/readings")
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert key
    return await client.post("/my/readings", data={"csrf": csrf_of(page), "key": key[1], **fields})


def typed(meter: int, *values: str) -> dict[str, str]:
    return {f"value{zone}-{meter}": value for zone, value in enumerate(values, start=1)}


# ---- the first page ---------------------------------------------------------------------------------


async def test_the_sum_and_its_date_come_first(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    clock.freeze(monkeypatch, clock.NOW.replace(day=10))
    resident = await sign_in("1000001")

    page = await resident.get("/my")

    words = plain(page)
    assert f"К оплате до 15 октября 2026 {sum_words(charged(12, 1))} ₽" in words
    assert page.text.index("К оплате") < page.text.index("Показания за октябрь")
    assert "Принимаем до 25 октября 2026 . Осталось 2 из 2 счётчиков." in words
    assert f"На {sum_words(charged(12, 1) - charged(11, 1))} ₽ больше, чем месяц назад" in words
    assert "Холодное водоснабжение +51,23 ₽" in words
    assert "Авария: +7 000 200-11-02" in words


async def test_a_passed_date_is_said(sign_in: SignIn) -> None:
    resident = await sign_in("1000001")

    assert "Срок прошёл 15 октября 2026." in plain(await resident.get("/my"))


async def test_accounts_of_one_person_are_switched(sign_in: SignIn) -> None:
    resident = await sign_in("1000001")

    first, second = await resident.get("/my"), await resident.get("/my?account=7")

    total = charged(12, 1) + charged(11, 7) + charged(12, 7)
    assert f"По всем вашим счетам: {sum_words(total)} ₽" in plain(first)
    assert sum_words(charged(11, 7) + charged(12, 7)) in plain(second)
    assert 'href="/my/readings?account=7"' in second.text


@pytest.mark.parametrize(
    "path", ["/my", "/my/readings", "/my/why/2026-09", "/my/bills", "/my/bills/2026-09.pdf", "/my/preview"]
)
async def test_an_account_of_somebody_else_is_not_found(sign_in: SignIn, path: str) -> None:
    resident = await sign_in("1000002")

    answer = await resident.get(f"{path}?account=1")

    assert answer.status_code == 404
    assert "Алёхина" not in answer.text


@pytest.mark.parametrize("who", ["ivanova", "center", "dispatcher", "vodokanal"])
async def test_staff_have_no_cabinet(sign_in: SignIn, who: str) -> None:
    client = await sign_in(who)

    assert (await client.get("/my")).status_code == 403


async def test_pages_cost_few_queries(sign_in: SignIn, app: FastAPI) -> None:
    resident = await sign_in("1000001")
    paths = (
        "/my",
        "/my/readings",
        "/my/readings?sent=x",
        "/my/why/2026-09",
        "/my/bills",
        "/my/requests",
        "/my/benefits",
    )

    for path in paths:
        with counted(app) as sent:
            await resident.get(path)
        assert len(sent) <= QUERIES_MAX, (path, sent)


async def test_the_door_of_residents_opens_for_a_page_of_the_cabinet(anyone: AsyncClient) -> None:
    led = await anyone.get("/my/readings")
    door = await anyone.get(led.headers["Location"])

    assert led.status_code == 303
    assert "Номер лицевого счёта" in door.text


# ---- readings ---------------------------------------------------------------------------------------


async def test_a_reading_is_accepted_at_once_and_taken_by_the_intake(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    resident = await sign_in("1000001")

    given = await give(resident, **typed(1, "178"), **typed(2, "2175", "915"))
    page = given.headers["Location"].partition("#")[0]
    waiting = plain(await resident.get(page))
    taken = await take_readings(fresh_town)
    done = plain(await resident.get(page))

    assert given.status_code == 303
    assert waiting.count("Записываем, это несколько секунд.") == 2
    assert "Принято. Расход 6 м³." in waiting
    assert taken == 2
    assert "Записываем" not in done
    assert done.count("Сколько выйдет за месяц") == 2
    where = "period = '2026-10-01' AND superseded_at IS NULL AND source = 'resident'"
    assert await count(fresh_town, "readings", where) == 2


async def test_the_next_charge_shows_the_reading(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    resident = await sign_in("1000001")

    await give(resident, **typed(1, "178"))
    await take_readings(fresh_town)
    words = plain(await resident.get("/my/preview"))

    assert "Холодное водоснабжение 6,000 м³, по счётчику 307,41 ₽" in words


async def test_another_reading_before_the_last_day_replaces_the_first(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    resident = await sign_in("1000001")
    await give(resident, **typed(1, "187"))
    await take_readings(fresh_town)

    known = plain(await resident.get("/my/readings"))
    again = await give(resident, **typed(1, "178"))
    await take_readings(fresh_town)
    words = plain(await resident.get(again.headers["Location"].partition("#")[0]))

    assert "Уже передано: 187 . Новое его заменит." in known
    assert "Прежнее показание 187 от 20.10 заменено." in words


async def test_of_several_the_bad_one_comes_back_and_the_good_one_goes(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    resident = await sign_in("1000001")

    answer = await give(resident, **typed(1, "160"), **typed(2, "2175", "915"))

    words = plain(answer)
    assert answer.status_code == 422
    assert "Показание 160 меньше прошлого 172 от 22.09." in words
    assert 'name="value1-1" value="160"' in answer.text
    assert "Принято. Расход" in words
    assert await count(fresh_town, "outbox", "subject = 'readings.given'") == 1


async def test_an_unusual_reading_is_sent_after_a_second_yes(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    resident = await sign_in("1000001")

    asked = await give(resident, **typed(1, "218"))
    sure = await give(resident, **typed(1, "218"), confirmed="1")

    assert asked.status_code == 422
    assert "Расход 46 м³, обычно 5–7 м³." in plain(asked)
    assert '<button class="primary wide" type="submit" name="confirmed" value="1">' in asked.text
    assert "Да, передать 218" in asked.text
    assert sure.status_code == 303
    assert await count(fresh_town, "inbox") == 1


async def test_after_the_last_day_a_reading_goes_into_the_next_month(
    sign_in: SignIn, fresh_town: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.freeze(monkeypatch, clock.NOW.replace(day=27))
    resident = await sign_in("1000001")

    told = plain(await resident.get("/my/readings"))
    given = await give(resident, **typed(1, "178"))
    words = plain(await resident.get(given.headers["Location"].partition("#")[0]))

    assert "Приём за октябрь 2026 закончился 25 октября 2026." in told
    assert "показание войдёт в ноябрь 2026" in words


async def test_a_double_press_sends_one_event(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    resident = await sign_in("1000001")
    page = await resident.get("/my/readings")
    form = {"csrf": csrf_of(page), "key": "same", **typed(1, "178")}

    first, again = [await resident.post("/my/readings", data=form) for _ in range(2)]
    other = await resident.post("/my/readings", data=form | typed(1, "179"))

    assert (first.status_code, again.status_code, other.status_code) == (303, 303, 409)
    assert await count(fresh_town, "outbox", "subject = 'readings.given'") == 1


async def test_an_empty_form_says_what_to_do(sign_in: SignIn) -> None:
    resident = await sign_in("1000001")

    answer = await give(resident)

    assert answer.status_code == 422
    assert "Введите показание хотя бы одного счётчика." in plain(answer)


@pytest.mark.parametrize(
    ("value", "words"), [("178", "Расход 6"), ("160", "меньше прошлого"), ("218", "обычно 5–7"), ("", "")]
)
async def test_a_typed_value_is_told_at_once_and_nothing_is_written(
    sign_in: SignIn, value: str, words: str
) -> None:
    resident = await sign_in("1000001")

    answer = await resident.get(f"/my/readings/check/1?value1-1={value}", headers=HTMX)

    assert words in plain(answer)
    assert "<html" not in answer.text


async def test_a_meter_of_somebody_else_takes_nothing(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    stranger = await sign_in("1000002")

    form = await stranger.post(
        "/my/readings",
        data={"csrf": csrf_of(await stranger.get("/my/readings")), "key": "k", **typed(1, "178")},
    )
    checked = await stranger.get("/my/readings/check/1?value1-1=178", headers=HTMX)

    assert (form.status_code, checked.status_code) == (422, 404)
    assert await count(fresh_town, "inbox") == 0


# ---- why and receipts -------------------------------------------------------------------------------


async def test_each_line_is_explained_in_plain_words(sign_in: SignIn) -> None:
    resident = await sign_in("1000001")

    words = plain(await resident.get("/my/why/2026-09"))

    assert f"Почему столько за сентябрь 2026 {sum_words(charged(12, 1))} ₽" in words
    assert "На 51,23 ₽ больше, чем за август 2026. Главная причина — объём: +51,23 ₽." in words
    assert "Объём потреблено больше или меньше: Холодное водоснабжение +51,23 ₽" in words
    for line in ("Содержание жилого помещения", "Холодное водоснабжение", "Отопление"):
        assert line in words
    assert "172 − 165 = 7,000 м³" in words
    assert "ПП 354, п. 42, прил. 2, ф. 1" in words


@pytest.mark.parametrize("month", ["2026-10", "2019-01", "осень"])
async def test_a_month_that_is_not_published_has_no_explanation(sign_in: SignIn, month: str) -> None:
    resident = await sign_in("1000001")

    answer = await resident.get(f"/my/why/{month}")

    assert answer.status_code == 404
    assert "черновик" not in answer.text


async def test_receipts_stand_by_year_with_their_pdf(sign_in: SignIn) -> None:
    resident = await sign_in("1000001")

    page = await resident.get("/my/bills")
    document = await resident.get("/my/bills/2026-09.pdf?account=1")

    words = plain(page)
    assert words.index("Справки и выписки 2026 сентябрь 2026") < words.index("2025 декабрь 2025")
    assert document.content.startswith(b"%PDF")
    assert "kvitanciya-2026-09-1000001.pdf" in document.headers["Content-Disposition"]


# ---- requests ---------------------------------------------------------------------------------------


async def test_a_problem_gets_its_number_and_term_at_once_and_reaches_the_dispatch(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    resident, dispatcher = await sign_in("1000001"), await sign_in("dispatcher")
    form = {"text": "Капает кран на кухне", "place": "flat", "key": "r1", "phone": ""}

    made = await send(resident, "/my/requests/new", "/my/requests/new", **form)
    again = await send(resident, "/my/requests/new", "/my/requests/new", **form)
    card = plain(await resident.get(made.headers["Location"]))
    journal = plain(await dispatcher.get("/dispatch/journal"))

    assert made.headers["Location"] == again.headers["Location"]
    assert "Заявка № 1 принята. Срок: 23.10.2026 12:00." in card
    assert "Капает кран на кухне" in journal
    assert "личный кабинет" in journal
    assert await count(fresh_town, "service_requests", "category = 'leak'") == 1


async def test_an_empty_problem_is_refused_in_words(sign_in: SignIn) -> None:
    resident = await sign_in("1000001")

    answer = await send(resident, "/my/requests/new", "/my/requests/new", text="", place="moon", key="r2")

    assert answer.status_code == 422
    assert "Напишите, что случилось" in plain(answer)
    assert "Выберите, где это случилось." in plain(answer)


async def test_requests_of_others_are_not_seen(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    mine, other = await sign_in("1000001"), await sign_in("1000002")
    made = await send(mine, "/my/requests/new", "/my/requests/new", text="Нет света", place="flat", key="r3")
    number = made.headers["Location"].partition("?")[0]

    assert (await other.get(number)).status_code == 404
    assert "Заявок не было" in plain(await other.get("/my/requests"))
