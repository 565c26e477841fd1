"""Papers handed out at the desk and in the cabinet: drawn once, kept, the same file again, only one's own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.support.services import TestDatabase
from tests.web import clock, town
from tests.web.conftest import SignIn, csrf_of
from tests.web.desk import count, plain

CITY: Any = town


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock.freeze(monkeypatch)


async def ask(client: AsyncClient, address: str, **fields: str) -> Response:
    """The form as a browser sends it: what stands in it, with some fields changed."""
    page = await client.get(address)
    assert page.status_code == 200, plain(page)
    command = re.search(r'name="command" value="([^"]+)"', page.text)
    months = dict(re.findall(r'id="(first|last)"[^>]*?value="([^"]*)"', page.text))
    assert command
    data = {"csrf": csrf_of(page), "command": command[1], "kind": "debt", **months, **fields}
    return await client.post(address, data=data)


def link_of(page: Response) -> str:
    found = re.search(r'href="([^"]+/papers/\d+\.pdf[^"]*)"', page.text)
    assert found
    return found[1].replace("&amp;", "&")


async def test_a_paper_is_handed_out_once_and_opens_again_as_the_same_file(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    desk = await sign_in("ivanova")
    made = await ask(desk, "/accounts/1/papers", kind="court", purpose="судебный участок № 7")
    assert made.status_code == 303
    page = await desk.get(made.headers["location"])
    link = link_of(page)

    first, again = await desk.get(link), await desk.get(link)

    assert first.headers["content-type"] == "application/pdf"
    assert first.content.startswith(b"%PDF")
    assert first.content == again.content
    assert "судебный участок № 7" in plain(page)
    assert await count(fresh_town, "audit", "action = 'paper_issued' AND subject_id = 1") == 1


async def test_the_same_press_again_makes_no_second_paper(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    desk = await sign_in("ivanova")
    first = await ask(desk, "/accounts/1/papers", command="press-1")
    again = await ask(desk, "/accounts/1/papers", command="press-1", kind="family")

    assert first.headers["location"] == again.headers["location"]
    assert await count(fresh_town, "papers", "true") == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "x"}, "Выберите вид документа"),
        ({"first": "2026-09", "last": "2026-01"}, "Первый месяц позже последнего"),
        ({"first": "1990-01"}, "Не больше 60 месяцев"),
        ({"first": "вчера"}, "вчера"),
        ({"purpose": "я" * 200}, "Слишком длинно"),
    ],
)
async def test_what_cannot_be_made_is_said(
    fresh_town: TestDatabase, sign_in: SignIn, fields: dict[str, str], words: str
) -> None:
    desk = await sign_in("ivanova")
    answer = await ask(desk, "/accounts/1/papers", **fields)

    assert answer.status_code == 422
    assert words in plain(answer)
    assert await count(fresh_town, "papers", "true") == 0


async def test_an_account_of_others_is_not_found(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    desk = await sign_in("ivanova")
    assert (await desk.get("/accounts/999999/papers")).status_code == 404


async def test_a_resident_takes_a_paper_of_the_own_account_only(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    mine, other = await sign_in("1000001"), await sign_in("1000002")
    made = await ask(mine, "/my/papers", kind="statement")
    link = link_of(await mine.get(made.headers["location"]))
    desk = await sign_in("center")
    await ask(desk, "/accounts/1/papers", kind="court")

    assert (await mine.get(link)).content.startswith(b"%PDF")
    assert (await other.get(link)).status_code == 404
    refused = await ask(mine, "/my/papers", kind="court")
    assert refused.status_code == 422
    assert "Документы для суда" not in plain(await mine.get("/my/papers"))
    assert await count(fresh_town, "papers", "account_id = 1") == 2
    north = await sign_in("north")
    assert (await north.get("/accounts/1/papers")).status_code == 404
