"""The page of an account: one screen, why each sum, a reading at the desk, the receipt, who may not look."""

from __future__ import annotations

import asyncpg
import pytest
from fastapi import FastAPI

from tests.support.services import TestDatabase
from tests.web import clock, town
from tests.web.conftest import HTMX, SignIn, counted
from tests.web.desk import count, plain, section, send, send_live, take_readings
from tests.web.town_books import charged

CITY = town
QUERIES_MAX = 5
WHY_WATER = "12-1-0-1-1"
"""Cold water of September by meter: run, service, component, first day, basis."""


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock.freeze(monkeypatch)


def sum_words(kopecks: int) -> str:
    return f"{kopecks // 100:,}".replace(",", " ") + f",{kopecks % 100:02d}"


# ---- one screen -------------------------------------------------------------------------------------


async def test_everything_of_a_flat_stands_on_one_screen(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    words = plain(await desk.get("/accounts/1?period=2026-09"))

    for told in ("ул. Ленина, 12, кв. 1", "1000001", "Алёхина Мария Петровна", "54,3 м²", "2 человека"):
        assert told in words
    assert f"Долг {sum_words(charged(12, 1))} ₽" in words
    assert "Холодное водоснабжение по счётчику · ПП 354, п. 42, прил. 2, ф. 1 · Водоканал 7,000 м³" in words
    assert "№ 123456" in words
    assert "поверка до 10.03.2028" in words
    assert "Алёхин Денис Юрьевич 20.11.1990 · сын" in words
    assert "Договор купли-продажи от 12.02.2015" in words


async def test_twelve_months_follow_one_from_another(sign_in: SignIn) -> None:
    desk = await sign_in("ivanova")

    money = plain(await desk.get("/accounts/1"))

    last, before = sum_words(charged(12, 1)), sum_words(charged(11, 1))
    assert f"сентябрь 2026 {before} {last} {before} {last}" in money
    assert f"октябрь 2026 {last} ещё нет – {last}" in money


async def test_a_page_costs_few_queries(sign_in: SignIn, app: FastAPI) -> None:
    desk = await sign_in("center")

    with counted(app) as sent:
        await desk.get("/accounts/1")

    assert len(sent) <= QUERIES_MAX, sent


async def test_lines_of_a_month_are_the_same_whole_and_bare(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    whole = await desk.get("/accounts/1?period=2026-08")
    bare = await desk.get("/accounts/1/charges?period=2026-08", headers=HTMX)

    assert "<html" in whole.text
    assert "<html" not in bare.text
    assert section(whole, "charges") == section(bare, "charges")
    assert bare.headers["HX-Push-Url"] == "/accounts/1?period=2026-08"


async def test_an_unpublished_month_is_shown_as_a_draft(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    words = plain(await desk.get("/accounts/1"))

    assert "Начисления, октябрь 2026 черновик" in words
    assert f"Черновик, октябрь 2026 {sum_words(charged(13, 1))} ₽" in words


async def test_a_parked_account_says_why(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    words = plain(await desk.get("/accounts/6"))

    assert "Отложен в прогоне 13: Не указана площадь." in words


async def test_a_wrong_month_in_the_address_opens_the_newest(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    answer = await desk.get("/accounts/1?period=осень")

    assert answer.status_code == 200
    assert "Начисления, октябрь 2026" in plain(answer)


# ---- why --------------------------------------------------------------------------------------------


async def test_any_sum_can_be_asked_why_by_its_own_address(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    whole = await desk.get(f"/accounts/1?period=2026-09&why={WHY_WATER}")
    panel = await desk.get(f"/accounts/1/why/{WHY_WATER}?period=2026-09", headers=HTMX)

    assert panel.headers["HX-Push-Url"] == f"/accounts/1?period=2026-09&why={WHY_WATER}"
    assert "<html" not in panel.text
    for words in (plain(whole), plain(panel)):
        assert "172 − 165" in words
        assert "51,2345" in words
        assert "358,64 ₽" in words
        assert "Приказ департамента тарифов № 44, действует с 01.01.2025" in words
        assert "ПП 354, п. 42, прил. 2, ф. 1" in words
        assert "август 2026: 6,000 м³ × 51,2345 ₽, по счётчику, 307,41 ₽" in words


async def test_the_vat_inside_a_sum_is_told_when_its_payee_pays_it(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    """358,64 ₽ × 22 / 122 = 64,67 ₽; a term of another month or of a service without VAT says nothing."""
    desk = await sign_in("center")
    address = f"/accounts/1/why/{WHY_WATER}?period=2026-09"

    without = plain(await desk.get(address, headers=HTMX))
    await vat_term(fresh_town, "2026-10-01", is_included=True)
    later = plain(await desk.get(address, headers=HTMX))
    await vat_term(fresh_town, "2026-01-01", is_included=True)
    told = plain(await desk.get(address, headers=HTMX))
    await vat_term(fresh_town, "2026-09-01", is_included=False)
    ended = plain(await desk.get(address, headers=HTMX))

    assert "НДС" not in without
    assert "НДС" not in later
    assert "В том числе НДС 22 %" in told
    assert "64,67 ₽" in told
    assert "выделен из суммы: НК РФ, ст. 164" in told
    assert "НДС" not in ended


async def vat_term(town: TestDatabase, since: str, *, is_included: bool) -> None:
    """An approved term of whoever is paid for the water of account 1."""
    connection = await asyncpg.connect(town.url)
    try:
        await connection.execute(
            "INSERT INTO vat_terms (organisation_id, service, is_included, valid_from, document, "
            "document_date, state, proposed_by, decided_by, decided_at) "
            "SELECT DISTINCT supplier_id, NULL::smallint, $1::boolean, $2::text::date, 'Договор', date "
            "'2025-12-01', 'approved', 1, 2, now() FROM lines WHERE account_id = 1 AND service = 1",
            is_included,
            since,
        )
    finally:
        await connection.close()


async def test_a_line_that_is_not_there_is_told_in_words(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    answer = await desk.get("/accounts/1/why/12-9-0-1-1?period=2026-09", headers=HTMX)

    assert answer.status_code == 404
    assert "Такой строки начислений нет." in answer.text


# ---- who may not look -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/accounts/7", "/accounts/7/nearest", "/accounts/7/receipts/2026-09.pdf"])
async def test_an_account_of_another_company_is_not_found(sign_in: SignIn, path: str) -> None:
    desk = await sign_in("center")

    answer = await desk.get(path)

    assert answer.status_code == 404
    assert "Жуков" not in answer.text


@pytest.mark.parametrize("who", ["dispatcher", "bank", "social", "1000001"])
async def test_other_roles_have_no_page_of_an_account(sign_in: SignIn, who: str) -> None:
    client = await sign_in(who)

    assert (await client.get("/accounts/1")).status_code == 403


async def test_the_administrator_looks_but_does_not_enter_readings(sign_in: SignIn) -> None:
    admin = await sign_in("admin")

    page = await admin.get("/accounts/1")
    answer = await send(admin, "/accounts/1", "/accounts/1/readings/1", value1="180", key="a")

    assert 'action="/accounts/1/readings/1"' not in page.text
    assert answer.status_code == 403


# ---- a reading at the desk --------------------------------------------------------------------------


async def test_a_reading_goes_as_an_event_and_comes_back_taken(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    desk = await sign_in("center")

    given = await send(desk, "/accounts/1", "/accounts/1/readings/1", value1="178", key="k1")
    waiting = plain(await desk.get(given.headers["Location"].partition("#")[0]))
    taken = await take_readings(fresh_town)
    done = plain(await desk.get(given.headers["Location"].partition("#")[0]))

    assert given.status_code == 303
    assert "Принято. Расход 6 м³. Записываем." in waiting
    assert taken == 1
    assert "Записываем" not in done
    assert "За октябрь 2026 уже есть: 178" in done
    assert await count(fresh_town, "readings", "meter_id = 1 AND period = '2026-10-01'") == 1


async def test_the_nearest_charge_counts_the_new_reading(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    desk = await sign_in("center")
    before = plain(await desk.get("/accounts/1/nearest"))

    await send(desk, "/accounts/1", "/accounts/1/readings/1", value1="178", key="k1")
    await take_readings(fresh_town)
    after = plain(await desk.get("/accounts/1/nearest"))

    assert "по среднему: показание не передано" in before
    assert "Холодное водоснабжение 6,000 м³, по счётчику 307,41" in after


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("160", "Показание 160 меньше прошлого 172 от 22.09."),
        ("сто", "Введите показание числом: 124 или 124,35."),
        ("", "Введите показание числом: 124 или 124,35."),
        ("1234567", "длиннее счётчика"),
    ],
)
async def test_a_bad_reading_is_refused_and_stays_typed(sign_in: SignIn, value: str, words: str) -> None:
    desk = await sign_in("center")

    answer = await send(desk, "/accounts/1", "/accounts/1/readings/1", value1=value, key="k-bad")
    bare = await send_live(desk, "/accounts/1", "/accounts/1/readings/1", value1=value, key="k-bad")

    assert (answer.status_code, bare.status_code) == (422, 422)
    assert words in plain(answer)
    assert f'name="value1" value="{value}"' in answer.text
    assert "<html" not in bare.text


async def test_an_unusual_reading_is_asked_about_once(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    desk = await sign_in("center")

    asked = await send(desk, "/accounts/1", "/accounts/1/readings/1", value1="218", key="k2")
    sure = await send(desk, "/accounts/1", "/accounts/1/readings/1", value1="218", key="k2", confirmed="yes")

    assert asked.status_code == 422
    assert "Расход 46 м³, обычно 5–7 м³." in plain(asked)
    assert "Да, передать 218" in plain(asked)
    assert sure.status_code == 303
    assert await count(fresh_town, "inbox") == 1


async def test_a_second_press_sends_nothing_and_other_figures_are_an_alarm(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    desk = await sign_in("center")

    first = await send(desk, "/accounts/1", "/accounts/1/readings/1", value1="178", key="k3")
    again = await send(desk, "/accounts/1", "/accounts/1/readings/1", value1="178", key="k3")
    other = await send(desk, "/accounts/1", "/accounts/1/readings/1", value1="179", key="k3")

    assert (first.status_code, again.status_code, other.status_code) == (303, 303, 409)
    assert await count(fresh_town, "outbox", "subject = 'readings.given'") == 1


async def test_a_meter_of_another_account_is_not_taken(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    answer = await send(desk, "/accounts/2", "/accounts/2/readings/1", value1="178", key="k4")

    assert answer.status_code == 404


# ---- the receipt ------------------------------------------------------------------------------------


async def test_the_receipt_of_a_published_month_is_a_named_pdf(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    answer = await desk.get("/accounts/1/receipts/2026-09.pdf")

    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["Content-Disposition"] == 'inline; filename="kvitanciya-2026-09-1000001.pdf"'


@pytest.mark.parametrize("month", ["2026-10", "2020-01", "осень"])
async def test_without_a_publication_there_is_no_receipt(sign_in: SignIn, month: str) -> None:
    desk = await sign_in("center")

    answer = await desk.get(f"/accounts/1/receipts/{month}.pdf")

    assert answer.status_code == 404
    assert "text/html" in answer.headers["Content-Type"]
