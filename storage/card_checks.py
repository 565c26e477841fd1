"""Fiscal receipts (чеки): asked for in the transaction of the money, sent by a worker until done or failed.

external_id makes a repeat harmless: the service answers with the check it has. A check that failed for good
waits for a person: sent anew under another external_id, or made good by a correction with its ground.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage import audit, card_orders
from storage.card_gates import GATE, CardGate, gate_of
from storage.session import Session

SELL, SELL_REFUND, CORRECTION = "sell", "sell_refund", "sell_correction"
WAITING, SENT, DONE, FAILED, REPLACED = "waiting", "sent", "done", "failed", "replaced"
LEASE_S = 60
POLL = dt.timedelta(seconds=5)
PAUSE_MAX = dt.timedelta(minutes=10)
RENEWALS = 3


class CheckRefused(ValueError):
    """A check that cannot be sent again; the message says why."""

    code = "card_check"
    permanent = True


ASK = """
INSERT INTO card_checks (order_id, refund_id, account_id, company_id, kind, external_id, amount_kopecks,
                         next_at)
SELECT o.id, CAST(:refund AS bigint), o.account_id, o.company_id, :kind, :external, :amount,
       clock_timestamp()
  FROM card_orders o JOIN card_gates g ON g.id = o.gate_id AND g.profile->>'checks' = 'service'
 WHERE o.id = :order ON CONFLICT (external_id) DO NOTHING"""


async def ask(
    session: Session, order_id: int, refund_id: int | None, kind: str, amount_kopecks: int, external_id: str
) -> None:
    """Want a check of paid or refunded money, when the gate leaves checks to the fiscal service."""
    await session.execute(
        text(ASK),
        {
            "order": order_id,
            "refund": refund_id,
            "kind": kind,
            "external": external_id,
            "amount": amount_kopecks,
        },
    )


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a check: for whom the money was taken."""

    name: str
    amount_kopecks: int
    supplier_name: str = ""
    supplier_inn: str = ""
    supplier_phone: str = ""


@dataclass(frozen=True, slots=True)
class CheckJob:
    """A check that is due: contact of the payer, items that add up to the sum. gate_id: whose check it is,
    None — the service in use; is_cash: money taken at a desk.
    """

    id: int
    order_id: int | None
    kind: str
    external_id: str
    amount_kopecks: int
    state: str
    uuid: str | None
    attempts: int
    contact: str
    account_number: str
    ground: str
    ground_on: dt.date | None
    items: tuple[Item, ...]
    recorded_at: dt.datetime
    gate_id: int | None = None
    is_cash: bool = False


CLAIM = """
UPDATE card_checks c SET next_at = CAST(:now AS timestamptz) + make_interval(secs => :lease),
       attempts = c.attempts + 1
 WHERE c.id IN (SELECT d.id FROM card_checks d WHERE d.next_at <= :now
                   AND NOT (d.kind = 'sell_refund' AND d.receipt_id IS NOT NULL AND EXISTS (
                     SELECT 1 FROM card_checks b WHERE b.receipt_id = d.receipt_id AND b.kind <> 'sell_refund'
                        AND b.state IN ('waiting', 'sent', 'failed')))
                 ORDER BY d.next_at LIMIT :limit FOR UPDATE OF d SKIP LOCKED)
RETURNING c.id"""

JOBS = """
SELECT c.id, c.order_id, c.kind, c.external_id, c.amount_kopecks, c.state, c.uuid, c.attempts - 1 AS attempts,
       coalesce(o.contact, '') AS contact, coalesce(o.account_number, a.number) AS account_number, c.ground,
       c.ground_on, c.recorded_at, c.gate_id, c.receipt_id IS NOT NULL AS is_cash,
       CASE WHEN c.receipt_id IS NOT NULL
         THEN json_build_array(json_build_array(c.amount_kopecks, NULL, NULL, NULL)) ELSE
       (SELECT json_agg(json_build_array(p.amount_kopecks, x.name, x.inn, x.phone) ORDER BY p.ordinal)
          FROM card_parts p LEFT JOIN organisations x ON x.id = p.payee_id
         WHERE p.order_id = o.id AND CASE WHEN c.refund_id IS NULL
           THEN NOT p.is_off OR EXISTS (SELECT 1 FROM card_refunds r WHERE r.order_id = o.id
                                           AND r.state = 'done' AND r.ordinals @> to_jsonb(p.ordinal))
           ELSE EXISTS (SELECT 1 FROM card_refunds r WHERE r.id = c.refund_id
                           AND r.ordinals @> to_jsonb(p.ordinal)) END) END AS parts
  FROM card_checks c LEFT JOIN card_orders o ON o.id = c.order_id LEFT JOIN accounts a ON a.id = c.account_id
 WHERE c.id = ANY (:ids) ORDER BY c.id"""


async def gate(session: Session, gate_id: int | None = None) -> CardGate | None:
    """The fiscal service in use, or the one of a desk; None when it is off."""
    row = (
        await session.execute(
            text(f"""
            {GATE} WHERE g.kind = 'fiscal' AND g.is_active
               AND (CAST(:id AS int) IS NULL OR g.id = :id) ORDER BY g.place, g.id LIMIT 1"""),
            {"id": gate_id},
        )
    ).one_or_none()
    return None if row is None else gate_of(row)


