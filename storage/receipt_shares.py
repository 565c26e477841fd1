"""An account's money by payment blocks of its document: what was owed, paid and is owed, from the ledger.

Read only for organisations whose payees stand apart. What each payee is owed is the ledger's own sharing
(`storage.debts`) at the first and last instant of the month, so a document opens with what the one before it
ended with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from billing.ledger import Book
from billing.period import Period
from billing.receipt_parts import ReceiptMismatchError
from billing.receipt_split import Bucket, Placing
from storage.debts import AccountDebts, debts_on
from storage.payment_policy import policies
from storage.session import Session

NAMED = text(f"""
    SELECT p.account_id, p.organisation_id AS payee, p.service, e.kind = 'interest' AS is_interest,
           sum(p.amount_kopecks)::bigint AS amount
      FROM postings p JOIN entries e ON e.id = p.entry_id
     WHERE p.account_id = ANY (:accounts) AND p.period = :period AND p.book = {int(Book.RESIDENTS)}
       AND (p.organisation_id IS NOT NULL OR e.kind = 'interest')
     GROUP BY 1, 2, 3, 4""")  # noqa: S608 - a number of ours


@dataclass(slots=True)
class Shares:
    """Kopecks by block; paid: postings that name their payee, minus is a payment."""

    opening: Counter[Bucket] = field(default_factory=Counter)
    owed: Counter[Bucket] = field(default_factory=Counter)
    posted: Counter[Bucket] = field(default_factory=Counter)
    interest: Counter[Bucket] = field(default_factory=Counter)


async def read_shares(
    session: Session, heads: Sequence[Any], period: Period, placings: Mapping[int, Placing]
) -> dict[int, Shares]:
    """Shares of accounts whose organisation keeps payees apart; others are absent and cost nothing."""
    apart = [head for head in heads if not placings[head.company_id].is_single]
    if not apart:
        return {}
    ids, companies = [head.id for head in apart], [head.company_id for head in apart]
    month, before = period.first_day, period.shift(-1).first_day
    by_company = await policies(session, sorted(set(companies)), period.last_day)
    found = {one: Shares() for one in ids}
    was = await debts_on(session, ids, companies, by_company, month, before)
    _add(was, ids, companies, placings, [found[one].opening for one in ids])
    now = await debts_on(session, ids, companies, by_company, month, month)
    _add(now, ids, companies, placings, [found[one].owed for one in ids])
    company_of = dict(zip(ids, companies, strict=True))
    for row in await session.execute(NAMED, {"accounts": ids, "period": month}):
        bucket = placings[company_of[row.account_id]].of(row.payee or 0, row.service or 0)
        shares = found[row.account_id]
        (shares.interest if row.is_interest else shares.posted)[bucket] += row.amount
    return found


def _add(
    debts: AccountDebts,
    ids: Sequence[int],
    companies: Sequence[int],
    placings: Mapping[int, Placing],
    into: Sequence[Counter[Bucket]],
) -> None:
    columns = (debts.account, debts.payee, debts.service, debts.amount)
    for at, payee, service, amount in zip(*(column.tolist() for column in columns), strict=True):
        into[at][placings[companies[at]].of(payee, service)] += amount


def with_rest(shares: Counter[Bucket], main: Bucket, whole: int) -> Counter[Bucket]:
    """The same with what is left of an advance at the main block. Raises ReceiptMismatchError for a debt the
    books know and the sharing does not.
    """
    rest = whole - sum(shares.values())
    if rest > 0:
        raise ReceiptMismatchError(
            f"Квитанция не сходится: в книгах на {rest} коп. больше, чем долги по получателям. "
            "Документ не выпущен; проверьте счёт командой «paylogic ledger check»."
        )
    made = Counter(shares)
    made[main] += rest
    return made
