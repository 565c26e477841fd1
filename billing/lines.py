"""Lines of a block: charges with their trace in columns, the same columns as table `lines`.

amount = half_up(volume_num / volume_den × rate); surcharge = half_up(raised_num / (volume_den × 1000) ×
rate), where raised_num = Σ num × (K − 1) in permille over the days of the line. Both can be computed again
from the line alone: `check` does so before the write, `paylogic explain` does so for a reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.money import charge
from billing.quantity import PERMILLE

I64 = npt.NDArray[np.int64]

CHARGE = 0
REVERSAL = 1
STRETCH = 32_768  # lines charged at once

DTYPES: dict[str, Any] = {
    "account_id": np.int32,
    "company_id": np.int32,
    "supplier_id": np.int32,
    "service": np.int16,
    "component": np.int16,
    "basis": np.int16,
    "kind": np.int16,
    "first_day": np.int16,
    "days": np.int16,
    "volume_num": np.int64,
    "volume_den": np.int64,
    "rate": np.int64,
    "amount_kopecks": np.int64,
    "surcharge_kopecks": np.int64,
    "raised_num": np.int64,
    "a": np.int64,
    "b": np.int64,
}
# Odd weights of the words of a line in the two lanes of its digest: multiples of the golden ratio and of √3.
FIRST, SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
WEIGHTS = tuple(
    (np.uint64((0x9E3779B97F4A7C15 * n % 2**64) | 1), np.uint64((0xBB67AE8584CAA73B * n % 2**64) | 1))
    for n in range(1, 12)
)
KEY = ("account_id", "service", "component", "first_day", "basis", "kind")


@dataclass(slots=True, eq=False)
class Lines:
    """n lines as columns, each (n,), with the widths of DTYPES."""

    account_id: npt.NDArray[np.int32]
    company_id: npt.NDArray[np.int32]
    supplier_id: npt.NDArray[np.int32]
    service: npt.NDArray[np.int16]
    component: npt.NDArray[np.int16]
    basis: npt.NDArray[np.int16]
    kind: npt.NDArray[np.int16]
    first_day: npt.NDArray[np.int16]
    days: npt.NDArray[np.int16]
    volume_num: I64
    volume_den: I64
    rate: I64
    amount_kopecks: I64
    surcharge_kopecks: I64
    raised_num: I64
    a: I64
    b: I64

    def __len__(self) -> int:
        return len(self.account_id)

    @classmethod
    def of(cls, size: int, **columns: npt.ArrayLike) -> Lines:
        """Columns broadcast to (size,) and cast to their widths; what is not given is 0."""
        made: dict[str, Any] = {}
        for name, dtype in DTYPES.items():
            column = np.empty(size, dtype)
            column[...] = columns.get(name, 0)
            made[name] = column
        return cls(**made)

    @classmethod
    def empty(cls) -> Lines:
        return cls.of(0)

    @classmethod
    def concat(cls, parts: Iterable[Lines]) -> Lines:
        kept = [p for p in parts if len(p)]
        if not kept:
            return cls.empty()
        return cls(**{f.name: np.concatenate([getattr(p, f.name) for p in kept]) for f in fields(cls)})

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Lines:
        return Lines(**{f.name: getattr(self, f.name)[rows] for f in fields(Lines)})

    def ordered(self) -> Lines:
        """By account, then service, component, first day, basis, kind."""
        minor = (
            self.service.astype(np.int64) << 26
            | self.component.astype(np.int64) << 20
            | self.first_day.astype(np.int64) << 14
            | self.basis.astype(np.int64) << 4
            | self.kind
        )
        return self.take(np.lexsort((minor, self.account_id)))

    def amounts_again(self) -> tuple[I64, I64]:
        """Amount and surcharge of each line from its own trace, by stretches that stay in cache."""
        amount, surcharge = np.empty(len(self), np.int64), np.zeros(len(self), np.int64)
        for first in range(0, len(self), STRETCH):
            here = slice(first, first + STRETCH)
            amount[here] = charge(self.volume_num[here], self.volume_den[here], self.rate[here])
        raised = np.flatnonzero(self.raised_num)
        if raised.size:
            surcharge[raised] = charge(
                self.raised_num[raised], self.volume_den[raised], self.rate[raised], over=PERMILLE
            )
        return amount, surcharge

    def check(self) -> None:
        """Pair assertion before the write: every line re-evaluates to its own kopecks and no key repeats."""
        amount, surcharge = self.amounts_again()
        assert np.array_equal(amount, self.amount_kopecks), "a line does not re-evaluate to its amount"
        assert np.array_equal(surcharge, self.surcharge_kopecks), (
            "a line does not re-evaluate to its surcharge"
        )
        assert (self.volume_den > 0).all(), "a line without denominator"
        assert (self.rate >= 0).all(), "a line without rate"
        key = np.sort(self._key_of_unordered())
        assert (key[1:] != key[:-1]).all(), "two lines with one key"

    def _key_of_unordered(self) -> I64:
        """Keys among which one may repeat: of accounts whose lines are not in order, when an account's lines
        stand together, as the rules give them; of all lines otherwise.
        """
        key, account = self._key(), self.account_id
        falls = np.flatnonzero(key[1:] <= key[:-1])
        if falls.size and (account[1:] >= account[:-1]).all():
            return key[np.isin(account, account[falls])]
        return key if falls.size else key[:0]

    def _key(self) -> I64:
        """KEY of each line as one number: 31 + 15 + 4 + 5 + 7 + 1 bits."""
        assert self.component.size == 0 or int(self.component.max()) < 16, "component too wide for a key"
        assert self.basis.size == 0 or int(self.basis.max()) < 128, "basis too wide for a key"
        key = self.account_id.astype(np.int64) << 32
        key |= self.service.astype(np.int64) << 17
        key |= self.component.astype(np.int64) << 13
        key |= self.first_day.astype(np.int64) << 8
        key |= self.basis.astype(np.int64) << 1
        key |= self.kind.astype(np.int64)
        return key

    def total(self) -> int:
        """Kopecks with surcharge."""
        return int(self.amount_kopecks.sum()) + int(self.surcharge_kopecks.sum())

    def digest(self) -> int:
        """128-bit digest that does not depend on the order of lines: blocks may come in any order and
        size.
        """
        low = np.zeros(len(self), np.uint64)
        high = np.zeros(len(self), np.uint64)
        for word, (one, two) in zip(self._words(), WEIGHTS, strict=True):
            low += word * one
            high += word * two
        low, high = _mix(low + FIRST), _mix(high + SECOND)
        both = int(low.sum(dtype=np.uint64)) | int(high.sum(dtype=np.uint64)) << 64
        return both

    def _words(self) -> Iterator[npt.NDArray[np.uint64]]:
        """The columns as 64-bit words, narrow ones side by side."""
        narrow = (
            (("account_id", 32), ("company_id", 0)),
            (("supplier_id", 32), ("service", 16), ("component", 0)),
            (("basis", 48), ("kind", 32), ("first_day", 16), ("days", 0)),
        )
        for columns in narrow:
            word = np.zeros(len(self), np.int64)
            for name, shift in columns:
                word |= getattr(self, name).astype(np.int64) << shift
            yield word.view(np.uint64)
        for name in tuple(DTYPES)[9:]:
            yield np.ascontiguousarray(getattr(self, name)).view(np.uint64)

    def reversal(self) -> Lines:
        """The same lines with the opposite sign: what takes a published charge back."""
        columns = {f.name: getattr(self, f.name) for f in fields(Lines)}
        for name in ("volume_num", "raised_num", "amount_kopecks", "surcharge_kopecks"):
            columns[name] = -columns[name]
        columns["kind"] = np.full(len(self), REVERSAL, np.int16)
        return Lines(**columns)


def add_digests(digests: Iterable[int]) -> int:
    """Digest of a whole from digests of its parts: lane by lane modulo 2**64."""
    low = high = 0
    for digest in digests:
        low = (low + (digest & (2**64 - 1))) & (2**64 - 1)
        high = (high + (digest >> 64)) & (2**64 - 1)
    return low | high << 64


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """splitmix64 finaliser, wrapping."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)), np.uint64)
