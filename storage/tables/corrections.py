"""Corrections of past months with their grounds; people who were away; breaks and bad quality."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Kopecks, Learnt, Month, Small, Words


class Correction(Base):
    """Why a run corrects past months: reason code, document, months. The run is the package itself: its
    state is the correction's, its lines are the differences with the old month in months_back.
    """

    __tablename__ = "corrections"
    __table_args__ = (
        CheckConstraint("kind IN ('recalculated', 'manual')", name="kind"),
        CheckConstraint("first_period <= last_period", name="months"),
        CheckConstraint("ground <> ''", name="ground"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    kind: Mapped[Words]
    reason: Mapped[Words]
    ground: Mapped[Words]
    ground_on: Mapped[dt.date] = mapped_column(Date)
    note: Mapped[str] = mapped_column(Text, server_default="")
    first_period: Mapped[Month]
    last_period: Mapped[Month]
    company_id: Mapped[int | None] = mapped_column(Integer)


class CorrectionSum(Base):
    """A sum of a manual correction: which account, month and service."""

    __tablename__ = "correction_sums"
    __table_args__ = (
        UniqueConstraint("run_id", "account_id", "period", "service"),
        CheckConstraint("amount_kopecks <> 0", name="amount"),
    )

    id: Mapped[Id]
    run_id: Mapped[int] = mapped_column(ForeignKey("corrections.run_id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    period: Mapped[Month]
    service: Mapped[Small]
    supplier_id: Mapped[int] = mapped_column(Integer)
    amount_kopecks: Mapped[Kopecks]


class Absence(Base, Learnt):
    """People of an account away: left on valid_from, back on valid_to, neither day counts (section VIII).

    is_forced: force majeure, no act about the meter is needed (cl. 86).
    """

    __tablename__ = "absences"
    __table_args__ = (
        Index("ix_absences_house_id", "house_id"),
        Index("ix_absences_account_id", "account_id"),
        CheckConstraint("people BETWEEN 1 AND 50", name="people"),
        CheckConstraint("valid_to > valid_from", name="days"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    people: Mapped[Small]
    valid_from: Mapped[dt.date] = mapped_column(Date)
    valid_to: Mapped[dt.date] = mapped_column(Date)
    is_forced: Mapped[bool] = mapped_column(Boolean, server_default="false")
    proof: Mapped[Words]
    ground: Mapped[Words]
    applied_on: Mapped[dt.date] = mapped_column(Date)
    created_by: Mapped[int | None] = mapped_column(Integer)


class TroubleRow(Base, Learnt):
    """A break or bad quality of a service in a house, an entrance of it or one account (annex 1).

    trouble: billing.reduction.Trouble; value and required in tenths (degrees, percent); marks: its Mark.
    """

    __tablename__ = "troubles"
    __table_args__ = (
        Index("ix_troubles_house_id", "house_id"),
        CheckConstraint("ended_at > started_at", name="time"),
        CheckConstraint("account_id IS NULL OR entrance IS NULL", name="place"),
    )

    id: Mapped[Id]
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    entrance: Mapped[int | None] = mapped_column(SmallInteger)
    service: Mapped[Small]
    trouble: Mapped[Small]
    started_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime]
    value: Mapped[int] = mapped_column(Integer, server_default="0")
    required: Mapped[int] = mapped_column(Integer, server_default="0")
    marks: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    ground: Mapped[Words]
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incidents.id"))
    created_by: Mapped[int | None] = mapped_column(Integer)
