"""Money given back to a card: proposed with a reason, approved by another person, sent by a worker, reversed.

The ledger is touched after the bank has given the money back, part by part, by the same event by which an
agent cancels its payment. The bank is always asked first how much it has given back, so a lost answer is no
second refund.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import text

from storage import audit, card_checks, card_orders, payment_gate, second_person
from storage.card_gates import GATE, CardGate, gate_of
from storage.card_orders import ORDER, PART_REFUNDED, REFUNDED, Order, OrderRefused, by_id, order_of
from storage.card_work import LEASE_S, NO_RECIPIENT, Job, pause
from storage.session import Session

TABLE: second_person.ProposalTable = "card_refunds"
UNSURE_PAUSE = dt.timedelta(seconds=30)
"""After an unclear answer the bank gets this long before it is asked what came of it."""


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as a page shows it."""

    id: int
    order_id: int
    ordinals: tuple[int, ...]
    amount_kopecks: int
    before_kopecks: int
    reason: str
    state: str
    words: str
    proposed_by: int
    proposed_name: str | None
    decided_name: str | None
    decided_at: dt.datetime | None
    is_sent: bool
    attempts: int
    recorded_at: dt.datetime
    done_at: dt.datetime | None


REFUND = """
SELECT r.id, r.order_id, r.ordinals, r.amount_kopecks, r.before_kopecks, r.reason, r.state, r.words,
       r.proposed_by, p.full_name AS proposed_name, d.full_name AS decided_name, r.decided_at, r.is_sent,
       r.attempts, r.recorded_at, r.done_at
  FROM card_refunds r LEFT JOIN users p ON p.id = r.proposed_by LEFT JOIN users d ON d.id = r.decided_by"""


async def of_order(session: Session, order_id: int) -> list[Refund]:
    """Refunds of an order, the newest first."""
    found = await session.execute(
        text(f"{REFUND} WHERE r.order_id = :id ORDER BY r.id DESC"), {"id": order_id}
    )
    return [Refund(**{**row._mapping, "ordinals": tuple(row.ordinals)}) for row in found]


async def propose(
    session: Session, order_id: int, ordinals: Sequence[int], *, reason: str, user_id: int
) -> int:
    """Ask for parts to be given back; nothing is sent until another person agrees. Raises OrderRefused."""
    order = await by_id(session, order_id, lock=True)
    if order is None or not order.has_money:
        raise OrderRefused("Возвращать нечего: оплата не прошла или уже возвращена.")
    chosen = [part for part in order.left if part.ordinal in set(ordinals)]
    if not chosen or len(chosen) != len(set(ordinals)):
        raise OrderRefused("Выберите, что вернуть, из того, что ещё не возвращено.")
    refund_id = await session.scalar(
        text("""
        INSERT INTO card_refunds (order_id, company_id, ordinals, amount_kopecks, before_kopecks, reason,
                                  proposed_by)
        VALUES (:order, :company, CAST(:ordinals AS jsonb), :amount, :before, :reason, :user_id)
        ON CONFLICT (order_id) WHERE state IN ('waiting', 'approved') DO NOTHING RETURNING id"""),
        {
            "order": order.id,
            "company": order.company_id,
            "ordinals": json.dumps(sorted(part.ordinal for part in chosen)),
            "amount": sum(part.amount_kopecks for part in chosen),
            "before": order.refunded_kopecks,
            "reason": reason,
            "user_id": user_id,
        },
    )
    if refund_id is None:
        raise OrderRefused("По этой оплате уже идёт возврат. Дождитесь его конца.")
    await audit.record(
        session,
        "card_refund_proposed",
        "card_refund",
        int(refund_id),
        user_id=user_id,
        company_id=order.company_id,
        after={"order": order.number, "amount_kopecks": sum(part.amount_kopecks for part in chosen)},
        ground=reason,
    )
    return int(refund_id)


async def decide(session: Session, refund_id: int, *, agrees: bool, user_id: int, now: dt.datetime) -> None:
    """Another person's word; an approved refund is sent at once. Raises ValueRefused."""
    row = await second_person.settle(session, TABLE, refund_id, is_approved=agrees, user_id=user_id, now=now)
    if agrees:
        await session.execute(
            text("UPDATE card_refunds SET next_at = :now WHERE id = :id"), {"now": now, "id": refund_id}
        )
        await card_orders.wake(session)
    await audit.record(
        session,
        "card_refund_approved" if agrees else "card_refund_declined",
        "card_refund",
        refund_id,
        user_id=user_id,
        company_id=row.company_id,
        after={"amount_kopecks": row.amount_kopecks},
    )


