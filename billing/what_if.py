"""What a change of values does to people: charges of a block before and after, compared by columns.

A comparison is rows of sums by service, supplier, house, company, household size and step of the change,
each with how many accounts pay more and less. Exact kopecks, the raising coefficient's surcharge included.
An account that only one of the two could charge is in no sum: it is counted apart. A block is kept warm with
what its accounts pay; a question charges anew what the changed value touches (billing.kept), the columns of
everything else are the very same arrays, and sums of them are taken as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.accrue import accrue
from billing.block import AccountKind, Block
from billing.kept import Anew, Kept, again, keep
from billing.lines import Lines
from billing.noted import Key
from billing.what_if_rows import (
    STEPS,
    Compared,
    Extremes,
    Kopecks,
    Pair,
    Rows,
    by_code,
    by_step,
    extremes,
    step_of,
    summed,
)

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]

__all__ = ["STEPS", "Compared", "Extremes", "Rows", "step_of"]

SIZE_MAX = 7
"""Households of seven and more stand together."""
NONRESIDENTIAL = 100
"""Key of premises that are no dwelling, among household sizes."""
CUTS = ("all", "service", "supplier", "house", "company", "size", "benefit", "step", "parked")


@dataclass(frozen=True, slots=True)
class Charged:
    """What a block's accounts pay: kopecks (N,) by service and supplier, and all together.

    parked (N,) accounts pay nothing that counts here.
    """

    columns: Mapping[Pair, Kopecks]
    total: I64
    parked: Bool


@dataclass(frozen=True, slots=True)
class Keys:
    """A cut of the accounts: sorted keys (G,), and the place of each account among them (N,)."""

    found: I64
    at: npt.NDArray[Any]

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Keys:
        found, at = np.unique(values, return_inverse=True)
        narrow = np.uint8 if len(found) <= 1 << 8 else np.uint16 if len(found) <= 1 << 16 else np.int32
        return cls(found.astype(np.int64), at.astype(narrow))


@dataclass(frozen=True, slots=True)
class Warm:
    """A block, what its accounts pay by the law as it stands, and what answers need of it.

    kept: None where only the whole can be counted. same: the block compared with itself.
    """

    block: Block
    base: Charged
    kept: Kept | None
    keys: Mapping[str, Keys]
    same: Compared
    lines: int


def warmed(block: Block) -> Warm:
    """The block ready for questions."""
    lines, parked, kept = keep(block)
    base = _charged(block, lines, parked)
    keys = {cut: Keys.of(values) for cut, values in _cuts(block).items()}
    same = _compared(block, keys, base, base, None)
    return Warm(block, base, kept, keys, same, len(lines))


def ask(warm: Warm, block: Block, changed: frozenset[Key] | None) -> Compared:
    """The warm block's people by other values; changed: the only ones that differ, None = not known which.

    Never more than a whole accrual, and the same to the kopeck.
    """
    if changed is not None and not changed:
        return warm.same
    anew = None if warm.kept is None or changed is None else again(warm.kept, block, changed)
    if anew is None:
        lines, parked = accrue(block)
        return _compared(block, warm.keys, warm.base, _charged(block, lines, parked.mask()), warm.same)
    return _compared(block, warm.keys, warm.base, _changed(block, warm.base, anew), warm.same)


def _cuts(block: Block) -> dict[str, npt.NDArray[Any]]:
    """Key of each account by cut."""
    accounts = block.accounts
    size = np.minimum(accounts.persons.astype(np.int64), SIZE_MAX)
    size[accounts.kind == AccountKind.NONRESIDENTIAL] = NONRESIDENTIAL
    benefit = np.zeros(len(block), np.int64)
    if block.benefits is not None:
        benefit[block.benefits.account] = 1
    return {
        "all": np.zeros(len(block), np.int64),
        "house": block.houses.id[accounts.house],
        "company": accounts.company_id,
        "size": size,
        "benefit": benefit,
    }


def _charged(block: Block, lines: Lines, parked: Bool) -> Charged:
    columns = {pair: _narrow(column) for pair, column in _columns(block, lines).items()}
    total = np.zeros(len(block), np.int64)
    for column in columns.values():
        total += column
    return Charged(columns, total, parked)


def _narrow(column: I64) -> Kopecks:
    """The same column in half the memory, where it fits."""
    fits = int(column.max(initial=0)) < 1 << 31 and int(column.min(initial=0)) >= -1 << 31
    return column.astype(np.int32) if fits else column.copy()


def _changed(block: Block, base: Charged, anew: Anew) -> Charged:
    """What the accounts pay by the changed values; columns nothing touches are those of the base."""
    made = _columns(block, anew.lines)
    columns: dict[Pair, Kopecks] = {}
    total = base.total.copy()
    for pair, was in base.columns.items():
        now = made.pop(pair, None)
        if pair[0] in anew.services:
            total -= was
            if now is not None:
                total += now
                columns[pair] = now
        elif pair[0] in anew.partly:
            columns[pair] = column = was.astype(np.int64)
            column[anew.rows] = 0 if now is None else now[anew.rows]
            total += column - was
        else:
            columns[pair] = was
    for pair, now in made.items():
        columns[pair] = now
        total += now
    return Charged(columns, total, anew.parked)


def _columns(block: Block, lines: Lines) -> dict[Pair, I64]:
    """Kopecks of the accounts (N,) by service and supplier of the lines."""
    if not len(lines):
        return {}
    suppliers, of_supplier = _codes(lines.supplier_id)
    pair = lines.service.astype(np.int64) * len(suppliers) + of_supplier
    pairs, at = _codes(pair)
    out = np.zeros(len(pairs) * len(block), np.int64)
    np.add.at(
        out, at * len(block) + _account_of(block, lines), lines.amount_kopecks + lines.surcharge_kopecks
    )
    rows = out.reshape(len(pairs), len(block))
    names = [divmod(int(code), len(suppliers)) for code in pairs]
    return {(service, int(suppliers[of])): rows[at] for at, (service, of) in enumerate(names)}


def _codes(values: npt.NDArray[Any]) -> tuple[I64, I64]:
    """Sorted distinct values, none below zero, and the place of each among them."""
    seen = np.zeros(int(values.max(initial=0)) + 1, np.bool_)
    seen[values] = True
    return np.flatnonzero(seen), (np.cumsum(seen) - 1)[values]


def _account_of(block: Block, lines: Lines) -> npt.NDArray[np.intp]:
    """Index into the block's accounts for each line."""
    order = np.argsort(block.accounts.id, kind="stable")
    starts = np.flatnonzero(np.diff(lines.account_id, prepend=np.int32(-1)))
    counts = np.diff(np.append(starts, len(lines)))
    at = order[np.searchsorted(block.accounts.id, lines.account_id[starts], sorter=order)]
    return np.repeat(at, counts)


