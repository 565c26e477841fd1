"""Distributors of heat and what they showed over a year (Rules 354, annex 2, formula 6)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Learnt, Words


class DistributorDevice(Base, Learnt):
    """A distributor on a radiator of an account; factor_micro is the factor of it, in millionths."""

    __tablename__ = "distributor_devices"
    __table_args__ = (
        Index("ix_distributor_devices_house_id", "house_id"),
        Index(
            "uq_distributor_devices_current",
            "account_id",
            "serial",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
        CheckConstraint("factor_micro > 0", name="factor"),
        CheckConstraint("removed_on >= installed_on", name="days"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    serial: Mapped[Words]
    place: Mapped[str | None]
    factor_micro: Mapped[int] = mapped_column(BigInteger)
    installed_on: Mapped[dt.date] = mapped_column(Date)
    removed_on: Mapped[dt.date | None] = mapped_column(Date)
    ground: Mapped[Words]
    created_by: Mapped[int | None] = mapped_column(Integer)


class HeatDistributor(Base, Learnt):
    """What the distributors of an account showed over a calendar year: Σ readings × factors, micro-units.

    parts: reading and factor of each by serial, both in millionths; NULL = the sum was given as it is.
    """

    __tablename__ = "heat_distributors"
    __table_args__ = (
        Index("ix_heat_distributors_house_id", "house_id", "year"),
        Index(
            "uq_heat_distributors_current",
            "account_id",
            "year",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
        CheckConstraint("units_micro >= 0", name="units"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    year: Mapped[int] = mapped_column(SmallInteger)
    units_micro: Mapped[int] = mapped_column(BigInteger)
    parts: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    ground: Mapped[Words]
    created_by: Mapped[int | None] = mapped_column(Integer)
