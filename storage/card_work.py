"""Workers' side of orders: what is due is claimed for a while, asked about at the bank, written down once.

A claim is a lease: a worker that dies lets it run out and another asks again. What a bank says is applied
under the lock of the order, so a notice and the periodic question may cross; the payment is posted by the
inbox of the agent, whose key is the order's number, so it is taken once whatever happens.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text

from storage import audit, card_checks, card_orders, inbox
from storage.card_gates import GATE, CardGate, gate_of
from storage.card_orders import CREATED, ORDER, WAITS, Order, Seen, after, by_id, order_of
from storage.payment_gate import TAKEN, source_of
from storage.session import Session

LEASE_S = 60
AT_ONCE_MAX = 20
PAUSES_S = (2, 3, 3, 5, 5, 10, 10, 15, 20, 30)
PAUSE_S_MAX = 60
LATE_LOOKS = (dt.timedelta(hours=1), dt.timedelta(days=1))
"""After its time an order is looked at twice more: money may come in the last second."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whose account the money comes to: requisites of the centre for the payment order of ЖКУ."""

    name: str
    inn: str
    kpp: str
    bank_name: str
    bank_bic: str
    bank_account: str
    bank_corr_account: str


@dataclass(frozen=True, slots=True)
class Job:
    """An order that is due with all a bank may ask: the gate, the recipient, the month paid for."""

    order: Order
    gate: CardGate
    recipient: Recipient
    period: dt.date

    @property
    def try_number(self) -> str:
        """The number for the bank: a try whose answer was lost is not repeated under the same one."""
        tries = self.order.attempts
        return self.order.number if tries == 0 else f"{self.order.number}-{tries}"


RECIPIENT = """
SELECT name, inn, coalesce(kpp, '') AS kpp, coalesce(bank_name, '') AS bank_name,
       coalesce(bank_bic, '') AS bank_bic, coalesce(bank_account, '') AS bank_account,
       coalesce(bank_corr_account, '') AS bank_corr_account
  FROM organisations WHERE kind = 'centre' ORDER BY id LIMIT 1"""

NO_RECIPIENT = Recipient("", "", "", "", "", "", "")


async def recipient(session: Session) -> Recipient:
    """Requisites of the centre; empty when there is none."""
    row = (await session.execute(text(RECIPIENT))).one_or_none()
    return NO_RECIPIENT if row is None else Recipient(**row._mapping)


CLAIM = """
WITH due AS (
  SELECT id, attempts FROM card_orders WHERE next_at <= :now AND gate_id IS NOT NULL
   ORDER BY next_at LIMIT :limit FOR UPDATE SKIP LOCKED),
taken AS (
  UPDATE card_orders o SET next_at = CAST(:now AS timestamptz) + make_interval(secs => :lease),
         attempts = o.attempts + 1
    FROM due WHERE o.id = due.id RETURNING o.id, due.attempts)
SELECT id, attempts FROM taken ORDER BY id"""


async def claim(session: Session, now: dt.datetime, limit: int = AT_ONCE_MAX) -> list[Job]:
    """Orders that are due, each with the number of tries made before; nobody else gets them for LEASE_S."""
    taken = (await session.execute(text(CLAIM), {"now": now, "limit": limit, "lease": LEASE_S})).all()
    if not taken:
        return []
    to = await recipient(session)
    opened = await session.scalar(text("SELECT period FROM months WHERE state = 'open'"))
    found = await session.execute(
        text(f"{ORDER} WHERE o.id = ANY (:ids) ORDER BY o.id"), {"ids": [row.id for row in taken]}
    )
    orders = [order_of(row) for row in found]
    gates = {one.id: one for one in await _gates(session, [one.gate_id for one in orders if one.gate_id])}
    return [
        Job(_before(order), gates[order.gate_id], to, opened or now.date().replace(day=1))
        for order in orders
        if order.gate_id is not None
    ]


def _before(order: Order) -> Order:
    """The order as it was before the claim counted a try."""
    return replace(order, attempts=order.attempts - 1)


async def _gates(session: Session, ids: Sequence[int]) -> list[CardGate]:
    found = await session.execute(text(f"{GATE} WHERE g.id = ANY (:ids)"), {"ids": list(set(ids))})
    return [gate_of(row) for row in found]


def pause(tries: int) -> dt.timedelta:
    """How long until the next question: at first every few seconds, then every minute."""
    return dt.timedelta(seconds=PAUSES_S[tries] if tries < len(PAUSES_S) else PAUSE_S_MAX)


