"""Debts paid in parts by agreement: each part has a due day of its own (Rules 354, cl. 72).

A debt of a plan becomes as many debts as it has parts, paid in the order of their days; the penalty of the
debt is the sum of theirs, rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.penalty.kernel import Debts, Payments

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Plan:
    """Parts of debts in columns (p,): which debt, last day to pay, weight; of one debt in order of days."""

    debt: I64
    due: I64
    amount: I64

    @classmethod
    def none(cls) -> Plan:
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, empty)


@dataclass(frozen=True, slots=True)
class Spread:
    """Debts in place of those with a plan: origin is the debt each stands for."""

    debts: Debts
    paid: Payments
    origin: I64


def spread(debts: Debts, paid: Payments, plan: Plan) -> Spread:
    """Parts of planned debts as debts of their own. What the plan does not cover keeps the debt's own day.

    A debt that was lessened since loses its last parts.
    """
    origin = np.arange(len(debts.amount))
    if not len(plan.debt):
        return Spread(debts, paid, origin)
    amount, due, of = debts.amount.tolist(), debts.due.tolist(), origin.tolist()
    payer = debts.payer.tolist()
    parts: dict[int, list[tuple[int, int]]] = {}
    for debt, day, kopecks in zip(plan.debt.tolist(), plan.due.tolist(), plan.amount.tolist(), strict=True):
        parts.setdefault(debt, []).append((day, kopecks))
    rows: dict[int, list[int]] = {}
    for debt, own in parts.items():
        left = amount[debt]
        first = max(left - sum(kopecks for _, kopecks in own), 0)
        amount[debt], left, rows[debt] = first, left - first, [debt]
        for day, kopecks in own:
            rows[debt].append(len(amount))
            amount.append(min(kopecks, left))
            due.append(day)
            payer.append(payer[debt])
            of.append(debt)
            left -= amount[-1]
    virtual = Debts(np.array(amount, np.int64), np.array(due, np.int64), np.array(payer, np.int64))
    return Spread(virtual, _paid(paid, amount, rows), np.array(of, np.int64))


def _paid(paid: Payments, amount: list[int], rows: dict[int, list[int]]) -> Payments:
    """Payments on planned debts put on their parts, the earliest part first."""
    planned = np.isin(paid.debt, np.array(sorted(rows), np.int64))
    keep = np.flatnonzero(~planned)
    out: list[tuple[int, int, int]] = []
    left = {debt: [(row, amount[row]) for row in own] for debt, own in rows.items()}
    some = np.flatnonzero(planned)
    for at in some[np.argsort(paid.day[some], kind="stable")].tolist():
        debt, day, money = int(paid.debt[at]), int(paid.day[at]), int(paid.amount[at])
        waiting = left[debt]
        while money and waiting:
            row, owed = waiting[0]
            part = min(owed, money)
            if part:
                out.append((row, day, part))
            money -= part
            waiting[0] = (row, owed - part)
            if part == owed:
                waiting.pop(0)
    table = np.array(out, np.int64).reshape(-1, 3)
    return Payments(
        np.concatenate([paid.debt[keep], table[:, 0]]),
        np.concatenate([paid.day[keep], table[:, 1]]),
        np.concatenate([paid.amount[keep], table[:, 2]]),
    )
