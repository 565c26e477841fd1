"""P6: growth: cities of several sizes, one worker and two, and one house recalculated in each city.

Time must grow as the accounts do, a second worker must help, and a house must take the same time in a city of
any size.
"""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from benchmarks._report import Report, surroundings
from benchmarks._runs import Timed, draft, houses_of, undo, warm_up
from benchmarks._town import Town, checkpoint, town, whole_stack

SIZES = "10000,100000,1000000"
MONTHS = 3
HOUSES = 9
CPUS_VARIABLE = "PAYLOGIC_RAY_CPUS"


def run(sizes: str = SIZES, months: int = MONTHS) -> Report:
    """One stack after another; the report is of the largest city, the others are in `sizes`."""
    before = surroundings()
    rows, last = [], None
    for accounts in sorted(int(size) for size in sizes.split(",")):
        with town(accounts, months) as made:
            two, houses = _measure(made, 2)
            one, _ = _measure(made, 1)
            rows.append(_row(two, one, houses))
            last = two
    assert last is not None
    return Report(
        bench="scale",
        accounts=last.result.accounts,
        lines=last.result.lines,
        seconds=last.seconds,
        rate=last.rate,
        unit="accounts/s",
        stages=last.stages,
        digest=last.result.digest or "",
        details={"sizes": rows, "growth": growth(rows), **before},
    )


def growth(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """From each size to the next: time an account and time a house, later over earlier (1 = no growth)."""
    out = []
    for small, large in pairwise(rows):
        out.append(
            {
                "from": small["accounts"],
                "to": large["accounts"],
                "time_per_account": round(small["rate"] / large["rate"], 3),
                "time_per_house": round(large["house_seconds"] / small["house_seconds"], 3),
            }
        )
    return out


def _measure(made: Town, workers: int) -> tuple[Timed, list[Timed]]:
    """The second draft of the city (the first warms everything up) and drafts of a few houses."""
    with _cpus(workers), whole_stack(made):
        asyncio.run(warm_up(made.url))
        first = asyncio.run(draft(made.url))
        asyncio.run(undo(made.url, [first.result.run_id]))
        asyncio.run(checkpoint(made.stack))
        second = asyncio.run(draft(made.url))
        asyncio.run(undo(made.url, [second.result.run_id]))
        houses = asyncio.run(_houses(made.url))
    assert first.result.digest == second.result.digest, "two runs of one city came to different lines"
    return second, houses


async def _houses(url: str) -> list[Timed]:
    done = [await draft(url, "house", house) for house in await houses_of(url, HOUSES)]
    await undo(url, [one.result.run_id for one in done])
    return done


@contextmanager
def _cpus(workers: int) -> Iterator[None]:
    """So many workers in the next stack."""
    before = os.environ.get(CPUS_VARIABLE)
    os.environ[CPUS_VARIABLE] = str(workers)
    try:
        yield
    finally:
        del os.environ[CPUS_VARIABLE]
        if before is not None:
            os.environ[CPUS_VARIABLE] = before


def _row(two: Timed, one: Timed, houses: list[Timed]) -> dict[str, Any]:
    house_accounts = statistics.median(house.result.accounts for house in houses)
    return {
        "accounts": two.result.accounts,
        "lines": two.result.lines,
        "seconds": round(two.seconds, 3),
        "rate": round(two.rate, 1),
        "stages": {name: round(value, 3) for name, value in two.stages.items()},
        "one_worker_seconds": round(one.seconds, 3),
        "two_workers_over_one": round(one.seconds / two.seconds, 3),
        "house_seconds": round(statistics.median(house.seconds for house in houses), 3),
        "house_accounts": house_accounts,
    }
