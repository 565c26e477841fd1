"""An order of payments on PostgreSQL: tried on real payments of a closed month, chosen by two, obeyed."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from sqlalchemy import text

from billing import ledger as books
from billing.allocation import BY_SERVICE, Policy
from billing.ledger import Book, Posting
from billing.period import Period
from storage import ledger, months, payment_policy, policy_trial_pages, policy_trial_work, policy_trials
from storage.engine import Database
from storage.policy_trials import PolicyTrial
from storage.second_person import ValueRefused
from tests.storage import town
from tests.storage.charges import charge
from tests.storage.test_payments import HEAT, SEPTEMBER, WATER, decide, paid, post

ANNA, BORIS = 1, 2
NOVEMBER = dt.date(2026, 11, 1)
NOW = dt.datetime(2026, 11, 5, 12, tzinfo=dt.UTC)
NEWEST = Policy(oldest_first=False)


@pytest.fixture(autouse=True)
async def _town(db: Database) -> None:
    await town.build(db)


async def close(db: Database) -> None:
    async with db.transaction() as session:
        await months.close_month(session, town.OPEN)


async def ask(db: Database, policy: Policy, company: int | None = town.COMPANY, span: int = 1) -> int:
    async with db.transaction() as session:
        return await policy_trials.ask(session, company, policy, NOVEMBER, span, ANNA, f"command-{policy}")


async def tried(
    db: Database, policy: Policy = NEWEST, company: int | None = town.COMPANY, span: int = 1
) -> PolicyTrial:
    trial_id = await ask(db, policy, company, span)
    await policy_trial_work.count(db, trial_id)
    async with db.reading() as session:
        found = await policy_trials.trial(session, trial_id)
    assert found is not None
    return found


async def two_months(db: Database) -> None:
    """Water of September 100 ₽ and of October 70 ₽; 80 ₽ and then 50 ₽ paid."""
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 100_00})
    await charge(db, 2, town.OPEN, {(1, town.WATER, WATER): 70_00})
    await post(db, paid("1", 80_00))
    await post(db, paid("2", 50_00))


async def many(db: Database, query: str) -> list[Any]:
    async with db.reading() as session:
        return list(await session.execute(text(query)))


async def sums(db: Database, trial_id: int) -> dict[tuple[str, int], tuple[int, int]]:
    async with db.reading() as session:
        found = await policy_trial_pages.sums(session, trial_id)
    return {
        (cut, one.key): (one.now_kopecks, one.then_kopecks) for cut, rows in found.items() for one in rows
    }


async def test_a_trial_says_what_would_go_elsewhere_and_posts_nothing(db: Database) -> None:
    await two_months(db)
    await close(db)
    before = await many(db, "SELECT * FROM postings ORDER BY entry_id, ordinal")

    trial = await tried(db)

    assert (trial.state, trial.done_count, trial.total_count) == ("counted", 3, 3)
    assert (trial.payments_count, trial.changed_count, trial.proved_count) == (2, 2, 2)
    assert (trial.accounts_count, trial.moved_kopecks) == (1, 40_00)
    found = await sums(db, trial.id)
    september, october = (Period.of(day).ordinal for day in (SEPTEMBER, town.OPEN))
    assert found["month", september] == (100_00, 60_00)
    assert found["month", october] == (30_00, 70_00)
    assert found["service", WATER] == found["payee", town.WATER] == found["kind", 0] == (130_00, 130_00)
    async with db.reading() as session:
        shown = await policy_trial_pages.shown(session, trial.id, 1)
    assert shown is not None
    assert [
        [(part.month, part.payee, part.now_kopecks, part.then_kopecks) for part in one.parts]
        for one in shown.payments
    ] == [
        [(SEPTEMBER, "Водоканал", 80_00, 10_00), (town.OPEN, "Водоканал", 0, 70_00)],
        [(SEPTEMBER, "Водоканал", 20_00, 50_00), (town.OPEN, "Водоканал", 30_00, 0)],
    ]
    assert await many(db, "SELECT * FROM postings ORDER BY entry_id, ordinal") == before


async def test_a_payment_sees_only_what_was_charged_before_it(db: Database) -> None:
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 100_00})
    await post(db, paid("1", 60_00))
    await charge(db, 2, town.OPEN, {(1, town.WATER, WATER): 70_00})
    await post(db, paid("2", 60_00))
    await close(db)
    await charge(db, 3, NOVEMBER, {(1, town.WATER, WATER): 500_00})

    trial = await tried(db)

    assert (trial.payments_count, trial.changed_count, trial.proved_count) == (2, 1, 2)
    assert trial.moved_kopecks == 40_00


async def test_penalties_advances_and_services_kept_apart(db: Database) -> None:
    await charge(db, 1, SEPTEMBER, {(1, town.WATER, WATER): 100_00, (1, town.HEAT, HEAT): 50_00})
    async with db.transaction() as session:
        await ledger.post(
            session,
            books.Entry("penalty", town.OPEN, dt.date(2026, 10, 5), "p"),
            [
                Posting(Book.PENALTIES, 7_00, 1, 1, town.WATER, WATER, SEPTEMBER),
                Posting(Book.PENALTIES, -7_00, None, 1, town.WATER, WATER),
            ],
        )
    await post(db, paid("1", 130_00), paid("2", 30_00))
    await close(db)

    trial = await tried(db, Policy(apart=(HEAT,)))

    found = await sums(db, trial.id)
    assert found["service", HEAT] == (50_00, 0)
    assert found["service", WATER] == (107_00, 107_00)
    assert found["service", 0] == (3_00, 53_00)
    assert found["kind", 1] == (7_00, 7_00)
    assert trial.proved_count == 2


async def test_by_the_order_in_force_every_payment_comes_out_as_it_was_posted(db: Database) -> None:
    """Charges, payments, named ones, advances, assigned and reversed ones, in any order."""
    chance = random.Random(20261125)
    for run, month in enumerate((dt.date(2026, 8, 1), SEPTEMBER, town.OPEN), 1):
        places = [(account, payee, service) for account in (1, 2, 3) for payee, service in ((2, 1), (3, 4))]
        await charge(db, run, month, {place: chance.randrange(1, 200_00) for place in places})
        for turn in range(12):
            account = chance.choice(("0012345", "0012354", "0012399", "777"))
            more = chance.choice(({}, {}, {"of_period": SEPTEMBER}, {"service": HEAT}))
            made = await post(db, paid(f"{run}-{turn}", chance.randrange(1, 90_00), account, **more))
            payment_id = made[0].payment_id
            if account == "777" and payment_id is not None and chance.random() < 0.6:
                await decide(db, payment_id, "assign", chance.randrange(1, 4))
    await close(db)

    trial = await tried(db, Policy(False, False, BY_SERVICE, (HEAT, WATER)))

    assert trial.payments_count > 25
    assert trial.proved_count == trial.payments_count
    assert trial.changed_count > 10
    found = await sums(db, trial.id)
    for cut in policy_trial_pages.CUTS:
        both = [pair for (name, _), pair in found.items() if name == cut]
        assert sum(now for now, _ in both) == sum(then for _, then in both)


async def test_a_worker_killed_between_blocks_goes_on(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await charge(db, 1, SEPTEMBER, {(at, town.WATER, WATER): 100_00 for at in (1, 2, 3)})
    await charge(db, 2, town.OPEN, {(at, town.WATER, WATER): 70_00 for at in (1, 2, 3)})
    await post(db, *(paid(number, 80_00, number) for number in ("0012345", "0012354", "0012399")))
    await close(db)
    monkeypatch.setattr(policy_trial_work, "BLOCK_ACCOUNTS", 1)
    trial_id = await ask(db, NEWEST)
    async with db.transaction() as session:
        row = await policy_trial_work._locked(session, trial_id)
        assert row is not None
        now, then = await policy_trial_work.orders(session, row)
        await session.execute(text("UPDATE policy_trials SET state = 'counting'"))
    assert await policy_trial_work._block(db, trial_id, now, then)

    await policy_trial_work.count(db, trial_id)
    await policy_trial_work.count(db, trial_id)  # the event may come twice

    async with db.reading() as session:
        trial = await policy_trials.trial(session, trial_id)
        found = await policy_trial_pages.accounts(session, trial_id, account="00123", limit=2)
    assert trial is not None
    assert (trial.done_count, trial.payments_count, trial.moved_kopecks) == (3, 3, 210_00)
    assert (len(found.rows), found.total, found.moved_kopecks) == (2, 3, 210_00)


async def test_the_order_of_the_city_leaves_companies_with_their_own(db: Database) -> None:
    await two_months(db)
    async with db.transaction() as session:
        await payment_policy.set_policy(session, town.COMPANY, Policy(), SEPTEMBER, "Решение")
    await close(db)

    trial = await tried(db, company=None)

    assert (trial.total_count, trial.payments_count) == (1, 0)  # the account of the other company


async def test_before_the_first_month_is_closed_the_open_one_is_tried(db: Database) -> None:
    await two_months(db)
    async with db.transaction() as session:  # one came with the history of another system
        await session.execute(text("UPDATE payments SET state = 'accepted' WHERE number = '1'"))

    trial = await tried(db, span=3)

    assert (trial.first_month, trial.last_month, trial.changed_count) == (town.OPEN, town.OPEN, 2)


async def test_an_order_is_chosen_by_two_and_obeyed_from_its_day(db: Database) -> None:
    await two_months(db)
    await close(db)
    trial_id = (await tried(db)).id
    async with db.transaction() as session:
        await policy_trials.propose(session, trial_id, "Приказ 7", ANNA)
    with pytest.raises(ValueRefused, match="другой сотрудник"):
        async with db.transaction() as session:
            await policy_trials.approve(session, trial_id, ANNA, NOW)
    async with db.transaction() as session:
        await policy_trials.approve(session, trial_id, BORIS, NOW)

    async with db.reading() as session:
        eve = await payment_policy.policies(session, [1], NOVEMBER - dt.timedelta(days=1))
        day = await payment_policy.policies(session, [1], NOVEMBER)
    assert (eve[1].oldest_first, day[1].oldest_first) == (True, False)


async def test_what_may_not_be_asked_chosen_or_approved(db: Database) -> None:
    await two_months(db)
    await close(db)

    async def refusal(code: str, deed: Any) -> None:
        with pytest.raises(ValueRefused) as caught:
            async with db.transaction() as session:
                await deed(session)
        assert caught.value.code == code

    await refusal(
        "inside", lambda session: policy_trials.ask(session, 1, Policy(), NOVEMBER, 1, ANNA, "command")
    )
    waiting = await ask(db, NEWEST)
    assert await ask(db, NEWEST) == waiting  # the same command
    await refusal("not-counted", lambda session: policy_trials.propose(session, waiting, "Приказ", ANNA))
    await policy_trial_work.count(db, waiting)
    async with db.transaction() as session:
        await policy_trials.propose(session, waiting, "Приказ", ANNA)
        await payment_policy.set_policy(session, 1, Policy(named_first=False), SEPTEMBER, "Иначе")
    await refusal("stale", lambda session: policy_trials.approve(session, waiting, BORIS, NOW))
    async with db.transaction() as session:
        await policy_trials.decline(session, waiting, BORIS, NOW)
    await refusal("value-decided", lambda session: policy_trials.approve(session, waiting, BORIS, NOW))


async def test_a_trial_nobody_could_count_says_so(db: Database) -> None:
    trial_id = await ask(db, NEWEST)

    await policy_trial_work.give_up(db, {"policy_trial_id": trial_id})

    async with db.reading() as session:
        trial = await policy_trials.trial(session, trial_id)
    assert trial is not None
    assert (trial.state, bool(trial.error)) == ("failed", True)
