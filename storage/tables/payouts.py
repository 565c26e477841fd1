"""Money on its way out: what came from agents, distributions with shares and transfers, bank statements."""

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
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, BigId, Id, Kopecks, Recorded, Words


class Statement(Base):
    """A bank statement as it came; the same file is loaded once."""

    __tablename__ = "statements"
    __table_args__ = (
        CheckConstraint("state IN ('uploaded', 'loaded', 'refused')", name="state"),
        Index("uq_statements_digest", "digest", unique=True, postgresql_where=text("state <> 'refused'")),
    )

    id: Mapped[Id]
    file_name: Mapped[Words]
    digest: Mapped[Words]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Text, server_default="uploaded")
    message: Mapped[str] = mapped_column(Text, server_default="")
    account: Mapped[str | None] = mapped_column(Text)
    first_day: Mapped[dt.date | None] = mapped_column(Date)
    last_day: Mapped[dt.date | None] = mapped_column(Date)
    opening_kopecks: Mapped[int | None] = mapped_column(BigInteger)
    closing_kopecks: Mapped[int | None] = mapped_column(BigInteger)
    received_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    sent_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rows_count: Mapped[int] = mapped_column(Integer, server_default="0")
    uploaded_by: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]


class StatementRow(Base):
    """A document of a statement and what it was taken for; waiting: a person decides."""

    __tablename__ = "statement_rows"
    __table_args__ = (
        CheckConstraint("amount_kopecks > 0", name="amount"),
        CheckConstraint(
            "verdict IN ('transfer', 'arrival', 'waiting', 'repeat', 'aside', 'returned')", name="verdict"
        ),
        Index("ix_statement_rows_statement_id", "statement_id"),
        Index("uq_statement_rows_key", "key", unique=True, postgresql_where=text("verdict <> 'repeat'")),
    )

    id: Mapped[BigId]
    statement_id: Mapped[int] = mapped_column(ForeignKey("statements.id"))
    line: Mapped[int] = mapped_column(Integer)
    key: Mapped[Words]
    is_in: Mapped[bool] = mapped_column(Boolean)
    number: Mapped[Words]
    day: Mapped[dt.date] = mapped_column(Date)
    moved_on: Mapped[dt.date] = mapped_column(Date)
    amount_kopecks: Mapped[Kopecks]
    other_account: Mapped[Words]
    other_inn: Mapped[Words]
    other_name: Mapped[Words]
    purpose: Mapped[Words]
    verdict: Mapped[Words]
    message: Mapped[str] = mapped_column(Text, server_default="")
    agent_id: Mapped[int | None] = mapped_column(Integer)
    decided_by: Mapped[int | None] = mapped_column(Integer)
    ground: Mapped[str | None] = mapped_column(Text)


class Arrival(Base):
    """Money of an agent's days that came to our account: taken = kept by the agent + received."""

    __tablename__ = "arrivals"
    __table_args__ = (
        CheckConstraint("gross_kopecks = fee_kopecks + received_kopecks", name="conserved"),
        UniqueConstraint("row_id"),
    )

    id: Mapped[Id]
    agent_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    first_day: Mapped[dt.date] = mapped_column(Date)
    last_day: Mapped[dt.date] = mapped_column(Date)
    gross_kopecks: Mapped[Kopecks]
    fee_kopecks: Mapped[Kopecks]
    received_kopecks: Mapped[Kopecks]
    row_id: Mapped[int] = mapped_column(ForeignKey("statement_rows.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"))
    recorded_at: Mapped[Recorded]


class ArrivalEntry(Base):
    """An entry of a payment whose money has come: its postings may be distributed."""

    __tablename__ = "arrival_entries"
    __table_args__ = (Index("ix_arrival_entries_arrival_id", "arrival_id"),)

    entry_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    arrival_id: Mapped[int] = mapped_column(ForeignKey("arrivals.id"))


