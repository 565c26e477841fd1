"""«Порядок погашения»: another order is tried on payments, chosen with a document, approved by another."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import text

from actors.what_if import WhatIfs
from gateways.bus import Buried, Event
from storage import months, payments
from storage.engine import Database
from storage.payments import Incoming
from storage.warm_blocks import WarmBlocks
from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import HTMX, SignIn, counted, csrf_of
from tests.web.desk import plain
from tests.web.test_centre import one
from tests.web.test_penalties import act
from tests.web.town_places import BANK

CITY: Any = town
PATH = "/centre/allocation"
QUERIES_MAX = 5


async def ask(client: AsyncClient, **form: str) -> Response:
    page = await client.get(PATH)
    command = page.text.split('name="command" value="')[1].split('"')[0]
    usual = {
        "company": "", "named": "no", "order": "newest", "inside": "proportion", "valid_from": "2026-12-01",
        "months": "1",
    }  # fmt: skip
    return await client.post(PATH, data={"csrf": csrf_of(page), "command": command, **usual, **form})


async def pay(place: TestDatabase) -> None:
    """A payment of an account that owes for several months, taken in a month that is then closed."""
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        incoming = Incoming(BANK, "trial-1", "1000001", 700_00, dt.date(2026, 10, 20))
        await payments.post_payments(session, [incoming])
        await session.execute(text("UPDATE runs SET state = 'undone' WHERE state = 'checked'"))
        await months.close_month(session, dt.date(2026, 10, 1))
    await owner.close()


async def waiting(place: TestDatabase) -> list[Event]:
    owner = Database(place.url, "worker")
    async with owner.reading() as session:
        rows = await session.execute(
            text("SELECT subject, payload FROM outbox WHERE subject = 'commands.whatif.policy' ORDER BY id")
        )
        events = [Event(str(at), row.subject, dict(row.payload), 1) for at, row in enumerate(rows)]
    await owner.close()
    return events


async def work(place: TestDatabase) -> None:
    """Every trial that waits in the outbox, as the worker takes it."""
    owner = Database(place.url, "worker")
    await WhatIfs(owner, WarmBlocks()).handle(await waiting(place))
    await owner.close()


async def test_try_look_choose_approve(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    first, second = await sign_in("ivanova"), await sign_in("petrov")
    await pay(fresh_town)

    address = (await ask(first)).headers["Location"]
    waits = plain(await first.get(address))
    progress = await first.get(f"{address}/progress", headers=HTMX)
    await work(fresh_town)
    over = await first.get(f"{address}/progress", headers=HTMX)
    found = plain(await first.get(address))
    account = await one(fresh_town, "SELECT account_id FROM policy_trial_accounts")
    side_by_side = plain(await first.get(f"{address}/accounts/{account}"))
    page = await first.get(address)
    empty = await first.post(f"{address}/choose", data={"csrf": csrf_of(page), "ground": ""})
    given = await first.post(f"{address}/choose", data={"csrf": csrf_of(page), "ground": "Приказ 12"})
    own = await act(first, address, "approve")
    approved = await act(second, address, "approve")
    shown = plain(await first.get(PATH))

    assert "Ждёт своей очереди" in waits
    assert progress.status_code == 200
    assert over.headers["HX-Refresh"] == "true"
    assert "со старого с нового" in found
    assert "По месяцам долга" in found
    assert "1000001" in found
    assert "700,00" in side_by_side
    assert empty.status_code == 422
    assert "Назовите документ" in plain(empty)
    assert (given.status_code, own.status_code, approved.status_code) == (303, 409, 303)
    assert "Приказ 12" in shown
    saved = "SELECT value FROM settings WHERE key = 'allocation_order' AND superseded_at IS NULL"
    assert await one(fresh_town, saved) == "newest"
    assert (
        await one(fresh_town, "SELECT count(*)::int FROM audit WHERE action LIKE 'allocation_policy_%'") == 2
    )


async def test_accounts_are_found_and_exported_by_few_queries(
    app: FastAPI, fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("ivanova")
    await pay(fresh_town)
    address = (await ask(client)).headers["Location"]
    await work(fresh_town)

    with counted(app) as sent:
        await client.get(address)
    with counted(app) as listed:
        await client.get(PATH)
    nothing = plain(await client.get(f"{address}?way=more", headers=HTMX))
    found = plain(await client.get(f"{address}?way=shown&account=1000001", headers=HTMX))
    table = await client.get(f"{address}.csv")
    sheet = await client.get(f"{address}.xlsx")

    assert len(sent) <= QUERIES_MAX, sent
    assert len(listed) <= QUERIES_MAX, listed
    assert "Ничего не найдено" in nothing
    assert "два порядка рядом" in found
    assert "1000001" in table.content.decode("utf-8-sig")
    assert sheet.content.startswith(b"PK")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"named": "yes", "order": "oldest"}, "порядок уже такой"),
        ({"inside": "services"}, "Запишите коды услуг"),
        ({"apart": "77"}, "Услуги с кодом 77 нет"),
        ({"months": "7"}, "за какие месяцы"),
        ({"command": ""}, "Форма устарела"),
    ],
)
async def test_a_wrong_question_is_refused_in_words(
    fresh_town: TestDatabase, sign_in: SignIn, form: dict[str, str], words: str
) -> None:
    answer = await ask(await sign_in("ivanova"), **form)

    assert answer.status_code == 422
    assert words in plain(answer)


async def test_what_is_not_there(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    client = await sign_in("ivanova")
    address = (await ask(client)).headers["Location"]

    assert (await client.get(f"{PATH}/trials/999999")).status_code == 404
    assert (await client.get(f"{address}/accounts/1")).status_code == 404
    assert (await act(client, address, "burn")).status_code == 404


async def test_a_trial_that_fails_says_so(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    client = await sign_in("ivanova")
    address = (await ask(client)).headers["Location"]
    event = (await waiting(fresh_town))[0]
    owner = Database(fresh_town.url, "worker")
    await WhatIfs(owner, WarmBlocks()).bury(
        Buried("what-if", event.id, event.subject, event.payload, "сломалось", 5)
    )
    await owner.close()

    assert "Проба не удалась" in plain(await client.get(address))
