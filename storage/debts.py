"""What accounts owe by month, payee and service: lines of published runs less what was posted on the books.

A posting on RESIDENTS without a payee is a balance from another system (plus) or an advance (minus). Advances
and charges taken back pay other debts by the same rule as a payment does, without an entry: the oldest first.
Only months since the account last owed nothing are read: what is older sums to that month's opening.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from billing.allocation import BY_LAW, Debts, Payments, Policy, allocate
from billing.ledger import Book
from billing.period import Period
from storage.session import Session
from storage.shelves import SHELF_FROM

I64 = npt.NDArray[np.int64]
NO_PERIOD = 0
"""The month of a debt that names none: it is the oldest there is."""


@dataclass(frozen=True, slots=True)
class AccountDebts:
    """Columns of unpaid debts, kopecks above nothing. account: index into the accounts asked for."""

    account: I64
    period: I64
    payee: I64
    service: I64
    penalty: npt.NDArray[np.bool_]
    amount: I64

    def of_payments(self, payments: Mapping[int, int]) -> tuple[Debts, I64]:
        """Debts of some accounts for `allocate`, with their rows here. payments: index of an account → index
        of its payment."""
        wanted = np.full(int(self.account.max(initial=-1)) + 1, -1, np.int64)
        for account, payment in payments.items():
            if account < wanted.size:
                wanted[account] = payment
        rows = np.flatnonzero(wanted[self.account] >= 0)
        return self._taken(rows, wanted[self.account[rows]]), rows

    def _taken(self, rows: I64, payment: I64) -> Debts:
        return Debts(
            payment,
            self.period[rows],
            self.payee[rows],
            self.service[rows],
            self.penalty[rows],
            self.amount[rows],
        )


SINCE = f"""
WITH begun AS (
SELECT w.ordinal - 1 AS at, w.account_id, coalesce(paid.period, begun.period) AS since,
       coalesce(paid.amount_kopecks, begun.amount_kopecks, 0)::bigint AS opening
  FROM unnest(CAST(:accounts AS int[])) WITH ORDINALITY AS w(account_id, ordinal)
  LEFT JOIN LATERAL (
    SELECT o.period, o.amount_kopecks FROM opening_balances o
     WHERE o.account_id = w.account_id AND o.amount_kopecks <= 0
       AND (CAST(:month AS date) IS NULL OR o.period <= :month) ORDER BY o.period DESC LIMIT 1) paid
    ON CAST(:short AS boolean)
  LEFT JOIN LATERAL (
    SELECT o.period, o.amount_kopecks FROM opening_balances o
     WHERE o.account_id = w.account_id AND paid.period IS NULL
       AND o.period = (SELECT min(m.period) FROM months m)) begun ON true)
SELECT b.*, CASE WHEN b.at = 0 THEN (
         SELECT array_agg(r.id) FROM runs r
          WHERE r.state = 'published' AND r.posted_in <= :until AND r.id < {SHELF_FROM}
            AND r.posted_in >= (SELECT min(coalesce(f.since, '-infinity')) FROM begun f)) END AS runs
  FROM begun b"""  # noqa: S608 - a number of ours
"""From which month each account is read and what it owed then; with the first: the runs that may have charged
any of them, by number, so that only their partitions are read.
"""

FACTS = f"""
SELECT w.at, (r.period - l.months_back * interval '1 month')::date AS period, l.supplier_id AS payee,
       l.service, false AS penalty,
       sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS amount
  FROM unnest(CAST(:ats AS int[]), CAST(:accounts AS int[]), CAST(:since AS date[]))
    AS w(at, account_id, since)
  JOIN lines l ON l.account_id = w.account_id
   AND (l.run_id = ANY (CAST(:runs AS int[])) OR l.run_id >= {SHELF_FROM})
  JOIN runs r ON r.id = l.run_id AND r.state = 'published' AND r.posted_in BETWEEN w.since AND :until
 GROUP BY 1, 2, 3, 4
 UNION ALL
