"""Penalties on PostgreSQL: counted from lines and payments, posted once, undone by reversal."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from billing import ledger as books
from billing.ledger import Book, Posting
from billing.penalty.kernel import DIVISOR, RateMode
from billing.penalty.scale import Payer
from billing.penalty.trace import Part, kopecks_of, pieces
from storage import ledger, penalty_runs, penalty_work
from storage.engine import Database
from storage.ledger_check import check_ledger
from storage.penalty_law import penalty_law
from storage.penalty_orders import give_up, obey
from storage.penalty_runs import COUNT, POST, UNDO, PenaltyRefused
from storage.scope import Scope
from tests.storage import town

MAY, JUNE, AUGUST = dt.date(2026, 5, 1), dt.date(2026, 6, 1), dt.date(2026, 8, 1)
MIDDLE, END = dt.date(2026, 10, 16), dt.date(2026, 10, 31)
ANNA, BORIS = 1, 2
COLD, REPAIR = 1, 9
Charges = dict[int, list[tuple[int, int, int]]]  # account → (payee, service, kopecks)


@pytest.fixture(autouse=True)
async def _town(db: Database) -> None:
    await town.build(db)
    await publish(
        db, 1, MAY, {1: [(2, COLD, 100_00), (3, 4, 50_00)], 2: [(2, COLD, 80_00), (1, REPAIR, 60_00)]}
    )
    await publish(db, 2, JUNE, {1: [(2, COLD, 90_00)], 2: [(2, COLD, 70_00)]})
    await publish(db, 3, AUGUST, {1: [(2, COLD, 40_00)], 4: [(2, COLD, 30_00)]})


async def publish(db: Database, run_id: int, period: dt.date, charges: Charges) -> None:
    """A published run put into the tables as a run would; its sums are in the balances of the open month."""
    total = sum(amount for lines in charges.values() for _, _, amount in lines)
    async with db.transaction() as session:
        for parent in ("lines", "run_accounts"):
            await session.execute(
                text(f"CREATE TABLE {parent}_{run_id} PARTITION OF {parent} FOR VALUES IN ({run_id})")
            )
        await session.execute(
            text(
                "INSERT INTO runs (id, period, scope_kind, state, command_id, amount_kopecks) "
                "VALUES (:id, :period, 'city', 'checked', :command, :total)"
            ),
            {"id": run_id, "period": period, "command": f"c{run_id}", "total": total},
        )
        for account, lines in charges.items():
            for payee, service, amount in lines:
                await session.execute(
                    text(LINE),
                    {"run": run_id, "account": account, "payee": payee, "service": service, "amount": amount},
                )
            await session.execute(
                text("INSERT INTO run_accounts VALUES (:run, :account, 1, 1, :amount, 0)"),
                {"run": run_id, "account": account, "amount": sum(amount for _, _, amount in lines)},
            )
        sums: dict[tuple[int, int], int] = {}
        for lines in charges.values():
            for payee, service, amount in lines:
                sums[payee, service] = sums.get((payee, service), 0) + amount
        for (payee, service), amount in sums.items():
            await session.execute(
                text("INSERT INTO run_totals VALUES (:run, 0, 1, :payee, :service, 0, 1, :amount, 0)"),
                {"run": run_id, "payee": payee, "service": service, "amount": amount},
            )
        made, postings = books.accrual(
            run_id,
            town.OPEN,
            period,
            town.OPEN,
            [(payee, service, amount) for (payee, service), amount in sums.items()],
        )
        await ledger.post(session, made, postings)
        await session.execute(text("UPDATE runs SET state = 'published' WHERE id = :id"), {"id": run_id})


LINE = """
INSERT INTO lines (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day,
days, volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
VALUES (:run, :account, 1, :payee, :service, 0, 1, 0, 1, 31, 1, 1, 1, :amount, 0, 0, 0, 0)"""


async def pay(db: Database, key: str, day: dt.date, amount: int, account: int = 1, **named: Any) -> int:
    """A payment as an agent's register brings it, posted whole on the account."""
    made, postings = books.payment(
        key,
        town.OPEN,
        day,
        agent_id=town.AGENT,
        amount_kopecks=amount,
        account_id=account,
        company_id=1,
        **named,
    )
    async with db.transaction() as session:
        return (await ledger.post(session, made, postings)).entry_id


async def counted(db: Database, until: dt.date = END, **scope: Any) -> int:
    async with db.transaction() as session:
        run_id = await penalty_runs.request_count(
            session,
            until=until,
            company_id=scope.get("company_id"),
            user_id=ANNA,
            command_id=f"command-{await number(session)}",
        )
    await obey(db, COUNT, {"penalty_run_id": run_id})
    return run_id


async def number(session: Any) -> int:
    return int(await session.scalar(text("SELECT count(*) FROM penalty_runs")))


async def posted(db: Database, until: dt.date = END, **scope: Any) -> int:
    run_id = await counted(db, until, **scope)
    async with db.transaction() as session:
        await penalty_runs.approve(session, run_id, BORIS)
    await obey(db, POST, {"penalty_run_id": run_id})
    return run_id


async def undone(db: Database, run_id: int) -> None:
    async with db.transaction() as session:
        await penalty_runs.ask_undo(session, run_id, BORIS)
    await obey(db, UNDO, {"penalty_run_id": run_id})


async def lines(db: Database, run_id: int) -> dict[tuple[int, str, int, int], int]:
    """(account, month of the debt, payee, service) → kopecks this computation adds."""
    rows = await many(db, "SELECT * FROM penalty_lines WHERE run_id = :id", id=run_id)
    return {(r.account_id, f"{r.of_period:%m}", r.payee_id, r.service): r.amount_kopecks for r in rows}


async def many(db: Database, statement: str, **values: Any) -> list[Any]:
    async with db.reading() as session:
        return list((await session.execute(text(statement), values)).all())


async def owed(db: Database) -> dict[int, int]:
    """Penalties of each account in the books."""
    rows = await many(
        db,
        "SELECT account_id, sum(amount_kopecks)::bigint AS amount FROM postings "
        f"WHERE book = {int(Book.PENALTIES)} GROUP BY 1 HAVING sum(amount_kopecks) <> 0",
    )
    return {row.account_id: row.amount for row in rows}


def share(kopecks: int, days300: int, days130: int = 0, rate_bp: int = 950) -> int:
    """Half-up by hand."""
    top = kopecks * rate_bp * (days300 * 130 + days130 * 300)
    return (2 * top + 390_000_000) // (2 * 390_000_000)


async def test_each_debt_costs_what_the_law_says(db: Database) -> None:
    found = await lines(db, await counted(db))

    # By 31.10 May (due 15.06) is 138 days late: 60 and 48; June 108: 60 and 18; August (due 15.09) 46: 16.
    assert found == {
        (1, "05", 2, COLD): share(100_00, 60, 48),
        (1, "05", 3, 4): share(50_00, 60, 48),
        (1, "06", 2, COLD): share(90_00, 60, 18),
        (1, "08", 2, COLD): share(40_00, 16),
        (2, "05", 2, COLD): share(80_00, 60, 48),
        (2, "05", 1, REPAIR): share(60_00, 108),  # capital repair stays at 1/300
        (2, "06", 2, COLD): share(70_00, 60, 18),
        (4, "08", 2, COLD): share(30_00, 16),
    }


async def test_a_payment_pays_the_oldest_month_in_proportion_and_its_day_counts(db: Database) -> None:
    await pay(db, "p1", dt.date(2026, 8, 10), 75_00)  # half of May

    found = await lines(db, await counted(db))

    half = share(50_00 * 2, 0)  # nothing, only to say what follows is a sum of two parts
    assert half == 0
    paid, left = (50_00, 26), (50_00, 60)  # 56 days late on 10.08: 26 of them cost
    top = paid[0] * 950 * paid[1] * 130 + left[0] * 950 * (60 * 130 + 48 * 300)
    assert found[1, "05", 2, COLD] == (2 * top + 390_000_000) // 780_000_000
    assert found[1, "06", 2, COLD] == share(90_00, 60, 18)


async def test_a_payment_that_names_a_month_and_one_the_ledger_put_on_a_payee(db: Database) -> None:
    await pay(db, "p1", dt.date(2026, 7, 20), 90_00, of_period=JUNE)
    entry = books.Entry("payment", town.OPEN, dt.date(2026, 7, 1), "p2")
    async with db.transaction() as session:
        await ledger.post(
            session,
            entry,
            [
                Posting(Book.RESIDENTS, -50_00, 1, 1, 3, 4, MAY),
                Posting(Book.IN_TRANSIT, 50_00, organisation_id=town.AGENT),
            ],
        )

    found = await lines(db, await counted(db))

    assert (1, "06", 2, COLD) not in found  # paid on the fifth day
    assert (1, "05", 3, 4) not in found  # the heat of May was paid on the sixteenth
    assert found[1, "05", 2, COLD] == share(100_00, 60, 48)


async def test_a_reversed_payment_never_was(db: Database) -> None:
    entry_id = await pay(db, "p1", dt.date(2026, 6, 10), 240_00)
    async with db.transaction() as session:
        await ledger.reverse(
            session, entry_id, period=town.OPEN, booked_on=END, reason="Ошибка банка", user_id=None
        )

    assert (await lines(db, await counted(db)))[1, "05", 2, COLD] == share(100_00, 60, 48)


async def test_a_recalculation_lessens_the_debt_of_its_month(db: Database) -> None:
    await publish(db, 7, MAY, {1: [(2, COLD, -40_00)]})

    found = await lines(db, await counted(db))

    assert found[1, "05", 2, COLD] == share(60_00, 60, 48)


async def test_lines_of_a_correction_lessen_each_its_own_month(db: Database) -> None:
    await publish(db, 8, town.OPEN, {1: [(2, COLD, -40_00), (3, 4, -50_00)], 2: [(2, COLD, 10_00)]})
    async with db.transaction() as session:
        await session.execute(
            text("""
            INSERT INTO corrections (run_id, kind, reason, ground, ground_on, first_period, last_period)
            VALUES (8, 'manual', 'other', 'Акт 1', '2026-10-05', '2026-05-01', '2026-08-01')""")
        )
        await session.execute(text("ALTER TABLE lines_8 DISABLE TRIGGER append_only"))
        await session.execute(text("UPDATE lines_8 SET months_back = 5 WHERE account_id = 1"))
        await session.execute(text("UPDATE lines_8 SET months_back = 2 WHERE account_id = 2"))

    found = await lines(db, await counted(db))

    assert found[1, "05", 2, COLD] == share(60_00, 60, 48)
    assert (1, "05", 3, 4) not in found
    assert found[2, "08", 2, COLD] == share(10_00, 16)


async def test_posted_once_then_only_differences(db: Database) -> None:
    first = await posted(db, MIDDLE)
    again = await posted(db, MIDDLE)
    later = await posted(db, END)
    one_run = await many(
        db, "SELECT sum(total_kopecks)::bigint AS n FROM penalty_lines WHERE run_id = :id", id=later
    )

    assert await lines(db, again) == {}
    assert set(await lines(db, later)) == set(await lines(db, first)) | {
        (1, "08", 2, COLD),
        (4, "08", 2, COLD),
    }
    assert sum((await owed(db)).values()) == one_run[0].n
    assert (await owed(db))[1] == sum(
        (share(100_00, 60, 48), share(50_00, 60, 48), share(90_00, 60, 18), share(40_00, 16))
    )
    await balanced(db)


async def balanced(db: Database) -> None:
    report = await check_ledger(db.url)
    assert report["ok"], report["found"]


async def test_a_debt_that_is_no_more_gives_its_penalty_back(db: Database) -> None:
    await posted(db, MIDDLE)
    before = await owed(db)
    await publish(db, 7, MAY, {1: [(2, COLD, -100_00), (3, 4, -50_00)]})

    found = await lines(db, await posted(db, MIDDLE))

    assert found[1, "05", 2, COLD] < 0
    assert found[1, "05", 3, 4] < 0
    assert (await owed(db))[1] == before[1] + found[1, "05", 2, COLD] + found[1, "05", 3, 4]
    await balanced(db)


async def test_undo_reverses_and_the_next_counts_the_same_again(db: Database) -> None:
    first = await posted(db)
    sums = await owed(db)
    await undone(db, first)
    gone = await owed(db)
    await posted(db)

    assert gone == {}
    assert await owed(db) == sums
    await balanced(db)


async def test_undo_of_a_draft_leaves_nothing(db: Database) -> None:
    run_id = await counted(db)
    await undone(db, run_id)

    assert await lines(db, run_id) == {}
    assert [row.state for row in await many(db, "SELECT state FROM penalty_runs")] == ["undone"]


async def test_nobody_posts_what_they_counted_and_a_stale_count_is_refused(db: Database) -> None:
    stale = await counted(db)
    with pytest.raises(PenaltyRefused, match="другой сотрудник"):
        async with db.transaction() as session:
            await penalty_runs.approve(session, stale, ANNA)
    await posted(db)
    async with db.transaction() as session:
        await penalty_runs.approve(session, stale, BORIS)
    await obey(db, POST, {"penalty_run_id": stale})

    row = (await many(db, "SELECT state, error FROM penalty_runs WHERE id = :id", id=stale))[0]
    assert row.state == "failed"
    assert "Посчитайте заново" in row.error
    assert (await owed(db))[1] > 0


async def test_only_the_last_posted_may_be_undone(db: Database) -> None:
    first = await posted(db, MIDDLE)
    await posted(db, END)

    with pytest.raises(PenaltyRefused, match="последнего"):
        async with db.transaction() as session:
            await penalty_runs.ask_undo(session, first, BORIS)


async def test_a_count_goes_on_where_it_stopped(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await lines(db, await counted(db))
    monkeypatch.setattr(penalty_work, "BLOCK_ACCOUNTS", 1)
    async with db.transaction() as session:
        run_id = await penalty_runs.request_count(
            session, until=END, company_id=None, user_id=ANNA, command_id="twice"
        )
        again = await penalty_runs.request_count(
            session, until=END, company_id=None, user_id=ANNA, command_id="twice"
        )
    async with db.transaction() as session:
        run = await penalty_work._begin(session, run_id)
        law = await penalty_law(session)
    await penalty_work._block(db, run_id, law)  # and the worker dies here
    await obey(db, COUNT, {"penalty_run_id": run_id})
    await obey(db, COUNT, {"penalty_run_id": run_id})

    assert (run.id, again) == (run_id, run_id)
    assert await lines(db, run_id) == whole
    done = (
        await many(db, "SELECT state, done_count, total_count FROM penalty_runs WHERE id = :id", id=run_id)
    )[0]
    assert tuple(done) == ("checked", 4, 4)


async def test_a_company_alone(db: Database) -> None:
    found = await lines(db, await counted(db, company_id=town.OTHER_COMPANY))

    assert set(found) == {(4, "08", 2, COLD)}


async def test_every_line_is_proved_by_its_parts_and_by_its_days(db: Database) -> None:
    await pay(db, "p1", dt.date(2026, 8, 10), 75_00)
    run_id = await counted(db)

    rows = await many(db, "SELECT * FROM penalty_lines WHERE run_id = :id", id=run_id)
    async with db.reading() as session:
        law = (await penalty_law(session)).rates
    for row in rows:
        parts = await many(
            db,
            "SELECT * FROM penalty_parts WHERE run_id = :id AND account_id = :account "
            "AND of_period = :period AND payee_id = :payee AND service = :service",
            id=run_id,
            account=row.account_id,
            period=row.of_period,
            payee=row.payee_id,
            service=row.service,
        )
        total = sum(part.amount_kopecks * part.weight for part in parts)
        days = pieces(
            [Part(part.day, part.amount_kopecks, part.is_paid) for part in parts],
            row.due_on,
            Payer(row.payer),
            law,
            RateMode.ON_PAYMENT,
        )
        assert row.total_kopecks == (2 * total + DIVISOR) // (2 * DIVISOR) == kopecks_of(days)


async def test_settings_and_added_rates_are_heard(db: Database) -> None:
    async with db.transaction() as session:
        await session.execute(
            text("""
            INSERT INTO settings (organisation_id, key, value, valid_from) VALUES
              (1, 'penalty_rate_mode', 'daily', '2026-01-01'),
              (6, 'penalty_documents_on', '2026-09-15', '2026-08-01')""")
        )
        await session.execute(
            text("""
            INSERT INTO penalty_values (family, first_day, value, document, document_date, state, proposed_by,
                                        decided_by, decided_at)
            VALUES ('key_rate', '2026-10-26', 600, 'Решение', '2026-10-23', 'approved', 1, 2, now())""")
        )

    found = await lines(db, await counted(db))

    # company 1 by days: ten at 9,5 % and six at 6 %; company 6 by the day of computation, due ten days later
    top = 40_00 * (950 * 10 + 600 * 6) * 130
    assert found[1, "08", 2, COLD] == (2 * top + 390_000_000) // 780_000_000
    assert found[4, "08", 2, COLD] == share(30_00, 6, rate_bp=600)


@pytest.mark.parametrize(
    ("until", "code"), [(dt.date(2026, 9, 30), "until"), (dt.date(2026, 11, 1), "until")]
)
async def test_a_day_outside_the_open_month_is_refused(db: Database, until: dt.date, code: str) -> None:
    with pytest.raises(PenaltyRefused) as caught:
        await counted(db, until)

    assert caught.value.code == code


async def test_what_cannot_be_done_is_said_to_who_waits(db: Database) -> None:
    async with db.transaction() as session:
        run_id = await penalty_runs.request_count(
            session, until=END, company_id=None, user_id=ANNA, command_id="c"
        )
        with pytest.raises(PenaltyRefused, match="ещё идёт"):
            await penalty_runs.request_count(
                session, until=END, company_id=None, user_id=ANNA, command_id="d"
            )
    await give_up(db, {"penalty_run_id": run_id})

    row = (await many(db, "SELECT state, error FROM penalty_runs"))[0]
    assert row.state == "failed"
    assert "Отмените его" in row.error


async def test_a_company_and_a_resident_see_their_own(db: Database, web: Database) -> None:
    run_id = await counted(db)
    company = Scope(user_id=5, role="company", company_ids=(6,))
    resident = Scope(user_id=6, role="resident", account_ids=(1,))

    async def seen(scope: Scope, table: str) -> set[int]:
        async with web.reading(scope) as session:
            return set((await session.execute(text(f"SELECT account_id FROM {table}"))).scalars())

    assert await seen(company, "penalty_lines") == {4}
    assert await seen(resident, "penalty_lines") == set()  # a draft
    async with db.transaction() as session:
        await penalty_runs.approve(session, run_id, BORIS)
    await obey(db, POST, {"penalty_run_id": run_id})
    assert await seen(resident, "penalty_lines") == await seen(resident, "penalty_parts") == {1}
