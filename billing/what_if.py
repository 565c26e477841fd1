"""What a change of values does to people: charges of a block before and after, compared by columns.

A comparison is rows of sums by service, supplier, house, company, household size and step of the change,
each with how many accounts pay more and less. Exact kopecks, the raising coefficient's surcharge included.
An account that only one of the two could charge is in no sum: it is counted apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.block import AccountKind, Block
from billing.lines import Lines
from billing.parked import Parked

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]

SIZE_MAX = 7
"""Households of seven and more stand together."""
NONRESIDENTIAL = 100
"""Key of premises that are no dwelling, among household sizes."""
STEPS = (1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000)
"""Kopecks up to which a change belongs to a step: ±1 up to 10 roubles, … ±8 above 2,500; 0 is no change."""
EXTREMES = 10

CUTS = ("all", "service", "supplier", "house", "company", "size", "benefit", "step", "parked")


@dataclass(frozen=True, slots=True)
class Charged:
    """What a block's accounts pay: kopecks by account and service (N, K), and by account and supplier (N, P).

    Codes in `services` and `suppliers` are sorted; parked (N,) accounts pay nothing here.
    """

    services: I32
    by_service: I64
    suppliers: I32
    by_supplier: I64
    parked: Bool

    @property
    def total(self) -> I64:
        """Kopecks of each account, (N,)."""
        return np.asarray(self.by_service.sum(axis=1), np.int64)


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


def charged(block: Block, lines: Lines, parked: Parked) -> Charged:
    """Sums of the lines of the rules; they stand in order of the block's accounts."""
    amount = lines.amount_kopecks + lines.surcharge_kopecks
    account = _account_of(block, lines)
    services, by_service = _matrix(account, lines.service.astype(np.int32), amount, len(block))
    suppliers, by_supplier = _matrix(account, lines.supplier_id, amount, len(block))
    return Charged(services, by_service, suppliers, by_supplier, parked.mask())


def _account_of(block: Block, lines: Lines) -> npt.NDArray[np.intp]:
    """Index into the block's accounts for each line."""
    order = np.argsort(block.accounts.id, kind="stable")
    starts = np.flatnonzero(np.diff(lines.account_id, prepend=np.int32(-1)))
    counts = np.diff(np.append(starts, len(lines)))
    at = order[np.searchsorted(block.accounts.id, lines.account_id[starts], sorter=order)]
    return np.repeat(at, counts)


def _matrix(account: npt.NDArray[np.intp], code: I32, amount: I64, size: int) -> tuple[I32, I64]:
    """Sorted codes and (size, codes) sums."""
    seen = np.zeros(int(code.max(initial=0)) + 1, np.bool_)
    seen[code] = True
    codes = np.flatnonzero(seen).astype(np.int32)
    column = (np.cumsum(seen) - 1)[code]
    out = np.zeros(size * len(codes), np.int64)
    np.add.at(out, account * len(codes) + column, amount)
    return codes, out.reshape(size, len(codes))


def compare(block: Block, before: Charged, after: Charged) -> Compared:
    """The block's people before and after."""
    judged = before.parked == after.parked
    was, now = before.total, after.total
    accounts = block.accounts
    size = np.minimum(accounts.persons.astype(np.int64), SIZE_MAX)
    size[accounts.kind == AccountKind.NONRESIDENTIAL] = NONRESIDENTIAL
    house = block.houses.id[accounts.house]
    keys: dict[str, npt.NDArray[Any]] = {
        "all": np.zeros(len(block), np.int64),
        "house": house,
        "company": accounts.company_id,
        "size": size,
        "benefit": _with_benefit(block),
        "step": step_of(now - was),
    }
    paying = judged & ~before.parked
    rows = [_by_key(cut, key[paying], was[paying], now[paying]) for cut, key in keys.items()]
    services = (before.services, before.by_service[paying], after.services, after.by_service[paying])
    suppliers = (before.suppliers, before.by_supplier[paying], after.suppliers, after.by_supplier[paying])
    rows += [_by_column("service", *services), _by_column("supplier", *suppliers), _parked(before, after)]
    return Compared(tuple(rows), _extremes(block, paying, was, now))


def _with_benefit(block: Block) -> I64:
    """1 for accounts with a льгота, 0 for others."""
    out = np.zeros(len(block), np.int64)
    if block.benefits is not None:
        out[block.benefits.account] = 1
    return out


def step_of(change: I64) -> I64:
    """The step of each change, see STEPS."""
    step = np.searchsorted(np.array(STEPS), np.abs(change), side="left") + 1
    return np.asarray(np.sign(change) * step, np.int64)


def _by_key(cut: str, key: npt.NDArray[Any], was: I64, now: I64) -> Rows:
    found, at = np.unique(key, return_inverse=True)

    def summed(values: npt.NDArray[Any]) -> I64:
        out = np.zeros(len(found), np.int64)
        np.add.at(out, at, values)
        return out

    ones = np.ones(len(key), np.int64)
    return Rows(
        cut, found.astype(np.int64), summed(ones), summed(now > was), summed(now < was), summed(was),
        summed(now),
    )  # fmt: skip


def _by_column(cut: str, codes_was: I32, was: I64, codes_now: I32, now: I64) -> Rows:
    """Sums of columns, a column a code; an account has a code when it pays for it before or after."""
    codes = np.union1d(codes_was, codes_now)
    was, now = _spread(codes, codes_was, was), _spread(codes, codes_now, now)
    return Rows(
        cut,
        codes.astype(np.int64),
        ((was != 0) | (now != 0)).sum(axis=0),
        (now > was).sum(axis=0),
        (now < was).sum(axis=0),
        was.sum(axis=0),
        now.sum(axis=0),
    )


def _spread(codes: npt.NDArray[Any], own: I32, values: I64) -> I64:
    if len(codes) == len(own):
        return values
    out = np.zeros((len(values), len(codes)), np.int64)
    out[:, np.searchsorted(codes, own)] = values
    return out


def _parked(before: Charged, after: Charged) -> Rows:
    """accounts: parked either way; more: only after, less: only before."""
    count = [np.array([int(mask.sum())], np.int64) for mask in (
        before.parked & after.parked, after.parked & ~before.parked, before.parked & ~after.parked,
    )]  # fmt: skip
    zero = np.zeros(1, np.int64)
    return Rows("parked", zero, count[0], count[1], count[2], zero, zero)


def _extremes(block: Block, paying: Bool, was: I64, now: I64) -> Extremes:
    """The ten largest changes up and the ten largest down of the block."""
    change = np.where(paying, now - was, 0)
    order = np.lexsort((block.accounts.id, change))
    rows = np.unique(np.concatenate([order[:EXTREMES], order[-EXTREMES:]]))
    rows = rows[change[rows] != 0]
    return Extremes(
        block.accounts.id[rows], block.houses.id[block.accounts.house[rows]], was[rows], now[rows]
    )
