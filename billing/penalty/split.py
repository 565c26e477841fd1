"""What was paid on a month, over the services and payees of that month.

What the ledger put on a payee and service stays there; the rest goes in proportion to what each is still
owed, largest remainder, so that the parts are exactly the payment (a document with several payees, ЖК 155).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.money import LIMIT, share_out

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Parts:
    """Columns (k,): which debt (or cell), day, kopecks."""

    of: I64
    day: I64
    amount: I64

    def order(self) -> Parts:
        """Rows of one debt and day added up, in order of debts and days."""
        at = np.lexsort((self.day, self.of))
        of, day = self.of[at], self.day[at]
        begins = np.ones(len(at), bool)
        begins[1:] = (of[1:] != of[:-1]) | (day[1:] != day[:-1])
        starts = np.flatnonzero(begins)
        amount = np.add.reduceat(self.amount[at], starts) if starts.size else self.amount[at]
        return Parts(of[starts], day[starts], amount)


def split(cell_of_debt: I64, amount: I64, paid: Parts, known: Parts) -> Parts:
    """Parts of debts. cell_of_debt ascends; a cell is a month of an account.

    paid is by cell: all that was paid on it by day, never more than its debts are. known is by debt: what the
    ledger says of some of it.
    """
    left = amount.copy()
    paid, known = paid.order(), known.order()
    nth = np.arange(len(paid.of)) - np.searchsorted(paid.of, paid.of, side="left")
    out: list[tuple[I64, I64, I64]] = []
    known_cell = cell_of_debt[known.of]
    for turn in range(int(nth.max(initial=-1)) + 1):
        rows = np.flatnonzero(nth == turn)
        cells, days, rest = paid.of[rows], paid.day[rows], paid.amount[rows].copy()
        at = np.searchsorted(cells, known_cell)
        at = np.minimum(at, len(cells) - 1)
        here = np.flatnonzero((cells[at] == known_cell) & (days[at] == known.day))
        debts, owner = known.of[here], at[here]
        sure = np.minimum(known.amount[here], left[debts])
        left[debts] -= sure
        np.subtract.at(rest, owner, sure)
        out.append((debts, days[owner], sure))
        debts, owner = _debts_of(cell_of_debt, cells)
        taken = shares(left[debts], owner, rest)
        left[debts] -= taken
        out.append((debts, days[owner], taken))
    if not out:
        return paid
    of, day, part = (np.concatenate(one) for one in zip(*out, strict=True))
    some = np.flatnonzero(part)
    return Parts(of[some], day[some], part[some]).order()


def _debts_of(cell_of_debt: I64, cells: I64) -> tuple[I64, I64]:
    """Debts of each of the cells, and which of the cells each belongs to."""
    start = np.searchsorted(cell_of_debt, cells, side="left")
    size = np.searchsorted(cell_of_debt, cells, side="right") - start
    owner = np.repeat(np.arange(len(cells)), size)
    before = np.cumsum(size) - size
    return np.arange(len(owner)) - before[owner] + start[owner], owner


def shares(weight: I64, owner: I64, total: I64) -> I64:
    """total[o] over the rows of owner o (ascending), in proportion to weight, largest remainder."""
    whole = np.zeros(len(total), np.int64)
    np.add.at(whole, owner, weight)
    assert (total <= whole).all(), "more is paid than is owed"
    assert (total >= 0).all(), "less than nothing is paid"
    if int(weight.max(initial=0)) * int(total.max(initial=0)) > LIMIT:
        return _wide(weight, owner, total)
    part, rest = np.divmod(total[owner] * weight, np.maximum(whole, 1)[owner])
    missing = total.copy()
    np.subtract.at(missing, owner, part)
    order = np.lexsort((-rest, owner))
    rank = np.arange(len(order)) - np.searchsorted(owner[order], owner[order], side="left")
    part[order] += rank < missing[owner[order]]
    return np.asarray(part)


def _wide(weight: I64, owner: I64, total: I64) -> I64:
    """The same by Python integers."""
    out = np.zeros(len(weight), np.int64)
    for one in np.unique(owner).tolist():
        rows = np.flatnonzero(owner == one)
        if total[one]:
            out[rows] = share_out(int(total[one]), weight[rows].tolist())
    return out
