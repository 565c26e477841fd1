"""Pages of readings on check: the queue, decisions one by one and in bulk, rules as dated data, the month."""

from __future__ import annotations

from httpx import AsyncClient, Response

from billing.vee.catalogue import RULES
from billing.vee.policy import USUAL
from tests.support.services import TestDatabase
from tests.web import town
from tests.web.conftest import SignIn, csrf_of
from tests.web.test_centre import change, one, seen

CITY = town
QUEUE = "/readings/held"
HELD = """
INSERT INTO held_readings (reading_id, period, meter_id, house_id, account_id, company_id, service, zones,
  source, taken_on, value1_micro, value2_micro, value3_micro, prev1_micro, prev2_micro, prev3_micro,
  volume_micro, rules, words)
SELECT n, '2026-10-01', m.id, m.house_id, m.account_id, m.company_id, m.service, 1, 'resident', '2026-10-20',
       900000000 + n, 0, 0, 100000000, 0, 0, 800000000 + n, '{spike}', 'Расход 800 м³, обычно 5 м³.'
  FROM generate_series(1, 3) n, (SELECT * FROM meters WHERE account_id IS NOT NULL ORDER BY id LIMIT 1) m"""


async def post(client: AsyncClient, page: str, path: str, **fields: object) -> Response:
    return await client.post(path, data={"csrf": csrf_of(await client.get(page)), **fields})


async def test_the_queue_is_shown_filtered_and_taken_away(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await change(fresh_town, HELD)
    client = await sign_in("ivanova")

    words = seen(await client.get(QUEUE))
    none = seen(await client.get(f"{QUEUE}?rule=swapped"))
    month = seen(await client.get("/centre/month/2026-10"))
    file = await client.get(f"{QUEUE}.csv")

    assert "Найдено 3, на проверке 3" in words
    assert "Расход 800 м³, обычно 5 м³." in words
    assert "Найдено 0, на проверке 3" in none
    assert "3 показания ждут решения, в начисление не идут" in month
    assert file.text.count("Расход 800") == 3


async def test_held_readings_of_a_file_are_decided_row_by_row_in_its_protocol(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await change(fresh_town, HELD)
    job = await one(
        fresh_town,
        "INSERT INTO jobs (kind, title, company_id, created_by, state, result) "
        "SELECT 'import_load', 'дом.xlsx', "
        'company_id, NULL, \'done\', \'{"report": {"ok": true, "held": [1, 2], "sheets": {}}}\' '
        "FROM held_readings LIMIT 1 RETURNING id",
    )
    client = await sign_in("ivanova")
    place = f"/centre/import/{job}"

    before = seen(await client.get(place))
    taken = await post(client, place, f"{place}/held/1", decision="accepted")
    stranger = await post(client, place, f"{place}/held/3", decision="accepted")
    nothing = await post(client, place, f"{place}/held/2", decision="")
    after = seen(await client.get(place))

    assert "Показания на проверке" in before
    assert before.count("Расход 800 м³") == 2
    assert (taken.status_code, stranger.status_code, nothing.status_code) == (303, 404, 409)
    assert "принято" in after
    decided = "SELECT state, note FROM held_readings ORDER BY id"
    assert await one(fresh_town, decided) == [
        ("accepted", "Загрузка «дом.xlsx»"), ("held", None), ("held", None),
    ]  # fmt: skip


async def test_a_reading_is_accepted_corrected_and_the_rest_rejected_in_bulk(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    await change(fresh_town, HELD)
    client = await sign_in("ivanova")
    card = f"{QUEUE}/1"

    silent = await post(client, card, card, decision="accepted", note="")
    same = await post(client, card, card, decision="corrected", note="Фото", value1="900,000001")
    typed = await post(client, card, card, decision="corrected", note="Фото", value1="много")
    right = await post(client, card, card, decision="corrected", note="Фото", value1="105")
    late = await post(client, card, card, decision="accepted", note="Фото")
    rest = await post(
        client, QUEUE, f"{QUEUE}?state=held", decision="rejected", note="Опечатка", everything="yes"
    )

    assert "Напишите, почему" in seen(silent)
    assert (same.status_code, typed.status_code, late.status_code) == (422, 422, 422)
    assert "Введите показание числом" in seen(typed)
    assert "уже разобрали" in seen(late)
    assert (right.status_code, rest.status_code) == (303, 303)
    assert await one(fresh_town, "SELECT state, after1_micro FROM held_readings ORDER BY id") == [
        ("corrected", 105_000_000),
        ("rejected", None),
        ("rejected", None),
    ]
    assert await one(fresh_town, "SELECT count(*) FROM outbox WHERE subject = 'readings.decided'") == 3
    assert await one(fresh_town, "SELECT count(*) FROM audit WHERE action LIKE 'reading_%'") == 3


async def test_rules_are_dated_and_only_what_changed_is_written(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    client = await sign_in("ivanova")
    form = {rule.key: USUAL.severity[rule.key] for rule in RULES}
    for rule in RULES:
        form |= {f"{rule.key}.{key}": str(value) for key, value in USUAL.limits[rule.key].items()}
    good = {**form, "spike.times": "20", "owner": "", "valid_from": "2026-10-01", "ground": "Приказ 3"}

    nothing = await post(client, "/readings/rules", "/readings/rules", **{**good, "spike.times": "10"})
    wrong = await post(client, "/readings/rules", "/readings/rules", **{**good, "lower": "off", "ground": ""})
    saved = await post(client, "/readings/rules", "/readings/rules", **good)

    assert "Ничего не изменилось" in seen(nothing)
    assert "Выберите строгость из списка." in seen(wrong)
    assert saved.status_code == 303
    assert await one(fresh_town, "SELECT key, value, ground FROM settings WHERE key LIKE 'vee%'") == [
        ("vee_spike.times", "20", "Приказ 3")
    ]
    assert "Скачок: во сколько раз" in seen(await client.get("/readings/rules"))


async def test_a_company_sees_and_decides_its_own(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await change(fresh_town, HELD)
    center, north = await sign_in("center"), await sign_in("north")

    foreign = await post(north, QUEUE, QUEUE, decision="accepted", note="Чужое", pick="1")

    assert seen(await center.get(QUEUE)).count("Расход 800 м³") == 3
    assert seen(await north.get(QUEUE)).count("Расход 800 м³") == 0
    assert "уже разобрали" in seen(foreign)
    assert await one(fresh_town, "SELECT state FROM held_readings WHERE id = 1") == "held"
    assert (await north.get(f"{QUEUE}/1")).status_code == 404
    assert (await center.get("/readings/rules")).status_code == 403
