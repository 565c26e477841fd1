"""What rules of reductions share: which account a line is of, its days as segments, lines made from lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.block import Block
from billing.lines import Lines

I64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]


@dataclass(slots=True)
class Charged:
    """Charges of a block and the index of each one's account."""

    block: Block
    lines: Lines
    owner: Rows  # (n,) index into block.accounts

    @classmethod
    def of(cls, block: Block, lines: Lines) -> Charged:
        order = np.argsort(block.accounts.id, kind="stable")
        place = np.searchsorted(block.accounts.id, lines.account_id, sorter=order)
        return cls(block, lines, order[place] if len(lines) else np.zeros(0, np.intp))

    def segments(self, rows: Rows) -> tuple[Rows, Rows]:
        """First segment of each line and the one after its last."""
        first = self.lines.first_day[rows].astype(np.int64)
        starts = self.block.first_day
        return np.searchsorted(starts, first), np.searchsorted(starts, first + self.lines.days[rows])

    def derived(self, rows: Rows, **columns: npt.ArrayLike) -> Lines:
        """Lines like those of `rows` with other columns; sums are counted again from the trace."""
        like = self.lines.take(rows)
        given: dict[str, Any] = {
            name: getattr(like, name)
            for name in (
                "account_id",
                "company_id",
                "supplier_id",
                "service",
                "component",
                "first_day",
                "days",
                "rate",
            )
        }
        made = Lines.of(len(rows), **{**given, **columns})
        made.amount_kopecks, made.surcharge_kopecks = made.amounts_again()
        return made

    def with_more(self, more: list[Lines]) -> Charged:
        """The charges and what takes them off, account by account in the order of the block."""
        lines = Lines.concat([self.lines, *more])
        joined = Charged.of(self.block, lines)
        minor = lines.service.astype(np.int64) << 20 | lines.component.astype(np.int64) << 12
        minor |= lines.first_day.astype(np.int64) << 7 | lines.basis
        order = np.lexsort((minor, joined.owner))
        return Charged(self.block, lines.take(order), joined.owner[order])


def in_lowest_terms(num: I64, den: I64) -> tuple[I64, I64]:
    """The same fractions, reduced."""
    common = np.gcd(num, den)
    return num // common, den // common
