"""«Что если»: what was asked, how far it is, sums by cut, the accounts that change most; and marks of changed
facts that tell a worker whether a block it keeps warm is still true. Nothing here is a charge.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, BigId, Id, Kopecks, Month, Recorded, Words

STATES = ("planned", "counting", "done", "failed", "stopped")
CUTS = ("all", "service", "supplier", "house", "company", "size", "benefit", "step", "parked")


class WhatIf(Base):
    """A question about a month: one changed value. company_id NULL is the whole city.

    family: the table of the value, or method, or raising; value_id: its row, or the service of the latter
    two. Counted block after block of whole houses; last_house_id: how far.
    """

    __tablename__ = "what_ifs"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("family IN ('tariff', 'norm', 'coefficient', 'method', 'raising')", name="family"),
        CheckConstraint('"after" >= 0', name="after"),
    )

    id: Mapped[Id]
    command_id: Mapped[str] = mapped_column(Text, unique=True)
    period: Mapped[Month]
    company_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    title: Mapped[Words]
    family: Mapped[Words]
    value_id: Mapped[int] = mapped_column(Integer)
    before: Mapped[int] = mapped_column(BigInteger)
    after: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    total_count: Mapped[int] = mapped_column(Integer, server_default="0")
    done_count: Mapped[int] = mapped_column(Integer, server_default="0")
    warm_count: Mapped[int] = mapped_column(Integer, server_default="0")
    last_house_id: Mapped[int] = mapped_column(Integer, server_default="0")
    error: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[Recorded]
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]


class WhatIfSum(Base):
    """Sums by one key of one cut (billing.what_if.CUTS)."""

    __tablename__ = "what_if_sums"
    __table_args__ = (CheckConstraint(f"cut IN {CUTS}", name="cut"),)

    what_if_id: Mapped[int] = mapped_column(ForeignKey("what_ifs.id", ondelete="CASCADE"), primary_key=True)
    cut: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[int] = mapped_column(Integer, primary_key=True)
    accounts_count: Mapped[int] = mapped_column(Integer)
    more_count: Mapped[int] = mapped_column(Integer)
    less_count: Mapped[int] = mapped_column(Integer)
    before_kopecks: Mapped[Kopecks]
    after_kopecks: Mapped[Kopecks]


class WhatIfExtreme(Base):
    """An account whose bill would change most."""

    __tablename__ = "what_if_extremes"

    what_if_id: Mapped[int] = mapped_column(ForeignKey("what_ifs.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    before_kopecks: Mapped[Kopecks]
    after_kopecks: Mapped[Kopecks]


class FactChange(Base):
    """Houses whose facts a transaction changed, written by triggers; house_ids NULL = any house.

    A block read under a snapshot is stale when a row is here that the snapshot did not see: exact, whatever
    the order in which transactions commit.
    """

    __tablename__ = "fact_changes"
    __table_args__ = (Index("ix_fact_changes_transaction_id", "transaction_id"),)

    id: Mapped[BigId]
    transaction_id: Mapped[int] = mapped_column(BigInteger)
    house_ids: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    recorded_at: Mapped[Recorded]
