"""The worker of payouts: an event that comes twice does its deed once, a buried one is told to who waits."""

import secrets

from actors.payouts import Payouts
from gateways.bus import Buried, Event
from storage import payouts
from storage.engine import Database
from tests.storage import town
from tests.storage.payout_steps import DAY, details, one, transfers
from tests.support.services import TestDatabase


async def asked(database: Database) -> int:
    async with database.transaction() as session:
        return await payouts.request_plan(session, until=DAY, user_id=1, command_id=secrets.token_hex(16))


async def test_event_twice_plans_once_and_a_later_step_is_not_undone_by_an_old_one(
    fresh_database: TestDatabase,
) -> None:
    database = Database(fresh_database.url)
    await town.build(database)
    await details(database)
    run = await asked(database)
    plan = Event("e1", payouts.PLAN, {"payout_run_id": run}, 1)

    await Payouts(database).handle([plan, plan])
    async with database.transaction() as session:
        await payouts.approve(session, run, 2)
    await Payouts(database).handle([plan, Event("e2", payouts.POST, {"payout_run_id": run}, 1)])
    await Payouts(database).handle([Event("e3", payouts.PLAN, {"payout_run_id": run}, 2)])

    assert await one(database, "SELECT state FROM payout_runs") == "posted"
    assert await transfers(database, run) == {}
    await database.close()


async def test_buried_command_is_told_on_the_page(fresh_database: TestDatabase) -> None:
    database = Database(fresh_database.url)
    await town.build(database)
    await details(database)
    run = await asked(database)

    await Payouts(database).bury(buried({"payout_run_id": run}))

    assert await one(database, "SELECT state FROM payout_runs WHERE id = :id", id=run) == "failed"
    assert "администратор" in await one(database, "SELECT error FROM payout_runs WHERE id = :id", id=run)
    await database.close()


def buried(payload: dict[str, object]) -> Buried:
    return Buried("payouts", "e9", payouts.PLAN, payload, "x", 8)
