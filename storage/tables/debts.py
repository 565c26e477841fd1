"""Debtors as last counted, how much is collected, and the overdue process: cases, steps, batches."""

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
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Kopecks, Month, Recorded, Small, Words

STAGES = "('reminder', 'notice', 'restriction', 'stop', 'court')"


class DebtCount(Base):
    """A count of debtors: of all accounts (is_full) or of those something was posted to since the last."""

    __tablename__ = "debt_counts"

    id: Mapped[Id]
    day: Mapped[dt.date] = mapped_column(Date)
    is_full: Mapped[bool] = mapped_column(Boolean)
    entries_until: Mapped[int] = mapped_column(BigInteger)
    accounts_count: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]


class Debtor(Base):
    """An account with unpaid charges on a day: a cache of the ledger, counted anew, never a source."""

    __tablename__ = "debtors"
    __table_args__ = (
        Index("ix_debtors_company_id", "company_id", "overdue_kopecks"),
        Index("ix_debtors_overdue_kopecks", "overdue_kopecks"),
        Index("ix_debtors_house_id", "house_id"),
        CheckConstraint("overdue_kopecks >= 0 AND coming_kopecks >= 0", name="amounts"),
        CheckConstraint(
            "overdue_kopecks = age0_kopecks + age1_kopecks + age2_kopecks + age3_kopecks + age4_kopecks "
            "+ age5_kopecks + age6_kopecks",
            name="ages",
        ),
        CheckConstraint(
            "overdue_kopecks = housing_kopecks + utility_kopecks + common_kopecks + capital_kopecks "
            "+ other_kopecks",
            name="groups",
        ),
    )

    account_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    company_id: Mapped[int] = mapped_column(Integer)
    house_id: Mapped[int] = mapped_column(Integer)
    day: Mapped[dt.date] = mapped_column(Date)
    overdue_kopecks: Mapped[Kopecks]
    coming_kopecks: Mapped[Kopecks]  # charged, may be paid in time
    penalty_kopecks: Mapped[Kopecks]
    months: Mapped[Small]  # unpaid months past their last day
    oldest: Mapped[dt.date | None] = mapped_column(Date)
    age0_kopecks: Mapped[Kopecks]
    age1_kopecks: Mapped[Kopecks]
    age2_kopecks: Mapped[Kopecks]
    age3_kopecks: Mapped[Kopecks]
    age4_kopecks: Mapped[Kopecks]
    age5_kopecks: Mapped[Kopecks]
    age6_kopecks: Mapped[Kopecks]
    housing_kopecks: Mapped[Kopecks]
    utility_kopecks: Mapped[Kopecks]
    common_kopecks: Mapped[Kopecks]
    capital_kopecks: Mapped[Kopecks]
    other_kopecks: Mapped[Kopecks]
    hot_water_kopecks: Mapped[Kopecks]
    sewerage_kopecks: Mapped[Kopecks]
    electricity_kopecks: Mapped[Kopecks]
    gas_kopecks: Mapped[Kopecks]
    is_agreed: Mapped[bool] = mapped_column(Boolean, server_default="false")  # an agreement is kept


class Collection(Base):
    """What was charged and paid in a month by house and service: a closed month is counted once."""

    __tablename__ = "collections"
    __table_args__ = (
        PrimaryKeyConstraint("period", "house_id", "company_id", "service"),
        Index("ix_collections_company_id", "company_id", "period"),
    )

    period: Mapped[Month]
    house_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    service: Mapped[int] = mapped_column(SmallInteger)  # 0: an advance that named no service
    charged_kopecks: Mapped[Kopecks]
    paid_kopecks: Mapped[Kopecks]


