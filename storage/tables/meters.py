"""Meters (ИПУ, квартирные, комнатные, ОДПУ), what happened to them, and readings with their source."""

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

from storage.base import Base, Dated, Id, Learnt, Micro, Month, Recorded, Small, Words


class Meter(Base):
    """A meter. kind: individual (ИПУ), flat (общий квартирный), room, house (ОДПУ: account_id is NULL).

    zones: 1, 2 or 3 tariff zones. digits: figures before the comma, for rollover. verified_until is the
    last day of
    the current verification; a gap between verifications is a row of meter_events (kind 'unverified').
    initial1..3: readings at installation, in micro-units. supplier_duty: replacement is the duty of the
    guaranteeing supplier (Rules 354, п. 59 г).
    """

    __tablename__ = "meters"
    __table_args__ = (
        Index("ix_meters_house_id", "house_id"),
        Index("ix_meters_account_id", "account_id"),
        Index("ix_meters_serial", "serial", postgresql_ops={"serial": "text_pattern_ops"}),
        CheckConstraint("kind IN ('individual', 'flat', 'room', 'house')", name="kind"),
        CheckConstraint("zones BETWEEN 1 AND 3", name="zones"),
        CheckConstraint("(kind = 'house') = (account_id IS NULL)", name="place"),
    )

    id: Mapped[Id]
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text, server_default="individual")
    service: Mapped[Small]
    serial: Mapped[Words]
    model: Mapped[str | None] = mapped_column(Text)
    place: Mapped[str | None] = mapped_column(Text)
    zones: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    digits: Mapped[int] = mapped_column(SmallInteger, server_default="5")
    initial1_micro: Mapped[int] = mapped_column(BigInteger, server_default="0")
    initial2_micro: Mapped[int] = mapped_column(BigInteger, server_default="0")
    initial3_micro: Mapped[int] = mapped_column(BigInteger, server_default="0")
    installed_on: Mapped[dt.date] = mapped_column(Date)
    removed_on: Mapped[dt.date | None] = mapped_column(Date)
    verified_until: Mapped[dt.date | None] = mapped_column(Date)
    interval_years: Mapped[int | None] = mapped_column(SmallInteger)
    supplier_duty: Mapped[bool] = mapped_column(Boolean, server_default="false")
    has_events: Mapped[bool] = mapped_column(Boolean, server_default="false")
    replaces_id: Mapped[int | None] = mapped_column(Integer)


class MeterEvent(Base, Dated):
    """A dated state of a meter: fault, refusal of access, unverified; each with its document."""

    __tablename__ = "meter_events"
    __table_args__ = (CheckConstraint("kind IN ('fault', 'refusal', 'unverified')", name="kind"),)

    id: Mapped[Id]
    meter_id: Mapped[int] = mapped_column(ForeignKey("meters.id"), index=True)
    house_id: Mapped[int] = mapped_column(Integer, index=True)
    company_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[Words]
    ground: Mapped[str | None] = mapped_column(Text)


READING_SOURCES = (
    "resident",
    "company",
    "supplier",
    "device",
    "inspection",
    "payment",
    "import",
    "final",
    "initial",
)
READING_STATUSES = ("accepted", "held", "rejected")


class Reading(Base):
    """A reading of a meter for a month, in micro-units, never edited: a better one supersedes it.

    Each accepted reading knows what came before it (prev_*: the last accepted reading of an earlier month,
    or the
    initial one) and the average window that ends with it: window_volume* over window_months months of real
    readings,
    at most the last six, gaps spread evenly (Rules 354, п. 59). Derived at write by storage.readings,
    recomputed for the meter's later rows when an earlier reading changes. Partitioned by month of `period`.
    """

    __tablename__ = "readings"
    __table_args__ = (
        PrimaryKeyConstraint("period", "id"),
        Index("ix_readings_house_id", "house_id"),
        Index(
            "uq_readings_meter_current",
            "period",
            "meter_id",
            unique=True,
            postgresql_where=text("superseded_at IS NULL AND status = 'accepted'"),
        ),
        Index("ix_readings_meter_id", "meter_id"),
        CheckConstraint("EXTRACT(day FROM period) = 1", name="period"),
        CheckConstraint(f"status IN {READING_STATUSES}", name="status"),
        CheckConstraint(f"source IN {READING_SOURCES}", name="source"),
        {"postgresql_partition_by": "RANGE (period)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, autoincrement=True)
    period: Mapped[Month]
    meter_id: Mapped[int] = mapped_column(Integer)
    house_id: Mapped[int] = mapped_column(Integer)
    account_id: Mapped[int | None] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    taken_on: Mapped[dt.date] = mapped_column(Date)
    value1_micro: Mapped[Micro]
    value2_micro: Mapped[int] = mapped_column(BigInteger, server_default="0")
    value3_micro: Mapped[int] = mapped_column(BigInteger, server_default="0")
    source: Mapped[Words]
    status: Mapped[str] = mapped_column(Text, server_default="accepted")
    prev_period: Mapped[dt.date | None] = mapped_column(Date)
    prev1_micro: Mapped[int] = mapped_column(BigInteger, server_default="0")
    prev2_micro: Mapped[int] = mapped_column(BigInteger, server_default="0")
    prev3_micro: Mapped[int] = mapped_column(BigInteger, server_default="0")
    window_months: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    window1_micro: Mapped[int] = mapped_column(BigInteger, server_default="0")
    window2_micro: Mapped[int] = mapped_column(BigInteger, server_default="0")
    window3_micro: Mapped[int] = mapped_column(BigInteger, server_default="0")
    event_id: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    superseded_at: Mapped[dt.datetime | None] = mapped_column()


class ReadingVerdict(Base, Learnt):
    """Why a reading was held or refused: rule, words for a person, value before and after."""

    __tablename__ = "reading_verdicts"

    id: Mapped[Id]
    reading_id: Mapped[int] = mapped_column(BigInteger, index=True)
    period: Mapped[Month]
    company_id: Mapped[int] = mapped_column(Integer)
    rule: Mapped[Words]
    message: Mapped[Words]
    severity: Mapped[str] = mapped_column(Text, server_default="hold")
