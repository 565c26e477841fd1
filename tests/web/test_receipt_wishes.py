"""How documents are delivered: a wish of a resident and at the desk; identifiers of ГИС ЖКХ on an account."""

from __future__ import annotations

import pytest
from httpx import AsyncClient, Response

from tests.support.services import TestDatabase
from tests.web.conftest import SignIn, csrf_of
from tests.web.test_centre import one, seen

ACCOUNT = "/accounts/1/delivery"
WISH = {"receipt_by": "electronic", "large": "1", "ground": "Заявление от 12.10.2026"}
IDS = {"els": "12АБ345678", "gis_id": "12АБ345678-01", "ids_ground": "Выгрузка ГИС ЖКХ"}


async def send(client: AsyncClient, path: str, data: dict[str, str], page: str = ACCOUNT) -> Response:
    csrf = csrf_of(await client.get(page))
    return await client.post(path, data={"csrf": csrf, **data})


async def test_a_wish_of_a_resident_reaches_the_press(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    client = await sign_in("resident")

    kept = await send(client, "/my/delivery", {"receipt_by": "electronic", "large": "1"}, "/my/delivery")
    again = await send(client, "/my/delivery", {"receipt_by": "electronic", "large": "1"}, "/my/delivery")

    assert (kept.status_code, again.status_code) == (303, 303)
    assert await one(fresh_town, "SELECT count(*) FROM delivery_wishes") == 1
    wished = "SELECT w.account_id FROM delivery_wishes w"
    assert await one(fresh_town, f"SELECT receipt_by FROM accounts WHERE id = ({wished})") == "electronic"
    assert await one(fresh_town, f"SELECT is_large_print FROM accounts WHERE id = ({wished})") is True
    assert 'value="electronic" checked' in (await client.get("/my/delivery")).text


async def test_a_wish_at_the_desk_has_its_ground(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    client = await sign_in("company")

    refused = await send(client, ACCOUNT, {**WISH, "ground": ""})
    kept = await send(client, ACCOUNT, WISH)
    same = await send(client, ACCOUNT, WISH)
    page = seen(await client.get(ACCOUNT))

    assert refused.status_code == 422
    assert "Укажите основание" in seen(refused)
    assert kept.headers["Location"].endswith("done=wish")
    assert same.headers["Location"].endswith("done=same")
    assert "Заявление от 12.10.2026" in page
    assert await one(fresh_town, "SELECT is_large_print FROM accounts WHERE id = 1") is True


async def test_identifiers_are_kept_with_a_line_of_the_journal(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("company")

    kept = await send(client, f"{ACCOUNT}/ids", IDS)

    assert kept.headers["Location"].endswith("done=ids")
    assert await one(fresh_town, "SELECT gis_id FROM accounts WHERE id = 1") == "12АБ345678-01"
    assert await one(fresh_town, "SELECT count(*) FROM audit WHERE action = 'identified'") == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"els": "12AB345678"}, "латинские буквы"),
        ({"gis_id": "12АБ345678"}, "дефис и две цифры"),
        ({"gis_id": "99АБ345678-01"}, "начинается с ЕЛС"),
        ({"ids_ground": ""}, "Укажите, откуда они"),
    ],
)
async def test_an_identifier_that_cannot_be_is_refused(
    town: TestDatabase, sign_in: SignIn, changed: dict[str, str], words: str
) -> None:
    refused = await send(await sign_in("company"), f"{ACCOUNT}/ids", {**IDS, **changed})

    assert refused.status_code == 422
    assert words in seen(refused)
