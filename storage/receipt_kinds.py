"""Documents of a month by kind: the usual ones, the debt document, the contribution for capital repair alone;
and the list of an account's documents for pages.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import text

from billing.ledger import Book
from billing.period import Period
from billing.receipt import DocumentKind
from billing.receipt_split import CAPITAL
from storage import receipt_debts
from storage.receipt_debts import build_debts
from storage.receipt_terms import placings
from storage.receipts import Built, build_receipts
from storage.session import Session

NO_REPAIR = (
    "Отдельного документа на капитальный ремонт нет: взнос стоит в общем документе или не начислен. "
    "Отдельный документ включают на странице «Получатели в квитанциях»."
)


async def build_documents(
    session: Session, account_ids: Iterable[int], period: Period, kind: DocumentKind
) -> dict[int, Built]:
    """What a print run or a page of this kind gives for each account; not checked."""
    if kind is DocumentKind.DEBT:
        return await build_debts(session, account_ids, period)
    built = await build_receipts(session, account_ids, period)
    if kind is DocumentKind.REGULAR:
        return built
    return {account: _repair(one) for account, one in built.items()}


def _repair(built: Built) -> Built:
    """Only documents of capital repair; they were proved with the others."""
    if built.receipt is None:
        return built
    built.check()
    own = [one for one in built.documents if one.kind is DocumentKind.CAPITAL_REPAIR]
    if not own:
        return replace(built, receipt=None, others=(), whole=None, problem=NO_REPAIR)
    return replace(built, receipt=own[0], others=tuple(own[1:]), whole=None)


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document of an account for a month in a list. part: as in `Receipt.part`."""

    part: str
    title: str
    payee: str
    amount_kopecks: int


LINES = text("""
    SELECT l.supplier_id, l.service::int AS service, o.short_name,
           sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS amount
      FROM lines l JOIN organisations o ON o.id = l.supplier_id
     WHERE l.account_id = :account
       AND l.run_id = ANY (ARRAY(SELECT id FROM runs WHERE state = 'published' AND posted_in = :month))
     GROUP BY 1, 2, 3 ORDER BY 1, 2""")
OLD = text(f"""
    SELECT greatest(0, coalesce((SELECT amount_kopecks FROM opening_balances
                                  WHERE account_id = :account AND period = :month), 0)
           + coalesce((SELECT sum(amount_kopecks) FROM postings
                        WHERE account_id = :account AND period = :month
                          AND book = {int(Book.RESIDENTS)}), 0))::bigint""")  # noqa: S608 - a number of ours


async def document_list(session: Session, account_id: int, month: dt.date) -> list[DocumentRow]:
    """Documents there are for a month, the main one first and the debt document last; four queries."""
    at = {"account": account_id, "month": month}
    company_id = await session.scalar(text("SELECT company_id FROM accounts WHERE id = :account"), at)
    if company_id is None:
        return []
    placing = (await placings(session, [company_id], month))[company_id]
    sums: dict[str, DocumentRow] = {}
    for line in await session.execute(LINES, at):
        part = placing.of(line.supplier_id, line.service).document
        title = "Квитанция" if not part else "Капитальный ремонт" if part == CAPITAL else "Отдельный документ"
        known = sums.setdefault(part, DocumentRow(part, title, line.short_name if part else "", 0))
        sums[part] = replace(known, amount_kopecks=known.amount_kopecks + line.amount)
    if not sums:
        return []
    made = sorted(sums.values(), key=lambda one: (one.part != "", one.part == CAPITAL, one.part))
    debt = int(await session.scalar(OLD, at) or 0)
    if debt:
        made.append(DocumentRow(receipt_debts.PART, "Долговой документ", "", debt))
    return made
