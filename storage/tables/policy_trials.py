"""Trials of an order of payments: how real payments of closed months would have been shared by it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Kopecks, Month, Recorded
from storage.tables.netting import TRIAL_STATES


class PolicyTrial(Base):
    """An order on trial: planned → counting → counted → waiting → approved | declined.

    said, said_before: words of the order (storage.payment_policy) from valid_from on, and of the one in
    force without it. Payments posted in months first_month to last_month. proved_count: payments whose shares
    by the order in force are those on the books.
    """

    __tablename__ = "policy_trials"
    __table_args__ = (
        CheckConstraint(f"state IN {TRIAL_STATES}", name="state"),
        CheckConstraint("state <> 'approved' OR decided_by <> proposed_by", name="two_persons"),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    said: Mapped[dict[str, str]] = mapped_column(JSONB)
    said_before: Mapped[dict[str, str]] = mapped_column(JSONB)
    valid_from: Mapped[dt.date] = mapped_column(Date)
    first_month: Mapped[Month]
    last_month: Mapped[Month]
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    command_id: Mapped[str] = mapped_column(Text, unique=True)
    created_by: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[Recorded]
    counted_at: Mapped[dt.datetime | None]
    ground: Mapped[str | None] = mapped_column(Text)
    proposed_by: Mapped[int | None] = mapped_column(Integer)
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[dt.datetime | None]
    last_account_id: Mapped[int] = mapped_column(Integer, server_default="0")
    done_count: Mapped[int] = mapped_column(Integer, server_default="0")
    total_count: Mapped[int] = mapped_column(Integer, server_default="0")
    payments_count: Mapped[int] = mapped_column(Integer, server_default="0")
    changed_count: Mapped[int] = mapped_column(Integer, server_default="0")
    proved_count: Mapped[int] = mapped_column(Integer, server_default="0")
    error: Mapped[str | None] = mapped_column(Text)


class PolicyTrialAccount(Base):
    """An account of which some payment would have been shared otherwise.

    moved: kopecks that would have paid other debts; penalty: how much more would have paid penalties. parts:
    its changed payments side by side, kept for the most extreme and for a sample (storage.policy_trial_work).
    """

    __tablename__ = "policy_trial_accounts"
    __table_args__ = (Index("ix_policy_trial_accounts_account_id", "account_id"),)

    trial_id: Mapped[int] = mapped_column(ForeignKey("policy_trials.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    payments_count: Mapped[int] = mapped_column(Integer)
    changed_count: Mapped[int] = mapped_column(Integer)
    moved_kopecks: Mapped[Kopecks]
    penalty_kopecks: Mapped[Kopecks]
    parts: Mapped[list[dict[str, object]] | None] = mapped_column(JSONB)


class PolicyTrialSum(Base):
    """What payments paid by the order in force and would have paid by the one on trial.

    payee, service, of_month (ordinal): 0 where money has none: an advance, or a debt of another system.
    """

    __tablename__ = "policy_trial_sums"

    trial_id: Mapped[int] = mapped_column(ForeignKey("policy_trials.id"), primary_key=True)
    payee_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    service: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    of_month: Mapped[int] = mapped_column(Integer, primary_key=True)
    is_penalty: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    now_kopecks: Mapped[Kopecks]
    then_kopecks: Mapped[Kopecks]
