"""The edge with the world: inbox, transactional outbox, processed events, dead letters, audit, files,
imports.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, BigId, Id, Recorded, Words


class InboxRow(Base):
    """What came in, unique by source and key with a hash of the input; the answer to a repeat is read from
    here.
    """

    __tablename__ = "inbox"
    __table_args__ = (Index("uq_inbox_source_key", "source", "key", unique=True),)

    id: Mapped[BigId]
    source: Mapped[Words]
    key: Mapped[Words]
    input_hash: Mapped[Words]
    payload: Mapped[dict[str, object]] = mapped_column(JSONB)
    answer: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text, server_default="accepted")
    company_id: Mapped[int | None] = mapped_column(Integer)
    account_id: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]


class OutboxEvent(Base):
    """An event to publish: event_id is the Nats-Msg-Id. sent_at is set after the stream acknowledged it."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_unsent", "id", postgresql_where=text("sent_at IS NULL")),
        Index("uq_outbox_event_id", "event_id", unique=True),
    )

    id: Mapped[BigId]
    event_id: Mapped[Words]
    subject: Mapped[Words]
    payload: Mapped[dict[str, object]] = mapped_column(JSONB)
    recorded_at: Mapped[Recorded]
    sent_at: Mapped[dt.datetime | None]


class ProcessedEvent(Base):
    """Written in the same transaction as the effect, so that a repeat changes nothing."""

    __tablename__ = "processed_events"
    __table_args__ = (PrimaryKeyConstraint("consumer", "event_id"),)

    consumer: Mapped[Words]
    event_id: Mapped[Words]
    recorded_at: Mapped[Recorded]


class DeadLetter(Base):
    """A message that could not be processed: kept with its error, shown on a page, retried by hand."""

    __tablename__ = "dead_letters"
    __table_args__ = (
        CheckConstraint(
            "(resolved_at IS NULL) = (resolution IS NULL) AND resolution IN ('sent', 'aside')",
            name="resolution",
        ),
        Index("ix_dead_letters_waiting", "id", postgresql_where=text("resolved_at IS NULL")),
    )

    id: Mapped[BigId]
    consumer: Mapped[Words]
    event_id: Mapped[Words]
    subject: Mapped[Words]
    payload: Mapped[dict[str, object]] = mapped_column(JSONB)
    error: Mapped[Words]
    attempts: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
    resolved_at: Mapped[dt.datetime | None]
    resolved_by: Mapped[int | None] = mapped_column(Integer)
    resolution: Mapped[str | None] = mapped_column(Text)  # sent again, set aside
    reason: Mapped[str | None] = mapped_column(Text)


class StreamMark(Base):
    """When the server's stream was made; another moment than here says that its store was lost."""

    __tablename__ = "stream_marks"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    born_at: Mapped[dt.datetime]
    restored_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    recorded_at: Mapped[Recorded]


class AuditRow(Base):
    """Who did what, when, from where: appended by everything that changes or shows personal data."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject_kind", "subject_id"),)

    id: Mapped[BigId]
    recorded_at: Mapped[Recorded]
    user_id: Mapped[int | None] = mapped_column(Integer)
    company_id: Mapped[int | None] = mapped_column(Integer)
    ip: Mapped[str | None] = mapped_column(Text)
    action: Mapped[Words]
    subject_kind: Mapped[Words]
    subject_id: Mapped[int | None] = mapped_column(BigInteger)
    before: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    ground: Mapped[str | None] = mapped_column(Text)


class StoredFile(Base):
    """A file kept by digest: uploads, receipts, exports."""

    __tablename__ = "files"
    __table_args__ = (Index("ix_files_digest", "digest"),)

    id: Mapped[BigId]
    digest: Mapped[Words]
    name: Mapped[Words]
    media_type: Mapped[Words]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    company_id: Mapped[int | None] = mapped_column(Integer)
    account_id: Mapped[int | None] = mapped_column(Integer)
    user_id: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]


class ImportRun(Base):
    """A workbook that was imported: its digest, verdict counts, who; the same digest again changes
    nothing.
    """

    __tablename__ = "imports"

    id: Mapped[Id]
    digest: Mapped[Words]
    file_name: Mapped[Words]
    company_id: Mapped[int | None] = mapped_column(Integer)
    user_id: Mapped[int | None] = mapped_column(Integer)
    state: Mapped[Words]  # checked, imported, refused
    rows_total: Mapped[int] = mapped_column(Integer)
    rows_good: Mapped[int] = mapped_column(Integer)
    rows_bad: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    recorded_at: Mapped[Recorded]


class ImportVerdict(Base):
    """What was wrong with a row: sheet, row, column, what and why, in words."""

    __tablename__ = "import_verdicts"

    id: Mapped[BigId]
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), index=True)
    sheet: Mapped[Words]
    row: Mapped[int] = mapped_column(Integer)
    column: Mapped[str | None] = mapped_column(Text)
    value: Mapped[str | None] = mapped_column(Text)
    message: Mapped[Words]
    position: Mapped[int] = mapped_column(SmallInteger, server_default="0")
