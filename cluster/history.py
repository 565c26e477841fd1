"""Bills the history of a seeded city month by month: the engine itself, two persons, payments, closing.

Works with and without a running stack: whoever holds the lock of the acting supervisor computes the blocks.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from actors.local import run_until_idle
from billing.period import Period
from storage import months
from storage.engine import Database
from storage.robots import robots
from storage.run_orders import obey
from storage.run_result import RunResult, run_result
from storage.runs import PUBLISH, START, RunRefused, approve_publication, request_publication, request_run
from storage.seed.months import last_month
from storage.seed.payments import Paid, payments
from storage.sum_gate_decide import decide, held

POLL_S = 0.2
OPEN_DAY = 24  # the open month of a seeded city has come so far
WAIT_S_MAX = 3 * 3600.0
JUMPED = "История посеянного города: сумма верна по посеянным фактам"
Progress = Callable[[int, int, str], None]


async def bill_history(
    database_url: str,
    progress: Progress = lambda done, total, words: None,
    last: Period | None = None,
    workers: int = 1,
) -> list[dict[str, Any]]:
    """Bill, publish, pay and close every month before `last` (by default the last with readings), in order.

    In the month left open people have paid as well; it is not billed. Can be stopped and called again: a
    month
    is closed in one transaction, and a published run is not published twice.
    """
    database = Database(database_url, pool_max=2)
    try:
        async with database.reading() as session:
            opened = await months.open_month(session)
        assert opened is not None, "a seeded city has an open month"
        month = Period.of(opened)
        end = last or await _last_month(database)
        total, out = end.ordinal - month.ordinal, []
        while month < end:
            done = total - (end.ordinal - month.ordinal)
            progress(done, total, f"Начисляем {month.title}")
            result = await _bill(database, database_url, month, workers)
            paid = await _pay_and_close(database, month)
            out.append(_row(result, paid))
            month = month.shift(1)
        progress(total, total, f"Открыт {month.title}")
        async with database.transaction() as session:
            await payments(session, month, month.first_day + dt.timedelta(days=OPEN_DAY - 1))
        return out
    finally:
        await database.close()


async def _last_month(database: Database) -> Period:
    async with database.reading() as session:
        return await last_month(session)


async def _bill(database: Database, url: str, month: Period, workers: int) -> RunResult:
    """A run of the whole city, checked and published by two users of the product."""
    async with database.transaction() as session:
        asker, agreer = await robots(session)
        run_id = await request_run(session, month, "city", None, asker, f"history-{month}")
    result = await _result(database, run_id)
    if result.state == "planned":
        async with database.transaction() as session:
            await obey(session, START, {"run_id": run_id})
    await run_until_idle(url, workers)
    result = await _until_not(database, run_id, ("planned", "accruing"))
    if result.state == "checked":
        async with database.transaction() as session:
            if jumped := await held(session, run_id):
                await decide(session, run_id, jumped, "released", JUMPED, agreer)
            await request_publication(session, run_id, asker)
            await approve_publication(session, run_id, agreer)
            await obey(session, PUBLISH, {"run_id": run_id})
        result = await _result(database, run_id)
    if result.state != "published":
        why = result.refusal or result.error or result.state
        raise RunRefused("history", f"Не опубликован {month.title}: {why}")
    return result


async def _pay_and_close(database: Database, month: Period) -> Paid:
    """The payments of the month and its closing: one transaction."""
    async with database.transaction() as session:
        paid = await payments(session, month)
        await months.close_month(session, month.first_day)
    return paid


async def _result(database: Database, run_id: int) -> RunResult:
    async with database.reading() as session:
        return await run_result(session, run_id)


async def _until_not(database: Database, run_id: int, states: tuple[str, ...]) -> RunResult:
    deadline = time.monotonic() + WAIT_S_MAX
    while True:
        result = await _result(database, run_id)
        if result.state not in states or time.monotonic() > deadline:
            return result
        await asyncio.sleep(POLL_S)


def _row(result: RunResult, paid: Paid) -> dict[str, Any]:
    return {
        "period": result.period,
        "run_id": result.run_id,
        "accounts": result.accounts,
        "parked": result.parked,
        "lines": result.lines,
        "total_kopecks": result.total_kopecks,
        "seconds": result.seconds,
        "payments": paid.payments,
        "paid_kopecks": paid.amount_kopecks,
    }
