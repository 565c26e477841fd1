"""Past months of whole houses computed anew by today's knowledge, and how they differ from what is published.

Months go in order: what a later month takes from an earlier one (volumes billed while a meter was silent) is
taken from the lines the correction is about to leave there, so that a second correction finds nothing to do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.accrue import accrue_month
from billing.basis import Basis
from billing.block import Block
from billing.common_past import HouseMonth
from billing.correction import difference, net
from billing.law import change_days
from billing.lines import Lines
from billing.parked import Parked
from billing.period import Period
from storage.block_values import Values
from storage.blocks import read_block
from storage.bulk import Connection
from storage.lines import read_published

MONTHS_MAX = 36  # of one correction; the term of limitation


@dataclass(frozen=True, slots=True)
class MonthChanged:
    """A month of the houses: what stands published, and the lines that turn it into what it should be."""

    period: Period
    block: Block
    standing: Lines
    changes: Lines
    parked: Parked
    looked_at: npt.NDArray[np.bool_]  # (N,) accounts of the block the correction is about
    common: Mapping[int, HouseMonth]  # of whole houses only


ValuesOf = Callable[[Period], Awaitable[Values]]


async def recompute(
    connection: Connection,
    months: Sequence[Period],
    house_ids: Sequence[int],
    values_of: ValuesOf,
    account_id: int | None = None,
) -> AsyncIterator[MonthChanged]:
    """Each month with anything published, in order. account_id: of this account only; its neighbours are
    computed with it, because they share the house, and keep what they have.
    """
    assert list(months) == sorted(months), "months go in order"
    instead: dict[int, Lines] = {}
    kept: dict[int, Mapping[int, HouseMonth]] = {}
    for period in months:
        posted = await read_published(connection, period, house_ids)
        if not len(posted):
            continue
        values = await values_of(period)
        block = await read_block(
            connection, values, house_ids, change_days(period), instead=instead, kept=kept
        )
        done = compare(period, block, posted, account_id)
        instead[period.ordinal], kept[period.ordinal] = _stands(posted, done.changes), done.common
        yield done


def compare(period: Period, block: Block, posted: Lines, account_id: int | None) -> MonthChanged:
    """One month: sums written by hand stay, a parked account keeps what it has."""
    made = accrue_month(block)
    lines, parked = made.lines, made.parked
    mine = np.ones(len(block), np.bool_) if account_id is None else block.accounts.id == account_id
    ours = posted.take(posted.basis != Basis.MANUAL)
    standing = net(ours)
    held = np.isin(ours.account_id, block.accounts.id[parked.mask()])
    if account_id is not None:
        lines = lines.take(lines.account_id == account_id)
        held |= ours.account_id != account_id
        standing = standing.take(standing.account_id == account_id)
    changes = difference(ours.take(~held), lines)
    changes.check()
    told = Parked(parked.size, {at: why for at, why in parked.reason.items() if mine[at]})
    common = made.common if account_id is None else {}
    return MonthChanged(period, block, standing, changes, told, mine, common)


def _stands(posted: Lines, changes: Lines) -> Lines:
    """What will stand published once the changes are posted."""
    return net(Lines.concat([posted.take(posted.basis != Basis.MANUAL), changes]))
