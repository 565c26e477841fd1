"""Premises whose co-owners pay apart: dated divisions and the shares of their accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.create_table(
        "divisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flat_id", sa.Integer(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("by_people", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "valid_from = date_trunc('month', valid_from) AND "
            "(valid_to IS NULL OR valid_to = date_trunc('month', valid_to) AND valid_to > valid_from)",
            name=op.f("ck_divisions_months"),
        ),
        sa.ForeignKeyConstraint(["flat_id"], ["flats.id"], name=op.f("fk_divisions_flat_id_flats")),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_divisions_house_id_houses")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_divisions_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_divisions")),
    )
    op.create_index("ix_divisions_house_id", "divisions", ["house_id"])
    op.create_index(
        "uq_divisions_current",
        "divisions",
        ["flat_id", "valid_from"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "division_parts",
        sa.Column("division_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("share_num", sa.Integer(), nullable=False),
        sa.Column("share_den", sa.Integer(), nullable=False),
        sa.Column("is_new", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint("share_num >= 1 AND share_den >= share_num", name=op.f("ck_division_parts_share")),
        sa.ForeignKeyConstraint(
            ["division_id"], ["divisions.id"], name=op.f("fk_division_parts_division_id_divisions")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_division_parts_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("division_id", "account_id", name=op.f("pk_division_parts")),
    )
    op.create_index("ix_division_parts_account_id", "division_parts", ["account_id"])
