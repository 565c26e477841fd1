"""Row-level security, asked by plain SQL on the web's own connection: whose rows are seen, whose can be
written.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

import storage.tables  # noqa: F401  (fills Base.metadata)
from storage.base import Base
from storage.engine import Database
from storage.scope import POLICIES, WORKERS_ONLY, Scope
from tests.storage import twins
from tests.support.services import TestDatabase

TABLES = sorted(set(Base.metadata.tables) - WORKERS_ONLY)
# Addresses without people, prices, organisations: the portal shows them to anybody. Named here a second
# time on
# purpose: whoever makes a table public must say so in two places.
REFERENCE = {
    "organisations", "settings", "receipt_forms", "regions", "cities", "streets", "houses", "house_states",
    "house_managements",
    "entrances", "services", "house_services", "tariffs", "norms", "coefficients", "months", "change_months",
}  # fmt: skip
PRIVATE = [name for name in TABLES if name not in REFERENCE]
CENTRE_ONLY = {
    "agent_days",
    "agent_day_rows",
    "choice_proposals",
    "penalty_values",
    "netting_trials",
    "netting_trial_accounts",
    "policy_trials",
    "policy_trial_accounts",
    "policy_trial_sums",
    "book_sums",
    "relief_values",
    "vat_terms",
    "receipt_terms",
    "press_runs",
    "run_holds",
    "press_blocks",
    "press_receipts",
    "press_volumes",
    "press_notes",
    "press_routes",
    "press_handovers",
    "mail_runs",
    "mail_returns",
    "mail_state",
    "payment_decisions",
    "statements",
    "statement_rows",
    "arrival_entries",
    "payout_runs",
    "agent_gates",
    "card_gates",
    "registers",
    "register_rows",
    "register_profiles",
    "dead_letters",
    "stream_marks",
    "outbox",
    "sign_in_attempts",
    "value_proposals",
    "common_mode_proposals",
}
BY_USER = {"user_sessions", "user_filters"}

CENTRE = Scope(user_id=9, role="centre", everything=True)
COMPANY = Scope(user_id=9, role="company", organisation_id=1, company_ids=(1,))
DISPATCHER = Scope(user_id=9, role="dispatcher", organisation_id=7, dispatch_ids=(1,))
SUPPLIER = Scope(user_id=9, role="supplier", organisation_id=1, supplier_id=1)
AGENT = Scope(user_id=9, role="agent", organisation_id=7, agent_id=1)
RESIDENT = Scope(user_id=1, role="resident", account_ids=(1,), flat_ids=(1,), house_ids=(1,))

SEES = {
    "company": (COMPANY, set(PRIVATE) - CENTRE_ONLY - BY_USER),
    "dispatcher": (
        DISPATCHER,
        {
            "accounts", "flats", "rooms", "service_requests", "request_events", "incidents", "troubles",
            "late_facts",
        },
    ),
    "supplier": (
        SUPPLIER,
        {
            "lines", "run_totals", "postings", "entries", "contracts", "users", "runs", "formulas",
            "formula_inputs", "transfers", "payout_shares",
        },
    ),
    "agent": (
        AGENT,
        {
            "payments", "runs", "registers", "register_rows", "register_profiles", "arrivals", "agent_days",
            "agent_day_rows",
        },
    ),
    "resident": (
        RESIDENT,
        {
            "accounts", "flats", "rooms", "account_facts", "account_services", "meters", "meter_events",
            "readings",
            "run_accounts", "lines", "runs", "postings", "entries", "opening_balances", "payments",
            "incidents",
            "service_requests", "request_events", "inbox", "files", "jobs", "imports", "import_verdicts",
            "users", "user_accounts", "user_sessions", "user_filters", "notices",
            "notice_settings", "consents", "corrections", "absences", "troubles", "late_facts",
            "unauthorised_uses", "meter_checks", "heat_distributors", "distributor_devices", "papers",
            "account_benefits", "divisions", "division_parts",
            "common_months",
            "card_orders", "card_parts", "card_notices", "card_checks", "mail_boxes", "mail_letters",
            "agreements", "agreement_parts", "delivery_wishes",
        },
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def filled(database: TestDatabase) -> TestDatabase:
    """A database with two of everything, for all tests of this file: they only read, or are refused."""
    asyncio.run(_fill(database.url))
    return database


async def _fill(url: str) -> None:
    owner = Database(url)
    async with owner.engine.begin() as connection:
        await twins.fill(connection)
    await owner.close()


@pytest.fixture
async def pages(filled: TestDatabase) -> AsyncIterator[Database]:
    made = Database(filled.web_url, "web")
    yield made
    await made.close()


async def seen(pages: Database, table: str, scope: Scope | None) -> list[object]:
    """Numbers of the rows seen: the first column that is an id."""
    columns = Base.metadata.tables[table].columns
    names = [column.name for column in columns]
    if table in ("months", "change_months"):
        number = "EXTRACT(month FROM period)::int - 8"
    else:
        by = ("id", "code", "company_id", "run_id", "entry_id", "account_id", "user_id")
        number = next((name for name in by if name in names), names[0])
    async with pages.reading(scope) as session:
        rows = await session.execute(text(f"SELECT {number} FROM {table} ORDER BY 1"))
        return list(rows.scalars())


assert len(TABLES) > 50, "the parametrised tests below would be empty"


@pytest.mark.parametrize("table", TABLES)
async def test_without_a_scope_only_reference_data_is_seen(pages: Database, table: str) -> None:
    expected = [1, 2] if table in REFERENCE else []

    assert len(await seen(pages, table, None)) == len(expected)
    assert len(await seen(pages, table, Scope(role="company"))) == len(expected) or table == "runs"


@pytest.mark.parametrize("table", TABLES)
async def test_centre_sees_all(pages: Database, table: str) -> None:
    assert len(await seen(pages, table, CENTRE)) == 2


@pytest.mark.parametrize("table", PRIVATE)
@pytest.mark.parametrize("who", SEES)
async def test_each_sees_his_own(pages: Database, who: str, table: str) -> None:
    scope, tables = SEES[who]
    rows = await seen(pages, table, scope)

    if table == "runs":
        assert rows == [1, 2]  # published runs of the city are known to everybody signed in; drafts are not
    else:
        assert [int(str(row).split()[-1]) for row in rows] == ([1] if table in tables else [])


@pytest.mark.parametrize("table", sorted(WORKERS_ONLY))
async def test_workers_tables_are_refused(pages: Database, table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        await seen(pages, table, CENTRE)


@pytest.mark.parametrize(
    "table",
    [
        name
        for name in TABLES
        if "company_id" in Base.metadata.tables[name].columns and "INSERT" in POLICIES[name].rights
    ],
)
async def test_rows_of_another_company_are_not_written(pages: Database, table: str) -> None:
    model = Base.metadata.tables[table]
    values = twins.row(model, 2) | ({"id": 33} if "id" in model.columns else {})

    with pytest.raises(ProgrammingError, match="violates row-level security policy"):
        async with pages.transaction(COMPANY) as session:
            await session.execute(model.insert().values(**values))


async def test_rows_of_another_company_are_not_changed(pages: Database) -> None:
    async with pages.transaction(COMPANY) as session:
        changed = await session.execute(
            text("UPDATE accounts SET payer_name = 'x' WHERE id = 2 RETURNING id")
        )
        assert changed.all() == []
    with pytest.raises(ProgrammingError, match="violates row-level security policy"):
        async with pages.transaction(COMPANY) as session:
            await session.execute(text("UPDATE accounts SET company_id = 2 WHERE id = 1"))


@pytest.mark.parametrize("scope", [RESIDENT, SUPPLIER, DISPATCHER, AGENT])
async def test_only_a_company_changes_its_accounts(pages: Database, scope: Scope) -> None:
    async with pages.transaction(scope) as session:
        changed = await session.execute(text("UPDATE accounts SET payer_name = 'x' RETURNING id"))
        assert changed.all() == []


@pytest.mark.parametrize("statement", [
    "UPDATE lines SET amount_kopecks = 0",
    "DELETE FROM lines",
    "INSERT INTO entries SELECT * FROM entries",
    "UPDATE postings SET amount_kopecks = 1",
    "UPDATE runs SET state = 'published'",
    "UPDATE users SET role = 'admin'",
    "DELETE FROM audit",
    "INSERT INTO readings SELECT * FROM readings",
    "UPDATE outbox SET sent_at = now()",
])  # fmt: skip
async def test_what_the_web_never_needs_is_refused(pages: Database, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with pages.transaction(CENTRE) as session:
            await session.execute(text(statement))


async def test_scope_ends_with_its_transaction(pages: Database) -> None:
    single = Database(pages.url, "web", pool_max=1)
    async with single.reading(CENTRE) as session:
        assert await session.scalar(text("SELECT count(*) FROM accounts")) == 2
    async with single.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM accounts")) == 0
    await single.close()


async def test_drafts_are_hidden_from_residents_and_suppliers(filled: TestDatabase, pages: Database) -> None:
    owner = Database(filled.url)
    sql = "SELECT (SELECT count(*) FROM lines), (SELECT count(*) FROM runs WHERE id = 1)"
    try:
        async with owner.transaction() as session:
            await session.execute(text("UPDATE runs SET state = 'checked' WHERE id = 1"))
        for scope, expected in ((RESIDENT, (0, 0)), (SUPPLIER, (0, 0)), (COMPANY, (1, 1)), (CENTRE, (2, 1))):
            async with pages.reading(scope) as session:
                assert tuple((await session.execute(text(sql))).one()) == expected
    finally:
        async with owner.transaction() as session:
            await session.execute(text("UPDATE runs SET state = 'published' WHERE id = 1"))
        await owner.close()


async def test_reading_unit_cannot_write(pages: Database) -> None:
    with pytest.raises(Exception, match="read-only transaction"):
        async with pages.reading(CENTRE) as session:
            await session.execute(text("UPDATE accounts SET payer_name = 'x'"))


async def test_scope_conditions_are_worked_out_once_a_statement(pages: Database) -> None:
    async with pages.reading(COMPANY) as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(
            (await session.execute(text("EXPLAIN SELECT * FROM accounts WHERE house_id = 1"))).scalars()
        )

    assert "Index Cond: (house_id = 1)" in plan
    assert "InitPlan" in plan
    assert "current_setting" not in plan.split("InitPlan")[0]
