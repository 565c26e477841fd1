"""Whose an advance is by now: postings without a payee, as far as charges have taken them.

An advance stays one posting on the account (ADR 0016): charges are lessened by it without an entry. To be
paid out it is laid over the charges by the very rule debts are read by, over the whole history, and what left
in earlier distributions is taken off. Balances of an older system name no payee, so what pays them stays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.allocation import BY_LAW
from billing.period import Period
from storage.debts import credits_taken
from storage.payment_policy import policies
from storage.session import Session

BLOCK_ACCOUNTS = 2_000


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an advance that belongs to a payee now."""

    entry_id: int
    ordinal: int
    payee_id: int
    service: int
    of_period: dt.date | None
    amount_kopecks: int


@dataclass(slots=True)
class _Open:
    """An advance's posting and what of it has not left yet."""

    entry_id: int
    ordinal: int
    left: int


GONE = """
SELECT p.account_id, s.payee_id, s.service, sum(s.amount_kopecks)::bigint AS amount
  FROM postings p JOIN payout_shares s ON s.entry_id = p.entry_id AND s.ordinal = p.ordinal
 WHERE p.account_id = ANY (CAST(:accounts AS int[])) AND p.organisation_id IS NULL
   AND s.is_live AND s.is_advance
 GROUP BY 1, 2, 3"""


async def parts(session: Session, advances: Sequence[Any], day: dt.date) -> list[Part]:
    """Parts to pay out. advances: rows (entry_id, ordinal, account_id, company_id, left), oldest first."""
    by_account: dict[int, list[_Open]] = {}
    companies: dict[int, int] = {}
    for row in advances:
        by_account.setdefault(row.account_id, []).append(_Open(row.entry_id, row.ordinal, row.left))
        companies[row.account_id] = row.company_id
    ids = list(by_account)
    out: list[Part] = []
    for start in range(0, len(ids), BLOCK_ACCOUNTS):
        block = ids[start : start + BLOCK_ACCOUNTS]
        out += await _block(session, block, [companies[one] for one in block], by_account, day)
    return out


async def _block(
    session: Session,
    ids: Sequence[int],
    companies: Sequence[int],
    advances: dict[int, list[_Open]],
    day: dt.date,
) -> list[Part]:
    by_company = await policies(session, sorted(set(companies)), day)
    taken = await credits_taken(
        session, ids, companies, {company: by_company.get(company, BY_LAW) for company in companies}
    )
    found = await session.execute(text(GONE), {"accounts": list(ids)})
    gone = {(row.account_id, row.payee_id, row.service): row.amount for row in found}
    out: list[Part] = []
    for at, ordinal, payee, service, paid in taken:
        account = ids[at]
        key = (account, payee, service)
        before = min(gone.get(key, 0), paid)
        gone[key] = gone.get(key, 0) - before
        if payee and paid > before:
            month = Period(ordinal).first_day if ordinal else None
            out += _laid(advances[account], payee, service, month, paid - before)
    return out


def _laid(
    advances: Sequence[_Open], payee: int, service: int, month: dt.date | None, amount: int
) -> list[Part]:
    """The sum taken off the advances, the oldest first; more than there is of them is left out."""
    out = []
    for one in advances:
        part = min(one.left, amount)
        if part > 0:
            one.left -= part
            amount -= part
            out.append(Part(one.entry_id, one.ordinal, payee, service, month, part))
    return out
