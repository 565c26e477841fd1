"""Payments posted in batches: one transaction, each payment one entry, shared out over its account's debts.

A payment is unique by agent and its number; a hash of what came tells a repeat from another payment under the
same number, which is an alarm and changes nothing. Money whose account is not known stands on UNIDENTIFIED.
For workers: the pages' role may not post.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import text

from billing.allocation import BY_LAW, Payments, Policy, allocate
from billing.ledger import Book, Posting
from billing.period import Period
from storage.debt_plans import Parted, parted
from storage.debts import AccountDebts, open_debts
from storage.inbox import hash_of
from storage.ledger import MonthClosed
from storage.months import open_month
from storage.payment_policy import policies
from storage.session import Session

POSTING_LOCK = 7_120_358  # one transaction posts payments at a time: what it read of debts stays so
POSTED, UNMATCHED = "posted", "unmatched"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A payment as it came. of_period, service, payee_id: what the payer named; for_penalties: for «пени»."""

    agent_id: int
    number: str
    account_number: str
    amount_kopecks: int
    paid_on: dt.date
    happened_at: dt.datetime | None = None
    of_period: dt.date | None = None
    service: int | None = None
    for_penalties: bool = False
    source: str = "online"
    register_id: int | None = None
    payer: str | None = None
    payee_id: int | None = None

    @property
    def key(self) -> str:
        """Its entry's idempotency key."""
        return f"payment:{self.agent_id}:{self.number}"

    @property
    def input_hash(self) -> str:
        """Digest of what makes it this payment and no other."""
        named = {} if self.payee_id is None else {"payee_id": self.payee_id}
        return hash_of(
            {
                "account": self.account_number,
                "amount_kopecks": self.amount_kopecks,
                "service": self.service,
                "for_penalties": self.for_penalties,
                **named,
            }
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a payment: posted, unmatched (on UNIDENTIFIED), repeat, conflict (an alarm)."""

    kind: str
    payment_id: int | None
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Where a payment falls."""

    id: int
    company_id: int


class NoOpenMonth(MonthClosed):
    """There is no month to post in: everything waits until one is opened."""

    permanent = False

    def __init__(self) -> None:
        ValueError.__init__(self, "Нет открытого месяца: платежи ждут, пока его откроют.")


async def post_payments(session: Session, incoming: Sequence[Incoming]) -> list[Outcome]:
    """Post what is new; an outcome for each, in order. Commit afterwards makes it final."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POSTING_LOCK})
    period = await open_month(session)
    if period is None:
        raise NoOpenMonth
    known = await _known(session, incoming)
    outcomes: list[Outcome | None] = [_earlier(one, known) for one in incoming]
    fresh: dict[tuple[int, str], int] = {}
    for at, one in enumerate(incoming):
        if outcomes[at] is None:
            fresh.setdefault((one.agent_id, one.number), at)
    at_of = list(fresh.values())
    made = await _post(session, [incoming[at] for at in at_of], period)
    for at, outcome in zip(at_of, made, strict=True):
        outcomes[at] = outcome
    return [_within(one, outcomes, at, incoming, fresh) for at, one in enumerate(incoming)]


def _within(
    one: Incoming,
    outcomes: Sequence[Outcome | None],
    at: int,
    incoming: Sequence[Incoming],
    fresh: Mapping[tuple[int, str], int],
) -> Outcome:
    """The outcome of a payment that came twice in one batch is that of the first."""
    found = outcomes[at]
    if found is not None:
        return found
    first = fresh[(one.agent_id, one.number)]
    posted = outcomes[first]
    assert posted is not None
    same = incoming[first].input_hash == one.input_hash
    return Outcome("repeat" if same else "conflict", posted.payment_id, posted.account_id)


async def _known(session: Session, incoming: Sequence[Incoming]) -> dict[tuple[int, str], Any]:
    found = await session.execute(
        text("""
        SELECT p.id, p.agent_id, p.number, p.account_id, p.input_hash, p.account_number, p.amount_kopecks
          FROM unnest(CAST(:agents AS int[]), CAST(:numbers AS text[])) AS w(agent_id, number)
          JOIN payments p ON p.agent_id = w.agent_id AND p.number = w.number"""),
        {"agents": [one.agent_id for one in incoming], "numbers": [one.number for one in incoming]},
    )
    return {(row.agent_id, row.number): row for row in found}


def _earlier(one: Incoming, known: Mapping[tuple[int, str], Any]) -> Outcome | None:
    row = known.get((one.agent_id, one.number))
    if row is None:
        return None
    same = (
        (row.account_number, row.amount_kopecks) == (one.account_number, one.amount_kopecks)
        if row.input_hash is None  # loaded from another system
        else row.input_hash == one.input_hash
    )
    return Outcome("repeat" if same else "conflict", row.id, row.account_id)


async def accounts_of(session: Session, numbers: Sequence[str]) -> dict[str, Account]:
    """Accounts by number; one query."""
    found = await session.execute(
        text("SELECT number, id, company_id FROM accounts WHERE number = ANY (:numbers)"),
        {"numbers": sorted(set(numbers))},
    )
    return {row.number: Account(row.id, row.company_id) for row in found}


async def _post(session: Session, fresh: Sequence[Incoming], period: dt.date) -> list[Outcome]:
    if not fresh:
        return []
    accounts = await accounts_of(session, [one.account_number for one in fresh])
    targets = [accounts.get(one.account_number) for one in fresh]
    shared = await share_out(session, [Due.of(one, to) for one, to in zip(fresh, targets, strict=True) if to])
    sides = iter(shared)
    postings = [
        [*(next(sides) if to else [_unidentified(one)]), _in_transit(one)]
        for one, to in zip(fresh, targets, strict=True)
    ]
    entry_ids = await _write_entries(session, fresh, period)
    await write_postings(session, entry_ids, postings, period)
    payment_ids = await _write_payments(session, fresh, targets, entry_ids)
    return [
        Outcome(POSTED if to else UNMATCHED, payment_id, to.id if to else None)
        for payment_id, to in zip(payment_ids, targets, strict=True)
    ]


def _unidentified(one: Incoming) -> Posting:
    return Posting(
        Book.UNIDENTIFIED, -one.amount_kopecks, organisation_id=one.agent_id, of_period=one.of_period
    )


def _in_transit(one: Incoming) -> Posting:
    return Posting(Book.IN_TRANSIT, one.amount_kopecks, organisation_id=one.agent_id, of_period=one.of_period)


# ---- sharing out ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """Money to be shared over an account's debts."""

    account: Account
    amount_kopecks: int
    paid_on: dt.date
    of_period: dt.date | None = None
    service: int | None = None
    for_penalties: bool = False
    payee_id: int | None = None

    @classmethod
    def of(cls, one: Incoming, account: Account) -> Due:
        named = one.of_period, one.service, one.for_penalties, one.payee_id
        return cls(account, one.amount_kopecks, one.paid_on, *named)


async def share_out(session: Session, dues: Sequence[Due]) -> list[list[Posting]]:
    """Postings (minus: paid) of each sum on its account's debts; the rest is an advance, without a payee.

    Several sums of one account go one after the other, in the order given. The caller holds POSTING_LOCK.
    """
    if not dues:
        return []
    accounts = {due.account.id: due.account for due in dues}
    ids = list(accounts)
    companies = [accounts[one].company_id for one in ids]
    by_company = await policies(session, sorted(set(companies)), max(due.paid_on for due in dues))
    owed_now = await open_debts(session, ids, companies, by_company)
    last = {due.account.id: due.paid_on for due in sorted(dues, key=lambda due: due.paid_on)}
    cut = await parted(session, ids, [last[one] for one in ids], owed_now)
    return poured(dues, ids, by_company, owed_now, cut)


def poured(
    dues: Sequence[Due],
    account_ids: Sequence[int],
    by_company: Mapping[int, Policy],
    owed_now: AccountDebts,
    cut: Parted,
) -> list[list[Posting]]:
    """The postings of `share_out` over debts that were read. cut: the same debts, what is put off apart."""
    debts = cut.debts
    index = {account_id: at for at, account_id in enumerate(account_ids)}
    out: list[list[Posting]] = [[] for _ in dues]
    left = debts.amount.copy()
    for members in _groups(dues, by_company):
        policy = by_company.get(dues[members[0]].account.company_id, BY_LAW)
        now = AccountDebts(debts.account, debts.period, debts.payee, debts.service, debts.penalty, left)
        owed, rows = now.of_payments({index[dues[at].account.id]: i for i, at in enumerate(members)})
        owed = replace(owed, later=cut.later[rows])
        made = allocate(_columns([dues[at] for at in members]), owed, policy)
        left[rows] -= made.paid
        whole: dict[tuple[int, int], int] = {}  # a debt and its parts put off are one posting
        for place in np.flatnonzero(made.paid).tolist():
            key = members[int(owed.payment[place])], int(cut.origin[rows[place]])
            whole[key] = whole.get(key, 0) + int(made.paid[place])
        for (due, row), amount in whole.items():
            out[due].append(_paid(dues[due], owed_now, row, amount))
        for i, at in enumerate(members):
            if made.left[i]:
                out[at].append(_advance(dues[at], int(made.left[i])))
    return out


def _groups(dues: Sequence[Due], by_company: Mapping[int, Policy]) -> list[list[int]]:
    """Dues that are allocated together: one policy, each account once; in the order given for an account."""
    turns: dict[int, int] = {}
    groups: dict[tuple[int, Policy], list[int]] = {}
    for at, due in enumerate(dues):
        turn = turns.get(due.account.id, 0)
        turns[due.account.id] = turn + 1
        groups.setdefault((turn, by_company.get(due.account.company_id, BY_LAW)), []).append(at)
    return [groups[key] for key in sorted(groups, key=lambda key: key[0])]


def _columns(dues: Sequence[Due]) -> Payments:
    return Payments(
        np.array([due.amount_kopecks for due in dues], np.int64),
        np.array([Period.of(due.of_period).ordinal if due.of_period else 0 for due in dues], np.int64),
        np.array([due.service or 0 for due in dues], np.int64),
        np.array([due.for_penalties for due in dues], np.bool_),
        np.array([due.payee_id or 0 for due in dues], np.int64),
    )


def _paid(due: Due, debts: AccountDebts, row: int, amount: int) -> Posting:
    period = int(debts.period[row])
    return Posting(
        Book.PENALTIES if debts.penalty[row] else Book.RESIDENTS,
        -amount,
        due.account.id,
        due.account.company_id,
        int(debts.payee[row]) or None,
        int(debts.service[row]) or None,
        Period(period).first_day if period else None,
    )


def _advance(due: Due, amount: int) -> Posting:
    return Posting(Book.RESIDENTS, -amount, due.account.id, due.account.company_id)


# ---- writing ----------------------------------------------------------------------------------------


async def _write_entries(session: Session, fresh: Sequence[Incoming], period: dt.date) -> list[int]:
    found = await session.execute(
        text("""
        INSERT INTO entries (kind, period, booked_on, happened_at, idempotency_key, input_hash)
        SELECT 'payment', :period, booked_on, happened_at, key, hash
          FROM unnest(CAST(:days AS date[]), CAST(:moments AS timestamptz[]), CAST(:keys AS text[]),
                      CAST(:hashes AS text[])) AS n(booked_on, happened_at, key, hash)
        RETURNING id, idempotency_key"""),
        {
            "period": period,
            "days": [one.paid_on for one in fresh],
            "moments": [one.happened_at for one in fresh],
            "keys": [one.key for one in fresh],
            "hashes": [one.input_hash for one in fresh],
        },
    )
    ids = {row.idempotency_key: int(row.id) for row in found}
    return [ids[one.key] for one in fresh]


async def write_postings(
    session: Session, entry_ids: Sequence[int], postings: Sequence[Sequence[Posting]], period: dt.date
) -> None:
    """Postings of many entries by one statement, as the books ask. Each must sum to zero."""
    rows = [
        (entry_id, ordinal, one)
        for entry_id, sides in zip(entry_ids, postings, strict=True)
        for ordinal, one in enumerate(sides)
    ]
    await session.execute(
        text("""
        INSERT INTO postings (entry_id, ordinal, book, period, account_id, company_id, organisation_id,
                              service, of_period, amount_kopecks)
        SELECT entry_id, ordinal, book, :period, account_id, company_id, organisation_id, service, of_period,
               amount
          FROM unnest(CAST(:entries AS bigint[]), CAST(:ordinals AS int[]), CAST(:books AS int[]),
                      CAST(:accounts AS int[]), CAST(:companies AS int[]), CAST(:organisations AS int[]),
                      CAST(:services AS int[]), CAST(:of_periods AS date[]), CAST(:amounts AS bigint[]))
            AS n(entry_id, ordinal, book, account_id, company_id, organisation_id, service, of_period, amount)
        """),
        {
            "period": period,
            "entries": [row[0] for row in rows],
            "ordinals": [row[1] for row in rows],
            "books": [int(row[2].book) for row in rows],
            "accounts": [row[2].account_id for row in rows],
            "companies": [row[2].company_id for row in rows],
            "organisations": [row[2].organisation_id for row in rows],
            "services": [row[2].service for row in rows],
            "of_periods": [row[2].of_period for row in rows],
            "amounts": [row[2].amount_kopecks for row in rows],
        },
    )


async def _write_payments(
    session: Session,
    fresh: Sequence[Incoming],
    targets: Sequence[Account | None],
    entry_ids: Sequence[int],
) -> list[int]:
    found = await session.execute(
        text("""
        INSERT INTO payments (agent_id, number, account_id, company_id, account_number, amount_kopecks,
                              paid_on, of_period, state, entry_id, input_hash, source, service, register_id,
                              payer)
        SELECT * FROM unnest(
          CAST(:agents AS int[]), CAST(:numbers AS text[]), CAST(:accounts AS int[]),
          CAST(:companies AS int[]), CAST(:account_numbers AS text[]), CAST(:amounts AS bigint[]),
          CAST(:days AS date[]), CAST(:of_periods AS date[]), CAST(:states AS text[]),
          CAST(:entries AS bigint[]), CAST(:hashes AS text[]), CAST(:sources AS text[]),
          CAST(:services AS smallint[]), CAST(:registers AS int[]), CAST(:payers AS text[]))
        RETURNING id, entry_id"""),
        {
            "agents": [one.agent_id for one in fresh],
            "numbers": [one.number for one in fresh],
            "accounts": [to.id if to else None for to in targets],
            "companies": [to.company_id if to else None for to in targets],
            "account_numbers": [one.account_number for one in fresh],
            "amounts": [one.amount_kopecks for one in fresh],
            "days": [one.paid_on for one in fresh],
            "of_periods": [one.of_period for one in fresh],
            "states": [POSTED if to else UNMATCHED for to in targets],
            "entries": list(entry_ids),
            "hashes": [one.input_hash for one in fresh],
            "sources": [one.source for one in fresh],
            "services": [one.service for one in fresh],
            "registers": [one.register_id for one in fresh],
            "payers": [one.payer for one in fresh],
        },
    )
    ids = {int(row.entry_id): int(row.id) for row in found}
    return [ids[entry_id] for entry_id in entry_ids]
