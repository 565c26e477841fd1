"""«Задним числом»: what was entered late is listed, becomes one draft or is taken out; whose it is."""

from __future__ import annotations

from actors.local import run_until_idle
from storage.engine import Database
from storage.runs import START
from tests.storage.run_steps import order
from tests.support.services import TestDatabase
from tests.web import corrections_city
from tests.web.conftest import SignIn
from tests.web.test_centre import one, seen
from tests.web.test_corrections import EVENT, post

CITY = corrections_city
QUEUE = "/corrections/late"


async def drafted(town: TestDatabase, run_id: int) -> None:
    owner = Database(town.url)
    await order(owner, START, run_id)
    await run_until_idle(owner.url)
    await owner.close()


async def test_a_break_entered_late_is_computed_from_the_queue(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    dispatcher, company = await sign_in("dispatcher"), await sign_in("company")
    event = {**EVENT, "to_day": "2026-08-12"}
    entered = await post(dispatcher, "/corrections/events/new", "/corrections/events/new", event)
    assert entered.status_code == 303

    listed = seen(await company.get(QUEUE))
    table = await company.get(f"{QUEUE}.csv")
    asked = await post(company, QUEUE, QUEUE, {"command": "c" * 32})
    run_id = int(asked.headers["Location"].rsplit("/", 1)[1])
    again = await post(company, QUEUE, QUEUE, {"command": "c" * 32})
    await drafted(fresh_town, run_id)
    package = seen(await company.get(asked.headers["Location"]))

    assert ": перерыв, 10.08.2026 — 12.08.2026" in listed
    assert "Журнал АДС № 3" in listed
    assert "Мир" in table.text
    assert again.headers["Location"] == asked.headers["Location"]
    assert await one(fresh_town, f"SELECT scope_kind FROM runs WHERE id = {run_id}") == "house"
    assert await one(fresh_town, f"SELECT lines_count > 0 FROM runs WHERE id = {run_id}") is True
    assert "Факты задним числом" in package
    assert "Перерасчёты" in seen(await company.get("/corrections"))
    assert "Очередь пуста" in seen(await company.get(QUEUE))
    assert "в черновике" in seen(await company.get(f"{QUEUE}?state=any"))


async def test_a_draft_without_a_difference_closes_its_facts(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    """Nobody lives in an entrance 9: nothing to give back."""
    dispatcher, company = await sign_in("dispatcher"), await sign_in("company")
    event = {**EVENT, "entrance": "9"}
    await post(dispatcher, "/corrections/events/new", "/corrections/events/new", event)
    asked = await post(company, QUEUE, QUEUE, {"command": "d" * 32})
    place = asked.headers["Location"]
    await drafted(fresh_town, int(place.rsplit("/", 1)[1]))

    page = seen(await company.get(place))
    closed = await post(company, place, f"{place}/close", {})

    assert "Закрыть: пересчитывать нечего" in page
    assert closed.status_code == 303
    assert await one(fresh_town, "SELECT dismissal FROM late_facts") == "Посчитано: разницы нет"


async def test_taking_out_needs_words_and_another_company_sees_nothing(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    dispatcher, company, centre = [await sign_in(role) for role in ("dispatcher", "company", "centre")]
    await post(dispatcher, "/corrections/events/new", "/corrections/events/new", EVENT)
    number = await one(fresh_town, "SELECT id FROM late_facts")
    await post(
        centre,
        "/corrections/events/new",
        "/corrections/events/new",
        {**EVENT, "house": "1", "ground": "Журнал АДС № 4"},
    )

    mute = await post(company, QUEUE, f"{QUEUE}/{number}/dismiss", {"why": " "})
    gone = await post(company, QUEUE, f"{QUEUE}/{number}/dismiss", {"why": "Акт отозван"})
    foreign = await one(fresh_town, "SELECT max(id) FROM late_facts")
    not_mine = await post(company, QUEUE, f"{QUEUE}/{foreign}/dismiss", {"why": "Не моё"})

    assert (mute.status_code, gone.status_code, not_mine.status_code) == (409, 303, 409)
    assert "Журнал АДС № 4" not in seen(await company.get(f"{QUEUE}?state=any"))
    assert "Акт отозван" in seen(await company.get(f"{QUEUE}?state=dismissed"))
    assert "Журнал АДС № 4" in seen(await centre.get(QUEUE))
    assert (await dispatcher.get(QUEUE)).status_code == 403


TARIFF = "SELECT id FROM tariffs WHERE service = 1 AND house_id IS NULL AND superseded_at IS NULL LIMIT 1"


async def test_an_annulled_tariff_reaches_every_house_through_the_queue(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    """Since 1 September the court halves the price: August stays, September differs in every house."""
    centre, publisher = await sign_in("centre"), await sign_in("publisher")
    old = await one(fresh_town, TARIFF)
    rate = int(str(await one(fresh_town, f"SELECT rate FROM tariffs WHERE id = {old}")))
    form_page = f"/centre/values/tariff/{old}/past"
    form = {"valid_from": "2026-09-01", "last_day": "2026-09-30", "document": "Решение суда № 2-17"}
    form |= {"document_date": "2026-10-02", "value": f"{rate // 2 // 10_000},{rate // 2 % 10_000:04d}"}

    shown = seen(await centre.get(form_page))
    sent = await post(centre, form_page, form_page, form)
    number = await one(fresh_town, "SELECT id FROM value_proposals")
    mine = await post(centre, "/centre/values", f"/centre/values/{number}/approve", {})
    agreed = await post(publisher, "/centre/values", f"/centre/values/{number}/approve", {})
    asked = await post(centre, QUEUE, QUEUE, {"command": "e" * 32})
    run_id = int(asked.headers["Location"].rsplit("/", 1)[1])
    await drafted(fresh_town, run_id)

    assert "Отменить или изменить задним числом" in shown
    assert [answer.status_code for answer in (sent, mine, agreed)] == [303, 409, 303]
    in_force = "SELECT count(*) FROM tariffs WHERE service = 1 AND superseded_at IS NULL AND house_id IS NULL"
    assert await one(fresh_town, f"{in_force} AND rate = {rate // 2}") == 1
    assert await one(fresh_town, f"SELECT scope_kind FROM runs WHERE id = {run_id}") == "late"
    houses = f"SELECT count(DISTINCT h) FROM run_blocks, unnest(house_ids) h WHERE run_id = {run_id}"
    served = "SELECT count(DISTINCT house_id) FROM house_services WHERE service = 1"
    assert await one(fresh_town, houses) == await one(fresh_town, served)
    months = f"SELECT string_agg(DISTINCT months_back::text, ',') FROM lines WHERE run_id = {run_id}"
    assert await one(fresh_town, months) == "1"
    # каждая строка тарифа стала вдвое дешевле: снято больше, чем начислено вновь
    assert await one(fresh_town, f"SELECT amount_kopecks < 0 FROM runs WHERE id = {run_id}") is True
    assert "Решение суда № 2-17" in seen(await centre.get(asked.headers["Location"]))


async def test_a_change_of_days_without_a_value_is_refused(town: TestDatabase, sign_in: SignIn) -> None:
    centre = await sign_in("centre")
    old = await one(town, TARIFF)
    place = f"/centre/values/tariff/{old}/past"
    form = {"value": "1,00", "valid_from": "1999-01-01", "last_day": "1999-12-31", "document": "Решение"}

    nothing = await post(centre, place, place, {**form, "document_date": "2026-10-02"})
    turned = await post(
        centre, place, place, {**form, "last_day": "1998-12-31", "document_date": "2026-10-02"}
    )
    gone = await centre.get("/centre/values/tariff/999999/past")

    assert (nothing.status_code, turned.status_code, gone.status_code) == (422, 422, 404)
    assert "не действовало: менять нечего" in seen(nothing)
    assert "Последний день раньше первого" in seen(turned)
