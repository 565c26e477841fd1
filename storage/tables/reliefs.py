"""Dated values of льготы and subsidies that an operator added over those of the product."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Recorded, Words


class ReliefValue(Base):
    """A value of a key (billing.benefits, billing.subsidy) from a day on, once a second person agreed."""

    __tablename__ = "relief_values"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'approved', 'declined')", name="state"),
        CheckConstraint("state <> 'approved' OR decided_by <> proposed_by", name="two_persons"),
        CheckConstraint("value >= 0", name="value"),
        Index(
            "uq_relief_values_in_force",
            "key",
            "first_day",
            unique=True,
            postgresql_where=text("state = 'approved' AND superseded_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    key: Mapped[Words]
    first_day: Mapped[dt.date] = mapped_column(Date)
    value: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[Words]
    document_date: Mapped[dt.date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    proposed_by: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[dt.datetime | None]
    superseded_at: Mapped[dt.datetime | None]
