"""The diary of one house over two years: each month is charged, published and closed as it was known; facts
come late, are corrected, and every sum is derived by hand.

House 1, cold water 40,00 ₽/m³ (norm 4,5 m³ a person), upkeep 30,00 ₽/m².

Flat 1 (account 1): 50 m², three people, an act that a meter cannot be installed: norm without a coefficient.
Flat 2 (account 2): 40 m², two people, a meter.

    usual month    flat 1: water 3 × 4,5 × 40 = 540,00, upkeep 1500,00      2040,00
                   flat 2: water 5 m³ × 40 = 200,00, upkeep 1200,00         1400,00

What happened, when it was learnt, and what it comes to:

    11.2024–02.2025  usual
    15.03.2025       one of flat 1 moved out (learnt in June):
                     March (3 × 14 + 2 × 17) / 31 × 4,5 × 40 = 441,29   −98,71
                     April, May 2 × 4,5 × 40 = 360,00                   −180,00 each, together −458,71
    01–20.07.2025    the two others away, 18 full days (learnt in August):
                     2 × 4,5 × 18 / 31 × 40 = 209,03                    −209,03
    10–11.09.2025    no water from 8:00 to 14:00, 30 hours: dispatch ends the incident in September
                     not supplied: 9 / 30 × 30 / 24 = 0,375 m³ × 40 = 15,00;
                     the percent is of the whole charge: 360,00 × 0,15 % × 26 h = 14,04
                     flat 2, by its meter: 200,00 × 0,15 % × 26 = 7,80
    10.2025–12.2025  flat 2 is silent: the average, 5 m³ a month, 200,00 each
    01.2026          the fourth silent month: norm 2 × 4,5 × 40 = 360,00 without a coefficient
    02.2026          a reading 100 m³: since September's 55 it is 45, billed 5 × 3 + 9 = 24,
                     February 21 m³ = 840,00
    01.11.2025       the area of flat 1 by ЕГРН is 52,5 m² (learnt in January): 2,5 × 30 = 75,00 a month,
                     two months 150,00
    01–31.03.2026    the price of water is annulled to 36,00 (decided in June):
                     flat 1: 9 × 4 = 36,00; flat 2: 5 × 4 = 20,00, taken back
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import pytest

from actors.local import run_until_idle
from billing.allocation import BY_LAW
from billing.period import Period
from storage import (
    corrections,
    incidents,
    months,
    penalty_runs,
    people,
    premises,
    readings,
    runs,
    value_proposals,
)
from storage.absences import NewAbsence, add_absence, withdraw_absence
from storage.corrections import Ground
from storage.debts import open_debts
from storage.engine import Database
from storage.incidents import NewIncident
from storage.late_facts import Filter
from storage.ledger_check import check_ledger
from storage.payments import Incoming, post_payments
from storage.penalty_orders import obey as obey_penalties
from storage.penalty_runs import COUNT, POST
from storage.people import Deed
from storage.runs import PUBLISH, START
from storage.session import Session
from storage.value_proposals import NewValue
from tests.storage.run_steps import ANNA, BORIS, EVERYTHING, order, signed
from tests.support.services import TestDatabase

FIRST, LAST = Period.parse("2024-11"), Period.parse("2026-10")
MICRO = 1_000_000
DEED = Deed(ANNA, "Документ № 1")
WATER, UPKEEP = 1, 8

BUILD = """
INSERT INTO organisations (id, kind, name, short_name, inn) VALUES
 (1, 'centre', 'Расчётный центр', 'РЦ', '7700000001'), (2, 'company', 'УК', 'УК', '7700000002'),
 (4, 'supplier', 'Водоканал', 'Водоканал', '7700000004'), (5, 'agent', 'Банк', 'Банк', '7700000005');
INSERT INTO users (id, login, password_hash, role, full_name, organisation_id) VALUES
 (1, 'anna', '!', 'centre', 'Анна', 1), (2, 'boris', '!', 'publisher', 'Борис', 1);
INSERT INTO regions (id, name) VALUES (1, 'Область');
INSERT INTO cities (id, region_id, name) VALUES (1, 1, 'Город');
INSERT INTO streets (id, city_id, name, search_name) VALUES (1, 1, 'Мира', 'мира');
INSERT INTO houses (id, street_id, number, sort_key, floors, zone_id, company_id, area_total_dm2,
                    area_common_dm2)
 VALUES (1, 1, '1', '00001', 2, 1, 2, 9000, 500);
