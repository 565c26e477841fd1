"""The cash desk of a company: its agent, shifts, money taken, cash handed to the bank."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Kopecks, Recorded, Words


class CashDesk(Base):
    """A desk of a company: in the books it is an agent of its own, «Касса …», with the company's ИНН."""

    __tablename__ = "cash_desks"
    __table_args__ = (
        UniqueConstraint("company_id"),
        UniqueConstraint("agent_id"),
        CheckConstraint(
            "checks IN ('none', 'own', 'service') AND (checks = 'service') = (fiscal_gate_id IS NOT NULL)",
            name="checks",
        ),
    )

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    created_by: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    checks: Mapped[str] = mapped_column(Text, server_default="none")  # who makes fiscal receipts
    fiscal_gate_id: Mapped[int | None] = mapped_column(ForeignKey("card_gates.id"))


class CashDeposit(Base):
    """Cash of whole shifts handed to the bank; the bank's statement says when it came."""

    __tablename__ = "cash_deposits"
    __table_args__ = (
        UniqueConstraint("command_id"),
        CheckConstraint("amount_kopecks > 0", name="amount"),
        Index("ix_cash_deposits_company_id", "company_id"),
    )

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(Integer)
    command_id: Mapped[Words]
    day: Mapped[dt.date] = mapped_column(Date)
    document: Mapped[Words]
    amount_kopecks: Mapped[Kopecks]
    user_id: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]


class CashShift(Base):
    """A shift of a cashier: one open at a time; closed with its counts, which never change afterwards."""

    __tablename__ = "cash_shifts"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        CheckConstraint(
            "(closed_at IS NULL) = (taken_kopecks IS NULL) AND (closed_at IS NULL) = (taken_count IS NULL)",
            name="closed",
        ),
        CheckConstraint("deposit_id IS NULL OR closed_at IS NOT NULL", name="deposited_when_closed"),
        Index(
            "uq_cash_shifts_open", "opened_by", unique=True, postgresql_where=text("closed_at IS NULL")
        ),
    )  # fmt: skip

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(Integer)
    desk_id: Mapped[int] = mapped_column(ForeignKey("cash_desks.id"))
    number: Mapped[int] = mapped_column(Integer)
    opened_by: Mapped[int] = mapped_column(Integer)
    opened_at: Mapped[Recorded]
    closed_at: Mapped[dt.datetime | None]
    taken_count: Mapped[int | None] = mapped_column(Integer)
    taken_kopecks: Mapped[int | None] = mapped_column(BigInteger)
    voided_count: Mapped[int | None] = mapped_column(Integer)
    voided_kopecks: Mapped[int | None] = mapped_column(BigInteger)
    deposit_id: Mapped[int | None] = mapped_column(ForeignKey("cash_deposits.id"))


class CashReceipt(Base):
    """Money taken at the desk: once by its command, numbered within its shift, voided with a reason."""

    __tablename__ = "cash_receipts"
    __table_args__ = (
        UniqueConstraint("command_id"),
        UniqueConstraint("shift_id", "number"),
        CheckConstraint("amount_kopecks > 0 AND given_kopecks >= amount_kopecks", name="amounts"),
        CheckConstraint("(voided_at IS NULL) = (void_reason IS NULL)", name="voided"),
        Index("ix_cash_receipts_account_id", "account_id"),
    )

    id: Mapped[Id]
    shift_id: Mapped[int] = mapped_column(ForeignKey("cash_shifts.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    command_id: Mapped[Words]
    number: Mapped[int] = mapped_column(Integer)
    payment_number: Mapped[Words]  # of the desk as an agent
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    amount_kopecks: Mapped[Kopecks]
    given_kopecks: Mapped[Kopecks]
    user_id: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    voided_at: Mapped[dt.datetime | None]
    void_reason: Mapped[str | None] = mapped_column(Text)
    voided_by: Mapped[int | None] = mapped_column(Integer)
    check_number: Mapped[str | None] = mapped_column(Text)  # of the desk's own register
    void_check_number: Mapped[str | None] = mapped_column(Text)