async def registered(session: Session, job: Job, bank_id: str, link: str, now: dt.datetime) -> None:
    """The bank has given its number and the address for the payer."""
    await session.execute(
        text("""
        UPDATE card_orders SET state = 'open', bank_id = :bank_id, link = :link, words = '', attempts = 0,
               next_at = :next_at, changed_at = clock_timestamp()
         WHERE id = :id AND state = 'created'"""),
        {"bank_id": bank_id, "link": link, "next_at": now + pause(0), "id": job.order.id},
    )


async def put_off(session: Session, job: Job, words: str, now: dt.datetime) -> None:
    """The bank could not be asked: again later, and why. An order nobody could open ends with its time."""
    order = job.order
    is_over = order.state == CREATED and now >= order.expires_at
    await session.execute(
        text("""
        UPDATE card_orders SET words = :words, next_at = :next_at, changed_at = clock_timestamp(),
               state = CASE WHEN :is_over THEN 'expired' ELSE state END
         WHERE id = :id AND state = :state"""),
        {
            "words": card_orders.LATE if is_over else words,
            "is_over": is_over,
            "next_at": None if is_over else now + pause(order.attempts),
            "id": order.id,
            "state": order.state,
        },
    )


async def refuse(session: Session, job: Job, words: str) -> None:
    """The bank will not open this order, however often it is asked."""
    await session.execute(
        text("""
        UPDATE card_orders SET state = 'refused', words = :words, next_at = NULL,
               changed_at = clock_timestamp() WHERE id = :id AND state = 'created'"""),
        {"words": words, "id": job.order.id},
    )


async def apply(session: Session, order_id: int, seen: Seen, now: dt.datetime) -> str:
    """Write down what the bank says; the state afterwards. Money that came becomes payments here and now."""
    order = await by_id(session, order_id, lock=True)
    assert order is not None, f"no order {order_id}"
    step = after(order.state, order.amount_kopecks, seen, now >= order.expires_at)
    if step is None:
        await _look_again(session, order, now)
        return order.state
    paid_at = seen.paid_at or now
    await session.execute(
        text("""
        UPDATE card_orders SET state = :state, words = :words, next_at = :next_at, attempts = 0,
               paid_kopecks = coalesce(CAST(:paid AS bigint), paid_kopecks),
               fee_kopecks = coalesce(CAST(:fee AS bigint), fee_kopecks),
               card = CASE WHEN :card = '' THEN card ELSE :card END,
               paid_at = coalesce(CAST(:paid_at AS timestamptz), paid_at), changed_at = clock_timestamp()
         WHERE id = :id"""),
        {
            "state": step.state,
            "words": step.words,
            "next_at": _late_look(order, now) if step.state in (card_orders.EXPIRED, "refused") else None,
            "paid": seen.paid_kopecks or None,
            "fee": seen.fee_kopecks,
            "card": seen.card,
            "paid_at": paid_at if seen.paid_kopecks else None,
            "id": order.id,
        },
    )
    if step.posts:
        await post_parts(session, order, paid_at)
        await card_checks.ask(session, order.id, None, "sell", order.amount_kopecks, order.number)
    elif step.state == card_orders.MISMATCH:
        await audit.record(
            session,
            "card_sum_differs",
            "card_order",
            order.id,
            user_id=None,
            company_id=order.company_id,
            before={"asked_kopecks": order.amount_kopecks},
            after={"paid_kopecks": seen.paid_kopecks},
        )
    return step.state


def _late_look(order: Order, now: dt.datetime) -> dt.datetime | None:
    """When an order that ended unpaid is looked at once more; None when it was twice."""
    for look in LATE_LOOKS:
        if now < order.expires_at + look:
            return order.expires_at + look
    return None


async def _look_again(session: Session, order: Order, now: dt.datetime) -> None:
    """Nothing has changed: when to ask next."""
    if order.state in WAITS:
        next_at: dt.datetime | None = min(now + pause(order.attempts), max(order.expires_at, now + pause(0)))
    elif order.state in (card_orders.EXPIRED, card_orders.REFUSED):
        next_at = _late_look(order, now)
    else:
        next_at = None
    await session.execute(
        text("UPDATE card_orders SET next_at = :next_at WHERE id = :id"), {"next_at": next_at, "id": order.id}
    )


