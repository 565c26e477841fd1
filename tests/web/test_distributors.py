"""The page of distributors of heat: entered with a document, refused below half of the area, downloaded."""

from __future__ import annotations

import io

import openpyxl
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import text

from billing.basis import Basis
from storage.engine import Database
from storage.importer import distributor_file
from storage.importer.template import write_rows
from tests.support.services import TestDatabase
from tests.web import corrections_city
from tests.web.conftest import HTMX, SignIn, counted, csrf_of
from tests.web.test_centre import one, seen
from tests.web.test_corrections import post

KNOWN = """
INSERT INTO heat_distributors (account_id, house_id, company_id, year, units_micro, ground)
SELECT id, house_id, company_id, :year, 1000000, 'Акт' FROM accounts WHERE id BETWEEN 21 AND :last"""
RUN = """
INSERT INTO runs (id, period, scope_kind, state, command_id, amount_kopecks)
VALUES (100, '2026-03-01', 'city', 'published', 'c100', 0)"""
MOVED = f"""
INSERT INTO lines (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day,
days, volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
SELECT 100, id, company_id, 4, 4, 0, {int(Basis.DISTRIBUTORS)}, 0, 1, 31, 1, 1, 1, :kopecks, 0, 0, 0, 0
  FROM accounts WHERE id = :account"""
CITY = corrections_city
PAGE = "/corrections/houses/2/distributors"
ACT = {"year": "2025", "ground": "Акт снятия показаний № 3"}


