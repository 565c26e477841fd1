"""Common needs of houses (СОИ, ОДН): what each month came to and left for the next ones, ways of paying that
wait for a second person.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Month, Recorded, Small, Words


class CommonMonth(Base):
    """What a run found of a service of common needs in a house for a month; micro-units
    (billing.common_past).

    Written with the lines of the run, never changed: of several published runs the last one counts. period:
    the month it is about, of a correction an old one. is_known: the meter of the house and its flats say
    something; norm_micro −1: there is none. carried_micro came from months before, balance_micro goes to
    later ones.
    """

    __tablename__ = "common_months"
    __table_args__ = (
        CheckConstraint("carried_micro <= 0 AND balance_micro <= 0 AND charged_micro >= 0", name="signs"),
        Index("ix_common_months_house", "house_id", "period"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    house_id: Mapped[int] = mapped_column(ForeignKey("houses.id"), primary_key=True)
    service: Mapped[Small] = mapped_column(primary_key=True)
    period: Mapped[Month] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(Integer)
    method: Mapped[Small]
    is_known: Mapped[bool] = mapped_column(Boolean)
    flats_known: Mapped[bool] = mapped_column(Boolean)
    house_micro: Mapped[int] = mapped_column(BigInteger)
    flats_micro: Mapped[int] = mapped_column(BigInteger)
    norm_micro: Mapped[int] = mapped_column(BigInteger)
    carried_micro: Mapped[int] = mapped_column(BigInteger)
    charged_micro: Mapped[int] = mapped_column(BigInteger)
    balance_micro: Mapped[int] = mapped_column(BigInteger)


class CommonModeProposal(Base):
    """A way of paying for common needs that waits for a second person: of a house, or of an organisation for
    its houses that have none of their own. service 0 is every resource; method: a name of
    billing.services.Method, «law» gives a house back to its organisation and an organisation to the norm.
    """

    __tablename__ = "common_mode_proposals"
    __table_args__ = (
        CheckConstraint("(house_id IS NULL) <> (organisation_id IS NULL)", name="owner"),
        CheckConstraint("state IN ('waiting', 'approved', 'declined')", name="state"),
        CheckConstraint("state <> 'approved' OR decided_by <> proposed_by", name="two_persons"),
        CheckConstraint("EXTRACT(day FROM valid_from) = 1", name="month"),
        Index("ix_common_mode_proposals_waiting", "id", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[Id]
    house_id: Mapped[int | None] = mapped_column(ForeignKey("houses.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    service: Mapped[Small]
    method: Mapped[Words]
    valid_from: Mapped[dt.date] = mapped_column(Date)
    document: Mapped[Words]
    document_date: Mapped[dt.date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    proposed_by: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[dt.datetime | None]
