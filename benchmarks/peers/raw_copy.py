"""Ceiling of P2: binary COPY of exactly the rows of a run, ready-made bytes, into an identical table.

Two connections of two processes; no index, nothing read, nothing computed.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._town import connection
from storage.shelves import partition

TABLE = "bench_raw_copy"
CONNECTIONS = 2


async def rows_per_second(url: str, run_id: int) -> float:
    """Dump the run's lines to files, load them again, drop the table."""
    with tempfile.TemporaryDirectory(prefix="paylogic-raw-") as folder:
        files = [Path(folder) / str(part) for part in range(CONNECTIONS)]
        rows = await _dump(url, run_id, files)
        seconds = await asyncio.to_thread(load, url, files)
    async with connection(url) as database:
        assert await database.fetchval(f"SELECT count(*) FROM {TABLE}") == rows
        await database.execute(f"DROP TABLE {TABLE}")
    return rows / seconds


async def _dump(url: str, run_id: int, files: list[Path]) -> int:
    """Halves of the run's table by its pages; how many rows."""
    table = partition("lines", run_id)
    async with connection(url) as database:
        pages = await database.fetchval(
            f"SELECT pg_relation_size('{table}') / current_setting('block_size')::int"
        )
        rows = 0
        for part, file in enumerate(files):
            first, after = pages * part // CONNECTIONS, pages * (part + 1) // CONNECTIONS
            query = f"SELECT * FROM {table} WHERE ctid >= '({first},0)' AND ctid < '({after},0)'"
            status = await database.copy_from_query(query, output=file, format="binary")
            rows += int(status.removeprefix("COPY "))
        await database.execute(
            f"DROP TABLE IF EXISTS {TABLE}; CREATE TABLE {TABLE} (LIKE {table} INCLUDING DEFAULTS INCLUDING "
            "CONSTRAINTS) WITH (autovacuum_enabled = off)"
        )
    return rows


def load(url: str, files: list[Path]) -> float:
    """Seconds from the moment all connections are ready until all have committed."""
    command = [sys.executable, "-m", "benchmarks.peers._copy_file", url, TABLE]
    root = Path(__file__).parents[2]
    workers = [
        subprocess.Popen(
            [*command, str(file)], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for file in files
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n", "a process did not connect"
        worker.stdout.close()
    began = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.close()
    codes = [worker.wait() for worker in workers]
    seconds = time.perf_counter() - began
    assert not any(codes), "a COPY failed"
    return seconds
