"""Money whose account is not known: the queue, one payment with whose it may be, and what was done with it.

Suggestions come from four sides: numbers one slip away from the one that was named, the payer's name, an
account that this very number was assigned to before, and one that owes exactly this sum. Each says why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from billing.ledger import Book
from storage import ledger
from storage.run_totals import escaped
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session

SUGGESTIONS_MAX = 12
VARIANTS_MAX = 600
ALPHABET = "0123456789"


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A payment of the queue."""

    id: int
    agent_name: str
    number: str
    account_number: str
    payer: str | None
    amount_kopecks: int
    paid_on: dt.date
    state: str
    source: str
    register_id: int | None
    days: int


@dataclass(frozen=True, slots=True)
class UnmatchedPage:
    """A page of the queue, how many there are and for how much."""

    rows: list[Unmatched]
    total: int
    amount_kopecks: int


@dataclass(frozen=True, slots=True)
class UnmatchedFilter:
    """What is looked for. state: unmatched (nobody looked), kept."""

    state: str = "unmatched"
    agent_id: int | None = None
    words: str = ""
    least_kopecks: int | None = None
    most_kopecks: int | None = None


SORTS = {
    "paid": "p.paid_on", "sum": "p.amount_kopecks", "agent": "o.short_name", "account": "p.account_number"
}  # fmt: skip

ROW = """
SELECT p.id, o.short_name AS agent_name, p.number, p.account_number, p.payer, p.amount_kopecks, p.paid_on,
       p.state, p.source, p.register_id,
       ((clock_timestamp() AT TIME ZONE 'Europe/Moscow')::date - p.paid_on) AS days
  FROM payments p JOIN organisations o ON o.id = p.agent_id"""

LIST = f"""
SELECT f.*, count(*) OVER ()::int AS total, sum(f.amount_kopecks) OVER ()::bigint AS kopecks FROM ({ROW}
 WHERE p.state = :state
   AND (CAST(:agent_id AS int) IS NULL OR p.agent_id = :agent_id)
   AND (CAST(:least AS bigint) IS NULL OR p.amount_kopecks >= :least)
   AND (CAST(:most AS bigint) IS NULL OR p.amount_kopecks <= :most)
   AND (CAST(:words AS text) = '' OR p.account_number LIKE CAST(:words AS text) || '%'
        OR p.number LIKE CAST(:words AS text) || '%'
        OR lower(coalesce(p.payer, '')) LIKE '%' || lower(CAST(:words AS text)) || '%')
 ORDER BY {{order}}) f LIMIT :limit OFFSET :offset"""  # noqa: S608


async def queue(
    session: Session,
    wanted: UnmatchedFilter,
    *,
    sort: str = "paid",
    is_descending: bool = False,
    limit: int,
    offset: int = 0,
) -> UnmatchedPage:
    """The queue sorted by a key of SORTS."""
    way = "DESC" if is_descending else "ASC"
    result = await session.execute(
        text(LIST.format(order=f"{SORTS[sort]} {way}, p.id {way}")),
        {
            "state": wanted.state,
            "agent_id": wanted.agent_id,
            "least": wanted.least_kopecks,
            "most": wanted.most_kopecks,
            "words": escaped(wanted.words),
            "limit": limit,
            "offset": offset,
        },
    )
    found = result.all()
    if not found:
        return UnmatchedPage([], 0, 0)
    return UnmatchedPage([Unmatched(*row[:11]) for row in found], found[0].total, found[0].kopecks)


async def counts(session: Session) -> dict[str, tuple[int, int]]:
    """How many wait and how many are kept, with their money."""
    found = await session.execute(
        text("""
        SELECT state, count(*)::int AS payments, sum(amount_kopecks)::bigint AS kopecks FROM payments
         WHERE state IN ('unmatched', 'kept') GROUP BY 1""")
    )
    return {row.state: (row.payments, row.kopecks) for row in found}


async def one(session: Session, payment_id: int) -> Unmatched | None:
    """A payment that is or was in the queue; None for any other."""
    row = (
        await session.execute(
            text(f"""{ROW} WHERE p.id = :id AND (p.state IN ('unmatched', 'kept') OR EXISTS (
                     SELECT 1 FROM payment_decisions d WHERE d.payment_id = p.id))"""),  # noqa: S608
            {"id": payment_id},
        )
    ).one_or_none()
    return None if row is None else Unmatched(**row._mapping)


@dataclass(frozen=True, slots=True)
class Decision:
    """A step taken with a payment."""

    id: int
    deed: str
    account_id: int | None
    account_number: str | None
    reason: str
    user_name: str | None
    state: str
    message: str
    entry_id: int | None
    recorded_at: dt.datetime


