"""Divided premises: co-owners of one flat whose payment documents are separate, with dated shares."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Dated, Id, Words


class Division(Base, Dated):
    """A premises paid apart over whole months [valid_from, valid_to); a change of shares is a new row.

    account_id: the account that holds the premises (its area, its meters, acts), a part itself. by_people:
    bits 1 << service of utilities split by people (agreement of the co-owners, decision of a court), the
    others go by shares.
    """

    __tablename__ = "divisions"
    __table_args__ = (
        Index("ix_divisions_house_id", "house_id"),
        Index(
            "uq_divisions_current",
            "flat_id",
            "valid_from",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
        CheckConstraint(
            "valid_from = date_trunc('month', valid_from) AND "
            "(valid_to IS NULL OR valid_to = date_trunc('month', valid_to) AND valid_to > valid_from)",
            name="months",
        ),
    )

    id: Mapped[Id]
    flat_id: Mapped[int] = mapped_column(ForeignKey("flats.id"))
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    by_people: Mapped[int] = mapped_column(BigInteger, server_default="0")
    ground: Mapped[Words]
    created_by: Mapped[int | None] = mapped_column(Integer)


class DivisionPart(Base):
    """The share of an account of a divided premises; shares of a division sum to one. is_new: the account was
    opened for it.
    """

    __tablename__ = "division_parts"
    __table_args__ = (
        Index("ix_division_parts_account_id", "account_id"),
        CheckConstraint("share_num >= 1 AND share_den >= share_num", name="share"),
    )

    division_id: Mapped[int] = mapped_column(ForeignKey("divisions.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    company_id: Mapped[int] = mapped_column(Integer)
    share_num: Mapped[int] = mapped_column(Integer)
    share_den: Mapped[int] = mapped_column(Integer)
    is_new: Mapped[bool] = mapped_column(Boolean, server_default="false")
