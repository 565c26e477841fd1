"""Which debts a payment pays: order by law and by the organisation's policy, over columns, to the kopeck.

The order (ПВС 27.06.2017 № 22 п. 32, ГК 319, 319.1): the principal of the month the payer named, then of the
oldest months; penalties after all principal, unless the payment was made for penalties; inside a month the
payees share in proportion to what each is owed, by largest remainder. Parts put off by instalments (Rules
354, cl. 72) are not due yet: they come after all that is. What is left is an advance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PROPORTION, BY_SERVICE = "proportion", "services"
FITS_BITS = 62
PUT_OFF = 4  # turns of what is due: principal and penalties, of the named month and of others


@dataclass(frozen=True, slots=True)
class Policy:
    """How an organisation lets payments fall; the defaults are the law's own order.

    named_first   the month a payer names goes first
    oldest_first  then the oldest month; False: the newest
    inside        a month's debts share in proportion, or are paid service after service by service_order
    apart         services paid only by a payment that names them (capital repair on an account of its own)
    """

    named_first: bool = True
    oldest_first: bool = True
    inside: str = PROPORTION
    service_order: tuple[int, ...] = ()
    apart: tuple[int, ...] = ()


BY_LAW = Policy()


@dataclass(frozen=True, slots=True)
class Payments:
    """Columns of payments: kopecks (0 or more), the month and the service named (0: none), made for
    penalties or not; payee: paid to one payee alone (0, or no column: to all).
    """

    amount: I64
    period: I64
    service: I64
    penalties: Flags
    payee: I64 | None = None

    @classmethod
    def plain(cls, amount: npt.ArrayLike) -> Payments:
        """Payments that name nothing."""
        sums = np.asarray(amount, np.int64)
        zeros = np.zeros(sums.shape, np.int64)
        return cls(sums, zeros, zeros, np.zeros(sums.shape, np.bool_))


@dataclass(frozen=True, slots=True)
class Debts:
    """Columns of debts: which payment may pay it (an index), month's ordinal, payee, service, a penalty or
    not, kopecks; later: put off by instalments, not asked for yet (no column: none is).

    A debt of one account stands once; two payments of one account are allocated one after the other.
    """

    payment: I64
    period: I64
    payee: I64
    service: I64
    penalty: Flags
    amount: I64
    later: Flags | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """paid: kopecks of each debt, in its order; left: kopecks of each payment that paid no debt."""

    paid: I64
    left: I64


def allocate(payments: Payments, debts: Debts, policy: Policy = BY_LAW) -> Allocation:
    """Share payments out. Exact: paid + left is the payment, and no debt is paid more than it is."""
    assert (payments.amount >= 0).all(), "a payment is never less than nothing"
    paid = np.zeros(debts.amount.shape, np.int64)
    rows = np.flatnonzero(_eligible(payments, debts, policy))
    left = payments.amount.copy()
    if rows.size == 0:
        return Allocation(paid, left)
    order, starts = _order(payments, debts, policy, rows)
    owed = debts.amount[order]
    totals = np.add.reduceat(owed, starts)
    of_group = debts.payment[order][starts]
    given = _pour(payments.amount[of_group], of_group, totals)
    group = np.repeat(np.arange(starts.size), np.diff(np.append(starts, order.size)))
    paid[order] = _shares(given, totals, owed, group, starts)
    np.subtract.at(left, of_group, given)
    return Allocation(paid, left)


def _eligible(payments: Payments, debts: Debts, policy: Policy) -> Flags:
    """Debts a payment may fall on: those of the service or the payee it names, else all not kept apart."""
    named = payments.service[debts.payment]
    apart = np.isin(debts.service, np.asarray(policy.apart, np.int64))
    fits = np.where(named > 0, debts.service == named, ~apart)
    if payments.payee is not None:
        to = payments.payee[debts.payment]
        fits = np.where(to > 0, debts.payee == to, fits)
    return np.asarray(fits & (debts.amount > 0), np.bool_)


def _order(payments: Payments, debts: Debts, policy: Policy, rows: I64) -> tuple[I64, I64]:
    """Rows in the order they are paid, and where each group that is paid together begins."""
    of, period = debts.payment[rows], debts.period[rows]
    named = payments.period[of]
    is_named = (named > 0) & (period == named) & policy.named_first
    is_later = debts.penalty[rows] != payments.penalties[of]
    turn = is_later.astype(np.int64) * 2 + ~is_named
    if debts.later is not None:
        turn += debts.later[rows].astype(np.int64) * PUT_OFF
    age = period if policy.oldest_first else -period
    inside = _inside(debts.service[rows], policy)
    at = np.lexsort((debts.service[rows], debts.payee[rows], inside, age, turn, of))
    keys = np.stack([of, turn, age, inside])[:, at]
    begins = np.ones(at.size, np.bool_)
    begins[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    return rows[at], np.flatnonzero(begins)


def _inside(service: I64, policy: Policy) -> I64:
    """The turn of a service inside its month: one for all when they share."""
    turn = np.zeros(service.shape, np.int64)
    if policy.inside == BY_SERVICE:
        turn += len(policy.service_order)
        for position, code in reversed(list(enumerate(policy.service_order))):
            turn[service == code] = position
    return turn


def _pour(amount: I64, of_group: I64, totals: I64) -> I64:
    """What each group gets when its payment is poured over groups in turn."""
    through = np.cumsum(totals)
    first = np.ones(of_group.size, np.bool_)
    first[1:] = of_group[1:] != of_group[:-1]
    before_payment = (through - totals)[np.maximum.accumulate(np.where(first, np.arange(first.size), 0))]
    before = through - totals - before_payment
    return np.asarray(np.clip(amount - before, 0, totals), np.int64)


def _shares(given: I64, totals: I64, owed: I64, group: I64, starts: I64) -> I64:
    """Parts of each group in proportion to what is owed: floors, then a kopeck each by largest remainder."""
    widest = int(given.max()).bit_length() + int(owed.max()).bit_length()
    kind = np.int64 if widest < FITS_BITS else np.object_
    product = given[group].astype(kind) * owed.astype(kind)
    floors = np.asarray(product // totals[group].astype(kind), np.int64)
    rest = np.asarray(product % totals[group].astype(kind), np.int64)
    extra = given - np.add.reduceat(floors, starts)
    at = np.lexsort((np.arange(rest.size), -rest, group))
    rank = np.empty(rest.size, np.int64)
    rank[at] = np.arange(rest.size) - np.asarray(starts)[group]
    return np.asarray(floors + (rank < extra[group]), np.int64)
