"""Held readings, held sums of a run."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    _readings()
    _sums()


def _readings() -> None:
    micro = [
        sa.Column(f"{name}{zone}_micro", sa.BigInteger(), nullable=name == "after")
        for name in ("value", "prev", "after")
        for zone in (1, 2, 3)
    ]
    op.create_table(
        "held_readings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reading_id", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("meter_id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("zones", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        *micro,
        sa.Column("volume_micro", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="held", nullable=False),
        sa.Column("given_by", sa.Integer(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("taken_id", sa.BigInteger(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("correction_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('held', 'accepted', 'corrected', 'rejected')", name=op.f("ck_held_readings_state")
        ),
        sa.CheckConstraint("(state = 'held') = (decided_at IS NULL)", name=op.f("ck_held_readings_decided")),
        sa.CheckConstraint(
            "state <> 'corrected' OR after1_micro IS NOT NULL", name=op.f("ck_held_readings_after")
        ),
        sa.ForeignKeyConstraint(["meter_id"], ["meters.id"], name=op.f("fk_held_readings_meter_id_meters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_readings")),
        sa.UniqueConstraint("reading_id", name=op.f("uq_held_readings_reading_id")),
    )
    is_open = sa.text("state = 'held'")
    op.create_index("ix_held_readings_open", "held_readings", ["period", "id"], postgresql_where=is_open)
    op.create_index("ix_held_readings_meter_id", "held_readings", ["meter_id"])


def _sums() -> None:
    op.create_table(
        "run_holds",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("now_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("before_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("limit_percent", sa.Integer(), nullable=False),
        sa.Column("limit_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="held", nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "dimension IN ('account', 'house', 'service', 'supplier')", name=op.f("ck_run_holds_dimension")
        ),
        sa.CheckConstraint("state IN ('held', 'released', 'correction')", name=op.f("ck_run_holds_state")),
        sa.CheckConstraint("(state = 'held') = (decided_by IS NULL)", name=op.f("ck_run_holds_decided")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_holds_run_id_runs")),
        sa.PrimaryKeyConstraint("run_id", "dimension", "key", name=op.f("pk_run_holds")),
    )
