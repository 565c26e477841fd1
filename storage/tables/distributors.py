"""Readings of distributors of heat (Rules 354, annex 2, formula 6)."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Learnt, Words


class HeatDistributor(Base, Learnt):
    """What the distributors of an account showed over a calendar year: Σ readings × factors, micro-units."""

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
    ground: Mapped[Words]
    created_by: Mapped[int | None] = mapped_column(Integer)
