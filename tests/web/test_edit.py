"""Area, people and owners edited on the card: who may, what is refused, which month it touches, history."""

from __future__ import annotations

import re

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text

from storage.engine import Database
from tests.support.services import TestDatabase
from tests.web import clock, town
from tests.web.conftest import HTMX, SignIn
from tests.web.desk import count, plain, section, send, send_live

CITY = town
CARD = "/accounts/1"
GROUND = "Техпаспорт № 12 от 05.10.2026"
AREA = {
    "area_total": "55,1",
    "area_living": "32,1",
    "area_heated": "55,1",
    "area_day": "10.10.2026",
    "area_ground": GROUND,
}
NEWCOMER = {
    "register_surname": "Ёлкина",
    "register_name": "Ольга",
    "register_patronymic": "Павловна",
    "register_born": "01.05.2019",
    "register_kind": "permanent",
    "register_relation": "внучка",
    "register_day": "05.10.2026",
    "register_ground": "Заявление № 15 от 05.10.2026",
}


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock.freeze(monkeypatch)


async def row(place: TestDatabase, query: str) -> tuple[object, ...]:
    """One row as the owner of the tables sees it."""
    owner = Database(place.url, "worker")
    async with owner.reading() as session:
        found = (await session.execute(text(query))).one()
    await owner.close()
    return tuple(found)


async def mark(client: AsyncClient, deed: str, card: str = CARD) -> str:
    """What the form of area or owners was opened over."""
    found = re.search(rf'name="{deed}_was" value="([^"]+)"', (await client.get(f"{card}/edit/{deed}")).text)
    assert found
    return found[1]


async def change_area(client: AsyncClient, card: str = CARD, **fields: str) -> Response:
    target = f"{card}/edit/area"
    values = AREA | {"area_was": await mark(client, "area", card)} | fields
    return await send_live(client, target, target, **values)


# ---- area -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["ivanova", "center"])
async def test_an_area_is_changed_where_it_is_read(
    sign_in: SignIn, fresh_town: TestDatabase, who: str
) -> None:
    desk = await sign_in(who)

    done = await change_area(desk)
    shown = await desk.get(done.headers["HX-Redirect"].partition("#")[0])

    assert done.status_code == 204
    assert "55,1 м², жилая 32,1 м²" in plain(shown)
    assert "Площадь записана. Изменение учтётся в открытом месяце октябрь 2026 с 10.10.2026." in plain(shown)
    known = "SELECT area_dm2, living_area_dm2, valid_from::text, ground FROM account_facts"
    assert await row(
        fresh_town, f"{known} WHERE account_id = 1 AND superseded_at IS NULL AND valid_to IS NULL"
    ) == (5510, 3210, "2026-10-10", GROUND)
    before = "SELECT ground FROM account_facts WHERE account_id = 1 AND valid_to = '2026-10-10'"
    assert await row(fresh_town, before) != (GROUND,), "what was known before keeps its own ground"
    assert (
        await count(fresh_town, "audit", "action = 'area_changed' AND subject_id = 1 AND ip IS NOT NULL") == 1
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"area_total": "пятьдесят"}, "Введите квадратные метры: 54,3."),
        ({"area_total": "0"}, "Площадь должна быть больше нуля."),
        ({"area_living": "80"}, "Жилая площадь больше общей."),
        ({"area_day": "31.02.2026"}, "Проверьте, есть ли такой день в месяце."),
        ({"area_day": "01.01.1999"}, "Счёт открыт 01.03.2015. Укажите день не раньше."),
        ({"area_day": "10.10.2062"}, "Этот день больше чем через год. Проверьте год."),
        ({"area_ground": " "}, "Укажите основание: документ, номер и дату."),
        ({"area_total": "54,3", "area_living": "32,1", "area_heated": "54,3"}, "Ничего не изменилось"),
    ],
)
async def test_a_wrong_area_is_refused_in_words_and_stays_typed(
    sign_in: SignIn, town: TestDatabase, fields: dict[str, str], words: str
) -> None:
    desk = await sign_in("center")

    refused = await change_area(desk, **fields)

    assert refused.status_code == 422
    assert words in plain(refused)
    assert f'value="{next(iter(fields.values())).strip()}"' in refused.text
    assert await count(town, "account_facts", "account_id = 1") == 1


