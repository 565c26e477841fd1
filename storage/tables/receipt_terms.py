"""Whose requisites stand in payment documents of an organisation; how a payer wishes to get them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, BigId, Id, Month, Recorded, Words

SUBJECTS = ("payee", "others", "capital")
PLACEMENTS = ("common", "block", "document")


class ReceiptTerm(Base):
    """From a month on charges of a subject stand in the common block, in one of their own, in a document.

    subject: a payee, all payees without a term of their own, or the contribution for capital repair.
    """

    __tablename__ = "receipt_terms"
    __table_args__ = (
        CheckConstraint(f"subject IN {SUBJECTS}", name="subject"),
        CheckConstraint(f"placement IN {PLACEMENTS}", name="placement"),
        CheckConstraint("(subject = 'payee') = (payee_id IS NOT NULL)", name="payee"),
        CheckConstraint("state IN ('waiting', 'approved', 'declined')", name="state"),
        CheckConstraint("state <> 'approved' OR decided_by <> proposed_by", name="two_persons"),
        Index("ix_receipt_terms_company_id", "company_id", "id"),
    )

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    subject: Mapped[Words]
    payee_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    placement: Mapped[Words]
    valid_from: Mapped[Month]
    document: Mapped[Words]
    document_date: Mapped[dt.date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    proposed_by: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[dt.datetime | None]


class DeliveryWish(Base):
    """What the payer of an account asked for, in the cabinet or at the desk; appended, the newest counts.

    A trigger puts it on `accounts` (receipt_by, is_large_print), which the web may not write for a resident.
    """

    __tablename__ = "delivery_wishes"
    __table_args__ = (
        CheckConstraint("receipt_by IN ('paper', 'electronic')", name="receipt_by"),
        Index("ix_delivery_wishes_account_id", "account_id", "id"),
    )

    id: Mapped[BigId]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    receipt_by: Mapped[Words]
    is_large_print: Mapped[bool] = mapped_column(Boolean)
    ground: Mapped[str] = mapped_column(Text, server_default="")
    user_id: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
