"""Acts about tampering with meters and unauthorised connections (Rules 354, cl. 62)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Learnt, Micro, Small, Words


class UnauthorisedUse(Base, Learnt):
    """An act: found on a day, from valid_from to the day of the fix valid_to, which does not count.

    way: billing.unauthorised.Way. capacity_micro: units an hour of what was connected. It is charged in the
    month of found_on; storage.unauthorised keeps one live act of an account, service and way a month.
    """

    __tablename__ = "unauthorised_uses"
    __table_args__ = (
        Index("ix_unauthorised_uses_house_id", "house_id"),
        Index("ix_unauthorised_uses_account_id", "account_id"),
        CheckConstraint("way BETWEEN 1 AND 3", name="way"),
        CheckConstraint("valid_to > valid_from", name="days"),
        CheckConstraint("(way = 2) = (capacity_micro > 0)", name="capacity"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    service: Mapped[Small]
    way: Mapped[Small]
    found_on: Mapped[dt.date] = mapped_column(Date)
    valid_from: Mapped[dt.date] = mapped_column(Date)
    valid_to: Mapped[dt.date] = mapped_column(Date)
    capacity_micro: Mapped[Micro]
    ground: Mapped[Words]
    created_by: Mapped[int | None] = mapped_column(Integer)