async def test_two_at_once_do_not_overwrite_each_other(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    first, second = await sign_in("center"), await sign_in("ivanova")
    seen = await mark(second, "area")
    await change_area(first)

    late = await change_area(second, area_was=seen, area_total="60")

    assert late.status_code == 422
    assert "данные изменил другой сотрудник: сейчас записано 55,1 м²" in plain(late)
    assert 'value="60"' in late.text


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("01.10.2026", "в открытом месяце октябрь 2026 за весь месяц."),
        ("15.08.2026", "Закрытые месяцы, сентябрь 2026 и раньше, не меняются"),
        ("02.11.2026", "с месяца «ноябрь 2026». Открытый октябрь 2026 не изменится."),
    ],
)
async def test_the_month_a_change_touches_is_said_before_it_is_kept(
    sign_in: SignIn, town: TestDatabase, day: str, words: str
) -> None:
    desk = await sign_in("center")
    form = AREA | {"area_day": day, "area_was": await mark(desk, "area")}

    told = await send_live(desk, f"{CARD}/edit/area", f"{CARD}/edit/area/effect", **form)

    assert words in plain(told)
    assert "<html" not in told.text
    assert await count(town, "account_facts", "account_id = 1") == 1
    assert await count(town, "audit", "action = 'area_changed'") == 0


async def test_a_parked_account_leads_to_its_form_and_leaves_by_it(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    desk = await sign_in("ivanova")

    parked = await desk.get("/centre/parked")
    form = await desk.get("/accounts/6/edit/area")
    done = await change_area(desk, "/accounts/6", area_living="", area_heated="")

    assert 'href="/accounts/6/edit/area#place"' in parked.text
    assert 'name="area_total"' in form.text
    assert done.status_code == 204
    assert (
        'href="/centre/runs/new?scope=account&amp;account=1000006"'
        in (await desk.get("/accounts/6?done=area&day=2026-10-10")).text
    )


# ---- people -----------------------------------------------------------------------------------------


async def test_somebody_is_registered_and_taken_off_the_books(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    desk = await sign_in("center")
    target = f"{CARD}/edit/register"

    done = await send(desk, target, target, **NEWCOMER)
    lives = await desk.get(CARD)
    people = section(lives, "people")
    found = re.findall(r"edit/deregister\?registration=(\d+)#people", people)
    leave = f"{CARD}/edit/deregister?registration={found[-1]}"
    left = await send(
        desk,
        leave,
        f"{CARD}/edit/deregister",
        registration=found[-1],
        deregister_day="20.10.2026",
        deregister_ground="Адресный листок убытия № 3",
    )

    assert done.status_code == 303
    assert done.headers["Location"] == f"{CARD}?done=register&day=2026-10-05#people"
    assert "Ёлкина Ольга Павловна 01.05.2019 · внучка" in plain(lives)
    assert left.status_code == 303
    facts = (
        "SELECT array_agg(residents ORDER BY valid_from) FROM account_facts "
        "WHERE account_id = 1 AND superseded_at IS NULL"
    )
    assert await row(fresh_town, facts) == ([2, 3, 2],)
    assert (
        await count(fresh_town, "audit", "action IN ('registered', 'deregistered') AND subject_id = 1") == 2
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"register_surname": ""}, "Напишите фамилию."),
        ({"register_born": "32.13.1990"}, "Введите дату рождения: 20.11.1990."),
        ({"register_born": "01.12.2027"}, "Дата рождения позже этого дня"),
        ({"register_kind": "temporary"}, "Введите, по какой день человек проживает"),
        ({"register_kind": "temporary", "register_last": "01.10.2026"}, "Последний день раньше первого."),
        (
            {
                "register_surname": "Алёхин",
                "register_name": "Денис",
                "register_patronymic": "Юрьевич",
                "register_born": "20.11.1990",
            },
            "Уже числится здесь с 01.03.2015.",
        ),
    ],
)
async def test_a_wrong_registration_is_refused_and_nothing_is_half_written(
    sign_in: SignIn, town: TestDatabase, fields: dict[str, str], words: str
) -> None:
    desk = await sign_in("center")
    target = f"{CARD}/edit/register"

    refused = await send_live(desk, target, target, **(NEWCOMER | fields))

    assert refused.status_code == 422
    assert words in plain(refused)
    assert await count(town, "persons") == 2
    assert await count(town, "registrations") == 2


