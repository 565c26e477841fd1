"""Why a month is dearer than the one before: sums by house, service and cause."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "change_months",
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("run_ids", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("last_house_id", sa.Integer(), server_default="0", nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('counting', 'done')", name=op.f("ck_change_months_state")),
        sa.PrimaryKeyConstraint("period", name=op.f("pk_change_months")),
    )
    op.create_table(
        "change_houses",
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("accounts_count", sa.Integer(), nullable=False),
        sa.Column("more_count", sa.Integer(), nullable=False),
        sa.Column("less_count", sa.Integer(), nullable=False),
        sa.Column("before_kopecks", sa.BigInteger(), nullable=False),
        sa.Column("now_kopecks", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("period", "house_id", "company_id", name=op.f("pk_change_houses")),
    )
    op.create_table(
        "change_sums",
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("house_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.SmallInteger(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("kopecks", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "period", "house_id", "company_id", "service", "part", name=op.f("pk_change_sums")
        ),
    )
