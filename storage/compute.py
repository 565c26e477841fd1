"""What a run writes for a block: lines by the rules, or only differences from what is posted; pure, no
database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.accrue import Accrued
from billing.block import Block
from billing.common_past import HouseMonth
from billing.correction import difference
from billing.lines import Lines
from billing.parked import Parked

Rules = Callable[[Block], Accrued]


@dataclass(frozen=True, slots=True)
class Computed:
    """Lines to write, accounts parked, which accounts of the block the run is about, (N,), and what the
    houses keep of their common needs; a run of one account keeps nothing.
    """

    lines: Lines
    parked: Parked
    mine: npt.NDArray[np.bool_]
    common: Mapping[int, HouseMonth] = field(default_factory=dict)


def compute(
    block: Block, rules: Rules, posted: Lines | None = None, account_id: int | None = None
) -> Computed:
    """posted: published lines of the houses for the month, None = nothing is published. account_id: of one
    account.

    A parked account keeps what was posted for it: nothing is taken back before it can be computed anew.
    """
    made = rules(block)
    lines, parked = made.lines, made.parked
    mine = np.ones(len(block), np.bool_)
    if account_id is not None:
        mine = block.accounts.id == account_id
        lines = lines.take(lines.account_id == account_id)
        parked = _only(parked, mine)
    if posted is not None:
        held = np.isin(posted.account_id, block.accounts.id[parked.mask()])
        if account_id is not None:
            held |= posted.account_id != account_id
        lines = difference(posted.take(~held), lines)
    lines.check()
    return Computed(lines, parked, mine, made.common if account_id is None else {})


def _only(parked: Parked, mine: npt.NDArray[Any]) -> Parked:
    """Parked accounts among `mine`: neighbours are computed for the sums of the house, but not told about."""
    return Parked(parked.size, {at: why for at, why in parked.reason.items() if mine[at]})
