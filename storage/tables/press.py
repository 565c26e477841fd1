"""Print runs: what was asked, its blocks, what became of each receipt, the volumes, and what was printed
again.
"""

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
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, BigId, Id, Kopecks, Recorded, Small, Words

PRESS_STATES = ("planned", "printing", "done", "failed", "stopped")
DOCUMENT_KINDS = ("regular", "debt", "capital_repair")
LAYOUTS = ("a4", "a5", "a5x2")


class PressRun(Base):
    """Receipts of a month for printing: the choice, how they lie on paper, and what came of it.

    company_id NULL is the whole city, house_ids NULL all houses of it. Numbers of sheets run through the run.
    """

    __tablename__ = "press_runs"
    __table_args__ = (
        CheckConstraint(f"state IN {PRESS_STATES}", name="state"),
        CheckConstraint(f"layout IN {LAYOUTS}", name="layout"),
        CheckConstraint(f"kind IN {DOCUMENT_KINDS}", name="kind"),
        CheckConstraint("volume_sheets BETWEEN 20 AND 5000", name="volume_sheets"),
        Index("ix_press_runs_live", "id", postgresql_where="state IN ('planned', 'printing')"),
    )

    id: Mapped[Id]
    command_id: Mapped[str] = mapped_column(Text, unique=True)
    period: Mapped[dt.date] = mapped_column(Date)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    house_ids: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    routes_on: Mapped[dt.date | None] = mapped_column(Date)  # NULL: in the order of addresses
    route_ids: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))  # 0: houses without a route
    layout: Mapped[Words]
    is_duplex: Mapped[bool] = mapped_column(Boolean)
    has_separators: Mapped[bool] = mapped_column(Boolean)
    size_percent: Mapped[Small]
    volume_sheets: Mapped[Small]
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    houses_count: Mapped[int] = mapped_column(Integer, server_default="0")
    receipts_count: Mapped[int] = mapped_column(Integer, server_default="0")
    electronic_count: Mapped[int] = mapped_column(Integer, server_default="0")
    blocks_count: Mapped[int] = mapped_column(Integer, server_default="0")
    error: Mapped[str | None] = mapped_column(Text)
    form_digest: Mapped[str | None] = mapped_column(Text)
    forms_until: Mapped[int | None] = mapped_column(Integer)  # versions of forms later than this are not used
    digest: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[Recorded]
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    kind: Mapped[str] = mapped_column(Text, server_default="regular")  # which document of the month


class PressBlock(Base):
    """Receipts one worker renders at once, in the order of the postman; the first number of its sheets."""

    __tablename__ = "press_blocks"
    __table_args__ = (CheckConstraint("state IN ('planned', 'done', 'failed')", name="state"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("press_runs.id"), primary_key=True)
    block_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    first_number: Mapped[int] = mapped_column(Integer)
    route_no: Mapped[int | None] = mapped_column(SmallInteger)
    account_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    error: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[dt.datetime | None]


class PressReceipt(Base):
    """What became of a receipt: where it lies, or why there is none."""

    __tablename__ = "press_receipts"
    __table_args__ = (Index("ix_press_receipts_account_id", "account_id"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("press_runs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    account_id: Mapped[int] = mapped_column(Integer)
    house_id: Mapped[int] = mapped_column(Integer)
    company_id: Mapped[int] = mapped_column(Integer)
    block_no: Mapped[int] = mapped_column(Integer)
    part: Mapped[Small]
    first_leaf: Mapped[int] = mapped_column(Integer)
    leaves: Mapped[Small]
    due_kopecks: Mapped[Kopecks]
    form_id: Mapped[int | None] = mapped_column(
        Integer
    )  # the version it was laid out by; NULL the standard one
    page_digest: Mapped[str | None] = mapped_column(Text)  # SHA-256 of what stands on its pages
    problem: Mapped[str | None] = mapped_column(Text)


class PressVolume(Base):
    """A file for a printer, kept by its digest; `part` above 1 when a block came out thicker than a
    volume.
    """

    __tablename__ = "press_volumes"

    run_id: Mapped[int] = mapped_column(ForeignKey("press_runs.id"), primary_key=True)
    block_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    first_number: Mapped[int] = mapped_column(Integer)
    last_number: Mapped[int] = mapped_column(Integer)
    receipts_count: Mapped[int] = mapped_column(Integer)
    leaves: Mapped[int] = mapped_column(Integer)
    sheets: Mapped[int] = mapped_column(Integer)
    due_kopecks: Mapped[Kopecks]
    bytes_count: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[Words]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_at: Mapped[Recorded]


class PressNote(Base):
    """Who took, handed over or printed again what and when; appended, never edited."""

    __tablename__ = "press_notes"
    __table_args__ = (
        CheckConstraint("kind IN ('downloaded', 'handed', 'reprinted', 'again')", name="kind"),
        Index("ix_press_notes_run_id", "run_id", "id"),
    )

    id: Mapped[BigId]
    run_id: Mapped[int] = mapped_column(ForeignKey("press_runs.id"))
    kind: Mapped[Words]
    words: Mapped[Words]
    user_id: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[Recorded]
