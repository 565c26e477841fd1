"""Orders to pay by card or СБП: made by a page, opened at a bank by a worker, known by an unguessable number.

A page only writes the row and says when it is due: no page speaks with a bank. `after` is the whole machine
of states; what the bank says decides, never the address the payer came back to.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage.session import Session

CHANNEL = "paylogic_cards"
"""Workers wake when something is due."""
NUMBER_BYTES = 14  # 28 hex digits; «-N» of a second try still fits the 32 characters banks take
OFFER_DAYS = 14
CARD, SBP = "card", "sbp"
METHODS = (CARD, SBP)
OFFERED, CREATED, OPEN, PAID = "offered", "created", "open", "paid"
REFUSED, EXPIRED, MISMATCH = "refused", "expired", "mismatch"
PART_REFUNDED, REFUNDED = "part_refunded", "refunded"
WAITS = (CREATED, OPEN)
UNPAID = (OFFERED, CREATED, OPEN, REFUSED, EXPIRED)
HAS_MONEY = (PAID, PART_REFUNDED)


class OrderRefused(ValueError):
    """An order that cannot be made or changed so; the message says why and what to do."""

    code = "card_order"
    permanent = True


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an order. payee_id None: shared out by law when it is posted."""

    amount_kopecks: int
    payee_id: int | None = None
    payee_name: str = ""
    ordinal: int = 1
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands."""

    id: int
    number: str
    gate_id: int | None
    gate_code: str
    gate_title: str
    agent_id: int | None
    account_id: int
    company_id: int
    account_number: str
    method: str
    source: str
    amount_kopecks: int
    paid_kopecks: int | None
    fee_kopecks: int | None
    refunded_kopecks: int
    contact: str
    state: str
    words: str
    bank_id: str | None
    link: str
    return_url: str
    card: str
    created_by: int | None
    attempts: int
    expires_at: dt.datetime
    paid_at: dt.datetime | None
    recorded_at: dt.datetime
    parts: tuple[Part, ...] = ()

    @property
    def has_money(self) -> bool:
        """Whether there is something to give back."""
        return self.state in HAS_MONEY

    @property
    def left(self) -> tuple[Part, ...]:
        """Parts whose money is here."""
        return tuple(part for part in self.parts if not part.is_off)

    def payment_number(self, ordinal: int) -> str:
        """The number of the payment a part becomes."""
        return self.number if len(self.parts) == 1 else f"{self.number}-{ordinal}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a bank says of an order. state: open, paid, refused, expired, refunded (paid and given back)."""

    state: str
    paid_kopecks: int = 0
    refunded_kopecks: int = 0
    fee_kopecks: int | None = None
    card: str = ""
    words: str = ""
    paid_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of an order; posts: its parts are to be taken as payments now."""

    state: str
    words: str = ""
    posts: bool = False


LATE = "Время на оплату вышло. Деньги не списаны, сумма сохранена."


def after(state: str, amount_kopecks: int, seen: Seen, is_over: bool) -> Step | None:
    """The next state of an order by the bank's word; None: nothing changes. is_over: its time has run out.

    Money that came is taken whatever was thought of the order before.
    """
    if seen.state in (PAID, REFUNDED):
        if state not in UNPAID:
            return None
        if seen.state == REFUNDED:
            return Step(REFUSED, "Банк принял оплату и сам её отменил. Деньги вернутся на карту.")
        if seen.paid_kopecks != amount_kopecks:
            return Step(MISMATCH, "Банк списал не ту сумму, которую мы просили. Разбирается бухгалтер.")
        return Step(PAID, posts=True)
    if state not in WAITS:
        return None
    if seen.state == REFUSED:
        return Step(REFUSED, seen.words)
    if seen.state == EXPIRED or is_over:
        return Step(EXPIRED, LATE)
    return None


ORDER = """
SELECT o.id, o.number, o.gate_id, coalesce(g.code, '') AS gate_code,
       coalesce(g.profile->>'title', '') AS gate_title, o.agent_id, o.account_id, o.company_id,
       o.account_number, o.method, o.source, o.amount_kopecks, o.paid_kopecks, o.fee_kopecks,
       o.refunded_kopecks, o.contact, o.state, o.words, o.bank_id, o.link, o.return_url, o.card, o.created_by,
       o.attempts, o.expires_at, o.paid_at, o.recorded_at,
       (SELECT json_agg(json_build_array(p.ordinal, p.payee_id, p.amount_kopecks, p.is_off, x.short_name)
                        ORDER BY p.ordinal)
          FROM card_parts p LEFT JOIN organisations x ON x.id = p.payee_id WHERE p.order_id = o.id) AS parts
  FROM card_orders o LEFT JOIN card_gates g ON g.id = o.gate_id"""


def order_of(row: Any) -> Order:
    """An order of a row of ORDER."""
    values = {key: value for key, value in row._mapping.items() if key in Order.__dataclass_fields__}
    values["parts"] = tuple(
        Part(amount, payee, name or "", ordinal, is_off)
        for ordinal, payee, amount, is_off, name in (row.parts or ())
    )
    return Order(**values)


async def by_number(session: Session, number: str) -> Order | None:
    """An order by our number."""
    row = (await session.execute(text(f"{ORDER} WHERE o.number = :number"), {"number": number})).one_or_none()
    return None if row is None else order_of(row)


async def by_id(session: Session, order_id: int, lock: bool = False) -> Order | None:
    """An order by its id; locked until the transaction ends when asked."""
    if lock:
        await session.execute(text("SELECT 1 FROM card_orders WHERE id = :id FOR UPDATE"), {"id": order_id})
    row = (await session.execute(text(f"{ORDER} WHERE o.id = :id"), {"id": order_id})).one_or_none()
    return None if row is None else order_of(row)


async def wake(session: Session) -> None:
    """Tell workers at commit that something is due."""
    await session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


ADD = """
INSERT INTO card_orders (number, idem, gate_id, agent_id, account_id, company_id, account_number, method,
                         source, amount_kopecks, contact, state, return_url, created_by, next_at, expires_at)
