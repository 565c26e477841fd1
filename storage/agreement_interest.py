"""Interest of instalments (Rules 354, cl. 72) put on the books in the month of its part, once.

Owed on RESIDENTS without a month, so that it bears no penalties, and due to the payee of the charge on
PAYEES.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text

from billing.ledger import Book, Entry, Posting
from storage import ledger
from storage.months import open_month
from storage.session import Session

WAITING = """
SELECT g.id, g.account_id, g.company_id, g.service, p.ordinal, p.interest_kopecks,
       (SELECT l.supplier_id FROM lines l JOIN runs r ON r.id = l.run_id AND r.state = 'published'
         WHERE l.account_id = g.account_id AND l.service = g.service AND r.period = g.of_period
         GROUP BY 1 ORDER BY sum(l.amount_kopecks) DESC LIMIT 1) AS payee_id
  FROM agreements g JOIN agreement_parts p ON p.agreement_id = g.id
 WHERE g.state = 'active' AND g.kind = 'rise' AND p.interest_kopecks > 0 AND p.period = :period
   AND NOT EXISTS (SELECT 1 FROM entries e
                    WHERE e.idempotency_key = 'interest:' || g.id || ':' || p.ordinal)
 ORDER BY g.id"""


async def post_interest(session: Session, day: dt.date) -> int:
    """Post the interest of parts of the open month; how many were posted. For workers."""
    period = await open_month(session)
    if period is None:
        return 0
    rows = (await session.execute(text(WAITING), {"period": period})).all()
    posted = 0
    for row in rows:
        if row.payee_id is None:
            continue
        entry = Entry(
            "interest",
            period,
            max(day, period),
            f"interest:{row.id}:{row.ordinal}",
            ground=f"Проценты за рассрочку № {row.id}, часть {row.ordinal} (ПП 354, п. 72)",
        )
        amount = row.interest_kopecks
        await ledger.post(
            session,
            entry,
            [
                Posting(Book.RESIDENTS, amount, row.account_id, row.company_id, row.payee_id, row.service),
                Posting(Book.PAYEES, -amount, organisation_id=row.payee_id, service=row.service),
            ],
        )
        posted += 1
    return posted
