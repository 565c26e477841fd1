"""Blocks of whole houses kept in memory between questions, each read again as soon as a fact of its houses
changes.

A block is read in one snapshot, together with what PostgreSQL says of that snapshot. Triggers write a mark
with the transaction's number whenever facts change; a mark the block's snapshot did not see makes it stale,
whatever the order in which transactions commit. Tariffs, norms and coefficients are not part of this: their
digest is in the key.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from billing.block import Block
from billing.law import change_days, law_version
from billing.what_if import Warm, warmed
from storage.block_values import Values
from storage.blocks import read_block
from storage.bulk import Connection

ACCOUNTS_MAX = 1_100_000
"""About a kilobyte an account."""
AGE_S_MAX = 12 * 3600
"""Marks are kept for a day; a block older than this is read again whatever they say."""
MARKS_DAYS = 1

Key = tuple[int, str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class WarmBlock:
    """A block ready for questions, and the snapshot it was read in."""

    ready: Warm
    snapshot: str
    read_at: float

    @property
    def block(self) -> Block:
        return self.ready.block


STALE = """
SELECT EXISTS (
  SELECT 1 FROM fact_changes
   WHERE transaction_id >= pg_snapshot_xmin($1::text::pg_snapshot)::text::bigint
     AND NOT pg_visible_in_snapshot(transaction_id::text::xid8, $1::text::pg_snapshot)
     AND (house_ids IS NULL OR house_ids && $2::int[]))
"""


class WarmBlocks:
    """Keeps blocks up to ACCOUNTS_MAX, the least lately used go first."""

    def __init__(self, accounts_max: int = ACCOUNTS_MAX) -> None:
        self._accounts_max = accounts_max
        self._kept: OrderedDict[Key, WarmBlock] = OrderedDict()
        self._accounts = 0

    async def get(
        self, connection: Connection, values: Values, house_ids: Sequence[int]
    ) -> tuple[WarmBlock, bool]:
        """The block of these houses, and whether nothing had to be read. Outside any transaction."""
        version = f"{law_version()}.{values.version}"
        key = (values.period.ordinal, version, tuple(house_ids))
        kept = self._kept.get(key)
        if kept is not None and await self._is_fresh(connection, kept, house_ids):
            self._kept.move_to_end(key)
            return kept, True
        made = await _read(connection, values, house_ids)
        self._keep(key, made)
        return made, False

    async def _is_fresh(self, connection: Connection, kept: WarmBlock, house_ids: Sequence[int]) -> bool:
        if time.monotonic() - kept.read_at > AGE_S_MAX:
            return False
        return not await connection.fetchval(STALE, kept.snapshot, list(house_ids))

    def _keep(self, key: Key, made: WarmBlock) -> None:
        old = self._kept.pop(key, None)
        self._accounts += len(made.block) - (len(old.block) if old else 0)
        self._kept[key] = made
        while self._accounts > self._accounts_max and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._accounts -= len(dropped.block)


async def _read(connection: Connection, values: Values, house_ids: Sequence[int]) -> WarmBlock:
    """One snapshot for the block and for the words about it."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        snapshot: str = await connection.fetchval("SELECT pg_current_snapshot()::text")
        block = await read_block(connection, values, house_ids, change_days(values.period))
    return WarmBlock(warmed(block), snapshot, time.monotonic())


async def forget_marks(connection: Connection) -> None:
    """Marks no kept block can need any more."""
    await connection.execute(
        "DELETE FROM fact_changes WHERE recorded_at < now() - make_interval(days => $1)", MARKS_DAYS
    )
