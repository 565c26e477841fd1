"""Shares of divided premises in the comparison of two months: the old volume by the new share."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from billing.basis import DIVISIONS
from billing.lines import Lines
from billing.why_cells import Cells, scaled

I64 = npt.NDArray[np.int64]

NARROW = 1 << 33
"""Denominators below this are charged by columns."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares a / b by key of cell (temporary people with the others), in order of keys."""

    key: I64
    a: I64
    b: I64

    @classmethod
    def of(cls, lines: Lines) -> Shares:
        """Of the lines of remainders of a month."""
        rows = lines.take(np.isin(lines.basis, list(DIVISIONS)))
        key = rows.account_id.astype(np.int64) << 21 | rows.service.astype(np.int64) << 5
        key |= rows.component.astype(np.int64) << 1
        order = np.argsort(key, kind="stable")
        return cls(key[order], rows.a[order], rows.b[order])

    def at(self, cells: Cells) -> tuple[I64, I64]:
        """The share of each cell, 1 / 1 where the premises is not divided."""
        key = cells.key & ~np.int64(1)
        if not len(self.key):
            return np.ones(len(key), np.int64), np.ones(len(key), np.int64)
        place = np.minimum(np.searchsorted(self.key, key), len(self.key) - 1)
        found = self.key[place] == key
        return np.where(found, self.a[place], 1), np.where(found, self.b[place], 1)


def by_new_share(old: Cells, before: Shares, now: Shares) -> Cells:
    """The cells with their volumes × the new share / the old one; exact where the denominator allows."""
    if not len(before.key) and not len(now.key):
        return old
    was, became = before.at(old), now.at(old)
    num, den, raised = old.num.copy(), old.den.copy(), old.raised.copy()
    rows = np.flatnonzero(was[0] * became[1] != became[0] * was[1])
    for at in rows.tolist():
        top, bottom = int(became[0][at]) * int(was[1][at]), int(became[1][at]) * int(was[0][at])
        common = math.gcd(top, bottom)
        top, bottom = top // common, bottom // common
        below = int(den[at]) * bottom
        if below < NARROW and max(abs(int(num[at])), abs(int(raised[at]))) * top < 1 << 62:
            num[at], raised[at], den[at] = int(num[at]) * top, int(raised[at]) * top, below
        else:
            here = slice(at, at + 1)
            ends = np.array([top], np.int64), np.array([bottom], np.int64)
            num[here] = scaled(num[here], *ends, otherwise=num[here])
            raised[here] = scaled(raised[here], *ends, otherwise=raised[here])
    return replace(old, num=num, den=den, raised=raised)
