"""Agreements as pages show them: the list, one with its schedule, those of an account."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage.run_totals import escaped
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session

OF_ACCOUNT_MAX = 50


@dataclass(frozen=True, slots=True)
class AgreementPartRow:
    """A part: paid_kopecks is how much of it is paid by the last check."""

    ordinal: int
    period: dt.date
    due_on: dt.date
    amount_kopecks: int
    interest_kopecks: int
    paid_kopecks: int

    @property
    def total_kopecks(self) -> int:
        return self.amount_kopecks + self.interest_kopecks

    @property
    def is_paid(self) -> bool:
        return self.paid_kopecks >= self.amount_kopecks


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """An agreement with names; next_on, next_kopecks: the first part not paid yet."""

    id: int
    kind: str
    state: str
    account_id: int
    number: str
    address: str
    payer_name: str
    company_id: int
    company_name: str
    amount_kopecks: int
    months: int
    rate_permille: int
    grace_days: int
    penalties: str
    on_break: str
    covered_until: dt.date
    service: int | None
    of_period: dt.date | None
    before_kopecks: int
    document: str
    note: str
    made_by_name: str | None
    made_on: dt.date | None
    recorded_at: dt.datetime
    paper_id: int | None
    paid_kopecks: int
    checked_on: dt.date | None
    broken_on: dt.date | None
    ended_on: dt.date | None
    cancel_asked_by: int | None
    cancel_asked_by_name: str | None
    cancel_reason: str | None
    cancelled_by_name: str | None
    next_on: dt.date | None
    next_kopecks: int | None


@dataclass(frozen=True, slots=True)
class AgreementFound:
    """A page of agreements, how many there are, the sum they cover and what is paid of it."""

    rows: list[AgreementRow]
    total: int
    amount_kopecks: int
    paid_kopecks: int


ROWS = f"""
SELECT g.id, g.kind, g.state, g.account_id, a.number, {ADDRESS} AS address, a.payer_name, g.company_id,
       o.short_name AS company_name, g.amount_kopecks, g.months, g.rate_permille, g.grace_days, g.penalties,
       g.on_break, g.covered_until, g.service, g.of_period, g.before_kopecks, g.document, g.note,
       m.full_name AS made_by_name, g.made_on, g.recorded_at, g.paper_id, g.paid_kopecks, g.checked_on,
       g.broken_on, g.ended_on, g.cancel_asked_by, c.full_name AS cancel_asked_by_name, g.cancel_reason,
       d.full_name AS cancelled_by_name, n.due_on AS next_on, n.left_kopecks AS next_kopecks,
       st.search_name AS street
  FROM agreements g JOIN accounts a ON a.id = g.account_id {ADDRESS_JOINS}
  JOIN organisations o ON o.id = g.company_id
  LEFT JOIN users m ON m.id = g.made_by
  LEFT JOIN users c ON c.id = g.cancel_asked_by
  LEFT JOIN users d ON d.id = g.cancelled_by
  LEFT JOIN LATERAL (
    SELECT p.due_on, least(p.amount_kopecks, p.through - g.paid_kopecks) + p.interest_kopecks AS left_kopecks
      FROM (SELECT due_on, ordinal, amount_kopecks, interest_kopecks,
                   sum(amount_kopecks) OVER (ORDER BY ordinal)::bigint AS through
              FROM agreement_parts x WHERE x.agreement_id = g.id) p
     WHERE p.through > g.paid_kopecks ORDER BY p.ordinal LIMIT 1) n ON g.state = 'active'"""  # noqa: S608
SORTS = {
    "id": "id",
    "number": "number",
    "address": "address",
    "amount": "amount_kopecks",
    "left": "amount_kopecks - paid_kopecks",
    "next": "next_on",
}
FOUND = """
SELECT *, count(*) OVER ()::int AS found, sum(amount_kopecks) OVER ()::bigint AS found_kopecks,
       sum(paid_kopecks) OVER ()::bigint AS found_paid FROM (ROWS) r
 WHERE (:kind = '' OR kind = :kind) AND (:state = '' OR state = :state)
   AND (CAST(:company AS int) IS NULL OR company_id = :company)
   AND (:q = '' OR number LIKE :q || '%' OR lower(payer_name) LIKE lower(:q) || '%'
        OR street LIKE replace(lower(:q), 'ё', 'е') || '%')"""


async def found(
    session: Session,
    *,
    kind: str = "",
    state: str = "",
    company_id: int | None = None,
    q: str = "",
    sort: str = "id",
    is_descending: bool = True,
    limit: int,
    offset: int = 0,
) -> AgreementFound:
    """Agreements that are looked for."""
    order = f"{SORTS[sort]} {'DESC' if is_descending else 'ASC'} NULLS LAST, id DESC"
    rows = (
        await session.execute(
            text(f"{FOUND.replace('ROWS', ROWS)} ORDER BY {order} LIMIT :limit OFFSET :offset"),
            {
                "kind": kind,
                "state": state,
                "company": company_id,
                "q": escaped(q),
                "limit": limit,
                "offset": offset,
            },
        )
    ).all()
    first = rows[0] if rows else None
    return AgreementFound(
        [_row(row) for row in rows],
        first.found if first else 0,
        first.found_kopecks if first else 0,
        first.found_paid if first else 0,
    )


def _row(row: Any) -> AgreementRow:
    return AgreementRow(**{name: getattr(row, name) for name in AgreementRow.__slots__})


async def one(session: Session, agreement_id: int) -> AgreementRow | None:
    """An agreement the caller may see."""
    row = (await session.execute(text(f"{ROWS} WHERE g.id = :id"), {"id": agreement_id})).one_or_none()
    return None if row is None else _row(row)


async def of_account(session: Session, account_id: int) -> list[AgreementRow]:
    """Agreements of an account, the newest first."""
    rows = await session.execute(
        text(f"{ROWS} WHERE g.account_id = :id ORDER BY g.id DESC LIMIT {OF_ACCOUNT_MAX}"), {"id": account_id}
    )
    return [_row(row) for row in rows]


async def parts_of(session: Session, rows: list[AgreementRow]) -> dict[int, list[AgreementPartRow]]:
    """Schedules of agreements with what is paid of each part, the earliest paid first; one query."""
    paid = {row.id: row.paid_kopecks for row in rows}
    out: dict[int, list[AgreementPartRow]] = {row.id: [] for row in rows}
    found_ = await session.execute(
        text("""
        SELECT agreement_id, ordinal, period, due_on, amount_kopecks, interest_kopecks FROM agreement_parts
         WHERE agreement_id = ANY (CAST(:ids AS int[])) ORDER BY agreement_id, ordinal"""),
        {"ids": list(paid)},
    )
    for part in found_:
        mine = min(paid[part.agreement_id], part.amount_kopecks)
        paid[part.agreement_id] -= mine
        out[part.agreement_id].append(
            AgreementPartRow(
                part.ordinal, part.period, part.due_on, part.amount_kopecks, part.interest_kopecks, mine
            )
        )
    return out
