"""A connection of the ceiling, a process of its own: says «ready», waits for a line, copies a file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from benchmarks._town import connection


async def copy_file(url: str, table: str, file: str) -> None:
    """COPY the file into the table, committed."""
    async with connection(url) as database:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await database.copy_to_table(table, source=Path(file), format="binary")


if __name__ == "__main__":
    asyncio.run(copy_file(*sys.argv[1:4]))
