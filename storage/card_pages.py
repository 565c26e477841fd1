"""What pages show of cards and СБП: debts by payee, orders and checks as lists, one order's story."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from storage import ledger
from storage.card_orders import ORDER, Order, order_of
from storage.debts import open_debts
from storage.payment_policy import policies
from storage.run_totals import escaped
from storage.session import Session

HISTORY_MAX = 50


@dataclass(frozen=True, slots=True)
class PayeeDebt:
    """What an account owes to a payee, penalties with it. id None: of nobody in particular."""

    id: int | None
    name: str
    amount_kopecks: int


async def debts_by_payee(session: Session, account_id: int, company_id: int, day: dt.date) -> list[PayeeDebt]:
    """Debts after advances, the greatest first."""
    by_company = await policies(session, [company_id], day)
    debts = await open_debts(session, [account_id], [company_id], by_company)
    sums: dict[int, int] = {}
    for payee, amount in zip(debts.payee.tolist(), debts.amount.tolist(), strict=True):
        sums[payee] = sums.get(payee, 0) + amount
    found = await session.execute(
        text("SELECT id, short_name FROM organisations WHERE id = ANY (:ids)"), {"ids": list(sums)}
    )
    names = {row.id: row.short_name for row in found}
    made = [PayeeDebt(payee or None, names.get(payee, "Остаток прошлых лет"), sums[payee]) for payee in sums]
    return sorted(made, key=lambda one: (-one.amount_kopecks, one.name))


async def history(session: Session, account_id: int) -> list[Order]:
    """Orders of an account, the newest first."""
    found = await session.execute(
        text(f"{ORDER} WHERE o.account_id = :id AND o.source = 'cabinet' ORDER BY o.id DESC LIMIT :limit"),
        {"id": account_id, "limit": HISTORY_MAX},
    )
    return [order_of(row) for row in found]


# ---- the list of orders -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A row of the list."""

    id: int
    number: str
    recorded_at: dt.datetime
    account_id: int
    account_number: str
    gate_title: str
    method: str
    source: str
    amount_kopecks: int
    refunded_kopecks: int
    state: str
    words: str
    check_state: str
    has_refund: bool


@dataclass(frozen=True, slots=True)
class OrderList:
    """A page of the list with the count and the sum of all found."""

    rows: list[OrderLine]
    total: int
    amount_kopecks: int


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What is looked for. state «trouble»: sums that differ, refunds that wait, checks that failed."""

    state: str = ""
    method: str = ""
    words: str = ""
    since: dt.date | None = None


SORTS = {"recorded": "o.id", "account": "o.account_number", "sum": "o.amount_kopecks", "state": "o.state"}

LIST = """
SELECT f.*, count(*) OVER ()::int AS total, coalesce(sum(f.amount_kopecks) OVER (), 0)::bigint AS kopecks
  FROM (
  SELECT o.id, o.number, o.recorded_at, o.account_id, o.account_number,
         coalesce(g.profile->>'title', '') AS gate_title, o.method, o.source, o.amount_kopecks,
         o.refunded_kopecks, o.state, o.words,
         coalesce((SELECT c.state FROM card_checks c WHERE c.order_id = o.id ORDER BY c.id DESC LIMIT 1), '')
           AS check_state,
         EXISTS (SELECT 1 FROM card_refunds r WHERE r.order_id = o.id AND r.state IN ('waiting', 'approved'))
           AS has_refund
    FROM card_orders o LEFT JOIN card_gates g ON g.id = o.gate_id
   WHERE (CAST(:state AS text) IN ('', 'trouble', 'refunds') OR o.state = :state)
     AND (CAST(:state AS text) <> 'trouble' OR o.state = 'mismatch' OR EXISTS (
          SELECT 1 FROM card_checks c WHERE c.order_id = o.id AND c.state = 'failed')
          OR EXISTS (SELECT 1 FROM card_refunds r WHERE r.order_id = o.id AND r.state = 'failed'))
     AND (CAST(:state AS text) <> 'refunds' OR EXISTS (
          SELECT 1 FROM card_refunds r WHERE r.order_id = o.id AND r.state = 'waiting'))
     AND (CAST(:method AS text) = '' OR o.method = :method)
     AND (CAST(:since AS date) IS NULL OR o.recorded_at >= :since)
     AND (CAST(:words AS text) = '' OR o.account_number LIKE CAST(:words AS text) || '%'
          OR o.number LIKE CAST(:words AS text) || '%')
   ORDER BY {order}) f LIMIT :limit OFFSET :offset"""


async def order_list(
    session: Session,
    wanted: OrderFilter,
    *,
    sort: str = "recorded",
    is_descending: bool = True,
    limit: int,
    offset: int = 0,
) -> OrderList:
    """Orders sorted by a key of SORTS."""
    way = "DESC" if is_descending else "ASC"
    found = (
        await session.execute(
            text(LIST.format(order=f"{SORTS[sort]} {way}, o.id {way}")),
            {
                "state": wanted.state,
                "method": wanted.method,
                "since": wanted.since,
                "words": escaped(wanted.words),
                "limit": limit,
                "offset": offset,
            },
        )
    ).all()
    if not found:
        return OrderList([], 0, 0)
    return OrderList([OrderLine(*row[:14]) for row in found], found[0].total, found[0].kopecks)


# ---- checks -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A check as pages show it."""

    id: int
    order_id: int | None
    order_number: str | None
    account_number: str
    kind: str
    external_id: str
    amount_kopecks: int
    state: str
    words: str
    url: str
    document: str
    recorded_at: dt.datetime
    done_at: dt.datetime | None