class PayoutRun(Base):
    """A distribution of what was collected through a day; `file` is the exported orders, written once."""

    __tablename__ = "payout_runs"
    __table_args__ = (
        CheckConstraint(
            "state IN ('planned', 'checked', 'posting', 'posted', 'exported', 'closed', 'undone', 'failed')",
            name="state",
        ),
        CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name="two_persons"),
        CheckConstraint("(state IN ('exported', 'closed')) = (file IS NOT NULL)", name="exported_once"),
        CheckConstraint(
            "gross_kopecks = net_kopecks + agent_fee_kopecks + centre_fee_kopecks", name="conserved"
        ),
        UniqueConstraint("command_id"),
    )

    id: Mapped[Id]
    until: Mapped[dt.date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    command_id: Mapped[Words]
    created_by: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[Recorded]
    approved_by: Mapped[int | None] = mapped_column(Integer)
    posted_at: Mapped[dt.datetime | None]
    undone_by: Mapped[int | None] = mapped_column(Integer)
    undone_at: Mapped[dt.datetime | None]
    undo_reason: Mapped[str | None] = mapped_column(Text)
    gross_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    agent_fee_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    centre_fee_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    net_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    transfers_count: Mapped[int] = mapped_column(Integer, server_default="0")
    shares_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    error: Mapped[str | None] = mapped_column(Text)
    file: Mapped[bytes | None] = mapped_column(LargeBinary)
    file_digest: Mapped[str | None] = mapped_column(Text)
    exported_by: Mapped[int | None] = mapped_column(Integer)
    exported_at: Mapped[dt.datetime | None]


class Transfer(Base):
    """A payment order to a payee, or why there is none (held); its number is given once."""

    __tablename__ = "transfers"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft', 'held', 'ordered', 'exported', 'executed', 'undone', 'returned')",
            name="state",
        ),
        CheckConstraint("(state = 'returned') = (returned_on IS NOT NULL)", name="returned"),
        CheckConstraint(
            "gross_kopecks = net_kopecks + agent_fee_kopecks + centre_fee_kopecks", name="conserved"
        ),
        UniqueConstraint("number"),
        UniqueConstraint("row_id"),
        UniqueConstraint("run_id", "payee_id", name="uq_transfers_run_payee"),
        Index("ix_transfers_payee_id", "payee_id"),
    )

    id: Mapped[Id]
    run_id: Mapped[int] = mapped_column(ForeignKey("payout_runs.id"))
    payee_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    state: Mapped[Words]
    problem: Mapped[str] = mapped_column(Text, server_default="")
    gross_kopecks: Mapped[Kopecks]
    agent_fee_kopecks: Mapped[Kopecks]
    centre_fee_kopecks: Mapped[Kopecks]
    net_kopecks: Mapped[Kopecks]
    number: Mapped[int | None] = mapped_column(Integer)
    day: Mapped[dt.date | None] = mapped_column(Date)
    purpose: Mapped[str] = mapped_column(Text, server_default="")
    payee_name: Mapped[str] = mapped_column(Text, server_default="")
    payee_inn: Mapped[str] = mapped_column(Text, server_default="")
    payee_kpp: Mapped[str] = mapped_column(Text, server_default="")
    payee_account: Mapped[str] = mapped_column(Text, server_default="")
    payee_bank: Mapped[str] = mapped_column(Text, server_default="")
    payee_bic: Mapped[str] = mapped_column(Text, server_default="")
    payee_corr_account: Mapped[str] = mapped_column(Text, server_default="")
    entry_id: Mapped[int | None] = mapped_column(BigInteger)
    row_id: Mapped[int | None] = mapped_column(BigInteger)
    executed_on: Mapped[dt.date | None] = mapped_column(Date)
    execution_entry_id: Mapped[int | None] = mapped_column(BigInteger)
    returned_row_id: Mapped[int | None] = mapped_column(BigInteger)
    returned_on: Mapped[dt.date | None] = mapped_column(Date)
    return_reason: Mapped[str] = mapped_column(Text, server_default="")
    return_entry_id: Mapped[int | None] = mapped_column(BigInteger)


class PayoutShare(Base):
    """What a payee gets of a posting of a payment, in the distribution it left in.

    A posting that names its payee leaves whole and once (is_live: not undone). An advance has no payee: it
    leaves in parts (is_advance), as charges take it.
    """

    __tablename__ = "payout_shares"
    __table_args__ = (
        PrimaryKeyConstraint("run_id", "entry_id", "ordinal", "payee_id", "service"),
        Index(
            "uq_payout_shares_live",
            "entry_id",
            "ordinal",
            unique=True,
            postgresql_where=text("is_live AND NOT is_advance"),
        ),
        Index(
            "ix_payout_shares_advance", "entry_id", "ordinal", postgresql_where=text("is_live AND is_advance")
        ),
        Index("ix_payout_shares_run_payee", "run_id", "payee_id"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("payout_runs.id"))
    entry_id: Mapped[int] = mapped_column(BigInteger)
    ordinal: Mapped[int] = mapped_column(SmallInteger)
    payee_id: Mapped[int] = mapped_column(Integer)
    service: Mapped[int] = mapped_column(SmallInteger)
    of_period: Mapped[dt.date | None] = mapped_column(Date)
    agent_id: Mapped[int] = mapped_column(Integer)
    paid_on: Mapped[dt.date] = mapped_column(Date)
    amount_kopecks: Mapped[Kopecks]
    agent_fee_kopecks: Mapped[Kopecks]
    centre_fee_kopecks: Mapped[Kopecks]
    is_advance: Mapped[bool] = mapped_column(Boolean)
    is_live: Mapped[bool] = mapped_column(Boolean)