# ---- workers ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RefundJob:
    """A refund that is due, with its order and gate. is_whole: nothing of the order stays."""

    id: int
    amount_kopecks: int
    before_kopecks: int
    is_sent: bool
    attempts: int
    job: Job

    @property
    def number(self) -> str:
        """The number that makes a repeat at the bank harmless."""
        return f"{self.job.order.number}-r{self.id}"

    @property
    def is_whole(self) -> bool:
        """Whether nothing was given back before and nothing is left after."""
        return self.before_kopecks == 0 and self.amount_kopecks == (self.job.order.paid_kopecks or 0)

    def is_done_by(self, refunded_kopecks: int) -> bool:
        """Whether the bank's total says that this one is given back."""
        return refunded_kopecks >= self.before_kopecks + self.amount_kopecks


CLAIM = """
UPDATE card_refunds r SET next_at = CAST(:now AS timestamptz) + make_interval(secs => :lease),
       attempts = r.attempts + 1
 WHERE r.id IN (SELECT id FROM card_refunds WHERE next_at <= :now AND state = 'approved'
                 ORDER BY next_at LIMIT 10 FOR UPDATE SKIP LOCKED)
RETURNING r.id, r.order_id, r.amount_kopecks, r.before_kopecks, r.is_sent, r.attempts"""


async def claim(session: Session, now: dt.datetime) -> list[RefundJob]:
    """Refunds that are due; nobody else gets them for a while."""
    rows = (await session.execute(text(CLAIM), {"now": now, "lease": LEASE_S})).all()
    made = []
    for row in rows:
        order, gate = await _order_and_gate(session, row.order_id)
        job = Job(order, gate, NO_RECIPIENT, now.date())
        made.append(
            RefundJob(row.id, row.amount_kopecks, row.before_kopecks, row.is_sent, row.attempts - 1, job)
        )
    return made


async def _order_and_gate(session: Session, order_id: int) -> tuple[Order, CardGate]:
    order = order_of((await session.execute(text(f"{ORDER} WHERE o.id = :id"), {"id": order_id})).one())
    gate = gate_of((await session.execute(text(f"{GATE} WHERE g.id = :id"), {"id": order.gate_id})).one())
    return order, gate


async def sent(session: Session, refund: RefundJob, now: dt.datetime) -> None:
    """The bank has said yes: from now on it is only asked."""
    await session.execute(
        text("UPDATE card_refunds SET is_sent = true, words = '', next_at = :at WHERE id = :id"),
        {"at": now + pause(0), "id": refund.id},
    )


async def put_off(session: Session, refund: RefundJob, words: str, now: dt.datetime) -> None:
    """No clear answer: asked again later."""
    await session.execute(
        text("UPDATE card_refunds SET words = :words, next_at = :at WHERE id = :id AND state = 'approved'"),
        {"words": words, "at": now + max(UNSURE_PAUSE, pause(refund.attempts)), "id": refund.id},
    )


async def fail(session: Session, refund: RefundJob, words: str) -> None:
    """The bank refused for good: nothing was given back and nothing is reversed."""
    await session.execute(
        text("UPDATE card_refunds SET state = 'failed', words = :words, next_at = NULL WHERE id = :id"),
        {"words": words, "id": refund.id},
    )


async def finish(session: Session, refund_id: int, now: dt.datetime) -> bool:
    """The bank has given the money back: reversals are asked of the intake, the check of the refund of the
    fiscal service. False when it was done before.
    """
    row = (
        await session.execute(
            text("""
            UPDATE card_refunds SET state = 'done', words = '', next_at = NULL, done_at = :now
             WHERE id = :id AND state = 'approved' RETURNING order_id, ordinals, amount_kopecks"""),
            {"now": now, "id": refund_id},
        )
    ).one_or_none()
    if row is None:
        return False
    order = await by_id(session, row.order_id, lock=True)
    assert order is not None
    assert order.agent_id is not None
    await session.execute(
        text("UPDATE card_parts SET is_off = true WHERE order_id = :id AND ordinal = ANY (:ordinals)"),
        {"id": order.id, "ordinals": list(row.ordinals)},
    )
    left = [part for part in order.left if part.ordinal not in row.ordinals]
    await session.execute(
        text("""
        UPDATE card_orders SET refunded_kopecks = refunded_kopecks + :amount, state = :state,
               changed_at = clock_timestamp() WHERE id = :id"""),
        {"amount": row.amount_kopecks, "state": PART_REFUNDED if left else REFUNDED, "id": order.id},
    )
    for ordinal in row.ordinals:
        await payment_gate.cancel(session, order.agent_id, order.payment_number(ordinal))
    refunded = replace(order, refunded_kopecks=order.refunded_kopecks + row.amount_kopecks)
    await card_checks.ask(
        session, order.id, refund_id, "sell_refund", row.amount_kopecks, f"{refunded.number}-r{refund_id}"
    )
    return True
