"""Debts on the pages: who owes, the map, what is collected, steps approved, handed over and undone."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from actors.debts import DebtKeeper
from storage import payments
from storage.engine import Database
from storage.payments import Incoming
from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import SignIn, counted, csrf_of
from tests.web.desk import count, plain, send
from tests.web.town_places import BANK
from web import clock
from web.app import create_app
from web.debts.houses import heat_of

CITY = town


async def look(place: TestDatabase) -> None:
    """What the worker does every few seconds."""
    owner = Database(place.url, "worker")
    await DebtKeeper(owner).look(clock.today())
    await owner.close()


async def one_number(place: TestDatabase, sql: str) -> int:
    owner = Database(place.url, "worker")
    async with owner.reading() as session:
        found = int(await session.scalar(text(sql)) or 0)
    await owner.close()
    return found


async def test_debtors_are_shown_by_age_searched_filtered_and_exported(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await look(fresh_town)
    client = await sign_in("ivanova")
    total = await one_number(fresh_town, "SELECT count(*) FROM debtors WHERE overdue_kopecks > 0")
    assert total > 2

    whole = await client.get("/debts")
    assert f"{total} должник" in plain(whole)
    number = await owner_text(
        fresh_town,
        "SELECT a.number FROM debtors d JOIN accounts a ON a.id = d.account_id "
        "WHERE d.overdue_kopecks > 0 ORDER BY 1 LIMIT 1",
    )
    found = plain(await client.get(f"/debts?q={number}"))
    assert "1 должник" in found
    assert f"счёт {number}" in found
    assert "Ничего не найдено" in plain(await client.get("/debts?least=9999999"))
    wrong = plain(await client.get("/debts?least=много"))
    assert "Введите сумму в рублях" in wrong
    for query in ("age=0", "group=utility", "stage=none", "agreed=no", "sort=months", "house=1", "company=1"):
        assert (await client.get(f"/debts?{query}")).status_code == 200, query
    assert "Просрочено, ₽" in (await client.get("/debts.csv")).text
    assert (await client.get("/debts.xlsx?age=0")).content.startswith(b"PK")


async def owner_text(place: TestDatabase, sql: str) -> str:
    owner = Database(place.url, "worker")
    async with owner.reading() as session:
        found = str(await session.scalar(text(sql)))
    await owner.close()
    return found


async def test_a_company_sees_its_own_debtors_only(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await look(fresh_town)
    client = await sign_in("center")
    company = await one_number(fresh_town, "SELECT organisation_id FROM users WHERE login = 'center'")
    mine = await one_number(
        fresh_town, f"SELECT count(*) FROM debtors WHERE overdue_kopecks > 0 AND company_id = {company}"
    )

    shown = plain(await client.get("/debts?company=77"))

    assert f"{mine} должник" in shown


async def test_map_and_rates_have_tables_and_files(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await look(fresh_town)
    client = await sign_in("ivanova")

    shown = await client.get("/debts/houses")
    assert 'class="tile heat-' in shown.text
    assert "на счёт, должников" in plain(shown)
    assert "На счёт, ₽" in (await client.get("/debts/houses.csv?sort=-flat")).text
    for by in ("month", "company", "house", "service"):
        answer = await client.get(f"/debts/rates?by={by}&since=2026-01&until=2026-12")
        assert "Собрано" in plain(answer), by
        assert (await client.get(f"/debts/rates.csv?by={by}")).status_code == 200
    assert "13" in plain(await client.get("/debts/rates?since=2026-13"))


def test_tiles_are_darker_by_debt() -> None:
    assert [heat_of(kopecks) for kopecks in (0, 1, 500_00, 500_01, 12_000_01)] == [0, 1, 1, 2, 6]


@pytest.mark.parametrize(
    "path", ["/debts", "/debts/houses", "/debts/rates?by=house", "/debts/steps", "/debts/terms"]
)
@pytest.mark.parametrize("who", ["ivanova", "center"])
async def test_pages_ask_five_times_at_most(town: TestDatabase, sign_in: SignIn, who: str, path: str) -> None:
    client = await sign_in(who)
    app = client._transport.app  # type: ignore[attr-defined]

    with counted(app) as sent:
        answer = await client.get(path)

    assert answer.status_code == 200
    assert len(sent) <= 5, sent
    assert create_app is not None


async def choose(client: AsyncClient, stage: str) -> str:
    """Everything found of a step to its preview; its address."""
    page = f"/debts/steps?state=draft&stage={stage}"
    answer = await send(client, page, page, step=stage, everything="yes")
    assert answer.status_code == 303, plain(answer)
    return answer.headers["Location"]


async def test_steps_are_previewed_approved_printed_handed_over_and_undone(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await look(fresh_town)
    client = await sign_in("center")
    drafts = await client.get("/debts/steps")
    assert "черновик" in plain(drafts)
    empty = await send(client, "/debts/steps", "/debts/steps?stage=reminder", step="reminder")
    assert empty.status_code == 422
    assert "Выберите черновики" in plain(empty)

    batch = await choose(client, "reminder")
    shown = plain(await client.get(batch))
    assert "Проверьте перед утверждением" in shown
    assert "Утвердить" in shown
    assert (await send(client, batch, f"{batch}/approve")).status_code == 303
    assert (await send(client, "/me", f"{batch}/approve")).status_code == 409
    assert "Составлено документов: 0" in plain(await client.get(batch))
    assert (await client.get(f"{batch}.pdf")).status_code == 404
    await look(fresh_town)
    assert (await client.get(f"{batch}.pdf")).content.startswith(b"%PDF")

    no_reason = await send(client, batch, f"{batch}/undo", reason="")
    assert no_reason.status_code == 422
    assert (await send(client, batch, f"{batch}/undo", reason="Не та дата")).status_code == 303
    again = await choose(client, "reminder")
    await send(client, again, f"{again}/approve")
    await look(fresh_town)

    page = "/debts/steps?state=approved"
    others = "SELECT min(id) FROM debt_steps WHERE state = 'approved' AND account_id <> 1"
    step = str(await one_number(fresh_town, others))
    assert f'value="{step}"' in (await client.get(page)).text
    future = (clock.today() + dt.timedelta(days=2)).isoformat()
    deed = "/debts/steps/deliver?state=approved"
    early = await send(client, page, deed, pick=step, how="phone", day=future)
    assert early.status_code == 422
    assert "ещё не наступил" in plain(early)
    given = await send(
        client, page, "/debts/steps/deliver?state=approved", pick=step, how="letter",
        day=clock.today().isoformat(), note="РПО 39400000000000",
    )  # fmt: skip
    assert given.headers["Location"] == "/debts/steps?state=delivered&done=delivered"
    assert "РПО 39400000000000" in plain(await client.get("/debts/steps?state=delivered"))
    mine = await one_number(
        fresh_town, "SELECT id FROM debt_steps WHERE account_id = 1 AND state = 'approved'"
    )
    resident = await sign_in("1000001")
    assert "Напоминание о задолженности" not in plain(await resident.get("/my/papers"))
    await send(client, page, deed, pick=str(mine), how="cabinet", day=clock.today().isoformat())
    papers = await resident.get("/my/papers")
    assert "Напоминание о задолженности" in plain(papers)
    link = re.search(r"/my/papers/\d+\.pdf[^\"]*", papers.text)
    assert link is not None
    assert (await resident.get(link[0])).content.startswith(b"%PDF")
    assert "вручено документов" in plain(await send(client, again, f"{again}/undo", reason="Поздно"))
    assert "заказное письмо" in (await client.get("/debts/steps.csv?state=delivered")).text


async def test_a_case_is_held_back_and_closes_when_paid(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await look(fresh_town)
    client = await sign_in("center")
    company = await one_number(fresh_town, "SELECT organisation_id FROM users WHERE login = 'center'")
    case = await one_number(fresh_town, f"SELECT min(id) FROM debt_cases WHERE company_id = {company}")
    page = f"/debts/cases/{case}"
    wrong = await send(client, page, page, until="2020-01-01", reason="")
    assert wrong.status_code == 422
    until = (clock.today() + dt.timedelta(days=20)).isoformat()
    assert (await send(client, page, page, until=until, reason="Обещал")).status_code == 303
    assert "придержано до" in plain(await client.get(page))
    assert await count(fresh_town, "debt_steps", f"case_id = {case} AND state = 'draft'") == 0

    owner = Database(fresh_town.url, "worker")
    async with owner.reading() as session:
        row = (
            await session.execute(
                text(
                    "SELECT a.number, d.overdue_kopecks + d.coming_kopecks AS owed FROM debt_cases c "
                    "JOIN accounts a ON a.id = c.account_id "
                    "JOIN debtors d ON d.account_id = a.id WHERE c.id = :id"
                ),
                {"id": case},
            )
        ).one()
    async with owner.transaction() as session:
        await payments.post_payments(session, [Incoming(BANK, "debt-1", row.number, row.owed, clock.today())])
    await owner.close()
    await look(fresh_town)
    assert "долг оплачен" in plain(await client.get(page))


async def test_terms_below_the_law_are_refused_and_good_ones_are_dated(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("center")
    form = {
        f"{stage}_{name}": value
        for stage, wait in (("reminder", 0), ("notice", 15), ("restriction", 20), ("stop", 10), ("court", 60))
        for name, value in (("on", "1"), ("wait", str(wait)), ("months", "2"), ("kopecks", "500"))
    }
    good = {**form, "valid_from": clock.today().isoformat(), "ground": "Приказ 7"}

    low = await send(client, "/debts/terms", "/debts/terms", **{**good, "restriction_wait": "19"})
    assert low.status_code == 422
    assert "не меньше 20 дней" in plain(low)
    assert (await send(client, "/debts/terms", "/debts/terms", **good)).status_code == 303
    shown = plain(await client.get("/debts/terms"))
    assert "Приказ 7" in shown
    company = await one_number(fresh_town, "SELECT organisation_id FROM users WHERE login = 'center'")
    assert (
        await count(fresh_town, "settings", f"key = 'overdue_court_wait' AND organisation_id = {company}")
        == 1
    )


@pytest.mark.parametrize("who", ["dispatcher", "vodokanal"])
async def test_others_are_refused(town: TestDatabase, sign_in: SignIn, who: str) -> None:
    client = await sign_in(who)

    assert (await client.get("/debts")).status_code == 403
    token = csrf_of(await client.get("/me"))
    assert (await client.post("/debts/steps", data={"csrf": token})).status_code == 403
    assert (await client.post("/debts/batches/1/approve", data={"csrf": token})).status_code == 403
