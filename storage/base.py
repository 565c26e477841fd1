"""Declarative base of every table: one naming convention, and the few column types the product has.

Money is BIGINT kopecks, quantities are BIGINT scaled integers (see billing.quantity), a month is the DATE
of its
first day with a CHECK, an instant is TIMESTAMPTZ. Facts carry two times: valid_from / valid_to say when it
was so
(half-open, NULL = still so), recorded_at / superseded_at say when we learnt it and when we learnt better.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, ClassVar

from sqlalchemy import BigInteger, Date, DateTime, Integer, MetaData, SmallInteger, Text, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Id = Annotated[int, mapped_column(Integer, primary_key=True)]
BigId = Annotated[int, mapped_column(BigInteger, primary_key=True)]
Small = Annotated[int, mapped_column(SmallInteger)]
Kopecks = Annotated[int, mapped_column(BigInteger)]
Micro = Annotated[int, mapped_column(BigInteger)]
Month = Annotated[dt.date, mapped_column(Date)]
Instant = Annotated[dt.datetime, mapped_column(DateTime(timezone=True))]
Recorded = Annotated[dt.datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
Words = Annotated[str, mapped_column(Text)]


class Base(DeclarativeBase):
    """All tables share one MetaData; migrations are compared against it by a test."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[type, object]] = {dt.datetime: DateTime(timezone=True), str: Text}


class Valid:
    """Valid time: the days on which the fact was so, [valid_from, valid_to), NULL end = still so."""

    valid_from: Mapped[dt.date] = mapped_column(Date)
    valid_to: Mapped[dt.date | None] = mapped_column(Date)


class Learnt:
    """Recorded time: when we learnt it, and when a better row superseded it (never deleted, never edited)."""

    recorded_at: Mapped[Recorded]
    superseded_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class Dated(Valid, Learnt):
    """A fact dated twice: valid time and recorded time."""
