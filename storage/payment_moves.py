"""Moves of money that is here already: cancelled by its agent, assigned to an account, returned, kept.

A page writes a decision and its event; the intake obeys it: the entry, the payment's state and the decision's
answer are one transaction. For workers, but for `decide`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from billing.ledger import Book, Entry, Posting
from storage import audit, ledger, outbox
from storage.months import open_month
from storage.payments import (
    POSTED,
    POSTING_LOCK,
    UNMATCHED,
    Account,
    Due,
    Incoming,
    NoOpenMonth,
    Outcome,
    share_out,
)
from storage.session import Session

DECIDED = "payments.decided"
ASSIGN, RETURN, KEEP, UNDO = "assign", "return", "keep", "undo"
DEEDS = (ASSIGN, RETURN, KEEP, UNDO)
KEPT, RETURNED, REVERSED = "kept", "returned", "reversed"
WAITING = (UNMATCHED, KEPT)
INBOX_STATES = {"posted": "processed", "repeat": "processed", "unmatched": "processed", "conflict": "refused"}
TODAY = "SELECT (clock_timestamp() AT TIME ZONE 'Europe/Moscow')::date"


class MoveRefused(ValueError):
    """A move that must not be made now; the message says why and what to do."""

    code = "move_refused"
    permanent = True


async def settle(session: Session, event_ids: Sequence[str], outcomes: Sequence[Outcome]) -> None:
    """States of the inbox rows of posted payments, by one statement; what a repeat is told stays."""
    parts = [event_id.partition(":") for event_id in event_ids]
    await session.execute(
        text("""
        UPDATE inbox i SET state = w.state
          FROM unnest(CAST(:sources AS text[]), CAST(:keys AS text[]), CAST(:states AS text[]))
            AS w(source, key, state)
         WHERE i.source = w.source AND i.key = w.key"""),
        {
            "sources": [source for source, _, _ in parts],
            "keys": [key for _, _, key in parts],
            "states": [INBOX_STATES[outcome.kind] for outcome in outcomes],
        },
    )


async def decide(
    session: Session, payment_id: int, deed: str, *, reason: str, user_id: int, account_id: int | None = None
) -> int:
    """Write a person's decision and its event; the caller commits. Raises MoveRefused when one waits already
    or the payment is not in a state for it.
    """
    assert deed in DEEDS, f"no such deed: {deed}"
    row = (
        await session.execute(text("SELECT state FROM payments WHERE id = :id"), {"id": payment_id})
    ).one_or_none()
    _refuse_unfit(deed, None if row is None else row.state)
    decision_id = await session.scalar(
        text("""
        INSERT INTO payment_decisions (payment_id, deed, account_id, reason, user_id)
        VALUES (:payment_id, :deed, :account_id, :reason, :user_id)
        ON CONFLICT (payment_id) WHERE state = 'planned' DO NOTHING RETURNING id"""),
        {
            "payment_id": payment_id,
            "deed": deed,
            "account_id": account_id,
            "reason": reason,
            "user_id": user_id,
        },
    )
    if decision_id is None:
        raise MoveRefused("Решение по этому платежу уже выполняется. Обновите страницу.")
    await outbox.add(
        session, DECIDED, {"decision_id": int(decision_id)}, f"payment-decision:{int(decision_id)}"
    )
    return int(decision_id)


def _refuse_unfit(deed: str, state: str | None) -> None:
    if state is None:
        raise MoveRefused("Такого платежа нет.")
    fits = state == POSTED if deed == UNDO else state in WAITING
    if not fits:
        raise MoveRefused("Платёж уже разобран. Обновите страницу и посмотрите, что с ним сделали.")


PAYMENT = """
SELECT p.id, p.agent_id, p.number, p.account_id, p.amount_kopecks, p.paid_on, p.of_period, p.service, p.state,
       p.entry_id
  FROM payments p WHERE p.id = :id FOR UPDATE"""


async def obey(session: Session, decision_id: int) -> None:
    """Make the move of a decision; a refusal is its answer. A decision obeyed before changes nothing."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POSTING_LOCK})
    decision = (
        await session.execute(
            text("SELECT * FROM payment_decisions WHERE id = :id AND state = 'planned' FOR UPDATE"),
            {"id": decision_id},
        )
    ).one_or_none()
    if decision is None:
        return
    payment = (await session.execute(text(PAYMENT), {"id": decision.payment_id})).one()
    try:
        _refuse_unfit(decision.deed, payment.state)
        state, account, entry_id = await _move(session, decision, payment)
    except MoveRefused as refusal:
        await _answer(session, decision_id, "refused", str(refusal), None)
        return
    await session.execute(
        text(
            "UPDATE payments SET state = :state, account_id = :account, company_id = :company WHERE id = :id"
        ),
        {
            "state": state,
            "account": account.id if account else None,
            "company": account.company_id if account else None,
            "id": payment.id,
        },
    )
    await _answer(session, decision_id, "done", "", entry_id)
    await audit.record(
        session,
        f"payment_{decision.deed}",
        "payment",
        payment.id,
        user_id=decision.user_id,
        company_id=account.company_id if account else None,
        before={"state": payment.state},
        after={"state": state, "account_id": account.id if account else None},
        ground=decision.reason,
    )