async def decisions(session: Session, payment_id: int) -> list[Decision]:
    """Steps taken, oldest first."""
    found = await session.execute(
        text("""
        SELECT d.id, d.deed, d.account_id, a.number AS account_number, d.reason, u.full_name AS user_name,
               d.state, d.message, d.entry_id, d.recorded_at
          FROM payment_decisions d LEFT JOIN accounts a ON a.id = d.account_id
          LEFT JOIN users u ON u.id = d.user_id
         WHERE d.payment_id = :id ORDER BY d.id"""),
        {"id": payment_id},
    )
    return [Decision(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class Trail:
    """A posting of the payment's entries: where the money went."""

    entry_id: int
    kind: str
    booked_on: dt.date
    book: int
    amount_kopecks: int
    account_number: str | None
    organisation_name: str | None
    service_name: str | None
    of_period: dt.date | None


async def trail(session: Session, payment_id: int) -> list[Trail]:
    """Every posting of the payment: taken, assigned, reversed."""
    found = await session.execute(
        text("""
        WITH mine AS (
          SELECT entry_id AS id FROM payments WHERE id = :id AND entry_id IS NOT NULL
          UNION SELECT entry_id FROM payment_decisions WHERE payment_id = :id AND entry_id IS NOT NULL)
        SELECT e.id AS entry_id, e.kind, e.booked_on, s.book, s.amount_kopecks, a.number AS account_number,
               o.short_name AS organisation_name, v.label AS service_name, s.of_period
          FROM mine m JOIN entries e ON e.id = m.id JOIN postings s ON s.entry_id = e.id
          LEFT JOIN accounts a ON a.id = s.account_id LEFT JOIN organisations o ON o.id = s.organisation_id
          LEFT JOIN services v ON v.code = s.service
         ORDER BY e.id, s.ordinal"""),
        {"id": payment_id},
    )
    return [Trail(**row._mapping) for row in found]


BOOK_WORDS = {
    Book.RESIDENTS: "Долг жителя",
    Book.IN_TRANSIT: "В пути у агента",
    Book.UNIDENTIFIED: "Невыясненные",
    Book.PENALTIES: "Пени",
}


# ---- suggestions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An account the money may be for: why, and what it owes now."""

    account_id: int
    number: str
    address: str
    payer_name: str
    balance_kopecks: int
    reasons: tuple[str, ...]
    is_closed: bool


HISTORY, SLIP, NAME, SUM = (
    "этот номер уже относили к этому счёту",
    "номер отличается одной ошибкой",
    "похожее имя плательщика",
    "долг равен сумме",
)
WEIGHTS = {HISTORY: 8, SLIP: 4, NAME: 2, SUM: 3}

CANDIDATES = f"""
WITH found AS (
  SELECT p.account_id AS id, 'history' AS why FROM payment_decisions d JOIN payments p ON p.id = d.payment_id
   WHERE d.deed = 'assign' AND d.state = 'done' AND p.state = 'posted' AND p.account_number = :number
     AND :number <> ''
  UNION SELECT id, 'slip' FROM accounts WHERE number = ANY (CAST(:variants AS text[]))
  UNION (SELECT id, 'name' FROM accounts
          WHERE :name <> '' AND search_name LIKE CAST(:name AS text) || '%' ORDER BY id LIMIT 40)
  UNION (SELECT o.account_id, 'sum' FROM opening_balances o
          WHERE o.period = (SELECT period FROM months WHERE state = 'open') AND o.amount_kopecks = :amount
          ORDER BY o.account_id LIMIT 20))
SELECT a.id, a.number, a.payer_name, a.closed_on IS NOT NULL AS is_closed, array_agg(g.why) AS whys,
       {ADDRESS} AS address
  FROM found g JOIN accounts a ON a.id = g.id {ADDRESS_JOINS}
 GROUP BY a.id, st.kind, st.name, h.number, f.kind, f.number"""  # noqa: S608 - words of ours
WORDS = {"history": HISTORY, "slip": SLIP, "name": NAME, "sum": SUM}


async def suggestions(session: Session, payment: Unmatched) -> list[Suggestion]:
    """Accounts the money may be for, the likeliest first."""
    found = (
        await session.execute(
            text(CANDIDATES),
            {
                "number": payment.account_number,
                "variants": variants(payment.account_number),
                "name": surname(payment.payer),
                "amount": payment.amount_kopecks,
            },
        )
    ).all()
    balances = await ledger.balances(session, [row.id for row in found])
    made = []
    for row in found:
        reasons = [WORDS[why] for why in row.whys]
        balance = balances[row.id].amount_kopecks
        if balance == payment.amount_kopecks and SUM not in reasons:
            reasons.append(SUM)
        made.append(
            Suggestion(
                row.id,
                row.number,
                row.address,
                row.payer_name,
                balance,
                tuple(sorted(reasons, key=lambda one: -WEIGHTS[one])),
                row.is_closed,
            )
        )
    made.sort(key=lambda one: (-sum(WEIGHTS[why] for why in one.reasons), one.number))
    return made[:SUGGESTIONS_MAX]


def variants(number: str) -> list[str]:
    """Numbers one slip away: a digit wrong, left out, put in or two swapped; zeros in front lost or added."""
    if not number or not number.isascii() or not number.isdigit() or len(number) > 20:
        return []
    made = {number, *(number.lstrip("0").zfill(length) for length in range(len(number), len(number) + 5))}
    for at, digit in enumerate(number):
        rest = number[at + 1 :]
        made.add(number[:at] + rest)
        made.update(number[:at] + other + rest for other in ALPHABET)
        made.update(number[:at] + other + digit + rest for other in ALPHABET)
        if rest:
            made.add(number[:at] + rest[0] + digit + rest[1:])
    made.update(number + other for other in ALPHABET)
    made.discard("")
    return sorted(made)[:VARIANTS_MAX]


def surname(payer: str | None) -> str:
    """The first word of the payer as accounts are searched by; too short a one says nothing."""
    words = (payer or "").replace(",", " ").lower().replace("ё", "е").split()
    return escaped(words[0]) if words and len(words[0]) > 2 and words[0].isalpha() else ""


async def accounts_like(session: Session, words: str) -> Sequence[tuple[int, str, str]]:
    """Accounts whose number or payer begins so, for a choice by hand: id, number, payer."""
    found = await session.execute(
        text("""
        SELECT id, number, payer_name FROM accounts
         WHERE number LIKE CAST(:number AS text) || '%' OR search_name LIKE CAST(:name AS text) || '%'
         ORDER BY number LIMIT 20"""),
        {
            "number": escaped(words.strip()),
            "name": escaped(" ".join(words.lower().replace("ё", "е").split())),
        },
    )
    return [(row.id, row.number, row.payer_name) for row in found]