SELECT w.at, p.of_period AS period, p.organisation_id AS payee, p.service,
       p.book = {int(Book.PENALTIES)} AS penalty, sum(p.amount_kopecks)::bigint AS amount
  FROM unnest(CAST(:ats AS int[]), CAST(:accounts AS int[]), CAST(:since AS date[]))
    AS w(at, account_id, since)
  JOIN postings p ON p.account_id = w.account_id
   AND (p.book = {int(Book.PENALTIES)} OR p.book = {int(Book.RESIDENTS)} AND p.period >= w.since)
   AND p.period <= :until
 GROUP BY 1, 2, 3, 4, 5"""  # noqa: S608 - numbers of ours
"""What was charged and what was posted, of each account from its month on."""

Key = tuple[int, int, int, int, bool]  # account's index, month's ordinal, payee, service, penalty


async def open_debts(
    session: Session, account_ids: Sequence[int], companies: Sequence[int], policies: Mapping[int, Policy]
) -> AccountDebts:
    """Unpaid debts of accounts (each named once) after their advances. companies: of each account."""
    keeps_apart = any(policies.get(company, BY_LAW).apart for company in set(companies))
    owed, left = await _owed(session, account_ids, companies, policies, is_short=not keeps_apart)
    return unpaid(owed, left)


async def debts_on(
    session: Session,
    account_ids: Sequence[int],
    companies: Sequence[int],
    policies: Mapping[int, Policy],
    month: dt.date,
    until: dt.date,
) -> AccountDebts:
    """The same as it stood after everything posted in months through `until`: `month`, or the month before it
    for what was owed at its first instant; then without penalties, which an opening does not hold.
    """
    keeps_apart = any(policies.get(company, BY_LAW).apart for company in set(companies))
    sums = await _sums(session, account_ids, is_short=not keeps_apart, month=month, until=until)
    if until < month:
        sums = {key: amount for key, amount in sums.items() if not key[4]}
    return unpaid(*netted(sums, companies, policies))


def unpaid(owed: AccountDebts, left: I64) -> AccountDebts:
    """Debts of which something is left."""
    kept = np.flatnonzero(left > 0)
    return AccountDebts(
        owed.account[kept],
        owed.period[kept],
        owed.payee[kept],
        owed.service[kept],
        owed.penalty[kept],
        left[kept],
    )


async def credits_taken(
    session: Session, account_ids: Sequence[int], companies: Sequence[int], policies: Mapping[int, Policy]
) -> list[tuple[int, int, int, int, int]]:
    """What advances and charges taken back have paid over the whole history, the oldest first:
    (account's index, month's ordinal, payee, service, kopecks).
    """
    owed, left = await _owed(session, account_ids, companies, policies, is_short=False)
    paid = owed.amount - left
    rows = np.flatnonzero(paid > 0)
    rows = rows[np.lexsort((owed.service[rows], owed.payee[rows], owed.period[rows], owed.account[rows]))]
    columns = (owed.account, owed.period, owed.payee, owed.service, paid)
    return list(zip(*(column[rows].tolist() for column in columns), strict=True))


async def _owed(
    session: Session,
    account_ids: Sequence[int],
    companies: Sequence[int],
    policies: Mapping[int, Policy],
    *,
    is_short: bool,
) -> tuple[AccountDebts, I64]:
    """Debts before advances, and what is left of each after them."""
    return netted(await _sums(session, account_ids, is_short=is_short), companies, policies)


def netted(
    sums: Mapping[Key, int], companies: Sequence[int], policies: Mapping[int, Policy]
) -> tuple[AccountDebts, I64]:
    """Debts: sums above nothing; and what sums below nothing leave of each. companies: of each account."""
    keys = np.array([key for key, amount in sums.items() if amount > 0], np.int64).reshape(-1, 5)
    owed = AccountDebts(
        account=keys[:, 0],
        period=keys[:, 1],
        payee=keys[:, 2],
        service=keys[:, 3],
        penalty=keys[:, 4].astype(np.bool_),
        amount=np.array([amount for amount in sums.values() if amount > 0], np.int64),
    )
    credits_: dict[tuple[int, int], int] = {}
    for (at, _, _, service, _), amount in sums.items():
        if amount < 0:
            is_apart = service in policies.get(companies[at], BY_LAW).apart
            place = (at, service if is_apart else 0)
            credits_[place] = credits_.get(place, 0) - amount
    return owed, _left(owed, credits_, companies, policies)


async def _sums(
    session: Session,
    account_ids: Sequence[int],
    is_short: bool,
    month: dt.date | None = None,
    until: dt.date = dt.date.max,
) -> dict[Key, int]:
    """Charged less posted by account, month, payee and service; through a month when one is given."""
    asked = {"accounts": list(account_ids), "short": is_short, "month": month, "until": until}
    begun = (await session.execute(text(SINCE), asked)).all()
    sums: dict[Key, int] = {}
    earliest = dt.date.min
    for row in begun:
        if row.opening:
            sums[(row.at, NO_PERIOD, 0, 0, False)] = row.opening
    since = [row.since or earliest for row in begun]
    runs = runs_of(begun)
    values = {
        "ats": [row.at for row in begun],
        "accounts": [row.account_id for row in begun],
        "since": since,
        "until": until,
    }
    for row in await session.execute(text(FACTS), {**values, "runs": runs}):
        period = NO_PERIOD if row.period is None or row.payee is None else Period.of(row.period).ordinal
        key = (row.at, period, row.payee or 0, row.service or 0, bool(row.penalty))
        sums[key] = sums.get(key, 0) + row.amount
    return sums


def runs_of(begun: Sequence[Any]) -> list[int]:
    """Runs that may have charged the accounts, from the rows of SINCE."""
    return next((list(row.runs) for row in begun if row.runs), [])


def _left(
    owed: AccountDebts,
    credits_: Mapping[tuple[int, int], int],
    companies: Sequence[int],
    policies: Mapping[int, Policy],
) -> I64:
    """Debts, kopecks, after what stands on the other side of the same accounts."""
    left = owed.amount.copy()
    groups: dict[tuple[Policy, bool], list[tuple[int, int, int]]] = {}
    for (at, service), amount in credits_.items():
        policy = policies.get(companies[at], BY_LAW)
        groups.setdefault((policy, service > 0), []).append((at, service, amount))
    for (policy, _), members in groups.items():
        for wave in _waves(members):
            now = AccountDebts(owed.account, owed.period, owed.payee, owed.service, owed.penalty, left)
            debts, rows = now.of_payments({at: index for index, (at, _, _) in enumerate(wave)})
            plain = Payments.plain([amount for _, _, amount in wave])
            named = np.array([service for _, service, _ in wave], np.int64)
            payments = Payments(plain.amount, plain.period, named, plain.penalties)
            left[rows] -= allocate(payments, debts, policy).paid
    return left


def _waves(members: list[tuple[int, int, int]]) -> list[list[tuple[int, int, int]]]:
    """Members cut so that an account stands once in each."""
    out: list[list[tuple[int, int, int]]] = []
    seen: dict[int, int] = {}
    for member in members:
        turn = seen.get(member[0], 0)
        seen[member[0]] = turn + 1
        if turn == len(out):
            out.append([])
        out[turn].append(member)
    return out
