"""The centre's pages: the month, a run from button to publication by two, parked accounts, values, files."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import text

from storage.engine import Database
from tests.support.services import TestDatabase
from tests.web.city import DRAFT
from tests.web.conftest import HTMX, SignIn, csrf_of

RUN = f"/centre/runs/{DRAFT}"


def seen(answer: Response) -> str:
    """What a person reads: no tags, plain spaces."""
    words = re.sub(r"<[^>]+>", " ", answer.text)
    return " ".join(words.replace("\u202f", " ").replace("\u00a0", " ").split())


async def one(place: TestDatabase, statement: str) -> object:
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        found = (await session.execute(text(statement))).all()
    await owner.close()
    return found[0][0] if len(found) == 1 and len(found[0]) == 1 else [tuple(row) for row in found]


async def change(place: TestDatabase, statement: str) -> None:
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        await session.execute(text(statement))
    await owner.close()


async def press(client: AsyncClient, path: str, act: str, **fields: str) -> Response:
    """Press a button of a page: its form carries the token of that page."""
    return await client.post(f"{path}/{act}", data={"csrf": csrf_of(await client.get(path)), **fields})


# ---- the month ------------------------------------------------------------------------------------


async def test_the_month_shows_the_draft_against_last_month_and_what_is_next(sign_in: SignIn) -> None:
    words = seen(await (await sign_in("centre")).get("/centre/month/2026-10"))

    assert "Начислено, черновик 200 000,00 ₽ 0 % к сентябрю" in words
    assert "Отложено 1 из 24 счетов" in words
    assert "Отложенные счета разобрать 1 счёт ждёт данных" in words
    assert "УК «Центр» 1 12 — 0 из 0 0 110 000,00 +10,0 % черновик" in words
    assert "Всего 2 24 — 0 из 0 1 200 000,00 0 %" in words


async def test_a_month_nobody_opened_is_told_so(sign_in: SignIn) -> None:
    client = await sign_in("centre")

    unknown, wrong = await client.get("/centre/month/2030-01"), await client.get("/centre/month/october")

    assert (unknown.status_code, wrong.status_code) == (404, 404)
    assert "Месяц январь 2030 ещё не открывали." in seen(unknown)
    assert "«october» — не месяц. Запишите как 2026-10." in seen(wrong)


# ---- start ----------------------------------------------------------------------------------------


async def test_before_the_button_one_sees_how_many_accounts_it_touches(sign_in: SignIn) -> None:
    client = await sign_in("centre")

    city = seen(await client.get("/centre/runs/new"))
    house = seen(await client.get("/centre/runs/new?scope=house&street=Лен&house=12", headers=HTMX))
    account = seen(await client.get("/centre/runs/new?scope=account&account=0010001"))
    missing = await client.get("/centre/runs/new?scope=account&account=777")

    assert "Счетов 24 в 2 домах" in city
    assert "Черновик той же области уже есть: прогон 2" in city
    assert "ул. Ленина, д. 12" in house
    assert "Начислить 12 счетов" in house
    assert "Начислить 1 счёт" in account
    assert missing.status_code == 422
    assert "Счёт 777 не найден." in seen(missing)


async def test_pressing_twice_starts_one_run_with_one_command(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("centre")
    page = await client.get("/centre/runs/new?scope=organisation&company=2")
    hidden = dict(
        re.findall(
            r'name="(scope|scope_id|period|command)"\s+value="([^"]*)"', page.text.split("preview")[-1]
        )
    )
    form = {"csrf": csrf_of(page), **hidden}

    first, second = await client.post("/centre/runs", data=form), await client.post("/centre/runs", data=form)

    assert first.headers["Location"] == second.headers["Location"]
    assert (
        await one(fresh_town, "SELECT count(*) FROM runs WHERE scope_kind = 'organisation' AND scope_id = 2")
        == 1
    )
    assert await one(fresh_town, "SELECT count(*) FROM outbox WHERE subject = 'commands.runs.start'") == 1
    assert (
        await one(fresh_town, "SELECT full_name FROM runs JOIN users u ON u.id = created_by")
        == "Иванова А. П."
    )


async def test_a_closed_or_forged_start_is_refused_in_words(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("centre")
    token = csrf_of(await client.get("/centre/runs/new"))
    form = {"csrf": token, "scope": "house", "scope_id": "999", "period": "2026-10", "command": "c" * 32}

    nowhere = await client.post("/centre/runs", data=form)
    early = await client.post("/centre/runs", data={**form, "scope": "city", "period": "2030-01"})
    torn = await client.post("/centre/runs", data={"csrf": token})

    assert [answer.status_code for answer in (nowhere, early, torn)] == [409, 409, 409]
    assert "Дом: не найдено ничего с номером 999" in seen(nowhere)
    assert "Месяц январь 2030 не открыт" in seen(early)
    assert "форма заполнена не до конца" in seen(torn)
    assert await one(fresh_town, "SELECT count(*) FROM runs") == 2


# ---- the page of a run ----------------------------------------------------------------------------


async def test_totals_by_what_is_not_known_are_refused_in_words(sign_in: SignIn) -> None:
    refused = await (await sign_in("centre")).get(f"{RUN}/totals.xlsx?by=zzz")

    assert refused.status_code == 404
    assert "Такой сводки нет." in seen(refused)
    assert "по услугам, по организациям, по поставщикам" in seen(refused)


async def test_totals_stand_against_last_month_by_service_company_and_supplier(sign_in: SignIn) -> None:
    client = await sign_in("centre")

    services = seen(await client.get(RUN))
    companies = seen(await client.get(f"{RUN}?by=company"))
    suppliers = seen(await client.get(f"{RUN}?by=supplier"))

    assert "Холодное водоснабжение 80 000,00 80 000,00 0,00 0 %" in services
    assert "Отопление 120 000,00 120 000,00 0,00 0 %" in services
    assert "Всего 200 000,00 200 000,00 0,00 0 %" in services
    assert "УК «Центр» 110 000,00 100 000,00 +10 000,00 +10,0 %" in companies
    assert "УК «Север» 90 000,00 100 000,00 −10 000,00 −10,0 %" in companies
    assert "Водоканал 80 000,00 80 000,00 0,00 0 %" in suppliers
    assert "нет площади 1" in services
    assert "24 из 24 счетов" in services


async def test_houses_are_sorted_filtered_and_summed_over_all_found(sign_in: SignIn) -> None:
    client = await sign_in("centre")

    all_houses = await client.get(f"{RUN}/houses?sort=-delta")
    one_street = await client.get(f"{RUN}/houses?street=Мир")
    none = await client.get(f"{RUN}/houses?street=Пушкина")

    assert seen(all_houses).index("ул. Ленина, 12") < seen(all_houses).index("ул. Мира, 4")
    assert "Всего найдено 24 1 200 000,00 200 000,00 0,00 0 %" in seen(all_houses)
    assert "ул. Ленина, 12" not in seen(one_street)
    assert "Всего найдено 12 1 90 000,00 100 000,00 −10 000,00 −10,0 %" in seen(one_street)
    assert "Ничего не найдено" in seen(none)


async def test_an_unknown_run_says_so(sign_in: SignIn) -> None:
    client = await sign_in("centre")

    assert "Прогона 777 нет." in seen(await client.get("/centre/runs/777"))
    assert (await client.get("/centre/runs/abc")).status_code == 422


async def test_publication_needs_another_person_and_then_is_commanded_once(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    first, second = await sign_in("publisher"), await sign_in("centre")

    handed = await press(first, RUN, "hand-over")
    mine = await first.get(RUN)
    by_right = await second.get(RUN)
    again = await press(first, RUN, "publish", total="20000000")

    assert handed.status_code == 303
    assert "Передали вы, поэтому опубликовать должен другой сотрудник." in seen(mine)
    assert re.search(r"<button[^>]*disabled[^>]*>Опубликовать октябрь 2026</button>", mine.text)
    assert "Здесь нужно право «Публикация»" in seen(by_right)
    assert again.status_code == 409
    assert "должен другой человек" in seen(again)
    assert await one(fresh_town, "SELECT count(*) FROM outbox WHERE subject = 'commands.runs.publish'") == 0


async def test_the_second_person_signs_what_was_looked_at(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    asker, signer = await sign_in("centre"), await sign_in("publisher")
    await press(asker, RUN, "hand-over")

    changed = await press(signer, RUN, "publish", total="1")
    signed = await press(signer, RUN, "publish", total="20000000")

    assert changed.status_code == 409
    assert "Данные изменились после просмотра." in seen(changed)
    assert signed.status_code == 303
    assert await one(fresh_town, "SELECT count(*) FROM outbox WHERE subject = 'commands.runs.publish'") == 1
    assert "публикуется" in seen(await signer.get(RUN))


async def test_a_hand_over_may_be_returned_and_a_draft_undone(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("centre")

    await press(client, RUN, "hand-over")
    returned = await press(client, RUN, "return")
    undone = await press(client, RUN, "undo")
    unknown = await press(client, RUN, "explode")

    assert (returned.status_code, undone.status_code, unknown.status_code) == (303, 303, 404)
    assert await one(fresh_town, "SELECT requested_by FROM runs WHERE id = 2") is None
    assert await one(fresh_town, "SELECT count(*) FROM outbox WHERE subject = 'commands.runs.undo'") == 1


async def test_a_draft_handed_over_is_taken_back_before_it_is_undone(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("centre")
    await press(client, RUN, "hand-over")

    refused = await press(client, RUN, "undo")
    await press(await sign_in("publisher"), RUN, "publish", total="20000000")
    too_late = await press(client, RUN, "undo")

    assert refused.status_code == 409
    assert "Сначала верните его на проверку, потом отмените." in seen(refused)
    assert too_late.status_code == 409
    assert "уже согласована, отменить его нельзя" in seen(too_late)
    assert await one(fresh_town, "SELECT count(*) FROM outbox WHERE subject = 'commands.runs.undo'") == 0


async def test_a_run_that_is_being_undone_says_so_and_watches(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("centre")

    await press(client, RUN, "undo")
    page = await client.get(RUN)

    assert "отменяется" in seen(page)
    assert "hx-sse:connect" in page.text
    assert "Передать на публикацию" not in seen(page)


async def test_an_undone_run_looks_undone_and_names_who_did_it(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("centre")
    await press(client, RUN, "undo")
    await change(
        fresh_town, "UPDATE runs SET state = 'undone', undone_at = '2026-11-20 11:02+00' WHERE id = 2"
    )

    page = await client.get(RUN)

    assert "Черновик отменён 20.11.2026 14:02, Иванова А. П." in seen(page)
    assert "До отмены посчитано 24 из 24 счетов" in seen(page)
    assert re.search(r'class="ended"[^>]*>Проверяется<', page.text), "it was counted to the end"
    assert "Отмена запрошена · Иванова А. П." in seen(page)
    for alive in ("<progress", "hx-sse:connect", "Отменить черновик", "/centre/parked?run=2&amp;reason"):
        assert alive not in page.text, alive


async def test_a_published_run_offers_no_deed(sign_in: SignIn) -> None:
    client = await sign_in("publisher")
    page = await client.get("/centre/runs/1")

    refused = await client.post("/centre/runs/1/undo", data={"csrf": csrf_of(page)})

    assert "Опубликован" in seen(page)
    assert "Отменить черновик" not in seen(page)
    assert refused.status_code == 409
    assert "опубликован, отменить его нельзя" in seen(refused)


# ---- live -----------------------------------------------------------------------------------------


async def test_a_moving_run_streams_progress_and_ends_with_done(
    fresh_town: TestDatabase, app: FastAPI, sign_in: SignIn
) -> None:
    await change(fresh_town, "UPDATE run_blocks SET state = 'planned' WHERE run_id = 2 AND block_no = 1")
    await change(fresh_town, "UPDATE runs SET state = 'accruing' WHERE id = 2")
    client = await sign_in("centre")

    page = await client.get(RUN)
    running = await client.get("/jobs/running")
    await change(fresh_town, "UPDATE runs SET state = 'checked' WHERE id = 2")
    stream = await client.get(f"{RUN}/stream")
    tag = running.headers["HX-PTag"]

    assert 'hx-sse:connect="/centre/runs/2/stream' in page.text
    assert "12 из 24 счетов" in seen(page)
    assert '<meta http-equiv="refresh" content="3" />' in page.text
    assert "50 %" in seen(running)
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert 'hx-target="#progress"' in stream.text
    assert stream.text.rstrip().endswith("event: done\ndata:")
    assert (await client.get("/jobs/running", headers={"HX-PTag": tag})).status_code == 200


async def test_a_part_of_a_month_is_not_held_against_a_whole_one(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("centre")

    await change(fresh_town, "UPDATE runs SET state = 'planned' WHERE id = 2")
    waiting = seen(await client.get(RUN))
    await change(fresh_town, "UPDATE run_blocks SET state = 'planned' WHERE run_id = 2 AND block_no = 1")
    await change(fresh_town, "UPDATE runs SET state = 'accruing' WHERE id = 2")
    counting = seen(await client.get(RUN))

    assert "Итогов ещё нет" in waiting
    assert "80 000,00 – –" in counting
    for half in (waiting, counting):
        assert "К прошлому месяцу" not in half


async def test_nothing_moved_is_answered_without_a_body(sign_in: SignIn) -> None:
    client = await sign_in("centre")
    first = await client.get("/jobs/running")

    second = await client.get("/jobs/running", headers={"HX-PTag": first.headers["HX-PTag"]})

    assert second.status_code == 304


# ---- parked ---------------------------------------------------------------------------------------


async def test_parked_accounts_are_listed_with_what_to_do_and_a_link(sign_in: SignIn) -> None:
    client = await sign_in("centre")

    page = await client.get("/centre/parked")
    other = await client.get("/centre/parked?reason=NO_TARIFF")

    assert "нет площади 1" in seen(page)
    assert 'href="/accounts/24"' in page.text
    assert "Впишите её в карточке счёта, раздел «Помещение»" in seen(page)
    assert "Ничего не найдено" in seen(other)
    assert 'href="/centre/parked"' in other.text


async def test_an_account_charged_alone_later_is_settled_in_the_list_of_the_city(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("centre")
    before = await client.get("/centre/month/2026-10")
    await change(
        fresh_town,
        "INSERT INTO runs (id, period, scope_kind, scope_id, company_id, state, command_id) "
        "VALUES (3, '2026-10-01', 'account', 24, 3, 'checked', 'run-3')",
    )

    settled = await client.get("/centre/parked?run=2")
    month = await client.get("/centre/month/2026-10")
    table = (await client.get("/centre/parked.csv?run=2")).content.decode("utf-8-sig").splitlines()
    await change(fresh_town, AGAIN)
    again = await client.get("/centre/parked?run=2")

    assert "Отложено 1 " in seen(before)
    assert "Отложено 0 " in seen(month)
    assert "0 счетов отложено" in seen(settled)
    assert "ещё 1 пересчитан позже" in seen(settled)
    assert "Пересчитан прогоном 3" in seen(settled)
    assert 'class="gone"' in settled.text
    assert table[1].endswith(";3;")
    assert "Пересчитан" not in seen(again)
    assert "1 счёт отложен" in seen(again)


AGAIN = """
INSERT INTO parked_accounts (run_id, account_id, company_id, house_id, service, reason, message)
SELECT 3, account_id, company_id, house_id, service, reason, message FROM parked_accounts WHERE run_id = 2"""


async def test_each_reason_leads_to_the_place_where_it_is_put_right(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await change(
        fresh_town,
        "INSERT INTO parked_accounts (run_id, account_id, company_id, house_id, service, reason, message) "
        "SELECT 2, id, 2, 1, 4, (ARRAY['NO_TARIFF', 'NO_PEOPLE', 'NO_HOUSE_READING', 'NEIGHBOUR', "
        "'BLOCK_FAILED'])[id], 'Почему: счёт ' || (SELECT number FROM accounts WHERE id = 24) || '.' "
        "FROM accounts WHERE id <= 5",
    )
    desk, looker = await sign_in("centre"), await sign_in("admin")

    parked = (await desk.get("/centre/parked")).text
    run = (await desk.get(RUN)).text
    looked_at = (await looker.get("/centre/parked")).text

    for place in (
        "/accounts/24/edit/area#place",
        "/centre/values?service=4",
        "/accounts/2/edit/register#people",
        "/centre/import",
        "/accounts/24",
        "/centre/runs/2#log",
    ):
        assert f'href="{place}"' in parked, place
    for place in ("/centre/values", "/centre/import", "/centre/runs/2#log"):
        assert f'href="{place}"' in run, place
    assert "/edit/" not in looked_at
    assert 'href="/accounts/24#place"' in looked_at


async def test_without_parked_accounts_the_page_says_it_is_good(sign_in: SignIn) -> None:
    words = seen(await (await sign_in("centre")).get("/centre/parked?run=1"))

    assert "Отложенных счетов нет" in words


# ---- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "rows"),
    [(f"{RUN}/totals", 3), (f"{RUN}/houses", 3), ("/centre/parked", 1), ("/centre/values", 2)],
)
async def test_every_list_is_taken_away_as_csv_and_as_xlsx(sign_in: SignIn, path: str, rows: int) -> None:
    client = await sign_in("centre")

    plain, book, other = [await client.get(f"{path}.{form}") for form in ("csv", "xlsx", "exe")]

    lines = plain.content.decode("utf-8-sig").splitlines()
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).active
    assert len(lines) == rows + 1
    assert sheet is not None
    assert sheet.max_row == rows + 3
    assert [cell.value for cell in sheet[3]] == lines[0].split(";")
    assert "attachment" in plain.headers["Content-Disposition"]
    assert other.status_code == 404


async def test_sums_in_a_workbook_are_numbers(sign_in: SignIn) -> None:
    client = await sign_in("centre")

    book = openpyxl.load_workbook(io.BytesIO((await client.get(f"{RUN}/houses.xlsx")).content))

    sheet = book.active
    assert sheet is not None
    assert [sheet.cell(4, column).value for column in (1, 5, 6, 7)] == [
        "ул. Ленина, 12",
        110000,
        100000,
        10000,
    ]


# ---- values ---------------------------------------------------------------------------------------


async def test_values_show_dates_documents_and_houses_left_without_a_tariff(sign_in: SignIn) -> None:
    client = await sign_in("centre")

    now = seen(await client.get("/centre/values"))
    history = seen(await client.get("/centre/values?service=1"))

    assert "Отопление : без тарифа 2 дома из 2, например ул. Ленина, 12" in now
    assert "51,2345 ₽/м³ 01.07.2026 до следующего Приказ РЭК № 44" in now
    assert "50,00" not in now
    assert "50,00 ₽/м³ 01.01.2026 30.06.2026 Приказ РЭК № 10" in history
