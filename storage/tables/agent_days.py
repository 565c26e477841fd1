"""Days of payment agents reconciled: their register against our payments, a row an operation."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, BigId, Id, Recorded, Words


class AgentDay(Base):
    """A register of an agent's day (or days) laid against ours; the same file is compared once."""

    __tablename__ = "agent_days"
    __table_args__ = (
        CheckConstraint("state IN ('uploaded', 'compared', 'refused', 'withdrawn')", name="state"),
        Index(
            "uq_agent_days_digest",
            "agent_id",
            "digest",
            unique=True,
            postgresql_where=text("state IN ('uploaded', 'compared')"),
        ),
        Index("ix_agent_days_agent_day", "agent_id", "first_day"),
    )

    id: Mapped[Id]
    agent_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    profile_id: Mapped[int] = mapped_column(ForeignKey("register_profiles.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("files.id"))
    file_name: Mapped[Words]
    digest: Mapped[Words]
    state: Mapped[str] = mapped_column(Text, server_default="uploaded")
    message: Mapped[str] = mapped_column(Text, server_default="")
    first_day: Mapped[dt.date | None] = mapped_column(Date)
    last_day: Mapped[dt.date | None] = mapped_column(Date)
    their_count: Mapped[int] = mapped_column(Integer, server_default="0")
    their_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    our_count: Mapped[int] = mapped_column(Integer, server_default="0")
    our_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    user_id: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    compared_at: Mapped[dt.datetime | None]


class AgentDayRow(Base):
    """An operation of either side. verdict: billing.agent_day; state: what became of a difference.

    same; open (nobody decided), proposed (to be posted, waits for a second person), posting (a worker has
    it), asked (the agent is asked to cancel), cancelling (the agent agreed, a worker has it), done.
    """

    __tablename__ = "agent_day_rows"
    __table_args__ = (
        CheckConstraint("verdict IN ('same', 'theirs', 'ours', 'differs', 'repeat', 'bad')", name="verdict"),
        CheckConstraint(
            "state IN ('same', 'open', 'proposed', 'posting', 'asked', 'cancelling', 'done')", name="state"
        ),
        CheckConstraint("deed IN ('post', 'ask', 'keep', 'later')", name="deed"),
        CheckConstraint(
            "deed <> 'post' OR decided_by IS NULL OR decided_by <> proposed_by", name="two_persons"
        ),
        Index("ix_agent_day_rows_day", "day_id"),
        Index("ix_agent_day_rows_number", "agent_id", "number"),
        Index("ix_agent_day_rows_payment", "payment_id", postgresql_where=text("payment_id IS NOT NULL")),
        Index("ix_agent_day_rows_open", "agent_id", postgresql_where=text("state NOT IN ('same', 'done')")),
    )

    id: Mapped[BigId]
    day_id: Mapped[int] = mapped_column(ForeignKey("agent_days.id"))
    agent_id: Mapped[int] = mapped_column(Integer)
    verdict: Mapped[Words]
    state: Mapped[Words]
    message: Mapped[str] = mapped_column(Text, server_default="")
    line: Mapped[int | None] = mapped_column(Integer)
    number: Mapped[Words]
    their_account: Mapped[str | None] = mapped_column(Text)
    their_kopecks: Mapped[int | None] = mapped_column(BigInteger)
    their_day: Mapped[dt.date | None] = mapped_column(Date)
    payer: Mapped[str] = mapped_column(Text, server_default="")
    payment_id: Mapped[int | None] = mapped_column(BigInteger)
    our_account: Mapped[str | None] = mapped_column(Text)
    our_kopecks: Mapped[int | None] = mapped_column(BigInteger)
    our_day: Mapped[dt.date | None] = mapped_column(Date)
    deed: Mapped[str | None] = mapped_column(Text)
    ground: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text, server_default="")
    proposed_by: Mapped[int | None] = mapped_column(Integer)
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[dt.datetime | None]
