"""Payments of past months shared anew over what their accounts owed then, by one order and by another.

Each payment sees what the books held when it was posted, but for the payments shared anew before it: those
count as this order shared them. The sharing itself is that of real payments (storage.payments). Nothing is
written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text

from billing.agent_day import PENALTY_ENDING
from billing.allocation import BY_LAW, Policy
from billing.ledger import Book, Posting
from billing.period import Period
from storage.debt_plans import parted
from storage.debts import NO_PERIOD, SINCE, netted, runs_of, unpaid
from storage.payments import Account, Due, poured
from storage.session import Session
from storage.shelves import SHELF_FROM

PLACE_BITS = 44
"""A place on the books is the month's number and the entry's: history of other systems has any order."""

Kind = tuple[int, int, int, bool]
"""Month's ordinal, payee, service, a penalty or not; zeros where money has none."""
Parts = dict[Kind, int]
"""Kopecks of a payment by what they pay."""


def _place(period: str, entry: str) -> str:
    month = f"(extract(year FROM {period}) * 12 + extract(month FROM {period}))::bigint"
    return f"(({month} << {PLACE_BITS}) + {entry})"


PAYMENTS = f"""
SELECT w.ordinal - 1 AS at, p.id, p.number, p.amount_kopecks, p.paid_on, p.of_period, p.service,
       p.source = 'register' AND right(p.number, {len(PENALTY_ENDING)}) = :ending AS for_penalties,
       CAST(i.payload ->> 'payee_id' AS int) AS payee_id, {_place("e.period", "e.id")} AS place
  FROM unnest(CAST(:accounts AS int[])) WITH ORDINALITY AS w(account_id, ordinal)
  JOIN payments p ON p.account_id = w.account_id AND p.state IN ('posted', 'accepted')
  LEFT JOIN LATERAL (
    SELECT d.entry_id FROM payment_decisions d
     WHERE d.payment_id = p.id AND d.deed = 'assign' AND d.state = 'done' ORDER BY d.id DESC LIMIT 1) d
    ON true
  JOIN entries e ON e.id = coalesce(d.entry_id, p.entry_id) AND e.period BETWEEN :first AND :last
  LEFT JOIN inbox i ON i.source = 'agent-' || p.agent_id AND i.key = p.number
 ORDER BY at, place"""  # noqa: S608 - words of ours

ACCOUNTS = """
  FROM unnest(CAST(:ats AS int[]), CAST(:accounts AS int[]), CAST(:since AS date[]), CAST(:cuts AS text[]))
    AS w(at, account_id, since, cuts)"""

FACTS = f"""
SELECT w.at, width_bucket({_place("r.posted_in", "coalesce(e.id, 0)")}, CAST(w.cuts AS bigint[])) AS turn,
       false AS own, (r.period - l.months_back * interval '1 month')::date AS period, l.supplier_id AS payee,
       l.service, false AS penalty, sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS amount
  {ACCOUNTS}
  JOIN lines l ON l.account_id = w.account_id
   AND (l.run_id = ANY (CAST(:runs AS int[])) OR l.run_id >= {SHELF_FROM})
  JOIN runs r ON r.id = l.run_id AND r.state = 'published' AND r.posted_in BETWEEN w.since AND :last
  LEFT JOIN entries e ON e.run_id = r.id
 GROUP BY 1, 2, 4, 5, 6
 UNION ALL
SELECT w.at, width_bucket({_place("p.period", "p.entry_id")}, CAST(w.cuts AS bigint[])) AS turn,
       {_place("p.period", "p.entry_id")} = ANY (CAST(w.cuts AS bigint[])) AS own,
       p.of_period AS period, p.organisation_id AS payee, p.service,
       p.book = {int(Book.PENALTIES)} AS penalty, sum(p.amount_kopecks)::bigint AS amount
  {ACCOUNTS}
  JOIN postings p ON p.account_id = w.account_id
   AND (p.book = {int(Book.PENALTIES)} OR p.book = {int(Book.RESIDENTS)} AND p.period >= w.since)
   AND p.period <= :last
 GROUP BY 1, 2, 3, 4, 5, 6, 7"""
"""What was charged and posted, by how many payments of the account came before it (turn); own: of one."""


@dataclass(frozen=True, slots=True)
class Played:
    """A payment: its parts by the order in force, by the one on trial, and as they stand on the books."""

    account_id: int
    id: int
    number: str
    paid_on: dt.date
    amount_kopecks: int
    now: Parts
    then: Parts
    books: Parts

    @property
    def is_changed(self) -> bool:
        """Whether the order on trial would have shared it otherwise."""
        return self.now != self.then


@dataclass(slots=True)
class _Paid:
    """A payment to share anew; place: of its entry on the books."""

    id: int
    number: str
    place: int
    due: Due
    books: Parts = field(default_factory=dict)


@dataclass(slots=True)
class _Past:
    """An account: its payments in order, and what came to its debts before each (by turn)."""

    account: Account
    payments: list[_Paid]
    facts: dict[int, Parts] = field(default_factory=dict)

    def note(self, turn: int, kind: Kind, amount: int) -> None:
        sums = self.facts.setdefault(turn, {})
        sums[kind] = sums.get(kind, 0) + amount


