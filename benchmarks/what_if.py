"""P7: «что если» of a tariff over warm blocks: the rules by the changed value, who gains and who loses, sums
by cut.

A city as `accrual` has it, in blocks of a real run's size, kept warm with what their accounts pay now, one
process a core as the workers of a stack would be; nothing is read and nothing is written. Ceiling: the rules
alone over the same blocks. Peer: the same question without anything kept warm, the rules before and after.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from benchmarks._report import Beside, Report, best_of, own_peak_mb, surroundings
from benchmarks.accrual import make_blocks
from billing.accrue import accrue
from billing.block import Block, Rate
from billing.services import Service
from billing.what_if import Charged, Compared, charged, compare

REPEATS = 3
KEY = (int(Service.COLD_WATER), 0)
RAISE_PERCENT = 10


@dataclass(frozen=True, slots=True)
class Warm:
    """A block and what its accounts pay."""

    block: Block
    base: Charged
    lines: int


def run(accounts: int = 10_000, peers: bool = True, seed: int = 1) -> Report:
    """Measure `accounts` accounts: core seconds on one core, and by the wall with a thread a core."""
    before = surroundings()
    warm = [_warmed(block) for block in make_blocks(accounts, seed)]
    count = sum(len(one.block) for one in warm)
    cores = os.cpu_count() or 1
    answers = [_asked(one) for one in warm]
    seconds = best_of(REPEATS, lambda: [_asked(one) for one in warm])
    rate = count / seconds
    with ThreadPoolExecutor(cores) as pool:
        wall = _best(lambda: list(pool.map(_asked, warm)))
    more, less = _movers(answers)
    report = Report(
        bench="what-if",
        accounts=count,
        lines=sum(one.lines for one in warm),
        seconds=seconds,
        rate=rate,
        unit="accounts/s",
        cores=1,
        stages={"answer": seconds},
        details={
            "blocks": len(warm),
            "more": more,
            "less": less,
            "seconds_a_million_one_core": round(1_000_000 / rate, 2),
            "seconds_a_million_all_cores": round(wall * 1_000_000 / count, 2),
            "target_seconds_a_million": 3.0,
            **before,
        },
    )
    raised = [_raised(one.block) for one in warm]
    rules = best_of(REPEATS, lambda: [accrue(block) for block in raised])
    report.ceilings.append(Beside.of("rules_alone", count / rules, "accounts/s", rate))
    if peers:
        cold = best_of(1, lambda: [_cold(one) for one in warm])
        report.peers.append(Beside.of("nothing_warm", count / cold, "accounts/s", rate))
    report.peak_rss_mb = own_peak_mb()
    return report


def _best(work: Callable[[], object]) -> float:
    quickest = float("inf")
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        quickest = min(quickest, time.perf_counter() - began)
    return quickest


def _warmed(block: Block) -> Warm:
    lines, parked = accrue(block)
    return Warm(block, charged(block, lines, parked), len(lines))


def _raised(block: Block) -> Block:
    """The same block by a cold water tariff raised by a tenth."""
    values = block.rates[KEY].values
    raised = values.copy()
    raised[values > 0] = values[values > 0] * (100 + RAISE_PERCENT) // 100
    return replace(block, rates={**block.rates, KEY: Rate(raised)})


def _asked(one: Warm) -> Compared:
    block = _raised(one.block)
    lines, parked = accrue(block)
    return compare(one.block, one.base, charged(block, lines, parked))


def _cold(one: Warm) -> Compared:
    return _asked(_warmed(one.block))


def _movers(answers: list[Compared]) -> tuple[int, int]:
    """How many accounts pay more and less."""
    rows = [rows for answer in answers for rows in answer.rows if rows.cut == "all"]
    return sum(int(one.more.sum()) for one in rows), sum(int(one.less.sum()) for one in rows)
