"""E-mail: addresses of accounts and what they are for, mailings, letters (the way out), what came back."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, BigId, Id, Month, Recorded, Words

LETTER_STATES = (
    "waiting", "sending", "sent", "delivered", "unclear", "refused", "bounced", "cancelled",
)  # fmt: skip


class MailBox(Base):
    """The address of an account: confirmed by a code, what is sent to it, why nothing is sent any more."""

    __tablename__ = "mail_boxes"
    __table_args__ = (
        Index("ix_mail_boxes_address", "address"),
        CheckConstraint("state IN ('asked', 'confirmed', 'broken', 'off')", name="state"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    company_id: Mapped[int] = mapped_column(Integer)
    address: Mapped[Words]
    state: Mapped[Words]
    has_receipts: Mapped[bool] = mapped_column(Boolean, server_default="true")
    is_paperless: Mapped[bool] = mapped_column(Boolean, server_default="false")
    password_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # of the PDF; storage.sealed
    token: Mapped[str] = mapped_column(Text, unique=True)  # of the address of unsubscribing
    code_hash: Mapped[str] = mapped_column(Text, server_default="")
    code_until: Mapped[dt.datetime | None]
    code_tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    trouble: Mapped[str] = mapped_column(Text, server_default="")  # why it is broken, by the server's words
    confirmed_at: Mapped[dt.datetime | None]
    recorded_at: Mapped[Recorded]
    changed_at: Mapped[Recorded]


class MailRun(Base):
    """A mailing of receipts of a month."""

    __tablename__ = "mail_runs"
    __table_args__ = (
        CheckConstraint("state IN ('planned', 'sending', 'stopped', 'done', 'undone')", name="state"),
        CheckConstraint("EXTRACT(day FROM period) = 1", name="month"),
    )

    id: Mapped[Id]
    command_id: Mapped[str] = mapped_column(Text, unique=True)
    period: Mapped[Month] = mapped_column(Date)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    house_ids: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    letters_count: Mapped[int] = mapped_column(Integer, server_default="0")
    created_by: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[Recorded]
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]


class MailLetter(Base):
    """A letter that must go out once; key says what it is about, token is its envelope and its Message-ID."""

    __tablename__ = "mail_letters"
    __table_args__ = (
        Index("uq_mail_letters_key", "key", unique=True),
        Index("uq_mail_letters_token", "token", unique=True),
        Index("ix_mail_letters_account_id", "account_id"),
        Index("ix_mail_letters_run", "run_id", "state"),
        Index("ix_mail_letters_due", "run_id", "next_at", postgresql_where=sql("state = 'waiting'")),
        Index("ix_mail_letters_tried", "tried_at", postgresql_where=sql("tried_at IS NOT NULL")),
        CheckConstraint(f"state IN {LETTER_STATES}", name="state"),
        CheckConstraint("kind IN ('receipt', 'code', 'link')", name="kind"),
    )

    id: Mapped[BigId]
    key: Mapped[Words]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("mail_runs.id"))
    kind: Mapped[Words]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    company_id: Mapped[int] = mapped_column(Integer)
    period: Mapped[dt.date | None] = mapped_column(Date)
    address: Mapped[Words]
    token: Mapped[Words]
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    words: Mapped[str] = mapped_column(Text, server_default="")  # what the server said, or why it waits
    details: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")
    digest: Mapped[str | None] = mapped_column(Text)  # SHA-256 of the receipt before a password is put on it
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    next_at: Mapped[dt.datetime | None]
    tried_at: Mapped[dt.datetime | None]
    sent_at: Mapped[dt.datetime | None]
    recorded_at: Mapped[Recorded]
    changed_at: Mapped[Recorded]


class MailReturn(Base):
    """What came back, as it came: a report of delivery or a bounce; the same bytes twice are one row."""

    __tablename__ = "mail_returns"
    __table_args__ = (
        Index("uq_mail_returns_digest", "digest", unique=True),
        Index("ix_mail_returns_letter_id", "letter_id"),
        CheckConstraint("kind IN ('delivered', 'delayed', 'dead', 'failed', 'other')", name="kind"),
    )

    id: Mapped[BigId]
    letter_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[Words]
    status: Mapped[Words]
    words: Mapped[Words]
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[Words]
    recorded_by: Mapped[int | None] = mapped_column(Integer)  # who brought the file; NULL: came by SMTP
    recorded_at: Mapped[Recorded]


class MailState(Base):
    """What the postman said last of the mail server; one row, of number 1."""

    __tablename__ = "mail_state"
    id: Mapped[Id]
    sender: Mapped[Words]
    server: Mapped[Words]
    per_minute: Mapped[int] = mapped_column(Integer)
    is_signed: Mapped[bool] = mapped_column(Boolean)
    trouble: Mapped[Words]  # empty: it works
    seen_at: Mapped[Recorded]
