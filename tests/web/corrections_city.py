"""The small city of runs with August and September published and people who may sign in."""

from __future__ import annotations

from sqlalchemy import text

from actors.local import run_until_idle
from billing.period import Period
from storage import runs, users
from storage.engine import Database
from storage.runs import PUBLISH, START
from tests.storage import small_city
from tests.storage.run_steps import ANNA, EVERYTHING, order, signed

PASSWORD = "secret password"
LOGINS = {"centre": "anna", "publisher": "boris", "company": "galina", "dispatcher": "dina"}
MONTHS = (Period.parse("2026-08"), Period.parse("2026-09"))


async def build(owner: Database) -> None:
    """Fill an empty migrated database; company 2 manages the even houses, accounts 21–40 stand in house 2."""
    await small_city.build(owner.url)
    async with owner.transaction() as session:
        await session.execute(text("INSERT INTO months (period, state) VALUES ('2026-08-01', 'closed')"))
        await session.execute(
            text(
                "INSERT INTO users (login, password_hash, role, full_name, organisation_id) "
                "VALUES ('dina', '!', 'dispatcher', 'Дина Диспетчер', 2)"
            )
        )
        await session.execute(
            text("UPDATE users SET password_hash = :hash, must_change_password = false"),
            {"hash": await users.hash_password(PASSWORD)},
        )
        await session.execute(text(PERSON))
    for month in MONTHS:
        async with owner.transaction(EVERYTHING) as session:
            run_id = await runs.request_run(session, month, "city", None, ANNA)
        await order(owner, START, run_id)
        await run_until_idle(owner.url)
        await signed(owner, run_id)
        await order(owner, PUBLISH, run_id)


PERSON = """
WITH who AS (
  INSERT INTO persons (company_id, surname, name, search_name)
  VALUES (2, 'Соболев', 'Евгений', 'соболев евгений'), (2, 'Соболева', 'Вера', 'соболева вера') RETURNING id)
INSERT INTO registrations (account_id, person_id, company_id, kind, valid_from, ground)
SELECT 30, id, 2, 'permanent', '2020-01-01', 'Выписка' FROM who
"""
"""Account 30 (30 % 3 = 0: no meter, 30 % 4 = 2: two residents) has both of them by name."""
