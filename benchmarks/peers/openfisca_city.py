"""Peer of P1: OpenFisca computes the same month from the same columns, and its kopecks are laid beside ours.

An account is OpenFisca's person, a house its group; up to two meters of a service are columns of the account.
The peer is given a head start: norms are already looked up by rooms and household, outside of the time taken,
and it makes amounts, volumes and surcharges but no lines with their trace. Its numbers are float32 (readings
int32), as OpenFisca's are: where our integers give another kopeck the line is counted as different.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from openfisca_core.simulations import Simulation, SimulationBuilder

from benchmarks.peers._openfisca_inputs import inputs_of
from benchmarks.peers._openfisca_rules import AMOUNTS, city_system
from billing.basis import Basis
from billing.block import Block
from billing.lines import Lines

REPEATS = 2
TEMPORARY = 1 << 12  # beside service × 8 + component in the key of an amount


@dataclass(frozen=True, slots=True)
class Compared:
    """lines: ours that the peer computed too; different: of them, not the same kopeck."""

    rate: float
    accounts: int
    lines: int
    different: int
    largest_kopecks: int
    off_kopecks: int

    def details(self) -> dict[str, Any]:
        return {
            "accounts": self.accounts,
            "lines": self.lines,
            "lines_different": self.different,
            "largest_difference_kopecks": self.largest_kopecks,
            "sum_difference_kopecks": self.off_kopecks,
            "numbers": "float32",
        }


def measure(blocks: list[Block], lines: list[Lines]) -> Compared:
    """Compute every amount of the blocks; the quickest of a few goes counts."""
    seconds = min(_go(blocks) for _ in range(REPEATS))
    count = sum(len(of_block) for of_block in lines)
    different = largest = off = 0
    for block, ours in zip(blocks, lines, strict=True):
        delta = differences(block, ours)
        different += int((delta != 0).sum())
        largest = max(largest, int(np.abs(delta).max(initial=0)))
        off += int(delta.sum())
    return Compared(count / seconds, sum(map(len, blocks)), count, different, largest, off)


def _go(blocks: list[Block]) -> float:
    """Core seconds of computing; making simulations and giving them their inputs is not counted."""
    total = 0.0
    for block in blocks:
        simulation, month = simulate(block)
        began = time.process_time()
        for name in AMOUNTS:
            simulation.calculate(name, month)
        total += time.process_time() - began
    return total


def simulate(block: Block) -> tuple[Simulation, str]:
    """A simulation of the block with all its inputs."""
    system = city_system()
    builder = SimulationBuilder()
    builder.create_entities(system)
    builder.declare_person_entity("account", block.accounts.id.tolist())
    houses = builder.declare_entity("house", block.houses.id.tolist())
    members = np.repeat("member", len(block))
    builder.join_with_persons(houses, block.houses.id[block.accounts.house], members)
    simulation = builder.build(system)
    month = str(block.period)
    for name, values in inputs_of(block).items():
        simulation.set_input(name, month, values)
    return simulation, month


def differences(block: Block, ours: Lines) -> npt.NDArray[np.int64]:
    """Kopecks of the peer less ours, a line (amount and surcharge together) of ours each.

    An amount of the peer where we have no line is a difference too: the sums are laid side by side.
    """
    simulation, month = simulate(block)
    temporary = np.where(ours.basis == int(Basis.NORM_TEMPORARY), TEMPORARY, 0)
    key = ours.service.astype(np.int64) * 8 + ours.component + temporary
    at = np.searchsorted(block.accounts.id, ours.account_id)
    parts = []
    for name, code in AMOUNTS.items():
        theirs = np.asarray(simulation.calculate(name, month), np.float64).astype(np.int64)
        mine = np.zeros(len(block), np.int64)
        some = key == code
        np.add.at(mine, at[some], ours.amount_kopecks[some] + ours.surcharge_kopecks[some])
        delta = theirs - mine
        parts.append(delta[delta != 0])
    covered = np.isin(key, list(AMOUNTS.values()))
    assert covered.all(), f"the peer has no amount for {np.unique(key[~covered])}"
    return np.concatenate(parts)
