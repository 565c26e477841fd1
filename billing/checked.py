"""Checks of meters that found other readings, as columns of a block.

Law: Rules 354, cl. 61. The difference between what the inspector read and the last reading used is
consumption of the month of the check, of either sign. Most blocks have none and carry None.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.quantity import MICRO

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I16 = npt.NDArray[np.int16]
I8 = npt.NDArray[np.int8]
Bool = npt.NDArray[np.bool_]

DIGITS_MAX = 12
TURNS = np.array([10**digits * MICRO for digits in range(DIGITS_MAX + 1)], np.int64)


@dataclass(slots=True)
class Checked:
    """K meters checked in the month, ordered by account index. Values are micro-units by zone, (K, 3).

    - day: of the check, 1-based; its tariff is taken
    - used: the last reading that was billed by; value: what the check read
    - billed: volumes billed without readings since `used`
    - common: meters that all rooms of a communal flat share, None = there are none
    """

    account: I32
    service: I16
    zones: I8
    digits: I8
    day: I16
    used: I64
    value: I64
    billed: I64
    common: Bool | None = None

    def __len__(self) -> int:
        return len(self.account)

    def volume(self) -> I64:
        """(K, 3) what is charged for the check: the shorter way round the counter, less what was billed."""
        turn = TURNS[self.digits.astype(np.int64)][:, None]
        half = turn // 2
        return (self.value - self.used + half) % turn - half - self.billed
