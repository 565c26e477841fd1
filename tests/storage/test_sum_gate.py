"""The gate of sums: what jumps is held, the run is not published, a second person releases it, then it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from storage import runs, sum_gate, sum_gate_decide, sum_gate_pages, thresholds
from storage.engine import Database
from storage.run_publish import publish_run
from storage.runs import PUBLISH, RunRefused
from storage.sum_gate_pages import HoldFilter
from tests.storage import small_city
from tests.storage.run_steps import ANNA, BORIS, EVERYTHING, computed, order, refusal, signed
from tests.support.services import TestDatabase

SEPTEMBER = "2026-09-01"


@pytest.fixture
async def owner(fresh_database: TestDatabase) -> AsyncIterator[Database]:
    """A small city where September is published as October will be, and only 10 % and 100 ₽ pass."""
    await small_city.build(fresh_database.url)
    made = Database(fresh_database.url)
    await limits(made, account_rise="10", account_fall="10", account_kopecks="10000")
    yield made
    await made.close()


async def limits(owner: Database, company: int | None = None, **values: str) -> None:
    async with owner.transaction() as session:
        day = dt.date(2026, 1, 1)
        await thresholds.set_values(session, company, sum_gate.PREFIX, values, day, "Приказ 7")


async def past_like_now(owner: Database, change: str = "") -> int:
    """A published September whose sums are October's, but for what `change` sets in run_accounts."""
    run_id = await computed(owner)
    async with owner.transaction() as session:
        for statement in (
            f"UPDATE runs SET period = '{SEPTEMBER}', state = 'published', posted_in = '{SEPTEMBER}', "
            f"published_at = '2026-09-30' WHERE id = {run_id}",
            f"DELETE FROM run_holds WHERE run_id = {run_id}",
        ):
            await session.execute(text(statement))
        if change:
            await session.execute(text(f"ALTER TABLE run_accounts_{run_id} DISABLE TRIGGER USER"))
            await session.execute(text(f"UPDATE run_accounts_{run_id} SET {change}"))
    return run_id


async def held(owner: Database, run_id: int) -> list[tuple[str, int, str]]:
    async with owner.reading() as session:
        found = await session.execute(
            text("SELECT dimension, key, state FROM run_holds WHERE run_id = :id ORDER BY 1, 2"),
            {"id": run_id},
        )
        return [tuple(row) for row in found]


async def decide(
    owner: Database, run_id: int, picks: list[tuple[str, int]], decision: str = "released", who: int = BORIS
) -> int:
    async with owner.transaction(EVERYTHING) as session:
        return await sum_gate_decide.decide(session, run_id, picks, decision, "Проверено по акту 5", who)


async def test_the_first_month_has_nothing_to_be_compared_with(owner: Database) -> None:
    run_id = await computed(owner)

    assert await held(owner, run_id) == []


async def test_the_same_sums_pass(owner: Database) -> None:
    await past_like_now(owner)

    assert await held(owner, await computed(owner)) == []


async def test_a_sum_over_both_limits_is_held_and_over_one_passes(owner: Database) -> None:
    await past_like_now(
        owner,
        "amount_kopecks = amount_kopecks - CASE account_id WHEN 3 THEN 100000 WHEN 6 THEN 9999 ELSE 0 END",
    )

    run_id = await computed(owner)

    assert await held(owner, run_id) == [("account", 3, "held")]


async def test_a_fall_is_measured_by_its_own_share(owner: Database) -> None:
    await limits(owner, account_fall="60", account_rise="10", account_kopecks="10000")
    await past_like_now(
        owner, "amount_kopecks = amount_kopecks * CASE account_id WHEN 3 THEN 2 WHEN 6 THEN 5 ELSE 1 END"
    )

    assert await held(owner, await computed(owner)) == [("account", 6, "held")]  # −41 % and −74 %


async def test_a_company_has_limits_of_its_own(owner: Database) -> None:
    await limits(owner, 2, account_kopecks="5000000")
    await past_like_now(owner, "amount_kopecks = 100")

    run_id = await computed(owner)

    async with owner.reading() as session:
        companies = await session.scalars(text("SELECT DISTINCT company_id FROM run_holds"))
        assert list(companies) == [3]
    assert await held(owner, run_id) != []


async def test_an_account_that_lost_its_bill_is_held_unless_it_is_closed_or_parked(owner: Database) -> None:
    past = await past_like_now(owner)
    async with owner.transaction() as session:
        for account, number in ((9001, "1"), (9002, "2")):
            await session.execute(
                text(
                    "INSERT INTO accounts (id, number, house_id, flat_id, company_id, payer_name, "
                    "search_name, opened_on, closed_on) VALUES (:id, CAST(:number AS text), 1, 1, 3, 'Был', "
                    "'был', '2020-01-01', :closed)"
                ),
                {
                    "id": account,
                    "number": f"900{number}",
                    "closed": None if number == "1" else dt.date(2026, 9, 15),
                },
            )
            await session.execute(
                text(
                    f"INSERT INTO run_accounts_{past} (run_id, account_id, company_id, lines_count, "
                    "amount_kopecks, surcharge_kopecks) VALUES (:run, :id, 3, 1, 500000, 0)"
                ),
                {"run": past, "id": account},
            )

    run_id = await computed(owner)

    async with owner.reading() as session:
        parked = set(
            await session.scalars(text(f"SELECT account_id FROM parked_accounts WHERE run_id = {run_id}"))
        )
    assert [key for _, key, _ in await held(owner, run_id)] == ([] if 9001 in parked else [9001])


