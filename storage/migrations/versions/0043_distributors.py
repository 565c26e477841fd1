"""Distributors of heat by year; a value of one house waits for a second person."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.create_table(
        "heat_distributors",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("units_micro", sa.BigInteger(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("units_micro >= 0", name=op.f("ck_heat_distributors_units")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_heat_distributors_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_heat_distributors_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heat_distributors")),
    )
    op.create_index("ix_heat_distributors_house_id", "heat_distributors", ["house_id", "year"])
    op.create_index(
        "uq_heat_distributors_current",
        "heat_distributors",
        ["account_id", "year"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.add_column("value_proposals", sa.Column("house_id", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_value_proposals_house_id_houses"), "value_proposals", "houses", ["house_id"], ["id"]
    )
