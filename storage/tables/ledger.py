"""The ledger: append-only entries whose postings sum to zero, and the monthly opening balances proved by
them.

Charges are written once: the debit of residents for a published run is the run's lines; its entry holds one
posting of the total on book RESIDENTS (account_id NULL, run_id set) and the credits of payees by service.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, BigId, Id, Kopecks, Month, Recorded, Small, Words


class Entry(Base):
    """A fact of money. idempotency_key is unique; input_hash tells a repeat from an alarm."""

    __tablename__ = "entries"
    __table_args__ = (
        Index("ix_entries_period", "period"),
        Index("ix_entries_reverses_id", "reverses_id", postgresql_where=text("reverses_id IS NOT NULL")),
    )

    id: Mapped[BigId]
    kind: Mapped[Words]  # accrual, payment, opening, reversal, transfer, write_off …
    period: Mapped[Month]  # the open month it was posted in
    booked_on: Mapped[dt.date] = mapped_column(Date)
    happened_at: Mapped[dt.datetime | None]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"), unique=True)
    idempotency_key: Mapped[str] = mapped_column(Text, unique=True)
    input_hash: Mapped[Words]
    reverses_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(Text)
    ground: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]


class Posting(Base):
    """One side of an entry: signed kopecks on a book (billing.ledger.Book). of_period: which month it pays
    or corrects.
    """

    __tablename__ = "postings"
    __table_args__ = (
        PrimaryKeyConstraint("entry_id", "ordinal"),
        Index("ix_postings_account_id", "account_id", "period"),
        Index("ix_postings_period", "period", postgresql_using="brin"),
        CheckConstraint("amount_kopecks <> 0", name="amount"),
    )

    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"))
    ordinal: Mapped[Small]
    book: Mapped[Small]
    period: Mapped[Month]
    account_id: Mapped[int | None] = mapped_column(Integer)
    company_id: Mapped[int | None] = mapped_column(Integer)
    organisation_id: Mapped[int | None] = mapped_column(Integer)
    service: Mapped[int | None] = mapped_column(SmallInteger)
    of_period: Mapped[dt.date | None] = mapped_column(Date)
    amount_kopecks: Mapped[Kopecks]


class OpeningBalance(Base):
    """Balance of an account at the first instant of a month (debt positive): a cache, proved by `ledger
    check`.
    """

    __tablename__ = "opening_balances"
    __table_args__ = (
        PrimaryKeyConstraint("period", "account_id"),
        Index("ix_opening_balances_account_id", "account_id"),
    )

    period: Mapped[Month]
    account_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    amount_kopecks: Mapped[Kopecks]


class BookSum(Base):
    """Sum of a closed month by book, kind of entry and, of a reversal, kind of what it reverses (or '')."""

    __tablename__ = "book_sums"
    __table_args__ = (PrimaryKeyConstraint("period", "book", "kind", "of_kind"),)

    period: Mapped[Month]
    book: Mapped[Small]
    kind: Mapped[Words]
    of_kind: Mapped[Words]
    amount_kopecks: Mapped[Kopecks]


class Payment(Base):
    """A payment as it came from outside, unique by agent and its number; posted by exactly one entry."""

    __tablename__ = "payments"
    __table_args__ = (
        Index("uq_payments_agent_number", "agent_id", "number", unique=True),
        Index("ix_payments_account_id", "account_id"),
        Index("ix_payments_agent_day", "agent_id", "paid_on"),
        Index("ix_payments_unmatched", "id", postgresql_where=text("state IN ('unmatched', 'kept')")),
        Index("ix_payments_register_id", "register_id"),
        CheckConstraint("amount_kopecks > 0", name="amount"),
    )

    id: Mapped[BigId]
    agent_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    number: Mapped[Words]
    account_id: Mapped[int | None] = mapped_column(Integer)
    company_id: Mapped[int | None] = mapped_column(Integer)
    account_number: Mapped[Words]
    amount_kopecks: Mapped[Kopecks]
    paid_on: Mapped[dt.date] = mapped_column(Date)
    of_period: Mapped[dt.date | None] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default="accepted")
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entries.id"))
    recorded_at: Mapped[Recorded]
    input_hash: Mapped[str | None] = mapped_column(Text)  # of what came: tells a repeat from an alarm
    source: Mapped[str] = mapped_column(Text, server_default="online")  # online, register, desk, card
    service: Mapped[int | None] = mapped_column(SmallInteger)  # the service the payer named
    register_id: Mapped[int | None] = mapped_column(Integer)
    payer: Mapped[str | None] = mapped_column(Text)  # name and address as the agent gave them


class PaymentDecision(Base):
    """What a person decided about a payment whose account was not known; the intake makes the move."""

    __tablename__ = "payment_decisions"
    __table_args__ = (
        Index("ix_payment_decisions_payment_id", "payment_id"),
        Index(
            "uq_payment_decisions_waiting",
            "payment_id",
            unique=True,
            postgresql_where=text("state = 'planned'"),
        ),
        CheckConstraint("deed IN ('assign', 'return', 'keep', 'undo')", name="deed"),
        CheckConstraint("(deed = 'assign') = (account_id IS NOT NULL)", name="account"),
        CheckConstraint("state IN ('planned', 'done', 'refused')", name="state"),
    )

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"))
    deed: Mapped[Words]
    account_id: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[Words]
    user_id: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    message: Mapped[str] = mapped_column(Text, server_default="")
    entry_id: Mapped[int | None] = mapped_column(BigInteger)
    recorded_at: Mapped[Recorded]
    done_at: Mapped[dt.datetime | None]
