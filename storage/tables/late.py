"""Facts learnt after their month was closed, until a correction takes them in."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Month, Recorded, Words

LATE_KINDS = (
    "people",
    "area",
    "owner",
    "absence",
    "reading",
    "meter",
    "quality",
    "tariff",
    "norm",
    "benefit",
    "service",
    "method",
)


class LateFactRow(Base):
    """A fact with a true date in a closed month: of an account, of a house, or a value over many houses.

    run_id: the newest correction that took it in; it waits again when that draft is undone. company_id is
    empty for a value: those are the centre's. organisation_id, zone_id: the scope of a value, empty = all.
    """

    __tablename__ = "late_facts"
    __table_args__ = (
        CheckConstraint(f"kind IN {LATE_KINDS}", name="kind"),
        CheckConstraint("first_period <= last_period", name="months"),
        CheckConstraint("house_id IS NOT NULL OR service IS NOT NULL", name="scope"),
        CheckConstraint("(dismissed_at IS NULL) = (dismissal IS NULL)", name="dismissal"),
        Index("ix_late_facts_run_id", "run_id"),
        Index("ix_late_facts_house_id", "house_id"),
        Index("ix_late_facts_waiting", "id", postgresql_where=text("dismissed_at IS NULL")),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[Words]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    house_id: Mapped[int | None] = mapped_column(ForeignKey("houses.id"))
    company_id: Mapped[int | None] = mapped_column(Integer)
    organisation_id: Mapped[int | None] = mapped_column(Integer)
    zone_id: Mapped[int | None] = mapped_column(SmallInteger)
    service: Mapped[int | None] = mapped_column(SmallInteger)
    happened_on: Mapped[dt.date] = mapped_column(Date)
    first_period: Mapped[Month]
    last_period: Mapped[Month]
    words: Mapped[Words]
    ground: Mapped[str] = mapped_column(Text, server_default="")
    recorded_by: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    run_id: Mapped[int | None] = mapped_column(Integer)
    dismissed_by: Mapped[int | None] = mapped_column(Integer)
    dismissed_at: Mapped[dt.datetime | None]
    dismissal: Mapped[str | None] = mapped_column(Text)
