"""Penalties of an account: what the books say, and each debt with its days, rates and clause, proved again.

Days are worked out anew from the parts that were stored, by the law as it was known when they were counted.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.ledger import Book
from billing.penalty.kernel import RateMode
from billing.penalty.netting import Reach
from billing.penalty.rates import RateLaw
from billing.penalty.scale import SCALES, Payer
from billing.penalty.trace import Part, Piece, kopecks_of, pieces
from storage.penalty_law import penalty_law
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session

PENALTIES = int(Book.PENALTIES)
DUE_OF_LINE = dt.date(2000, 1, 1)  # of parts counted before plans were known
Key = tuple[int, dt.date, int, int]  # run, month, payee, service


@dataclass(frozen=True, slots=True)
class Pause:
    """Days first … last on which nothing was counted: an agreement was kept."""

    first: dt.date
    last: dt.date
    agreement_id: int


@dataclass(frozen=True, slots=True)
class DebtPenalty:
    """The penalty of one debt through a day, with what makes it."""

    of_period: dt.date
    payee_name: str
    service: int
    due_on: dt.date
    until: dt.date
    clause: str
    words: str
    is_daily: bool
    principal_kopecks: int
    unpaid_kopecks: int
    total_kopecks: int
    pieces: tuple[Piece, ...]
    parts: tuple[Part, ...]
    reach: Reach
    netted: Mapping[dt.date, int]
    """Of parts paid on a day, what a surplus of another service paid."""
    pauses: tuple[Pause, ...] = ()
    is_in_parts: bool = False
    """Whether an instalment gave its parts due days of their own."""

    @property
    def is_proved(self) -> bool:
        """Whether the days come to the sum that was posted."""
        return kopecks_of(self.pieces) == self.total_kopecks


@dataclass(frozen=True, slots=True)
class AccountPenalties:
    """What was charged, what was paid, what is owed; and the debts it came from, oldest first."""

    charged_kopecks: int
    paid_kopecks: int
    debts: tuple[DebtPenalty, ...]

    @property
    def owed_kopecks(self) -> int:
        return self.charged_kopecks - self.paid_kopecks


IS_CHARGE = """(e.kind = 'penalty'
   OR EXISTS (SELECT 1 FROM entries x WHERE x.id = e.reverses_id AND x.kind = 'penalty'))"""
BOOKS = f"""
SELECT coalesce(sum(p.amount_kopecks) FILTER (WHERE {IS_CHARGE}), 0)::bigint AS charged,
       coalesce(-sum(p.amount_kopecks) FILTER (WHERE NOT {IS_CHARGE}), 0)::bigint AS paid
  FROM postings p JOIN entries e ON e.id = p.entry_id
 WHERE p.account_id = :account_id AND p.book = {PENALTIES}"""  # noqa: S608 - words of ours

LINES = """
SELECT DISTINCT ON (l.of_period, l.payee_id, l.service) l.*, coalesce(o.short_name, 'Управляющая организация')
         AS payee_name, r.until, r.checked_at
  FROM penalty_lines l JOIN penalty_runs r ON r.id = l.run_id
   AND (r.state = 'posted' OR r.id = CAST(:run AS int))
  LEFT JOIN organisations o ON o.id = l.payee_id
 WHERE l.account_id = :account_id ORDER BY l.of_period, l.payee_id, l.service, l.run_id DESC"""

PARTS = """
SELECT run_id, of_period, payee_id, service, day, amount_kopecks, is_paid, netted_kopecks, due_on,
       CAST(NULL AS date) AS last_day, 0 AS agreement_id
  FROM penalty_parts WHERE account_id = :account_id
 UNION ALL
SELECT run_id, of_period, payee_id, service, first_day, 0, false, 0, first_day, last_day, agreement_id
  FROM penalty_pauses WHERE account_id = :account_id
 ORDER BY day, is_paid DESC"""


@dataclass(frozen=True, slots=True)
class AccountTitle:
    """Number and address of an account."""

    number: str
    address: str


async def account_title(session: Session, account_id: int) -> AccountTitle | None:
    """An account the caller may see."""
    row = (
        await session.execute(
            text(f"SELECT a.number, {ADDRESS} AS address FROM accounts a {ADDRESS_JOINS} WHERE a.id = :id"),  # noqa: S608
            {"id": account_id},
        )
    ).one_or_none()
    return None if row is None else AccountTitle(row.number, row.address)


async def account_penalties(session: Session, account_id: int, run_id: int | None = None) -> AccountPenalties:
    """Posted penalties of an account the caller may see; of a draft too when its number is given."""
    books = (await session.execute(text(BOOKS), {"account_id": account_id})).one()
    rows = (await session.execute(text(LINES), {"account_id": account_id, "run": run_id})).all()
    parts: dict[Key, list[tuple[dt.date, Part]]] = defaultdict(list)
    pauses: dict[Key, list[Pause]] = defaultdict(list)
    netted: dict[Key, dict[dt.date, int]] = defaultdict(dict)
    for one in await session.execute(text(PARTS), {"account_id": account_id}):
        key = (one.run_id, one.of_period, one.payee_id, one.service)
        if one.last_day is not None:
            pauses[key].append(Pause(one.day, one.last_day, one.agreement_id))
            continue
        parts[key].append((one.due_on, Part(one.day, one.amount_kopecks, one.is_paid)))
        if one.netted_kopecks:
            netted[key][one.day] = one.netted_kopecks
    laws = await _laws(session, rows)
    debts = [_debt(row, parts, netted, pauses, laws[row.checked_at]) for row in rows if row.total_kopecks]
    return AccountPenalties(books.charged, books.paid, tuple(debts))


async def _laws(session: Session, rows: Sequence[Any]) -> dict[dt.datetime, RateLaw]:
    """The law as it was known when each of the lines was counted."""
    return {at: (await penalty_law(session, at)).rates for at in {row.checked_at for row in rows}}


def _debt(
    row: Any,
    parts: dict[Key, list[tuple[dt.date, Part]]],
    netted: dict[Key, dict[dt.date, int]],
    pauses: dict[Key, list[Pause]],
    law: RateLaw,
) -> DebtPenalty:
    key = (row.run_id, row.of_period, row.payee_id, row.service)
    by_due: dict[dt.date, list[Part]] = defaultdict(list)
    for due, part in parts[key]:
        by_due[row.due_on if due == DUE_OF_LINE else due].append(part)
    free = [(one.first, one.last) for one in pauses[key]]
    scale = SCALES[Payer(row.payer)]
    mode = RateMode.DAILY if row.is_daily else RateMode.ON_PAYMENT
    return DebtPenalty(
        of_period=row.of_period,
        payee_name=row.payee_name,
        service=row.service,
        due_on=row.due_on,
        until=row.until,
        clause=scale.clause,
        words=scale.words,
        is_daily=row.is_daily,
        principal_kopecks=row.principal_kopecks,
        unpaid_kopecks=row.unpaid_kopecks,
        total_kopecks=row.total_kopecks,
        pieces=tuple(
            piece
            for due, own in sorted(by_due.items())
            for piece in pieces(own, due, scale.payer, law, mode, free)
        ),
        parts=tuple(part for _, part in parts[key]),
        pauses=tuple(pauses[key]),
        is_in_parts=len(by_due) > 1,
        reach=Reach(row.reach),
        netted=netted.get(key, {}),
    )
