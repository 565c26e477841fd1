"""Debtors and the overdue process on PostgreSQL: counted from the ledger, advanced by rule, approved."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from actors.debts import DebtKeeper
from billing.overdue import DEFAULTS
from storage import debts as open_debts_module
from storage import overdue_batches, overdue_norms, payments
from storage.collection import RateRow, rates, spread
from storage.debt_count import count_debtors
from storage.engine import Database
from storage.overdue import advance
from storage.overdue_batches import StepRefused
from storage.overdue_terms import set_terms
from storage.payments import Incoming
from tests.storage import town
from tests.storage.charges import charge

WATER, HOT, HEAT, POWER = 1, 2, 4, 5
TODAY = dt.date(2026, 11, 24)


@pytest.fixture(autouse=True)
async def _town(db: Database) -> None:
    """Account 1 owes three months, account 2 a month, account 3 paid everything."""
    await town.build(db)
    await charge(db, 1, dt.date(2026, 7, 1), {(1, town.HEAT, HOT): 2_000_00, (2, town.HEAT, HOT): 100_00})
    await charge(db, 2, dt.date(2026, 8, 1), {(1, town.HEAT, HOT): 1_500_00, (1, town.WATER, WATER): 300_00})
    await charge(db, 3, dt.date(2026, 9, 1), {(1, town.HEAT, HEAT): 700_00, (3, town.WATER, WATER): 50_00})
    await charge(db, 4, dt.date(2026, 10, 1), {(1, town.WATER, WATER): 40_00, (2, town.WATER, WATER): 400_00})
    await pay(db, "1", 50_00, "0012399")
    await pay(db, "2", 100_00, "0012354")


async def pay(db: Database, number: str, amount: int, account: str = "0012345") -> None:
    async with db.transaction() as session:
        await payments.post_payments(session, [Incoming(town.AGENT, number, account, amount, TODAY)])


async def rows(db: Database, sql: str, **values: Any) -> list[Any]:
    async with db.reading() as session:
        return list((await session.execute(text(sql), values)).all())


async def look(db: Database, day: dt.date = TODAY) -> None:
    await DebtKeeper(db).look(day)


@pytest.fixture
def norms(monkeypatch: pytest.MonkeyPatch) -> dict[int, dict[int, int]]:
    """Months by the norm as the rules of the house would give them."""
    found = {1: {HOT: 1_000_00}}

    async def norms_of(_: object, ids: list[int]) -> dict[int, dict[int, int]]:
        return {account: found[account] for account in ids if account in found}

    monkeypatch.setattr("storage.overdue.norms_of", norms_of)
    return found


async def test_debts_are_counted_by_age_group_and_service(db: Database) -> None:
    assert await count_debtors(db, TODAY) is not None

    found = await rows(db, "SELECT * FROM debtors ORDER BY account_id")

    assert [row.account_id for row in found] == [1, 2]
    one = found[0]
    assert (one.overdue_kopecks, one.coming_kopecks, one.months) == (4_540_00, 0, 4)
    assert one.oldest == dt.date(2026, 7, 1)
    # due 17.08, 15.09, 15.10 and 16.11 of 2026: four ages
    ages = (one.age0_kopecks, one.age1_kopecks, one.age2_kopecks, one.age3_kopecks)
    assert ages == (40_00, 700_00, 1_800_00, 2_000_00)
    assert (one.utility_kopecks, one.hot_water_kopecks) == (4_540_00, 3_500_00)
    assert found[1].overdue_kopecks == 400_00


async def test_a_debt_that_may_be_paid_in_time_is_not_overdue(db: Database) -> None:
    await count_debtors(db, dt.date(2026, 11, 16))

    found = await rows(db, "SELECT overdue_kopecks, coming_kopecks FROM debtors ORDER BY account_id")

    assert [tuple(row) for row in found] == [(4_500_00, 40_00), (0, 400_00)]


async def test_a_payment_recounts_only_its_account(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await count_debtors(db, TODAY)
    assert await count_debtors(db, TODAY) is None
    await pay(db, "3", 400_00, "0012354")

    asked: list[list[int]] = []
    real = open_debts_module.open_debts

    async def noted(session: Any, ids: list[int], *rest: Any) -> Any:
        asked.append(ids)
        return await real(session, ids, *rest)

    monkeypatch.setattr("storage.debt_count.open_debts", noted)
    looked = await count_debtors(db, TODAY)
    assert looked == 2  # with the account of the payment a moment before: numbers may commit out of order
    assert asked == []  # nothing is owed any more: the balance says so before debts are read
    assert [row.account_id for row in await rows(db, "SELECT account_id FROM debtors")] == [1]


async def test_cases_open_go_on_only_by_people_and_close_when_paid(
    db: Database, norms: dict[int, dict[int, int]]
) -> None:
    await look(db)
    drafts = await rows(db, "SELECT * FROM debt_steps ORDER BY account_id")
    assert [(row.account_id, row.stage, row.state) for row in drafts] == [
        (1, "reminder", "draft"),
        (2, "reminder", "draft"),
    ]
    await look(db)
    assert len(await rows(db, "SELECT id FROM debt_steps")) == 2

    batch = await approve(db, "reminder")
    await look(db)
    papers = await rows(db, "SELECT kind, number, account_id FROM papers ORDER BY id")
    assert [row.kind for row in papers] == ["reminder", "reminder"]
    assert (await rows(db, "SELECT state FROM debt_batches WHERE id = :id", id=batch))[0].state == "approved"

    await pay(db, "3", 400_00, "0012354")
    await look(db)
    cases = await rows(db, "SELECT account_id, next_stage, close_reason FROM debt_cases ORDER BY account_id")
    assert [tuple(row) for row in cases] == [(1, "notice", None), (2, "notice", "paid")]

    await look(db, TODAY + dt.timedelta(days=15))
    notice = (await rows(db, "SELECT * FROM debt_steps WHERE stage = 'notice'"))[0]
    assert (notice.account_id, list(notice.services), list(notice.norms)) == (1, [HOT], [1_000_00])


async def approve(db: Database, stage: str, day: dt.date = TODAY) -> int:
    ids = [
        row.id
        for row in await rows(
            db, "SELECT id FROM debt_steps WHERE state = 'draft' AND stage = :stage", stage=stage
        )
    ]
    async with db.transaction() as session:
        batch = await overdue_batches.preview(session, stage, ids, 1)
    async with db.transaction() as session:
        await overdue_batches.approve(session, batch, 1, day)
    return batch


async def to_notice(db: Database) -> tuple[int, int]:
    """The case of account 1 up to an approved warning with its paper; batch and step."""
    await look(db)
    await approve(db, "reminder")
    await look(db, TODAY + dt.timedelta(days=15))
    batch = await approve(db, "notice", TODAY + dt.timedelta(days=15))
    await look(db, TODAY + dt.timedelta(days=15))
    step = (await rows(db, "SELECT id FROM debt_steps WHERE stage = 'notice' AND state = 'approved'"))[0].id
    return batch, step


async def deliver(db: Database, step: int, day: dt.date, today: dt.date) -> int:
    async with db.transaction() as session:
        return await overdue_batches.deliver(session, [step], "letter", day, today, "РПО 1", 1)


async def test_the_term_of_restriction_runs_from_the_delivery_of_the_warning(
    db: Database, norms: dict[int, dict[int, int]]
) -> None:
    _, step = await to_notice(db)
    late = TODAY + dt.timedelta(days=90)
    await look(db, late)
    assert await rows(db, "SELECT id FROM debt_steps WHERE stage = 'restriction'") == []

    with pytest.raises(StepRefused, match="не наступил"):
        await deliver(db, step, late + dt.timedelta(days=1), late)
    assert await deliver(db, step, late, late) == 1
    assert await deliver(db, step, late, late) == 0

    await look(db, late + dt.timedelta(days=20))
    assert await rows(db, "SELECT id FROM debt_steps WHERE stage = 'restriction'") == []
    await look(db, late + dt.timedelta(days=21))
    made = await rows(db, "SELECT services, state FROM debt_steps WHERE stage = 'restriction'")
    assert [(list(row.services), row.state) for row in made] == [([HOT], "draft")]


async def test_an_approval_is_undone_whole_until_something_is_handed_over(
    db: Database, norms: dict[int, dict[int, int]]
) -> None:
    batch, step = await to_notice(db)
    async with db.transaction() as session:
        await overdue_batches.undo(session, batch, 1, "Ошиблись месяцем")
    again = await rows(db, "SELECT state FROM debt_steps WHERE stage = 'notice' ORDER BY id")
    assert [row.state for row in again] == ["undone", "draft"]
    assert len(await rows(db, "SELECT id FROM papers WHERE kind = 'warning'")) == 1

    day = TODAY + dt.timedelta(days=15)
    batch = await approve(db, "notice", day)
    await look(db, day)
    step = (await rows(db, "SELECT id FROM debt_steps WHERE stage = 'notice' AND state = 'approved'"))[0].id
    now = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    await deliver(db, step, now, now)
    with pytest.raises(StepRefused, match="вручено документов"):
        async with db.transaction() as session:
            await overdue_batches.undo(session, batch, 1, "Поздно")


async def test_what_changed_after_the_preview_is_not_approved(db: Database) -> None:
    await look(db)
    ids = [row.id for row in await rows(db, "SELECT id FROM debt_steps")]
    async with db.transaction() as session:
        batch = await overdue_batches.preview(session, "reminder", ids, 1)
    await pay(db, "3", 100_00, "0012354")
    await look(db)

    with pytest.raises(StepRefused, match="изменились после просмотра"):
        async with db.transaction() as session:
            await overdue_batches.approve(session, batch, 1, TODAY)


async def test_where_nothing_may_be_restricted_the_case_goes_on_to_the_court(
    db: Database, norms: dict[int, dict[int, int]]
) -> None:
    norms.clear()
    await look(db)
    await approve(db, "reminder")

    await look(db, TODAY + dt.timedelta(days=15))
    assert await rows(db, "SELECT id FROM debt_steps WHERE stage = 'notice'") == []
    await look(db, TODAY + dt.timedelta(days=30))
    await approve(db, "court", TODAY + dt.timedelta(days=30))
    await look(db, TODAY + dt.timedelta(days=30))
    made = await rows(
        db, "SELECT p.kind, s.problem FROM debt_steps s LEFT JOIN papers p ON p.id = s.paper_id "
        "WHERE s.stage = 'court'"
    )  # fmt: skip
    assert [tuple(row) for row in made] == [("court", None)]


async def test_an_agreement_and_a_person_hold_a_case_back(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def agreed(*_: object) -> list[int]:
        return [2]

    await look(db)
    monkeypatch.setattr("storage.overdue.under_agreement", agreed)
    case = (await rows(db, "SELECT id FROM debt_cases WHERE account_id = 1"))[0].id
    async with db.transaction() as session:
        await overdue_batches.hold(session, case, TODAY + dt.timedelta(days=10), "Обещал оплатить", 1)
    async with db.transaction() as session:
        assert await advance(session, TODAY) == 0
    states = await rows(db, "SELECT account_id, state FROM debt_steps ORDER BY account_id")
    assert [tuple(row) for row in states] == [(1, "dropped"), (2, "dropped")]

    async with db.transaction() as session:
        assert await advance(session, TODAY + dt.timedelta(days=10)) == 1


async def test_terms_of_a_company_are_its_own_from_a_day_on(db: Database) -> None:
    import dataclasses

    from billing.overdue import Stage

    none = {**DEFAULTS, Stage.REMINDER: dataclasses.replace(DEFAULTS[Stage.REMINDER], kopecks=1_000_00)}
    async with db.transaction() as session:
        await set_terms(session, town.COMPANY, none, TODAY, "Приказ 1")
    await look(db, TODAY)

    assert [row.account_id for row in await rows(db, "SELECT account_id FROM debt_cases")] == [1]


async def test_collected_is_what_came_against_the_charge_of_the_month_before(db: Database) -> None:
    await look(db)
    async with db.reading() as session:
        found = await rates(
            session, "month", since=dt.date(2026, 10, 1), until=dt.date(2026, 10, 1), limit=10
        )

    assert [(row.name, row.charged_kopecks, row.paid_kopecks) for row in found.rows] == [
        ("10.2026", 0, 150_00)
    ]
    charged = await rows(db, "SELECT sum(charged_kopecks)::bigint AS s FROM collections")
    assert charged[0].s == 5_090_00


def test_advances_are_spread_over_services_to_the_kopeck() -> None:
    rows = [
        RateRow(0, "Авансы", 0, 100),
        RateRow(1, "Вода", 70, 10),
        RateRow(2, "Свет", 100, 100),
        RateRow(3, "Газ", 30, 0),
    ]

    assert [(row.id, row.paid_kopecks) for row in spread(rows)] == [(0, 10), (1, 70), (2, 100), (3, 30)]
    short = [RateRow(0, "Авансы", 0, 10), *rows[1:]]
    assert [(row.id, row.paid_kopecks) for row in spread(short)] == [(1, 16), (2, 100), (3, 4)]


async def test_a_month_by_the_norm_is_what_the_rules_give_without_meters(db: Database) -> None:
    async with db.transaction() as session:
        found = await overdue_norms.norms_of(session, [1, 2])

    assert found == {}  # the town has no norms: nothing may be restricted by guess


async def test_cases_are_not_brought_on_more_often_than_asked(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    days: list[dt.date] = []

    async def noted(_: object, day: dt.date) -> int:
        days.append(day)
        return 0

    monkeypatch.setattr("actors.debts.advance", noted)
    keeper = DebtKeeper(db)
    await keeper.look(TODAY, 60)
    await pay(db, "3", 10_00)
    await keeper.look(TODAY, 60)
    assert days == [TODAY]

    await keeper.look(TODAY, 0)
    await keeper.look(TODAY + dt.timedelta(days=1), 60)
    assert days == [TODAY, TODAY, TODAY + dt.timedelta(days=1)]
