"""The dispatcher: a call in seconds, the board by clock, allowed steps, two at once, only one's own."""

from __future__ import annotations

import asyncio
import re

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.support.services import TestDatabase
from tests.web import clock, town
from tests.web.conftest import HTMX, SignIn, counted
from tests.web.desk import count, plain, section, send

CITY = town
QUERIES_MAX = 5
CALL = {
    "account_id": "3",
    "house_id": "1",
    "phone": "+7 900 111-22-33",
    "text": "Прорвало трубу, заливает соседей",
    "category": "",
    "emergency": "1",
    "key": "call-1",
}


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock.freeze(monkeypatch)


async def log(client: AsyncClient, **fields: str) -> int:
    """Log a call; the id of the request."""
    answer = await send(client, "/dispatch/call", "/dispatch/call", **(CALL | fields))
    assert answer.status_code == 303, plain(answer)
    return int(answer.headers["Location"].rpartition("/")[2])


# ---- the phone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("89001112233", "+7 900 111-22-33"),
        ("", None),
        ("8 (4822) 12-34-56 доб. 7", "+7 482 212-34-56 доб. 7"),
    ],
)
async def test_a_phone_is_kept_in_one_form(
    sign_in: SignIn, fresh_town: TestDatabase, typed: str, kept: str | None
) -> None:
    desk = await sign_in("dispatcher")

    await log(desk, phone=typed, applicant="Власова Анна")

    where = "phone IS NULL" if kept is None else f"phone = '{kept}'"
    assert await count(fresh_town, "service_requests", where) == 1


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("позвонить вечером", "Это не похоже на телефон."),
        ("23-45-67", "допишите код города"),
        ("890011122", "Не хватает цифр"),
        ("890011122334", "Лишние цифры"),
        ("+49 30 1234567", "Это номер другой страны."),
        ("", "Запишите телефон или кто звонит"),
    ],
)
async def test_a_wrong_phone_is_refused_kindly_and_stays_typed(
    sign_in: SignIn, town: TestDatabase, typed: str, words: str
) -> None:
    desk = await sign_in("dispatcher")

    refused = await send(
        desk, "/dispatch/call", "/dispatch/call", **(CALL | {"phone": typed, "key": "wrong"})
    )

    assert refused.status_code == 422
    assert words in plain(refused)
    assert f'value="{typed}" type="tel"' in refused.text
    assert 'aria-describedby="phone-error"' in refused.text
    assert await count(town, "service_requests", "idempotency_key = 'wrong'") == 0


@pytest.mark.parametrize(("asked", "field"), [("account=3", "#text"), ("house=1", "#flat")])
async def test_after_the_address_the_keyboard_goes_on(sign_in: SignIn, asked: str, field: str) -> None:
    desk = await sign_in("dispatcher")

    here = await desk.get(f"/dispatch/call/here?{asked}", headers=HTMX)

    assert f'data-focus="{field}"' in here.text


# ---- a call -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["q=лен 12 3", "phone=%2B7 000 100-00-03", "q=вла"])
async def test_an_address_is_found_as_it_is_typed(sign_in: SignIn, typed: str) -> None:
    desk = await sign_in("dispatcher")

    live = await desk.get(f"/dispatch/call/places?{typed}", headers=HTMX)
    whole = await desk.get(f"/dispatch/call?{typed}")

    for answer in (live, whole):
        assert 'href="/dispatch/call?account=3"' in answer.text


async def test_the_place_fills_itself_and_tells_what_is_there(sign_in: SignIn) -> None:
    desk = await sign_in("dispatcher")
    await log(desk, key="earlier")

    whole = await desk.get("/dispatch/call?account=3")
    here = await desk.get("/dispatch/call/here?account=3", headers=HTMX)

    for words in (plain(whole), plain(here)):
        assert "ул. Ленина, 12, кв. 3 подъезд 1, этаж 3 УК «Центр» Власова Анна Сергеевна" in words
        assert "Прорвало трубу, заливает соседей · открыта" in words
    assert 'name="phone" value="+7 000 100-00-03"' in whole.text