SELECT :number, :idem, g.id, g.agent_id, a.id, a.company_id, a.number, CAST(:method AS text), :source,
       :amount, :contact, CAST(:state AS text), :return_url, :user_id,
       CASE WHEN :state = 'created' THEN clock_timestamp() END, :expires_at
  FROM accounts a LEFT JOIN card_gates g ON g.id = CAST(:gate_id AS int)
 WHERE a.id = :account_id
ON CONFLICT (idem) DO NOTHING RETURNING id, number"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. idem: of the form, so that it sent twice is one order; method «»: chosen later."""

    account_id: int
    parts: tuple[Part, ...]
    idem: str
    source: str
    user_id: int | None
    contact: str = ""
    method: str = ""
    gate_id: int | None = None
    return_url: str = ""

    @property
    def amount_kopecks(self) -> int:
        """The whole."""
        return sum(part.amount_kopecks for part in self.parts)


async def make(session: Session, wish: Wish, now: dt.datetime, lifetime: dt.timedelta) -> str:
    """Write an order; its number. The same form again gives the order that is there. The address to come back
    to gets the number at its end. Raises OrderRefused.
    """
    if not wish.parts or any(part.amount_kopecks <= 0 for part in wish.parts):
        raise OrderRefused("Сумма должна быть больше нуля.")
    number = secrets.token_hex(NUMBER_BYTES)
    row = (
        await session.execute(
            text(ADD),
            {
                "number": number,
                "idem": wish.idem,
                "gate_id": wish.gate_id,
                "account_id": wish.account_id,
                "method": wish.method,
                "source": wish.source,
                "amount": wish.amount_kopecks,
                "contact": wish.contact,
                "state": CREATED if wish.method else OFFERED,
                "return_url": f"{wish.return_url}{number}" if wish.return_url else "",
                "user_id": wish.user_id,
                "expires_at": now + lifetime,
            },
        )
    ).one_or_none()
    if row is None:
        earlier: str | None = await session.scalar(
            text("SELECT number FROM card_orders WHERE idem = :idem AND account_id = :account"),
            {"idem": wish.idem, "account": wish.account_id},
        )
        if earlier is None:
            raise OrderRefused("Эта форма уже использована. Откройте страницу оплаты заново.")
        return earlier
    await _add_parts(session, row.id, wish.parts)
    await wake(session)
    return number


async def _add_parts(session: Session, order_id: int, parts: Sequence[Part], first: int = 1) -> None:
    await session.execute(
        text("""
        INSERT INTO card_parts (order_id, ordinal, payee_id, amount_kopecks)
        SELECT :order, n.ordinal + :first - 1, n.payee, n.amount
          FROM unnest(CAST(:payees AS int[]), CAST(:amounts AS bigint[])) WITH ORDINALITY
            AS n(payee, amount, ordinal)"""),
        {
            "order": order_id,
            "first": first,
            "payees": [part.payee_id for part in parts],
            "amounts": [part.amount_kopecks for part in parts],
        },
    )


async def choose(
    session: Session,
    order: Order,
    method: str,
    gate_id: int,
    *,
    contact: str,
    return_url: str,
    expires_at: dt.datetime,
) -> None:
    """The payer of an offered order has chosen how to pay; a second choice changes nothing."""
    await session.execute(
        text("""
        UPDATE card_orders o SET method = :method, gate_id = g.id, agent_id = g.agent_id, contact = :contact,
               return_url = :return_url, state = 'created', next_at = clock_timestamp(),
               expires_at = :expires_at, changed_at = clock_timestamp()
          FROM card_gates g WHERE o.id = :id AND o.state = 'offered' AND g.id = :gate"""),
        {
            "method": method,
            "gate": gate_id,
            "contact": contact,
            "return_url": return_url,
            "expires_at": expires_at,
            "id": order.id,
        },
    )
    await wake(session)


async def replace_parts(session: Session, order: Order, amount_kopecks: int) -> Order:
    """One part of another sum in place of all: what really came, when it was not what was asked."""
    await session.execute(text("UPDATE card_parts SET is_off = true WHERE order_id = :id"), {"id": order.id})
    last = max((part.ordinal for part in order.parts), default=0)
    await _add_parts(session, order.id, [Part(amount_kopecks)], last + 1)
    found = await by_id(session, order.id)
    assert found is not None
    return found