INSERT INTO flats (id, house_id, company_id, number, sort_key, rooms_count, area_dm2, living_area_dm2)
 VALUES (1, 1, 2, '1', '1', 2, 5000, 3000), (2, 1, 2, '2', '2', 1, 4000, 2000);
INSERT INTO accounts (id, number, house_id, flat_id, company_id, payer_name, search_name, opened_on)
 SELECT id, lpad(id::text, 10, '0'), 1, id, 2, 'Жилец', 'жилец', '2020-01-01' FROM flats;
INSERT INTO account_facts (account_id, house_id, company_id, area_dm2, living_area_dm2, heated_area_dm2,
                           residents, owners, meter_impossible, valid_from)
 VALUES (1, 1, 2, 5000, 3000, 5000, 3, 1, 2, '2020-01-01'),
  (2, 1, 2, 4000, 2000, 4000, 2, 1, 0, '2020-01-01');
INSERT INTO persons (id, company_id, surname, name, search_name)
 VALUES (1, 2, 'Соболев', 'Евгений', 'соболев');
INSERT INTO registrations (id, account_id, person_id, company_id, kind, valid_from, ground)
 VALUES (1, 1, 1, 2, 'permanent', '2020-01-01', 'Выписка');
INSERT INTO house_services (house_id, company_id, service, supplier_id, method, valid_from)
 VALUES (1, 2, 1, 4, 'law', '2020-01-01'), (1, 2, 8, 2, 'area', '2020-01-01');
INSERT INTO tariffs (organisation_id, service, component, rate, document, valid_from)
 VALUES (NULL, 1, 0, 400000, 'Приказ 1', '2020-01-01'), (2, 8, 0, 300000, 'Протокол', '2020-01-01');
INSERT INTO norms (service, kind, value_micro, document, valid_from)
 VALUES (1, 'person', 4500000, 'Приказ 2', '2020-01-01');
INSERT INTO meters (id, house_id, account_id, company_id, service, serial, installed_on)
 VALUES (1, 1, 2, 2, 1, 'ХВС-1', '2024-10-01');
