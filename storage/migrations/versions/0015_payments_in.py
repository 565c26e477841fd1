"""Payments from everywhere: a hash of the input, where from, what was named; decisions on unidentified ones."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("payments", sa.Column("input_hash", sa.Text(), nullable=True))
    op.add_column("payments", sa.Column("source", sa.Text(), server_default="online", nullable=False))
    op.add_column("payments", sa.Column("service", sa.SmallInteger(), nullable=True))
    op.add_column("payments", sa.Column("register_id", sa.Integer(), nullable=True))
    op.add_column("payments", sa.Column("payer", sa.Text(), nullable=True))
    op.create_index(
        "ix_payments_unmatched",
        "payments",
        ["id"],
        postgresql_where=sa.text("state IN ('unmatched', 'kept')"),
    )
    op.create_index("ix_payments_register_id", "payments", ["register_id"])
    op.create_table(
        "payment_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "deed IN ('assign', 'return', 'keep', 'undo')", name=op.f("ck_payment_decisions_deed")
        ),
        sa.CheckConstraint(
            "(deed = 'assign') = (account_id IS NOT NULL)", name=op.f("ck_payment_decisions_account")
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'done', 'refused')", name=op.f("ck_payment_decisions_state")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_payment_decisions_payment_id_payments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_decisions")),
    )
    op.create_index("ix_payment_decisions_payment_id", "payment_decisions", ["payment_id"])
    op.create_index(
        "uq_payment_decisions_waiting",
        "payment_decisions",
        ["payment_id"],
        unique=True,
        postgresql_where=sa.text("state = 'planned'"),
    )