async def _move(session: Session, decision: Any, payment: Any) -> tuple[str, Account | None, int | None]:
    """The payment's new state and account, and the entry of the move."""
    if decision.deed == KEEP:
        return KEPT, None, None
    if decision.deed == UNDO:
        return await _undo(session, decision, payment)
    off = Posting(
        Book.UNIDENTIFIED,
        payment.amount_kopecks,
        organisation_id=payment.agent_id,
        of_period=payment.of_period,
    )
    if decision.deed == RETURN:
        back = Posting(Book.IN_TRANSIT, -payment.amount_kopecks, organisation_id=payment.agent_id)
        return RETURNED, None, await _post(session, decision, "return", [off, back])
    account = await _account(session, decision.account_id)
    due = Due(account, payment.amount_kopecks, payment.paid_on, payment.of_period, payment.service)
    shared = await share_out(session, [due])
    return POSTED, account, await _post(session, decision, "transfer", [off, *shared[0]])


async def _undo(session: Session, decision: Any, payment: Any) -> tuple[str, Account | None, int | None]:
    """Take an assignment back: the money is unidentified again."""
    made = await session.scalar(
        text("""
        SELECT entry_id FROM payment_decisions
         WHERE payment_id = :id AND deed = 'assign' AND state = 'done' ORDER BY id DESC LIMIT 1"""),
        {"id": payment.id},
    )
    if made is None:
        raise MoveRefused(
            "Платёж зачислен по номеру счёта, который назвал плательщик: отменить его может только агент."
        )
    posted = await ledger.reverse(
        session,
        int(made),
        period=await _period(session),
        booked_on=await today(session),
        reason=decision.reason,
        user_id=decision.user_id,
    )
    return UNMATCHED, None, posted.entry_id


async def _account(session: Session, account_id: int | None) -> Account:
    row = (
        await session.execute(text("SELECT id, company_id FROM accounts WHERE id = :id"), {"id": account_id})
    ).one_or_none()
    if row is None:
        raise MoveRefused("Такого счёта нет. Выберите другой.")
    return Account(row.id, row.company_id)


async def _post(session: Session, decision: Any, kind: str, postings: list[Posting]) -> int:
    entry = Entry(
        kind,
        await _period(session),
        await today(session),
        f"decision:{decision.id}",
        reason=decision.reason,
        user_id=decision.user_id,
    )
    return (await ledger.post(session, entry, postings)).entry_id


async def _period(session: Session) -> dt.date:
    period = await open_month(session)
    if period is None:
        raise NoOpenMonth
    return period


async def today(session: Session) -> dt.date:
    """The day by the clock of the database, in the zone of the books."""
    found: dt.date | None = await session.scalar(text(TODAY))
    assert found is not None
    return found


async def _answer(session: Session, decision_id: int, state: str, message: str, entry_id: int | None) -> None:
    await session.execute(
        text("""
        UPDATE payment_decisions SET state = :state, message = :message, entry_id = :entry_id,
               done_at = clock_timestamp() WHERE id = :id"""),
        {"state": state, "message": message, "entry_id": entry_id, "id": decision_id},
    )


async def cancel(session: Session, agent_id: int, number: str) -> bool:
    """Reverse a payment its agent cancelled, with every move made after it; false when there is nothing to
    reverse. One whose own event has not come yet is reversed when it is posted (`cancel_awaited`).
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POSTING_LOCK})
    payment_id = await session.scalar(
        text("SELECT id FROM payments WHERE agent_id = :agent AND number = :number"),
        {"agent": agent_id, "number": number},
    )
    payment = (await session.execute(text(PAYMENT), {"id": payment_id})).one_or_none()
    if payment is None and await _is_awaited(session, agent_id, number):
        return False
    if payment is None or payment.state in (REVERSED, RETURNED):
        await _settle_cancel(session, agent_id, number, "refused")
        return False
    moves = await session.execute(
        text("""
        SELECT d.entry_id FROM payment_decisions d
         WHERE d.payment_id = :id AND d.deed = 'assign' AND d.state = 'done'
           AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.reverses_id = d.entry_id)"""),
        {"id": payment.id},
    )
    period, day = await _period(session), await today(session)
    for entry_id in [*moves.scalars(), payment.entry_id]:
        await ledger.reverse(
            session, int(entry_id), period=period, booked_on=day, reason="Отменён агентом", user_id=None
        )
    await session.execute(
        text("UPDATE payments SET state = :state WHERE id = :id"), {"state": REVERSED, "id": payment.id}
    )
    await _settle_cancel(session, agent_id, number, "processed")
    return True


async def cancel_awaited(session: Session, incoming: Sequence[Incoming]) -> int:
    """Reverse those of just posted payments whose cancellation came before them; how many."""
    found = await session.execute(
        text("""
        SELECT w.agent, w.number
          FROM unnest(CAST(:agents AS int[]), CAST(:numbers AS text[])) AS w(agent, number)
          JOIN inbox i ON i.source = 'agent-' || w.agent AND i.key = 'cancel:' || w.number
         WHERE i.state = 'accepted'"""),
        {"agents": [one.agent_id for one in incoming], "numbers": [one.number for one in incoming]},
    )
    rows = found.all()
    for row in rows:
        await cancel(session, row.agent, row.number)
    return len(rows)


async def _is_awaited(session: Session, agent_id: int, number: str) -> bool:
    """Whether a payment is taken and its event still on the way."""
    return bool(
        await session.scalar(
            text("SELECT state = 'accepted' FROM inbox WHERE source = :source AND key = :key"),
            {"source": f"agent-{agent_id}", "key": number},
        )
    )


async def _settle_cancel(session: Session, agent_id: int, number: str, state: str) -> None:
    """The answer of a cancellation; one that has its answer keeps it."""
    await session.execute(
        text("""
        UPDATE inbox SET state = :state WHERE source = :source AND key = :key AND state = 'accepted'"""),
        {"state": state, "source": f"agent-{agent_id}", "key": f"cancel:{number}"},
    )
