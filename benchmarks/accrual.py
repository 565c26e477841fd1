"""P1: the rules alone, all services of a usual flat with their trace columns, on one core.

Ceiling: numpy multiplies and rounds as many rows as there are lines. Peer: OpenFisca computes the same
formulas from the same columns; its sums are compared with ours line by line.
"""

from __future__ import annotations

import numpy as np

from benchmarks._report import Beside, Report, best_of, own_peak_mb, surroundings
from benchmarks.blocks import make_block
from billing.accrue import accrue
from billing.block import Block
from billing.lines import Lines, add_digests
from storage.run_plan import BLOCK_ACCOUNTS

REPEATS = 5
PEER_ACCOUNTS_MAX = 30_000


def run(accounts: int = 10_000, peers: bool = True, seed: int = 1) -> Report:
    """Measure `accounts` accounts in blocks of a real run's size; the peer on at most 30,000 of them."""
    before = surroundings()
    blocks = make_blocks(accounts, seed)
    made = [accrue(block) for block in blocks]  # once to warm caches, and to know the lines
    lines = [of_block for of_block, _ in made]
    count = sum(len(of_block) for of_block in lines)
    seconds = best_of(REPEATS, lambda: [accrue(block) for block in blocks])
    rate = count / seconds
    report = Report(
        bench="accrual",
        accounts=sum(len(block) for block in blocks),
        lines=count,
        seconds=seconds,
        rate=rate,
        unit="lines/s",
        cores=1,
        ceilings=[_multiply_round(lines, rate)],
        stages={
            "rules": seconds,
            "check": best_of(REPEATS, lambda: _check(lines)),
            "digest": best_of(REPEATS, lambda: [of_block.digest() for of_block in lines]),
        },
        digest=f"{add_digests(of_block.digest() for of_block in lines):032x}",
        details={
            "accounts_per_s": round(sum(len(block) for block in blocks) / seconds, 1),
            "block_accounts": BLOCK_ACCOUNTS,
            "parked": sum(int(parked.mask().sum()) for _, parked in made),
            **before,
        },
    )
    if peers:
        report.peers.append(_openfisca(blocks, lines, rate))
    report.peak_rss_mb = own_peak_mb()
    return report


def _check(lines: list[Lines]) -> None:
    for of_block in lines:
        of_block.check()


def make_blocks(accounts: int, seed: int) -> list[Block]:
    """Blocks of about the size of a real run's."""
    count = max(1, round(accounts / BLOCK_ACCOUNTS))
    return [
        make_block(accounts // count, seed + number, first_id=1 + number * 2 * BLOCK_ACCOUNTS)
        for number in range(count)
    ]


def _multiply_round(lines: list[Lines], ours: float) -> Beside:
    """int64 multiply and half-up round over the volumes and rates of the same lines, block by block."""
    operands = [(of.volume_num, of.rate, of.volume_den * np.int64(1_000_000)) for of in lines]

    def work() -> None:
        for volume, rate, den in operands:
            (2 * volume * rate + den) // (2 * den)

    count = sum(len(of_block) for of_block in lines)
    return Beside.of("numpy_multiply_round", count / best_of(REPEATS, work), "lines/s", ours)


def _openfisca(blocks: list[Block], lines: list[Lines], ours: float) -> Beside:
    from benchmarks.peers import openfisca_city

    chosen = [0]
    while len(chosen) < len(blocks) and sum(len(blocks[at]) for at in chosen) < PEER_ACCOUNTS_MAX:
        chosen.append(len(chosen))
    compared = openfisca_city.measure([blocks[at] for at in chosen], [lines[at] for at in chosen])
    return Beside.of("openfisca", compared.rate, "lines/s", ours, **compared.details())
