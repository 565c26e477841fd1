"""What the law leaves open: an answer waits for another person, then the engine counts by it."""

from __future__ import annotations

import pytest
from httpx import AsyncClient, Response

from billing.choices import QUESTIONS
from billing.open_points import open_points
from tests.support.services import TestDatabase
from tests.web.conftest import SignIn, csrf_of
from tests.web.test_centre import one, seen

GOOD = {"answer": "choice_refusal:reading", "valid_from": "2026-10", "ground": "Разъяснение № 12"}
IN_FORCE = (
    "SELECT value_permille, valid_from::text, valid_to::text FROM coefficients "
    "WHERE key = 'choice_refusal' AND superseded_at IS NULL ORDER BY valid_from"
)


async def send(client: AsyncClient, **changed: str) -> Response:
    page = await client.get("/centre/settings")
    return await client.post("/centre/settings", data={"csrf": csrf_of(page), **GOOD, **changed})


async def decide(client: AsyncClient, act: str, answer: int = 1) -> Response:
    page = await client.get("/centre/settings")
    return await client.post(f"/centre/settings/{answer}/{act}", data={"csrf": csrf_of(page)})


async def test_every_question_stands_with_its_ground_and_safe_answer(
    town: TestDatabase, sign_in: SignIn
) -> None:
    answer = await (await sign_in("admin")).get("/centre/settings")
    page = seen(answer)

    for question in QUESTIONS.values():
        assert question.title in page
        assert question.ground in page
        for choice in question.answers:
            assert choice.effect in page
    for point in (row for row in open_points() if not row.setting):
        assert point.point in page
        assert point.ground in page
    assert answer.text.count(">действует<") == len(QUESTIONS)
    assert "Отправить на утверждение" not in page


async def test_an_answer_waits_for_another_person_and_then_follows_the_old_one(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    first, second = await sign_in("centre"), await sign_in("publisher")

    sent, mine = await send(first), await decide(first, "approve")
    before = await one(fresh_town, "SELECT count(*) FROM coefficients WHERE key = 'choice_refusal'")
    approved, again = await decide(second, "approve"), await decide(second, "approve")
    await send(second, answer="choice_refusal:act", valid_from="2026-12")
    await decide(first, "approve", 2)

    assert sent.headers["Location"] == "/centre/settings?done=proposed"
    assert (mine.status_code, before, approved.status_code, again.status_code) == (409, 0, 303, 409)
    assert "другой сотрудник" in seen(mine)
    assert await one(fresh_town, IN_FORCE) == [(1, "2026-10-01", "2026-12-01"), (0, "2026-12-01", None)]
    page = seen(await first.get("/centre/settings"))
    assert "С 1 октября 2026: сильнее показание. Разъяснение № 12. Внёс Иванова А. П., утвердил" in page


async def test_a_declined_answer_changes_nothing(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await send(await sign_in("centre"))
    await decide(await sign_in("publisher"), "decline")

    assert await one(fresh_town, "SELECT count(*) FROM coefficients WHERE key LIKE 'choice%'") == 0
    table = (await (await sign_in("admin")).get("/centre/settings.csv")).text
    assert "отклонён" in table


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("answer", "", "Выберите вопрос и ответ."),
        ("answer", "choice_refusal:maybe", "Такого ответа нет."),
        ("answer", "raise_cold_water:act", "Такого ответа нет."),
        ("ground", "", "Укажите основание"),
        ("valid_from", "скоро", "скоро"),
    ],
)
async def test_every_field_is_refused_in_words(
    town: TestDatabase, sign_in: SignIn, field: str, value: str, words: str
) -> None:
    refused = await send(await sign_in("centre"), **{field: value})

    assert refused.status_code == 422
    assert words in seen(refused)


async def test_two_answers_from_one_month_are_refused(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    centre = await sign_in("centre")
    await send(centre)

    again = await send(centre, answer="choice_refusal:act")

    assert again.status_code == 422
    assert "С 01.10.2026 ответ уже есть." in seen(again)


OWN = (
    "SELECT c.value_permille, c.valid_from::text, c.valid_to::text FROM coefficients c "
    "JOIN organisations o ON o.id = c.organisation_id WHERE c.key = 'choice_refusal' "
    "AND c.superseded_at IS NULL ORDER BY c.valid_from"
)


async def company_of(town: TestDatabase) -> str:
    found = await one(town, "SELECT id FROM organisations WHERE kind = 'company' ORDER BY id LIMIT 1")
    return str(found)


async def test_a_company_answers_over_the_city_and_goes_back_to_its_answer(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    first, second = await sign_in("centre"), await sign_in("publisher")
    company = await company_of(fresh_town)

    await send(first, organisation=company)
    await decide(second, "approve")
    over = seen(await first.get("/centre/settings"))
    await send(first, organisation=company, answer="choice_refusal:city", valid_from="2027-01")
    await decide(second, "approve", 2)
    coming = seen(await first.get("/centre/settings"))

    assert "отвечает вместо города: сильнее показание" in over
    assert await one(fresh_town, OWN) == [(1, "2026-10-01", "2027-01-01")]
    assert "с 1 января 2027" in coming
    assert "как у города" in coming
    assert (
        await one(
            fresh_town,
            "SELECT count(*) FROM coefficients WHERE key = 'choice_refusal' AND organisation_id IS NULL",
        )
        == 0
    )


async def test_only_the_city_answers_where_the_act_is_of_the_state(
    fresh_town: TestDatabase, sign_in: SignIn
) -> None:
    centre, company = await sign_in("centre"), await company_of(fresh_town)

    refused = await send(centre, organisation=company, answer="choice_raising_month:last")
    stranger = await send(centre, organisation="999999")
    nobody = await send(centre, answer="choice_refusal:city")

    assert (refused.status_code, stranger.status_code, nobody.status_code) == (422, 422, 422)
    assert "отвечает только город" in seen(refused)
    assert "домами не управляет" in seen(stranger)
    assert "Такого ответа нет." in seen(nobody)


async def test_the_whole_table_is_a_file(town: TestDatabase, sign_in: SignIn) -> None:
    table = (await (await sign_in("admin")).get("/centre/open-points.csv")).text

    assert table.count("\n") >= len(open_points())
    assert "Половина копейки в отрицательной сумме" in table
