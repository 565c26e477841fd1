"""VAT: whose tariffs include it, from which month, agreed by two people."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"

NOW = sa.text("now()")
STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "vat_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=True),
        sa.Column("is_included", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_date", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("recorded_at", STAMP, server_default=NOW, nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", STAMP, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'declined')", name=op.f("ck_vat_terms_state")),
        sa.CheckConstraint(
            "state <> 'approved' OR decided_by <> proposed_by", name=op.f("ck_vat_terms_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_vat_terms_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vat_terms")),
    )
    op.create_index("ix_vat_terms_organisation", "vat_terms", ["organisation_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("vat_terms")
