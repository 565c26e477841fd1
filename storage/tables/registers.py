"""Registers of payments: profiles of files, files as they came, each row with its verdict."""

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
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Kopecks, Recorded, Words

REGISTER_STATES = ("uploaded", "staged", "refused", "accepting", "accepted", "withdrawn")


class RegisterProfileRow(Base):
    """What files of a counterpart look like (gateways.registers.profile). agent_id NULL: anybody's."""

    __tablename__ = "register_profiles"
    __table_args__ = (Index("uq_register_profiles_code", "code", unique=True),)

    id: Mapped[Id]
    code: Mapped[Words]
    title: Mapped[Words]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    profile: Mapped[dict[str, object]] = mapped_column(JSONB)
    recorded_at: Mapped[Recorded]
    changed_at: Mapped[Recorded]


class Register(Base):
    """A file of payments. The same content is not staged twice; a refused one says why in message."""

    __tablename__ = "registers"
    __table_args__ = (
        CheckConstraint(f"state IN {REGISTER_STATES}", name="state"),
        Index(
            "uq_registers_digest",
            "digest",
            unique=True,
            postgresql_where=text("state IN ('staged', 'accepting', 'accepted')"),
        ),
        Index("ix_registers_agent_id", "agent_id"),
    )

    id: Mapped[Id]
    profile_id: Mapped[int] = mapped_column(ForeignKey("register_profiles.id"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("files.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("files.id"))
    file_name: Mapped[Words]
    digest: Mapped[Words]
    state: Mapped[str] = mapped_column(Text, server_default="uploaded")
    message: Mapped[str] = mapped_column(Text, server_default="")
    encoding: Mapped[str] = mapped_column(Text, server_default="")
    is_totalled: Mapped[bool] = mapped_column(Boolean, server_default="false")
    rows_count: Mapped[int] = mapped_column(Integer, server_default="0")
    amount_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    fee_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    user_id: Mapped[int] = mapped_column(Integer)
    accepted_by: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    staged_at: Mapped[dt.datetime | None]
    accepted_at: Mapped[dt.datetime | None]


class RegisterRow(Base):
    """A row of a register. verdict: good, unknown (no such account, the money is kept), repeat (posted
    before), conflict (its number is another payment's: an alarm), bad (cannot be read).
    """

    __tablename__ = "register_rows"
    __table_args__ = (
        PrimaryKeyConstraint("register_id", "position"),
        CheckConstraint("verdict IN ('good', 'unknown', 'repeat', 'conflict', 'bad')", name="verdict"),
    )

    register_id: Mapped[int] = mapped_column(ForeignKey("registers.id"))
    position: Mapped[int] = mapped_column(Integer)
    line: Mapped[int] = mapped_column(Integer)
    agent_id: Mapped[int] = mapped_column(Integer)
    raw: Mapped[Words]
    account_number: Mapped[Words]
    account_id: Mapped[int | None] = mapped_column(Integer)
    amount_kopecks: Mapped[Kopecks]
    penalty_kopecks: Mapped[Kopecks]
    fee_kopecks: Mapped[Kopecks]
    number: Mapped[Words]
    paid_on: Mapped[dt.date | None] = mapped_column(Date)
    of_period: Mapped[dt.date | None] = mapped_column(Date)
    service: Mapped[int | None] = mapped_column(SmallInteger)
    payer: Mapped[Words]
    readings: Mapped[list[object] | None] = mapped_column(JSONB)
    verdict: Mapped[Words]
    message: Mapped[Words]
