"""What agents and the centre keep of money that was collected: one rounding a fee, shared to the kopeck.

A fee is worked out once for a group (a payment for its agent, a payee for the centre) and shared over the
group's parts by running sums: what the first k parts bear together is the rounded share of their sum. So
all parts bear exactly the fee, whatever their signs, however many distributions they leave in, and each is
at most a kopeck from its exact share.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from billing.money import mul_div_half_up

I64 = npt.NDArray[np.int64]
PERMYRIAD = 10_000


def fees(total: I64, permyriad: I64, minimum: I64) -> I64:
    """The fee of each total: its part, at least the minimum, never more than the total; a total taken back
    gives its fee back.
    """
    size = np.abs(total)
    fee = np.minimum(np.maximum(mul_div_half_up(size, permyriad, PERMYRIAD), minimum), size)
    return np.asarray(np.where(total < 0, -fee, fee), np.int64)


def fee_shares(
    group: I64,
    amount: I64,
    permyriad: I64,
    minimum: I64,
    whole: I64 | None = None,
    before: I64 | None = None,
) -> I64:
    """The fee each part bears. group: sorted, equal for parts whose fee is one.

    permyriad, minimum, whole and before are of the group (its first part tells): whole is the total the fee
    is of, the sum of the parts unless more of it leaves another time; before is what left already.
    """
    if group.size == 0:
        return np.zeros(0, np.int64)
    begins = np.ones(group.size, np.bool_)
    begins[1:] = group[1:] != group[:-1]
    starts = np.flatnonzero(begins)
    of = np.cumsum(begins) - 1
    total = np.add.reduceat(amount, starts) if whole is None else whole[starts]
    began = np.zeros(starts.size, np.int64) if before is None else before[starts]
    fee = fees(total, permyriad[starts], minimum[starts])
    running = np.cumsum(amount)
    running = running - (running - amount)[starts][of] + began[of]
    shares = _through(fee[of], running, total[of])
    first = shares[starts] - _through(fee, began, total)
    shares[1:] -= np.where(begins[1:], 0, shares[:-1].copy())
    shares[starts] = first
    return shares


def _through(fee: I64, running: I64, total: I64) -> I64:
    """What all parts up to here bear together."""
    size = np.maximum(np.abs(total), 1)
    made = mul_div_half_up(fee, np.where(total < 0, -running, running), size)
    return np.array(np.where(total == 0, 0, made), np.int64)