async def test_a_house_of_another_company_is_told_with_its_phone(sign_in: SignIn) -> None:
    desk = await sign_in("dispatcher")

    here = plain(await desk.get("/dispatch/call/here?house=2", headers=HTMX))
    refused = await send(
        desk, "/dispatch/call", "/dispatch/call", **(CALL | {"house_id": "2", "account_id": ""})
    )

    assert "Дом не наш" in here
    assert "+7 000 200-11-03" in here
    assert refused.status_code == 422
    assert "Дом не наш: его обслуживает УК «Север»" in plain(refused)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("text=Прорвало трубу&emergency=1", "Протечка, прорыв трубы. Срок 20.10.2026 12:30"),
        ("text=Еле тёплые батареи", "Холодно, нет отопления. Срок 20.10.2026 14:00 проверка качества"),
        ("category=charges", "Срок 23.10.2026 18:00 ответ о начислениях за 3 рабочих дня, ПП 354, п. 31"),
    ],
)
async def test_the_term_fills_itself_with_its_ground(sign_in: SignIn, fields: str, words: str) -> None:
    desk = await sign_in("dispatcher")

    answer = await desk.get(f"/dispatch/call/term?{fields}", headers=HTMX)

    assert words in plain(answer)


async def test_a_call_becomes_a_numbered_request_and_stands_in_the_journal(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    desk = await sign_in("dispatcher")

    request_id = await log(desk)
    logged = plain(await desk.get(f"/dispatch/call/logged/{request_id}"))
    journal = plain(await desk.get("/dispatch/journal"))
    board = plain(await desk.get("/dispatch"))

    assert "Заявка № 1 Назовите номер жителю." in logged
    assert "Срок 20.10.2026 12:30" in logged
    assert "1 авария" in journal
    assert "ул. Ленина, 12, кв. 3" in journal
    assert "Горит, меньше 30 минут" not in board  # exactly thirty minutes are left
    assert "Сегодня 1" in board


async def test_a_second_press_logs_nothing(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    desk = await sign_in("dispatcher")

    first, again = await log(desk), await log(desk)
    other = await send(desk, "/dispatch/call", "/dispatch/call", **(CALL | {"text": "Другое"}))

    assert first == again
    assert other.status_code == 409
    assert "Заявка уже принята." in plain(other)
    assert await count(fresh_town, "service_requests") == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": ""}, "Напишите, что случилось"),
        ({"house_id": "", "account_id": ""}, "Выберите дом: начните вводить улицу и номер."),
        ({"account_id": "", "flat": "99"}, "Квартиры 99 в этом доме нет."),
        ({"text": "я" * 2001}, "Слишком длинно: 2001 знаков"),
    ],
)
async def test_a_call_that_says_too_little_keeps_what_was_typed(
    sign_in: SignIn, fields: dict[str, str], words: str
) -> None:
    desk = await sign_in("dispatcher")

    answer = await send(desk, "/dispatch/call", "/dispatch/call", **(CALL | fields))

    assert answer.status_code == 422
    assert words in plain(answer)
    assert 'value="+7 900 111-22-33"' in answer.text


# ---- steps ------------------------------------------------------------------------------------------


