"""Payees of payment documents: a block or a document of their own; the kind of document of a print run."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"

NOW = sa.text("now()")
STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "receipt_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payee_id", sa.Integer(), nullable=True),
        sa.Column("placement", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_date", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("recorded_at", STAMP, server_default=NOW, nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", STAMP, nullable=True),
        sa.CheckConstraint(
            "subject IN ('payee', 'others', 'capital')", name=op.f("ck_receipt_terms_subject")
        ),
        sa.CheckConstraint(
            "placement IN ('common', 'block', 'document')", name=op.f("ck_receipt_terms_placement")
        ),
        sa.CheckConstraint(
            "(subject = 'payee') = (payee_id IS NOT NULL)", name=op.f("ck_receipt_terms_payee")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'declined')", name=op.f("ck_receipt_terms_state")
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR decided_by <> proposed_by", name=op.f("ck_receipt_terms_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["organisations.id"], name=op.f("fk_receipt_terms_company_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["payee_id"], ["organisations.id"], name=op.f("fk_receipt_terms_payee_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_terms")),
    )
    op.create_index("ix_receipt_terms_company_id", "receipt_terms", ["company_id", "id"], unique=False)
    op.add_column("press_runs", sa.Column("kind", sa.Text(), server_default="regular", nullable=False))
    op.create_check_constraint(
        op.f("ck_press_runs_kind"), "press_runs", "kind IN ('regular', 'debt', 'capital_repair')"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_press_runs_kind"), "press_runs")
    op.drop_column("press_runs", "kind")
    op.drop_table("receipt_terms")
