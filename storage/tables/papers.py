"""Papers handed out: kind, number, what they said, the very file."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Date, ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Recorded, Words


class Paper(Base):
    """A paper of an account; the file is kept by digest, so it can be handed out again bit for bit."""

    __tablename__ = "papers"
    __table_args__ = (
        Index("uq_papers_company_number", "company_id", "number", unique=True),
        Index("uq_papers_command", "command_id", unique=True),
        Index("ix_papers_account_id", "account_id"),
    )

    id: Mapped[Id]
    command_id: Mapped[Words]
    kind: Mapped[Words]
    number: Mapped[Words]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    first_month: Mapped[dt.date | None] = mapped_column(Date)
    last_month: Mapped[dt.date | None] = mapped_column(Date)
    purpose: Mapped[str] = mapped_column(Text, server_default="")
    file_id: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[Words]
    user_id: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
