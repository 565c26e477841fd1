"""Loads whole tables fast: indexes and foreign keys step aside for the COPY and come back, all in one
transaction.

A seed that fails half-way leaves nothing behind: neither rows nor missing indexes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

BUILD_MEMORY = "512MB"


@dataclass(frozen=True, slots=True)
class Definition:
    """An index or a constraint as PostgreSQL itself writes it down."""

    table: str
    name: str
    sql: str


async def set_aside(connection: Connection, tables: Sequence[str]) -> list[Definition]:
    """Empty the tables, drop their foreign keys (from and to), unique constraints and plain indexes.

    Primary keys stay. Returns what to build again.
    """
    names = list(tables)
    constraints = await connection.fetch(
        "SELECT c.conrelid::regclass::text AS table, c.conname AS name, pg_get_constraintdef(c.oid) AS sql "
        "FROM pg_constraint c WHERE c.conparentid = 0 "
        "AND (c.contype = 'u' AND c.conrelid = ANY($1::regclass[]) OR c.contype = 'f' "
        "AND (c.conrelid = ANY($1::regclass[]) OR c.confrelid = ANY($1::regclass[]))) "
        "ORDER BY c.contype DESC, c.conname",
        names,
    )
    indexes = await connection.fetch(
        "SELECT i.indrelid::regclass::text AS table, i.indexrelid::regclass::text AS name, "
        "pg_get_indexdef(i.indexrelid) AS sql FROM pg_index i JOIN pg_class k ON k.oid = i.indexrelid "
        "WHERE i.indrelid = ANY($1::regclass[]) AND NOT i.indisprimary AND NOT k.relispartition "
        "AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid) ORDER BY 2",
        names,
    )
    # «ON ONLY» is how an index of a partitioned table is written down; we want those of its partitions too.
    made = [Definition(r["table"], r["name"], r["sql"].replace(" ON ONLY ", " ON ")) for r in indexes]
    made += [
        Definition(r["table"], r["name"], f'ALTER TABLE {r["table"]} ADD CONSTRAINT "{r["name"]}" {r["sql"]}')
        for r in constraints
    ]
    for row in constraints:
        await connection.execute(f'ALTER TABLE {row["table"]} DROP CONSTRAINT "{row["name"]}"')
    for row in indexes:
        await connection.execute(f"DROP INDEX {row['name']}")
    # A table emptied in this transaction takes rows that are frozen at once and, on a server without
    # replicas, not written to the log twice.
    await connection.execute(f"TRUNCATE {', '.join(names)}")
    return made


async def bring_back(connection: Connection, definitions: Sequence[Definition]) -> None:
    """Build what was set aside; foreign keys are checked against all rows."""
    await connection.execute(f"SET LOCAL maintenance_work_mem = '{BUILD_MEMORY}'")
    for definition in definitions:
        await connection.execute(definition.sql)


async def insert(connection: Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """A few rows given as dicts; a column absent from a row takes its default when absent from all."""
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        by_columns.setdefault(tuple(row), []).append(row)
    for columns, members in by_columns.items():
        places = ", ".join(f"${at}" for at in range(1, len(columns) + 1))
        names = ", ".join(f'"{name}"' for name in columns)
        await connection.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({places})",  # noqa: S608 - names of our own columns
            [tuple(row[name] for name in columns) for row in members],
        )


async def restart_sequences(connection: Connection, tables: Sequence[str]) -> None:
    """Ids were given by us: the next one of each sequence follows the largest."""
    for table in tables:
        name = await connection.fetchval("SELECT pg_get_serial_sequence($1, 'id')", table)
        if name is not None:
            await connection.execute(
                f"SELECT setval('{name}', greatest((SELECT max(id) FROM {table}), 1))"  # noqa: S608
            )
