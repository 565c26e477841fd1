"""Acts of checks of meters (Rules 354, cl. 61)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Learnt, Micro, Small, Words


class MeterCheck(Base, Learnt):
    """An act: number, day, who looked, what the counter showed in micro-units by zone.

    One live act of a meter a month. is_last: the reading of that month was taken before the check, so the
    check stands instead of it. ground: the document; the difference is charged in the month of checked_on.
    """

    __tablename__ = "meter_checks"
    __table_args__ = (
        Index("ix_meter_checks_house_id", "house_id"),
        Index("ix_meter_checks_account_id", "account_id"),
        Index("ix_meter_checks_meter_id", "meter_id"),
        CheckConstraint("value1_micro >= 0 AND value2_micro >= 0 AND value3_micro >= 0", name="value"),
    )

    id: Mapped[Id]
    meter_id: Mapped[int] = mapped_column(ForeignKey("meters.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    service: Mapped[Small]
    number: Mapped[Words]
    checked_on: Mapped[dt.date] = mapped_column(Date)
    inspector: Mapped[Words]
    value1_micro: Mapped[Micro]
    value2_micro: Mapped[Micro]
    value3_micro: Mapped[Micro]
    is_last: Mapped[bool]
    ground: Mapped[Words]
    created_by: Mapped[int | None] = mapped_column(Integer)
