"""Premises whose co-owners pay apart, as columns of a block; billing.divided splits their charges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I16 = npt.NDArray[np.int16]


@dataclass(slots=True)
class Divided:
    """P parts of divided premises, those of one premises side by side, its holder first.

    whole: the row of the account that holds the premises, which is a part itself; account: the row of the
    part; num / den: its share; person_days: who lives there, people × days; persons: residents of the last
    day, owners when none. by_people: bits 1 << service of what is split by people.
    """

    whole: I32
    account: I32
    num: I64
    den: I64
    person_days: I64
    persons: I16
    by_people: I64

    def __len__(self) -> int:
        return len(self.account)

    def fold(self, column: I64) -> I64:
        """A column (N,) of sums with those of the parts at the account that holds the premises."""
        out = column.copy()
        out[self.account] = 0
        np.add.at(out, self.whole, column[self.account])
        return out

    def rows(self, accounts: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Rows of accounts with the holders of premises in the place of their parts."""
        place = np.arange(int(max(accounts.max(initial=0), self.account.max(initial=0))) + 1)
        place[self.account] = self.whole
        return np.where(accounts < 0, accounts, place[np.maximum(accounts, 0)]).astype(accounts.dtype)
