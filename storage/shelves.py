"""Where the lines of a run lie: in tables of its own, or, for the many small corrections of a desk, on a
shelf
that hundreds of runs share, so that the catalogue of the database does not grow by two tables with each.

Runs of a shelf have ids from SHELF_FROM on, so the table follows from the id alone. A shelf is attached from
its first day; a draft on it is deleted row by row instead of being dropped.
"""

# ruff: noqa: S608 - queries hold only our own words and integers

from __future__ import annotations

from storage.bulk import Connection

SHELF_FROM = 1_000_000_000  # the sequence correction_run_ids begins here
SHELF_RUNS = 500
SHELF_LOCK = 7_120_362  # one adds a shelf at a time
PARTITIONED = ("lines", "run_accounts")
KEYS = {
    "lines": "CREATE INDEX {name}_account_id ON {name} (account_id)",
    "run_accounts": "ALTER TABLE {name} ADD CONSTRAINT {name}_key UNIQUE (run_id, account_id)",
}


def is_shelved(run_id: int) -> bool:
    """Whether the run shares its tables with others."""
    return run_id >= SHELF_FROM


def partition(table: str, run_id: int) -> str:
    """Name of the partition that holds a run's rows."""
    if is_shelved(run_id):
        return f"{table}_s{(int(run_id) - SHELF_FROM) // SHELF_RUNS}"
    return f"{table}_{int(run_id)}"


async def ensure_shelf(connection: Connection, run_id: int) -> None:
    """The shelf of this run, attached and indexed. Safe to repeat, in the caller's transaction."""
    assert is_shelved(run_id), "a run with tables of its own"
    name = partition("run_accounts", run_id)
    if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
        return
    await connection.execute("SELECT pg_advisory_xact_lock($1)", SHELF_LOCK)
    first = SHELF_FROM + (run_id - SHELF_FROM) // SHELF_RUNS * SHELF_RUNS
    ids = ", ".join(str(one) for one in range(first, first + SHELF_RUNS))
    for table in PARTITIONED:
        name = partition(table, run_id)
        if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
            continue
        await connection.execute(
            f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        )
        await connection.execute(KEYS[table].format(name=name))
        await connection.execute(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES IN ({ids})")


async def clear_shelf(connection: Connection, run_id: int) -> None:
    """Delete the rows of a draft from its shelf; the database refuses it for a published run."""
    assert is_shelved(run_id), "a run with tables of its own"
    for table in PARTITIONED:
        name = partition(table, run_id)
        if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
            await connection.execute(f"DELETE FROM {name} WHERE run_id = $1", run_id)
