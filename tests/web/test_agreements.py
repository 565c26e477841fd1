"""Agreements on pages: previewed, made with a paper, decided, cancelled by two; seen in the cabinet."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import HTMX, SignIn, csrf_of
from tests.web.desk import plain
from tests.web.test_centre import one
from tests.web.test_penalties import act
from tests.web.test_reliefs import run_sql
from web import clock

CITY: Any = town
NEW = "/accounts/1/agreement"


def first_due() -> str:
    """The day of the first part: well after whatever day it is now."""
    return (clock.today() + dt.timedelta(days=20)).isoformat()


def fields(page: Response, **changed: str) -> dict[str, str]:
    """The form as the page fills it, with what is typed over."""
    until = re.findall(r'<option value="(\d{4}-\d\d-\d\d)"', page.text)
    command = page.text.split('name="command" value="')[1].split('"')[0]
    return {
        "csrf": csrf_of(page), "command": command, "until": until[0], "months": "4", "first_due": first_due(),
        "grace": "5", "penalties": "stopped", "on_break": "since", "document": "Заявление 7", **changed,
    }  # fmt: skip


async def made(client: AsyncClient, **changed: str) -> Response:
    page = await client.get(NEW)
    return await client.post(NEW, data=fields(page, **changed))


async def test_previewed_made_with_a_paper_and_cancelled_by_two(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    desk, centre = await sign_in("center"), await sign_in("ivanova")
    page = await desk.get(NEW)

    shown = await desk.post(f"{NEW}/schedule", data=fields(page, months="3"), headers=HTMX)
    nothing = await one(fresh_town, "SELECT count(*)::int FROM agreements")
    kept = await made(desk)
    address = kept.headers["Location"]
    card = plain(await desk.get(address))
    paper = await desk.get(f"{address}/paper.pdf")
    listed = plain(await desk.get("/debts/agreements?state=active"))
    of_account = plain(await desk.get("/accounts/1/penalties"))
    token = csrf_of(await desk.get(address))
    proposed = await desk.post(f"{address}/cancel", data={"csrf": token, "reason": "Долг оплатил наследник"})
    own = await act(desk, address, "confirm")
    confirmed = await act(centre, address, "confirm")
    after = plain(await centre.get(address))

    assert shown.status_code == 200
    assert shown.text.count("<tr>") == 4
    assert nothing == 0
    assert kept.status_code == 303
    assert "действует" in card
    assert "не начисляются, пока график соблюдается" in card
    assert paper.content.startswith(b"%PDF")
    assert "1 рассрочка" in listed
    assert "Оформить рассрочку долга" in of_account
    assert "Следующая часть" in of_account
    assert (proposed.status_code, own.status_code, confirmed.status_code) == (303, 409, 303)
    assert "прекращено" in after
    assert "Долг оплатил наследник" in after


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"months": "1"}, "Частей бывает от 2"),
        ({"months": "шесть"}, "Введите число частей"),
        ({"first_due": "2020-01-01"}, "Первая часть — с завтрашнего дня"),
        ({"grace": "90"}, "Дней отсрочки бывает"),
        ({"document": ""}, "Назовите документ"),
        ({"until": "1999-01-01"}, "по какой месяц"),
    ],
)
async def test_wrong_terms_are_refused_in_words(
    fresh_town: TestDatabase, sign_in: SignIn, changed: dict[str, str], words: str
) -> None:
    answer = await made(await sign_in("center"), **changed)

    assert answer.status_code == 422
    assert words in plain(answer)


async def test_a_second_one_waits_and_another_company_sees_nothing(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    desk, north = await sign_in("center"), await sign_in("north")
    address = (await made(desk)).headers["Location"]

    again = await made(desk)
    foreign = await north.get(address)
    theirs = plain(await north.get("/debts/agreements"))
    file = await desk.get("/debts/agreements.xlsx")
    table = await desk.get("/debts/agreements.csv?kind=debt")

    assert again.status_code == 422
    assert "уже действует соглашение" in plain(again)
    assert foreign.status_code == 404
    assert "Рассрочек ещё нет" in theirs
    assert file.content.startswith(b"PK")
    assert "Заявление 7" in table.content.decode("utf-8-sig")


async def test_the_cabinet_shows_the_next_part_and_its_paper(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await made(await sign_in("center"))
    mine, other = await sign_in("1000001"), await sign_in("1000002")

    page = await mine.get("/my/agreements?account=1")
    paper = await mine.get("/my/agreements/1/paper.pdf?account=1")
    foreign = await other.get("/my/agreements/1/paper.pdf")

    assert "рассрочке следующая часть" in plain(await mine.get("/my?account=1"))
    assert "Следующую часть оплатите до" in plain(page)
    assert "пени на этот долг не растут" in plain(page)
    assert paper.content.startswith(b"%PDF")
    assert foreign.status_code == 404


async def a_year_ago(place: TestDatabase) -> None:
    """Heat of September 2025 at half the price of September 2026."""
    for sql in (
        "INSERT INTO months (period, state, closed_at) VALUES ('2025-09-01', 'closed', now()) "
        "ON CONFLICT DO NOTHING",
        "INSERT INTO runs (id, period, scope_kind, state, command_id, posted_in) VALUES "
        "(900, '2025-09-01', 'city', 'published', 'a year ago', '2025-09-01')",
        "CREATE TABLE lines_900 PARTITION OF lines FOR VALUES IN (900)",
        """INSERT INTO lines
           SELECT 900, l.account_id, l.company_id, l.supplier_id, l.service, 0, l.basis, 0, 1, 30, 0,
                  l.volume_num / 2, l.volume_den, l.rate, l.amount_kopecks / 2, 0, 0, l.a, l.b
             FROM lines l WHERE l.account_id = 1 AND l.service = 4 AND l.run_id = (
                  SELECT max(id) FROM runs WHERE state = 'published' AND period = '2026-09-01')""",
    ):
        await run_sql(place, sql)


async def test_twelve_parts_are_asked_for_in_the_cabinet_and_decided_at_the_desk(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await a_year_ago(fresh_town)
    mine, desk = await sign_in("1000001"), await sign_in("center")
    page = await mine.get("/my/agreements?account=1")
    command = page.text.split('name="command" value="')[1].split('"')[0]
    form = {"csrf": csrf_of(page), "command": command, "service": "4", "note": "Удобно 20-го"}

    asked = await mine.post("/my/agreements?account=1", data=form)
    waits = plain(await mine.get("/my/agreements?account=1"))
    foreign = await mine.post("/my/agreements?account=1", data={**form, "service": "1", "command": "x" * 20})
    address = "/debts/agreements/1"
    token = csrf_of(await desk.get(address))
    dear = await desk.post(f"{address}/grant", data={"csrf": token, "rate": "90", "document": "Решение 2"})
    granted = await desk.post(f"{address}/grant", data={"csrf": token, "rate": "12", "document": "Решение 2"})
    card = plain(await desk.get(address))
    given = plain(await mine.get("/my/agreements?account=1"))

    assert asked.status_code == 303
    assert "Заявление получено" in waits
    assert foreign.status_code == 422
    assert dear.status_code == 422
    assert "Проценты не выше ключевой ставки" in plain(dear)
    assert granted.status_code == 303
    assert "12 % годовых" in card
    assert "Отопление за сентябрь 2026" in given
    assert await one(fresh_town, "SELECT count(*)::int FROM agreement_parts") == 12


async def test_a_refusal_says_why(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await a_year_ago(fresh_town)
    mine, desk = await sign_in("1000001"), await sign_in("center")
    page = await mine.get("/my/agreements?account=1")
    command = page.text.split('name="command" value="')[1].split('"')[0]
    await mine.post(
        "/my/agreements?account=1", data={"csrf": csrf_of(page), "command": command, "service": "4"}
    )
    token = csrf_of(await desk.get("/debts/agreements/1"))

    await desk.post("/debts/agreements/1/decline", data={"csrf": token, "reason": "Перерасчёт уже сделан"})
    page = await mine.get("/my/agreements?account=1")

    assert "Перерасчёт уже сделан" in plain(page)
    assert "отказано" in plain(page)
