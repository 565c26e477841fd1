"""The ledger: books, entries whose postings sum to zero, and how each kind of entry is put together.

A debt of residents is positive. Charges are written once: an accrual entry has the run's total on RESIDENTS
with no
account (the detail is the run's lines) and the same with a minus on PAYEES, by payee and service. A payment
is minus on RESIDENTS(account) and plus on IN_TRANSIT(agent). Nothing is edited: a mistake is reversed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum


class Book(IntEnum):
    """A счёт учёта. The sign of a balance: plus is owed to us or lies with us, minus is owed by us."""

    RESIDENTS = 1  # what residents owe
    PAYEES = 2  # what suppliers and companies are to get
    IN_TRANSIT = 3  # taken by an agent, not yet on our account
    UNIDENTIFIED = 4  # money whose account is not known
    ADVANCES = 5  # paid ahead
    PENALTIES = 6
    FEES = 7  # what agents and the centre keep
    WRITE_OFFS = 8
    OPENING = 9  # the other side of balances brought from an older system
    CASH = 10  # on our bank account
    TRANSFERS = 11  # ordered to payees, not yet written off by the bank


KINDS = (
    "accrual",
    "payment",
    "opening",
    "reversal",
    "transfer",
    "write_off",
    "penalty",
    "interest",
    "payout",
    "return",
    "arrival",
    "execution",
)


class LedgerError(ValueError):
    """An entry that must not be written; ours to mend, so it is never softened."""

    code = "ledger"
    permanent = True


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry, signed kopecks."""

    book: Book
    amount_kopecks: int
    account_id: int | None = None
    company_id: int | None = None
    organisation_id: int | None = None
    service: int | None = None
    of_period: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact of money, posted in an open month. idempotency_key: the same fact again changes nothing."""

    kind: str
    period: dt.date
    booked_on: dt.date
    idempotency_key: str
    happened_at: dt.datetime | None = None
    run_id: int | None = None
    reverses_id: int | None = None
    reason: str | None = None
    ground: str | None = None
    user_id: int | None = None


def check(entry: Entry, postings: Sequence[Posting]) -> None:
    """Raises LedgerError unless the entry may be written."""
    if entry.kind not in KINDS:
        raise LedgerError(f"unknown kind of entry: {entry.kind}")
    if entry.period.day != 1:
        raise LedgerError(f"a month is its first day, not {entry.period}")
    if not entry.idempotency_key:
        raise LedgerError("an entry needs an idempotency key")
    if not postings:
        raise LedgerError(f"entry {entry.idempotency_key} has no postings")
    for posting in postings:
        if type(posting.amount_kopecks) is not int:
            raise LedgerError(f"money is whole kopecks, not {posting.amount_kopecks!r}")
        if posting.amount_kopecks == 0:
            raise LedgerError(f"entry {entry.idempotency_key} has a posting of zero")
        if posting.book is Book.RESIDENTS and posting.account_id is None and entry.run_id is None:
            raise LedgerError(f"entry {entry.idempotency_key} moves residents' debt of no account")
    total = sum(posting.amount_kopecks for posting in postings)
    if total:
        raise LedgerError(f"postings of entry {entry.idempotency_key} sum to {total}, not to zero")
    if (entry.kind == "reversal") != (entry.reverses_id is not None):
        raise LedgerError("a reversal names the entry it reverses, and only a reversal does")


def digest(entry: Entry, postings: Sequence[Posting]) -> str:
    """Hash of everything that was asked for; tells a repeat from another fact under the same key."""
    asked = asdict(entry) | {"postings": [asdict(posting) for posting in postings]}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


# ---- entries of each kind ------------------------------------------------------------------------


def accrual(
    run_id: int,
    period: dt.date,
    of_period: dt.date,
    booked_on: dt.date,
    credits_: Iterable[tuple[int, int, int]],
) -> tuple[Entry, list[Posting]]:
    """A published run. credits_: (payee's organisation, service, kopecks); zeros are left out.

    period is the open month, of_period the month of the run. No postings when every credit is zero.
    """
    payees = [(payee, service, amount) for payee, service, amount in credits_ if amount]
    total = sum(amount for _, _, amount in payees)
    entry = Entry("accrual", period, booked_on, f"run:{run_id}", run_id=run_id)
    postings = [Posting(Book.RESIDENTS, total, of_period=of_period)] if total else []
    postings += [
        Posting(Book.PAYEES, -amount, organisation_id=payee, service=service, of_period=of_period)
        for payee, service, amount in payees
    ]
    return entry, postings


def correction(
    run_id: int,
    period: dt.date,
    booked_on: dt.date,
    credits_: Sequence[tuple[dt.date, int, int, int]],
    *,
    reason: str,
    ground: str,
) -> tuple[Entry, list[Posting]]:
    """A published correction. credits_: (month it is about, payee's organisation, service, kopecks).

    Each month's debit of residents stands beside the credits of its payees.
    """
    entry = Entry("accrual", period, booked_on, f"run:{run_id}", run_id=run_id, reason=reason, ground=ground)
    totals: dict[dt.date, int] = {}
    for month, _, _, amount in credits_:
        totals[month] = totals.get(month, 0) + amount
    postings = [
        Posting(Book.RESIDENTS, total, of_period=month) for month, total in sorted(totals.items()) if total
    ]
    postings += [
        Posting(Book.PAYEES, -amount, organisation_id=payee, service=service, of_period=month)
        for month, payee, service, amount in credits_
        if amount
    ]
    return entry, postings


def payment(
    key: str,
    period: dt.date,
    booked_on: dt.date,
    *,
    agent_id: int,
    amount_kopecks: int,
    account_id: int | None,
    company_id: int | None = None,
    of_period: dt.date | None = None,
    happened_at: dt.datetime | None = None,
) -> tuple[Entry, list[Posting]]:
    """Money an agent took: off the account's debt, or onto UNIDENTIFIED when the account is not known."""
    if amount_kopecks <= 0:
        raise LedgerError(f"a payment is more than nothing, not {amount_kopecks}")
    entry = Entry("payment", period, booked_on, key, happened_at=happened_at)
    book = Book.UNIDENTIFIED if account_id is None else Book.RESIDENTS
    return entry, [
        Posting(
            book,
            -amount_kopecks,
            account_id,
            company_id,
            agent_id if account_id is None else None,
            None,
            of_period,
        ),
        Posting(Book.IN_TRANSIT, amount_kopecks, organisation_id=agent_id, of_period=of_period),
    ]


def opening(
    key: str,
    period: dt.date,
    booked_on: dt.date,
    *,
    account_id: int,
    company_id: int,
    amount_kopecks: int,
    ground: str,
) -> tuple[Entry, list[Posting]]:
    """A balance brought from an older system (debt positive)."""
    entry = Entry("opening", period, booked_on, key, ground=ground)
    return entry, [
        Posting(Book.RESIDENTS, amount_kopecks, account_id, company_id),
        Posting(Book.OPENING, -amount_kopecks, None, company_id),
    ]


def reversal(
    of: Entry,
    of_id: int,
    postings: Sequence[Posting],
    period: dt.date,
    booked_on: dt.date,
    *,
    reason: str,
    user_id: int | None,
) -> tuple[Entry, list[Posting]]:
    """The same postings with the opposite sign. Raises LedgerError for an accrual: a run is mended by
    another run.
    """
    if of.kind in ("accrual", "reversal"):
        raise LedgerError(f"an entry of kind {of.kind} is not reversed by hand")
    entry = Entry(
        "reversal", period, booked_on, f"reversal:{of_id}", reverses_id=of_id, reason=reason, user_id=user_id
    )
    return entry, [
        Posting(
            posting.book,
            -posting.amount_kopecks,
            posting.account_id,
            posting.company_id,
            posting.organisation_id,
            posting.service,
            posting.of_period,
        )
        for posting in postings
    ]
