"""A run's own tables, `lines_N` and `run_accounts_N`: made apart, attached when it is computed, dropped."""

from __future__ import annotations

from billing.period import Period
from storage.bulk import Connection
from storage.common_past import drop_common
from storage.shelves import KEYS, PARTITIONED, clear_shelf, ensure_shelf, is_shelved, partition

BUILD_MEMORY = "512MB"
STATISTICS = 20  # rows are alike: a sample of 6,000 tells the planner what 30,000 would
USUAL = {"kind": 0, "first_day": 1}  # as the days of the month: most blocks have no other value


async def create_partitions(connection: Connection, run_id: int, period: Period) -> None:
    """The run's own tables, not yet part of lines and run_accounts. Safe to repeat."""
    if is_shelved(run_id):
        await ensure_shelf(connection, run_id)
        return
    usual = {"lines": usual_of(period.days), "run_accounts": {}}
    for table in PARTITIONED:
        name = partition(table, run_id)
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS, "
            f"CONSTRAINT {name}_run CHECK (run_id = {int(run_id)})) WITH (autovacuum_enabled = off)"
        )
        for column, value in {"run_id": int(run_id), **usual[table]}.items():
            await connection.execute(f"ALTER TABLE {name} ALTER {column} SET DEFAULT {value}")


def usual_of(days: int) -> dict[str, int]:
    """Columns of lines whose default in the tables of a run is what most lines have."""
    return {**USUAL, "days": days}


async def attach_partitions(connection: Connection, run_id: int) -> None:
    """Build the keys, analyse and attach, in one transaction: pages see all of the run or nothing. Safe to
    repeat.
    """
    async with connection.transaction():
        await connection.execute(f"SET LOCAL maintenance_work_mem = '{BUILD_MEMORY}'")
        await connection.execute(f"SET LOCAL default_statistics_target = {STATISTICS}")
        for table in PARTITIONED:
            name = partition(table, run_id)
            if await connection.fetchval(
                "SELECT relispartition FROM pg_class WHERE oid = to_regclass($1)", name
            ):
                continue
            await connection.execute(KEYS[table].format(name=name))
            await connection.execute(f"ANALYZE {name}")
            await connection.execute(f"ALTER TABLE {name} RESET (autovacuum_enabled)")
            await connection.execute(
                f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES IN ({int(run_id)})"
            )
            await connection.execute(f"ALTER TABLE {name} DROP CONSTRAINT {name}_run")


async def drop_partitions(connection: Connection, run_id: int) -> bool:
    """Drop the lines of a run; false when there were none. The caller has made sure that it is not
    published.
    """
    await drop_common(connection, run_id)
    if is_shelved(run_id):
        await clear_shelf(connection, run_id)
        return True
    found = False
    for table in PARTITIONED:
        name = partition(table, run_id)
        if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
            await connection.execute(f"DROP TABLE {name}")
            found = True
    return found
