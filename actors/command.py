"""`paylogic run`: ask for a run as a page would, wait for it, publish it by two users of the product when
asked.

The command is a row and an event in the outbox; relay, stream, orders and supervisor of the running stack do
the work.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable

from billing.period import Period
from storage.engine import Database
from storage.month_pages import open_period
from storage.robots import audit_command, robots
from storage.run_result import RunResult, run_result
from storage.runs import RunRefused, approve_publication, request_publication, request_run
from storage.work import is_transient

POLL_S = 0.2
Progress = Callable[[int, int, str], None]


async def run_and_wait(
    database_url: str,
    period: Period | None,
    scope_kind: str,
    scope_id: int | None,
    *,
    publish: bool = False,
    timeout_s: float = 3600.0,
    progress: Progress = lambda done, total, words: None,
) -> RunResult:
    """The run when it is checked, or published when asked. period None = the open month. Raises
    RunRefused.
    """
    database = Database(database_url, pool_max=2)
    deadline = time.monotonic() + timeout_s
    try:
        run_id, asker, agreer = await _ask(database, period, scope_kind, scope_id, deadline)
        result = await _until(database, run_id, ("planned", "accruing"), deadline, progress)
        if result.state == "failed":
            raise RunRefused("run-failed", f"Прогон {run_id} не удался. {result.error}")
        if not publish or result.unchanged:
            return result
        async with database.transaction() as session:
            await request_publication(session, run_id, asker)
            await audit_command(session, asker, run_id, "request_publication")
        async with database.transaction() as session:
            await approve_publication(session, run_id, agreer)
            await audit_command(session, agreer, run_id, "approve_publication")
        result = await _until(database, run_id, ("checked",), deadline, progress)
        if result.state != "published":
            raise RunRefused(
                "not-published", f"Прогон {run_id} не опубликован. {result.refusal or ''}".strip()
            )
        return result
    finally:
        await database.close()


async def _ask(
    database: Database, period: Period | None, scope_kind: str, scope_id: int | None, deadline: float
) -> tuple[int, int, int]:
    """The run asked for, by whom, and who would agree. A database that restarts is waited for: the same
    command asked twice is one run.
    """
    command_id = f"command-{uuid.uuid4()}"
    while True:
        try:
            async with database.transaction() as session:
                month = period or await _open(database)
                asker, agreer = await robots(session)
                run_id = await request_run(session, month, scope_kind, scope_id, asker, command_id)
                await audit_command(session, asker, run_id, "run")
            return run_id, asker, agreer
        except Exception as error:
            if not is_transient(error) or time.monotonic() > deadline:
                raise
            await asyncio.sleep(POLL_S)


async def _open(database: Database) -> Period:
    async with database.reading() as session:
        opened = await open_period(session)
    if opened is None:
        raise RunRefused(
            "no-open-month", "Нет открытого месяца. Заполните город: paylogic seed или paylogic import."
        )
    return Period.of(opened)


async def _until(
    database: Database, run_id: int, states: tuple[str, ...], deadline: float, progress: Progress
) -> RunResult:
    """Wait while the run is in one of `states` (a refused publication ends the wait as well).

    A database that restarts is waited for like the run itself.
    """
    while True:
        try:
            async with database.reading() as session:
                result = await run_result(session, run_id)
        except Exception as error:
            if not is_transient(error) or time.monotonic() > deadline:
                raise
            await asyncio.sleep(POLL_S)
            continue
        progress(result.blocks_done, max(result.blocks, 1), "Начисляем")
        is_refused = states == ("checked",) and result.refusal is not None
        if result.state not in states or is_refused:
            return result
        if time.monotonic() > deadline:
            raise RunRefused(
                "timeout",
                f"Прогон {run_id} не закончился вовремя: частей {result.blocks_done} из {result.blocks}. "
                "Он не потерян и продолжится. Обработчики: paylogic status.",
            )
        await asyncio.sleep(POLL_S)
