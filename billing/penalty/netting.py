"""Days on which debts were paid when a surplus may stay with its payee or service, over columns.

Beside billing.penalty.timeline, which pools an account: here a row is one service of one payee of an account,
and a dated rule of the organisation says how far a surplus of a row reaches (ЖК 155 and ГК 319.1 leave it to
the parties). Own money of a row pays the row first; what is over pays other rows inside the reach on the same
day. Money put on no row is the common advance and pays any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from billing.penalty.split import shares
from billing.penalty.timeline import UNNAMED

I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NO_ROW = -1


class Reach(IntEnum):
    """How far a surplus of a service of a payee goes: the whole account, its payee, or nowhere."""

    ACCOUNT = 0
    PAYEE = 1
    SERVICE = 2


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules of accounts by day: since (A, S) ascending, reach (A, S); before the first it is ACCOUNT."""

    since: I64
    reach: I64

    @classmethod
    def of(cls, rules: Sequence[Sequence[tuple[int, Reach]]]) -> Rules:
        """Rules of each account as (ordinal of the first day, reach), ascending."""
        width = max((len(one) for one in rules), default=0)
        since = np.full((len(rules), width), np.iinfo(np.int64).max, np.int64)
        reach = np.zeros((len(rules), width), np.int64)
        for at, one in enumerate(rules):
            for turn, (day, value) in enumerate(one):
                since[at, turn], reach[at, turn] = day, int(value)
        return cls(since, reach)

    def on(self, account: I64, day: I64) -> I64:
        """The reach of accounts on days."""
        out = np.zeros(len(account), np.int64)
        for turn in range(self.since.shape[1]):
            begun = self.since[account, turn] <= day
            out = np.where(begun, self.reach[account, turn], out)
        return out


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows (R,) in order of account, payee, service: index of the account, payee, kopecks by month (R, P).

    charged_on (P,): the day from which a month can be paid. A charge below zero is own money of its row.
    """

    account: I64
    payee: I64
    principal: I64
    charged_on: I64


@dataclass(frozen=True, slots=True)
class Money:
    """Columns (m,): account, row (NO_ROW = on none), day, kopecks, the month named (UNNAMED = none)."""

    account: I64
    row: I64
    day: I64
    amount: I64
    named: I64


@dataclass(frozen=True, slots=True)
class Paid:
    """Parts (k,) by row, month and day; is_netted: paid by a surplus of another row. And what is left."""

    row: I64
    month: I64
    day: I64
    amount: I64
    is_netted: Flags
    unpaid: I64
    own: I64
    common: I64


@dataclass(frozen=True, slots=True)
class _Some:
    """Rows of some accounts: each row, the place of its account among them, its group, the day."""

    rows: I64
    owner: I64
    group: I64
    starts: I64
    day: I64


class _State:
    """What each row still owes and holds while days go by."""

    def __init__(self, rows: Rows, rules: Rules, accounts: int) -> None:
        self.rows, self.rules = rows, rules
        self.left = np.maximum(rows.principal, 0)
        self.credit = np.maximum(-rows.principal, 0)
        self.own = np.zeros(len(rows.account), np.int64)
        self.common = np.zeros(accounts, np.int64)
        self.seen = np.zeros(accounts, np.int64)
        self.first = np.searchsorted(rows.account, np.arange(accounts + 1))
        fresh = np.ones(len(rows.account), bool)
        fresh[1:] = (rows.account[1:] != rows.account[:-1]) | (rows.payee[1:] != rows.payee[:-1])
        self.payee_group = np.cumsum(fresh)
        self.parts: list[tuple[I64, I64, I64, I64, Flags]] = []

    def of(self, accounts: I64, day: I64) -> _Some:
        """Rows of these accounts (ascending, each once) in groups within which a surplus goes that day."""
        size = self.first[accounts + 1] - self.first[accounts]
        owner = np.repeat(np.arange(len(accounts)), size)
        rows = np.arange(len(owner)) - (np.cumsum(size) - size)[owner] + self.first[accounts][owner]
        reach = self.rules.on(accounts, day)[owner]
        keys = np.stack([owner, np.where(reach == Reach.ACCOUNT, 0, self.payee_group[rows])])
        keys = np.vstack([keys, np.where(reach == Reach.SERVICE, rows, 0)])
        begins = np.ones(len(rows), bool)
        begins[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
        return _Some(rows, owner, np.cumsum(begins) - 1, np.flatnonzero(begins), day[owner])

    def take(self, rows: I64, month: I64, day: I64, amount: I64, *, is_netted: bool) -> None:
        """Note parts that are more than nothing and lessen the debt. A row and month stand once."""
        some = np.flatnonzero(amount)
        if some.size:
            rows, month, day, amount = rows[some], month[some], day[some], amount[some]
            self.left[rows, month] -= amount
            self.parts.append((rows, month, day, amount, np.full(len(rows), is_netted)))

    def owed(self, rows: I64) -> I64:
        """What rows owe of months already charged."""
        is_charged = np.arange(self.left.shape[1]) < self.seen[self.rows.account[rows]][:, None]
        return np.where(is_charged, self.left[rows], 0)

    def pay_own(self, some: _Some) -> None:
        """Own money of rows on their own months, oldest first."""
        rich = np.flatnonzero(self.own[some.rows])
        rows = some.rows[rich]
        owed = self.owed(rows)
        before = np.cumsum(owed, axis=1) - owed
        paid = np.clip(self.own[rows][:, None] - before, 0, owed)
        at, month = np.nonzero(paid)
        self.take(rows[at], month, some.day[rich][at], paid[at, month], is_netted=False)
        self.own[rows] -= paid.sum(axis=1)

    def pour(self, some: _Some, of: I64, money: I64, month: I64 | None, *, is_netted: bool) -> I64:
        """Money of groups (of: the group of each row, ascending) over what their rows owe; what each paid.

        The named month of a group only, or all months, oldest first; inside a month in proportion.
        """
        owed = self.owed(some.rows)
        if month is not None:
            owed = np.where(np.arange(owed.shape[1]) == month[of][:, None], owed, 0)
        by = np.zeros((len(money), owed.shape[1]), np.int64)
        np.add.at(by, of, owed)
        pay = np.clip(money[:, None] - (np.cumsum(by, axis=1) - by), 0, by)
        if pay.any():
            for column in np.flatnonzero(pay.any(axis=0)).tolist():
                part = shares(owed[:, column], of, pay[:, column])
                self.take(some.rows, np.full(len(of), column), some.day, part, is_netted=is_netted)
        return np.asarray(pay.sum(axis=1))

    def settle(self, accounts: I64, day: I64, month: I64) -> None:
        """Own money, then the surplus of others inside the reach, then the common advance.

        month: of each account, the month a surplus pays before the oldest (UNNAMED = none).
        """
        some = self.of(accounts, day)
        self.pay_own(some)
        if self.own[some.rows].any():
            self._surplus(some, month[some.owner[some.starts]])
            self._surplus(some, None)
        money = self.common[accounts]
        if money.any():
            self.common[accounts] -= self.pour(some, some.owner, money, None, is_netted=False)

    def _surplus(self, some: _Some, month: I64 | None) -> None:
        """What rows hold pays the others of their group; it leaves the holders in proportion."""
        held = self.own[some.rows]
        used = self.pour(some, some.group, np.add.reduceat(held, some.starts), month, is_netted=True)
        self.own[some.rows] -= shares(held, some.group, used)

    def charge(self, accounts: I64, through: I64) -> None:
        """Months charged by the day `through` are owed; what is held pays them on the day of the charge."""
        upto = np.searchsorted(self.rows.charged_on, through, side="right")
        while (behind := np.flatnonzero(self.seen[accounts] < upto)).size:
            these = accounts[behind]
            month = self.seen[these]
            some = self.of(these, self.rows.charged_on[month])
            self.own[some.rows] += self.credit[some.rows, month[some.owner]]
            self.seen[these] += 1
            self.settle(these, self.rows.charged_on[month], month)


def when_paid(rows: Rows, money: Money, rules: Rules, accounts: int, until: int) -> Paid:
    """Every payment through the day `until` put on rows and months.

    On a day a rule begins what is held moves as far as it now may.
    """
    state = _State(rows, rules, accounts)
    at, day = np.nonzero(rules.since <= until)[0], rules.since[rules.since <= until]
    empty = np.zeros(len(at), np.int64)
    account = np.concatenate([money.account, at])
    days = np.concatenate([money.day, day])
    row = np.concatenate([money.row, empty + NO_ROW])
    amount = np.concatenate([money.amount, empty])
    named = np.concatenate([money.named, empty + UNNAMED])
    order = np.lexsort((named, row, days, account))
    order = order[days[order] <= until]
    account, days, row, amount, named = account[order], days[order], row[order], amount[order], named[order]
    fresh = np.ones(len(account), bool)
    fresh[1:] = (account[1:] != account[:-1]) | (days[1:] != days[:-1])
    step = np.cumsum(fresh) - 1
    first_step = step[np.searchsorted(account, account)] if len(account) else step
    nth = step - first_step
    by_turn = np.argsort(nth, kind="stable")
    bounds = np.searchsorted(nth[by_turn], np.arange(int(nth.max(initial=-1)) + 2))
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        here = by_turn[low:high]
        _day(state, Money(account[here], row[here], days[here], amount[here], named[here]))
    everyone = np.arange(accounts)
    state.charge(everyone, np.full(accounts, until, np.int64))
    return _paid(state)


def _day(state: _State, money: Money) -> None:
    """One day of each of some accounts (ascending)."""
    begins = np.ones(len(money.account), bool)
    begins[1:] = money.account[1:] != money.account[:-1]
    accounts, day = money.account[begins], money.day[begins]
    state.charge(accounts, day)
    known = money.row != NO_ROW
    _put_on_rows(state, money, np.flatnonzero(known))
    loose = np.flatnonzero(~known & (money.amount > 0))
    for month in np.unique(money.named[loose]).tolist():
        _common(state, money, loose[money.named[loose] == month], month)
    named = np.full(int(accounts.max(initial=-1)) + 1, UNNAMED, np.int64)
    named[money.account[known]] = money.named[known]
    state.settle(accounts, day, named[accounts])


def _put_on_rows(state: _State, money: Money, some: I64) -> None:
    """Money of rows: the month it names, the rest is held by the row."""
    row, month = money.row[some], money.named[some]
    fits = np.flatnonzero((month >= 0) & (month < state.seen[money.account[some]]))
    at = some[fits]
    paid = np.minimum(state.left[row[fits], month[fits]], money.amount[at])
    left = money.amount[some].copy()
    left[fits] -= paid
    state.take(row[fits], month[fits], money.day[at], paid, is_netted=False)
    np.add.at(state.own, row, left)


def _common(state: _State, money: Money, some: I64, month: int) -> None:
    """Money on no row that names this month (or none): the month's rows in proportion, the rest is common."""
    account, starts = np.unique(money.account[some], return_index=True)
    amount = np.add.reduceat(money.amount[some], starts)
    if month >= 0:
        of = state.of(account, money.day[some][starts])
        named = np.full(len(account), month, np.int64)
        amount = amount - state.pour(of, of.owner, amount, named, is_netted=False)
    state.common[account] += amount


def _paid(state: _State) -> Paid:
    empty = np.zeros(0, np.int64)
    if not state.parts:
        return Paid(empty, empty, empty, empty, empty.astype(np.bool_), state.left, state.own, state.common)
    row, month, day, amount, netted = (np.concatenate(one) for one in zip(*state.parts, strict=True))
    return Paid(row, month, day, amount, netted, state.left, state.own, state.common)