class DebtCase(Base):
    """A debtor in the process: which step comes next and from what day. One open case an account."""

    __tablename__ = "debt_cases"
    __table_args__ = (
        CheckConstraint("(closed_on IS NULL) = (close_reason IS NULL)", name="closed"),
        CheckConstraint(f"next_stage IS NULL OR next_stage IN {STAGES}", name="next_stage"),
        Index(
            "uq_debt_cases_open", "account_id", unique=True, postgresql_where=text("closed_on IS NULL")
        ),
        Index(
            "ix_debt_cases_ready_on", "ready_on", postgresql_where=text("closed_on IS NULL")
        ),
    )  # fmt: skip

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    stage: Mapped[str | None] = mapped_column(Text)  # the last step approved
    next_stage: Mapped[str | None] = mapped_column(Text)
    ready_on: Mapped[dt.date | None] = mapped_column(Date)  # NULL: waits for a delivery
    opened_on: Mapped[dt.date] = mapped_column(Date)
    closed_on: Mapped[dt.date | None] = mapped_column(Date)
    close_reason: Mapped[str | None] = mapped_column(Text)  # paid
    held_until: Mapped[dt.date | None] = mapped_column(Date)  # a person asked not to go on before it
    hold_reason: Mapped[str | None] = mapped_column(Text)


class DebtBatch(Base):
    """Steps taken together: seen in a preview, approved by a person, undone while nothing is handed over."""

    __tablename__ = "debt_batches"
    __table_args__ = (
        CheckConstraint(f"stage IN {STAGES}", name="stage"),
        CheckConstraint("state IN ('preview', 'approved', 'undone')", name="state"),
    )

    id: Mapped[Id]
    stage: Mapped[Words]
    company_id: Mapped[int | None] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text, server_default="preview")
    step_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    digest: Mapped[Words]
    steps_count: Mapped[int] = mapped_column(Integer)
    amount_kopecks: Mapped[Kopecks]
    created_by: Mapped[int] = mapped_column(Integer)
    approved_by: Mapped[int | None] = mapped_column(Integer)
    approved_at: Mapped[dt.datetime | None]
    undone_by: Mapped[int | None] = mapped_column(Integer)
    undone_at: Mapped[dt.datetime | None]
    undo_reason: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[Recorded]


class DebtStep(Base):
    """A step of a case: drafted by the rule, approved by a person, drawn as a paper, handed over."""

    __tablename__ = "debt_steps"
    __table_args__ = (
        CheckConstraint(f"stage IN {STAGES}", name="stage"),
        CheckConstraint("state IN ('draft', 'approved', 'undone', 'dropped')", name="state"),
        CheckConstraint("(delivered_on IS NULL) = (delivery IS NULL)", name="delivered"),
        CheckConstraint(
            "delivery IS NULL OR delivery IN ('receipt', 'letter', 'cabinet', 'phone')", name="delivery"
        ),
        CheckConstraint("delivered_on IS NULL OR state = 'approved'", name="delivered_when_approved"),
        Index("uq_debt_steps_draft", "case_id", unique=True, postgresql_where=text("state = 'draft'")),
        Index("ix_debt_steps_case_id", "case_id"),
        Index("ix_debt_steps_batch_id", "batch_id"),
        Index("ix_debt_steps_paper_id", "paper_id"),
        Index("ix_debt_steps_draft", "company_id", "stage", postgresql_where=text("state = 'draft'")),
        Index(
            "ix_debt_steps_undrawn",
            "id",
            postgresql_where=text("state = 'approved' AND paper_id IS NULL AND problem IS NULL"),
        ),
    )

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("debt_cases.id"))
    account_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    stage: Mapped[Words]
    state: Mapped[str] = mapped_column(Text, server_default="draft")
    drafted_on: Mapped[dt.date] = mapped_column(Date)
    amount_kopecks: Mapped[Kopecks]  # owed when it was drafted, then when it was approved
    services: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), server_default="{}")
    norms: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")  # a month by the norm
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("debt_batches.id"))
    paper_id: Mapped[int | None] = mapped_column(ForeignKey("papers.id"))
    problem: Mapped[str | None] = mapped_column(Text)
    delivery: Mapped[str | None] = mapped_column(Text)
    delivered_on: Mapped[dt.date | None] = mapped_column(Date)
    delivery_note: Mapped[str | None] = mapped_column(Text)
    delivered_by: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