async def test_a_held_run_is_refused_released_by_another_person_and_published(owner: Database) -> None:
    await past_like_now(owner, "amount_kopecks = 100")
    run_id = await computed(owner)
    sums = [(dimension, key) for dimension, key, _ in await held(owner, run_id)]
    assert len(sums) > 50

    assert await refusal(signed(owner, run_id)) == "run-held"
    assert await refusal(decide(owner, run_id, sums, who=ANNA)) == "same-person"
    assert await decide(owner, run_id, sums[:1]) == 1
    assert await refusal(signed(owner, run_id)) == "run-held"
    assert await decide(owner, run_id, sums) == len(sums) - 1
    await signed(owner, run_id)
    await order(owner, PUBLISH, run_id)

    async with owner.reading() as session:
        assert (
            await session.scalar(text("SELECT state FROM runs WHERE id = :id"), {"id": run_id}) == "published"
        )
        audited = await session.scalar(
            text(
                "SELECT count(*) FROM audit WHERE action = 'sums_released' AND ground = 'Проверено по акту 5'"
            )
        )
    assert audited == 2


async def test_what_is_sent_to_correction_keeps_the_run_from_being_published(owner: Database) -> None:
    await past_like_now(
        owner, "amount_kopecks = amount_kopecks - CASE account_id WHEN 3 THEN 100000 ELSE 0 END"
    )
    run_id = await computed(owner)
    await decide(owner, run_id, [("account", 3)], "correction")

    with pytest.raises(RunRefused) as caught:
        await signed(owner, run_id)

    assert "отправлено на исправление: 1 счёт" in caught.value.message
    assert "счёт 0000000003: было" in caught.value.message


async def test_the_workers_do_not_publish_past_the_gate(owner: Database) -> None:
    await past_like_now(owner)
    run_id = await computed(owner)
    await signed(owner, run_id)
    async with owner.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO run_holds (run_id, dimension, key, now_kopecks, before_kopecks, limit_percent, "
                "limit_kopecks) VALUES (:id, 'service', 1, 2, 1, 1, 1)"
            ),
            {"id": run_id},
        )

    async with owner.transaction() as session:
        assert await refusal(publish_run(session, run_id)) == "run-held"


async def test_what_was_released_to_the_kopeck_is_not_asked_about_in_the_next_draft(owner: Database) -> None:
    await past_like_now(
        owner, "amount_kopecks = amount_kopecks - CASE account_id WHEN 3 THEN 100000 ELSE 0 END"
    )
    first = await computed(owner)
    await decide(owner, first, [("account", 3)])
    async with owner.transaction(EVERYTHING) as session:
        await runs.request_undo(session, first, ANNA)
    await order(owner, runs.UNDO, first)

    second = await computed(owner)

    assert await held(owner, second) == [("account", 3, "released")]


async def test_parts_of_a_held_sum_add_up_to_it(owner: Database) -> None:
    await past_like_now(owner, "amount_kopecks = 100")
    run_id = await computed(owner)

    async with owner.reading(EVERYTHING) as session:
        page = await sum_gate_pages.rows(session, HoldFilter(run_id, dimension="account"), limit=5)
        for row in page.rows:
            parts = await sum_gate_pages.parts(session, run_id, "account", row.key)
            causes = await sum_gate_pages.causes(session, run_id, "account", row.key)
            assert sum(part.now_kopecks for part in parts) == row.now_kopecks
            assert sum(one.kopecks for one in causes) == sum(part.delta_kopecks for part in parts)


@pytest.mark.parametrize(
    ("picks", "reason", "code"),
    [
        ([], "Проверено", "nothing-picked"),
        ([("account", 3)], " ", "no-reason"),
        ([("account", 3)], "х" * 301, "too-long"),
    ],
)
async def test_a_decision_says_what_and_why(
    owner: Database, picks: list[tuple[str, int]], reason: str, code: str
) -> None:
    await past_like_now(owner)
    run_id = await computed(owner)

    async with owner.transaction(EVERYTHING) as session:
        assert (
            await refusal(sum_gate_decide.decide(session, run_id, picks, "released", reason, BORIS)) == code
        )


async def test_a_house_whose_accounts_are_all_parked_is_not_held(owner: Database) -> None:
    """It was billed a month ago and has nothing now, and the reason stands among the parked accounts."""
    await limits(
        owner, account_rise="10", account_fall="10", account_kopecks="1", house_rise="10", house_fall="10",
        house_kopecks="1",
    )  # fmt: skip
    await past_like_now(owner)
    async with owner.transaction() as session:
        await session.execute(text("SELECT set_config('paylogic.loading', 'on', true)"))
        await session.execute(
            text(
                "UPDATE account_facts SET area_dm2 = NULL WHERE account_id IN "
                "(SELECT id FROM accounts WHERE house_id = 1)"
            )
        )

    run_id = await computed(owner)

    async with owner.reading() as session:
        kopecks = await session.scalar(
            text(f"SELECT sum(amount_kopecks) FROM run_houses WHERE run_id = {run_id} AND house_id = 1")
        )
    assert not kopecks
    assert ("house", 1, "held") not in await held(owner, run_id)
