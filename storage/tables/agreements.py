"""Agreements on paying in parts: asked for or made at the desk, their schedule, and pauses of penalties."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Kopecks, Month, Recorded, Small, Words

KINDS = ("rise", "debt")
STATES = ("asked", "declined", "active", "kept", "broken", "cancelled")


class Agreement(Base):
    """A charge or a debt paid in parts: asked → active | declined; active → kept | broken | cancelled.

    kind: rise is a utility dearer than a year ago (Rules 354, cl. 72: service and of_period name the
    charge); debt is everything owed for months through covered_until. penalties: stopped or counted while
    it is kept; on_break: from the day it is broken, or for the whole time. paid: what came on the covered
    debt by checked_on.
    """

    __tablename__ = "agreements"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("penalties IN ('stopped', 'counted')", name="penalties"),
        CheckConstraint("on_break IN ('since', 'whole')", name="on_break"),
        CheckConstraint("(kind = 'rise') = (service IS NOT NULL)", name="rise"),
        CheckConstraint("cancelled_by IS NULL OR cancelled_by <> cancel_asked_by", name="two_persons"),
        CheckConstraint("amount_kopecks > 0 AND months > 0", name="amount"),
        Index("ix_agreements_company_id", "company_id", "state"),
        Index("ix_agreements_account_id", "account_id"),
        Index(
            "uq_agreements_active_debt",
            "account_id",
            unique=True,
            postgresql_where=text("state = 'active' AND kind = 'debt'"),
        ),
        Index(
            "uq_agreements_active_rise",
            "account_id",
            "service",
            "of_period",
            unique=True,
            postgresql_where=text("state IN ('asked', 'active') AND kind = 'rise'"),
        ),
    )

    id: Mapped[Id]
    command_id: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[Words]
    state: Mapped[Words]
    account_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    amount_kopecks: Mapped[Kopecks]
    months: Mapped[Small]
    rate_permille: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    grace_days: Mapped[int] = mapped_column(SmallInteger, server_default="5")
    penalties: Mapped[str] = mapped_column(Text, server_default="stopped")
    on_break: Mapped[str] = mapped_column(Text, server_default="since")
    covered_until: Mapped[Month]
    service: Mapped[int | None] = mapped_column(SmallInteger)
    of_period: Mapped[dt.date | None] = mapped_column(Date)
    before_kopecks: Mapped[int] = mapped_column(Integer, server_default="0")
    document: Mapped[str] = mapped_column(Text, server_default="")
    note: Mapped[str] = mapped_column(Text, server_default="")
    asked_by: Mapped[int | None] = mapped_column(Integer)
    made_by: Mapped[int | None] = mapped_column(Integer)
    made_on: Mapped[dt.date | None] = mapped_column(Date)
    recorded_at: Mapped[Recorded]
    paper_id: Mapped[int | None] = mapped_column(Integer)
    paid_kopecks: Mapped[int] = mapped_column(Integer, server_default="0")
    checked_on: Mapped[dt.date | None] = mapped_column(Date)
    broken_on: Mapped[dt.date | None] = mapped_column(Date)
    ended_on: Mapped[dt.date | None] = mapped_column(Date)
    cancel_asked_by: Mapped[int | None] = mapped_column(Integer)
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    cancelled_by: Mapped[int | None] = mapped_column(Integer)


class AgreementPart(Base):
    """A part: the month whose document asks for it, the last day to pay, kopecks of the debt, interest."""

    __tablename__ = "agreement_parts"

    agreement_id: Mapped[int] = mapped_column(ForeignKey("agreements.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    account_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    period: Mapped[Month]
    due_on: Mapped[dt.date] = mapped_column(Date)
    amount_kopecks: Mapped[Kopecks]
    interest_kopecks: Mapped[Kopecks]


class PenaltyPause(Base):
    """Days on which a debt of a line cost nothing because an agreement was kept; the line's proof."""

    __tablename__ = "penalty_pauses"
    __table_args__ = (
        PrimaryKeyConstraint("run_id", "account_id", "of_period", "payee_id", "service", "first_day"),
        ForeignKeyConstraint(["run_id"], ["penalty_runs.id"]),
    )

    run_id: Mapped[int] = mapped_column(Integer)
    account_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    of_period: Mapped[Month]
    payee_id: Mapped[int] = mapped_column(Integer)
    service: Mapped[Small]
    first_day: Mapped[dt.date] = mapped_column(Date)
    last_day: Mapped[dt.date] = mapped_column(Date)
    agreement_id: Mapped[int] = mapped_column(Integer)
