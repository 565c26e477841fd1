"""Penalties on pages: counted, looked at, posted by another; rates and settings; an account by days."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text

from storage.engine import Database
from storage.penalty_law import penalty_law
from storage.penalty_orders import obey
from storage.receipts import build_receipt
from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import HTMX, SignIn, csrf_of
from tests.web.test_centre import one, seen
from tests.web.town_places import OPEN

CITY: Any = town


async def count(client: AsyncClient, place: TestDatabase, **form: str) -> str:
    """Ask for a computation on the page and let a worker do it; the address of its page."""
    page = await client.get("/centre/penalties")
    command = page.text.split('name="command" value="')[1].split('"')[0]
    asked = await client.post(
        "/centre/penalties",
        data={"csrf": csrf_of(page), "command": command, "company": "", "until": until(page), **form},
    )
    assert asked.status_code == 303, seen(asked)
    await work(place)
    return asked.headers["Location"]


def until(page: Response) -> str:
    """The last day of the open month, as the form proposes it."""
    return page.text.split('id="until"')[1].split('value="')[1].split('"')[0]


async def work(place: TestDatabase) -> None:
    """Every command that waits in the outbox, as the worker takes it."""
    owner = Database(place.url)
    try:
        async with owner.reading() as session:
            found = await session.execute(
                text(
                    "SELECT subject, payload FROM outbox WHERE subject LIKE 'commands.penalties%' ORDER BY id"
                )
            )
            orders = [(row.subject, dict(row.payload)) for row in found]
        for subject, payload in orders:
            await obey(owner, subject, payload)
    finally:
        await owner.close()


async def act(client: AsyncClient, address: str, deed: str) -> Response:
    page = await client.get(address)
    return await client.post(f"{address}/{deed}", data={"csrf": csrf_of(page)})


async def test_count_look_post_and_undo(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    first, second = await sign_in("ivanova"), await sign_in("petrov")

    address = await count(first, fresh_town)
    draft = seen(await first.get(address))
    mine = await act(first, address, "post")
    posted = await act(second, address, "post")
    await work(fresh_town)
    after = seen(await second.get(address))
    total = await one(fresh_town, "SELECT sum(amount_kopecks)::bigint FROM postings WHERE book = 6")
    counted = await one(fresh_town, "SELECT amount_kopecks FROM penalty_runs")
    undone = await act(second, address, "undo")
    await work(fresh_town)

    assert "посчитан, не проведён" in draft
    assert "Считали вы, поэтому провести должен другой сотрудник." in draft
    assert (mine.status_code, posted.status_code, undone.status_code) == (409, 303, 303)
    assert "проведён" in after
    assert total == counted
    assert int(str(total)) > 0
    assert await one(fresh_town, "SELECT sum(amount_kopecks)::bigint FROM postings WHERE book = 6") == 0
    assert "отменён" in seen(await second.get("/centre/penalties"))


async def test_list_filters_and_files(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    client = await sign_in("ivanova")
    address = await count(client, fresh_town)
    number = str(
        await one(
            fresh_town, "SELECT a.number FROM penalty_lines l JOIN accounts a ON a.id = l.account_id LIMIT 1"
        )
    )

    found = seen(await client.get(f"{address}?account={number}", headers=HTMX))
    nothing = seen(await client.get(f"{address}?account=777", headers=HTMX))
    wrong = seen(await client.get(f"{address}?least=много", headers=HTMX))
    rich = seen(await client.get(f"{address}?least=1000000", headers=HTMX))
    table = await client.get(f"{address}.csv")
    sheet = await client.get(f"{address}.xlsx")

    assert number in found
    assert "1 счёт," in found
    assert "Ничего не найдено" in nothing
    assert "Введите целое число рублей" in wrong
    assert "Ничего не найдено" in rich
    assert number in table.content.decode("utf-8-sig")
    assert sheet.content.startswith(b"PK")


async def test_an_account_shows_days_rates_and_clause_that_add_up(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client, second = await sign_in("ivanova"), await sign_in("petrov")
    address = await count(client, fresh_town)
    account = await one(fresh_town, "SELECT account_id FROM penalty_lines ORDER BY 1 LIMIT 1")
    draft = seen(await client.get(f"/accounts/{account}/penalties?run={address.rsplit('/', 1)[1]}"))
    before = seen(await client.get(f"/accounts/{account}/penalties"))
    await act(second, address, "post")
    await work(fresh_town)

    shown = seen(await client.get(f"/accounts/{account}/penalties"))
    table = (await client.get(f"/accounts/{account}/penalties.csv")).content.decode("utf-8-sig")

    assert "ЖК 155, ч. 14" in draft
    assert "Пеней нет" in before
    assert "9,5 % × 1/300 ×" in shown
    assert "Всего, округлено один раз" in shown
    assert "этого не должно быть" not in shown
    assert "1/300" in table
    assert (await client.get("/accounts/999999/penalties")).status_code == 404


@pytest.mark.parametrize("until", ["", "2020-01-31", "завтра"])
async def test_a_day_that_cannot_be_is_refused_beside_its_field(sign_in: SignIn, until: str) -> None:
    client = await sign_in("ivanova")
    page = await client.get("/centre/penalties")

    refused = await client.post(
        "/centre/penalties", data={"csrf": csrf_of(page), "command": "x" * 20, "company": "", "until": until}
    )

    assert refused.status_code == 422
    assert 'id="until-error"' in refused.text


async def test_a_computation_that_is_not_there(sign_in: SignIn) -> None:
    client = await sign_in("ivanova")

    assert (await client.get("/centre/penalties/999")).status_code == 404
    assert (await client.get("/centre/penalties/999.csv")).status_code == 404


GOOD = {
    "family": "key_rate",
    "value": "13,5",
    "first_day": "2026-09-14",
    "document": "Банк России, решение от 11.09.2026",
    "document_date": "2026-09-11",
}


async def send(client: AsyncClient, **changed: str) -> Response:
    page = await client.get("/centre/penalty-values")
    return await client.post("/centre/penalty-values", data={"csrf": csrf_of(page), **GOOD, **changed})


async def decide(client: AsyncClient, deed: str) -> Response:
    page = await client.get("/centre/penalty-values")
    return await client.post(f"/centre/penalty-values/1/{deed}", data={"csrf": csrf_of(page)})


async def test_a_rate_waits_for_another_person(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    first, second = await sign_in("ivanova"), await sign_in("petrov")

    sent, twice = await send(first), await send(second)
    waiting, mine = seen(await second.get("/centre/penalty-values")), await decide(first, "approve")
    approved, again = await decide(second, "approve"), await decide(second, "decline")
    shown = seen(await first.get("/centre/penalty-values"))
    table = (await first.get("/centre/penalty-values.csv")).content.decode("utf-8-sig")

    assert sent.headers["Location"] == "/centre/penalty-values?done=proposed"
    assert twice.status_code == 422
    assert "Ключевая ставка 13,5 % с 14 сентября 2026" in waiting
    assert (mine.status_code, approved.status_code, again.status_code) == (409, 303, 409)
    assert "Банк России, решение от 11.09.2026" in shown
    assert "Банк России, решение от 24.07.2026" in shown
    assert "ПП 497 от 28.03.2022" in table


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"value": "0"}, "Ставка бывает больше нуля"),
        ({"value": "много"}, "Введите ставку в процентах"),
        ({"first_day": ""}, "Укажите день"),
        ({"document": ""}, "Укажите основание"),
        ({"family": "cap", "last_day": "2026-01-01"}, "Последний день раньше первого"),
        ({"family": "day_off", "first_day": "2026-11-28"}, "Это и так выходной"),
        ({"family": "working_day", "first_day": "2026-11-27"}, "Это будний день"),
        ({"family": "что-то"}, "Выберите, что вносите"),
    ],
)
async def test_a_wrong_value_is_refused_in_words(
    sign_in: SignIn, changed: dict[str, str], words: str
) -> None:
    refused = await send(await sign_in("ivanova"), **changed)

    assert refused.status_code == 422
    assert words in seen(refused)


async def test_settings_are_heard_by_the_next_count(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    client = await sign_in("ivanova")
    token = csrf_of(await client.get("/centre/penalty-values"))

    async def say(**form: str) -> Response:
        return await client.post("/centre/penalty-values/settings", data={"csrf": token, "owner": "", **form})

    daily = await say(key="penalty_rate_mode", choice="daily", ground="Решение 1")
    late = await say(key="penalty_documents_on", month="2026-08", delivered="2026-09-20", ground="Акт 2")
    wrong = await say(key="penalty_rate_mode", choice="иногда", ground="Решение 2")
    no_ground = await say(key="penalty_strict", choice="yes", ground="")
    shown = seen(await client.get("/centre/penalty-values"))

    assert (daily.status_code, late.status_code) == (303, 303)
    assert (wrong.status_code, no_ground.status_code) == (422, 422)
    assert "каждого дня" in shown
    assert "август 2026: 20.09.2026" in shown
    author = await one(fresh_town, "SELECT full_name FROM users WHERE login = 'ivanova'")
    assert f"Решение 1 {author} " in shown
    await count(client, fresh_town)
    assert await one(fresh_town, "SELECT bool_and(is_daily) FROM penalty_lines")


async def test_the_receipt_has_penalties_apart_and_asks_for_them(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client, second = await sign_in("ivanova"), await sign_in("petrov")
    address = await count(client, fresh_town)
    await act(second, address, "post")
    await work(fresh_town)
    account = int(str(await one(fresh_town, "SELECT account_id FROM penalty_lines ORDER BY 1 LIMIT 1")))
    await one(
        fresh_town,
        "UPDATE runs SET state = 'published', posted_in = period WHERE state = 'checked' RETURNING 1",
    )

    owner = Database(fresh_town.url)
    async with owner.reading() as session:
        receipt = await build_receipt(session, account, OPEN)
    await owner.close()

    fines = await one(
        fresh_town, f"SELECT sum(amount_kopecks)::bigint FROM penalty_lines WHERE account_id = {account}"
    )
    rows = [(str(row.month), row.days) for row in receipt.penalties]
    assert receipt.totals.penalty_kopecks == sum(row.amount_kopecks for row in receipt.penalties) == fines
    assert rows == [("2026-08-01", 46)]
    assert "ЖК 155, ч. 14: с 31-го дня 1/300" in receipt.penalties[0].ground
    assert all("Пени" not in row.service for row in receipt.rows)


async def test_a_resident_reads_penalties_by_days_and_only_their_own(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    """Residents of town: 1000001 has accounts 1 and 7, 1000002 has account 2."""
    first, second = await sign_in("ivanova"), await sign_in("petrov")
    residents = [await sign_in(login) for login in ("1000001", "1000002")]
    before = [seen(await one_of.get("/my/penalties")) for one_of in residents]
    address = await count(first, fresh_town)
    draft = [seen(await one_of.get("/my/penalties")) for one_of in residents]
    await act(second, address, "post")
    await work(fresh_town)
    late = "SELECT min(account_id) FROM penalty_lines WHERE account_id IN (1, 2, 7)"
    account = int(str(await one(fresh_town, late)))
    mine, foreign = residents if account in (1, 7) else reversed(residents)

    shown = seen(await mine.get(f"/my/penalties?account={account}"))
    owed = await one(
        fresh_town,
        f"SELECT sum(amount_kopecks)::bigint FROM postings WHERE book = 6 AND account_id = {account}",
    )
    hidden = await foreign.get(f"/my/penalties?account={account}")

    assert all("Пеней нет" in page for page in (*before, *draft))
    assert f"{int(str(owed)) // 100},{int(str(owed)) % 100:02d}" in shown.replace("\u2009", "")
    assert "9,5 % × 1/300 ×" in shown
    assert "Всего, округлено один раз" in shown
    assert "ЖК 155, ч. 14" in shown
    assert hidden.status_code == 404
    assert (await first.get("/my/penalties")).status_code == 403


async def test_a_moratorium_of_old_debts_only_is_entered_and_obeyed(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    first, second = await sign_in("ivanova"), await sign_in("petrov")
    form = {"family": "moratorium", "value": "", "last_day": "2026-09-30", "first_day": "2026-09-01"}

    sent = await send(first, **form, due_before="2026-07-01")
    broken = await send(first, **form, due_before="вчера")
    agreed = await decide(second, "approve")
    shown = seen(await first.get("/centre/penalty-values"))
    owner = Database(fresh_town.url)
    async with owner.reading() as session:
        rates = (await penalty_law(session)).rates
    await owner.close()

    assert (sent.status_code, broken.status_code, agreed.status_code) == (303, 422, 303)
    assert "долги со сроком до 01.07.2026" in shown
    assert "долги со сроком до 01.04.2022" in shown  # ПП 497, из поставки
    day = dt.date(2026, 9, 15)
    assert rates.is_free(day, dt.date(2026, 6, 30))
    assert not rates.is_free(day, dt.date(2026, 7, 1))
    assert not rates.is_free(dt.date(2026, 10, 1), dt.date(2026, 6, 30))
