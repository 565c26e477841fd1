"""Meters and readings (a partition a month)."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "reading_verdicts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reading_id", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), server_default="hold", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_verdicts")),
    )
    op.create_index(op.f("ix_reading_verdicts_reading_id"), "reading_verdicts", ["reading_id"], unique=False)
    op.create_table(
        "readings",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("meter_id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("value1_micro", sa.BigInteger(), nullable=False),
        sa.Column("value2_micro", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("value3_micro", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="accepted", nullable=False),
        sa.Column("prev_period", sa.Date(), nullable=True),
        sa.Column("prev1_micro", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("prev2_micro", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("prev3_micro", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("window_months", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("window1_micro", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("window2_micro", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("window3_micro", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "source IN ('resident', 'company', 'supplier', 'device', 'inspection', 'payment', 'import', 'final', 'initial')",
            name=op.f("ck_readings_source"),
        ),
        sa.CheckConstraint("status IN ('accepted', 'held', 'rejected')", name=op.f("ck_readings_status")),
        sa.CheckConstraint("EXTRACT(day FROM period) = 1", name=op.f("ck_readings_period")),
        sa.PrimaryKeyConstraint("period", "id", name=op.f("pk_readings")),
        postgresql_partition_by="RANGE (period)",
    )
    op.create_index("ix_readings_house_id", "readings", ["house_id"], unique=False)
    op.create_index("ix_readings_meter_id", "readings", ["meter_id"], unique=False)
    op.create_index(
        "uq_readings_meter_current",
        "readings",
        ["period", "meter_id"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL AND status = 'accepted'"),
    )
    op.create_table(
        "meters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="individual", nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("zones", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("digits", sa.SmallInteger(), server_default="5", nullable=False),
        sa.Column("initial1_micro", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("initial2_micro", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("initial3_micro", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("installed_on", sa.Date(), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("verified_until", sa.Date(), nullable=True),
        sa.Column("interval_years", sa.SmallInteger(), nullable=True),
        sa.Column("supplier_duty", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("has_events", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(kind = 'house') = (account_id IS NULL)", name=op.f("ck_meters_place")),
        sa.CheckConstraint("kind IN ('individual', 'flat', 'room', 'house')", name=op.f("ck_meters_kind")),
        sa.CheckConstraint("zones BETWEEN 1 AND 3", name=op.f("ck_meters_zones")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_meters_account_id_accounts")),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_meters_house_id_houses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meters")),
    )
    op.create_index("ix_meters_account_id", "meters", ["account_id"], unique=False)
    op.create_index("ix_meters_house_id", "meters", ["house_id"], unique=False)
    op.create_index(
        "ix_meters_serial", "meters", ["serial"], unique=False, postgresql_ops={"serial": "text_pattern_ops"}
    )
    op.create_table(
        "meter_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meter_id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('fault', 'refusal', 'unverified')", name=op.f("ck_meter_events_kind")),
        sa.ForeignKeyConstraint(["meter_id"], ["meters.id"], name=op.f("fk_meter_events_meter_id_meters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter_events")),
    )
    op.create_index(op.f("ix_meter_events_house_id"), "meter_events", ["house_id"], unique=False)
    op.create_index(op.f("ix_meter_events_meter_id"), "meter_events", ["meter_id"], unique=False)