def version_of(text: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', text)
    assert found
    return found[1]


async def step(client: AsyncClient, request_id: int, to: str, **fields: str) -> tuple[int, str]:
    page = f"/dispatch/requests/{request_id}"
    version = version_of((await client.get(page)).text)
    answer = await send(client, page, f"{page}/move", to=to, **({"version": version} | fields))
    return answer.status_code, plain(answer)


async def test_a_request_lives_from_call_to_confirmation(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    desk = await sign_in("dispatcher")
    request_id = await log(desk)

    taken = await step(desk, request_id, "in_work", assignee="Сидоров, сантехник")
    done = await step(desk, request_id, "done", words="Заменили участок трубы")
    closed = await step(desk, request_id, "closed")
    words = plain(await desk.get(f"/dispatch/requests/{request_id}"))

    assert [taken[0], done[0], closed[0]] == [303, 303, 303]
    assert "Закрыта: житель подтвердил." in words
    assert "Выполнена. Заменили участок трубы" in words
    assert "Взята в работу: Сидоров, сантехник." in words
    assert "больше её не меняют" in words


@pytest.mark.parametrize(
    ("to", "fields", "words"),
    [
        ("closed", {}, "перевести её в «закрыта» нельзя"),
        ("cancelled", {}, "Напишите причину"),
        ("postponed", {"words": "Ждём кран", "until": "19.10.2026"}, "позже сегодняшнего"),
        ("postponed", {"until": "25.10.2026"}, "Напишите, почему отложена"),
        ("postponed", {"words": "Ждём кран", "until": "завтра"}, "Введите день"),
        ("flying", {}, "Выберите, что сделать с заявкой."),
    ],
)
async def test_a_step_that_is_not_allowed_is_explained(
    sign_in: SignIn, to: str, fields: dict[str, str], words: str
) -> None:
    desk = await sign_in("dispatcher")
    request_id = await log(desk, key=f"steps-{to}-{len(fields)}")

    status, said = await step(desk, request_id, to, **fields)

    assert status == 422
    assert words in said


async def test_somebody_faster_is_told_by_name_and_nothing_is_lost(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    slow, fast = await sign_in("dispatcher"), await sign_in("center")
    request_id = await log(slow)
    seen = version_of((await slow.get(f"/dispatch/requests/{request_id}")).text)
    await step(fast, request_id, "in_work", assignee="Бригада 2")

    status, said = await step(slow, request_id, "cancelled", version=seen, words="Ложный вызов")

    assert status == 409
    assert "Пока вы смотрели, заявку изменили (Смирнова О. В.): Взята в работу: Бригада 2." in said
    assert "Ложный вызов" in said
    assert await count(fresh_town, "request_events", "state = 'cancelled'") == 0


async def test_of_two_steps_at_the_same_moment_one_is_taken(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    one, two = await sign_in("dispatcher"), await sign_in("center")
    request_id = await log(one)
    seen = version_of((await one.get(f"/dispatch/requests/{request_id}")).text)

    done = await asyncio.gather(
        step(one, request_id, "in_work", version=seen, assignee="Первый"),
        step(two, request_id, "in_work", version=seen, assignee="Второй"),
    )

    assert sorted(status for status, _ in done) == [303, 409]
    assert await count(fresh_town, "request_events", "state = 'in_work'") == 1


async def test_a_term_is_prolonged_with_a_reason(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    desk = await sign_in("dispatcher")
    request_id = await log(desk)
    page = f"/dispatch/requests/{request_id}"

    bare = await send(desk, page, f"{page}/prolong", version="1", until="21.10.2026 10:00", words="")
    good = await send(
        desk, page, f"{page}/prolong", version="1", until="21.10.2026 10:00", words="Нет детали"
    )
    words = plain(await desk.get(page))

    assert (bare.status_code, good.status_code) == (422, 303)
    assert "Срок продлён до 21.10.2026 10:00. Нет детали" in words


async def test_words_among_colleagues_are_not_for_the_resident(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    desk, resident = await sign_in("dispatcher"), await sign_in("1000001")
    request_id = await log(desk, account_id="1")
    page = f"/dispatch/requests/{request_id}"

    await send(desk, page, f"{page}/say", message="Жилец скандальный", whom="colleagues")
    await send(desk, page, f"{page}/say", message="Мастер придёт в 14:00", whom="resident")
    seen = plain(await resident.get(f"/my/requests/{request_id}"))

    assert "Мастер придёт в 14:00" in seen
    assert "скандальный" not in seen


# ---- lists and scope --------------------------------------------------------------------------------


async def test_the_board_goes_by_the_clock(
    sign_in: SignIn, fresh_town: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await sign_in("dispatcher")
    await log(desk, key="a")
    await log(desk, key="b", category="charges", emergency="")
    clock.freeze(monkeypatch, clock.NOW.replace(hour=9, minute=40))
    await log(desk, key="c")

    clock.freeze(monkeypatch, clock.NOW.replace(hour=9, minute=45))
    board = await desk.get("/dispatch")

    assert re.findall(r"<h2[^>]*>([^<]+)</h2>", board.text) == [
        "Просрочено",
        "Горит, меньше 30 минут",
        "Позже",
    ]
    assert "просрочено 15 мин" in plain(board)
    assert "осталось 25 мин" in plain(board)
    assert "<title>(1) Доска заявок" in board.text


async def test_the_poll_of_a_still_board_gets_304(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    desk = await sign_in("dispatcher")
    await log(desk)

    first = await desk.get("/dispatch", headers=HTMX)
    again = await desk.get("/dispatch", headers=HTMX | {"HX-PTag": first.headers["HX-PTag"]})

    assert (first.status_code, again.status_code) == (200, 304)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [("", ["2", "1"]), ("emergency=1", ["1"]), ("state=closed", []), ("q=лен", ["2", "1"]), ("q=2", ["2"])],
)
async def test_the_journal_is_searched_and_filtered(
    sign_in: SignIn, fresh_town: TestDatabase, query: str, numbers: list[str]
) -> None:
    desk = await sign_in("dispatcher")
    await log(desk, key="a")
    await log(desk, key="b", category="other", emergency="", account_id="", flat="2")

    whole = await desk.get(f"/dispatch/journal?{query}")
    bare = await desk.get(f"/dispatch/journal?{query}", headers=HTMX)
    table = (await desk.get(f"/dispatch/journal.csv?{query}")).content.decode("utf-8-sig").splitlines()

    assert re.findall(r"data-row>(\d+)</a>", whole.text) == numbers
    assert section(whole, "list") == section(bare, "list")
    assert [line.partition(";")[0] for line in table[1:]] == numbers


async def test_an_impossible_day_of_the_journal_is_told_and_not_applied(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    desk = await sign_in("dispatcher")
    await log(desk, key="a")

    whole = await desk.get("/dispatch/journal?since=31.02.2026&until=31.12.2026")
    bare = await desk.get("/dispatch/journal?since=31.02.2026&until=31.12.2026", headers=HTMX)

    for answer in (whole, bare):
        words = plain(answer)
        assert "Дня «31.02.2026» нет, отбор по нему не применён." in words
        assert "1 заявка" in words
        assert "с 31.02.2026" not in words
        assert "по 31.12.2026" in words


async def test_a_dispatcher_sees_only_companies_with_a_contract(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    served, other = await sign_in("dispatcher"), await sign_in("foreman")
    request_id = await log(served)

    journal = plain(await other.get("/dispatch/journal"))
    card = await other.get(f"/dispatch/requests/{request_id}")
    forged = await send(other, "/dispatch/call", "/dispatch/call", **(CALL | {"key": "x"}))

    assert "Заявок пока нет" in journal
    assert "УК «Центр»" not in journal
    assert card.status_code == 404
    assert forged.status_code == 422


async def test_pages_cost_few_queries(sign_in: SignIn, app: FastAPI) -> None:
    desk = await sign_in("dispatcher")
    request_id = await log(desk, key="counted")
    paths = (
        "/dispatch",
        "/dispatch/journal",
        "/dispatch/call?account=3",
        "/dispatch/call/places?q=лен",
        f"/dispatch/requests/{request_id}",
    )

    for path in paths:
        with counted(app) as sent:
            await desk.get(path)
        assert len(sent) <= QUERIES_MAX, (path, sent)


@pytest.mark.parametrize("who", ["ivanova", "vodokanal", "bank", "social", "1000001"])
async def test_other_roles_have_no_dispatch(sign_in: SignIn, who: str) -> None:
    client = await sign_in(who)

    assert (await client.get("/dispatch")).status_code == 403
    assert (await client.get("/dispatch/requests/1")).status_code == 403