async def test_somebody_registered_elsewhere_is_told_where(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    desk = await sign_in("center")
    target = "/accounts/2/edit/register"
    known = {"register_surname": "Алехин", "register_name": "Денис", "register_patronymic": "Юрьевич"}

    refused = await send_live(desk, target, target, **(NEWCOMER | known | {"register_born": "20.11.1990"}))

    assert "Уже числится по другому адресу: ул. Ленина 12-1. Снимите с учёта там." in plain(refused)


# ---- owners -----------------------------------------------------------------------------------------


async def test_owners_are_changed_by_shares(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    desk = await sign_in("center")
    target = f"{CARD}/edit/owners"
    form = {
        "owners_was": await mark(desk, "owners"),
        "owners_p1": "1/2",
        "owners_p2": "1/2",
        "owners_day": "01.10.2026",
        "owners_ground": "Свидетельство о наследстве № 7",
    }

    whole = await send_live(desk, target, target, **(form | {"owners_p2": "2/3"}))
    half = await send_live(desk, target, target, **(form | {"owners_p2": "половина"}))
    nobody = await send_live(desk, target, target, **(form | {"owners_p1": "", "owners_p2": ""}))
    done = await send_live(desk, target, target, **form)
    shown = plain(await desk.get(CARD))

    assert "Доли вместе больше целого." in plain(whole)
    assert "Доля — дробь не больше целого: 1/2, 1/3 или 1." in plain(half)
    assert "Впишите долю хотя бы одному собственнику" in plain(nobody)
    assert done.status_code == 204
    assert "собственник, 1/2 с 01.10.2026" in shown
    assert await row(
        fresh_town,
        "SELECT owners FROM account_facts WHERE account_id = 1 AND superseded_at IS NULL "
        "AND valid_to IS NULL",
    ) == (2,)


# ---- history and rights -----------------------------------------------------------------------------


async def test_history_says_who_when_what_and_on_what_ground(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    desk = await sign_in("center")
    await change_area(desk)
    target = f"{CARD}/edit/register"
    await send(desk, target, target, **NEWCOMER)

    whole = await desk.get(f"{CARD}/history")
    panel = await desk.get(f"{CARD}/history", headers=HTMX)

    assert "<html" not in panel.text
    for answer in (whole, panel):
        words = plain(answer)
        assert "площадь с 10.10.2026: общая 54,3 м² → 55,1 м²" in words
        assert "Ёлкина Ольга Павловна: зарегистрирован с 05.10.2026" in words
        assert GROUND in words


@pytest.mark.parametrize("who", ["dispatcher", "vodokanal", "social", "bank", "1000001"])
async def test_others_may_not_edit(sign_in: SignIn, who: str) -> None:
    client = await sign_in(who)

    assert (await client.get(f"{CARD}/edit/area")).status_code == 403
    assert (await client.get(f"{CARD}/history")).status_code == 403


@pytest.mark.parametrize("path", ["edit/area", "edit/register", "edit/owners", "history", "edit/everything"])
async def test_an_account_of_another_company_is_not_found(sign_in: SignIn, path: str) -> None:
    desk = await sign_in("center")

    answer = await desk.get(f"/accounts/7/{path}")

    assert answer.status_code == 404


async def test_a_registration_of_another_account_is_not_ended_here(
    sign_in: SignIn, town: TestDatabase
) -> None:
    desk = await sign_in("center")

    refused = await send_live(
        desk,
        CARD,
        "/accounts/2/edit/deregister",
        registration="1",
        deregister_day="20.10.2026",
        deregister_ground="Листок",
    )

    assert refused.status_code == 422
    assert "Этой регистрации уже нет." in plain(refused)
    assert await count(town, "registrations", "valid_to IS NOT NULL") == 0
