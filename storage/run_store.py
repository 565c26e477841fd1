"""Hard state of runs as the supervisor uses it: a connection of its own, one lock so that only one
supervisor acts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from storage import run_work
from storage.bulk import Connection
from storage.engine import connect
from storage.run_work import LiveRun

SUPERVISOR_LOCK = 7_120_355  # any number, the same in every process; released when the connection ends
CHANNEL = "run_progress"


class RunStore:
    """The supervisor's way to PostgreSQL. Every method is one transaction; any may raise when the server is
    away.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def is_mine(self) -> bool:
        """Take the lock of the acting supervisor; false while another process holds it."""
        return bool(await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", SUPERVISOR_LOCK))

    async def observe(self) -> list[LiveRun]:
        return await run_work.observe(self._connection)

    async def note_given(self, given: Sequence[tuple[int, int, str]]) -> None:
        await run_work.note_given(self._connection, given)

    async def note_failure(self, run_id: int, block_no: int, error: str) -> None:
        async with self._connection.transaction():
            await run_work.note_failure(self._connection, run_id, block_no, error)

    async def note_progress(self, run_ids: Iterable[int]) -> None:
        async with self._connection.transaction():
            await run_work.note_progress(self._connection, run_ids)

    async def finish(self, run_id: int, spent: Mapping[str, int] | None = None) -> bool:
        return await run_work.finish_run(self._connection, run_id, spent)

    async def fail(self, run_id: int, words: str) -> None:
        async with self._connection.transaction():
            await run_work.fail_run(self._connection, run_id, words)

    async def drop_undone(self) -> int:
        return await run_work.drop_undone(self._connection)


@asynccontextmanager
async def run_store(url: str) -> AsyncIterator[RunStore]:
    """A store over its own connection, closed at the end."""
    connection = await connect(url)
    try:
        yield RunStore(connection)
    finally:
        connection.terminate()
