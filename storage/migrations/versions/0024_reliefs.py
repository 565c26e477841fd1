"""Льготы: a person's own share, who entered it; dated values an operator added. The service of rent."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

NOW = sa.text("now()")
STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("account_benefits", sa.Column("share_permille", sa.SmallInteger(), nullable=True))
    op.add_column("account_benefits", sa.Column("created_by", sa.Integer(), nullable=True))
    op.create_check_constraint(
        op.f("ck_account_benefits_share"), "account_benefits", "share_permille BETWEEN 1 AND 1000"
    )
    op.create_table(
        "relief_values",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_date", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("recorded_at", STAMP, server_default=NOW, nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", STAMP, nullable=True),
        sa.Column("superseded_at", STAMP, nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'declined')", name=op.f("ck_relief_values_state")
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR decided_by <> proposed_by", name=op.f("ck_relief_values_two_persons")
        ),
        sa.CheckConstraint("value >= 0", name=op.f("ck_relief_values_value")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relief_values")),
    )
    op.create_index(
        "uq_relief_values_in_force",
        "relief_values",
        ["key", "first_day"],
        unique=True,
        postgresql_where=sa.text("state = 'approved' AND superseded_at IS NULL"),
    )
    op.execute(
        'INSERT INTO services (code, key, label, short_label, unit, "group", position) '
        "SELECT 10, 'rent', 'Плата за наём жилого помещения', 'Наём', 'м²', 'housing', 0 "
        "WHERE EXISTS (SELECT 1 FROM services WHERE code = 8) ON CONFLICT DO NOTHING"
    )
