"""P8: 36 months recomputed, and only the differences found: the rules of each month and the comparison with
what is posted, on one core.

Every month is a block of the same houses; what is posted is what the rules gave before one value changed (a
norm of cold water), so some accounts differ and most do not. Ceiling: the rules alone over the same months
(P1's rate). Peer: differences found by Python rows, account by account, on a part of the months.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks._report import Beside, Report, best_of, own_peak_mb, surroundings
from benchmarks.blocks import make_block
from billing.accrue import accrue
from billing.block import Block, Norm
from billing.correction import CONTENT, difference
from billing.lines import Lines, add_digests
from billing.period import Period
from billing.services import Service
from storage.run_plan import BLOCK_ACCOUNTS

MONTHS = 36
LAST = Period.parse("2026-09")
REPEATS = 2
PEER_ACCOUNTS_MAX = 10_000
KEY = (int(Service.COLD_WATER), "person")


@dataclass(slots=True)
class Month:
    """A block of a month by the new norm, and what was posted by the old one."""

    block: Block
    posted: Lines


def run(accounts: int = 10_000, peers: bool = True, seed: int = 1) -> Report:
    """Measure `accounts` accounts over 36 months, a block of houses after another, as a worker does it."""
    before = surroundings()
    blocks = max(1, round(accounts / BLOCK_ACCOUNTS))
    seconds = rules = 0.0
    lines = found = total = 0
    digests: list[int] = []
    peer: Beside | None = None
    for number in range(blocks):
        for month in _months(accounts // blocks, seed + number, 1 + number * 2 * BLOCK_ACCOUNTS):
            made = _corrected(month)
            seconds += best_of(REPEATS, partial(_corrected, month))
            rules += best_of(REPEATS, partial(accrue, month.block))
            lines += len(month.posted)
            found += len(made)
            digests.append(made.digest())
            if peers and peer is None and number == 0:
                peer = _by_rows(month, lines / seconds)
        total += len(month.block)
    rate = lines / seconds
    report = Report(
        bench="correction",
        accounts=total,
        lines=lines,
        seconds=seconds,
        rate=rate,
        unit="lines/s",
        cores=1,
        ceilings=[Beside.of("rules_alone", lines / rules, "lines/s", rate)],
        stages={"rules": rules, "differences": max(seconds - rules, 0.0)},
        digest=f"{add_digests(digests):032x}",
        details={"months": MONTHS, "difference_lines": found, "target_ratio_of_rules": 0.5, **before},
    )
    if peer is not None:
        report.peers.append(Beside.of(peer.name, peer.rate, peer.unit, rate, **peer.details))
    report.peak_rss_mb = own_peak_mb()
    return report


def _corrected(month: Month) -> Lines:
    """What a worker would post for the month."""
    return difference(month.posted, accrue(month.block)[0])


def _months(accounts: int, seed: int, first_id: int) -> Iterator[Month]:
    """36 months of the same houses, one after another; one in memory at a time."""
    for back in range(MONTHS):
        block = make_block(accounts, seed, period=LAST.shift(-back), first_id=first_id)
        posted = accrue(block)[0]
        norm = block.norms[KEY]
        values = np.where(norm.values > 0, norm.values * 11 // 10, norm.values)
        block.norms[KEY] = Norm(values, norm.group)
        yield Month(block, posted)


def _by_rows(month: Month, ours: float) -> Beside:
    """The same differences by tuples and sets, as a program that works account by account finds them."""
    proposed = accrue(month.block)[0]
    keep = min(len(month.posted), PEER_ACCOUNTS_MAX * 14)
    posted = month.posted.take(np.arange(keep))
    proposed = proposed.take(np.flatnonzero(proposed.account_id <= posted.account_id[-1]))

    def work() -> int:
        before, after = (set(_rows(lines)) for lines in (posted, proposed))
        return len(before - after) + len(after - before)

    return Beside.of("python_rows", keep / best_of(1, work), "lines/s", ours, rows=keep)


def _rows(lines: Lines) -> Iterator[tuple[int, ...]]:
    return zip(*(getattr(lines, name).tolist() for name in CONTENT), strict=True)
