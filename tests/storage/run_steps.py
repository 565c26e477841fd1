"""Steps of a run that its tests share: ask, order, compute, sign, publish; and what a refusal is called."""

from __future__ import annotations

from typing import Any

import pytest

from actors.local import run_until_idle
from billing.period import Period
from storage import runs
from storage.engine import Database
from storage.run_orders import obey
from storage.runs import PUBLISH, START, RunRefused
from storage.scope import Scope

PERIOD = Period.parse("2026-10")
ANNA, BORIS, VERA = 1, 2, 3
EVERYTHING = Scope(user_id=ANNA, role="centre", everything=True)


async def ask(database: Database, kind: str = "city", scope_id: int | None = None, **options: Any) -> int:
    async with database.transaction(EVERYTHING) as session:
        return await runs.request_run(session, PERIOD, kind, scope_id, ANNA, **options)


async def order(database: Database, subject: str, run_id: int) -> None:
    async with database.transaction() as session:
        await obey(session, subject, {"run_id": run_id})


async def computed(owner: Database, kind: str = "city", scope_id: int | None = None) -> int:
    run_id = await ask(owner, kind, scope_id)
    await order(owner, START, run_id)
    await run_until_idle(owner.url)
    return run_id


async def signed(owner: Database, run_id: int) -> None:
    async with owner.transaction(EVERYTHING) as session:
        await runs.request_publication(session, run_id, ANNA)
    async with owner.transaction(EVERYTHING) as session:
        await runs.approve_publication(session, run_id, BORIS)


async def published(owner: Database, kind: str = "city", scope_id: int | None = None) -> int:
    run_id = await computed(owner, kind, scope_id)
    await signed(owner, run_id)
    await order(owner, PUBLISH, run_id)
    return run_id


async def refusal(awaitable: Any) -> str:
    with pytest.raises(RunRefused) as caught:
        await awaitable
    return caught.value.code