async def played(
    session: Session,
    accounts: Sequence[Account],
    now: Mapping[int, Policy],
    then: Mapping[int, Policy],
    first: dt.date,
    last: dt.date,
) -> list[Played]:
    """Payments of accounts posted in months first to last, by both orders (of each company)."""
    pasts = await _pasts(session, accounts, first, last)
    if not pasts:
        return []
    both = (now, then)
    apart = any(policies.get(one.account.company_id, BY_LAW).apart for policies in both for one in pasts)
    await _read_facts(session, pasts, first, last, is_short=not apart)
    by_now, by_then = [await _shared(session, pasts, policies) for policies in both]
    return [
        Played(
            past.account.id,
            one.id,
            one.number,
            one.due.paid_on,
            one.due.amount_kopecks,
            by_now[one.id],
            by_then[one.id],
            one.books,
        )
        for past in pasts
        for one in past.payments
    ]


async def _pasts(session: Session, accounts: Sequence[Account], first: dt.date, last: dt.date) -> list[_Past]:
    """Accounts that paid, with their payments."""
    found = await session.execute(
        text(PAYMENTS),
        {"accounts": [one.id for one in accounts], "first": first, "last": last, "ending": PENALTY_ENDING},
    )
    pasts: dict[int, _Past] = {}
    for row in found:
        past = pasts.setdefault(row.at, _Past(accounts[row.at], []))
        named = row.of_period, row.service, row.for_penalties, row.payee_id
        due = Due(past.account, row.amount_kopecks, row.paid_on, *named)
        past.payments.append(_Paid(row.id, row.number, row.place, due))
    return list(pasts.values())


async def _read_facts(
    session: Session, pasts: Sequence[_Past], first: dt.date, last: dt.date, *, is_short: bool
) -> None:
    """What was charged and posted before each payment, and how each stands on the books; two queries."""
    ids = [past.account.id for past in pasts]
    begun = (
        await session.execute(
            text(SINCE), {"accounts": ids, "short": is_short, "month": first, "until": last}
        )
    ).all()
    since = {row.at: row.since or dt.date.min for row in begun}
    for row in begun:
        if row.opening:
            pasts[row.at].note(0, (NO_PERIOD, 0, 0, False), row.opening)
    values = {
        "ats": list(range(len(pasts))),
        "accounts": ids,
        "since": [since[at] for at in range(len(pasts))],
        "cuts": [f"{{{','.join(str(one.place) for one in past.payments)}}}" for past in pasts],
        "last": last,
    }
    for row in await session.execute(text(FACTS), {**values, "runs": runs_of(begun)}):
        past, kind = pasts[row.at], _kind(row.period, row.payee, row.service, row.penalty)
        if row.own:
            books = past.payments[row.turn - 1].books
            books[kind] = books.get(kind, 0) - row.amount
        elif row.turn < len(past.payments):
            past.note(row.turn, kind, row.amount)


def _kind(period: dt.date | None, payee: int | None, service: int | None, penalty: bool) -> Kind:
    known = period is not None and payee is not None
    return Period.of(period).ordinal if known and period else NO_PERIOD, payee or 0, service or 0, penalty


def _kind_of(posting: Posting) -> Kind:
    is_penalty = posting.book == Book.PENALTIES
    return _kind(posting.of_period, posting.organisation_id, posting.service, is_penalty)


async def _shared(
    session: Session, pasts: Sequence[_Past], policies: Mapping[int, Policy]
) -> dict[int, Parts]:
    """Parts of every payment by an order: first payments of all accounts at once, then second ones, …"""
    sums: dict[int, Parts] = {past.account.id: {} for past in pasts}
    made: dict[int, Parts] = {}
    for turn in range(max(len(past.payments) for past in pasts)):
        wave = [past for past in pasts if turn < len(past.payments)]
        for past in wave:
            _add(sums[past.account.id], past.facts.get(turn, {}))
        dues = [past.payments[turn].due for past in wave]
        for past, postings in zip(wave, await _wave(session, dues, sums, policies), strict=True):
            parts: Parts = {}
            for posting in postings:
                _add(parts, {_kind_of(posting): -posting.amount_kopecks})
            _add(sums[past.account.id], {kind: -amount for kind, amount in parts.items()})
            made[past.payments[turn].id] = parts
    return made


def _add(sums: Parts, more: Mapping[Kind, int]) -> None:
    for kind, amount in more.items():
        sums[kind] = sums.get(kind, 0) + amount


async def _wave(
    session: Session, dues: Sequence[Due], sums: Mapping[int, Parts], policies: Mapping[int, Policy]
) -> list[list[Posting]]:
    """Postings of payments of different accounts over what each of them owes."""
    ids = [due.account.id for due in dues]
    companies = [due.account.company_id for due in dues]
    owed = {(at, *kind): amount for at, one in enumerate(ids) for kind, amount in sums[one].items() if amount}
    debts = unpaid(*netted(owed, companies, policies))
    cut = await parted(session, ids, [due.paid_on for due in dues], debts)
    return poured(dues, ids, policies, debts, cut)
