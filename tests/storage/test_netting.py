"""The rule of surpluses on PostgreSQL: tried on an organisation, chosen by two, obeyed and explained."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from billing import ledger as books
from billing.ledger import Book, Posting
from storage import ledger, netting, netting_pages
from storage.engine import Database
from storage.ledger_check import check_ledger
from storage.netting import TRY
from storage.penalty_account import account_penalties
from storage.penalty_law import penalty_law
from storage.penalty_orders import obey
from storage.second_person import ValueRefused
from tests.storage import town
from tests.storage.test_penalties import (
    ANNA,
    BORIS,
    COLD,
    END,
    JUNE,
    MAY,
    counted,
    lines,
    many,
    posted,
    publish,
    share,
)

HEAT = 4
NOW = dt.datetime(2026, 10, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
async def _town(db: Database) -> None:
    """Account 1 overpaid the heat of May by 30 ₽ (its charge was taken back) and owes 100 ₽ for water."""
    await town.build(db)
    await publish(db, 1, MAY, {1: [(2, COLD, 100_00), (3, HEAT, 50_00)], 2: [(2, COLD, 80_00)]})
    await publish(db, 2, JUNE, {1: [(3, HEAT, 20_00)]})
    entry = books.Entry("payment", town.OPEN, dt.date(2026, 6, 10), "p1")
    async with db.transaction() as session:
        await ledger.post(
            session,
            entry,
            [
                Posting(Book.RESIDENTS, -100_00, 1, 1, 3, HEAT, MAY),
                Posting(Book.IN_TRANSIT, 100_00, organisation_id=town.AGENT),
            ],
        )


async def tried(db: Database, reach: str = "payee", day: dt.date = town.OPEN) -> int:
    async with db.transaction() as session:
        trial_id = await netting.ask(session, town.COMPANY, reach, day, ANNA, f"command-{reach}-{day}")
    await obey(db, TRY, {"netting_trial_id": trial_id})
    return trial_id


async def chosen(db: Database, reach: str = "payee", day: dt.date = town.OPEN) -> int:
    trial_id = await tried(db, reach, day)
    async with db.transaction() as session:
        await netting.propose(session, trial_id, "Приказ 7", ANNA)
    async with db.transaction() as session:
        await netting.approve(session, trial_id, BORIS, NOW)
    return trial_id


async def always(db: Database, reach: str) -> None:
    """The rule as if it had been chosen before the first month."""
    async with db.transaction() as session:
        await session.execute(
            text("""
            INSERT INTO settings (organisation_id, key, value, ground, valid_from)
            VALUES (1, 'penalty_netting', :reach, 'Договор', '2020-01-01')"""),
            {"reach": reach},
        )


async def test_by_default_the_surplus_of_heat_pays_the_water(db: Database) -> None:
    found = await lines(db, await counted(db))

    assert found[1, "05", 2, COLD] == share(50_00, 60, 48)  # 100 less the surplus of 50 paid in time
    assert (1, "05", 3, HEAT) not in found


async def test_kept_apart_the_water_costs_more_and_the_heat_of_june_is_paid(db: Database) -> None:
    await always(db, "payee")

    found = await lines(db, await counted(db))

    assert found[1, "05", 2, COLD] == share(100_00, 60, 48)
    assert (1, "06", 3, HEAT) not in found  # its own surplus paid it on the day of the charge
    assert found[2, "05", 2, COLD] == share(80_00, 60, 48)


async def test_a_trial_says_who_would_owe_more_and_posts_nothing(db: Database) -> None:
    await always(db, "payee")

    trial_id = await tried(db, "account")

    async with db.reading() as session:
        trial = await netting.trial(session, trial_id)
        found = await netting_pages.accounts(session, trial_id, is_always=True, limit=10)
        later = await netting_pages.accounts(session, trial_id, is_always=False, way="more", limit=10)
    assert trial is not None
    assert (trial.state, trial.done_count, trial.total_count) == ("counted", 3, 3)
    assert (trial.always_more_count, trial.always_less_count) == (0, 1)
    assert trial.always_less_kopecks == share(100_00, 60, 48) - share(50_00, 60, 48) - share(20_00, 60, 18)
    assert [(row.number, row.difference_kopecks) for row in found.rows] == [
        ("0012345", -trial.always_less_kopecks)
    ]
    assert later.rows == []
    assert await many(db, "SELECT * FROM penalty_lines") == []


async def test_a_rule_is_chosen_by_two_and_obeyed_from_its_day(db: Database) -> None:
    await always(db, "service")
    before = await posted(db, dt.date(2026, 10, 10))

    await chosen(db, "account", dt.date(2026, 10, 15))
    after = await counted(db, END)

    early, late = await lines(db, before), await lines(db, after)
    assert early[1, "05", 2, COLD] == share(100_00, 60, 27)
    # 30 ₽ held on heat pay the water on 15.10: they cost through that day, 70 ₽ through the last.
    top = (30_00 * (60 * 130 + 32 * 300) + 70_00 * (60 * 130 + 48 * 300)) * 950
    total = (2 * top + 390_000_000) // (2 * 390_000_000)
    assert late[1, "05", 2, COLD] == total - early[1, "05", 2, COLD]
    async with db.reading() as session:
        told = await account_penalties(session, 1, after)
    water = next(one for one in told.debts if one.service == COLD)
    assert water.netted == {dt.date(2026, 10, 15): 30_00}
    assert water.is_proved
    report = await check_ledger(db.url)
    assert report["ok"], report["found"]


async def test_what_may_not_be_chosen(db: Database) -> None:
    async def deed(**named: Any) -> None:
        async with db.transaction() as session:
            if "ask" in named:
                reach, day = named["ask"]
                await netting.ask(session, town.COMPANY, reach, day, ANNA, "command-of-refusal")
            elif "propose" in named:
                await netting.propose(session, named["propose"], "Приказ", ANNA)
            else:
                await netting.approve(session, named["approve"], named["by"], NOW)

    async def refusal(code: str, **named: Any) -> None:
        with pytest.raises(ValueRefused) as caught:
            await deed(**named)
        assert caught.value.code == code

    await refusal("valid_from", ask=("payee", dt.date(2026, 9, 30)))
    await refusal("reach", ask=("account", town.OPEN))
    trial_id = await tried(db)
    async with db.transaction() as session:
        await netting.propose(session, trial_id, "Приказ 7", ANNA)
    await refusal("not-counted", propose=trial_id)
    await refusal("same-person", approve=trial_id, by=ANNA)
    async with db.transaction() as session:
        await netting.decline(session, trial_id, BORIS, NOW)
    await refusal("value-decided", approve=trial_id, by=BORIS)
    async with db.reading() as session:
        assert not (await penalty_law(session)).of(town.COMPANY).keeps_apart


async def test_the_law_of_before_is_still_known(db: Database) -> None:
    async with db.reading() as session:
        before = await session.scalar(text("SELECT clock_timestamp()"))
    await chosen(db, "service")

    async with db.reading() as session:
        old, new = await penalty_law(session, before), await penalty_law(session)
        rules = await netting.rules(session, END)

    assert not old.of(town.COMPANY).keeps_apart
    assert new.of(town.COMPANY).reach_on(END).name == "SERVICE"
    assert [(rule.reach, rule.is_now, rule.ground) for rule in rules] == [("service", True, "Приказ 7")]
