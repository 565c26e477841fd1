"""A proposal put in force by somebody other than who entered it: locked once, decided once, in one place.

Every table of proposals has the columns id, state ('waiting', 'approved', 'declined'), proposed_by,
decided_by and decided_at; what a decision changes elsewhere is the business of the caller, in the same
transaction.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from sqlalchemy import Row, text

from storage.session import Session

ProposalTable = Literal[
    "value_proposals",
    "relief_values",
    "formulas",
    "penalty_values",
    "choice_proposals",
    "card_refunds",
    "vat_terms",
    "receipt_terms",
    "netting_trials",
    "policy_trials",
    "common_mode_proposals",
]
Decision = Literal["approved", "declined"]
OWN = "Внесли вы, поэтому утвердить должен другой сотрудник."


class ValueRefused(Exception):
    """A value that cannot be entered or approved; the message says what, why and what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


async def take(session: Session, table: ProposalTable, proposal_id: int) -> Row[Any]:
    """The waiting row, locked until the transaction ends. Raises ValueRefused when it is decided already."""
    found = await session.execute(
        text(f"SELECT * FROM {table} WHERE id = :id AND state = 'waiting' FOR UPDATE"),  # noqa: S608
        {"id": proposal_id},
    )
    row = found.one_or_none()
    if row is None:
        raise ValueRefused("value-decided", "По этой записи уже решили. Обновите страницу.")
    return row


def why_not(proposed_by: int | None, user_id: int) -> str:
    """Why this person may not approve it, for a page; empty when nothing is against it."""
    return OWN if proposed_by == user_id else ""


def refuse_own(row: Row[Any], user_id: int) -> None:
    """Nobody approves what he entered. Raises ValueRefused."""
    if row.proposed_by == user_id:
        raise ValueRefused("same-person", OWN)


async def settle(
    session: Session,
    table: ProposalTable,
    proposal_id: int,
    *,
    is_approved: bool,
    user_id: int,
    now: dt.datetime,
) -> Row[Any]:
    """A decision that changes nothing else: the row taken, checked, written. Raises ValueRefused."""
    row = await take(session, table, proposal_id)
    if is_approved:
        refuse_own(row, user_id)
    await decide(session, table, proposal_id, "approved" if is_approved else "declined", user_id, now)
    return row


async def decide(
    session: Session,
    table: ProposalTable,
    proposal_id: int,
    decision: Decision,
    user_id: int,
    now: dt.datetime,
) -> None:
    """Write who decided what and when; a declined row stays in its table."""
    await session.execute(
        text(
            f"UPDATE {table} SET state = :state, decided_by = :user_id, decided_at = :now WHERE id = :id"  # noqa: S608
        ),
        {"state": decision, "user_id": user_id, "now": now, "id": proposal_id},
    )
