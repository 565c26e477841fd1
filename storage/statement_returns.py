"""A payment order the bank gave back: found by its number in the purpose, re-booked, its money paid anew.

The execution and the distribution of the order are reversed in the open month: we owe the payee again, the
fees are taken back, and shares are free, so that the next distribution pays them by a new order.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from sqlalchemy import text

from storage import audit, ledger
from storage.session import Session

RETURN_WORDS = re.compile(r"возврат|возвращ|не\s*зачислен", re.I)
ORDER_NUMBER = re.compile(
    r"(?:п\s*[/.\\]\s*п|пл(?:ат)?[а-яё.]*\s*[-\s]?\s*пор[а-яё.]*|пор[а-яё.]*)\s*[.:]?\s*(?:№|N|No)?\s*0*([1-9]\d{0,8})",
    re.I,
)
REASON = re.compile(r"(?:причина|в\s+связи\s+с|по\s+причине|из-за)\W*(.{3,200})", re.I)
REASON_MAX = 210
NO_REASON = "Банк причины не назвал."

ORDER = """
SELECT t.id, t.run_id, t.number, t.payee_id, t.net_kopecks, t.entry_id, t.execution_entry_id
  FROM transfers t WHERE t.state = 'executed'"""


def numbers_in(purpose: str) -> list[int]:
    """Numbers of orders that a purpose of a return names; none when it is not about a return."""
    if not RETURN_WORDS.search(purpose):
        return []
    return [int(found) for found in ORDER_NUMBER.findall(purpose)]


def reason_in(purpose: str) -> str:
    """Why the bank gave the order back, as it says itself."""
    found = REASON.search(purpose)
    return (found[1] if found else purpose).strip(" .,;:")[:REASON_MAX] or NO_REASON


async def order_of(session: Session, purpose: str, amount_kopecks: int) -> Any:
    """The executed order a row gives back: named by its number and for the whole sum; None for any other."""
    found = await session.execute(
        text(f"{ORDER} AND t.number = ANY (:numbers) AND t.net_kopecks = :amount FOR UPDATE"),
        {"numbers": numbers_in(purpose), "amount": amount_kopecks},
    )
    rows = found.all()
    return rows[0] if len(rows) == 1 else None


async def order_by_id(session: Session, transfer_id: int, amount_kopecks: int) -> Any:
    """The executed order a person chose, when it is for this sum."""
    return (
        await session.execute(
            text(f"{ORDER} AND t.id = :id AND t.net_kopecks = :amount FOR UPDATE"),
            {"id": transfer_id, "amount": amount_kopecks},
        )
    ).one_or_none()


async def give_back(
    session: Session,
    row_id: int,
    order: Any,
    *,
    purpose: str,
    day: dt.date,
    booked_on: dt.date,
    period: dt.date,
    user_id: int | None,
) -> None:
    """Re-book an order the bank returned on a day; its shares wait for the next distribution."""
    reason = reason_in(purpose)
    told = f"Поручение № {order.number} возвращено банком: {reason}"
    made = [
        await ledger.reverse(
            session, int(entry_id), period=period, booked_on=booked_on, reason=told, user_id=user_id
        )
        for entry_id in (order.execution_entry_id, order.entry_id)
    ]
    await session.execute(
        text(
            "UPDATE payout_shares SET is_live = false WHERE run_id = :run AND payee_id = :payee AND is_live"
        ),
        {"run": order.run_id, "payee": order.payee_id},
    )
    await session.execute(
        text("""
        UPDATE transfers SET state = 'returned', returned_row_id = :row, returned_on = :day,
               return_reason = :reason, return_entry_id = :entry WHERE id = :id"""),
        {"row": row_id, "day": day, "reason": reason, "entry": made[0].entry_id, "id": order.id},
    )
    await session.execute(
        text("UPDATE statement_rows SET verdict = 'returned', message = '' WHERE id = :id"), {"id": row_id}
    )
    await audit.record(
        session,
        "transfer_returned",
        "transfer",
        order.id,
        user_id=user_id,
        after={"net_kopecks": order.net_kopecks, "number": order.number},
        ground=reason,
    )
