"""Signing in and out: passwords, throttling, sessions, cookies, where one lands."""

from __future__ import annotations

import datetime as dt

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text

from storage.engine import Database
from tests.support.services import TestDatabase
from tests.web.city import LOGINS, PASSWORD
from tests.web.conftest import SignIn, browser, csrf_of, post_login
from web.app import create_app
from web.auth.sign_in import safe_next
from web.config import WebConfig


async def test_a_right_password_opens_the_workplace(anyone: AsyncClient) -> None:
    answer = await post_login(anyone, LOGINS["centre"], PASSWORD)
    home = await anyone.get("/")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert home.headers["Location"] == "/centre/month"
    cookie = next(one for one in answer.headers.get_list("Set-Cookie") if one.startswith("paylogic="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


async def test_over_https_the_cookie_is_secure_and_bound_to_the_host(town: TestDatabase) -> None:
    app = create_app(WebConfig(database_url=town.web_url, is_https=True))
    async with browser(app) as client:
        client.base_url = "https://test"
        answer = await post_login(client, LOGINS["centre"], PASSWORD)
    await app.state.database.close()

    cookie = next(one for one in answer.headers.get_list("Set-Cookie") if one.startswith("__Host-paylogic="))
    assert "Secure" in cookie
    assert "Strict-Transport-Security" in answer.headers


async def test_a_wrong_password_is_told_in_words_and_the_login_stays_typed(anyone: AsyncClient) -> None:
    answer = await post_login(anyone, "ivanova", "wrong")

    assert answer.status_code == 422
    assert "Логин или пароль не подошли." in answer.text
    assert 'value="ivanova"' in answer.text
    assert "wrong" not in answer.text
    assert (await anyone.get("/centre/runs")).status_code == 303


async def test_an_unknown_login_gets_the_same_words_as_a_wrong_password(anyone: AsyncClient) -> None:
    answer = await post_login(anyone, "nobody", "wrong")

    assert answer.status_code == 422
    assert "Логин или пароль не подошли." in answer.text


async def test_empty_fields_are_each_told(anyone: AsyncClient) -> None:
    answer = await post_login(anyone, "", "")

    assert answer.status_code == 422
    assert "Введите логин." in answer.text
    assert "Введите пароль." in answer.text


@pytest.mark.parametrize(("kind", "what"), [("staff", "пароль"), ("resident", "код")])
async def test_a_pasted_page_instead_of_a_password_is_told(anyone: AsyncClient, kind: str, what: str) -> None:
    answer = await post_login(anyone, "centre", "x" * 201, **{"as": kind})

    assert answer.status_code == 422
    assert f", а {what} не длиннее 200. Проверьте, то ли вставилось." in answer.text


async def test_many_wrong_passwords_make_one_wait(fresh_town: TestDatabase, anyone: AsyncClient) -> None:
    codes = [(await post_login(anyone, "petrov", f"guess {number}")).status_code for number in range(5)]
    sixth = await post_login(anyone, "petrov", PASSWORD)

    assert codes == [422] * 5
    assert sixth.status_code == 429
    assert "Слишком много попыток" in sixth.text
    assert (await post_login(anyone, "ivanova", PASSWORD)).status_code == 303


async def test_a_resident_signs_in_by_account_number_and_code(anyone: AsyncClient) -> None:
    page = await anyone.get("/login?as=resident")
    form = {"as": "resident", "csrf": csrf_of(page), "login": "001 0001", "password": f" {PASSWORD} "}
    answer = await anyone.post("/login", data=form)

    assert "Номер лицевого счёта" in page.text
    assert answer.status_code == 303, answer.text


async def test_signing_out_ends_the_session_on_the_server(sign_in: SignIn) -> None:
    client = await sign_in("centre")
    kept = dict(client.cookies)

    answer = await client.post("/logout", data={"csrf": csrf_of(await client.get("/me"))})
    client.cookies.update(kept)

    assert answer.headers["Location"] == "/login"
    assert (await client.get("/me")).status_code == 303


async def test_a_session_that_ran_out_asks_to_sign_in_again(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("centre")
    owner = Database(fresh_town.url, "worker")
    async with owner.transaction() as session:
        await session.execute(
            text("UPDATE user_sessions SET expires_at = :past"),
            {"past": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)},
        )
    await owner.close()

    answer = await client.get("/centre/runs")

    assert answer.headers["Location"] == "/login?next=/centre/runs"


async def test_a_handed_out_password_must_be_changed_first(
    fresh_town: TestDatabase, anyone: AsyncClient
) -> None:
    owner = Database(fresh_town.url, "worker")
    async with owner.transaction() as session:
        await session.execute(text("UPDATE users SET must_change_password = true WHERE login = 'ivanova'"))
    await owner.close()

    assert (await post_login(anyone, "ivanova", PASSWORD)).headers["Location"] == "/me"


async def test_a_new_password_needs_the_old_one_and_then_works(
    fresh_town: TestDatabase, app: FastAPI, sign_in: SignIn
) -> None:
    client = await sign_in("centre")
    token = csrf_of(await client.get("/me"))

    wrong = await client.post("/me/password", data={"csrf": token, "old": "guess", "new": "three long words"})
    weak = await client.post("/me/password", data={"csrf": token, "old": PASSWORD, "new": "short"})
    good = await client.post("/me/password", data={"csrf": token, "old": PASSWORD, "new": "three long words"})

    assert (wrong.status_code, weak.status_code, good.status_code) == (422, 422, 303)
    assert "Прежний пароль не подошёл" in wrong.text
    assert "короче 8 знаков" in weak.text
    async with browser(app) as other:
        assert (await post_login(other, "ivanova", "three long words")).status_code == 303


@pytest.mark.parametrize(
    ("target", "safe"),
    [
        ("/centre/runs?by=company", "/centre/runs?by=company"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/login?next=/login", "/"),
        ("", "/"),
        ("/ok\r\nSet-Cookie: x=y", "/"),
    ],
)
def test_only_our_own_pages_are_returned_to(target: str, safe: str) -> None:
    assert safe_next(target) == safe


async def test_after_signing_in_the_wanted_page_opens(anyone: AsyncClient) -> None:
    answer = await post_login(anyone, LOGINS["centre"], PASSWORD, next="/centre/parked?reason=NO_AREA")

    assert answer.headers["Location"] == "/centre/parked?reason=NO_AREA"
