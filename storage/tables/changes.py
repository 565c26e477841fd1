"""Why a month is dearer than the one before, by house: parts by service and cause, and the bills of both
months.

An account's own parts are worked out when they are asked for; these sums answer for a house, a company, the
city.
"""

from __future__ import annotations

from sqlalchemy import ARRAY, CheckConstraint, Integer, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Kopecks, Month, Recorded

CHANGE_STATES = ("counting", "done")


class ChangeMonth(Base):
    """How far a month is compared with the one before. run_ids: published runs of both that were compared."""

    __tablename__ = "change_months"
    __table_args__ = (CheckConstraint(f"state IN {CHANGE_STATES}", name="state"),)

    period: Mapped[Month] = mapped_column(primary_key=True)
    run_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    state: Mapped[str] = mapped_column(Text)
    last_house_id: Mapped[int] = mapped_column(Integer, server_default="0")
    counted_at: Mapped[Recorded]


class ChangeHouse(Base):
    """The bills of a house in both months, and how many of its accounts pay more and less."""

    __tablename__ = "change_houses"

    period: Mapped[Month] = mapped_column(primary_key=True)
    house_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    company_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    accounts_count: Mapped[int] = mapped_column(Integer)
    more_count: Mapped[int] = mapped_column(Integer)
    less_count: Mapped[int] = mapped_column(Integer)
    before_kopecks: Mapped[Kopecks]
    now_kopecks: Mapped[Kopecks]


class ChangeSum(Base):
    """A part of a house's change (billing.why.Part) by service; service 0 is of no service."""

    __tablename__ = "change_sums"

    period: Mapped[Month] = mapped_column(primary_key=True)
    house_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    company_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    service: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    kopecks: Mapped[Kopecks]