def _compared(
    block: Block, keys: Mapping[str, Keys], before: Charged, after: Charged, same: Compared | None
) -> Compared:
    """The block's people before and after. same: the block before with itself, for what nothing touches."""
    paying = ~(before.parked | after.parked)
    unmoved = same if same is not None and np.array_equal(before.parked, after.parked) else None
    change = np.where(paying, after.total - before.total, 0)
    rows = [_by_key(cut, of, paying, before.total, change, unmoved) for cut, of in keys.items()]
    rows.append(by_step(paying, before.total, change))
    for place, cut in enumerate(("service", "supplier")):
        known = None if unmoved is None else unmoved.of(cut)
        rows.append(by_code(cut, place, before.columns, after.columns, paying, known))
    rows.append(_parked(before, after))
    return Compared(tuple(rows), extremes(block, before.total, change))


def _by_key(cut: str, keys: Keys, paying: Bool, was: I64, change: I64, unmoved: Compared | None) -> Rows:
    """Sums by a key accounts have whatever is asked."""
    known, size = None if unmoved is None else unmoved.of(cut), len(keys.found)
    if known is None:
        at = keys.at[paying]
        accounts = np.bincount(at, minlength=size)
        before = summed(at, was[paying], size)
        some = accounts > 0
        found, accounts, before = keys.found[some], accounts[some], before[some]
    else:
        found, accounts, before = known.key, known.accounts, known.before
    moved = np.flatnonzero(change)
    at, by = keys.at[moved], change[moved]
    place = np.searchsorted(keys.found, found)
    more, less = (np.bincount(at[some], minlength=size)[place] for some in (by > 0, by < 0))
    return Rows(cut, found, accounts, more, less, before, before + summed(at, by, size)[place])


def _parked(before: Charged, after: Charged) -> Rows:
    """accounts: parked either way; more: only after, less: only before."""
    count = [np.array([int(mask.sum())], np.int64) for mask in (
        before.parked & after.parked, after.parked & ~before.parked, before.parked & ~after.parked,
    )]  # fmt: skip
    zero = np.zeros(1, np.int64)
    return Rows("parked", zero, count[0], count[1], count[2], zero, zero)
