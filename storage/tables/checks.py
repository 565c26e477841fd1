"""What is held until a person decides: readings that look wrong, sums of a run that jumped."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Kopecks, Micro, Month, Recorded, Small, Words

HOLD_STATES = ("held", "accepted", "corrected", "rejected")
DIMENSIONS = ("account", "house", "service", "supplier")
SUM_STATES = ("held", "released", "correction")


class HeldReading(Base):
    """A reading that does not bill until somebody decides: what was given, what it follows, what was taken.

    value1..3 are as given, after1..3 as taken. rules: keys of the rules that held it; words: why, for a
    person. refusal: why the decision could not be carried out (then it is held again). correction_id: the
    draft of correction that an accepted reading of a closed month brought.
    """

    __tablename__ = "held_readings"
    __table_args__ = (
        CheckConstraint(f"state IN {HOLD_STATES}", name="state"),
        CheckConstraint("(state = 'held') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("state <> 'corrected' OR after1_micro IS NOT NULL", name="after"),
        Index("ix_held_readings_open", "period", "id", postgresql_where=text("state = 'held'")),
        Index("ix_held_readings_meter_id", "meter_id"),
    )

    id: Mapped[Id]
    reading_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    period: Mapped[Month]
    meter_id: Mapped[int] = mapped_column(ForeignKey("meters.id"))
    house_id: Mapped[int] = mapped_column(Integer)
    account_id: Mapped[int | None] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    service: Mapped[Small]
    zones: Mapped[Small]
    source: Mapped[Words]
    taken_on: Mapped[dt.date] = mapped_column(Date)
    value1_micro: Mapped[Micro]
    value2_micro: Mapped[Micro]
    value3_micro: Mapped[Micro]
    prev1_micro: Mapped[Micro]
    prev2_micro: Mapped[Micro]
    prev3_micro: Mapped[Micro]
    after1_micro: Mapped[int | None] = mapped_column(BigInteger)
    after2_micro: Mapped[int | None] = mapped_column(BigInteger)
    after3_micro: Mapped[int | None] = mapped_column(BigInteger)
    volume_micro: Mapped[Micro]
    rules: Mapped[list[str]] = mapped_column(ARRAY(Text))
    words: Mapped[Words]
    state: Mapped[str] = mapped_column(Text, server_default="held")
    given_by: Mapped[int | None] = mapped_column(Integer)
    given_at: Mapped[Recorded]
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[dt.datetime | None]
    note: Mapped[str | None] = mapped_column(Text)
    taken_id: Mapped[int | None] = mapped_column(BigInteger)
    refusal: Mapped[str | None] = mapped_column(Text)
    correction_id: Mapped[int | None] = mapped_column(Integer)


class RunHold(Base):
    """A sum of a run that differs from the month before by more than the organisation allows.

    key: id of the account, house or supplier, code of the service. limit_*: what was exceeded, as it was in
    force. state: held → released (bills as it is) | correction (the data is put right, the draft is undone).
    """

    __tablename__ = "run_holds"
    __table_args__ = (
        CheckConstraint(f"dimension IN {DIMENSIONS}", name="dimension"),
        CheckConstraint(f"state IN {SUM_STATES}", name="state"),
        CheckConstraint("(state = 'held') = (decided_by IS NULL)", name="decided"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    dimension: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[int] = mapped_column(Integer, primary_key=True)
    company_id: Mapped[int | None] = mapped_column(Integer)
    now_kopecks: Mapped[Kopecks]
    before_kopecks: Mapped[Kopecks]
    limit_percent: Mapped[int] = mapped_column(Integer)
    limit_kopecks: Mapped[Kopecks]
    state: Mapped[str] = mapped_column(Text, server_default="held")
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[dt.datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
