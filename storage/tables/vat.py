"""Whether prices of a payee include VAT: dated, by service or for all of them, by two people."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Month, Recorded, Words


class VatTerm(Base):
    """From a month on tariffs of an organisation include VAT, or it pays none. service NULL = all others."""

    __tablename__ = "vat_terms"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'approved', 'declined')", name="state"),
        CheckConstraint("state <> 'approved' OR decided_by <> proposed_by", name="two_persons"),
        Index("ix_vat_terms_organisation", "organisation_id", "id"),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    service: Mapped[int | None] = mapped_column(SmallInteger)
    is_included: Mapped[bool] = mapped_column(Boolean)
    valid_from: Mapped[Month]
    document: Mapped[Words]
    document_date: Mapped[dt.date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    proposed_by: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[dt.datetime | None]
