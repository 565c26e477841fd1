"""Cards and СБП: gates of banks and of fiscal services, orders with their parts, notices, refunds, checks."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, BigId, Id, Instant, Kopecks, Recorded, Words


class CardGate(Base):
    """A bank that takes cards or a fiscal service; profile is data, secrets lie in files of workers alone."""

    __tablename__ = "card_gates"
    __table_args__ = (
        Index("uq_card_gates_code", "code", unique=True),
        CheckConstraint("kind IN ('bank', 'fiscal')", name="kind"),
        CheckConstraint("(kind = 'bank') = (agent_id IS NOT NULL)", name="agent"),
    )

    id: Mapped[Id]
    kind: Mapped[Words]
    code: Mapped[Words]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    profile: Mapped[dict[str, object]] = mapped_column(JSONB)
    place: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    is_active: Mapped[bool] = mapped_column(Boolean)
    trouble: Mapped[str] = mapped_column(Text, server_default="")  # what a worker met last; empty: it works
    seen_at: Mapped[dt.datetime | None]
    recorded_at: Mapped[Recorded]
    changed_at: Mapped[Recorded]


class CardOrder(Base):
    """One payment asked of a bank; number is ours, unguessable, and the address of its page."""

    __tablename__ = "card_orders"
    __table_args__ = (
        Index("uq_card_orders_number", "number", unique=True),
        Index("uq_card_orders_idem", "idem", unique=True),
        Index("ix_card_orders_account_id", "account_id"),
        Index("ix_card_orders_due", "next_at", postgresql_where=sql("next_at IS NOT NULL")),
        Index("ix_card_orders_bank_id", "gate_id", "bank_id"),
        CheckConstraint("amount_kopecks > 0", name="amount"),
        CheckConstraint("method IN ('', 'card', 'sbp')", name="method"),
        CheckConstraint(
            "state IN ('offered', 'created', 'open', 'paid', 'refused', 'expired', 'mismatch', "
            "'part_refunded', 'refunded')",
            name="state",
        ),
    )

    id: Mapped[BigId]
    number: Mapped[Words]
    idem: Mapped[Words]  # of the form that asked: a double click is one order
    gate_id: Mapped[int | None] = mapped_column(ForeignKey("card_gates.id"))
    agent_id: Mapped[int | None] = mapped_column(Integer)
    account_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    account_number: Mapped[Words]
    method: Mapped[str] = mapped_column(Text, server_default="")
    source: Mapped[Words]  # cabinet, link
    amount_kopecks: Mapped[Kopecks]
    paid_kopecks: Mapped[int | None] = mapped_column(BigInteger)  # by the bank's word
    fee_kopecks: Mapped[int | None] = mapped_column(BigInteger)  # what the bank keeps, when it says
    refunded_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    contact: Mapped[str] = mapped_column(Text, server_default="")  # e-mail or phone for the check
    state: Mapped[Words]
    words: Mapped[str] = mapped_column(Text, server_default="")  # why it is so, for a person
    bank_id: Mapped[str | None] = mapped_column(Text)
    link: Mapped[str] = mapped_column(Text, server_default="")  # page of the bank, or payload of СБП
    return_url: Mapped[str] = mapped_column(Text, server_default="")
    card: Mapped[str] = mapped_column(Text, server_default="")  # masked number
    created_by: Mapped[int | None] = mapped_column(Integer)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_at: Mapped[dt.datetime | None]
    expires_at: Mapped[Instant]
    paid_at: Mapped[dt.datetime | None]
    recorded_at: Mapped[Recorded]
    changed_at: Mapped[Recorded]


class CardPart(Base):
    """A part of an order that becomes one payment: of a payee, or (None) shared out by law."""

    __tablename__ = "card_parts"
    __table_args__ = (CheckConstraint("amount_kopecks > 0", name="amount"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("card_orders.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    payee_id: Mapped[int | None] = mapped_column(Integer)
    amount_kopecks: Mapped[Kopecks]
    is_off: Mapped[bool] = mapped_column(Boolean, server_default="false")  # given back, or never came so


class CardNotice(Base):
    """What a bank sent of its own accord, as it came: a hint to ask; the same words twice are one row."""

    __tablename__ = "card_notices"
    __table_args__ = (
        Index("uq_card_notices_digest", "order_id", "digest", unique=True),
        Index("ix_card_notices_new", "id", postgresql_where=sql("verdict = 'new'")),
        CheckConstraint("verdict IN ('new', 'good', 'forged')", name="verdict"),
    )

    id: Mapped[BigId]
    order_id: Mapped[int] = mapped_column(ForeignKey("card_orders.id"))
    digest: Mapped[Words]
    values: Mapped[dict[str, object]] = mapped_column(JSONB)
    address: Mapped[Words]
    verdict: Mapped[str] = mapped_column(Text, server_default="new")
    times: Mapped[int] = mapped_column(Integer, server_default="1")
    recorded_at: Mapped[Recorded]


class CardRefund(Base):
    """Money to be given back: proposed by one, approved by another, sent by a worker, then reversed."""

    __tablename__ = "card_refunds"
    __table_args__ = (
        Index("ix_card_refunds_order_id", "order_id"),
        Index(
            "uq_card_refunds_live",
            "order_id",
            unique=True,
            postgresql_where=sql("state IN ('waiting', 'approved')"),
        ),
        Index("ix_card_refunds_due", "next_at", postgresql_where=sql("next_at IS NOT NULL")),
        CheckConstraint("state IN ('waiting', 'approved', 'declined', 'done', 'failed')", name="state"),
        CheckConstraint("amount_kopecks > 0", name="amount"),
        CheckConstraint("decided_by IS NULL OR state = 'declined' OR decided_by <> proposed_by", name="two"),
    )

    id: Mapped[BigId]
    order_id: Mapped[int] = mapped_column(ForeignKey("card_orders.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    ordinals: Mapped[list[int]] = mapped_column(JSONB)
    amount_kopecks: Mapped[Kopecks]
    before_kopecks: Mapped[Kopecks]  # given back earlier: the bank's total must reach both
    reason: Mapped[Words]
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    words: Mapped[str] = mapped_column(Text, server_default="")
    proposed_by: Mapped[int] = mapped_column(Integer)
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[dt.datetime | None]
    is_sent: Mapped[bool] = mapped_column(Boolean, server_default="false")  # the bank has said yes
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_at: Mapped[dt.datetime | None]
    done_at: Mapped[dt.datetime | None]
    recorded_at: Mapped[Recorded]


class CardCheck(Base):
    """A fiscal receipt of an order, cash, a refund, a correction; external_id makes a repeat harmless."""

    __tablename__ = "card_checks"
    __table_args__ = (
        Index("uq_card_checks_external_id", "external_id", unique=True),
        Index("ix_card_checks_order_id", "order_id"),
        Index("ix_card_checks_receipt_id", "receipt_id"),
        CheckConstraint("(order_id IS NULL) <> (receipt_id IS NULL)", name="money"),
        Index("ix_card_checks_due", "next_at", postgresql_where=sql("next_at IS NOT NULL")),
        CheckConstraint("kind IN ('sell', 'sell_refund', 'sell_correction')", name="kind"),
        CheckConstraint("state IN ('waiting', 'sent', 'done', 'failed', 'replaced')", name="state"),
    )

    id: Mapped[BigId]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("card_orders.id"))
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("card_refunds.id"))
    receipt_id: Mapped[int | None] = mapped_column(ForeignKey("cash_receipts.id"))  # cash of a desk
    gate_id: Mapped[int | None] = mapped_column(ForeignKey("card_gates.id"))  # None: the service in use
    account_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[Words]
    external_id: Mapped[Words]
    amount_kopecks: Mapped[Kopecks]
    ground: Mapped[str] = mapped_column(Text, server_default="")  # of a correction: number and day of its act
    ground_on: Mapped[dt.date | None]
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    words: Mapped[str] = mapped_column(Text, server_default="")
    uuid: Mapped[str | None] = mapped_column(Text)
    fiscal: Mapped[dict[str, object] | None] = mapped_column(JSONB)  # numbers of the fiscal document
    url: Mapped[str] = mapped_column(Text, server_default="")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_at: Mapped[dt.datetime | None]
    recorded_at: Mapped[Recorded]
    done_at: Mapped[dt.datetime | None]
