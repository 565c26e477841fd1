"""Cash desks of companies: shifts, money taken, cash handed to the bank."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def _desks() -> None:
    op.create_table(
        "cash_desks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["organisations.id"], name=op.f("fk_cash_desks_agent_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["organisations.id"], name=op.f("fk_cash_desks_company_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_desks")),
        sa.UniqueConstraint("agent_id", name=op.f("uq_cash_desks_agent_id")),
        sa.UniqueConstraint("company_id", name=op.f("uq_cash_desks_company_id")),
    )
    op.create_table(
        "cash_deposits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount_kopecks > 0", name=op.f("ck_cash_deposits_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_deposits")),
        sa.UniqueConstraint("command_id", name=op.f("uq_cash_deposits_command_id")),
    )
    op.create_index("ix_cash_deposits_company_id", "cash_deposits", ["company_id"], unique=False)


def _shifts() -> None:
    op.create_table(
        "cash_shifts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_count", sa.Integer(), nullable=True),
        sa.Column("taken_kopecks", sa.BigInteger(), nullable=True),
        sa.Column("voided_count", sa.Integer(), nullable=True),
        sa.Column("voided_kopecks", sa.BigInteger(), nullable=True),
        sa.Column("deposit_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (taken_kopecks IS NULL) AND (closed_at IS NULL) = (taken_count IS NULL)",
            name=op.f("ck_cash_shifts_closed"),
        ),
        sa.CheckConstraint(
            "deposit_id IS NULL OR closed_at IS NOT NULL", name=op.f("ck_cash_shifts_deposited_when_closed")
        ),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["cash_deposits.id"], name=op.f("fk_cash_shifts_deposit_id_cash_deposits")
        ),
        sa.ForeignKeyConstraint(
            ["desk_id"], ["cash_desks.id"], name=op.f("fk_cash_shifts_desk_id_cash_desks")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_shifts")),
        sa.UniqueConstraint("company_id", "number", name=op.f("uq_cash_shifts_company_id_number")),
    )
    op.create_index(
        "uq_cash_shifts_open",
        "cash_shifts",
        ["opened_by"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "cash_receipts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("shift_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("payment_number", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("amount_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("given_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("voided_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(voided_at IS NULL) = (void_reason IS NULL)", name=op.f("ck_cash_receipts_voided")
        ),
        sa.CheckConstraint(
            "amount_kopecks > 0 AND given_kopecks >= amount_kopecks", name=op.f("ck_cash_receipts_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_cash_receipts_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["shift_id"], ["cash_shifts.id"], name=op.f("fk_cash_receipts_shift_id_cash_shifts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_receipts")),
        sa.UniqueConstraint("command_id", name=op.f("uq_cash_receipts_command_id")),
        sa.UniqueConstraint("shift_id", "number", name=op.f("uq_cash_receipts_shift_id_number")),
    )
    op.create_index("ix_cash_receipts_account_id", "cash_receipts", ["account_id"], unique=False)


def upgrade() -> None:
    _desks()
    _shifts()
