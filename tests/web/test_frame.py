"""The frame: who may open what, protection of forms, headers, static files, errors in words, fragments."""

from __future__ import annotations

import gzip
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from fastapi import APIRouter, FastAPI
from httpx import AsyncClient
from starlette.requests import ClientDisconnect

import web
from storage import run_pages
from tests.web.city import LOGINS
from tests.web.conftest import HTMX, SignIn, browser, counted, csrf_of
from web import nav
from web.app import create_app
from web.config import WebConfig
from web.roles import Role, refuse_undeclared, route_rules
from web.static import STATIC, StaticFiles

MATRIX: dict[str, str | list[str]] = yaml.safe_load(
    Path(__file__).with_name("matrix.yaml").read_text("utf-8")
)
NOWHERE = WebConfig(database_url="postgresql://nobody@127.0.0.1:1/none")
QUERIES_MAX = 5
FORM = "application/x-www-form-urlencoded"
PLACES = {
    "{run_id}": "2",
    "{key}": "2026-10",
    "{form}": "csv",
    "{digest}": STATIC.digest,
    "{name:path}": "mark.svg",
}


@pytest.fixture(scope="module")
def bare_app() -> FastAPI:
    return create_app(NOWHERE)


def written(rule: str | list[str]) -> set[str]:
    return {"anyone"} if rule == "anyone" else set(rule)


def test_every_route_lets_in_exactly_whom_the_written_table_names(bare_app: FastAPI) -> None:
    live = {
        f"{rule.method} {rule.path}": {"anyone"}
        if rule.is_open
        else {role.value for role in Role if rule.lets_in(role)}
        for rule in route_rules(bare_app)
    }

    assert live == {route: written(rule) for route, rule in MATRIX.items()}


def test_a_route_that_names_nobody_stops_the_start() -> None:
    app = FastAPI()
    router = APIRouter()
    router.add_api_route("/forgotten", lambda: None)
    app.include_router(router)

    with pytest.raises(RuntimeError, match=r"GET /forgotten"):
        refuse_undeclared(app)


def address(path: str) -> str:
    for place, value in PLACES.items():
        path = path.replace(place, value)
    return re.sub(r"\{[^}]+\}", "1", path)


@pytest.mark.parametrize("role", list(LOGINS))
async def test_pages_of_others_are_refused_with_the_right_that_is_missing(sign_in: SignIn, role: str) -> None:
    client = await sign_in(role)

    for route, rule in MATRIX.items():
        method, path = route.split(" ", 1)
        if method != "GET" or path in ("/login", "/"):
            continue
        answer = await client.get(address(path))
        allowed = bool({"anyone", role} & written(rule))
        assert (answer.status_code != 403) == allowed, f"{role} {route} → {answer.status_code}"
        assert answer.status_code < 500, f"{role} {route}"
        if not allowed:
            assert "Здесь нужно право «" in answer.text


async def test_without_signing_in_the_door_opens_and_leads_back(anyone: AsyncClient) -> None:
    plain = await anyone.get("/centre/runs?x=1")
    live = await anyone.get("/centre/runs", headers=HTMX)

    assert (plain.status_code, plain.headers["Location"]) == (303, "/login?next=/centre/runs%3Fx%3D1")
    assert (live.status_code, live.headers["HX-Redirect"]) == (401, "/login?next=/centre/runs")


async def test_a_form_without_the_token_of_its_session_changes_nothing(sign_in: SignIn) -> None:
    mine, others = await sign_in("centre"), await sign_in("publisher")
    foreign = csrf_of(await others.get("/me"))

    bare = await mine.post("/me/keys", data={})
    stolen = await mine.post("/me/keys", data={"csrf": foreign})

    assert (bare.status_code, stolen.status_code) == (403, 403)
    assert "Форма устарела" in bare.text
    assert "<b>включены</b>" in (await mine.get("/me")).text


async def test_the_token_in_the_form_lets_the_deed_through(sign_in: SignIn) -> None:
    client = await sign_in("admin")

    answer = await client.post("/me/keys", data={"csrf": csrf_of(await client.get("/me"))})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/me?done=keys")
    assert 'data-single-keys="off"' in (await client.get("/me")).text


