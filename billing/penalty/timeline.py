"""On which day each month of an account was paid, for all accounts of a block at once.

The order is that of billing.allocation by law: the month a payment names, then the oldest; what is left is an
advance and pays the next month on the day it is charged. Here the day matters, there the payee. Event after
event in the order of days: the k-th event of every account is one step over columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]

UNNAMED = -1


@dataclass(frozen=True, slots=True)
class Charged:
    """principal (A, P): what each account was charged for each month, oldest first; below zero is an advance.
    charged_on (P,): the day from which a month can be paid; before it money is an advance.
    """

    principal: I64
    charged_on: I64


@dataclass(frozen=True, slots=True)
class Money:
    """Columns (m,) in any order: account, day, kopecks above zero, the month named (UNNAMED = none)."""

    account: I64
    day: I64
    amount: I64
    named: I64


@dataclass(frozen=True, slots=True)
class Paid:
    """Parts (k,) by account, month and day, those of an account in the order they were paid; what is left."""

    account: I64
    month: I64
    day: I64
    amount: I64
    unpaid: I64
    advance: I64


class _State:
    """What each account still owes while events go by."""

    def __init__(self, charged: Charged) -> None:
        count = len(charged.principal)
        self.left = np.maximum(charged.principal, 0)
        self.credit = np.maximum(-charged.principal, 0)
        self.charged_on = charged.charged_on
        self.seen = np.zeros(count, np.int64)
        self.advance = np.zeros(count, np.int64)
        self.parts: list[tuple[I64, I64, I64, I64]] = []

    def take(self, rows: I64, month: I64, day: I64, amount: I64) -> None:
        """Note parts that are more than nothing and lessen the debt. A row stands once."""
        some = np.flatnonzero(amount)
        if some.size:
            rows, month, day, amount = rows[some], month[some], day[some], amount[some]
            self.left[rows, month] -= amount
            self.parts.append((rows, month, day, amount))

    def oldest(self, rows: I64, day: I64, money: I64) -> I64:
        """Pay months already charged, oldest first; what is left of the money."""
        is_charged = np.arange(self.left.shape[1]) < self.seen[rows][:, None]
        owed = np.where(is_charged, self.left[rows], 0)
        before = np.cumsum(owed, axis=1) - owed
        paid = np.clip(money[:, None] - before, 0, owed)
        at, month = np.nonzero(paid)
        self.take(rows[at], month, day[at], paid[at, month])
        return np.asarray(money - paid.sum(axis=1))

    def charge(self, rows: I64, through: I64) -> None:
        """Months charged by the day `through` are owed; an advance pays them on the day of the charge."""
        upto = np.searchsorted(self.charged_on, through, side="right")
        while (behind := np.flatnonzero(self.seen[rows] < upto)).size:
            some = rows[behind]
            self.advance[some] += self.credit[some, self.seen[some]]
            self.seen[some] += 1
            rich = some[self.advance[some] > 0]
            if rich.size:
                day = self.charged_on[self.seen[rich] - 1]
                self.advance[rich] = self.oldest(rich, day, self.advance[rich])


def when_paid(charged: Charged, money: Money, until: int) -> Paid:
    """Every payment through the day `until` put on the months it paid."""
    state = _State(charged)
    order = np.lexsort((money.day, money.account))
    order = order[money.day[order] <= until]
    account = money.account[order]
    nth = np.arange(len(account)) - np.searchsorted(account, account, side="left")
    steps = np.argsort(nth, kind="stable")
    bounds = np.searchsorted(nth[steps], np.arange(int(nth.max(initial=-1)) + 2))
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        _step(state, money, order[steps[low:high]])
    everyone = np.arange(len(charged.principal))
    state.charge(everyone, np.full(len(everyone), until, np.int64))
    empty = np.zeros(0, np.int64)
    columns = [np.concatenate(one) for one in zip(*state.parts, strict=True)] if state.parts else [empty] * 4
    return Paid(columns[0], columns[1], columns[2], columns[3], state.left, state.advance)


def _step(state: _State, money: Money, rows: I64) -> None:
    """One event of each of some accounts."""
    account, day, named, left = money.account[rows], money.day[rows], money.named[rows], money.amount[rows]
    state.charge(account, day)
    known = np.flatnonzero((named >= 0) & (named < state.seen[account]))
    paid = np.minimum(state.left[account[known], named[known]], left[known])
    state.take(account[known], named[known], day[known], paid)
    left[known] -= paid
    rest = np.flatnonzero(left)
    if rest.size:
        state.advance[account[rest]] += state.oldest(account[rest], day[rest], left[rest])
