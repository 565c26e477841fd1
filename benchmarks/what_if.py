"""P7: «что если» over warm blocks: what the changed value touches charged anew, who gains and who loses, sums
by cut.

A city as `accrual` has it, in blocks of a real run's size, kept warm; nothing is read and nothing is written.
The question measured is a tariff of cold water raised by a tenth; others stand beside it. One core in core
seconds, all cores by the wall with a thread a core of one process, as the actors answer. Ceiling: the rules
of all services over the same blocks. Peer: the same question with nothing kept warm.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from benchmarks._report import Beside, Report, best_of, own_peak_mb, surroundings
from benchmarks.accrual import make_blocks
from billing.accrue import accrue
from billing.block import Block, Norm, Rate
from billing.noted import Key, named_values
from billing.services import Service
from billing.use import regional_raising
from billing.what_if import Compared, Warm, ask, warmed

REPEATS = 3
COLD, HEATING = (int(Service.COLD_WATER), 0), (int(Service.HEATING), 0)
RAISE_PERCENT = 10
Question = Callable[[Block], tuple[Block, frozenset[Key] | None]]


def run(accounts: int = 10_000, peers: bool = True, seed: int = 1) -> Report:
    """Measure `accounts` accounts: core seconds on one core, and by the wall with a thread a core."""
    before = surroundings()
    warm = [warmed(block) for block in make_blocks(accounts, seed)]
    count = sum(len(one.block) for one in warm)
    answers = [_asked(one) for one in warm]
    seconds = best_of(REPEATS, lambda: [_asked(one) for one in warm])
    rate = count / seconds
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
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
            "seconds_a_million_one_core": _a_million(seconds, count),
            "seconds_a_million_all_cores": _a_million(wall, count),
            "target_seconds_a_million": 3.0,
            "others_a_million_one_core": _others(warm, count),
            "bytes_an_account": _size(warm, set()) // count,
            **before,
        },
    )
    raised = [raised_tariff(one.block)[0] for one in warm]
    rules = best_of(REPEATS, lambda: [accrue(block) for block in raised])
    report.ceilings.append(Beside.of("rules_alone", count / rules, "accounts/s", rate))
    if peers:
        cold = best_of(1, lambda: [_asked(warmed(one.block)) for one in warm])
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


def _a_million(seconds: float, accounts: int) -> float:
    return round(seconds * 1_000_000 / accounts, 2)


def _others(warm: list[Warm], count: int) -> dict[str, float]:
    """Core seconds a million of other questions, from those that touch little to the whole."""
    found = {}
    for name, question in QUESTIONS.items():
        seconds = best_of(1, lambda question=question: [_asked(one, question) for one in warm])  # type: ignore[misc]
        found[name] = _a_million(seconds, count)
    return found


def raised_tariff(block: Block, key: tuple[int, int] = COLD) -> tuple[Block, frozenset[Key]]:
    """The same block by a tariff raised by a tenth, and what of it is changed."""
    rate = Rate(_raised(block.rates[key].values))
    return replace(block, rates={**block.rates, key: rate}), named_values("rate", [key])


def _raised_norm(block: Block) -> tuple[Block, frozenset[Key]]:
    key = (int(Service.COLD_WATER), "person")
    norm = Norm(_raised(block.norms[key].values), block.norms[key].group)
    return replace(block, norms={**block.norms, key: norm}), named_values("norm", [key])


def _without_raising(block: Block) -> tuple[Block, frozenset[Key]]:
    key = regional_raising(Service.COLD_WATER)
    one = np.full((len(block.days), len(block.houses)), 1000, np.int64)
    return replace(block, coefficients={**block.coefficients, key: one}), named_values("coefficient", [key])


QUESTIONS: dict[str, Question] = {
    "raising": _without_raising,
    "tariff_of_heating": lambda block: raised_tariff(block, HEATING),
    "norm_of_cold_water": _raised_norm,
    "whole": lambda block: (raised_tariff(block)[0], None),
}


def _raised(values: Any) -> Any:
    raised = values.copy()
    raised[values > 0] = values[values > 0] * (100 + RAISE_PERCENT) // 100
    return raised


def _asked(one: Warm, question: Question = raised_tariff) -> Compared:
    return ask(one, *question(one.block))


def _size(of: Any, seen: set[int]) -> int:
    """Bytes of all arrays of a thing, each once; of a view those of the whole."""
    if id(of) in seen:
        return 0
    seen.add(id(of))
    if isinstance(of, np.ndarray):
        return of.nbytes if of.base is None else _size(of.base, seen)
    if is_dataclass(of):
        return sum(_size(getattr(of, one.name), seen) for one in fields(of))
    if isinstance(of, dict):
        return sum(_size(value, seen) for value in of.values())
    if isinstance(of, list | tuple):
        return sum(_size(value, seen) for value in of)
    return 0


def _movers(answers: list[Compared]) -> tuple[int, int]:
    """How many accounts pay more and less."""
    rows = [answer.of("all") for answer in answers]
    return sum(int(one.more.sum()) for one in rows), sum(int(one.less.sum()) for one in rows)
