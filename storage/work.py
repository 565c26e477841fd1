"""The database as a worker of a run sees it: values of a month, a block in, lines out, over a few own
connections.

A worker has as many connections as blocks in flight, so that one block loads while another is written. A
connection that broke is replaced; whether an error means «try again» is told by `is_transient`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from billing.block import Block
from billing.law import change_days, law_version
from billing.lines import Lines
from billing.period import Period
from storage.block_values import Values, read_values
from storage.blocks import read_block
from storage.bulk import Connection
from storage.compute import Computed
from storage.correction_plan import version_of_months
from storage.correction_work import correct_block
from storage.engine import connect, is_disconnect
from storage.lines import BlockDone, park_block, read_published, write_block
from storage.run_work import BlockTask

CONNECTIONS_MAX = 2
VALUES_KEPT = 4  # months whose tariffs and norms stay in memory


class LawChanged(Exception):
    """Tariffs, norms or the federal table are not those the run was planned by: the run cannot go on as one
    whole.
    """

    code = "law-changed"
    permanent = True


class BlockStore:
    """Opens connections when needed; safe to use from as many tasks of one loop as there are connections."""

    def __init__(self, url: str, connections_max: int = CONNECTIONS_MAX) -> None:
        self._url = url
        self._free: list[Connection] = []
        self._gate = asyncio.Semaphore(connections_max)
        self._values: dict[int, Values] = {}
        self._months: dict[str, dict[int, Values]] = {}  # of the last correction, by its law version
        self._reading_values = asyncio.Lock()

    async def load(self, task: BlockTask) -> Block:
        """The block of a task, as known now. Raises LawChanged."""
        values = await self._values_of(task)
        async with self._connection() as connection:
            return await read_block(connection, values, task.house_ids, change_days(values.period))

    async def load_houses(
        self, period: Period, house_ids: Sequence[int], as_of: dt.datetime | None = None
    ) -> Block:
        """A block outside any run: for previews and explanations, by the values of this very moment (or of
        as_of).
        """
        async with self._connection() as connection:
            values = await read_values(connection, period, as_of)
            return await read_block(connection, values, house_ids, change_days(period), as_of)

    async def published(self, period: Period, house_ids: Sequence[int]) -> Lines:
        """Lines already published for the month over the houses."""
        async with self._connection() as connection:
            return await read_published(connection, period, house_ids)

    async def write(self, task: BlockTask, block: Block, computed: Computed, worker: str) -> BlockDone:
        """Write the block once; see storage.lines."""
        async with self._connection() as connection:
            return await write_block(connection, task.run_id, task.block_no, block, computed, worker)

    async def correct(self, task: BlockTask, worker: str) -> BlockDone:
        """Compute and write a block of a correction: its houses over all its months."""
        async with self._connection() as connection:
            values = await self._values_of_months(connection, task)

            async def of(period: Period) -> Values:
                return values[period.ordinal]

            return await correct_block(connection, task, of, worker)

    async def _values_of_months(self, connection: Connection, task: BlockTask) -> dict[int, Values]:
        """Values of every month of a correction; read once a law version, checked against it."""
        kept = self._months.get(task.law_version)
        if kept is None:
            kept = {month: await read_values(connection, Period(month)) for month in task.months}
            if task.law_version != version_of_months(kept.values()):
                raise LawChanged(
                    "Тарифы, нормативы, федеральные значения или сами правила изменились после "
                    "начала перерасчёта. "
                    "Отмените черновик и начните заново."
                )
            self._months = {task.law_version: kept}
        return kept

    async def park(self, task: BlockTask, error: str) -> BlockDone:
        """Give the block up with BLOCK_FAILED for all its accounts."""
        async with self._connection() as connection:
            return await park_block(connection, task.run_id, task.block_no, Period(task.period), error)

    async def _values_of(self, task: BlockTask) -> Values:
        """Values of the task's month; read once for a law version, checked against it."""
        federal, _, regional = task.law_version.partition(".")
        async with self._reading_values:
            values = self._values.get(task.period)
            if values is None or values.version != regional:
                async with self._connection() as connection:
                    values = await read_values(connection, Period(task.period))
                if len(self._values) >= VALUES_KEPT:
                    self._values.clear()
                self._values[task.period] = values
        if (federal, regional) != (law_version(), values.version):
            raise LawChanged(
                "Тарифы, нормативы, федеральные значения или сами правила изменились после начала прогона. "
                "Отмените черновик и начислите заново."
            )
        return values

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        async with self._gate:
            connection = self._free.pop() if self._free else await _connect(self._url)
            try:
                yield connection
            except BaseException:
                await _discard(connection)
                raise
            if connection.is_closed():
                return
            self._free.append(connection)

    async def close(self) -> None:
        while self._free:
            await self._free.pop().close()


async def _connect(url: str) -> Connection:
    """Workers are parallel among themselves: helpers of one query would only start and stop."""
    connection = await connect(url)
    await connection.execute("SET max_parallel_workers_per_gather = 0")
    return connection


async def _discard(connection: Connection) -> None:
    """A connection with an unknown state is not used again."""
    connection.terminate()


def is_disk_full(error: BaseException) -> bool:
    """Whether the disk of the database has no room: a person has to make some."""
    return isinstance(error, asyncpg.DiskFullError)


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed by itself a little later: the server restarts, a lock was not
    free.
    """
    causes = (
        asyncpg.DeadlockDetectedError,
        asyncpg.SerializationError,
        asyncpg.LockNotAvailableError,
        asyncpg.TooManyConnectionsError,
        asyncpg.QueryCanceledError,
        asyncpg.AdminShutdownError,
        asyncpg.CrashShutdownError,
        asyncpg.CannotConnectNowError,
        asyncpg.InterfaceError,
    )
    return isinstance(error, causes) or is_disconnect(error)
