"""Register of distributors of heat by radiator; of which readings the units of a year were made."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    op.create_table(
        "distributor_devices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("factor_micro", sa.BigInteger(), nullable=False),
        sa.Column("installed_on", sa.Date(), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("factor_micro > 0", name=op.f("ck_distributor_devices_factor")),
        sa.CheckConstraint("removed_on >= installed_on", name=op.f("ck_distributor_devices_days")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_distributor_devices_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_distributor_devices_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distributor_devices")),
    )
    op.create_index("ix_distributor_devices_house_id", "distributor_devices", ["house_id"])
    op.create_index(
        "uq_distributor_devices_current",
        "distributor_devices",
        ["account_id", "serial"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.add_column(
        "heat_distributors",
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