async def claim(session: Session, now: dt.datetime, limit: int = 20) -> list[CheckJob]:
    """Checks that are due; nobody else gets them for a while."""
    ids = list((await session.execute(text(CLAIM), {"now": now, "lease": LEASE_S, "limit": limit})).scalars())
    if not ids:
        return []
    return [_job(row) for row in await session.execute(text(JOBS), {"ids": ids})]


def _job(row: Any) -> CheckJob:
    values = {key: value for key, value in row._mapping.items() if key != "parts"}
    items = tuple(
        Item(
            f"ЖКУ, лицевой счёт {row.account_number}" + (f", {name}" if name else ""),
            amount,
            name or "",
            inn or "",
            phone or "",
        )
        for amount, name, inn, phone in (row.parts or ())
    )
    return CheckJob(**values, items=items)


async def sent(session: Session, check_id: int, uuid: str, now: dt.datetime) -> None:
    """The service has taken it; it is asked for the report."""
    await session.execute(
        text("""
        UPDATE card_checks SET state = 'sent', uuid = :uuid, words = '', attempts = 0, next_at = :at
         WHERE id = :id AND state IN ('waiting', 'sent')"""),
        {"uuid": uuid, "at": now + POLL, "id": check_id},
    )


async def done(session: Session, check_id: int, fiscal: dict[str, Any], url: str, now: dt.datetime) -> None:
    """The check is made: numbers of the fiscal document and its address."""
    await session.execute(
        text("""
        UPDATE card_checks SET state = 'done', fiscal = CAST(:fiscal AS jsonb), url = :url, words = '',
               next_at = NULL, done_at = :now WHERE id = :id AND state IN ('waiting', 'sent')"""),
        {"fiscal": json.dumps(fiscal, ensure_ascii=False), "url": url, "now": now, "id": check_id},
    )


async def put_off(session: Session, job: CheckJob, words: str, now: dt.datetime) -> None:
    """Not now: again after a growing pause under the same external_id."""
    wait = min(PAUSE_MAX, POLL * 2 ** min(job.attempts, 10))
    await session.execute(
        text("UPDATE card_checks SET words = :words, next_at = :at WHERE id = :id"),
        {"words": words, "at": now + wait, "id": job.id},
    )


async def renew(session: Session, job: CheckJob, words: str, now: dt.datetime) -> None:
    """The service ran out of time: another external_id, RENEWALS times, then a person."""
    base, _, tries = job.external_id.partition("~t")
    if int(tries or 0) >= RENEWALS:
        await fail(session, job.id, words)
        return
    await session.execute(
        text("""
        UPDATE card_checks SET state = 'waiting', uuid = NULL, external_id = :external, words = :words,
               next_at = :at WHERE id = :id AND state IN ('waiting', 'sent')"""),
        {"external": f"{base}~t{int(tries or 0) + 1}", "words": words, "at": now + POLL, "id": job.id},
    )


async def fail(session: Session, check_id: int, words: str) -> None:
    """Failed for good: a person decides."""
    await session.execute(
        text("""
        UPDATE card_checks SET state = 'failed', words = :words, next_at = NULL
         WHERE id = :id AND state IN ('waiting', 'sent')"""),
        {"words": words, "id": check_id},
    )


AGAIN = """
INSERT INTO card_checks (order_id, refund_id, receipt_id, gate_id, account_id, company_id, kind, external_id,
                         amount_kopecks, ground, ground_on, next_at)
SELECT order_id, refund_id, receipt_id, gate_id, account_id, company_id, :kind,
       split_part(external_id, '~', 1) || '~p' || id, amount_kopecks, :ground, :ground_on,
       clock_timestamp()
  FROM card_checks WHERE id = :id RETURNING id"""


async def again(
    session: Session, check_id: int, *, user_id: int, ground: str = "", ground_on: dt.date | None = None
) -> int:
    """Replace a failed check: sent anew, or (ground given) by a correction with the act it rests on.

    Raises CheckRefused.
    """
    row = (
        await session.execute(
            text("""
            UPDATE card_checks SET state = 'replaced' WHERE id = :id AND state = 'failed'
            RETURNING kind, company_id"""),
            {"id": check_id},
        )
    ).one_or_none()
    if row is None:
        raise CheckRefused("Этот чек уже не ждёт решения. Обновите страницу.")
    if ground and row.kind == SELL_REFUND:
        raise CheckRefused("Чек возврата исправляют повторной отправкой: коррекция бывает только у прихода.")
    made = await session.scalar(
        text(AGAIN),
        {
            "kind": CORRECTION if ground else row.kind,
            "ground": ground,
            "ground_on": ground_on,
            "id": check_id,
        },
    )
    await card_orders.wake(session)
    await audit.record(
        session,
        "card_check_corrected" if ground else "card_check_sent_again",
        "card_check",
        check_id,
        user_id=user_id,
        company_id=row.company_id,
        after={"check": made},
        ground=ground or None,
    )
    return int(made or 0)
