"""Agreements on PostgreSQL: made, kept, broken by a rule, cancelled by two; penalties and documents obey."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from billing.agreement import schedule
from billing.ledger import Book
from storage import agreement_debt, agreement_pages, agreement_watch, agreements, payments
from storage.agreement_interest import post_interest
from storage.agreements import AgreementRefused, NewDebt, NewRise
from storage.debt_agreements import under_agreement
from storage.engine import Database
from storage.ledger_check import check_ledger
from storage.penalty_account import account_penalties
from storage.receipt_instalments import read_instalments
from tests.storage import town
from tests.storage.test_penalties import (
    ANNA,
    AUGUST,
    BORIS,
    COLD,
    END,
    JUNE,
    MAY,
    counted,
    lines,
    many,
    pay,
    posted,
    publish,
    share,
)

HEAT = 4
MADE = dt.date(2026, 9, 1)
FIRST = dt.date(2026, 9, 20)


@pytest.fixture(autouse=True)
async def _town(db: Database) -> None:
    """Account 1 owes 150 ₽ of May, 90 ₽ of June and 40 ₽ of August."""
    await town.build(db)
    await publish(db, 1, MAY, {1: [(2, COLD, 100_00), (3, HEAT, 50_00)], 2: [(2, COLD, 80_00)]})
    await publish(db, 2, JUNE, {1: [(2, COLD, 90_00)]})
    await publish(db, 3, AUGUST, {1: [(2, COLD, 40_00)]})


async def made(db: Database, *, is_whole: bool = False, is_stopped: bool = True, months: int = 3) -> int:
    """An agreement on May and June: 240 ₽ in parts from the twentieth of September on."""
    async with db.transaction() as session:
        new = NewDebt(
            f"command-{is_whole}-{is_stopped}", 1, 1, 240_00, JUNE, 5, is_stopped, is_whole, "Заявление 3",
            schedule(240_00, months, FIRST),
        )  # fmt: skip
        return await agreements.make(session, new, ANNA, MADE)


async def marked(db: Database, day: dt.date) -> Any:
    async with db.transaction() as session:
        await agreement_watch.mark(session, day)
    return (await many(db, "SELECT * FROM agreements ORDER BY id DESC LIMIT 1"))[0]


async def test_what_is_owed_month_by_month(db: Database) -> None:
    await pay(db, "p1", dt.date(2026, 8, 1), 30_00)
    async with db.reading() as session:
        found = await agreement_debt.owed_months(session, 1, 1, END)

    assert [(one.period, one.kopecks) for one in found] == [(MAY, 120_00), (JUNE, 90_00), (AUGUST, 40_00)]
    assert found[0].due_on == dt.date(2026, 6, 15)


async def test_while_it_is_kept_the_covered_debt_costs_nothing(db: Database) -> None:
    await made(db)

    run = await counted(db)
    found = await lines(db, run)

    # From 01.09 nothing: May is 77 days late by 31.08 (47 of them cost), June 47 (17); August is not covered.
    assert found[1, "05", 2, COLD] == share(100_00, 47)
    assert found[1, "06", 2, COLD] == share(90_00, 17)
    assert found[1, "08", 2, COLD] == share(40_00, 16)
    async with db.reading() as session:
        told = await account_penalties(session, 1, run)
    water = next(one for one in told.debts if one.of_period == MAY and one.service == COLD)
    assert water.is_proved
    assert [(one.first, one.last) for one in water.pauses] == [(MADE, END)]


async def test_one_that_counts_penalties_stops_nothing(db: Database) -> None:
    await made(db, is_stopped=False)

    assert (await lines(db, await counted(db)))[1, "05", 2, COLD] == share(100_00, 60, 48)


async def test_a_part_paid_in_time_keeps_it_and_all_parts_end_it(db: Database) -> None:
    await made(db)
    await pay(db, "p1", dt.date(2026, 9, 25), 80_00)  # the last day of grace

    kept = await marked(db, dt.date(2026, 10, 10))
    await pay(db, "p2", dt.date(2026, 10, 12), 160_00)
    over = await marked(db, dt.date(2026, 10, 13))

    assert (kept.state, kept.paid_kopecks) == ("active", 80_00)
    assert (over.state, over.paid_kopecks, over.ended_on) == ("kept", 240_00, dt.date(2026, 10, 13))


async def test_a_missed_part_breaks_it_and_penalties_go_on_from_that_day(db: Database) -> None:
    await made(db)
    await pay(db, "p1", dt.date(2026, 9, 26), 10_00, of_period=AUGUST)  # not on the covered debt

    early = await marked(db, dt.date(2026, 9, 25))
    late = await marked(db, dt.date(2026, 10, 1))
    run = await posted(db)
    found = await lines(db, run)
    report = await check_ledger(db.url)

    assert early.state == "active"
    assert (late.state, late.broken_on) == ("broken", dt.date(2026, 9, 26))
    # May by 31.10 is 138 days late: 31–77 cost (1/300), 78–102 stand still, 103–138 cost (1/130).
    assert found[1, "05", 2, COLD] == share(100_00, 47, 36)
    assert report["ok"], report["found"]


async def test_broken_for_the_whole_time_is_as_if_it_had_never_been(db: Database) -> None:
    await made(db, is_whole=True)
    await marked(db, dt.date(2026, 10, 1))

    assert (await lines(db, await counted(db)))[1, "05", 2, COLD] == share(100_00, 60, 48)


async def test_the_overdue_process_leaves_it_alone_while_kept(db: Database) -> None:
    await made(db)
    async with db.reading() as session:
        before = await under_agreement(session, END)
    await marked(db, dt.date(2026, 10, 1))
    async with db.reading() as session:
        after = await under_agreement(session, END)

    assert (before, after) == ([1], [])


async def test_one_at_a_time_and_cancelled_by_two(db: Database) -> None:
    agreement_id = await made(db)
    with pytest.raises(AgreementRefused) as taken:
        await made(db, is_whole=True)
    async with db.transaction() as session:
        await agreements.ask_cancel(session, agreement_id, "Оплатил долг сын", ANNA)
    async with db.transaction() as session:
        with pytest.raises(AgreementRefused) as own:
            await agreements.cancel(session, agreement_id, ANNA, dt.date(2026, 10, 1))
    async with db.transaction() as session:
        await agreements.cancel(session, agreement_id, BORIS, dt.date(2026, 10, 1))
    async with db.reading() as session:
        row = await agreement_pages.one(session, agreement_id)
    found = await lines(db, await counted(db))

    assert (taken.value.code, own.value.code) == ("taken", "same-person")
    assert row is not None
    assert (row.state, row.ended_on) == ("cancelled", dt.date(2026, 10, 1))
    assert found[1, "05", 2, COLD] == share(100_00, 47, 31)  # October costs again


async def asked(db: Database) -> int:
    async with db.transaction() as session:
        new = NewRise("command-rise", 1, 1, COLD, MAY, 100_00, 60_00, "Пенсия 20-го")
        return await agreements.ask(session, new, ANNA)


async def test_twelve_parts_are_asked_for_granted_and_each_is_late_from_its_own_day(db: Database) -> None:
    agreement_id = await asked(db)
    another = NewRise("another", 1, 1, COLD, MAY, 100_00, 60_00, "")
    async with db.transaction() as session:
        with pytest.raises(AgreementRefused) as again:
            await agreements.ask(session, another, ANNA)
    async with db.transaction() as session:
        with pytest.raises(AgreementRefused) as dear:
            await agreements.grant(session, agreement_id, 400, "Решение", BORIS, END)
    async with db.transaction() as session:
        await agreements.grant(session, agreement_id, 120, "Решение 5", BORIS, dt.date(2026, 6, 10))
    run = await posted(db)
    found = await lines(db, run)
    report = await check_ledger(db.url)

    assert (again.value.code, dear.value.code) == ("asked", "rate")
    # Parts of 8.34, 8.34, 8.34, 8.34 … by 31.10: due 15.06, 15.07, 17.08 (15th is Saturday), 15.09, 15.10.
    top = 0
    for kopecks, late in ((8_34, 138), (8_34, 108), (8_34, 75), (8_34, 46), (8_33, 16)):
        top += kopecks * 950 * (max(min(late, 90) - 30, 0) * 130 + max(late - 90, 0) * 300)
    assert found[1, "05", 2, COLD] == (2 * top + 390_000_000) // 780_000_000
    assert found[1, "05", 3, HEAT] == share(50_00, 60, 48)
    assert report["ok"], report["found"]


async def test_what_a_document_asks_for_pays_the_other_services_and_the_part(db: Database) -> None:
    agreement_id = await asked(db)
    async with db.transaction() as session:
        await agreements.grant(session, agreement_id, 0, "Решение 5", BORIS, dt.date(2026, 6, 10))
    await pay(db, "p1", dt.date(2026, 6, 15), 50_00 + 8_34, of_period=MAY)
    for number, day in enumerate((dt.date(2026, 7, 15), dt.date(2026, 8, 17), dt.date(2026, 9, 15)), 2):
        await pay(db, f"p{number}", day, 8_34, of_period=MAY)

    found = await lines(db, await counted(db))

    assert not [key for key in found if key[:2] == (1, "05")]  # the part of 15.10 is 16 days late: free


async def test_interest_is_posted_once_in_the_month_of_its_part_and_bears_no_penalties(db: Database) -> None:
    agreement_id = await asked(db)
    async with db.transaction() as session:
        await agreements.grant(session, agreement_id, 120, "Решение 5", BORIS, dt.date(2026, 6, 10))
    before = await lines(db, await counted(db))
    async with db.transaction() as session:
        first = await post_interest(session, END)
        again = await post_interest(session, END)

    interest = await many(
        db,
        "SELECT p.amount_kopecks FROM postings p JOIN entries e ON e.id = p.entry_id "
        f"WHERE e.kind = 'interest' AND p.book = {int(Book.RESIDENTS)}",
    )
    assert (first, again) == (1, 0)
    assert [row.amount_kopecks for row in interest] == [42]  # 8.33 ₽ waited five months at 1 % a month
    report = await check_ledger(db.url)
    assert report["ok"], report["found"]
    assert await lines(db, await counted(db)) == before


async def test_documents_put_later_parts_off(db: Database) -> None:
    await made(db)
    due = {1: dt.date(2026, 9, 15)}
    async with db.reading() as session:
        found = await read_instalments(session, [1], AUGUST, due)
        before = await read_instalments(session, [1], AUGUST, {1: dt.date(2026, 8, 31)})

    one = found[1]
    assert [(row.service, row.of_past_kopecks, row.total_kopecks) for row in one.rows] == [
        ("Долг по соглашению № 1", 80_00, 80_00)
    ]
    assert one.of_past_kopecks == 160_00
    assert one.totals(240_00, 0, 0) == -160_00
    assert one.totals(240_00, 200_00, 0) == -40_00  # never more than is left
    assert before == {}


async def test_a_resident_sees_and_asks_only_his_own(db: Database) -> None:
    await made(db)
    async with db.reading() as session:
        found = await agreement_pages.found(session, kind="debt", q="Иванов", limit=10)
        parts = await agreement_pages.parts_of(session, found.rows)

    assert (found.total, found.amount_kopecks) == (1, 240_00)
    assert found.rows[0].next_on == FIRST
    assert found.rows[0].next_kopecks == 80_00
    assert [one.amount_kopecks for one in parts[found.rows[0].id]] == [80_00, 80_00, 80_00]


async def test_entry_committed_late_with_a_smaller_number_is_seen(db: Database) -> None:
    """Two write at once: the one with the smaller number commits after the marking that saw the larger."""
    insert = (
        "INSERT INTO entries (kind, period, booked_on, idempotency_key, input_hash) "
        "SELECT 'transfer', period, period, :key, '' FROM months WHERE state = 'open'"
    )
    async with db.reading() as reader:
        day = END
        before = await agreement_watch.seen(reader, day)
    async with db.transaction() as slow:
        await slow.execute(text(insert), {"key": "slow"})
        async with db.transaction() as quick:
            await quick.execute(text(insert), {"key": "quick"})
        async with db.reading() as reader:
            marked_at = await agreement_watch.seen(reader, day)
        async with db.reading() as reader:
            again = await agreement_watch.seen(reader, day)
    async with db.reading() as reader:
        after = await agreement_watch.seen(reader, day)
    async with db.reading() as reader:
        calm = await agreement_watch.seen(reader, day)

    assert marked_at != before
    assert again == marked_at
    assert after != marked_at
    assert calm == after


async def shared(
    db: Database, kopecks: int, day: dt.date, of_period: dt.date | None = None
) -> dict[Any, int]:
    """What a payment would pay of account 1: kopecks by month and service; (None, None) is an advance."""
    async with db.transaction() as session:
        due = payments.Due(payments.Account(1, 1), kopecks, day, of_period)
        (found,) = await payments.share_out(session, [due])
    by_debt = {(one.of_period, one.service): -one.amount_kopecks for one in found}
    assert len(by_debt) == len(found), "a debt is paid by one posting"
    return by_debt


async def test_money_pays_what_is_asked_for_before_parts_put_off(db: Database) -> None:
    """100 ₽ of cold water of May in twelve: 8,34 asked for by 15.06, four parts (33,36 ₽) by 15.09."""
    agreement_id = await asked(db)
    plain = await shared(db, 58_34, dt.date(2026, 6, 15), MAY)
    async with db.transaction() as session:
        await agreements.grant(session, agreement_id, 0, "Решение 5", BORIS, dt.date(2026, 6, 10))

    as_asked = await shared(db, 58_34, dt.date(2026, 6, 15), MAY)
    half = await shared(db, 29_17, dt.date(2026, 6, 15), MAY)
    oldest_first = await shared(db, 200_00, dt.date(2026, 9, 15))
    with_more = await shared(db, 213_36 + 10_00, dt.date(2026, 9, 15))
    everything = await shared(db, 280_00 + 1_00, dt.date(2026, 9, 15))

    assert plain == {(MAY, HEAT): 19_45, (MAY, COLD): 38_89}  # in proportion before it was granted
    assert as_asked == {(MAY, HEAT): 50_00, (MAY, COLD): 8_34}
    assert half == {(MAY, HEAT): 25_00, (MAY, COLD): 4_17}
    assert oldest_first == {
        (MAY, HEAT): 50_00, (MAY, COLD): 33_36, (JUNE, COLD): 90_00, (AUGUST, COLD): 26_64,
    }  # fmt: skip
    assert with_more == {
        (MAY, HEAT): 50_00, (MAY, COLD): 43_36, (JUNE, COLD): 90_00, (AUGUST, COLD): 40_00,
    }  # fmt: skip
    assert everything == {
        (MAY, HEAT): 50_00, (MAY, COLD): 100_00, (JUNE, COLD): 90_00, (AUGUST, COLD): 40_00,
        (None, None): 1_00,
    }  # fmt: skip


async def test_parts_paid_and_an_agreement_that_ended_ask_for_the_rest(db: Database) -> None:
    agreement_id = await asked(db)
    async with db.transaction() as session:
        await agreements.grant(session, agreement_id, 0, "Решение 5", BORIS, dt.date(2026, 6, 10))
    async with db.transaction() as session:
        incoming = payments.Incoming(town.AGENT, "p1", "0012345", 58_34, dt.date(2026, 6, 15), of_period=MAY)
        await payments.post_payments(session, [incoming])

    second = await shared(db, 20_00, dt.date(2026, 7, 15), MAY)
    async with db.transaction() as session:
        await agreements.ask_cancel(session, agreement_id, "Переезд", ANNA)
    async with db.transaction() as session:
        await agreements.cancel(session, agreement_id, BORIS, dt.date(2026, 7, 20))
    ended = await shared(db, 20_00, dt.date(2026, 7, 21), MAY)

    assert second == {(MAY, COLD): 8_34, (JUNE, COLD): 11_66}
    assert ended == {(MAY, COLD): 20_00}