INSERT INTO months (period, state) VALUES ('2024-11-01', 'open')"""


@dataclass
class Diary:
    """The house and what stands on its bills."""

    owner: Database
    sql: Any

    async def deed(self, make: Callable[[Session], Awaitable[object]]) -> object:
        async with self.owner.transaction(EVERYTHING) as session:
            return await make(session)

    async def reading(self, month: Period, value: int) -> None:
        day = month.first_day.replace(day=24)
        await self.deed(
            lambda session: readings.give_reading(
                session, 1, (value * MICRO, 0, 0), day, "resident", None, None, day, month.first_day,
                confirmed=True,
            )
        )  # fmt: skip

    async def charge(self, month: Period) -> None:
        """The run of the month, signed by two."""
        async with self.owner.transaction(EVERYTHING) as session:
            run_id = await runs.request_run(session, month, "city", None, ANNA)
        await order(self.owner, START, run_id)
        await run_until_idle(self.owner.url)
        await signed(self.owner, run_id)
        await order(self.owner, PUBLISH, run_id)

    async def correct(self, is_posted: bool = True) -> int:
        """Everything that waits becomes one package; the kopecks it moved into the open month."""
        async with self.owner.transaction(EVERYTHING) as session:
            run_id = await corrections.request_late(session, Filter(), dt.date(2026, 10, 30), ANNA)
        await order(self.owner, START, run_id)
        await run_until_idle(self.owner.url)
        if is_posted:
            async with self.owner.transaction(EVERYTHING) as session:
                handed = await corrections.hand_over(session, run_id, ANNA)
            if not handed.is_alone:
                async with self.owner.transaction(EVERYTHING) as session:
                    await runs.approve_publication(session, run_id, BORIS)
            await order(self.owner, PUBLISH, run_id)
        row = await self.sql.fetchrow(
            "SELECT lines_count, amount_kopecks + surcharge_kopecks AS kopecks FROM runs WHERE id = $1",
            run_id,
        )
        return 0 if not row["lines_count"] else int(row["kopecks"])

    async def recount(self) -> int:
        """Lines a correction of every closed month would post now."""
        ground = Ground("other", "Проверка", dt.date(2026, 10, 30))
        async with self.owner.transaction(EVERYTHING) as session:
            run_id = await corrections.request_correction(session, "city", None, FIRST, None, ground, ANNA)
        await order(self.owner, START, run_id)
        await run_until_idle(self.owner.url)
        return int(await self.sql.fetchval("SELECT lines_count FROM runs WHERE id = $1", run_id))

    async def close(self, month: Period) -> None:
        await self.deed(lambda session: months.close_month(session, month.first_day))

    async def bill(self, month: Period) -> dict[tuple[int, int], int]:
        """What stands charged for a month, whatever way it came: (account, service) → kopecks."""
        rows = await self.sql.fetch(
            """
            SELECT l.account_id, l.service, sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS kopecks
              FROM lines l JOIN runs r ON r.id = l.run_id AND r.state = 'published'
             WHERE (r.period - l.months_back * interval '1 month')::date = $1 GROUP BY 1, 2""",
            month.first_day,
        )
        return {(row["account_id"], row["service"]): row["kopecks"] for row in rows}

    async def receipts(self) -> list[tuple[Any, ...]]:
        """Balances as each closed month left them: nothing later may change them."""
        rows = await self.sql.fetch("SELECT * FROM opening_balances ORDER BY period, account_id")
        return [tuple(row) for row in rows]


@pytest.fixture
async def diary(fresh_database: TestDatabase) -> AsyncIterator[Diary]:
    owner = Database(fresh_database.url)
    sql = await asyncpg.connect(fresh_database.url)
    await sql.execute(BUILD)
    for table in (
        "persons",
        "registrations",
        "meters",
        "accounts",
        "flats",
        "houses",
        "organisations",
        "users",
    ):
        await sql.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )
    yield Diary(owner, sql)
    await sql.close()
    await owner.close()


MOVED_OUT, LEFT, BACK = dt.date(2025, 3, 15), dt.date(2025, 7, 1), dt.date(2025, 7, 20)


async def moved_out(session: Session) -> object:
    return await people.deregister(session, 1, MOVED_OUT, DEED)


async def away(session: Session) -> object:
    new = NewAbsence(LEFT, BACK, 2, "ticket", dt.date(2025, 8, 5))
    return await add_absence(session, 1, new, DEED)


async def larger(session: Session) -> object:
    return await premises.change_area(session, 1, dt.date(2025, 11, 1), DEED, area_dm2=5250)


async def no_water(session: Session) -> object:
    start = dt.datetime.fromisoformat("2025-09-10T08:00+03:00")
    now = start + dt.timedelta(days=3)
    new = NewIncident(WATER, (1,), False, start, None, "Свищ", "Воды нет")
    number = await incidents.begin(session, new, DEED, now)
    return await incidents.end(session, number, start + dt.timedelta(hours=30), DEED, now)


async def annulled(diary: Diary) -> None:
    new = NewValue(
        "tariff", WATER, 0, "population", None, None, 360_000, dt.date(2026, 3, 1), "Решение суда № 3",
        dt.date(2026, 6, 1), valid_to=dt.date(2026, 4, 1), is_backward=True,
    )  # fmt: skip
    number = int(str(await diary.deed(lambda session: value_proposals.propose(session, new, ANNA))))
    now = dt.datetime(2026, 6, 2, tzinfo=dt.UTC)
    await diary.deed(lambda session: value_proposals.approve(session, number, BORIS, now))


SILENT = {Period.parse(f"2025-{month}") for month in ("10", "11", "12")} | {Period.parse("2026-01")}
FEBRUARY = Period.parse("2026-02")


def shown(month: Period) -> int:
    """The reading of flat 2: 5 m³ a month; 100 in February after four silent months, then 5 again."""
    return (
        5 * (month.ordinal - FIRST.ordinal + 1)
        if month < FEBRUARY
        else (100 + 5 * (month.ordinal - FEBRUARY.ordinal))
    )


async def live(
    diary: Diary, last: Period, events: dict[str, Callable[[], Awaitable[object]]]
) -> dict[str, int]:
    """Months up to `last`, each: readings, events, corrections of what waits, the run, closing."""
    moved: dict[str, int] = {}
    for ordinal in range(FIRST.ordinal, last.ordinal + 1):
        month = Period(ordinal)
        if month not in SILENT:
            await diary.reading(month, shown(month))
        if str(month) in events:
            await events[str(month)]()
            waiting = await diary.sql.fetchval("SELECT count(*) FROM late_facts WHERE run_id IS NULL")
            if waiting:
                moved[str(month)] = await diary.correct()
        await diary.charge(month)
        if month < LAST:
            await diary.close(month)
    return moved


async def test_two_years_of_a_house(diary: Diary) -> None:
    moved = await live(
        diary,
        LAST,
        {
            "2025-06": lambda: diary.deed(moved_out),
            "2025-08": lambda: diary.deed(away),
            "2025-09": lambda: diary.deed(no_water),
            "2026-01": lambda: diary.deed(larger),
            "2026-06": lambda: annulled(diary),
        },
    )

    assert moved == {"2025-06": -458_71, "2025-08": -209_03, "2026-01": 150_00, "2026-06": -56_00}
    bills = {month: await diary.bill(Period.parse(month)) for month in BILLS}
    assert {month: tuple(bills[month][key] for key in KEYS) for month in BILLS} == BILLS
    assert (await check_ledger(diary.owner.url))["ok"]

    kept = await diary.receipts()
    assert await diary.recount() == 0
    assert await diary.receipts() == kept


KEYS = ((1, WATER), (1, UPKEEP), (2, WATER), (2, UPKEEP))
BILLS = {
    "2025-01": (540_00, 1500_00, 200_00, 1200_00),
    "2025-03": (441_29, 1500_00, 200_00, 1200_00),
    "2025-05": (360_00, 1500_00, 200_00, 1200_00),
    "2025-07": (150_97, 1500_00, 200_00, 1200_00),  # 360,00 − 209,03
    "2025-09": (330_96, 1500_00, 192_20, 1200_00),  # 360,00 − 15,00 − 14,04; 200,00 − 7,80
    "2025-10": (360_00, 1500_00, 200_00, 1200_00),
    "2025-11": (360_00, 1575_00, 200_00, 1200_00),
    "2026-01": (360_00, 1575_00, 360_00, 1200_00),
    "2026-02": (360_00, 1575_00, 840_00, 1200_00),
    "2026-03": (324_00, 1575_00, 180_00, 1200_00),
    "2026-10": (360_00, 1575_00, 200_00, 1200_00),
}


FACTS: dict[str, Callable[[Session], Awaitable[object]]] = {
    "moved out": lambda session: people.deregister(session, 1, dt.date(2024, 12, 11), DEED),
    "away": lambda session: add_absence(
        session,
        1,
        NewAbsence(dt.date(2024, 12, 1), dt.date(2024, 12, 20), 1, "ticket", dt.date(2025, 1, 5)),
        DEED,
    ),
    "area": lambda session: premises.change_area(session, 1, dt.date(2024, 12, 16), DEED, area_dm2=6000),
}
"""Three facts of December 2024 learnt in February: people 10 days 3 and 21 days 2, 18 full days of one away,
15 days 50 m² and 16 days 60 m².

    water (30 + 42) / 31 × 4,5 × 40 = 418,06; less 1 × 4,5 × 18 / 31 × 40 = 104,52     313,54
    upkeep 15 / 31 × 1500 + 16 / 31 × 1800 = 725,81 + 929,03                          1654,84