async def post_parts(session: Session, order: Order, paid_at: dt.datetime) -> None:
    """An inbox row and an event a part, as any agent's payment; a second time changes nothing."""
    assert order.agent_id is not None
    day = await session.scalar(
        text("SELECT (CAST(:at AS timestamptz) AT TIME ZONE 'Europe/Moscow')::date"), {"at": paid_at}
    )
    for part in order.left:
        number = order.payment_number(part.ordinal)
        payload: dict[str, Any] = {
            "agent_id": order.agent_id,
            "number": number,
            "account_number": order.account_number,
            "amount_kopecks": part.amount_kopecks,
            "paid_on": day.isoformat(),
            "happened_at": paid_at.isoformat(),
            "service": None,
            "payee_id": part.payee_id,
            "source": "card",
        }
        await inbox.accept(
            session,
            source=source_of(order.agent_id),
            key=number,
            payload=payload,
            subject=TAKEN,
            company_id=order.company_id,
            account_id=order.account_id,
        )


async def accept_actual(session: Session, order_id: int, *, reason: str, user_id: int) -> None:
    """Take what really came of an order whose sum the bank changed. Raises OrderRefused."""
    order = await by_id(session, order_id, lock=True)
    if order is None or order.state != card_orders.MISMATCH or not order.paid_kopecks:
        raise card_orders.OrderRefused("Сумма этого заказа уже разобрана. Обновите страницу.")
    whole = await card_orders.replace_parts(session, order, order.paid_kopecks)
    await session.execute(
        text("""
        UPDATE card_orders SET state = 'paid', words = :words, changed_at = clock_timestamp()
         WHERE id = :id"""),
        {"words": "Зачислено столько, сколько списал банк.", "id": order.id},
    )
    await post_parts(session, whole, order.paid_at or order.recorded_at)
    await card_checks.ask(session, order.id, None, "sell", order.paid_kopecks, order.number)
    await audit.record(
        session,
        "card_sum_accepted",
        "card_order",
        order.id,
        user_id=user_id,
        company_id=order.company_id,
        after={"amount_kopecks": order.paid_kopecks},
        ground=reason,
    )


# ---- notices of banks -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notice:
    """What a bank sent about an order, as it came."""

    id: int
    order_id: int
    gate: CardGate
    values: dict[str, Any]
    address: str


async def hear(
    session: Session,
    gate_id: int,
    number: str,
    bank_id: str,
    values: dict[str, Any],
    digest: str,
    address: str,
) -> bool:
    """Keep a notice, the same words once; false when it is about no order of ours. The worker judges it."""
    order_id = await session.scalar(
        text("""
        SELECT id FROM card_orders WHERE gate_id = :gate
           AND (number = :number OR (CAST(:bank AS text) <> '' AND bank_id = :bank))
         ORDER BY number = :number DESC LIMIT 1"""),
        {"gate": gate_id, "number": number, "bank": bank_id},
    )
    if order_id is None:
        return False
    await session.execute(
        text("""
        INSERT INTO card_notices (order_id, digest, values, address)
        VALUES (:order, :digest, CAST(:values AS jsonb), :address)
        ON CONFLICT (order_id, digest) DO UPDATE SET times = card_notices.times + 1"""),
        {
            "order": order_id,
            "digest": digest,
            "values": json.dumps(values, ensure_ascii=False),
            "address": address,
        },
    )
    await card_orders.wake(session)
    return True


async def unheard(session: Session, limit: int = AT_ONCE_MAX) -> list[Notice]:
    """Notices nobody has judged, locked until the transaction ends."""
    rows = (
        await session.execute(
            text("""
            SELECT n.id, n.order_id, n.values, n.address, o.gate_id
              FROM card_notices n JOIN card_orders o ON o.id = n.order_id
             WHERE n.verdict = 'new' ORDER BY n.id LIMIT :limit FOR UPDATE OF n SKIP LOCKED"""),
            {"limit": limit},
        )
    ).all()
    gates = {one.id: one for one in await _gates(session, [row.gate_id for row in rows])} if rows else {}
    return [Notice(row.id, row.order_id, gates[row.gate_id], row.values, row.address) for row in rows]


async def judge(session: Session, notice: Notice, is_good: bool, now: dt.datetime) -> None:
    """A good notice makes the order due at once; a forged one changes nothing and is told to the journal."""
    await session.execute(
        text("UPDATE card_notices SET verdict = :verdict WHERE id = :id"),
        {"verdict": "good" if is_good else "forged", "id": notice.id},
    )
    if is_good:
        await session.execute(
            text("""
            UPDATE card_orders SET next_at = :now WHERE id = :id
               AND state IN ('open', 'refused', 'expired') AND (next_at IS NULL OR next_at > :now)"""),
            {"now": now, "id": notice.order_id},
        )
        return
    await audit.record(
        session,
        "card_notice_forged",
        "card_order",
        notice.order_id,
        user_id=None,
        after={"address": notice.address, "gate": notice.gate.code},
    )
