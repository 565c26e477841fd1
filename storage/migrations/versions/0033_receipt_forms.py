"""Forms of payment documents by organisation; what an account asks of its paper; what each sheet was laid by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """One table and columns of accounts and of print runs."""
    op.create_table(
        "receipt_forms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("look", postgresql.JSONB(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("EXTRACT(day FROM valid_from) = 1", name=op.f("ck_receipt_forms_valid_from")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_receipt_forms_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_forms")),
    )
    op.create_index(
        "uq_receipt_forms_version",
        "receipt_forms",
        ["organisation_id", "version"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.add_column("accounts", sa.Column("gis_id", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_accounts_gis_id"), "accounts", "gis_id ~ '^[0-9]{2}[А-Я]{2}[0-9]{6}-[0-9]{2}$'"
    )
    op.add_column(
        "accounts", sa.Column("is_large_print", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column("press_runs", sa.Column("forms_until", sa.Integer(), nullable=True))
    op.add_column("press_receipts", sa.Column("form_id", sa.Integer(), nullable=True))
    op.add_column("press_receipts", sa.Column("page_digest", sa.Text(), nullable=True))