"""
FEBRUARY_2025 = Period.parse("2025-02")


@pytest.mark.parametrize("names", [("moved out", "away", "area"), ("area", "away", "moved out")], ids=str)
async def test_the_order_in_which_facts_come_does_not_matter(diary: Diary, names: tuple[str, ...]) -> None:
    await live(diary, FEBRUARY_2025, {})
    december = Period.parse("2024-12")
    before = await diary.bill(december)

    for name in names:
        await diary.deed(FACTS[name])
        await diary.correct()

    after = await diary.bill(december)
    assert (before[1, WATER], before[1, UPKEEP]) == (540_00, 1500_00)
    assert (after[1, WATER], after[1, UPKEEP]) == (313_54, 1654_84)
    assert (after[2, WATER], after[2, UPKEEP]) == (200_00, 1200_00)
    assert await diary.recount() == 0


async def test_a_correction_there_and_back_sums_to_zero(diary: Diary) -> None:
    await live(diary, FEBRUARY_2025, {})
    before = await diary.bill(Period.parse("2024-12"))
    kept = await diary.receipts()

    absence = int(str(await diary.deed(FACTS["away"])))
    there = await diary.correct()
    await diary.deed(lambda session: withdraw_absence(session, absence, DEED))
    back = await diary.correct()

    assert (there, back) == (-104_52, 104_52)
    assert await diary.bill(Period.parse("2024-12")) == before
    assert await diary.receipts() == kept
    assert (await check_ledger(diary.owner.url))["ok"]


async def penalties(diary: Diary) -> dict[tuple[int, str, int], int]:
    """Counted through 28 February 2025 and posted; what is owed by account, month of the debt and service."""
    until = dt.date(2025, 2, 28)
    made = await diary.sql.fetchval("SELECT count(*) FROM penalty_runs")
    number = int(
        str(
            await diary.deed(
                lambda session: penalty_runs.request_count(
                    session, until=until, company_id=None, user_id=ANNA, command_id=f"command-{made:08d}"
                )
            )
        )
    )
    await obey_penalties(diary.owner, COUNT, {"penalty_run_id": number})
    await diary.deed(lambda session: penalty_runs.approve(session, number, BORIS))
    await obey_penalties(diary.owner, POST, {"penalty_run_id": number})
    rows = await diary.sql.fetch(
        """
        SELECT account_id, to_char(of_period, 'MM') AS month, service, sum(amount_kopecks)::bigint AS kopecks
          FROM postings WHERE book = 6 AND account_id IS NOT NULL
         GROUP BY 1, 2, 3 HAVING sum(amount_kopecks) <> 0"""
    )
    return {(row["account_id"], row["month"], row["service"]): row["kopecks"] for row in rows}


async def pay_november(session: Session) -> object:
    """Flat 1 pays November on 15 February, naming the month."""
    day = dt.date(2025, 2, 15)
    one = Incoming(5, "1", "0000000001", 2040_00, day, of_period=dt.date(2024, 11, 1))
    return await post_payments(session, [one])


NINE_AND_A_HALF = {
    # November is due on 10 December: by 28 February 80 days late, days 31–80 are 50; paid on day 67: 37 days.
    (1, "11", WATER): 6_33,  # 540,00 × 9,5 % × 37 / 300 = 6,327
    (1, "11", UPKEEP): 17_58,  # 1500,00 × 9,5 % × 37 / 300 = 17,575
    (2, "11", WATER): 3_17,  # 200,00 × 9,5 % × 50 / 300
    (2, "11", UPKEEP): 19_00,  # 1200,00 × 9,5 % × 50 / 300
    # December is due on 10 January: 49 days late, days 31–49 are 19. January, due on 10 February, is 18 days.
    (1, "12", WATER): 3_25,  # 540,00 × 9,5 % × 19 / 300 = 3,249
    (1, "12", UPKEEP): 9_03,  # 1500,00 × 9,5 % × 19 / 300 = 9,025
    (2, "12", WATER): 1_20,
    (2, "12", UPKEEP): 7_22,
}
"""The rate is the least of the key rate and 9,5 %: in February 2025 it is the cap."""


async def test_penalties_follow_payments_and_late_facts(diary: Diary) -> None:
    """The absence learnt late takes 104,52 off December's water: its penalty becomes that of 435,48, 2,62."""
    await live(diary, Period.parse("2025-01"), {})
    await diary.deed(pay_november)

    first = await penalties(diary)
    again = await penalties(diary)
    await diary.deed(FACTS["away"])
    moved = await diary.correct()
    after = await penalties(diary)

    assert first == NINE_AND_A_HALF
    assert again == first
    assert moved == -104_52
    assert after == {**first, (1, "12", WATER): 2_62}
    report = await check_ledger(diary.owner.url)
    assert report["ok"], report["found"]


