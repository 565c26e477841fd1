"""Penalties: rows of law an operator added, computations, their lines with the parts that prove them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    Boolean,
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

from storage.base import Base, Id, Kopecks, Month, Recorded, Small, Words

DUE_OF_LINE = "DATE '2000-01-01'"  # of parts counted before plans were known
PENALTY_STATES = ("planned", "counting", "checked", "posting", "posted", "undone", "failed")


class PenaltyValue(Base):
    """A key rate, cap, moratorium or moved day an operator proposed; in force when another person approved.

    Added to what comes with the product (billing/law/penalty.yaml); a row of the same family and first day
    replaces it. value: hundredths of a percent of a rate or a cap.
    due_before: a moratorium is of debts due before that day only. superseded_at: a later row replaced it.
    """

    __tablename__ = "penalty_values"
    __table_args__ = (
        CheckConstraint(
            "family IN ('key_rate', 'cap', 'moratorium', 'day_off', 'working_day')", name="family"
        ),
        CheckConstraint("state IN ('waiting', 'approved', 'declined')", name="state"),
        CheckConstraint("state <> 'approved' OR decided_by <> proposed_by", name="two_persons"),
        CheckConstraint("(family IN ('key_rate', 'cap')) = (value IS NOT NULL) AND value >= 0", name="value"),
        CheckConstraint("(family IN ('cap', 'moratorium')) = (last_day IS NOT NULL)", name="last_day"),
        CheckConstraint("last_day >= first_day", name="days"),
        CheckConstraint("due_before IS NULL OR family = 'moratorium'", name="due_before"),
        Index(
            "uq_penalty_values_in_force",
            "family",
            "first_day",
            unique=True,
            postgresql_where=text("state = 'approved' AND superseded_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    family: Mapped[Words]
    first_day: Mapped[dt.date] = mapped_column(Date)
    last_day: Mapped[dt.date | None] = mapped_column(Date)
    value: Mapped[int | None] = mapped_column(Integer)
    due_before: Mapped[dt.date | None] = mapped_column(Date)
    document: Mapped[Words]
    document_date: Mapped[dt.date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    proposed_by: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[dt.datetime | None]
    superseded_at: Mapped[dt.datetime | None]


class PenaltyRun(Base):
    """A computation of penalties through a day: planned → counting → checked → posting → posted | undone.

    seen_changes: how many computations had been posted or undone when this one began; it is posted only while
    that is still so, for its lines are differences from them.
    """

    __tablename__ = "penalty_runs"
    __table_args__ = (
        CheckConstraint(f"state IN {PENALTY_STATES}", name="state"),
        CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name="two_persons"),
    )

    id: Mapped[Id]
    period: Mapped[Month]
    until: Mapped[dt.date] = mapped_column(Date)
    company_id: Mapped[int | None] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    command_id: Mapped[str] = mapped_column(Text, unique=True)
    created_by: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[Recorded]
    approved_by: Mapped[int | None] = mapped_column(Integer)
    undone_by: Mapped[int | None] = mapped_column(Integer)
    checked_at: Mapped[dt.datetime | None]
    posted_at: Mapped[dt.datetime | None]
    posted_in: Mapped[dt.date | None] = mapped_column(Date)
    undone_at: Mapped[dt.datetime | None]
    seen_changes: Mapped[int] = mapped_column(Integer, server_default="0")
    law_version: Mapped[str | None] = mapped_column(Text)
    last_account_id: Mapped[int] = mapped_column(Integer, server_default="0")
    done_count: Mapped[int] = mapped_column(Integer, server_default="0")
    total_count: Mapped[int] = mapped_column(Integer, server_default="0")
    accounts_count: Mapped[int] = mapped_column(Integer, server_default="0")
    lines_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    amount_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    error: Mapped[str | None] = mapped_column(Text)


class PenaltyLine(Base):
    """What a computation adds to the penalty of one debt: amount = total − before.

    total is the running sum from the due day through `until`, rounded once: half_up(Σ amount × weight of its
    parts / billing.penalty.kernel.DIVISOR). Never updated. reach: how far a surplus of a service went on the
    day of computation (billing.penalty.netting.Reach).
    """

    __tablename__ = "penalty_lines"
    __table_args__ = (
        PrimaryKeyConstraint("run_id", "account_id", "of_period", "payee_id", "service"),
        Index("ix_penalty_lines_account_id", "account_id"),
        CheckConstraint("amount_kopecks = total_kopecks - before_kopecks", name="amount"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("penalty_runs.id"))
    account_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    payee_id: Mapped[int] = mapped_column(Integer)
    service: Mapped[Small]
    of_period: Mapped[Month]
    due_on: Mapped[dt.date] = mapped_column(Date)
    payer: Mapped[Small]
    is_daily: Mapped[bool] = mapped_column(Boolean)
    principal_kopecks: Mapped[Kopecks]
    unpaid_kopecks: Mapped[Kopecks]
    total_kopecks: Mapped[Kopecks]
    before_kopecks: Mapped[Kopecks]
    amount_kopecks: Mapped[Kopecks]
    reach: Mapped[int] = mapped_column(SmallInteger, server_default="0")


class PenaltyPart(Base):
    """A part of a debt: paid on `day`, or still unpaid on the day of computation; weight = Σ share × rate.

    netted: how much of it a surplus of another service paid, where the organisation keeps surpluses apart.
    due_on: the last day to pay this part; DUE_OF_LINE = that of its line.
    """

    __tablename__ = "penalty_parts"
    __table_args__ = (
        PrimaryKeyConstraint(
            "run_id", "account_id", "of_period", "payee_id", "service", "day", "is_paid", "due_on"
        ),
        CheckConstraint("amount_kopecks > 0 AND weight > 0", name="part"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("penalty_runs.id"))
    account_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    payee_id: Mapped[int] = mapped_column(Integer)
    service: Mapped[int] = mapped_column(SmallInteger)
    of_period: Mapped[Month]
    day: Mapped[dt.date] = mapped_column(Date)
    is_paid: Mapped[bool] = mapped_column(Boolean)
    amount_kopecks: Mapped[Kopecks]
    weight: Mapped[int] = mapped_column(BigInteger)
    netted_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    due_on: Mapped[dt.date] = mapped_column(Date, server_default="2000-01-01")
