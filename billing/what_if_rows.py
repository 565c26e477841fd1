"""Rows of a comparison: sums by service and supplier, by step of the change, the largest changes.

Columns that are the same array before and after are not added up again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.block import Block

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]
Kopecks = I64 | I32
Pair = tuple[int, int]
"""Service and supplier."""

STEPS = (1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000)
"""Kopecks up to which a change belongs to a step: ±1 up to 10 roubles, … ±8 above 2,500; 0 is no change."""
EXTREMES = 10


@dataclass(frozen=True, slots=True)
class Rows:
    """n rows of one cut: key, accounts it has, of them with more and with less to pay, kopecks."""

    cut: str
    key: I64
    accounts: I64
    more: I64
    less: I64
    before: I64
    after: I64

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True, slots=True)
class Extremes:
    """Accounts whose bill changes most, both ways."""

    account_id: I32
    house_id: I32
    before: I64
    after: I64


@dataclass(frozen=True, slots=True)
class Compared:
    """One variant over one block."""

    rows: tuple[Rows, ...]
    extremes: Extremes

    def of(self, cut: str) -> Rows:
        """Rows of a cut."""
        return next(rows for rows in self.rows if rows.cut == cut)


def summed(at: npt.NDArray[Any], values: I64, size: int) -> I64:
    """Exact sums of values by their places, (size,)."""
    out = np.zeros(size, np.int64)
    np.add.at(out, at, values)
    return out


def step_of(change: I64) -> I64:
    """The step of each change, see STEPS."""
    step = np.searchsorted(np.array(STEPS), np.abs(change), side="left") + 1
    return np.asarray(np.sign(change) * step, np.int64)


def by_step(paying: Bool, was: I64, change: I64) -> Rows:
    """Rows by step of the change; change is 0 where nobody pays."""
    top, moved = len(STEPS) + 1, np.flatnonzero(change)
    at, size = step_of(change[moved]) + top, 2 * top + 1
    accounts = np.bincount(at, minlength=size)
    before, delta = summed(at, was[moved], size), summed(at, change[moved], size)
    accounts[top] = np.count_nonzero(paying) - len(moved)
    before[top] = int(was[paying].sum()) - int(before.sum())
    key, some = np.arange(-top, top + 1), accounts > 0
    more, less = (np.where(side, accounts, 0)[some] for side in (key > 0, key < 0))
    return Rows("step", key[some], accounts[some], more, less, before[some], (before + delta)[some])


def by_code(
    cut: str,
    place: int,
    was: Mapping[Pair, Kopecks],
    now: Mapping[Pair, Kopecks],
    paying: Bool,
    known: Rows | None,
) -> Rows:
    """Sums of columns by a half of their pair: 0 by service, 1 by supplier; who pays it either way counts.

    known: rows of the columns before with themselves, when the same accounts pay; None = not at hand.
    """
    pairs: dict[int, list[Pair]] = defaultdict(list)
    for pair in sorted({*was, *now}):
        pairs[pair[place]].append(pair)
    rows = []
    for code in sorted(pairs):
        if known is not None and all(was.get(pair) is now.get(pair) for pair in pairs[code]):
            row = _known(known, code)
        else:
            row = _row(code, *(_sum(of, pairs[code], paying) for of in (was, now)))
        if row[1]:
            rows.append(row)
    columns = np.array(rows, np.int64).reshape(-1, 6).T
    return Rows(cut, *(np.ascontiguousarray(column) for column in columns))


Row = tuple[int, int, int, int, int, int]


def _known(rows: Rows, code: int) -> Row:
    at = int(np.searchsorted(rows.key, code))
    if at == len(rows) or int(rows.key[at]) != code:
        return code, 0, 0, 0, 0, 0
    return code, int(rows.accounts[at]), 0, 0, int(rows.before[at]), int(rows.after[at])


def _sum(columns: Mapping[Pair, Kopecks], pairs: list[Pair], paying: Bool) -> I64:
    out = np.zeros(len(paying), np.int64)
    for pair in pairs:
        if pair in columns:
            out += columns[pair]
    out[~paying] = 0
    return out


def _row(code: int, was: I64, now: I64) -> Row:
    accounts = np.count_nonzero((was != 0) | (now != 0))
    more, less = np.count_nonzero(now > was), np.count_nonzero(now < was)
    return code, int(accounts), int(more), int(less), int(was.sum()), int(now.sum())


def extremes(block: Block, was: I64, change: I64) -> Extremes:
    """The ten largest changes up and the ten largest down of the block, ties by account."""
    accounts = block.accounts
    low, high = _least(change, accounts.id), _least(-change, -accounts.id)
    rows = np.unique(np.concatenate([low, high]))
    rows = rows[change[rows] != 0]
    return Extremes(accounts.id[rows], block.houses.id[accounts.house[rows]], was[rows], (was + change)[rows])


def _least(values: I64, ties: I32) -> npt.NDArray[np.intp]:
    """Places of the ten least values, of equal ones the least of `ties`; those of zero may be left out."""
    if len(values) > EXTREMES:
        edge = np.partition(values, EXTREMES - 1)[EXTREMES - 1]
        found = np.flatnonzero(values < 0 if edge == 0 else values <= edge)
    else:
        found = np.arange(len(values))
    return found[np.lexsort((ties[found], values[found]))[:EXTREMES]]
