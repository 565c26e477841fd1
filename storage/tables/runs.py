"""Months, runs, their blocks, and what a run writes: lines (partition a run), totals, parked accounts."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Instant, Kopecks, Month, Recorded, Small, Words

RUN_STATES = ("planned", "accruing", "checked", "published", "undone", "failed")


class MonthRow(Base):
    """A billing month of the city: exactly one is open; a closed one never reopens."""

    __tablename__ = "months"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'closed')", name="state"),
        CheckConstraint("EXTRACT(day FROM period) = 1", name="period"),
        Index("uq_months_open", "state", unique=True, postgresql_where=text("state = 'open'")),
    )

    period: Mapped[dt.date] = mapped_column(primary_key=True)
    state: Mapped[Words]
    opened_at: Mapped[Recorded]
    closed_at: Mapped[dt.datetime | None]
    closed_by: Mapped[int | None] = mapped_column(Integer)


class Run(Base):
    """One computation of a month over a scope. Totals are filled as blocks finish; the digest when all have.

    state: planned → accruing → checked → published | undone; failed is a run that could not be planned.
    posted_in: the month that was open when it was published; its sums are in the balances from that month on.
    kind: full (nothing published before for this scope) or difference (only differences from what is
    published).
    """

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint(f"state IN {RUN_STATES}", name="state"),
        CheckConstraint("scope_kind IN ('city', 'organisation', 'house', 'account', 'late')", name="scope"),
        CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="two_persons"),
        Index("ix_runs_period_state", "period", "state"),
        Index("ix_runs_corrections", "created_at", "id", postgresql_where=text("kind = 'correction'")),
        Index("ix_runs_small", "scope_kind", "scope_id", postgresql_where=text("id >= 1000000000")),
    )

    id: Mapped[Id]
    period: Mapped[Month]
    scope_kind: Mapped[Words]
    scope_id: Mapped[int | None] = mapped_column(Integer)
    company_id: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text, server_default="full")
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    stop_requested: Mapped[bool] = mapped_column(server_default="false")
    command_id: Mapped[str] = mapped_column(Text, unique=True)
    created_by: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[Recorded]
    started_at: Mapped[dt.datetime | None]
    checked_at: Mapped[dt.datetime | None]
    requested_by: Mapped[int | None] = mapped_column(Integer)
    requested_at: Mapped[dt.datetime | None]
    approved_by: Mapped[int | None] = mapped_column(Integer)
    one_person: Mapped[bool] = mapped_column(server_default="false")
    published_at: Mapped[dt.datetime | None]
    posted_in: Mapped[dt.date | None]
    undone_at: Mapped[dt.datetime | None]
    law_version: Mapped[str | None] = mapped_column(Text)
    blocks_count: Mapped[int] = mapped_column(Integer, server_default="0")
    accounts_count: Mapped[int] = mapped_column(Integer, server_default="0")
    parked_count: Mapped[int] = mapped_column(Integer, server_default="0")
    lines_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    amount_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    surcharge_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    digest: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)


class RunBlock(Base):
    """A block of a run: whole houses. state: planned → done | parked; written by one worker in one
    transaction.
    """

    __tablename__ = "run_blocks"
    __table_args__ = (CheckConstraint("state IN ('planned', 'done', 'parked')", name="state"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    block_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    house_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    accounts_count: Mapped[int] = mapped_column(Integer)
    parked_count: Mapped[int] = mapped_column(Integer, server_default="0")
    lines_count: Mapped[int] = mapped_column(Integer, server_default="0")
    amount_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    surcharge_kopecks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    digest: Mapped[str | None] = mapped_column(Text)
    worker: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    error: Mapped[str | None] = mapped_column(Text)


class RunTotal(Base):
    """Sums of a block by company, supplier and service component: the run's totals without scanning its
    lines.
    """

    __tablename__ = "run_totals"
    __table_args__ = (
        Index("ix_run_totals_small", "supplier_id", "run_id", postgresql_where=text("run_id >= 1000000000")),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    block_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    company_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    supplier_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    service: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    component: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    months_back: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default="0")
    lines_count: Mapped[int] = mapped_column(Integer)
    amount_kopecks: Mapped[Kopecks]
    surcharge_kopecks: Mapped[Kopecks]


class RunHouse(Base):
    """Sums of a run by house, against last month on the page of the run."""

    __tablename__ = "run_houses"

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    house_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    company_id: Mapped[int] = mapped_column(Integer)
    accounts_count: Mapped[int] = mapped_column(Integer)
    parked_count: Mapped[int] = mapped_column(Integer)
    amount_kopecks: Mapped[Kopecks]
    surcharge_kopecks: Mapped[Kopecks]


class RunAccount(Base):
    """What a run charges an account in total. Partition a run, as lines."""

    __tablename__ = "run_accounts"
    __table_args__ = (
        UniqueConstraint("run_id", "account_id"),
        {"postgresql_partition_by": "LIST (run_id)"},
    )
    __mapper_args__ = {"primary_key": ["run_id", "account_id"]}  # noqa: RUF012

    run_id: Mapped[int] = mapped_column(Integer)
    account_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    lines_count: Mapped[Small]
    amount_kopecks: Mapped[Kopecks]
    surcharge_kopecks: Mapped[Kopecks]


class Line(Base):
    """A charge with its trace in columns (billing.lines has the same columns, in the same order and widths).

    kind: 0 charge, 1 reversal of a published charge. volume = volume_num / volume_den micro-units, exactly;
    amount = half_up(volume × rate); surcharge = half_up(raised_num / volume_den / 1000 × rate): raised_num
    = Σ num × (K − 1) in permille.
    months_back: how many months before the run's the month is that the line is about; not 0 in corrections
    only. a and b are the operands of the volume by `basis` (see billing.basis). Never updated; a draft is
    dropped whole. That no key repeats is asserted before the write (Lines.check) and kept by the fence of the
    block; an index over the key would cost a run more than its arithmetic.
    """

    __tablename__ = "lines"
    __table_args__ = (
        Index("ix_lines_account_id", "account_id"),
        CheckConstraint("volume_den > 0 AND rate >= 0", name="trace"),
        {"postgresql_partition_by": "LIST (run_id)"},
    )
    __mapper_args__ = {  # noqa: RUF012
        "primary_key": ["run_id", "account_id", "service", "component", "first_day", "basis", "kind"]
    }

    run_id: Mapped[int] = mapped_column(Integer)
    account_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    supplier_id: Mapped[int] = mapped_column(Integer)
    service: Mapped[Small]
    component: Mapped[Small]
    basis: Mapped[Small]
    kind: Mapped[Small]
    first_day: Mapped[Small]
    days: Mapped[Small]
    months_back: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    volume_num: Mapped[int] = mapped_column(BigInteger)
    volume_den: Mapped[int] = mapped_column(BigInteger)
    rate: Mapped[int] = mapped_column(BigInteger)
    amount_kopecks: Mapped[Kopecks]
    surcharge_kopecks: Mapped[Kopecks]
    raised_num: Mapped[int] = mapped_column(BigInteger)
    a: Mapped[int] = mapped_column(BigInteger)
    b: Mapped[int] = mapped_column(BigInteger)


class ParkedAccount(Base):
    """An account a run could not charge, with a reason a person understands and what to do about it."""

    __tablename__ = "parked_accounts"
    __table_args__ = (Index("ix_parked_accounts_account_id", "account_id"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    company_id: Mapped[int] = mapped_column(Integer)
    house_id: Mapped[int] = mapped_column(Integer)
    service: Mapped[Small]
    reason: Mapped[Words]
    message: Mapped[Words]


class RunLog(Base):
    """What happened in a run, in order: state changes, retries, crashes survived."""

    __tablename__ = "run_log"

    id: Mapped[Id]
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), index=True)
    recorded_at: Mapped[Recorded]
    event: Mapped[Words]
    message: Mapped[Words]
    details: Mapped[dict[str, object] | None] = mapped_column(JSONB)


class Job(Base):
    """Any other long work shown at /jobs/{id}: who, what, since when, how far, result."""

    __tablename__ = "jobs"

    id: Mapped[Id]
    kind: Mapped[Words]
    title: Mapped[Words]
    company_id: Mapped[int | None] = mapped_column(Integer)
    created_by: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[Recorded]
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    done_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    total_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    finished_at: Mapped[dt.datetime | None]
    result: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    error: Mapped[str | None] = mapped_column(Text)


__all__ = [
    "Instant",
    "Job",
    "Line",
    "MonthRow",
    "ParkedAccount",
    "Run",
    "RunAccount",
    "RunBlock",
    "RunHouse",
    "RunLog",
    "RunTotal",
]
