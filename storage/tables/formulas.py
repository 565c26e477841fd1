"""Formulas of services that a centre or a company writes itself, what lines were computed from, and
choices the law leaves open that wait for a second person.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    ARRAY,
    BigInteger,
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

from storage.base import Base, Id, Kopecks, Month, Recorded, Words


class FormulaRow(Base):
    """A version of a formula; runs see it once another person approved it. Nothing is edited: of rows equally
    narrow the one that begins later counts, so a row ends where the next begins.

    organisation_id NULL = of the city; house_ids NULL = all houses of the organisation. text NULL = from that
    month the service goes by the method of its house again. supplier_id: who is paid where approving also
    connects the service to houses.
    """

    __tablename__ = "formulas"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'approved', 'declined')", name="state"),
        CheckConstraint("state <> 'approved' OR decided_by <> proposed_by", name="two_persons"),
        CheckConstraint("extract(day FROM valid_from) = 1", name="month"),
        CheckConstraint("service >= 100", name="service"),
        CheckConstraint("ceiling_kopecks > 0", name="ceiling"),
        Index("ix_formulas_service", "service", "valid_from"),
        Index("ix_formulas_waiting", "id", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[Id]
    service: Mapped[int] = mapped_column(SmallInteger)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    house_ids: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    text: Mapped[str | None] = mapped_column(Text)
    ceiling_kopecks: Mapped[Kopecks]
    valid_from: Mapped[Month]
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    document: Mapped[Words]
    document_date: Mapped[dt.date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    proposed_by: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[dt.datetime | None]


class FormulaInput(Base):
    """Numbers a formula was computed from; id is their digest and stands in `lines.b`, so equal flats share a
    row and a repeated block writes nothing new. numbers: numerator and denominator of each quantity, in the
    order the formula names them.
    """

    __tablename__ = "formula_inputs"
    __table_args__ = (PrimaryKeyConstraint("formula_id", "id"),)

    formula_id: Mapped[int] = mapped_column(ForeignKey("formulas.id"))
    id: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    numbers: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class ChoiceProposal(Base):
    """An answer to a question the law leaves open; a row of `coefficients` once another person agreed.

    organisation_id: a company's own answer, None = the city's. value "city": it has none from that day.
    """

    __tablename__ = "choice_proposals"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'approved', 'declined')", name="state"),
        CheckConstraint("state <> 'approved' OR decided_by <> proposed_by", name="two_persons"),
        Index("ix_choice_proposals_key", "key", "id"),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    key: Mapped[Words]
    value: Mapped[Words]
    ground: Mapped[Words]
    valid_from: Mapped[Month]
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    proposed_by: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[dt.datetime | None]