async def test_every_answer_carries_the_headers_of_safety(anyone: AsyncClient) -> None:
    for path in ("/login", "/nothing", "/health", STATIC.url("css/app.css")):
        headers = (await anyone.get(path)).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'self';"), path
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert (await anyone.get("/login")).headers["Cache-Control"] == "no-store"


async def test_static_files_have_a_digest_in_the_name_and_stay_for_ever(anyone: AsyncClient) -> None:
    answer = await anyone.get(STATIC.url("css/app.css"), headers={"Accept-Encoding": "gzip"})
    old = await anyone.get("/static/000000000000/css/app.css")
    missing = await anyone.get(f"/static/{STATIC.digest}/css/none.css")

    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.content == STATIC.files["css/app.css"].plain
    assert old.headers["Cache-Control"] == "no-cache"
    assert missing.status_code == 404


def test_a_change_of_any_static_file_changes_every_address(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a { }")
    before = StaticFiles(tmp_path)
    (tmp_path / "b.js").write_text("b")
    after = StaticFiles(tmp_path)

    assert before.url("a.css") != after.url("a.css")
    assert gzip.decompress(after.files["a.css"].packed or b"") == b"a { }"
    with pytest.raises(KeyError, match=r"none\.css"):
        after.url("none.css")


async def test_a_missing_page_says_what_to_do(anyone: AsyncClient) -> None:
    answer = await anyone.get("/no/such/page")

    assert answer.status_code == 404
    assert "Страница не найдена." in answer.text
    assert "404" not in re.sub(r"<[^>]+>", "", answer.text), "no codes for a person"


async def test_only_those_who_have_the_search_are_sent_to_it(sign_in: SignIn) -> None:
    resident, desk = await sign_in("resident"), await sign_in("company")

    lost = (await resident.get("/my/requests/abc")).text
    found = (await desk.get("/accounts/abc")).text

    assert "начните с главной страницы" in lost
    assert "поиск" not in lost
    assert "найдите нужное через поиск" in found


@pytest.mark.parametrize(
    ("role", "path", "hint"),
    [
        ("company", "/company", "Счёт, «абр 1 12», фамилия"),
        ("dispatcher", "/dispatch", "Адрес «абр 1 12», телефон, № заявки"),
        ("supplier", "/supplier", "Дом: «абр 1»"),
        ("agent", "/agent", "Дом: «абр 1»"),
    ],
)
async def test_the_search_box_says_what_may_be_found(
    sign_in: SignIn, role: str, path: str, hint: str
) -> None:
    answer = await (await sign_in(role)).get(path)

    assert f'placeholder="{hint}"' in answer.text


async def test_our_own_failure_shows_a_number_for_support_and_no_stack(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await sign_in("centre")

    async def broken(*_: object) -> None:
        raise ValueError("kopecks of the moon")

    monkeypatch.setattr(run_pages, "runs", broken)
    whole = await client.get("/centre/runs")
    part = await client.get("/centre/runs", headers=HTMX)

    assert whole.status_code == part.status_code == 500
    assert re.search(r"Номер для поддержки: <b>[А-Я]\d[А-Я]-\d{3}</b>", whole.text)
    assert "moon" not in whole.text
    assert "Traceback" not in whole.text
    assert part.headers["HX-Retarget"] == "#notice"
    assert "<html" not in part.text


@pytest.mark.parametrize(
    "path",
    [
        "/centre/runs/99999999999999999999",
        "/centre/runs/new?scope=organisation&company=99999999999999999",
        "/centre/runs/new?scope=account&account=%00",
        "/centre/parked?street=%00",
        "/accounts/9223372036854775808",
    ],
)
async def test_an_address_with_what_no_column_can_hold_is_refused_in_words(
    sign_in: SignIn, path: str
) -> None:
    answer = await (await sign_in("centre")).get(path)

    assert answer.status_code == 422
    assert "Адрес страницы записан с ошибкой." in answer.text


@pytest.mark.parametrize("path", ["/search?q=²", "/centre/values/new?service=²&component=²"])
async def test_signs_that_only_look_like_digits_are_no_numbers(sign_in: SignIn, path: str) -> None:
    answer = await (await sign_in("centre")).get(path)

    assert answer.status_code == 200


async def test_a_form_that_was_left_half_sent_is_not_our_failure(
    anyone: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    async def left() -> AsyncIterator[bytes]:
        yield b"login=a"
        raise ClientDisconnect

    answer = await anyone.post("/login", content=left(), headers={"Content-Type": FORM})

    assert answer.status_code == 400
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


async def test_a_page_without_its_database_says_so_in_words() -> None:
    app = create_app(NOWHERE)
    async with browser(app) as client:
        client.cookies.set("paylogic", "anything")
        answer = await client.get("/centre/runs")
        health = await client.get("/health")
    await app.state.database.close()

    assert answer.status_code == 503
    assert "Система сейчас недоступна." in answer.text
    assert (health.status_code, health.json()["db"]) == (503, "down")


@pytest.mark.parametrize(
    ("path", "mark"),
    [
        ("/centre/runs/2", 'id="body"'),
        ("/centre/runs/2/houses", 'id="list"'),
        ("/centre/parked", 'id="list"'),
        ("/centre/runs/new", 'id="preview"'),
    ],
)
async def test_page_is_whole_and_block_is_bare(sign_in: SignIn, path: str, mark: str) -> None:
    client = await sign_in("centre")

    whole, bare = await client.get(path), await client.get(path, headers=HTMX)

    assert "<html" in whole.text
    assert "<html" not in bare.text
    assert mark in whole.text
    assert mark in bare.text
    assert "HX-Request-Type" in bare.headers["Vary"]
    assert rows_of(whole.text) == rows_of(bare.text)


def rows_of(html: str) -> list[str]:
    return re.findall(r"<tbody>.*?</tbody>", html, flags=re.S)


@pytest.mark.parametrize(
    "path",
    [
        "/centre/month/2026-10",
        "/centre/runs",
        "/centre/runs/new",
        "/centre/runs/2",
        "/centre/runs/2/houses",
        "/centre/parked",
        "/centre/values",
        "/centre/settings",
        "/centre/vat",
        "/centre/receipt-terms",
        "/accounts/1/receipts/2026-09",
        "/commons",
        "/commons/houses/1",
        "/distributors",
        "/me",
    ],
)
async def test_a_page_asks_the_database_few_questions(app: FastAPI, sign_in: SignIn, path: str) -> None:
    client = await sign_in("centre")

    with counted(app) as sent:
        answer = await client.get(path)

    assert answer.status_code == 200
    assert 1 <= len(sent) <= QUERIES_MAX, sent


TEMPLATES = sorted(Path(web.__file__).parent.rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_nothing_the_strict_policy_forbids(path: Path) -> None:
    text = path.read_text("utf-8")

    assert not re.search(r"\sstyle=|<style|hx-on|\son\w+=|javascript:|hx-live|js:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"hx-trigger=\"[^\"]*\[", text), "filters of triggers need eval"


def test_keys_are_matched_by_place_not_by_letter() -> None:
    text = (Path(web.__file__).parent / "static/js/keys.js").read_text("utf-8")

    assert "event.code" in text
    assert "event.key " not in text
    assert "event.key)" not in text
    assert len(text.splitlines()) <= 110


def test_every_item_of_a_long_rail_stands_in_a_named_group() -> None:
    long = {Role.CENTRE, Role.PUBLISHER, Role.ADMIN, Role.COMPANY}
    lost = [item.href for item in nav.ITEMS if long & set(item.roles) and nav.group_of(item) == nav.OTHER]
    known = {item.href for item in nav.ITEMS}

    assert lost == []
    assert {href for _, hrefs in nav.GROUPS for href in hrefs} <= known


async def test_group_of_the_page_stands_open_and_a_short_rail_has_no_groups(sign_in: SignIn) -> None:
    centre = (await (await sign_in("centre")).get("/centre/runs")).text
    agent = (await (await sign_in("agent")).get("/agent")).text

    assert re.findall(r'<details class="group"\s+open>\s*<summary>([^<]+)<', centre)[:1] == ["Расчёт"]
    assert 'class="group"' not in agent
