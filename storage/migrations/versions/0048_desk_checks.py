"""Fiscal receipts of cash desks: made by the queue of checks, or by the desk's own register with a number."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.add_column("cash_desks", sa.Column("checks", sa.Text(), server_default="none", nullable=False))
    op.add_column("cash_desks", sa.Column("fiscal_gate_id", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_cash_desks_fiscal_gate_id_card_gates"),
        "cash_desks",
        "card_gates",
        ["fiscal_gate_id"],
        ["id"],
    )
    op.create_check_constraint(
        op.f("ck_cash_desks_checks"),
        "cash_desks",
        "checks IN ('none', 'own', 'service') AND (checks = 'service') = (fiscal_gate_id IS NOT NULL)",
    )
    op.add_column("cash_receipts", sa.Column("check_number", sa.Text(), nullable=True))
    op.add_column("cash_receipts", sa.Column("void_check_number", sa.Text(), nullable=True))
    op.alter_column("card_checks", "order_id", nullable=True)
    op.add_column("card_checks", sa.Column("receipt_id", sa.Integer(), nullable=True))
    op.add_column("card_checks", sa.Column("gate_id", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_card_checks_receipt_id_cash_receipts"),
        "card_checks",
        "cash_receipts",
        ["receipt_id"],
        ["id"],
    )
    op.create_foreign_key(
        op.f("fk_card_checks_gate_id_card_gates"), "card_checks", "card_gates", ["gate_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_card_checks_money"), "card_checks", "(order_id IS NULL) <> (receipt_id IS NULL)"
    )
    op.create_index("ix_card_checks_receipt_id", "card_checks", ["receipt_id"], unique=False)