async def pay_all_until_february(session: Session) -> object:
    """Flat 1 pays four months, each named, on 20 February: its opening of March is nothing."""
    day = dt.date(2025, 2, 20)
    months_ = [Period.parse("2024-11").shift(more).first_day for more in range(4)]
    named = [
        Incoming(5, str(at), "0000000001", 2040_00, day, of_period=of) for at, of in enumerate(months_, 1)
    ]
    return await post_payments(session, named)


async def test_debts_since_the_account_owed_nothing_are_those_of_its_whole_life(diary: Diary) -> None:
    """March 2040,00 less December's absence 104,52 that came back after everything had been paid: 1935,48.

    A service kept apart makes the whole life to be read; nobody is charged for service 99.
    """
    await live(diary, Period.parse("2025-01"), {})
    await diary.reading(FEBRUARY_2025, shown(FEBRUARY_2025))
    await diary.charge(FEBRUARY_2025)
    await diary.deed(pay_all_until_february)
    await diary.close(FEBRUARY_2025)
    await diary.deed(FACTS["away"])
    await diary.correct()
    await diary.reading(FEBRUARY_2025.shift(1), shown(FEBRUARY_2025.shift(1)))
    await diary.charge(FEBRUARY_2025.shift(1))

    whole = replace(BY_LAW, apart=(99,))
    found = []
    async with diary.owner.reading() as session:
        for policies in ({}, {2: whole}):
            owed = await open_debts(session, [1, 2], [2, 2], policies)
            names = (owed.account, owed.period, owed.payee, owed.service, owed.amount)
            found.append(sorted(zip(*(one.tolist() for one in names), strict=True)))

    assert sum(row[-1] for row in found[0] if row[0] == 0) == 1935_48
    assert {row[1] for row in found[0] if row[0] == 0} == {FEBRUARY_2025.shift(1).ordinal}
    assert found[0] == found[1]
