"""Wishes of payers: documents on paper or electronic, in large letters."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.create_table(
        "delivery_wishes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("receipt_by", sa.Text(), nullable=False),
        sa.Column("is_large_print", sa.Boolean(), nullable=False),
        sa.Column("ground", sa.Text(), server_default="", nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "receipt_by IN ('paper', 'electronic')", name=op.f("ck_delivery_wishes_receipt_by")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_delivery_wishes_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_wishes")),
    )
    op.create_index("ix_delivery_wishes_account_id", "delivery_wishes", ["account_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("delivery_wishes")
