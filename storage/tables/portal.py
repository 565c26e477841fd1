"""What companies tell people and what people agreed to: news, documents, notices and their settings,
consents.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ARRAY, BigInteger, Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, BigId, Id, Recorded, Words

NOTICE_STATES = ("planned", "sent", "delivered", "failed", "cancelled")
CHANNELS = ("email", "sms", "push", "paper", "cabinet")


class NewsItem(Base):
    """A piece of news of a company; house_ids NULL = for all its houses. Seen by everybody once published."""

    __tablename__ = "news"
    __table_args__ = (Index("ix_news_company_published", "company_id", "published_at"),)

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    title: Mapped[Words]
    text: Mapped[Words]
    house_ids: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    published_at: Mapped[dt.datetime | None]
    withdrawn_at: Mapped[dt.datetime | None]
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incidents.id"))
    created_by: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]


class Document(Base):
    """A document a company shows, with its history: a newer one supersedes, nothing is removed."""

    __tablename__ = "documents"
    __table_args__ = (Index("ix_documents_company_kind", "company_id", "kind"),)

    id: Mapped[Id]
    company_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    house_id: Mapped[int | None] = mapped_column(ForeignKey("houses.id"))
    kind: Mapped[Words]
    title: Mapped[Words]
    document_date: Mapped[dt.date | None] = mapped_column(Date)
    file_id: Mapped[int | None] = mapped_column(ForeignKey("files.id"))
    published_at: Mapped[dt.datetime | None]
    superseded_by: Mapped[int | None] = mapped_column(Integer)
    created_by: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]


class Notice(Base):
    """A message to the payer of an account: by which channel, where, what, and what became of it."""

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint(f"state IN {NOTICE_STATES}", name="state"),
        CheckConstraint(f"channel IN {CHANNELS}", name="channel"),
        Index("ix_notices_account_id", "account_id", "recorded_at"),
    )

    id: Mapped[BigId]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[Words]
    channel: Mapped[Words]
    address: Mapped[str | None] = mapped_column(Text)
    text: Mapped[Words]
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    idempotency_key: Mapped[str] = mapped_column(Text, unique=True)
    sent_at: Mapped[dt.datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[Recorded]


class NoticeSetting(Base):
    """Which notices the payer of an account wants, and how."""

    __tablename__ = "notice_settings"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    is_on: Mapped[bool] = mapped_column(Boolean)
    changed_by: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]


class Consent(Base):
    """A consent of a person (152-ФЗ, electronic receipt), with when it was given and withdrawn; never
    deleted.
    """

    __tablename__ = "consents"

    id: Mapped[BigId]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    company_id: Mapped[int] = mapped_column(Integer)
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[Words]
    given_on: Mapped[dt.date] = mapped_column(Date)
    withdrawn_on: Mapped[dt.date | None] = mapped_column(Date)
    ground: Mapped[Words]
    recorded_at: Mapped[Recorded]
