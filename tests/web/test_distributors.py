"""The page of distributors of heat: entered with a document, refused below half of the area, downloaded."""

from __future__ import annotations

from fastapi import FastAPI
from sqlalchemy import text

from billing.basis import Basis
from storage.engine import Database
from tests.support.services import TestDatabase
from tests.web import corrections_city
from tests.web.conftest import HTMX, SignIn, counted
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


async def test_few_wrong_or_of_another_company_are_refused(town: TestDatabase, sign_in: SignIn) -> None:
    desk = await sign_in("company")

    few = await post(desk, PAGE, PAGE, {**ACT, "units21": "1"})
    words = await post(desk, PAGE, PAGE, {**ACT, "units21": "много"})
    stranger = await desk.get("/corrections/houses/1/distributors")

    assert (few.status_code, words.status_code, stranger.status_code) == (422, 422, 404)
    assert "половине площади" in seen(few)
    assert "Введите показание числом" in seen(words)
    assert await one(town, "SELECT count(*) FROM heat_distributors") == 0
