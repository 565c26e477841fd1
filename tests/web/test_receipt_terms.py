"""«Получатели в квитанциях»: a term waits for another person, then documents of the account are several."""

from __future__ import annotations

import pytest
from httpx import AsyncClient, Response

from tests.support.services import TestDatabase
from tests.web.conftest import SignIn, csrf_of
from tests.web.test_centre import one, seen

GOOD = {
    "company": "2",
    "subject": "others",
    "placement": "document",
    "valid_from": "2026-10",
    "document": "Договор № 7",
    "document_date": "2025-12-16",
}


async def send(client: AsyncClient, **changed: str) -> Response:
    page = await client.get("/centre/receipt-terms")
    return await client.post("/centre/receipt-terms", data={"csrf": csrf_of(page), **GOOD, **changed})


async def decide(client: AsyncClient, act: str, term: int = 1) -> Response:
    page = await client.get("/centre/receipt-terms")
    return await client.post(f"/centre/receipt-terms/{term}/{act}", data={"csrf": csrf_of(page)})


async def test_a_term_waits_for_another_person(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    first, second = await sign_in("centre"), await sign_in("publisher")

    sent, mine = await send(first), await decide(first, "approve")
    approved, again = await decide(second, "approve"), await decide(second, "approve")
    page, table = seen(await first.get("/centre/receipt-terms")), await first.get("/centre/receipt-terms.csv")

    assert sent.headers["Location"] == "/centre/receipt-terms?done=proposed"
    assert (mine.status_code, approved.status_code, again.status_code) == (409, 303, 409)
    assert await one(fresh_town, "SELECT state FROM receipt_terms") == "approved"
    assert "все получатели без своего условия отдельный документ" in page
    assert "отдельный документ" in table.text


async def test_a_declined_term_changes_nothing_and_leaves_its_month_free(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    first, second = await sign_in("centre"), await sign_in("publisher")

    await send(first)
    declined = await decide(second, "decline")
    sent = await send(first)
    twice = await send(first)

    assert declined.status_code == sent.status_code == 303
    assert twice.status_code == 422
    assert "условие уже есть" in seen(twice)


async def test_a_closed_month_keeps_its_documents(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    refused = await send(await sign_in("centre"), valid_from="2026-09")

    assert refused.status_code == 422
    assert "Квитанции за 09.2026 уже вышли" in seen(refused)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"company": ""}, "Выберите организацию."),
        ({"subject": "999"}, "Выберите, чьи начисления."),
        ({"placement": "everywhere"}, "Выберите, где они стоят."),
        ({"document": ""}, "Укажите документ"),
        ({"valid_from": "скоро"}, "скоро"),
    ],
)
async def test_every_field_is_refused_in_words(
    town: TestDatabase, sign_in: SignIn, changed: dict[str, str], words: str
) -> None:
    refused = await send(await sign_in("centre"), **changed)

    assert refused.status_code == 422
    assert words in seen(refused)
