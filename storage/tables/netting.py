"""Trials of a rule of surpluses: what penalties would be by it, account by account, before it is chosen."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Kopecks, Month, Recorded, Words

TRIAL_STATES = ("planned", "counting", "counted", "waiting", "approved", "declined", "failed")


class NettingTrial(Base):
    """A rule on trial: planned → counting → counted → waiting → approved | declined.

    reach: account, payee or service, from valid_from on. now, then: penalties through `until` by the rule in
    force and by the one on trial; always: as if it had been in force from the first month.
    """

    __tablename__ = "netting_trials"
    __table_args__ = (
        CheckConstraint(f"state IN {TRIAL_STATES}", name="state"),
        CheckConstraint("reach IN ('account', 'payee', 'service')", name="reach"),
        CheckConstraint("state <> 'approved' OR decided_by <> proposed_by", name="two_persons"),
    )

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    reach: Mapped[Words]
    valid_from: Mapped[dt.date] = mapped_column(Date)
    period: Mapped[Month]
    until: Mapped[dt.date] = mapped_column(Date)
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
    error: Mapped[str | None] = mapped_column(Text)


class NettingTrialAccount(Base):
    """An account whose penalty differs by the rule on trial; debts_count: by how many debts, if always so."""

    __tablename__ = "netting_trial_accounts"
    __table_args__ = (Index("ix_netting_trial_accounts_account_id", "account_id"),)

    trial_id: Mapped[int] = mapped_column(ForeignKey("netting_trials.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    now_kopecks: Mapped[Kopecks]
    then_kopecks: Mapped[Kopecks]
    always_kopecks: Mapped[Kopecks]
    debts_count: Mapped[int] = mapped_column(Integer)