CHECK = """
SELECT c.id, c.order_id, o.number AS order_number, a.number AS account_number, c.kind, c.external_id,
       c.amount_kopecks, c.state, c.words, c.url,
       coalesce(c.fiscal->>'fiscal_document_number', '') AS document, c.recorded_at, c.done_at
  FROM card_checks c JOIN accounts a ON a.id = c.account_id
  LEFT JOIN card_orders o ON o.id = c.order_id"""


async def checks_of(session: Session, order_id: int) -> list[CheckLine]:
    """Checks of an order, the oldest first."""
    found = await session.execute(text(f"{CHECK} WHERE c.order_id = :id ORDER BY c.id"), {"id": order_id})
    return [CheckLine(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class CheckList:
    """A page of checks."""

    rows: list[CheckLine]
    total: int


async def check_list(session: Session, state: str, words: str, *, limit: int, offset: int = 0) -> CheckList:
    """Checks, the newest first; state «» is all."""
    found = (
        await session.execute(
            text(f"""
            SELECT f.*, count(*) OVER ()::int AS total FROM ({CHECK}
             WHERE (CAST(:state AS text) = '' OR c.state = :state)
               AND (CAST(:words AS text) = '' OR a.number LIKE CAST(:words AS text) || '%'
                    OR c.external_id LIKE CAST(:words AS text) || '%')
             ORDER BY c.id DESC) f ORDER BY f.id DESC LIMIT :limit OFFSET :offset"""),  # noqa: S608
            {"state": state, "words": escaped(words), "limit": limit, "offset": offset},
        )
    ).all()
    return CheckList([CheckLine(*row[:13]) for row in found], found[0].total if found else 0)


async def check_counts(session: Session) -> dict[str, int]:
    """How many checks are in each state."""
    found = await session.execute(text("SELECT state, count(*)::int FROM card_checks GROUP BY 1"))
    return {row[0]: row[1] for row in found}


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice of a bank about an order."""

    recorded_at: dt.datetime
    address: str
    verdict: str
    times: int


async def notices_of(session: Session, order_id: int) -> Sequence[NoticeLine]:
    """Notices about an order, the oldest first."""
    found = await session.execute(
        text("""
        SELECT recorded_at, address, verdict, times FROM card_notices WHERE order_id = :id ORDER BY id"""),
        {"id": order_id},
    )
    return [NoticeLine(**row._mapping) for row in found]


async def account_by_number(session: Session, number: str) -> tuple[int, int, int] | None:
    """Id, company and balance of an open account by its number; None when there is none in scope."""
    row = (
        await session.execute(
            text("SELECT id, company_id FROM accounts WHERE number = :number AND closed_on IS NULL"),
            {"number": number},
        )
    ).one_or_none()
    if row is None:
        return None
    return row.id, row.company_id, (await ledger.balance(session, row.id)).amount_kopecks
