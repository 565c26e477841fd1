"""Acts of checks of meters (Rules 354, cl. 61)."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_table(
        "meter_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meter_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("inspector", sa.Text(), nullable=False),
        sa.Column("value1_micro", sa.BigInteger(), nullable=False),
        sa.Column("value2_micro", sa.BigInteger(), nullable=False),
        sa.Column("value3_micro", sa.BigInteger(), nullable=False),
        sa.Column("is_last", sa.Boolean(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "value1_micro >= 0 AND value2_micro >= 0 AND value3_micro >= 0",
            name=op.f("ck_meter_checks_value"),
        ),
        sa.ForeignKeyConstraint(["meter_id"], ["meters.id"], name=op.f("fk_meter_checks_meter_id_meters")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_meter_checks_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_meter_checks_house_id_houses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter_checks")),
    )
    for column in ("house_id", "account_id", "meter_id"):
        op.create_index(f"ix_meter_checks_{column}", "meter_checks", [column])
