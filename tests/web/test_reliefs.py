"""Льготы on an account and at the social protection body, their dated values, the subsidy."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from billing.benefits import LIMIT_BITS, packed
from storage.engine import Database
from tests.support.services import TestDatabase
from tests.web import clock, town
from tests.web.conftest import SignIn
from tests.web.desk import count, plain, send, send_live

CITY = town
PAGE = "/accounts/1/benefits"
NEW = {
    "person": "2",
    "category": "combat_veteran",
    "document": "Удостоверение БК № 123456 от 10.02.2019",
    "first": "01.10.2026",
    "mode": "document",
}
FAMILY = {
    "worker": "1",
    "income": "12500",
    "expenses": "4661",
    "kind": "flat",
    "season": "winter",
    "applied": "10.10.2026",
}
VALUES = {
    "subsidy.rs.flat.winter.1": 466_100,
    "subsidy.pm.worker": 1_000_000,
}


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock.freeze(monkeypatch)


async def run_sql(place: TestDatabase, query: str, **values: object) -> None:
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        await session.execute(text("SELECT set_config('paylogic.loading', 'on', true)"))
        await session.execute(text(query), values)
    await owner.close()


async def name_values(place: TestDatabase) -> None:
    """Regional standards, agreed by two people."""
    for key, value in VALUES.items():
        await run_sql(
            place,
            """INSERT INTO relief_values (key, first_day, value, document, document_date, state, proposed_by,
                                          decided_by, decided_at)
               VALUES (:key, '2026-01-01', :value, 'Постановление № 7', '2025-12-20', 'approved', 1, 2,
                       now())""",
            key=key,
            value=value,
        )


# ---- the account -----------------------------------------------------------------------------------------


async def test_a_benefit_shows_its_money_before_it_is_kept(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    desk = await sign_in("center")

    told = plain(await send_live(desk, PAGE, f"{PAGE}/effect", **NEW))
    kept_before = await count(fresh_town, "account_benefits", "category = 'combat_veteran'")
    answer = await send(desk, PAGE, PAGE, **NEW)
    page = plain(await desk.get(answer.headers["location"]))

    assert "в открытом месяце октябрь 2026" in told
    assert "в квитанции вычтется" in told
    assert kept_before == 0
    assert answer.status_code == 303
    assert "Льгота записана." in page
    assert "Алёхин Денис Юрьевич Ветераны боевых действий · Удостоверение БК № 123456" in page
    assert await count(fresh_town, "audit", "action = 'benefit_entered' AND subject_id = 1") == 1


async def test_paid_by_the_social_protection_it_leaves_the_bill_alone(sign_in: SignIn) -> None:
    desk = await sign_in("center")

    told = plain(await send_live(desk, PAGE, f"{PAGE}/effect", **{**NEW, "mode": "money"}))

    assert "соцзащита выплатит" in told
    assert "квитанция не изменится" in told


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"person": "99"}, "Выберите человека"),
        ({"category": "friend"}, "Выберите основание."),
        ({"document": ""}, "Укажите документ: вид, номер и дату."),
        ({"first": "01.01.2010"}, "Укажите день не раньше."),
        ({"last": "30.09.2026"}, "Дата начала позже даты окончания."),
        ({"share": "150"}, "не больше 100 %"),
        ({"person": "1", "category": "veteran_labour"}, "Эта льгота уже внесена с 01.01.2020."),
    ],
)
async def test_what_cannot_be_is_refused_with_a_reason(
    sign_in: SignIn, fields: dict[str, str], words: str
) -> None:
    desk = await sign_in("center")

    answer = await send(desk, PAGE, PAGE, **{**NEW, **fields})

    assert answer.status_code == 422
    assert words in plain(answer)


async def test_a_benefit_ends_on_a_day_with_its_ground(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    desk = await sign_in("center")
    ending = f"{PAGE}/1/end"

    early = await send(desk, PAGE, ending, last_day="01.01.2019", ground="Заявление № 3")
    answer = await send(desk, PAGE, ending, last_day="31.10.2026", ground="Заявление № 3 от 20.10.2026")

    assert early.status_code == 422
    assert "Льгота действует с 01.01.2020" in plain(early)
    assert answer.status_code == 303
    assert "с 01.01.2020 по 31.10.2026" in plain(await desk.get(PAGE))
    known = "superseded_at IS NULL AND valid_to = '2026-11-01'"
    assert await count(fresh_town, "account_benefits", known) == 1
    assert await count(fresh_town, "account_benefits", "superseded_at IS NOT NULL") == 1


async def test_another_company_does_not_find_the_benefits(sign_in: SignIn) -> None:
    other = await sign_in("north")

    assert (await other.get(PAGE)).status_code == 404


# ---- the social protection body ----------------------------------------------------------------------------


async def with_lines(place: TestDatabase) -> None:
    """A льгота of 50 % of 1 000 ₽ for upkeep paid to the person, one for water taken off the bill."""
    share = packed((1, 2, 1, 500, 30, 30))
    for service, basis, rate, amount in ((8, 120, 0, 0), (1, 112, 10_000_000, -25_000)):
        await run_sql(
            place,
            """INSERT INTO lines (run_id, account_id, company_id, supplier_id, service, component, basis,
                                  kind, first_day, days, volume_num, volume_den, rate, amount_kopecks,
                                  surcharge_kopecks, raised_num, a, b)
               SELECT max(id), 1, 2, 2, :service, 0, :basis, 0, 1, 30, -250000, 1, :rate, :amount, 0, 0,
                      :a, :b
                 FROM runs WHERE state = 'published' AND period = '2026-09-01' AND kind <> 'correction'""",
            service=service,
            basis=basis,
            rate=rate,
            amount=amount,
            a=100_000 << LIMIT_BITS,
            b=int(share),
        )


async def test_recipients_have_their_sums_filters_and_a_file(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    await with_lines(fresh_town)
    social = await sign_in("social")

    page = plain(await social.get("/social/recipients?period=2026-09"))
    nobody = plain(await social.get("/social/recipients?period=2026-09&q=Яковлев"))
    one = plain(await social.get("/social/recipients/1?period=2026-09"))
    file = await social.get("/social/recipients.csv?period=2026-09")
    table = file.content.decode("utf-8-sig").splitlines()

    assert "1 льгота за сентябрь 2026" in page
    assert "Алёхина Мария Петровна Ветераны труда" in page
    assert "2 000,00 250,00 250,00" in page
    assert "По основаниям" in page
    assert "Никого не найдено" in nobody
    assert "Содержание жилого помещения 1 000,00 – 250,00" in one
    assert "Холодное водоснабжение 1 000,00 250,00 –" in one
    assert table[1].startswith("Алёхина Мария Петровна;04.05.1961;;Ветераны труда;")
    assert table[1].endswith(";2000,00;250,00;250,00")
    assert await count(fresh_town, "audit", "action IN ('benefit_viewed', 'benefits_exported')") == 2


async def test_nobody_else_reads_the_register_of_people(fresh_town: TestDatabase, sign_in: SignIn) -> None:
    await with_lines(fresh_town)
    web = Database(fresh_town.web_url, "web")
    async with web.reading() as session:
        await session.execute(text("SELECT set_config('paylogic.role', 'company', true)"))
        seen = await session.scalar(text("SELECT count(*) FROM paylogic_benefit_register('2026-09-01')"))
    await web.close()

    assert seen == 0


# ---- values ------------------------------------------------------------------------------------------------


async def test_a_value_counts_when_a_second_person_agreed(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    first, second = await sign_in("ivanova"), await sign_in("petrov")
    new = {
        "key": "subsidy.pm.worker",
        "value": "15200,50",
        "first_day": "2026-10-01",
        "document": "Постановление № 7",
        "document_date": "2026-09-20",
    }

    kept = await send(first, "/social/values", "/social/values", **new)
    waiting = plain(await first.get("/social/values"))
    own = await send(first, "/social/values", "/social/values/1/approve")
    agreed = await send(second, "/social/values", "/social/values/1/approve")
    page = plain(await second.get("/social/values?q=трудоспособного"))
    bad = await send(first, "/social/values", "/social/values", **{**new, "value": "много"})

    assert kept.status_code == 303
    assert "Прожиточный минимум трудоспособного: 15 200,50 ₽" in waiting
    assert own.status_code == 409
    assert agreed.status_code == 303
    assert "15 200,50 ₽ 01.10.2026 Постановление № 7" in page
    assert bad.status_code == 422
    assert "Введите рубли" in plain(bad)


# ---- the subsidy -------------------------------------------------------------------------------------------


async def test_the_subsidy_is_told_step_by_step(sign_in: SignIn, fresh_town: TestDatabase) -> None:
    await name_values(fresh_town)
    social = await sign_in("social")

    told = plain(await send(social, "/social/subsidy", "/social/subsidy", **FAMILY))
    poor = plain(await send(social, "/social/subsidy", "/social/subsidy", **{**FAMILY, "income": "6000"}))
    bad = await send(social, "/social/subsidy", "/social/subsidy", **{**FAMILY, "income": "как у всех"})

    assert "1 911,00 ₽ в месяц" in told
    assert "с 01.10.2026 по 31.03.2027" in told
    assert "12 500,00 × 0,22 = 2 750,00 ₽" in told
    assert "Доход ниже минимума" in poor
    assert "3 869,00 ₽ в месяц" in poor
    assert bad.status_code == 422
    assert "Впишите доход всей семьи" in plain(bad)


async def test_without_the_standard_of_the_region_it_says_what_is_missing(sign_in: SignIn) -> None:
    social = await sign_in("social")

    told = plain(await send(social, "/social/subsidy", "/social/subsidy", **FAMILY))

    assert "Посчитать пока нельзя" in told
    assert "Нет значения: стандарт стоимости жку" in told


async def test_a_resident_sees_the_benefit_and_reckons_the_subsidy(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    await name_values(fresh_town)
    await with_lines(fresh_town)
    resident = await sign_in("1000001")

    page = plain(await resident.get("/my/benefits?account=1"))
    told = plain(await send(resident, "/my/benefits?account=1", "/my/benefits?account=1", **FAMILY))

    assert "Ветераны труда" in page
    assert "Выплатит соцзащита: 250,00 ₽" in page
    assert "Вычтено в квитанции: 250,00 ₽" in page
    assert "1 911,00 ₽ в месяц" in told


# ---- instalments -------------------------------------------------------------------------------------------


async def test_a_service_dearer_than_a_year_ago_may_be_paid_in_parts(
    sign_in: SignIn, fresh_town: TestDatabase
) -> None:
    half = """
    INSERT INTO lines
    SELECT 900, l.account_id, l.company_id, l.supplier_id, l.service, 0, l.basis, 0, 1, 30, 0,
           l.volume_num / 2, l.volume_den, l.rate, l.amount_kopecks / 2, 0, 0, l.a, l.b
      FROM lines l WHERE l.account_id = 1 AND l.service = 4 AND l.run_id = (
           SELECT max(id) FROM runs WHERE state = 'published' AND period = '2026-09-01')"""
    await run_sql(
        fresh_town,
        """INSERT INTO months (period, state, closed_at) VALUES ('2025-09-01', 'closed', now())
           ON CONFLICT DO NOTHING""",
    )
    await run_sql(
        fresh_town,
        """INSERT INTO runs (id, period, scope_kind, state, command_id, posted_in)
           VALUES (900, '2025-09-01', 'city', 'published', 'a year ago', '2025-09-01')""",
    )
    await run_sql(fresh_town, "CREATE TABLE lines_900 PARTITION OF lines FOR VALUES IN (900)")
    await run_sql(fresh_town, half)
    resident, desk = await sign_in("1000001"), await sign_in("center")

    mine = plain(await resident.get("/my/benefits?account=1"))
    page = plain(await desk.get(PAGE))

    assert "Отопление: на 100 % дороже, чем год назад" in mine
    assert "без процентов: первая часть" in mine
    assert "Попросить рассрочку" in mine
    assert "Рассрочка по п. 72" in page
    assert "Плательщик просит её в кабинете" in page


async def test_interest_is_within_the_key_rate_and_three_points(sign_in: SignIn) -> None:
    centre = await sign_in("ivanova")
    new = {
        "key": "instalment.rate",
        "value": "60",
        "first_day": "2026-10-01",
        "document": "Приказ № 1",
        "document_date": "2026-09-20",
    }

    answer = await send(centre, "/social/values", "/social/values", **new)

    assert answer.status_code == 422
    assert "Не больше ключевой ставки и трёх пунктов" in plain(answer)