async def test_readings_of_a_house_are_entered_shown_and_downloaded(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    desk = await sign_in("company")
    units = {f"units{account}": "12,5" for account in range(21, 41)}

    saved = await post(desk, PAGE, PAGE, {**ACT, **units})
    answer = await desk.get(f"{PAGE}?year=2025&done=saved")
    page = seen(answer)
    file = await desk.get(f"{PAGE}.csv?year=2025")

    assert saved.status_code == 303
    assert "Больше половины" in page
    assert "Показания записаны" in page
    assert 'value="12,5"' in answer.text
    assert "12,5" in file.text
    assert await one(fresh_town, "SELECT count(*) FROM heat_distributors WHERE year = 2025") == 20


async def test_houses_are_listed_with_coverage_and_what_is_awaited(
    fresh_town: TestDatabase, sign_in: SignIn, app: FastAPI
) -> None:
    """Sixteen of the twenty accounts of house 2 gave 2025; in 2024 all of them had distributors."""
    owner = Database(fresh_town.url, "worker")
    async with owner.transaction() as session:
        await session.execute(text(KNOWN), {"year": 2024, "last": 40})
        await session.execute(text(KNOWN), {"year": 2025, "last": 36})
    await owner.close()
    desk = await sign_in("company")

    with counted(app) as sent:
        page = seen(await desk.get("/distributors?year=2025"))
    missing = await desk.get("/distributors?year=2025&only=missing&sort=-share", headers=HTMX)
    few = await desk.get("/distributors?year=2025&only=few")
    file = (await desk.get("/distributors.csv?year=2025")).text

    assert "1 дом, 2025 год" in page
    assert "16 из 20 ждём 4" in page
    assert "не проведена месяц корректировки прошёл: нужен перерасчёт" in page
    assert len(sent) <= 5
    assert "<html" not in missing.text
    assert "/corrections/houses/2/distributors?year=2025" in missing.text
    assert "/corrections/houses/2/distributors" not in few.text
    assert ";20;16;" in file


async def test_the_yearly_correction_is_shown_with_what_it_moved(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    owner = Database(fresh_town.url, "worker")
    async with owner.transaction() as session:
        await session.execute(text(KNOWN), {"year": 2025, "last": 40})
        await session.execute(text(RUN))
        await session.execute(text("CREATE TABLE lines_100 PARTITION OF lines FOR VALUES IN (100)"))
        await session.execute(text(MOVED), {"account": 21, "kopecks": 12_345})
        await session.execute(text(MOVED), {"account": 22, "kopecks": -12_345})
    await owner.close()

    page = seen(await (await sign_in("centre")).get("/distributors?year=2025"))

    assert "проведена март 2026, между помещениями 123,45" in page


def table(register: list[dict[str, object]], readings: list[dict[str, object]]) -> bytes:
    rows = {"distributors": register, "distributor_readings": readings}
    return write_rows(rows, with_examples=False, of=distributor_file.SHEETS)


def good() -> bytes:
    """A distributor in every flat of house 2, each showed 100 × 1,25."""
    numbers = [f"{at:010d}" for at in range(21, 41)]
    register: list[dict[str, object]] = [
        {"account": one, "serial": f"Р-{one}", "factor": "1,25", "installed": "15.09.2024"} for one in numbers
    ]
    return table(
        register,
        [
            {"account": one, "year": 2025, "serial": f"Р-{one}", "value": "100", "ground": ACT["ground"]}
            for one in numbers
        ],
    )


async def sent(
    client: AsyncClient, content: bytes, act: str = "load", name: str = "показания.xlsx", **fields: str
) -> Response:
    token = csrf_of(await client.get("/distributors"))
    file = (name, content, "application/octet-stream")
    return await client.post(
        "/distributors/file", data={"csrf": token, "act": act, **fields}, files={"file": file}
    )


KEPT = "SELECT count(*), sum(units_micro)::bigint FROM heat_distributors WHERE superseded_at IS NULL"


async def test_a_table_is_looked_at_then_loaded_whole_and_shown_by_distributor(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    desk = await sign_in("company")

    looked = await sent(desk, good(), "check")
    nothing = await one(fresh_town, KEPT)
    loaded = await sent(desk, good())
    again = seen(await sent(desk, good(), "check"))
    page = seen(await desk.get(f"{PAGE}?year=2025"))
    listed = seen(await desk.get("/distributors?year=2025&done=loaded"))

    assert (looked.status_code, loaded.status_code) == (200, 303)
    assert "Показания распределителей: новых 20, изменится 0, как было 0" in seen(looked)
    assert nothing == [(0, None)]
    assert await one(fresh_town, KEPT) == [(20, 20 * 125_000_000)]
    assert "Показания распределителей: новых 0, изменится 0, как было 20" in again
    assert "№ Р-0000000021: 100 × 1,25" in page
    assert "Таблица загружена" in listed
    assert "20 из 20" in listed


async def test_a_bad_row_or_a_strange_file_keeps_nothing(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    desk, centre = await sign_in("company"), await sign_in("centre")
    stranger = table([], [{"account": "0000000001", "year": 2025, "value": "5"}])

    alien = await sent(desk, stranger)
    broken = await sent(desk, b"PK\x03\x04 broken")
    other = await sent(desk, b"1", name="письмо.docx")
    empty = await sent(desk, table([], []))
    nobody = await sent(centre, good())
    chosen = await sent(centre, good(), organisation="2")

    assert [one.status_code for one in (alien, broken, other, empty, nobody)] == [422] * 5
    assert "Показания распределителей 2 Лицевой счёт" in seen(alien)
    assert "Такого счёта нет" in seen(alien)
    assert "Ничего не загружено" in seen(alien)
    assert "другого вида" in seen(other)
    assert "Возьмите образец" in seen(empty)
    assert "Выберите, чьи это дома" in seen(nobody)
    assert chosen.status_code == 303
    assert await one(fresh_town, KEPT) == [(20, 20 * 125_000_000)]


async def test_the_sample_has_both_sheets_and_asks_for_readings_of_the_register(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    desk = await sign_in("company")
    await sent(desk, good())

    file = await desk.get("/distributors/template.xlsx?year=2026")

    book = openpyxl.load_workbook(io.BytesIO(file.content))
    assert [page.title for page in book.worksheets if page.sheet_state == "visible"] == [
        "Как заполнять",
        "Распределители",
        "Показания распределителей",
    ]
    asked = list(book["Показания распределителей"].iter_rows(min_row=3, max_col=4, values_only=True))
    assert len(asked) == 20
    assert asked[0] == ("0000000021", 2026, "Р-0000000021", None)


async def test_few_wrong_or_of_another_company_are_refused(town: TestDatabase, sign_in: SignIn) -> None:
    desk = await sign_in("company")

    few = await post(desk, PAGE, PAGE, {**ACT, "units21": "1"})
    words = await post(desk, PAGE, PAGE, {**ACT, "units21": "много"})
    stranger = await desk.get("/corrections/houses/1/distributors")

    assert (few.status_code, words.status_code, stranger.status_code) == (422, 422, 404)
    assert "половине площади" in seen(few)
    assert "Введите показание числом" in seen(words)
    assert await one(town, "SELECT count(*) FROM heat_distributors") == 0
