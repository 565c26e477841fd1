"""Values of tariffs and norms that one person entered and another has not yet agreed with."""

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
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Recorded, Small, Words


class ValueProposal(Base):
    """A tariff or norm waiting for a second person; runs do not see it until it is approved.

    kind: consumer of a tariff (population, nonresidential) or kind of a norm (person, area, common …).
    is_backward: takes the place of whatever is in force on its days, valid_to excluded: an annulled tariff.
    value: 1/10 000 rouble for a tariff, micro-units for a norm.
    """

    __tablename__ = "value_proposals"
    __table_args__ = (
        CheckConstraint("family IN ('tariff', 'norm')", name="family"),
        CheckConstraint("state IN ('waiting', 'approved', 'declined')", name="state"),
        CheckConstraint("state <> 'approved' OR decided_by <> proposed_by", name="two_persons"),
        CheckConstraint("value >= 0", name="value"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days"),
        Index("ix_value_proposals_waiting", "id", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[Id]
    family: Mapped[Words]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    zone_id: Mapped[int | None] = mapped_column(SmallInteger)
    house_id: Mapped[int | None] = mapped_column(ForeignKey("houses.id"))
    service: Mapped[Small]
    component: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    kind: Mapped[Words]
    value: Mapped[int] = mapped_column(BigInteger)
    valid_from: Mapped[dt.date] = mapped_column(Date)
    valid_to: Mapped[dt.date | None] = mapped_column(Date)
    is_backward: Mapped[bool] = mapped_column(Boolean, server_default="false")
    document: Mapped[Words]
    document_date: Mapped[dt.date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    proposed_by: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[dt.datetime | None]
